"""Two conversations joined: what one side says goes to the other; a program served so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, AnyStr, Final, Unpack, final

from chat.errors import ConnectionLost, PeerGone
from chat.opening.listeners import Listener, Mode, listen
from chat.opening.options import Command, SessionOptions, command_line
from chat.opening.programs import spawn
from chat.session import GRACE, Session
from chat.timing import READABLE, SYSTEM_CLOCK, deadline_after, seconds_until

LINGER: Final = 5.0
"""Seconds a program has to say the rest once its client has said all."""

MORE_ENDS: Final = 8
"""How often a program is told again that its input has ended, when it has said something: a
terminal's end of file ends one read, and what reads next would wait for another."""


def relay(
    program: Session[AnyStr], client: Session[AnyStr], *, linger: float | None = LINGER
) -> None:
    """Pass on what each of two sides says to the other, until one of them has ended.

    A client that has said all (it has closed, or its writing side) is passed on as the end
    of the program's input. What the program still says goes to it, for `linger` seconds.
    While one side does not take what the other says, no more is read of that.

    Neither session is closed, or left with anything unread.

    Args:
        program: One side; the relay ends when it does.
        client: The other.
        linger: Seconds for the program's last words; `None`: until it ends.

    Raises:
        SendTimeout: One side did not take what the other said, within its session's timeout.
    """
    _Relay(program, client).run(linger)


@final
class _Relay:
    """A relay under way."""

    def __init__(self, program: Session[Any], client: Session[Any]) -> None:
        self._program: Final = program
        self._client: Final = client
        self._line_open = False  # whether the program was sent a part of a line
        self._ends_left = MORE_ENDS

    def run(self, linger: float | None) -> None:
        deadline: float | None = None
        told = False
        try:
            while True:
                more = self._pass_on(self._program, self._client)
                if not told:
                    self._pass_on(self._client, self._program)
                elif more and self._ends_left:
                    self._ends_left -= 1
                    self._say_end()
                if self._program.ended or seconds_until(deadline, SYSTEM_CLOCK.now()) == 0:
                    return
                if self._client.ended and not told:
                    told, deadline = True, deadline_after(SYSTEM_CLOCK.now(), linger)
                    self._tell_end()
                ends = [self._program] if told else [self._program, self._client]
                interest = {each.fileno(): READABLE for each in ends}
                SYSTEM_CLOCK.waiter(interest)(seconds_until(deadline, SYSTEM_CLOCK.now()))
        except (PeerGone, ConnectionLost):
            return  # nobody is there to be told

    def _pass_on(self, speaker: Session[Any], hearer: Session[Any]) -> bool:
        said = speaker.read_nowait()
        if said:
            hearer.send(said)
            if hearer is self._program:
                self._line_open = said[-1:] not in ("\n", b"\n")
        return bool(said)

    def _tell_end(self) -> None:
        """Tell the program that its client has said all."""
        self._client.read()  # raises, if the connection has failed: then nobody is there
        self._say_end()
        if self._line_open:
            self._say_end()  # the first one ended the line

    def _say_end(self) -> None:
        with suppress(PeerGone):  # it has ended; what it has said still comes
            self._program.sendeof()


def serve_program(
    command: Command,
    where: str | Listener[Any],
    *,
    mode: Mode = "thread",
    at_most: int = 64,
    grace: float = GRACE,
    linger: float | None = LINGER,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
    echo: bool = True,
    **options: Unpack[SessionOptions],
) -> None:
    """Serve a program to whoever calls, each client one of its own on a pseudo-terminal.

        with chat.listen("unix:///run/user/1000/calculator", encoding=None) as listener:
            chat.serve_program(["bc", "-q"], listener)

    A program is ended with its client, and the client is hung up on when it ends. Whoever
    can call can do what the program lets them do.

    Args:
        command: The program; see `spawn`, as for cwd, env, size, echo and further options.
        where: A listener, which stays open; or a URL, which is listened on meanwhile.
        mode: How many are served at once; see `Listener.serve`, as for at_most and grace.
        linger: Seconds for a program's last words, once its client has said all.

    Raises:
        CommandError: The command is empty or malformed.
        UrlError, ListenFailed: It cannot be listened there.
    """
    argv = command_line(command)
    if isinstance(where, str):
        with listen(where, encoding=None) as listener:
            serve_program(
                argv, listener, mode=mode, at_most=at_most, grace=grace, linger=linger,
                cwd=cwd, env=env, size=size, echo=echo, **options,
            )  # fmt: skip
        return
    encoding: Any = where.encoding  # text or bytes: both sides of the relay hold the same

    def handle(client: Session[Any]) -> None:
        program = spawn(
            argv, encoding=encoding, cwd=cwd, env=env, size=size, echo=echo, **options
        )
        with program:
            relay(program, client, linger=linger)

    where.serve(handle, mode=mode, at_most=at_most, grace=grace)
