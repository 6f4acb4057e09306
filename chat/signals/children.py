"""The children that `chat` has started and not reaped: whose they are, and who reaps them.

*A child is reaped by the object that stands for it*, and by nobody else, so that no status is
lost and no number is used once it may be somebody else's. One kind of child has nobody to do
that: one whose object was dropped without having been closed, as a session that nobody refers
to any more is. It is noted here, and reaped when the next child is started.

Nothing here runs as clean-up of a dying object but one step that cannot fail: a number is put
on a list.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import Final

_owned: Final[dict[int, weakref.ref[object]]] = {}
_dropped: Final[deque[int]] = deque()

# Between a child's reaping and `disown`, its number may have gone to a new one.
_lock = threading.RLock()  # one that a signal handler's thread may hold already


def own(pid: int, child: object) -> None:
    """Note that a child was started; what others have dropped is reaped by the way."""
    with _lock:
        _owned[pid] = weakref.ref(child, lambda _: _dropped.append(pid))
    if _dropped:
        reap_dropped()


def disown(pid: int, child: object) -> None:
    """Note that a child was reaped, by the object that stood for it or, if dropped, by none."""
    with _lock:
        if is_owned(pid) and _owned[pid]() is child:
            del _owned[pid]


def is_owned(pid: int) -> bool:
    """Whether a child is one of ours that has not been reaped, also if it was dropped."""
    return pid in _owned


def reap_dropped() -> int:
    """Reap those that have ended of the children whose object is gone.

    Returns:
        How many of them still run.
    """
    for _ in range(len(_dropped)):
        try:
            pid = _dropped.popleft()
        except IndexError:
            break  # another thread is at it
        if _runs(pid):
            _dropped.append(pid)
        else:
            disown(pid, None)
    return len(_dropped)


def _runs(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


def _forget() -> None:
    """In a child that was forked off: they are its parent's."""
    global _lock  # noqa: PLW0603  (another thread of the parent's may have held it)
    _lock = threading.RLock()
    _owned.clear()
    _dropped.clear()


os.register_at_fork(after_in_child=_forget)
