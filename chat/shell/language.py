"""What a shell must be able to do for commands to be run in it one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias, TypeVar, final

from chat.core.dialogues import Answering
from chat.errors import ExpectTimeout, StreamOverflow
from chat.session import Session
from chat.timing import SYSTEM_CLOCK, Clock, deadline_after, seconds_until

Respond: TypeAlias = "Mapping[Any, Answering] | None"


def fresh_nonce() -> str:
    """Sixteen hexadecimal digits that nobody has seen before."""
    return os.urandom(8).hex()


@final
class Countdown:
    """The time that is left of a timeout which several operations share.

    Args:
        seconds: The timeout; `None`: no limit.
    """

    __slots__ = ("_clock", "_deadline", "began", "seconds")

    def __init__(self, seconds: float | None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.seconds: Final = seconds
        self._clock: Final = clock
        self.began: Final = clock.now()
        self._deadline: Final = deadline_after(self.began, seconds)

    @property
    def left(self) -> float | None:
        """Seconds left, at least 0; `None`: no limit."""
        return seconds_until(self._deadline, self._clock.now())

    def half(self) -> Countdown:
        """Another one, of half of what is left."""
        left = self.left
        return Countdown(None if left is None else left / 2, self._clock)

    def within(self, seconds: float) -> Countdown:
        """Another one, of so many seconds, or of what is left if that is less."""
        left = self.left
        return Countdown(seconds if left is None else min(seconds, left), self._clock)

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return self._clock.now() - self.began


FIRST_PAUSE: Final = 0.1
"""Seconds until something is tried again, the first time; then twice as long each time."""

FLOOD: Final = 65536
"""Characters thrown away at once of a command that says more than the session may keep."""

Seen = TypeVar("Seen")


def insist(
    session: Session[str],
    time: Countdown,
    attempt: Callable[[Countdown], Seen],
    *,
    pause: float = FIRST_PAUSE,
) -> Seen:
    """Try something until its effect is seen, as a person presses Ctrl-C again.

    Interrupts do get lost: by a shell that is about to start a program, which it then may
    wait for behind its next prompt (seen of bash 5.2).

    Args:
        attempt: Does it and waits for the effect within the time it is given.
        pause: Seconds the first attempt is given; each further one has twice as many.

    Raises:
        ExpectTimeout: It was not seen in all that time.
    """
    while True:
        try:
            return attempt(time.within(pause))
        except StreamOverflow:
            _discard(session, time)
        except ExpectTimeout:
            if time.left == 0:
                raise
        pause *= 2


def _discard(session: Session[str], time: Countdown) -> None:
    """Throw away what has come, so that more can."""
    while time.left != 0:
        try:
            session.read(FLOOD, timeout=0)
        except ExpectTimeout:
            return


class Language(Protocol):
    """How one kind of shell is talked to, over a session that is given to each method.

    All of them let the session's errors pass: `ExpectTimeout`, `UnexpectedEOF` and so on.
    """

    def open(self, session: Session[str], time: Countdown) -> None:
        """Wait until the shell is ready for the first command."""

    def exchange(
        self, session: Session[str], command: str, time: Countdown, respond: Respond
    ) -> tuple[str, int | None]:
        """Run a command: what it said, and its status if the shell has such a thing."""

    def said(self, text: str) -> str:
        """What of the text since the command was sent is its output, as far as one can tell."""

    def recover(self, session: Session[str], time: Countdown) -> int | None:
        """Interrupt what runs, and get in step again; the status, if there is such a thing."""
