"""Signal handlers that may do anything: they are not called in the middle of something.

A handler of Python's is called between any two steps of the main thread: in the middle of a
`print`, with a lock held that it wants itself, between a read and the noting of what came.
Here a signal is only noted, and a byte written to a pipe. The function is called where the
main thread does nothing else: when it waits in `chat` (`expect`, `read`, `wait`, `accept` …),
when it calls `dispatch`, and at the end of the block.

*The wakeup descriptor of `signal.set_wakeup_fd` is left alone.* There is one in a process, and
it is asyncio's, or somebody else's. The note is made by a plain handler, which the
interpreter calls in the main thread also when a wait is interrupted; that is enough, since the
functions are called in that thread anyway. In an asyncio program, let the loop call them:

    with chat.signals.handle(HUP=reload) as handling:
        loop.add_reader(handling.fileno(), chat.signals.dispatch)

A child that is forked off has nothing noted, and a pipe of its own.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ContextDecorator
from typing import Final, Self, TypeAlias, final

from chat import timing
from chat.deadlines import shortened
from chat.errors import NotSupported
from chat.signals.blocks import DEFAULT, Local, by_number
from chat.signals.names import name, number
from chat.timing import SYSTEM_CLOCK, Ready, deadline_after, milliseconds, seconds_until

Function: TypeAlias = Callable[[str], object]
"""A function of the signal's name, `"SIGHUP"`."""

Call: TypeAlias = "tuple[Callable[..., object], tuple[object, ...]]"


@final
class Bell:
    """Calls that are due, and a descriptor that is readable as long as there are any.

    It is open while anybody holds it, and only then do waits in `chat` look at it.
    """

    __slots__ = ("_calls", "_dispatching", "_holders", "_pipe")

    def __init__(self) -> None:
        self._calls: deque[Call] = deque()
        self._holders = 0
        self._pipe: tuple[int, int] | None = None
        self._dispatching = False

    def hold(self) -> None:
        """Open it, if nobody has."""
        if self._holders == 0:
            self._open()
            timing.BESIDE.append(self.wait_beside)
        self._holders += 1

    def release(self) -> None:
        """Close it, if nobody holds it any more."""
        self._holders -= 1
        if self._holders == 0:
            timing.BESIDE.remove(self.wait_beside)
            self._close()

    def _open(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        self._pipe = reader, writer

    def _close(self) -> None:
        assert self._pipe is not None
        pipe, self._pipe = self._pipe, None
        for descriptor in pipe:
            os.close(descriptor)

    def begin_anew(self) -> None:
        """In a child that was forked off: what is noted, and the pipe, are its parent's."""
        self._calls = deque()
        self._dispatching = False
        if self._pipe is not None:
            with contextlib.suppress(OSError):  # what closes all descriptors has been here
                self._close()
            self._open()

    def fileno(self) -> int:
        """The descriptor. Raises ValueError: nobody holds it."""
        if self._pipe is None:
            raise ValueError("no block of chat.signals.handle is open")
        return self._pipe[0]

    def call_soon(self, function: Callable[..., object], *arguments: object) -> None:
        """Have something called; this may itself be called at any moment in any thread."""
        self._calls.append((function, arguments))
        if self._pipe is not None:
            with contextlib.suppress(BlockingIOError):  # it is full: it has been rung
                os.write(self._pipe[1], b"\0")

    def dispatch(self) -> int:
        """Call what is due, one after the other; none within another. How many that was."""
        if self._dispatching:
            return 0
        self._quieten()
        self._dispatching, done = True, 0
        try:
            while self._calls:
                function, arguments = self._calls.popleft()
                function(*arguments)
                done += 1
        finally:
            self._dispatching = False
            if self._calls and self._pipe is not None:  # one has raised: the rest is still due
                with contextlib.suppress(BlockingIOError):
                    os.write(self._pipe[1], b"\0")
        return done

    def _quieten(self) -> None:
        if self._pipe is not None:
            with contextlib.suppress(BlockingIOError):
                while len(os.read(self._pipe[0], 4096)) == 4096:
                    pass

    def wait_beside(self, poller: select.poll, seconds: float | None) -> Ready:
        """Wait as the poller does, and call meanwhile what becomes due."""
        if self._dispatching or not _in_main_thread():
            return poller.poll(milliseconds(seconds))
        deadline = deadline_after(SYSTEM_CLOCK.now(), seconds)
        bell = self.fileno()
        poller.register(bell, select.POLLIN)
        try:
            while True:
                if self._calls:
                    self.dispatch()
                left = seconds_until(deadline, SYSTEM_CLOCK.now())
                ready = poller.poll(milliseconds(left))
                if not any(descriptor == bell for descriptor, _ in ready):
                    return ready
                self.dispatch()
                others = [pair for pair in ready if pair[0] != bell]
                if others or left == 0:
                    return others
        finally:
            poller.unregister(bell)


BELL: Final = Bell()
os.register_at_fork(after_in_child=BELL.begin_anew)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@final
class Handling(ContextDecorator):
    """A block with signal handlers that may do anything; made by `handle`.

    Attributes:
        functions: What is called, by the signal's number.
    """

    def __init__(self, functions: Mapping[int, Function]) -> None:
        self.functions: Final = dict(functions)
        self._local: Final = Local(dict.fromkeys(self.functions, self._note))

    def _recreate_cm(self) -> Handling:
        return Handling(self.functions)

    def __enter__(self) -> Self:
        BELL.hold()
        try:
            self._local.__enter__()
        except BaseException:
            BELL.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._local.__exit__()
            BELL.dispatch()  # what came in the block is the block's
        finally:
            BELL.release()

    def fileno(self) -> int:
        """A descriptor that becomes readable when something is due, for `select` and its like.

        Raises:
            ValueError: The block has ended.
        """
        return BELL.fileno()

    def _note(self, number: int, _frame: object) -> None:
        BELL.call_soon(self.functions[number], name(number))


def handle(
    functions: Mapping[str | int, Function] | None = None, /, **by_name: Function
) -> Handling:
    """Have functions called when signals come, outside of whatever they interrupt.

        with chat.signals.handle(HUP=reload, USR1=lambda name: report()):
            session.expect("done")

    They are called in the main thread, one after the other: while it waits in `chat`, by
    `dispatch`, and at the end of the block. They may do anything, waiting included; what they
    raise comes out of the wait that called them, which has taken in nothing yet. A signal that
    comes again before its function is called may be one with the first, as everywhere.

    Args:
        functions: Functions by the signal's name or number, for names that are no keywords.
        by_name: Functions by the signal's name. Each is given the name: `"SIGHUP"`.

    Raises:
        ValueError, TypeError, NotSupported: As `chat.signals.local`.
    """
    given = {number(which): function for which, function in (functions or {}).items()}
    given |= {number(which): function for which, function in by_name.items()}
    for which, function in given.items():
        if not callable(function):
            raise TypeError(f"{function!r} is no function to call at {name(which)}")
    by_number(dict.fromkeys(given, DEFAULT))  # that they can be handled
    return Handling(given)


def dispatch(timeout: float | None = 0) -> int:
    """Call the functions of `handle` that are due.

    Args:
        timeout: Seconds to wait for one to become due. 0: look, do not wait. None: no limit.

    Returns:
        How many were called; none if this is called by one of them.

    Raises:
        NotSupported: This is not the main thread, where they are to be called.
        ValueError: There is no block of `handle`, so that nothing will come.
        Exception: Whatever a function raises. The others stay due.
    """
    if not _in_main_thread():
        raise NotSupported("handlers are called in the main thread")
    done = BELL.dispatch()
    if not done and timeout != 0:
        poller = select.poll()
        poller.register(BELL.fileno(), select.POLLIN)
        poller.poll(milliseconds(shortened(timeout)))
        done = BELL.dispatch()
    return done
