"""How far one pattern has looked into one stream, and what it found there.

A tracker takes nothing back: whatever comes, a match that is settled stays, and one that
is pending only ever grows. So each goes on from where it stopped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from chat.core.analysis import analyse
from chat.core.patterns import Literal, Regex, Textual
from chat.core.runner import Accepted, Allowance
from chat.core.stream import Stream
from chat.core.sweep import First


class Hit(NamedTuple):
    """A match of one pattern.

    Attributes:
        start: The offset of its first character.
        end: The offset behind its last one.
        key: What is compared between patterns: the end, or the end of what was looked at
            where that is further.
        settled: Whether no further text can change it.
        match: The regular expression's match, if it is one.
    """

    start: int
    end: int
    key: int
    settled: bool
    match: re.Match[Any] | None


class Tracker(Protocol):
    """How far one pattern has looked into one stream."""

    @property
    def is_fresh(self) -> bool:
        """Whether a sweep may still look for its beginning."""

    @property
    def put_off(self) -> bool:
        """Whether the last scan did not look at all that it was given."""

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""

    def skip(self, position: int) -> None:
        """Take it from the caller that no match starts before `position`."""

    def scan(self, stream: Stream[Any], limit: int, *, whole: bool = False) -> Hit | None:
        """The first match whose prefix ends by `limit`, if there is one.

        Args:
            whole: Put nothing off, whatever it costs.
        """

    def settle(self, stream: Stream[Any]) -> Hit | None:
        """The first match in a stream that does not go on."""

    def firsts(self) -> Sequence[First] | None:
        """What a sweep recognises it by; `None` if that cannot be said."""


class LiteralTracker:
    """Looks for a text."""

    __slots__ = ("_hit", "_resume", "_seen", "text", "width")

    is_fresh = True
    put_off = False

    def __init__(self, pattern: Literal) -> None:
        self.text: Final = pattern.text
        self.width: Final = len(pattern.text)
        self._resume = self._seen = 0
        self._hit: Hit | None = None

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""
        self._resume = self._seen = begin
        self._hit = None

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        if self._hit is not None and self._hit.start < begin:
            self.reset(begin)
        self.skip(begin)

    def skip(self, position: int) -> None:
        """Take it from the caller that no match starts before `position`."""
        if position > self._resume:
            self._resume = position
            self._seen = max(self._seen, position)

    def scan(self, stream: Stream[Any], limit: int, *, whole: bool = False) -> Hit | None:
        """The first occurrence that ends by `limit`, if there is one."""
        if self._hit is not None:
            return self._hit
        while self._seen < limit:
            text, base = stream.window(self._resume, self._seen)
            stop = min(limit - base, len(text))
            found = text.find(self.text, self._resume - base, stop)
            if found >= 0:
                start = base + found
                end = start + self.width
                self._hit = Hit(start, end, end, True, None)
                return self._hit
            self._seen = base + stop
            self._resume = max(self._resume, self._seen - self.width + 1)
        return None

    def settle(self, stream: Stream[Any]) -> Hit | None:
        """The same: a text is a text at the end of a stream too."""
        return self.scan(stream, stream.end)

    def firsts(self) -> Sequence[First]:
        """The text itself."""
        return (First.of_text(self.text),)


class RegexTracker:
    """Looks for a regular expression."""

    __slots__ = ("_allowance", "_analysis", "_begin", "_claim", "_hit", "_late", "_runners")

    def __init__(self, pattern: Regex) -> None:
        self._analysis: Final = analyse(pattern.compiled)
        self.reset(0)

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""
        self._allowance = Allowance(begin)
        self._start_over(begin)

    def _start_over(self, begin: int) -> None:
        self._begin = begin
        self._runners = [self._analysis.runner(each, begin) for each in self._analysis.programs]
        self._claim: tuple[int, int] | None = None  # start, and stop of the shortest prefix
        self._hit: Hit | None = None
        self._late = False  # in looking how far the match has grown

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        if self._claim is not None and self._claim[0] < begin:
            self._start_over(begin)
            return
        self._begin = begin
        for runner in self._runners:
            runner.cut(begin)

    @property
    def put_off(self) -> bool:
        """Whether the last scan did not look at all that it was given."""
        return self._late or (
            self._claim is None and any(each.put_off for each in self._runners)
        )

    @property
    def is_fresh(self) -> bool:
        """Whether a sweep may still look for its beginning."""
        return self._claim is None and all(each.is_fresh for each in self._runners)

    def skip(self, position: int) -> None:
        """Take it from the caller that no match starts before `position`."""
        for runner in self._runners:
            runner.skip(position)

    def firsts(self) -> Sequence[First] | None:
        """The first guards of its programs, unless one of them roams."""
        found = []
        for each in self._analysis.programs:
            if not each.segments:
                return None
            segment = each.segments[0]
            needle = segment.needles[segment.guard]
            flags = self._analysis.original.flags
            found.append(First(list(needle.tree), needle.width, needle.behind, flags))
        return found

    def scan(self, stream: Stream[Any], limit: int, *, whole: bool = False) -> Hit | None:
        """The match of the shortest prefix that ends by `limit`, pending or settled."""
        if self._claim is None:
            accepted = self._accept(stream, limit, whole=whole)
            if accepted is None:
                return None
            self._stake(stream, accepted)
        if self._hit is None or not self._hit.settled:
            self._hit = self._grow(stream, whole=whole)
        return self._hit

    def settle(self, stream: Stream[Any]) -> Hit | None:
        """The match in a stream that does not go on."""
        end = stream.end
        hit = self.scan(stream, end, whole=True)
        if hit is not None:
            return hit if hit.settled else self._finish(stream)
        copies = [each.copy() for each in self._runners]
        accepted = [found for each in copies if (found := each.scan(stream, end, ended=True))]
        if not accepted:
            return None
        floor = min(each.floor for each in accepted)
        text, base = self._text(stream, floor, end)
        match = self._analysis.plain.search(text, floor - base)
        # It was not there before the end, so the end is what decides for it.
        return None if match is None else self._made(text, base, *match.span(), end)

    def _accept(self, stream: Stream[Any], limit: int, *, whole: bool) -> Accepted | None:
        """The shortest prefix in which one of the programs matches."""
        best: Accepted | None = None
        late = []
        for runner in self._runners:
            found = runner.scan(stream, limit, whole=whole)
            if found is not None:
                best, limit = _shorter(found, best), found.stop
            elif runner.put_off:
                late.append(runner)
        if best is not None:
            for runner in late:
                found = runner.scan(stream, best.stop, whole=True)
                best = best if found is None else _shorter(found, best)
        return best

    def _stake(self, stream: Stream[Any], accepted: Accepted) -> None:
        """Find where the match of the shortest prefix starts."""
        text, base = self._text(stream, accepted.floor, accepted.stop)
        match = self._analysis.strict.search(text, accepted.floor - base)
        assert match is not None, "where the pieces of a pattern match, the whole does"
        self._claim = (base + match.start(), accepted.stop)

    def _text(self, stream: Stream[Any], begin: int, stop: int) -> tuple[Any, int]:
        """The text from `begin` with what the pattern may look back at."""
        base = max(self._begin, begin - self._analysis.behind)
        return stream.slice(base, stop), base

    def _grow(self, stream: Stream[Any], *, whole: bool) -> Hit:
        assert self._claim is not None
        start, stop = self._claim
        growth = self._analysis.growth
        if growth is None:
            text, base = self._text(stream, start, stop)
            return self._made(text, base, start - base, stop - base, stop)
        paid = self._allowance.spend(stream.end - start, stream.end)
        self._late = not (paid or whole)
        if self._late:
            return self._hit or Hit(start, stop, stop, False, None)
        text, base = self._text(stream, start, stream.end)
        match = growth.match(text, start - base)
        assert match is not None, "the growth variant matches wherever the strict one does"
        if match.start(growth.groups) >= 0:
            hit = self._finish(stream)._replace(settled=False)
            # What looks ahead may yet turn out to end earlier.
            return hit._replace(key=stop) if self._analysis.ahead else hit
        return self._made(text, base, start - base, match.end(), stop)

    def _finish(self, stream: Stream[Any]) -> Hit:
        """The match at the known start in a stream that does not go on."""
        assert self._claim is not None
        start, stop = self._claim
        text, base = self._text(stream, start, stream.end)
        match = self._analysis.plain.match(text, start - base)
        assert match is not None, "the plain variant matches wherever the strict one does"
        return self._made(text, base, start - base, match.end(), stop)

    def _made(self, text: Any, base: int, start: int, end: int, stop: int = 0) -> Hit:
        """The hit, with groups as the caller's own pattern sets them, where it can."""
        original = self._analysis.original
        match = original.match(text, start)
        if match is None or match.end() != end:
            match = original.match(text, start, end)
        if match is None or match.end() != end:
            match = self._analysis.plain.match(text, start)
        # The prefix is longer than the match only where the pattern looks ahead.
        return Hit(base + start, base + end, max(base + end, stop), True, match)


def tracker(text: Textual) -> Tracker:
    """A tracker for a literal or a regular expression."""
    return LiteralTracker(text) if isinstance(text, Literal) else RegexTracker(text)


def least_width(text: Textual) -> int:
    """Characters that the shortest match takes."""
    return len(text.text) if isinstance(text, Literal) else analyse(text.compiled).least


def may_settle(text: Textual) -> bool:
    """Whether silence may decide something about it that arrival did not."""
    return isinstance(text, Regex) and analyse(text.compiled).settles


def _shorter(found: Accepted, best: Accepted | None) -> Accepted:
    """The shorter prefix of the two; at the same length, with the lower floor."""
    if best is None or found.stop < best.stop:
        return found
    return Accepted(best.stop, min(found.floor, best.floor))
