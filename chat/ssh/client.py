"""Carries the login dialogue out: a session with ssh on a pseudo-terminal, and ssh's log."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, cast

from chat.deadlines import due_after
from chat.errors import PeerGone, seconds
from chat.opening.options import SessionOptions
from chat.opening.programs import spawn
from chat.session import Session
from chat.ssh.destination import Invocation
from chat.ssh.login import Answer, Asked, Credentials, Dialogue, Ended, Login, Noted
from chat.ssh.notes import Notes
from chat.timing import READABLE, SYSTEM_CLOCK, Clock, seconds_until
from chat.values import UNSET, Secret, Unset


def logged_in(
    invocation: Invocation,
    credentials: Credentials,
    *,
    program: str,
    env: Mapping[str, str] | None,
    size: tuple[int, int],
    encoding: str | None,
    options: SessionOptions,
    deadline: float | None | Unset = UNSET,
) -> Session[Any]:
    """Start ssh and see it through the login; the session is with the other side then.

    Args:
        deadline: When to give up; left out: when the session's timeout has passed.

    Raises:
        ConnectFailed: The host could not be reached, or its key is not trusted.
        LoginFailed: It did not let us in.
        SpawnFailed: There is no ssh here, or it could not be started.
    """
    with Notes() as notes:
        start = cast("Callable[..., Session[Any]]", spawn)  # whatever the encoding
        session = start(
            [program, *invocation.arguments(notes.path)],
            # A helper program that asks a person is not to ask in our stead.
            env={**(os.environ if env is None else env), "SSH_ASKPASS_REQUIRE": "never"},
            size=size,
            encoding=encoding,
            **options,
        )
        clock = options.get("clock", SYSTEM_CLOCK)
        login = Login(str(invocation.destination), credentials)
        if isinstance(deadline, Unset):
            deadline = due_after(session.timeout, clock)
        try:
            _Talk(session, notes, login, clock, deadline).hold()
        except BaseException:
            session.close(grace=0)
            raise
    return session


class _Talk:
    """The dialogue on a session and a log.

    Args:
        session: The session with ssh.
        notes: Where ssh logs.
        login: What is said.
        clock: What to ask about time.
        deadline: When to give up.
    """

    def __init__(
        self,
        session: Session[Any],
        notes: Notes,
        login: Login,
        clock: Clock,
        deadline: float | None,
    ) -> None:
        self._session: Final = session
        self._notes: Final = notes
        self._login: Final = login
        self._clock: Final = clock
        self._deadline: Final = deadline
        self._given: Final = seconds_until(deadline, clock.now())
        self._considered: Asked | None = None  # what was found to be no question, or none yet
        self._wait: Final = clock.waiter({session.fileno(): READABLE, notes.fileno(): READABLE})

    def hold(self) -> None:
        """Hold it, until we are logged in."""
        dialogue = self._login.dialogue()
        next(dialogue)
        quiet = False
        with suppress(StopIteration):
            while True:
                text = self._take_in(dialogue, quiet=quiet)
                quiet = self._wait_for_more(text)

    def _take_in(self, dialogue: Dialogue, *, quiet: bool) -> str:
        """Tell the dialogue what has come, and send what it answers; what was not answered.

        The order matters. What ssh notes before it asks, or behind a login switches echo
        off, is in its log by the time that this can be seen of the terminal.

        Args:
            quiet: Whether nothing came for a while, so that what is there is all there is.
        """
        session = self._session
        text = _shown(session)
        over = session.ended
        hidden = not over and not session.echo
        for line in self._notes.read_nowait():
            dialogue.send(Noted(line))
        if over:
            dialogue.send(Ended(text))
        asked = Asked(text, hidden, settled=quiet)
        if not text.strip() or not (quiet or hidden) or asked == self._considered:
            return text
        answer = dialogue.send(asked)
        if answer is None:
            self._considered = asked
            return text
        session.read_nowait()
        self._considered = None
        self._send(answer, hidden=hidden)
        return ""

    def _send(self, answer: Answer, *, hidden: bool) -> None:
        left = seconds_until(self._deadline, self._clock.now())
        with suppress(PeerGone):  # why it has ended is told by what it said
            if isinstance(answer, Secret) or (hidden and answer):
                self._session.send_secret(answer, timeout=left)
            else:
                newline = self._session.newline
                line = answer.encode() if isinstance(newline, bytes) else answer
                self._session.sendline(line, timeout=left)

    def _wait_for_more(self, text: str) -> bool:
        """Wait until more has come; whether it was quiet meanwhile.

        Raises:
            ConnectTimeout: The time is over.
        """
        left = seconds_until(self._deadline, self._clock.now())
        if left == 0:
            given = seconds(self._given and round(self._given, 1))
            raise self._login.expired(given, text)
        patience = left
        known = self._considered
        if text.strip() and not (known and known.settled and known.text == text):
            patience = self._session.quiet if left is None else min(self._session.quiet, left)
        return not self._wait(patience)


def _shown(session: Session[Any]) -> str:
    """What the terminal shows since the last answer, with lines that end as ssh wrote them."""
    shown = session.peek()
    text = shown.decode("utf-8", "replace") if isinstance(shown, bytes) else str(shown)
    return text.replace("\r\n", "\n")
