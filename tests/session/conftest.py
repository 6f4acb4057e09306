"""Each test here has secrets of its own: one test's must not be masked in another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat import values


@pytest.fixture(autouse=True)
def forget_secrets() -> Iterator[None]:
    """Hide the secrets this process holds, and forget those of the test."""
    lists = (values._known, values._shown)
    kept = [list(each) for each in lists]
    for each in lists:
        each.clear()
    yield
    for each, before in zip(lists, kept, strict=True):
        each[:] = before


@pytest.fixture
def children() -> Callable[[], set[int]]:
    """The process ids of this process's children, zombies included."""

    def look() -> set[int]:
        tasks = Path("/proc/self/task").iterdir()
        found: set[int] = set()
        for task in tasks:
            found.update(map(int, (task / "children").read_text().split()))
        return found

    return look
