"""Handlers for the length of a block: perlipc's `local $SIG{INT} = 'IGNORE'`.

What was there is put back exactly, also if a handler raises on the way out. A signal that
came before the end is handled by the block's handler: `signal.signal` sees to what is on its
way before it does its own, and raises in its place if that does; then it is tried again. The
signals are blocked meanwhile, as what comes in the middle of that would be lost; it comes when
all is done, for whoever handles it then.

One gap is Python's own. A handler that raises between the last step of a `with` block and the
first of its `__exit__` keeps that from being called at all, whatever the block is for
(https://github.com/python/cpython/issues/74174). So leaving a block also puts back what blocks
within it have not. A function of `chat.signals.handle` does not raise there.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import ContextDecorator
from types import FrameType
from typing import Any, Final, Self, TypeAlias, final

from chat.errors import NotSupported
from chat.signals.names import name, number

Handler: TypeAlias = "Callable[[int, FrameType | None], Any] | int | signal.Handlers"
"""A function of the number and the frame, `IGNORE` or `DEFAULT`."""

IGNORE: Final = signal.SIG_IGN
"""Let a signal have no effect."""

DEFAULT: Final = signal.SIG_DFL
"""Let a signal have the effect it has without any handler."""

_open: Final[list[Local]] = []  # from the outermost on

_UNTOUCHABLE: Final = frozenset({signal.SIGKILL, signal.SIGSTOP})


@final
class Local(ContextDecorator):
    """A block with signal handlers of its own; made by `local`. Also decorates a function."""

    def __init__(self, handlers: Mapping[int, Handler]) -> None:
        self._handlers: Final = dict(handlers)
        self._before: list[tuple[int, Any]] = []

    def _recreate_cm(self) -> Local:
        # What ContextDecorator calls: each call of a decorated function has a block of its own.
        return Local(self._handlers)

    def __enter__(self) -> Self:
        if self in _open:
            raise RuntimeError("this block is in use; make another one for an inner block")
        if threading.current_thread() is not threading.main_thread():
            raise NotSupported("only the main thread can set signal handlers")
        try:
            _open.append(self)
            self._undisturbed(self._set_all)
        except BaseException:
            _leave(self)
            raise
        return self

    def _set_all(self) -> None:
        for which, handler in self._handlers.items():
            self._set(which, handler)

    def _set(self, which: int, handler: Handler) -> None:
        before = signal.getsignal(which)
        if before is None:
            raise NotSupported(
                f"{name(which)} has a handler that was not set in Python, and so could not be"
                " put back at the end of a block"
            )
        self._before.append((which, before))
        signal.signal(which, handler)

    def __exit__(self, *_: object) -> None:
        _leave(self)

    def put_back(self) -> None:
        """Put back what was there, the last one first; if that is interrupted, the rest."""
        self._undisturbed(self._put_back)

    def _put_back(self) -> None:
        while self._before:
            signal.signal(*self._before[-1])
            self._before.pop()

    def _undisturbed(self, change: Callable[[], None]) -> None:
        """Do it while the signals are blocked."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        try:
            # This sees to what is on its way, which may raise when the signals are blocked.
            signal.pthread_sigmask(signal.SIG_BLOCK, self._handlers)
            change()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _leave(block: Local) -> None:
    """Leave a block and those within it, whatever handlers raise meanwhile."""
    try:
        while block in _open:
            _open[-1].put_back()
            _open.pop()
    finally:
        if block in _open:
            _leave(block)


def local(handlers: Mapping[str | int, Handler] | None = None, /, **by_name: Handler) -> Local:
    """Set signal handlers for a block, or for a function that this decorates.

        with chat.signals.local(INT=chat.signals.IGNORE, TERM=stop):
            ...

    At the end what was there is put back. Blocks nest. As everywhere in Python, handlers run
    in the main thread, between two steps of whatever it does; `handle` has better manners.

    Args:
        handlers: Handlers by name or number, for names that are no keywords (`"RTMIN+1"`).
        by_name: Handlers by name: functions of the number and the frame, `IGNORE`, `DEFAULT`.

    Raises:
        ValueError: There is no such signal, or it cannot be handled (KILL, STOP).
        TypeError: That is no handler.
        NotSupported: On entry: this is not the main thread; or the handler that is there was
            not set in Python, and could not be put back.
    """
    return Local(by_number({**(handlers or {}), **by_name}))


def by_number(handlers: Mapping[Any, Handler]) -> dict[int, Handler]:
    """Check handlers by name or number.

    Raises:
        ValueError, TypeError: As `local`.
    """
    checked: dict[int, Handler] = {}
    for which, handler in handlers.items():
        found = number(which)
        if found in _UNTOUCHABLE:
            raise ValueError(f"{name(found)} cannot be handled")
        if not callable(handler) and handler not in (IGNORE, DEFAULT):
            raise TypeError(f"{handler!r} is no handler for {name(found)}")
        if found in checked:
            raise ValueError(f"{name(found)} is there twice")
        checked[found] = handler
    return checked
