"""What the protocol tells of the terminal at the client's side, and the break."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, final

from chat.errors import NotSupported, UnknownKey
from chat.transports.telnet.codes import Command
from chat.transports.telnet.endpoint import Endpoint
from chat.values import WindowSize

CONTROLS: Final = {
    "eof": b"\x04",
    "intr": b"\x03",
    "susp": b"\x1a",
    "quit": b"\x1c",
    "erase": b"\x7f",
    "kill": b"\x15",
}
"""The control characters a Unix terminal has unless somebody has changed them."""


@final
class TelnetTerminal:
    """Capability `terminal`: what the protocol tells of the terminal at the client's side.

    Args:
        endpoint: The protocol's state.
        flush: What sends its answers.
        is_client: Whether the terminal is at this side.

    Attributes:
        newline: What ends a line that is sent: a client presses the Enter key.
    """

    __slots__ = ("_endpoint", "_flush", "_is_client", "newline")

    def __init__(
        self, endpoint: Endpoint, flush: Callable[[], None], *, is_client: bool
    ) -> None:
        self._endpoint: Final = endpoint
        self._flush: Final = flush
        self._is_client: Final = is_client
        self.newline: Final = "\r" if is_client else "\n"

    @property
    def size(self) -> WindowSize:
        """Rows and columns."""
        return self._endpoint.size

    def resize(self, size: WindowSize) -> None:
        """Set rows and columns; a server that wants to know is told (NAWS).

        Raises:
            NotSupported: This is the server: the window is the client's.
        """
        if not self._is_client:
            raise NotSupported("the window is the client's: a server cannot resize it")
        self._endpoint.resize(size)
        self._flush()

    @property
    def echo(self) -> bool:
        """Whether the client's terminal shows what is typed there.

        It does until the server says WILL ECHO, which means: from here on I decide what is
        shown. A server says that when it asks for a password, and takes it back; or it says
        so at the beginning, shows what is typed by sending it back, and hides a password by
        not doing so. The latter cannot be seen in the protocol.
        """
        return self._endpoint.echo

    @echo.setter
    def echo(self, on: bool) -> None:
        """Ask for it, or as a server say it; it is so once the other side agrees."""
        self._endpoint.echo = on
        self._flush()

    @property
    def canonical(self) -> bool:
        """Whether lines are gathered with a limit to their length: none is known."""
        return False

    def line_limit(self) -> int:
        """Bytes in the longest line that is taken: no limit is known."""
        return sys.maxsize

    def control(self, name: str) -> bytes:
        """The byte that mostly stands for `eof`, `intr`, `susp`, `quit`, `erase`, `kill`.

        What it is at the other side the protocol does not tell.

        Raises:
            UnknownKey: There is nothing of that name.
        """
        if name not in CONTROLS:
            raise UnknownKey(f"a terminal has no {name!r}; it has {', '.join(CONTROLS)}")
        return CONTROLS[name]

    def input_wait(self) -> bool:
        """Whether the program waits for input.

        Raises:
            NotSupported: Always: telnet does not tell.
        """
        raise NotSupported("telnet does not tell whether a program waits for input")


@final
class TelnetLine:
    """Capability `line`: a break can be sent, which is no character.

    Args:
        endpoint: The protocol's state.
        flush: What sends its answers.
    """

    __slots__ = ("_endpoint", "_flush")

    def __init__(self, endpoint: Endpoint, flush: Callable[[], None]) -> None:
        self._endpoint: Final = endpoint
        self._flush: Final = flush

    def send_break(self) -> None:
        """Send a break (RFC 854, BRK). What is not taken now goes before any other text."""
        self._endpoint.send_command(Command.BRK)
        self._flush()
