"""One idea of time: points on the monotonic clock, and waiting in the kernel.

A `timeout` is a length in seconds that a caller gives; a deadline is the point on the
monotonic clock it becomes, once, at the start of an operation, and is passed down as.
`None` is no limit; a deadline that has passed means "look, do not wait".
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias, TypeVar

INCOMING: Final = select.POLLIN | select.POLLPRI
READABLE: Final = INCOMING | select.POLLHUP | select.POLLERR
WRITABLE: Final = select.POLLOUT


Ready: TypeAlias = "list[tuple[int, int]]"
"""Descriptors with the poll events that are ready on them."""


class Clock(Protocol):
    """What a session asks about time, so that a test can answer instead of the system."""

    def now(self) -> float:
        """The time in seconds, from an arbitrary start, never going back."""

    def waiter(self, interest: Mapping[int, int]) -> Callable[[float | None], Ready]:
        """Prepare to wait for poll events, by descriptor.

        Returns:
            A function of seconds (`None`: no limit; 0 or less: look, do not wait) that
            gives what is ready, or nothing when the time has passed.
        """


BESIDE: Final[list[Callable[[select.poll, float | None], Ready]]] = []
"""What waits on a poller in the place of `poll(2)`, if anything does: whoever has something to
do whenever the program waits. `chat.signals.handle` puts itself here while it lasts."""


class SystemClock:
    """The system's monotonic clock and `poll(2)`, which knows no limit of descriptors."""

    now = staticmethod(time.monotonic)

    @staticmethod
    def waiter(interest: Mapping[int, int]) -> Callable[[float | None], Ready]:
        """Prepare to wait in `poll(2)`; see `Clock.waiter`."""
        poller = select.poll()
        for descriptor, events in interest.items():
            poller.register(descriptor, events)
        poll, round_up = poller.poll, math.ceil

        def wait(seconds: float | None) -> Ready:
            if BESIDE:
                return BESIDE[-1](poller, seconds)
            return poll(None if seconds is None else max(0, round_up(seconds * 1000)))

        return wait


SYSTEM_CLOCK: Final = SystemClock()


PAUSES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds between attempts at what no event announces; the last one goes on. Twenty looks a
second cost a processor next to nothing, and nobody notices so short a wait."""

Outcome = TypeVar("Outcome")


def try_until(attempt: Callable[[], Outcome | None], seconds: float | None) -> Outcome | None:
    """Attempt something until it succeeds, with `PAUSES` in between.

    For what the system announces to nobody, such as that a named pipe has a reader.

    Args:
        attempt: Gives `None` as long as it does not succeed.
        seconds: How long to go on. `None`: no limit. 0: once.

    Returns:
        What the attempt gave; `None` if it did not succeed in time.
    """
    deadline = deadline_after(time.monotonic(), seconds)
    step = 0
    while (outcome := attempt()) is None:
        left = seconds_until(deadline, time.monotonic())
        if left == 0:
            return None
        pause = PAUSES[min(step, len(PAUSES) - 1)]
        time.sleep(pause if left is None else min(pause, left))
        step += 1
    return outcome


def milliseconds(seconds: float | None) -> int | None:
    """Convert for `poll(2)`, rounded up so that a wait is never cut short to a busy loop."""
    if seconds is None:
        return None
    return math.ceil(seconds * 1000) if seconds > 0 else 0


def check_seconds(name: str, seconds: float | None) -> None:
    """Refuse what is no length of time.

    Raises:
        TypeError: It is neither a number nor `None`.
        ValueError: It is negative or not a number.
    """
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{name} is seconds or None, not {type(seconds).__name__}")
    if not seconds >= 0:
        raise ValueError(f"{name} is {seconds}: seconds cannot be negative")


def deadline_after(now: float, seconds: float | None) -> float | None:
    """The point in time `seconds` after `now`; `None` stays no limit."""
    return None if seconds is None else now + seconds


def seconds_until(deadline: float | None, now: float) -> float | None:
    """Seconds left, at least 0; `None` stays no limit."""
    return None if deadline is None else max(0.0, deadline - now)
