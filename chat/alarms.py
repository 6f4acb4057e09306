"""A time limit on a block of any code: perlipc's `alarm`, made safe.

    with chat.timeout(10) as limit:
        fcntl.flock(file, fcntl.LOCK_EX)

In the main thread SIGALRM interrupts whatever blocks (setitimer(2), which knows fractions of
a second where alarm(2) does not), and its handler raises. These rules make that safe:

1. There is one timer, and whoever came first keeps his: an outer block's time, or somebody
   else's `signal.alarm`, is never lengthened by an inner one. The timer is always set to what
   is due first, and what was there is put back as it was, less the time that has passed.
2. The handler never raises in this module, so that entering and leaving a block are whole:
   no alarm strikes once a block has ended, and none leaves it half left.
3. Nor does it in the rest of `chat`, where an error between two steps would lose what has
   just been read. There the block's time is a deadline (see `chat.deadlines`), which ends
   every wait by itself, with an error that says what was awaited.

In other threads there are no signals: see `cooperative`.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from types import FrameType
from typing import Any, Final, Self, TypeAlias, final

from chat.deadlines import Deadline
from chat.errors import NotSupported, TimeRanOut
from chat.timing import SYSTEM_CLOCK, Clock

# The functions of `signal` turn every number and handler into an enumeration's member, which
# is half of what a block costs; those of the module it is made from do not.
_signal: Any = sys.modules.get("_signal", signal)
_clock: Clock = SYSTEM_CLOCK
_ALARM: Final = int(signal.SIGALRM)
_REAL: Final = int(signal.ITIMER_REAL)

SOON: Final = 1e-6
"""Seconds to the next alarm of what is due already: 0 would switch the timer off."""

LOOK_AGAIN: Final = 0.005
"""Seconds until an alarm comes again that came at the wrong moment, or that nobody noticed:
one that strikes just before a call blocks in the kernel does not interrupt it."""

PATIENCE: Final = 1.0
"""Seconds that `chat` itself is given to end a wait by its deadline. It takes one turn of a
loop; whoever takes longer hangs in a call that knows of none."""

EARLY: Final = 0.0005
"""Seconds that an alarm may come before its time: setitimer(2) counts microseconds."""

Handler: TypeAlias = "Callable[[int, FrameType | None], Any] | int | None"


@final
class TimeLimit(ContextDecorator):
    """A block with a time limit; made by `chat.timeout`. Also decorates a function.

    Attributes:
        seconds: How long the block may take.
        ran_out: Whether its time ran out while it ran.
        is_spent: Whether it has had its alarm, or one further out has.
    """

    def __init__(self, seconds: float, *, cooperative: bool = False) -> None:
        self._deadline: Final = Deadline(seconds, clock=_clock)
        self.seconds: Final = seconds
        self.ran_out = False
        self._cooperative: Final = cooperative
        self._by_signal = False
        self.is_spent = False
        self._before: _Foreign | None = None

    def _recreate_cm(self) -> TimeLimit:
        return TimeLimit(self.seconds, cooperative=self._cooperative)

    def __reduce__(self) -> tuple[object, ...]:
        # An error that carries it may go to another process, where the block is not.
        return TimeLimit, (self.seconds,), {"ran_out": self.ran_out}

    def __setstate__(self, state: dict[str, bool]) -> None:
        self.ran_out = state["ran_out"]

    def __repr__(self) -> str:
        state = "its time ran out" if self.ran_out else "its time has not run out"
        return f"<TimeLimit of {self.seconds:g} s: {state}>"

    def left(self) -> float:
        """Seconds left; negative once its time is up."""
        return self._deadline.left()

    def __enter__(self) -> Self:
        self._by_signal = threading.current_thread() is threading.main_thread()
        if not (self._by_signal or self._cooperative):
            raise NotSupported(
                "only the main thread can be interrupted by a signal: with cooperative=True"
                " the time limit holds here for sessions, and for nothing else that blocks"
            )
        self._deadline.__enter__()
        self.ran_out = self.is_spent = False
        if self._by_signal:
            self._before = _take_over()
            _blocks.append(self)
            _set_timer()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._by_signal:
            del _blocks[_blocks.index(self) :]
            if self._before is not None:
                _give_back(self._before)
            else:
                _take_over()  # from whoever has left a handler of his behind
                _set_timer()
        if isinstance(error, TimeoutError) and not isinstance(error, TimeRanOut):
            self.ran_out = self._deadline.passed  # a session has ended its wait by itself
        self._deadline.__exit__(kind, error, trace)


def timeout(seconds: float, *, cooperative: bool = False) -> TimeLimit:
    """Bound what a block, or a function that this decorates, may take.

    Whatever blocks in it is interrupted: locks, opening a FIFO, looking up a name, waiting
    for a process. Sessions end their waits themselves, with an error that says what came.
    Such blocks nest; the inner one never lengthens the outer one's time. A coroutine wants
    `chat.deadline` or `asyncio.timeout`, since a signal would strike in its event loop.

    Args:
        seconds: How long all of it may take.
        cooperative: In a thread that is not the main one, bound sessions only. Without it,
            such a thread is refused, since other calls could block in it for ever.

    Raises:
        TimeRanOut: On expiry, within the block; its `limit` is the block whose time ran out.
        ExpectTimeout, SendTimeout, WaitTimeout: On expiry, of a session that waited.
        NotSupported: This is not the main thread.
    """
    return TimeLimit(seconds, cooperative=cooperative)


# ── the one timer ─────────────────────────────────────────────────────────────────────────


@final
class _Foreign:
    """The handler and timer that were there when a block took them over.

    Attributes:
        due: Where on the monotonic clock its alarm is; `None`: it has none.
        interval: Seconds between its alarms; 0: there is just one.
    """

    __slots__ = ("due", "handler", "interval")

    def __init__(self, handler: Handler, left: float, interval: float) -> None:
        self.handler: Final = handler
        self.due: float | None = _clock.now() + left if left else None
        self.interval: Final = interval

    def strike(self, number: int, frame: FrameType | None) -> None:
        """Do what its alarm would have done."""
        assert self.due is not None
        self.due = self.due + self.interval if self.interval else None
        if callable(self.handler):
            self.handler(number, frame)
        elif self.handler == signal.SIG_DFL:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGALRM)  # it ends the process, as it would have


_blocks: Final[list[TimeLimit]] = []  # from the outermost on; all of the main thread
_foreign: Final[list[_Foreign]] = []
_set_for = 0.0  # where on the monotonic clock the timer was last set to strike


def _take_over() -> _Foreign | None:
    """Make the timer ours; `None`: it is already."""
    if _signal.getsignal(_ALARM) is _on_alarm:
        return None
    left, interval = _signal.setitimer(_REAL, 0)
    before = _Foreign(_signal.signal(_ALARM, _on_alarm), left, interval)
    _foreign.append(before)
    return before


def _give_back(before: _Foreign) -> None:
    """Put back what was there, less the time that has passed."""
    del _foreign[_foreign.index(before) :]
    _signal.setitimer(_REAL, 0)
    # An alarm that is on its way is dealt with by `signal.signal`, before it does its own.
    # None: a handler that was not made in Python cannot be put back from here.
    if before.handler is not None:
        _signal.signal(_ALARM, before.handler)
    left = 0.0 if before.due is None else max(SOON, before.due - _clock.now())
    _signal.setitimer(_REAL, left, before.interval)


def _set_timer(at_least: float = SOON) -> None:
    """Set the timer to what is due first and has not happened."""
    global _set_for  # noqa: PLW0603  (there is one timer in a process)
    now = _clock.now()
    due = [now + block.left() for block in _blocks if not block.is_spent]
    due += [each.due for each in _foreign[-1:] if each.due is not None]
    left = max(at_least, min(due) - now) if due else 0.0
    _set_for = now + left
    _signal.setitimer(_REAL, left, LOOK_AGAIN if due else 0.0)


def _on_alarm(number: int, frame: FrameType | None) -> None:
    here, in_chat = _where(frame)
    if here:
        _set_timer(LOOK_AGAIN)  # entering or leaving a block may be past doing that itself
        return
    now = _clock.now() + EARLY
    stranger = _foreign[-1]
    overdue = [block for block in _blocks if not block.is_spent and block.left() <= EARLY]
    first = min(overdue, key=TimeLimit.left, default=None)
    if _is_stranger_s(stranger, first, now):
        stranger.strike(number, frame)
        _set_timer()
    elif first is not None and in_chat and first.left() > -PATIENCE:
        _set_timer(LOOK_AGAIN)
    elif first is not None:
        for block in _blocks[_blocks.index(first) :]:
            block.is_spent = True  # those inside it are left on the way
        first.ran_out = True
        _set_timer()
        raise TimeRanOut(first)
    else:
        _set_timer()


def _is_stranger_s(stranger: _Foreign, first: TimeLimit | None, now: float) -> bool:
    """Whether an alarm is for the handler that was there before ours."""
    if stranger.due is not None and stranger.due <= now:
        return first is None or stranger.due - now <= first.left()
    # Nothing of ours: somebody has set the timer without a handler of his own.
    return first is None and now < _set_for


def _where(frame: FrameType | None) -> tuple[bool, bool]:
    """Whether an alarm has come in this module, and whether it has come in `chat`."""
    in_chat = False
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name == __name__:
            return True, True
        if name.startswith("chat."):
            in_chat = True
        elif name != "contextlib":
            break
        frame = frame.f_back
    return False, in_chat
