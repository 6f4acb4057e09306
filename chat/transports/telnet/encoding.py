"""Text on its way out and in: IAC doubled, and line ends as the network has them.

A network virtual terminal (RFC 854) knows two meanings of a carriage return: CR LF is the
end of a line, CR NUL is a carriage return and nothing else. While BINARY is on in a
direction (RFC 856), a carriage return is a byte like any other there.

    going out        a client's \\r             a server's \\r      a server's \\n
    ──────────────────────────────────────────────────────────────────────────────
    line by line     CR LF, a line's end       CR NUL             CR LF
    by characters    CR NUL, the Enter key     CR NUL             LF
    BINARY           CR                        CR                 LF

A \\r and a \\n that stand together are CR LF in every case. A client's \\n alone is LF.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, final


class Cut(NamedTuple):
    """Where a partial write has stopped.

    Attributes:
        taken: Bytes of the text that went whole.
        rest: What has still to go of the next one, which went in part; mostly nothing.
        owed: That next piece of the text itself.
    """

    taken: int
    rest: bytes = b""
    owed: bytes = b""


@final
class Encoding:
    """A way to write text: what stands for what.

    Args:
        units: The bytes that do not stand for themselves, and what stands for them.
        pattern: What finds them.
    """

    __slots__ = ("_pattern", "_units")

    def __init__(self, pattern: bytes, units: Mapping[bytes, bytes]) -> None:
        self._pattern: Final = re.compile(pattern)
        self._units: Final = units

    def encode(self, text: bytes) -> bytes:
        """The text as it goes out."""
        return self._pattern.sub(lambda found: self._units[found[0]], text)

    def cut(self, text: bytes, sent: int) -> Cut:
        """How much of the text went, when so many bytes of its encoding did."""
        taken = 0  # of the text
        for found in self._pattern.finditer(text):
            plain = found.start() - taken
            if sent <= plain:
                break
            unit, coded = found[0], self._units[found[0]]
            sent -= plain
            taken = found.start()
            if sent < len(coded):
                return Cut(taken, coded[sent:], unit)
            sent -= len(coded)
            taken = found.end()
        return Cut(taken + sent)


_DOUBLED: Final = {b"\xff": b"\xff\xff", b"\r\n": b"\r\n"}

BINARY: Final = Encoding(rb"\xff", _DOUBLED)
LINES: Final = Encoding(rb"\xff|\r\n?", {**_DOUBLED, b"\r": b"\r\n"})
CHARACTERS: Final = Encoding(rb"\xff|\r\n?", {**_DOUBLED, b"\r": b"\r\0"})
SERVER_LINES: Final = Encoding(rb"\xff|\r\n?|\n", {**_DOUBLED, b"\r": b"\r\0", b"\n": b"\r\n"})


@final
class LineEnds:
    """The line ends of what comes in.

    To a client CR NUL becomes `\\r`, and all else stays as it came. To a server CR LF, CR
    NUL and CR alone are the Enter key.

    Args:
        enter: What the Enter key becomes; `None`: this is a client.
    """

    __slots__ = ("_after_return", "_enter")

    def __init__(self, enter: bytes | None) -> None:
        self._enter: Final = enter
        self._after_return = False  # the last byte was one, and what follows may belong to it

    def decode(self, data: bytes) -> bytes:
        """What the next bytes mean."""
        if self._after_return and data.startswith(b"\0" if self._enter is None else _PARTNERS):
            data = data[1:]
            if not data:
                self._after_return = False
                return data
        self._after_return = data.endswith(b"\r")
        if self._enter is None:
            return data.replace(b"\r\0", b"\r")
        return _ENTER.sub(self._enter, data) if b"\r" in data else data

    def reset(self) -> None:
        """Forget the last byte: what follows does not belong to it."""
        self._after_return = False


_PARTNERS: Final = (b"\n", b"\0")
_ENTER: Final = re.compile(rb"\r[\n\0]?")
