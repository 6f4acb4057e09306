"""What is said about an option in a subnegotiation: put into bytes, and read from them.

Readers are for what a stranger sends: whatever is malformed gives what can be read of it,
or nothing, and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from chat.transports.telnet.codes import Mark, Said
from chat.values import WindowSize

WELL_KNOWN: Final = frozenset({"USER", "JOB", "ACCT", "PRINTER", "SYSTEMTYPE", "DISPLAY"})
"""Variables whose meaning RFC 1572 gives; all others are the user's own."""

VARIABLES_KEPT: Final = 256
"""Variables kept of those a client sends: more than an environment has, and an end to it."""

NAME_LIMIT: Final = 40
"""Characters in the name of a terminal (RFC 1091)."""


def window_size(size: WindowSize) -> bytes:
    """A window's size: width, then height (RFC 1073)."""
    return size.columns.to_bytes(2, "big") + size.rows.to_bytes(2, "big")


def read_window_size(content: bytes) -> WindowSize | None:
    """The size, unless there is none: a side that has no window says 0."""
    columns, rows = int.from_bytes(content[:2], "big"), int.from_bytes(content[2:4], "big")
    return WindowSize(rows, columns) if len(content) == 4 and rows and columns else None


def terminal_type(name: str) -> bytes:
    """The name of a terminal (RFC 1091)."""
    return bytes([Said.IS]) + name.encode("ascii")


def read_terminal_type(content: bytes) -> str | None:
    """The name, as far as it can be one."""
    if content[:1] != bytes([Said.IS]):
        return None
    return content[1 : NAME_LIMIT + 1].decode("ascii", "replace")


# ── environments (RFC 1572) ───────────────────────────────────────────────────────────────

_NAMES: Final = (Mark.VAR, Mark.USERVAR)
_QUOTED: Final = re.compile(b"([\0\1\2\3])")


def _quote(text: str) -> bytes:
    """A name or a value; the bytes that would be marks have ESC before them."""
    return _QUOTED.sub(bytes([Mark.ESC]) + rb"\1", text.encode("utf-8", "surrogateescape"))


def _marked(content: bytes) -> Iterator[tuple[int, str]]:
    """The marks with what follows each; bytes before the first mark are nobody's."""
    mark, text, quoted = -1, bytearray(), False
    for byte in content:
        if quoted or byte > Mark.USERVAR:
            text.append(byte)
            quoted = False
        elif byte == Mark.ESC:
            quoted = True
        else:
            if mark >= 0:
                yield mark, text.decode("utf-8", "surrogateescape")
            mark, text = byte, bytearray()
    if mark >= 0:
        yield mark, text.decode("utf-8", "surrogateescape")


def environment(variables: Mapping[str, str], asked: bytes = b"") -> bytes:
    """The variables that were asked for, of those there are.

    Args:
        variables: All that may be told.
        asked: Marks and names, as the other side has sent them; nothing: all of them. A mark
            without a name asks for all of its kind. What is asked for and is not there is
            answered by its name alone, which says so.
    """
    wanted: dict[str, int] = {}
    for mark, name in _marked(asked) if asked else ((each, "") for each in _NAMES):
        if name and mark in _NAMES:
            wanted.setdefault(name, mark)
        elif mark in _NAMES:
            kind = (each for each in variables if (each in WELL_KNOWN) is (mark == Mark.VAR))
            wanted.update(dict.fromkeys(kind, mark))
    said = bytearray([Said.IS])
    for name, mark in wanted.items():
        said += bytes([mark]) + _quote(name)
        if name in variables:
            said += bytes([Mark.VALUE]) + _quote(variables[name])
    return bytes(said)


def read_environment(content: bytes, kept: dict[str, str]) -> None:
    """Take what a client says of its variables into those that are kept."""
    if content[:1] == bytes([Said.IS]):
        kept.clear()
    elif content[:1] != bytes([Said.INFO]):
        return
    name: str | None = None
    for mark, text in _marked(content[1:]):
        if mark in _NAMES:
            name = text
            kept.pop(name, None)  # without a value, it is not there
        elif name is not None and len(kept) < VARIABLES_KEPT:
            kept[name] = text
            name = None
