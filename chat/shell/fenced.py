"""Shells that are made to mark where a command's output begins and ends."""

from __future__ import annotations

import enum
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, final

from chat.core.patterns import Quiet, regex
from chat.errors import CommandNotFound, ExpectTimeout
from chat.session import Session
from chat.shell.language import Countdown, Respond, fresh_nonce, insist

FENCE: Final = regex("\x1e([0-9a-f]{16}) ([0-9]{1,3})\x1e", name="the shell's mark")
"""The mark at the end of a command: its nonce and its status. One pattern for all commands,
so that it is made ready once; whether the nonce is the right one is compared."""


SOMETHING: Final = regex(r"[^\s]", name="a prompt")


FIRST_WORD: Final = 2.0
"""Seconds until a shell that has said nothing is typed to all the same: its prompt may be
empty."""

ANSWER: Final = 3.0
"""Seconds until what was typed for nobody is typed again: more than the slowest of lines take
there and back. Too early does no harm."""


class Start(enum.Enum):
    """How a shell came to be there."""

    OURS = "started with the dialect's own arguments and without echo"
    GIVEN = "started by a given command, and about to show a prompt"
    WAITING = "waiting at its prompt in a given session"
    REPLACING = "to replace some shell that waits, or will, in a given session"


class Dialect(Protocol):
    """How one kind of shell is made to mark."""

    def arguments(self, *, rc: bool) -> list[str]:
        """Arguments to start it with; `rc`: with the user's own start-up files."""

    def introduction(self, nonce: str, newline: str) -> str:
        """What is typed first if it was started by somebody else; it ends with a mark."""

    def replacement(self, nonce: str, newline: str) -> str:
        """What makes any shell become this one, and mark it: whether it is there, as a status.

        Raises:
            CommandError: This kind cannot.
        """

    def greeting(self, nonce: str, newline: str) -> str:
        """What makes it mark the end of this greeting, and be ready for `cell`."""

    def cell(self, command: str, nonce: str, *, terminal: bool) -> str:
        """What runs a command between marks, with or without the terminal as its input."""


@final
class Fenced:
    """A shell whose commands end with a mark that carries a fresh nonce.

    What the shell says between two commands (a job in the background, say) is part of
    neither's output.

    Args:
        dialect: How it is made to mark.
        start: How it came to be there.
    """

    def __init__(self, dialect: Dialect, start: Start) -> None:
        self._dialect: Final = dialect
        self._start: Final = start
        self._nonce = ""
        self._nonce_before = ""

    def open(self, session: Session[str], time: Countdown) -> None:
        """Have the shell switch off what would come between, and wait until it has."""
        if self._start is Start.REPLACING:
            self._replace(session, time)
            self._type(session, self._dialect.greeting, time)
            return
        if self._start is Start.GIVEN:
            # What relays a terminal (ssh, say) may throw away what was typed before that.
            session.expect(SOMETHING, timeout=time.left)
            session.expect(Quiet(session.quiet), timeout=time.left)
        if self._start is not Start.OURS:
            self._type(session, self._dialect.introduction, time)
        self._type(session, self._dialect.greeting, time)

    def _replace(self, session: Session[str], time: Countdown) -> None:
        """Have the shell that is there replaced, once it seems to wait for a line.

        It may greet with anything, and at any pace, so that no prompt can be relied on.
        Something that reads the terminal before the shell does may take away the first line.
        """
        nonce = self._next_nonce()
        line = self._dialect.replacement(nonce, session.newline)

        def attempt(limit: Countdown) -> int:
            session.send(line, timeout=limit.left)
            return _await(session, (nonce,), limit)[1]

        with suppress(ExpectTimeout):
            session.expect(SOMETHING, timeout=time.within(FIRST_WORD).left)
        with suppress(ExpectTimeout):
            session.expect(Quiet(session.quiet), timeout=time.within(FIRST_WORD).left)
        if insist(session, time, attempt, pause=ANSWER) != 0:
            raise CommandNotFound(line.strip(), "the other side has no such shell")

    def _type(
        self, session: Session[str], make: Callable[[str, str], str], time: Countdown
    ) -> None:
        nonce = self._next_nonce()
        session.send(make(nonce, session.newline), timeout=time.left)
        _await(session, (nonce,), time)

    def exchange(
        self, session: Session[str], command: str, time: Countdown, respond: Respond
    ) -> tuple[str, int]:
        """Run a command: what it said, and its status."""
        nonce = self._next_nonce()
        cell = self._dialect.cell(command, nonce, terminal=respond is not None)
        mark = session.mark()
        session.send(cell, timeout=time.left)
        fence, status = _await(session, (nonce,), time, respond)
        return self.said(session.since(mark)[: -len(fence)]), status

    def said(self, text: str) -> str:
        """What is behind the mark at the beginning, which comes once or twice."""
        *_, output = text.split(f"\x1e{self._nonce}\x1e", 2)
        return output.replace("\r\n", "\n")

    def recover(self, session: Session[str], time: Countdown) -> int | None:
        """Interrupt the command and find its mark; then see that the shell answers."""
        statuses: list[int] = []

        def attempt(limit: Countdown) -> None:
            session.sendintr()
            # An interrupt throws away what is on its way, and that may be the mark. The
            # nonce before: it came before the shell had read the command.
            with suppress(ExpectTimeout):
                known = (self._nonce, self._nonce_before)
                statuses.append(_await(session, known, limit.half())[1])
            self._synchronise(session, limit)

        insist(session, time, attempt)
        return statuses[0] if statuses else None

    def _synchronise(self, session: Session[str], time: Countdown) -> None:
        nonce = fresh_nonce()
        # The empty line is for bash 5.2 to lose: interrupted before a prompt, it misses the
        # first character behind it.
        cell = "\n" + self._dialect.cell("", nonce, terminal=False)
        session.send(cell, timeout=time.left)
        _await(session, (nonce,), time)
        self._nonce = nonce

    def _next_nonce(self) -> str:
        self._nonce_before, self._nonce = self._nonce, fresh_nonce()
        return self._nonce


def _await(
    session: Session[str], nonces: tuple[str, ...], time: Countdown, respond: Respond = None
) -> tuple[str, int]:
    """Wait for the mark with one of the nonces: its text, and the status it carries."""
    while True:
        match = session.expect(FENCE, timeout=time.left, respond=respond, view="raw")
        nonce, status = match.groups
        if nonce in nonces:
            return match.text, int(status or 0)
