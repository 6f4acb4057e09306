"""Sending no faster than the other side can take it: serial consoles, slow loaders, old modems.

A pace says how long nothing is sent behind a byte or a line. It is kept by deadlines: what
took long by itself is not waited for again, and what comes meanwhile is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from chat.timing import check_seconds

LINE_ENDS: Final = b"\r\n"


@final
@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to send.

    Attributes:
        character: Seconds from one byte to the next.
        line: Seconds from the end of a line to what follows it.

    Raises:
        ValueError, TypeError: One is no length of time.
    """

    character: float = 0.0
    line: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("pace", self.character), ("pace of lines", self.line)):
            if value is None:
                raise TypeError(f"{name} is seconds, not None")
            check_seconds(name, value)

    def pieces(self, data: bytes) -> Iterator[tuple[int, float]]:
        """What may be sent at once: where each piece ends, and the seconds behind it."""
        for place, byte in enumerate(data):
            ends = byte in LINE_ENDS and data[place : place + 2] != b"\r\n"
            pause = max(self.character, self.line) if ends else self.character
            if pause > 0 or place == len(data) - 1:
                yield place + 1, pause


def as_pace(given: Pace | float | None) -> Pace | None:
    """A pace as it was given; a number is the seconds between bytes."""
    if given is None or isinstance(given, Pace):
        return given
    return Pace(given)
