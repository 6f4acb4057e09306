"""Waiting for one session while taking in what comes on another.

Two sessions of one program, its output and its errors, hold each other up if only one of
them is read: the program blocks on the pipe that is full. All waiting of a session goes
through its clock, so that a clock is where another session can be seen to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, final

from chat.errors import StreamOverflow
from chat.session import Session
from chat.timing import READABLE, Clock, Ready, deadline_after, seconds_until


@final
class ClockBeside:
    """A clock whose waits take in, meanwhile, what comes on a session beside.

    Args:
        clock: The clock that tells the time and waits.
        name: What to call that session in an error.
    """

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock: Final = clock
        self._name: Final = name
        self._beside: Session[Any] | None = None
        self.now: Final = clock.now

    def see_to(self, session: Session[Any]) -> None:
        """From now on, take in what comes on this session."""
        self._beside = session

    def waiter(self, interest: Mapping[int, int]) -> Callable[[float | None], Ready]:
        """Prepare to wait; see `Clock.waiter`.

        The waiting raises StreamOverflow when the session beside may not keep more.
        """
        alone = self._clock.waiter(interest)
        together: Callable[[float | None], Ready] | None = None

        def wait(seconds: float | None) -> Ready:
            nonlocal together
            beside = self._beside
            if beside is None or beside.ended or beside.closed:
                return alone(seconds)
            if together is None:
                together = self._clock.waiter({**interest, beside.fileno(): READABLE})
            return self._wait(beside, alone, together, seconds)

        return wait

    def _wait(
        self,
        beside: Session[Any],
        alone: Callable[[float | None], Ready],
        together: Callable[[float | None], Ready],
        seconds: float | None,
    ) -> Ready:
        other = beside.fileno()
        deadline = deadline_after(self.now(), seconds)
        left = seconds
        while True:
            ready = together(left)
            wanted = [each for each in ready if each[0] != other]
            if len(wanted) < len(ready):
                self._take_in(beside)
            if wanted or not ready:
                return wanted
            left = seconds_until(deadline, self.now())
            if left == 0 or beside.ended:
                return alone(left)

    def _take_in(self, beside: Session[Any]) -> None:
        try:
            beside.take_in()
        except StreamOverflow as error:
            raise StreamOverflow(f"{self._name}: {error}") from error
