"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat import values


@pytest.fixture(autouse=True)
def forget_secrets() -> Iterator[None]:
    """Give each test secrets of its own: one's must not be masked in another's."""
    lists = (values._known, values._shown)
    kept = [list(each) for each in lists]
    for each in lists:
        each.clear()
    yield
    for each, before in zip(lists, kept, strict=True):
        each[:] = before


@pytest.fixture
def held() -> Callable[[], tuple[set[str], set[int]]]:
    """What this process holds: its descriptors, and its children, zombies included."""

    def look() -> tuple[set[str], set[int]]:
        listed = list(Path("/proc/self/fd").iterdir())
        # The one that the listing itself took has been closed by now.
        descriptors = {each.name for each in listed if each.is_symlink()}
        children = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[1]) == os.getpid():
                    children.add(int(entry.name))
        return descriptors, children

    return look
