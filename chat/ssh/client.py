"""Carries the login dialogue out: a session with ssh on a pseudo-terminal, and ssh's log."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from chat.errors import PeerGone, seconds
from chat.opening.options import SessionOptions
from chat.opening.programs import spawn
from chat.session import Session
from chat.ssh.destination import Invocation
from chat.ssh.login import Answer, Asked, Credentials, Dialogue, Ended, Login, Noted
from chat.ssh.notes import Notes
from chat.timing import READABLE, SYSTEM_CLOCK, Clock, deadline_after, seconds_until
from chat.values import Secret


def logged_in(
    invocation: Invocation,
    credentials: Credentials,
    *,
    program: str,
    env: Mapping[str, str] | None,
    size: tuple[int, int],
    encoding: str,
    options: SessionOptions,
) -> Session[str]:
    """Start ssh and see it through the login; the session is with the other side then.

    Raises:
        ConnectFailed: The host could not be reached, or its key is not trusted.
        LoginFailed: It did not let us in.
        SpawnFailed: There is no ssh here, or it could not be started.
    """
    with Notes() as notes:
        session = spawn(
            [program, *invocation.arguments(notes.path)],
            # A helper program that asks a person is not to ask in our stead.
            env={**(os.environ if env is None else env), "SSH_ASKPASS_REQUIRE": "never"},
            size=size,
            encoding=encoding,
            **options,
        )
        clock = options.get("clock", SYSTEM_CLOCK)
        where = str(invocation.destination)
        try:
            _Talk(session, notes, Login(where, credentials), clock).hold()
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
    """

    def __init__(self, session: Session[str], notes: Notes, login: Login, clock: Clock) -> None:
        self._session: Final = session
        self._notes: Final = notes
        self._login: Final = login
        self._clock: Final = clock
        self._deadline: Final = deadline_after(clock.now(), session.timeout)
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
        waits = bool(text.strip()) and (quiet or (hidden and not text.endswith("\n")))
        answer = dialogue.send(Asked(text, hidden)) if waits else None
        if answer is None:
            return text
        session.read_nowait()
        self._send(answer, hidden=hidden)
        return ""

    def _send(self, answer: Answer, *, hidden: bool) -> None:
        left = seconds_until(self._deadline, self._clock.now())
        with suppress(PeerGone):  # why it has ended is told by what it said
            if isinstance(answer, Secret) or (hidden and answer):
                self._session.send_secret(answer, timeout=left)
            else:
                self._session.sendline(answer, timeout=left)

    def _wait_for_more(self, text: str) -> bool:
        """Wait until more has come; whether it was quiet meanwhile.

        Raises:
            ConnectTimeout: The time is over.
        """
        left = seconds_until(self._deadline, self._clock.now())
        if left == 0:
            raise self._login.expired(seconds(self._session.timeout), text)
        patience = left
        if text.strip():
            patience = self._session.quiet if left is None else min(self._session.quiet, left)
        return not self._wait(patience)


def _shown(session: Session[str]) -> str:
    """What the terminal shows since the last answer, with lines that end as ssh wrote them."""
    return session.peek().replace("\r\n", "\n")
