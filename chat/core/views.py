"""The two ways to look at a stream: as it came, and as text without escape sequences.

A view is what a search reads. It has a stream and a position in it, and it turns what was
found back into offsets of the stream that came.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, AnyStr, Final, Generic, Literal, Protocol, final

from chat.core.stream import Cursor, Stream

ViewName = Literal["raw", "text"]

LONGEST_HELD: Final = 4096
"""An escape sequence unfinished after so many characters is taken as text: a terminal
title or a hyperlink is far shorter, and a lost terminator must not hide what follows."""

# ECMA-48 5th edition, sections 5.3 to 5.6 and 8.3, and xterm's ctlseqs: control sequences,
# control strings up to their terminator (or BEL, as xterm allows), and the short escapes.
_COMPLETE = (
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x18\x1a\x1b]*(?:\x07|\x1b\\|[\x18\x1a])"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
)
_PARTIAL = r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x18\x1a\x1b]*\x1b?|[ -/]*)?\Z"


class View(Protocol[AnyStr]):
    """A stream as a search sees it, for one reader."""

    stream: Stream[AnyStr]

    @property
    def position(self) -> int:
        """The reader's place in this view's stream."""

    def refresh(self) -> None:
        """Take in what has come since, and what was consumed through another view."""

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """The offsets, in the stream that came, of a stretch of this view."""

    def consume(self, position: int) -> None:
        """Move the reader on to a place in this view."""

    def finish(self) -> None:
        """Take it from the caller that nothing more comes."""


@final
class RawView(Generic[AnyStr]):
    """The stream as it came."""

    __slots__ = ("_cursor", "stream")

    def __init__(self, stream: Stream[AnyStr], cursor: Cursor) -> None:
        self.stream: Stream[AnyStr] = stream
        self._cursor: Final = cursor

    @property
    def position(self) -> int:
        """The reader's place."""
        return self._cursor.position

    def refresh(self) -> None:
        """Nothing to take in: this is the stream."""

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """The same offsets."""
        return start, end

    def consume(self, position: int) -> None:
        """Move the reader on."""
        self.stream.consume(self._cursor, position)

    def finish(self) -> None:
        """Nothing is held back here."""


@final
class TextView(Generic[AnyStr]):
    """The stream without escape sequences, kept up to date as more comes.

    An unfinished sequence at the end is held back until it is finished.
    """

    __slots__ = (
        "_complete", "_cursor", "_own", "_partial", "_raw", "_raw_starts", "_seen", "_starts",
        "stream",
    )  # fmt: skip

    def __init__(self, raw: Stream[AnyStr], cursor: Cursor) -> None:
        self._raw: Final[Stream[AnyStr]] = raw
        self._cursor: Final = cursor
        self.stream: Stream[AnyStr] = Stream(raw.empty, limit=raw.limit, overflow="drop")
        self._own: Final = self.stream.cursor()
        self._seen = cursor.position  # how far the stream that came was taken in
        # Where each stretch without escape sequences begins, here and in the raw stream.
        self._starts = [0]
        self._raw_starts = [cursor.position]
        as_bytes = isinstance(raw.empty, bytes)
        self._complete: re.Pattern[Any] = re.compile(_as(_COMPLETE, as_bytes))
        self._partial: re.Pattern[Any] = re.compile(_as(_PARTIAL, as_bytes))

    @property
    def position(self) -> int:
        """The reader's place in the text."""
        return self._own.position

    def refresh(self) -> None:
        """Take in what has come since, and what was consumed through another view."""
        self._seen = max(self._seen, self._raw.begin)
        fresh: Any = self._raw.slice(self._seen, self._raw.end)
        partial = self._partial.search(fresh, max(0, len(fresh) - LONGEST_HELD))
        stop = len(fresh) if partial is None else partial.start()
        done = 0
        for escape in self._complete.finditer(fresh, 0, stop):
            self._take(fresh, done, escape.start())
            done = escape.end()
        self._take(fresh, done, stop)
        self._seen += stop
        self._follow()

    def _take(self, fresh: Any, start: int, stop: int) -> None:
        if stop > start:
            if self._seen + start != self._raw_starts[-1] + self.stream.end - self._starts[-1]:
                self._starts.append(self.stream.end)
                self._raw_starts.append(self._seen + start)
            self.stream.append(fresh[start:stop])

    def _follow(self) -> None:
        """Move on to where the reader of the raw stream stands."""
        raw = self._cursor.position
        index = bisect_right(self._raw_starts, raw) - 1
        if index >= 0:
            end = self._starts[index + 1] if index + 1 < len(self._starts) else self.stream.end
            here = min(end, self._starts[index] + raw - self._raw_starts[index])
            if here > self._own.position:
                self.stream.consume(self._own, here)
        self._forget()

    def _forget(self) -> None:
        """Let go of the stretches that end before the reader's place."""
        index = bisect_right(self._starts, self._own.position) - 1
        if index > 256:
            del self._starts[:index], self._raw_starts[:index]

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """The offsets, in the stream that came, of a stretch of the text."""
        begin = self._offset(start)
        return begin, max(begin, self._offset(end, behind=True))

    def _offset(self, position: int, *, behind: bool = False) -> int:
        """The offset of the character at a place, or of the place behind the one before."""
        inside = position - 1 if behind and position else position
        index = max(0, bisect_right(self._starts, inside) - 1)
        return self._raw_starts[index] + position - self._starts[index]

    def consume(self, position: int) -> None:
        """Move the reader on, here and in the stream that came."""
        at_end = position == self.stream.end
        raw = self._seen if at_end else self._offset(position, behind=True)
        self.stream.consume(self._own, position)
        self._raw.consume(self._cursor, max(raw, self._cursor.position))

    def finish(self) -> None:
        """A sequence that was never finished belongs to the end, and to no text."""
        self._seen = self._raw.end


def _as(source: str, as_bytes: bool) -> Any:
    return source.encode("ascii") if as_bytes else source
