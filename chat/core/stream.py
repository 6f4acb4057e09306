"""What has come, at absolute offsets.

The stream is a list of parts, roughly as they arrived. Nothing is joined until somebody
asks for text that spans parts, so that appending costs the same however much is kept, and
a search looks at a part and the little before it that a match may have begun in.

Offsets count characters (bytes in a stream of bytes) from the session's beginning and
never change their meaning, whatever is discarded: a mark made an hour ago still says where
it stood. What lies before every cursor and every mark is let go.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from typing import AnyStr, Final, Generic, Literal, final

from chat.errors import StreamOverflow

PART_SIZE: Final = 65536
"""Small arrivals are gathered into parts of this size: what one read brings at the most."""

DEFAULT_LIMIT: Final = 256 * 1024 * 1024
"""Characters kept when nobody takes them. Far above any dialogue, far below most machines'
memory; Tcl Expect keeps 6 000 and forgets silently, pexpect keeps everything."""

Overflow = Literal["error", "drop"]


@final
class Mark:
    """A place in the stream. While it is alive, what came after it is kept.

    Attributes:
        offset: Where it is.
        dropped: Characters behind it that were dropped to respect the stream's limit.
    """

    __slots__ = ("__weakref__", "dropped", "offset")

    def __init__(self, offset: int) -> None:
        self.offset: Final = offset
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<Mark at {self.offset}>"


@final
class Cursor:
    """How far one reader of the stream has consumed it.

    Attributes:
        position: The offset of the first character not consumed.
        dropped: Characters that were dropped unread to respect the stream's limit.
    """

    __slots__ = ("dropped", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<Cursor at {self.position}>"


@final
class Stream(Generic[AnyStr]):
    """An append-only text (or bytes) of which the part still wanted is kept.

    Args:
        empty: `""` or `b""`, which says what the stream is made of.
        limit: Characters that may wait unconsumed.
        overflow: What happens beyond the limit: `"error"`, or `"drop"` the oldest and
            count them on the cursors.

    Attributes:
        end: The offset behind the last character that has come.
        crowded: Whether so much has come that `check_room` should be asked.
    """

    __slots__ = (
        "_cursors", "_marks", "_parts", "_starts", "crowded", "empty", "end", "limit",
        "overflow",
    )  # fmt: skip

    def __init__(
        self, empty: AnyStr, *, limit: int = DEFAULT_LIMIT, overflow: Overflow = "error"
    ) -> None:
        if limit < 1:
            raise ValueError(f"a limit of {limit} characters")
        if overflow not in ("error", "drop"):
            raise ValueError(f"overflow is 'error' or 'drop', not {overflow!r}")
        self.empty: Final[AnyStr] = empty
        self.limit: Final = limit
        self.overflow: Final = overflow
        self.end = 0
        self.crowded = False
        self._parts: list[AnyStr] = [empty]
        self._starts: list[int] = [0]
        self._cursors: list[Cursor] = []
        self._marks: list[weakref.ref[Mark]] = []

    @property
    def begin(self) -> int:
        """The offset of the first character still kept."""
        return self._starts[0]

    def cursor(self, position: int | None = None) -> Cursor:
        """A new reader, from the position or from the end."""
        made = Cursor(self.end if position is None else position)
        self._cursors.append(made)
        return made

    def release(self, cursor: Cursor) -> None:
        """Forget a reader; what it alone has not consumed is let go."""
        self._cursors.remove(cursor)
        self._discard()

    def mark(self, offset: int | None = None) -> Mark:
        """A place to come back to, at the offset or at the end."""
        made = Mark(self.end if offset is None else offset)
        self._marks.append(weakref.ref(made, self._marks.remove))
        return made

    def append(self, piece: AnyStr) -> None:
        """Add what has come, dropping the oldest beyond the limit if that was asked for."""
        if not piece:
            return
        last = self._parts[-1]
        if len(last) + len(piece) <= PART_SIZE:
            self._parts[-1] = last + piece
        else:
            self._parts.append(piece)
            self._starts.append(self.end)
        self.end += len(piece)
        if self.end - self._starts[0] > self.limit:
            self.crowded = True
            if self.overflow == "drop":
                self._drop_oldest()

    def check_room(self) -> None:
        """Refuse to go on when a reader or a mark is behind by more than the limit.

        Asked before more is read, so that what came is kept and the rest waits where it is.

        Raises:
            StreamOverflow: There is no room, and the stream was told not to drop.
        """
        self.crowded = self.end - self.begin > self.limit
        if not self.crowded or self.overflow == "drop":
            return
        if self.end - self._wanted() > self.limit:
            raise StreamOverflow(
                f"more than {self.limit} characters are kept, unread or behind a mark;"
                " read them, or give the session a larger limit or overflow='drop'"
            )

    def slice(self, start: int, stop: int) -> AnyStr:
        """The text from `start` up to `stop`, as far as it is kept."""
        if start == stop:
            return self.empty
        first = self._starts[-1]
        if start >= first:
            return self._parts[-1][start - first : max(0, stop - first)]
        start = max(start, self.begin)
        low = bisect_right(self._starts, start) - 1
        high = bisect_right(self._starts, max(start, stop - 1))
        if high - low == 1:
            base = self._starts[low]
            return self._parts[low][start - base : max(0, stop - base)]
        pieces = self._parts[low:high]
        pieces[0] = pieces[0][start - self._starts[low] :]
        pieces[-1] = pieces[-1][: stop - self._starts[high - 1]]
        return self.empty.join(pieces)

    def window(self, begin: int, position: int) -> tuple[AnyStr, int]:
        """Text from `begin` or earlier, to the end of the part that holds `position`.

        Nothing is copied when `begin` lies in that part.

        Returns:
            The text and the offset of its first character.
        """
        if len(self._starts) == 1:
            return self._parts[0], self._starts[0]
        index = bisect_right(self._starts, position) - 1
        base = self._starts[index]
        if begin >= base or index == 0:
            return self._parts[index], base
        return self.slice(begin, base) + self._parts[index], begin

    def consume(self, cursor: Cursor, position: int) -> None:
        """Move a reader on, and let go of what nobody wants any more."""
        cursor.position = position
        if position == self.end and len(self._cursors) == 1 and not self._marks:
            self._parts, self._starts = [self.empty], [position]
        elif len(self._starts) > 1 or len(self._parts[0]) >= PART_SIZE or position == self.end:
            self._discard()

    def _live_marks(self) -> list[Mark]:
        return [mark for each in self._marks if (mark := each()) is not None]

    def _wanted(self) -> int:
        """The offset from which on somebody still wants the text."""
        if len(self._cursors) == 1 and not self._marks:
            return self._cursors[0].position
        places = [each.position for each in self._cursors]
        places += [mark.offset + mark.dropped for mark in self._live_marks()]
        return min(places, default=self.end)

    def _discard(self) -> None:
        wanted = self._wanted()
        if wanted >= self.end:
            self._parts, self._starts = [self.empty], [self.end]
        elif len(self._starts) > 1 and wanted >= self._starts[1]:
            keep = bisect_right(self._starts, wanted) - 1
            del self._parts[:keep], self._starts[:keep]

    def _drop_oldest(self) -> None:
        """Respect the limit, which counts what is kept for the slowest reader or mark."""
        oldest = self.end - self.limit
        for cursor in self._cursors:
            if cursor.position < oldest:
                cursor.dropped += oldest - cursor.position
                cursor.position = oldest
        for mark in self._live_marks():
            mark.dropped = max(mark.dropped, oldest - mark.offset)
        self._discard()
