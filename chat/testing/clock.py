"""Time that a test owns: it stands still, and jumps when somebody waits."""

from __future__ import annotations

import heapq
import itertools
import select
from collections.abc import Callable, Mapping
from typing import Final, final

from chat.timing import Ready


class WaitsForEver(AssertionError):
    """Something waits without limit on a `FakeClock`, and nothing is to happen any more."""


@final
class FakeClock:
    """A `chat.timing.Clock` whose time is virtual: a wait of an hour is over at once.

    Time moves in two ways: `advance` moves it, and a wait that finds nothing ready jumps
    to what is scheduled next, or to its own end. Descriptors are looked at as they really
    are, without waiting for them: a real child under a fake clock has no time to answer.

    Args:
        start: The time it begins with, in seconds.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._scheduled: Final[list[tuple[float, int, Callable[[], object]]]] = []
        self._order: Final = itertools.count()

    def __repr__(self) -> str:
        return f"<FakeClock at {self._now:g} s, {len(self._scheduled)} scheduled>"

    def now(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def call_at(self, when: float, action: Callable[[], object]) -> None:
        """Have a function called when the time has come; at once if it has already.

        Two at the same time are called in the order in which they were scheduled.
        """
        if when <= self._now:
            action()
        else:
            heapq.heappush(self._scheduled, (when, next(self._order), action))

    def advance(self, seconds: float) -> None:
        """Let time pass, with everything that is scheduled meanwhile.

        Raises:
            ValueError: Time does not go back.
        """
        if seconds < 0:
            raise ValueError(f"time does not go back by {-seconds:g} s")
        end = self._now + seconds
        while self._scheduled and self._scheduled[0][0] <= end:
            self._run_next()
        self._now = end

    def waiter(self, interest: Mapping[int, int]) -> Callable[[float | None], Ready]:
        """Prepare to wait in virtual time; see `chat.timing.Clock.waiter`.

        The function it gives raises `WaitsForEver` if it is to wait without limit and
        nothing is scheduled.
        """
        poller = select.poll()
        for descriptor, events in interest.items():
            poller.register(descriptor, events)

        def wait(seconds: float | None) -> Ready:
            end = None if seconds is None else self._now + max(0.0, seconds)
            while not (ready := poller.poll(0)):
                if not self._jump(end):
                    return []
            return ready

        return wait

    def _jump(self, end: float | None) -> bool:
        """Go on to what comes next; `False`: that is the end of the wait."""
        if self._scheduled and (end is None or self._scheduled[0][0] <= end):
            self._run_next()
            return True
        if end is None:
            raise WaitsForEver("a wait without limit, and nothing is to happen any more")
        self._now = end
        return False

    def _run_next(self) -> None:
        self._now, _, action = heapq.heappop(self._scheduled)
        action()
