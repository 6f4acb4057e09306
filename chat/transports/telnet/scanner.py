"""Bytes taken apart into what they are: text, commands, negotiations (RFC 854, 855).

Nothing is kept but where in a command the last byte was, so that it does not matter how the
bytes were cut, and no input makes it grow.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias, final

from chat.transports.telnet.codes import IAC, Command, Verb


class Text(NamedTuple):
    """Bytes that are no command, IAC undoubled.

    Attributes:
        data: Them.
        inside: Whether they are part of a subnegotiation.
    """

    data: bytes
    inside: bool


class Order(NamedTuple):
    """A command without an option: a `Command`, or a number that has no name.

    SB is followed by the `Text` inside, and that by SE. Any other command, or a negotiation,
    ends a subnegotiation too: it was never finished, and what follows is no part of it.
    """

    code: int


class Negotiation(NamedTuple):
    """A verb about an option, which may be any number."""

    verb: Verb
    option: int


Scanned: TypeAlias = "Text | Order | Negotiation"


class _State(enum.Enum):
    """What the next byte is."""

    TEXT = "text, or an IAC"
    COMMAND = "what follows an IAC"
    OPTION = "what follows a verb"


_ESCAPE: Final = bytes([IAC])
_VERBS: Final = {int(verb): verb for verb in Verb}


@final
class Scanner:
    """Takes bytes, in any pieces, and gives out what they are.

    Attributes:
        inside: Whether the next text is part of a subnegotiation.
    """

    __slots__ = ("_state", "_verb", "inside")

    def __init__(self) -> None:
        self.inside = False
        self._state = _State.TEXT
        self._verb = Verb.WILL  # the one whose option is awaited

    def feed(self, data: bytes) -> Iterator[Scanned]:
        """Take the next bytes; to be iterated to the end before the next ones."""
        position, end = 0, len(data)
        while position < end:
            if self._state is not _State.TEXT:
                token = self._step(data[position])
                position += 1
                if token is not None:
                    yield token
                continue
            found = data.find(_ESCAPE, position)
            stop = end if found < 0 else found
            if stop > position:
                yield Text(data[position:stop], self.inside)
            if found >= 0:
                self._state = _State.COMMAND
            position = stop + 1

    def _step(self, byte: int) -> Scanned | None:
        """Take a byte of a command, and give the command if that was all of it."""
        if self._state is _State.OPTION:
            self._state = _State.TEXT
            return Negotiation(self._verb, byte)
        if byte in _VERBS:
            self._state, self._verb = _State.OPTION, _VERBS[byte]
            self.inside = False
            return None
        self._state = _State.TEXT
        if byte == IAC:
            return Text(_ESCAPE, self.inside)
        self.inside = byte == Command.SB
        return Order(byte)


def escape(data: bytes) -> bytes:
    """The bytes as they go out: IAC doubled."""
    return data.replace(_ESCAPE, _ESCAPE * 2)


def order(command: Command) -> bytes:
    """A command as it goes out."""
    return bytes((IAC, command))


def negotiation(verb: Verb, option: int) -> bytes:
    """A negotiation as it goes out."""
    return bytes((IAC, verb, option))


def subnegotiation(option: int, content: bytes) -> bytes:
    """A subnegotiation as it goes out."""
    inside = escape(bytes((option,)) + content)
    return order(Command.SB) + inside + order(Command.SE)
