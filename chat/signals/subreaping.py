"""Becoming the parent of orphans: PR_SET_CHILD_SUBREAPER of prctl(2).

A process whose parent ends becomes a child of the nearest ancestor that has asked for that,
and of process 1 if none has. A daemon that has forked twice is thus kept within reach.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ContextDecorator
from typing import Final, Self, final

from chat.errors import NotSupported

_SET: Final = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>
_GET: Final = 37

_lock: Final = threading.Lock()
_blocks: Final[list[Subreaper]] = []
_before: Final[list[bool]] = []  # what this process was when the first block began


@final
class Subreaper(ContextDecorator):
    """A block in which orphans become children of this process; made by `subreaper`."""

    def _recreate_cm(self) -> Subreaper:
        return Subreaper()

    def __enter__(self) -> Self:
        with _lock:
            if not _blocks:
                _before.append(is_subreaper())
                _control(_SET, 1)
            _blocks.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        with _lock:
            _blocks.remove(self)
            if not _blocks:
                _control(_SET, int(_before.pop()))


def subreaper() -> Subreaper:
    """Have processes that are orphaned below this one become its children, for a block.

    That is a property of the whole process, other threads included; blocks may overlap. Such
    children are reaped by nobody unless somebody does: `Reaper.add` for those whose numbers are
    known, and `chat.spawn(…, subreaper=True)` for those of a session.

    Raises:
        NotSupported: On entry: only Linux has this.
    """
    return Subreaper()


def is_subreaper() -> bool:
    """Whether orphans below this process become its children.

    Raises:
        NotSupported: Only Linux has this.
    """
    import ctypes  # start-up cost: few want to know

    answer = ctypes.c_int()
    _control(_GET, ctypes.addressof(answer))
    return bool(answer.value)


def _control(option: int, argument: int) -> None:
    if sys.platform != "linux":
        raise NotSupported("only Linux lets a process become the parent of orphans")
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
        raise NotSupported(f"prctl refuses: {os.strerror(ctypes.get_errno())}")
