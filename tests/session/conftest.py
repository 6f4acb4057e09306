"""What the tests of sessions share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


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
