"""What one reader waits for in a stream, and the matches that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, AnyStr, Final, Generic, final

from chat.core.match import NO_NAMES, Match
from chat.core.matcher import Found, OrderMaker, stream_order
from chat.core.patterns import (
    EOF,
    TIMEOUT,
    AnyOf,
    Condition,
    Quiet,
    Textual,
    as_pattern,
    check_kind,
    flatten,
    unnest,
)
from chat.core.stream import Cursor, Stream
from chat.core.views import RawView, TextView, View, ViewName
from chat.errors import PatternError

REMEMBERED: Final = 64
"""Lists of patterns kept ready. A script has a few dozen; a loop that makes up patterns
must not fill the memory."""


@final
class Awaited:
    """A list of patterns, made ready to be waited for, again and again.

    Args:
        given: Patterns and iterables of patterns.
        answered: Further patterns, which are answered on the way.
        empty: What the stream is made of.
        order: How to decide between them.

    Raises:
        PatternTypeError: Something is not a pattern, or not for this kind of stream.
        PatternError: There is nothing to wait for.
    """

    __slots__ = (
        "answered", "conditions", "given", "members", "order", "patterns", "quiet",
    )  # fmt: skip

    def __init__(
        self,
        given: Iterable[object],
        empty: str | bytes,
        *,
        answered: Iterable[object] = (),
        order: OrderMaker = stream_order,
    ) -> None:
        self.given: Final = unnest(given)
        self.patterns: Final = tuple(map(as_pattern, self.given))
        self.answered: Final = tuple(flatten(answered)) if answered else ()
        if not self.patterns:
            raise PatternError("there is nothing to wait for")
        # For each text: the number of its pattern, what was given, and the pattern's name.
        self.members: Final[list[tuple[int, Any, str | None]]] = []
        self.conditions: Final[dict[Condition, int]] = {}
        self.quiet: Final[list[tuple[float, int]]] = []
        texts: list[Textual] = []
        for index, pattern in enumerate(self.patterns + self.answered):
            if isinstance(pattern, Condition | Quiet):
                self._add_condition(index, pattern)
            else:
                texts += self._add_texts(index, pattern, empty)
        self.order: Final = order(texts, empty)

    def _add_texts(
        self, index: int, pattern: Textual | AnyOf, empty: str | bytes
    ) -> Sequence[Textual]:
        check_kind(pattern, empty)
        if isinstance(pattern, AnyOf):
            for each in pattern.members:
                self.members.append((index, each, pattern.name or each.name))
            return pattern.members
        given = self.given[index] if index < len(self.given) else pattern
        self.members.append((index, given, pattern.name))
        return (pattern,)

    def _add_condition(self, index: int, pattern: Condition | Quiet) -> None:
        if index >= len(self.patterns):
            raise PatternError(f"{pattern} cannot be answered: it is not a prompt")
        if isinstance(pattern, Condition):
            self.conditions.setdefault(pattern, index)
        else:
            self.quiet.append((pattern.seconds, index))
            self.quiet.sort()

    @property
    def descriptions(self) -> list[str]:
        """The patterns in words, for errors."""
        return [str(pattern) for pattern in self.patterns]


# ── making matches ────────────────────────────────────────────────────────────────────────


def matched(awaited: Awaited, view: View[AnyStr], found: Found, dropped: int) -> Match[AnyStr]:
    """The match of a text, which is consumed up to its end."""
    number, (start, end, _, _, match) = found
    index, given, name = awaited.members[number]
    stream = view.stream
    groups: tuple[AnyStr | None, ...] = ()
    named: Mapping[str, AnyStr | None] = NO_NAMES
    if match is not None and match.re.groups:
        groups = match.groups()
        if match.re.groupindex:
            named = MappingProxyType(match.groupdict())
    text, before = stream.slice(start, end), stream.slice(view.position, start)
    begin, stop = view.offsets(start, end)
    view.consume(end)
    return Match(index, given, text, before, begin, stop, groups, named, dropped, name)


def fulfilled(
    index: int, pattern: Condition | Quiet, view: View[AnyStr], dropped: int
) -> Match[AnyStr]:
    """The match of a condition, which consumes all that has come; TIMEOUT nothing."""
    stream = view.stream
    _, end = view.offsets(stream.end, stream.end)
    made: Match[AnyStr] = Match(
        index,
        pattern,
        stream.empty,
        stream.slice(view.position, stream.end),
        end,
        end,
        dropped=dropped,
        name=pattern.name,
    )
    if pattern is not TIMEOUT:
        view.consume(stream.end)
    return made


@final
@dataclass(slots=True)
class Listening(Generic[AnyStr]):
    """What one reader waits for: the awaited patterns on a view of the stream."""

    view: View[AnyStr]
    awaited: Awaited
    cursor: Cursor

    def begin(self) -> None:
        """Start a wait. If nothing was consumed since the last one, its search goes on."""
        self.view.refresh()
        order, position = self.awaited.order, self.view.position
        if order.begin != position:
            order.reset(position)

    def find(self) -> Found | None:
        """What has come decides this, which is not consumed yet; see `take`."""
        self._refresh()
        order, view = self.awaited.order, self.view
        if view.stream.end - order.begin < order.least:
            return None
        return order.scan(view.stream)

    def take(self, found: Found) -> Match[AnyStr]:
        """The match of what was found, which is consumed."""
        return matched(self.awaited, self.view, found, self._dropped())

    def scan(self) -> Match[AnyStr] | None:
        """The match that what has come decides."""
        found = self.find()
        return None if found is None else self.take(found)

    def settle(self) -> Match[AnyStr] | None:
        """The match if what has come is all there is."""
        self._refresh()
        found = self.awaited.order.settle(self.view.stream)
        return None if found is None else self.take(found)

    def _refresh(self) -> None:
        self.view.refresh()
        order, position = self.awaited.order, self.view.position
        if order.begin < position:  # the limit was reached, and the oldest dropped
            order.cut(position)

    def _dropped(self) -> int:
        """How much was dropped unread before the reader's place, which is told once."""
        count, self.cursor.dropped = self.cursor.dropped, 0
        return count

    def condition(self, which: Condition) -> Match[AnyStr] | None:
        """The match of a condition that has come about, if it was awaited."""
        index = self.awaited.conditions.get(which)
        if index is None:
            return None
        if which is EOF:
            self.view.finish()
        return fulfilled(index, which, self.view, self._dropped())

    def silences(self, quiet: float) -> list[float]:
        """The lengths of silence that mean something, in order.

        Args:
            quiet: The one after which what has come counts as all there is.
        """
        awaited = self.awaited
        lengths = {quiet} if awaited.order.may_settle else set()
        if awaited.quiet:
            lengths.update(seconds for seconds, _ in awaited.quiet)
        return sorted(lengths)

    def silence(self, passed: float) -> Match[AnyStr] | None:
        """The match of the first `Quiet` that so many seconds of silence satisfy."""
        for seconds, index in self.awaited.quiet:
            if passed >= seconds:
                pattern = self.awaited.patterns[index]
                assert isinstance(pattern, Quiet)
                return fulfilled(index, pattern, self.view, self._dropped())
        return None


@final
class SoughtText(Generic[AnyStr]):
    """A text that is awaited alone, which is what most conversations are made of.

    It needs no dialogue, since neither silence nor any condition decides it, and none of
    the book-keeping that many patterns need: what `LiteralTracker` does for one of many,
    this does in fewer steps for one.

    Args:
        text: What is awaited.
        stream: Where.
        cursor: The reader's place in the stream.
    """

    __slots__ = ("_cursor", "_resume", "_seen", "_stream", "text")

    def __init__(self, text: AnyStr, stream: Stream[AnyStr], cursor: Cursor) -> None:
        self.text: Final[AnyStr] = text
        self._stream: Final[Stream[AnyStr]] = stream
        self._cursor: Final = cursor
        self._resume = self._seen = cursor.position

    def scan(self) -> Match[AnyStr] | None:
        """Its match, if it has come, which is consumed."""
        stream, cursor = self._stream, self._cursor
        position, wanted = cursor.position, self.text
        if position > self._resume:  # what was before it is consumed, or dropped
            self._resume = position
            self._seen = max(self._seen, position)
        while self._seen < stream.end:
            text, base = stream.window(self._resume, self._seen)
            found = text.find(wanted, self._resume - base)
            if found < 0:
                self._seen = base + len(text)
                self._resume = max(self._resume, self._seen - len(wanted) + 1)
                continue
            start = base + found
            end = start + len(wanted)
            before = stream.slice(position, start)
            stream.consume(cursor, end)
            self._resume = self._seen = end
            dropped, cursor.dropped = cursor.dropped, 0
            return Match(0, wanted, wanted, before, start, end, (), NO_NAMES, dropped)
        return None


@final
class Reader(Generic[AnyStr]):
    """One reader of a stream: how far it has consumed it, and what it waits for.

    Args:
        stream: What it reads, from its beginning.
        order: How to decide between patterns.

    Attributes:
        cursor: How far it has consumed the stream.
    """

    __slots__ = ("_listening", "_order", "_sought", "_views", "cursor", "stream")

    def __init__(self, stream: Stream[AnyStr], order: OrderMaker = stream_order) -> None:
        self.stream: Final[Stream[AnyStr]] = stream
        self.cursor: Final = stream.cursor(0)
        self._views: Final[dict[str, View[AnyStr]]] = {"raw": RawView(stream, self.cursor)}
        self._listening: Final[dict[Any, Listening[AnyStr]]] = {}
        self._order: Final = order
        self._sought: SoughtText[AnyStr] | None = None

    def seek(self, text: AnyStr) -> SoughtText[AnyStr]:
        """Be ready to hear a text alone; if it was the last one sought, that goes on."""
        sought = self._sought
        if sought is None or sought.text != text:
            sought = self._sought = SoughtText(text, self.stream, self.cursor)
        return sought

    def listen(
        self, patterns: tuple[Any, ...], prompts: tuple[Any, ...], view: ViewName
    ) -> Listening[AnyStr]:
        """Be ready to hear the patterns; what was waited for before resumes its search.

        Raises:
            PatternTypeError, PatternError: As `Awaited`.
            ValueError: There is no such view.
        """
        known = (patterns, prompts, view)
        try:
            found = self._listening.get(known)
        except TypeError:  # something unhashable: a list of patterns, or no pattern at all
            found = self._made(patterns, prompts, view)
        else:
            if found is None:
                found = self._made(patterns, prompts, view)
                if len(self._listening) >= REMEMBERED:
                    self._listening.clear()
                self._listening[known] = found
        found.begin()
        return found

    def _made(
        self, patterns: tuple[Any, ...], prompts: tuple[Any, ...], view: ViewName
    ) -> Listening[AnyStr]:
        awaited = Awaited(patterns, self.stream.empty, answered=prompts, order=self._order)
        return Listening(self._view(view), awaited, self.cursor)

    def _view(self, name: ViewName) -> View[AnyStr]:
        found = self._views.get(name)
        if found is None:
            check_view(name)
            found = self._views[name] = TextView(self.stream, self.cursor)
        return found

    def unread(self) -> AnyStr:
        """What has come and is not consumed."""
        return self.stream.slice(self.cursor.position, self.stream.end)

    def take(self, stop: int) -> AnyStr:
        """What has come up to an offset, which is consumed."""
        taken = self.stream.slice(self.cursor.position, stop)
        self.stream.consume(self.cursor, stop)
        return taken


def check_view(view: object) -> None:
    """Raises ValueError: there is no such view."""
    if view not in ("raw", "text"):
        raise ValueError(f"view is 'raw' or 'text', not {view!r}")
