"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

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
