"""Which pattern has matched, in stream order.

The rules, so that the answer never depends on how the stream was cut into reads:

1. Each pattern's match is the one of the shortest prefix of the stream in which it has
   one; among those in that prefix, the leftmost.
2. A match that more text could still change (`\\d+` at the end of what has come) is
   *pending*. It settles when the text goes on so that it cannot change any more, or when
   the stream is quiet (`settle`). A pattern that looks at the end (`\\$ $`) has no match
   until then.
3. The match whose end comes first wins; at the same end, the pattern listed first. A
   pending match that would win is waited for; one that would lose is not.

Other orders, for the compatibility layers, are in `chat.core.policies`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from chat.core import program as programs_of
from chat.core import syntax
from chat.core.patterns import Literal, Regex, Textual
from chat.core.program import ROAMS, Program
from chat.core.runner import Accepted, Roamer, Runner
from chat.core.stream import Stream
from chat.core.sweep import WORTH, First, Needles, Sweep

GROW_AT_ONCE: Final = 1 << 16
"""Up to this length a growing match is looked at on each arrival, then at doubled ones."""


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

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""

    def skip(self, position: int) -> None:
        """Take it from the caller that no match starts before `position`."""

    def scan(self, stream: Stream[Any], limit: int) -> Hit | None:
        """The first match whose prefix ends by `limit`, if there is one."""

    def settle(self, stream: Stream[Any]) -> Hit | None:
        """The first match in a stream that does not go on."""

    def firsts(self) -> Sequence[First] | None:
        """What a sweep recognises it by; `None` if that cannot be said."""


class LiteralTracker:
    """Looks for a text."""

    __slots__ = ("_hit", "_resume", "_seen", "text", "width")

    is_fresh = True

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

    def scan(self, stream: Stream[Any], limit: int) -> Hit | None:
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


class Analysis:
    """What is known about a regular expression once it has been taken apart."""

    __slots__ = (
        "ahead", "behind", "fixed", "growth", "least", "original", "plain", "programs",
        "strict", "tree",
    )  # fmt: skip

    def __init__(self, original: re.Pattern[Any]) -> None:
        self.original: Final = original
        try:
            self.tree: Any = syntax.parse(original)
        except syntax.Opaque:
            self._treat_as_opaque()
            return
        flags = self.tree.state.flags
        self.behind, self.ahead = syntax.reach(self.tree)
        self.least, _ = syntax.width(self.tree)
        self.fixed: bool = not self.ahead and syntax.is_fixed(self.tree)
        self.strict = (
            original
            if self.fixed
            else syntax.compiled(self.tree, syntax.strict(self.tree, flags))
        )
        self.plain = (
            original if self.fixed else syntax.compiled(self.tree, syntax.plain(self.tree))
        )
        self.growth: re.Pattern[Any] | None = None if self.fixed else syntax.growth(self.tree)
        self.programs: list[Program] = programs_of.programs(self.tree)

    def _treat_as_opaque(self) -> None:
        """A construct of a later Python: matched as `re` does on what has come."""
        self.tree, self.growth, self.fixed = None, None, True
        self.behind = self.ahead = 1
        self.least = 0
        self.strict = self.plain = self.original
        self.programs = [ROAMS]

    def runner(self, program: Program, begin: int) -> Runner | Roamer:
        """Something that runs one of the programs."""
        if program.segments:
            return Runner(program, begin)
        return Roamer(self.strict, self.plain, self._viable(), self.behind, begin)

    def _viable(self) -> re.Pattern[Any] | None:
        if self.tree is None:
            return None
        nodes = syntax.possible(self.tree, self.tree.state.flags)
        return syntax.compiled(self.tree, nodes)


@lru_cache(maxsize=512)
def analyse(original: re.Pattern[Any]) -> Analysis:
    """Take a regular expression apart, once."""
    return Analysis(original)


class RegexTracker:
    """Looks for a regular expression."""

    __slots__ = ("_analysis", "_begin", "_claim", "_grown", "_hit", "_runners")

    def __init__(self, pattern: Regex) -> None:
        self._analysis: Final = analyse(pattern.compiled)
        self.reset(0)

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""
        self._begin = begin
        self._runners = [self._analysis.runner(each, begin) for each in self._analysis.programs]
        self._claim: tuple[int, int] | None = None  # start, and stop of the shortest prefix
        self._hit: Hit | None = None
        self._grown = 0

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        if not self.is_fresh:
            self.reset(begin)
            return
        self._begin = begin
        for runner in self._runners:
            runner.cut(begin)

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
            found.append(First(needle.nodes, needle.width, needle.behind, flags))
        return found

    def scan(self, stream: Stream[Any], limit: int) -> Hit | None:
        """The match of the shortest prefix that ends by `limit`, pending or settled."""
        if self._claim is None:
            accepted = self._accept(self._runners, stream, limit, ended=False)
            if accepted is None:
                return None
            self._stake(stream, accepted)
        if self._hit is None or not self._hit.settled:
            self._hit = self._grow(stream)
        return self._hit

    def settle(self, stream: Stream[Any]) -> Hit | None:
        """The match in a stream that does not go on."""
        hit = self.scan(stream, stream.end)
        if hit is not None:
            return hit if hit.settled else self._finish(stream)
        runners = [each.copy() for each in self._runners]
        accepted = self._accept(runners, stream, stream.end, ended=True)
        if accepted is None:
            return None
        text, base = self._text(stream, accepted.floor, stream.end)
        match = self._analysis.plain.search(text, accepted.floor - base)
        return None if match is None else self._made(text, base, match.start(), match.end())

    def _accept(
        self, runners: list[Any], stream: Stream[Any], limit: int, *, ended: bool
    ) -> Accepted | None:
        best: Accepted | None = None
        for runner in runners:
            found = runner.scan(stream, limit, ended=ended)
            if found is None:
                continue
            if best is not None and found.stop == best.stop:
                found = Accepted(found.stop, min(found.floor, best.floor))
            best, limit = found, found.stop
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

    def _grow(self, stream: Stream[Any]) -> Hit:
        assert self._claim is not None
        start, stop = self._claim
        growth = self._analysis.growth
        if growth is None:
            text, base = self._text(stream, start, stop)
            return self._made(text, base, start - base, stop - base, stop)
        length = stream.end - start
        if self._hit is not None and GROW_AT_ONCE < length < 2 * self._grown:
            return self._hit
        self._grown = length
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


# ── many patterns ─────────────────────────────────────────────────────────────────────────


Found: TypeAlias = tuple[int, Hit]
"""The answer of a search: which of its texts, and where it matched."""


class Order(Protocol):
    """A way to decide between patterns: stream order here, others in `chat.core.policies`."""

    may_settle: bool
    """Whether silence can decide something that arrival did not."""

    begin: int
    """The offset at which matches may start."""

    least: int
    """Characters that the shortest possible match takes."""

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""

    def settle(self, stream: Stream[Any]) -> Found | None:
        """The answer, if the stream does not go on."""


class SoleOrder:
    """Stream order of one text, whose match is the answer.

    Args:
        text: What is looked for.
    """

    __slots__ = ("_tracker", "begin", "least", "may_settle")

    def __init__(self, text: Textual) -> None:
        self.begin = 0
        self._tracker: Tracker
        if isinstance(text, Literal):
            self._tracker = LiteralTracker(text)
            self.least, self.may_settle = self._tracker.width, False
        else:
            known = analyse(text.compiled)
            self._tracker = RegexTracker(text)
            self.least, self.may_settle = known.least, not known.fixed

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""
        self.begin = begin
        self._tracker.reset(begin)

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        self.begin = begin
        self._tracker.cut(begin)

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""
        hit = self._tracker.scan(stream, stream.end)
        return None if hit is None or not hit.settled else (0, hit)

    def settle(self, stream: Stream[Any]) -> Found | None:
        """The answer, if the stream does not go on."""
        hit = self._tracker.settle(stream)
        return None if hit is None else (0, hit)


def stream_order(texts: Sequence[Textual], empty: str | bytes) -> Order:
    """Stream order for some texts; see the rules at the top of this module."""
    return SoleOrder(texts[0]) if len(texts) == 1 else StreamOrder(texts, empty)


class StreamOrder:
    """Decides by the shortest prefix; see the rules at the top of this module.

    Args:
        texts: What is looked for, in the caller's order.
        empty: What the stream is made of.
    """

    __slots__ = (
        "_alone", "_needles", "_served", "_sweep", "_trackers", "begin", "least", "may_settle",
    )  # fmt: skip

    def __init__(self, texts: Sequence[Textual], empty: str | bytes) -> None:
        self._trackers: Final[list[Tracker]] = [
            LiteralTracker(each) if isinstance(each, Literal) else RegexTracker(each)
            for each in texts
        ]
        self.may_settle: Final = not all(
            isinstance(each, Literal) or analyse(each.compiled).fixed for each in texts
        )
        widths = [
            len(each.text) if isinstance(each, Literal) else analyse(each.compiled).least
            for each in texts
        ]
        self.least: Final = min(widths, default=0)
        self.begin = 0
        self._needles: Needles | None = None
        self._sweep: Sweep | None = None
        self._served: Final[list[int]] = []  # numbers of the trackers that a sweep serves
        self._alone: Final = list(range(len(texts)))
        if len(texts) >= WORTH:
            self._prepare_sweep(empty)

    def _prepare_sweep(self, empty: str | bytes) -> None:
        firsts = []
        for number, tracker in enumerate(self._trackers):
            found = tracker.firsts()
            if found is not None:
                firsts.append(found)
                self._served.append(number)
                self._alone.remove(number)
        if len(firsts) >= WORTH:
            self._needles = Needles(firsts, empty)
        else:
            self._alone[:] = range(len(self._trackers))
            self._served.clear()

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""
        self.begin = begin
        self._sweep = None if self._needles is None else Sweep(self._needles, begin)
        for tracker in self._trackers:
            tracker.reset(begin)

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        self.begin = begin
        if self._sweep is not None:
            self._sweep.cut(begin)
        for tracker in self._trackers:
            tracker.cut(begin)

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""
        if self._sweep is not None:
            return self._chosen(self._scan_sweeping(stream, self._sweep))
        return self._chosen(self._scan(self._trackers, stream, stream.end))

    @staticmethod
    def _scan(trackers: list[Tracker], stream: Stream[Any], limit: int) -> list[Hit | None]:
        hits: list[Hit | None] = []
        for tracker in trackers:
            hit = tracker.scan(stream, limit)
            if hit is not None and hit.key < limit:
                limit = hit.key
            hits.append(hit)
        return hits

    def _scan_sweeping(self, stream: Stream[Any], sweep: Sweep) -> list[Hit | None]:
        begun = [each for each in self._served if not self._trackers[each].is_fresh]
        hits = self._scan(
            [self._trackers[each] for each in (*self._alone, *begun)], stream, stream.end
        )
        limit = min((hit.key for hit in hits if hit is not None), default=stream.end)
        stopped = self._sweep_up_to(stream, sweep, limit)
        if stopped is not None:
            limit = min(limit, stopped[1])
        if sweep.is_dense or limit < stream.end or stopped is not None or any(hits):
            for number in self._served:
                self._trackers[number].skip(sweep.resume if stopped is None else stopped[0])
            if sweep.is_dense:
                self._sweep, limit = None, stream.end
            return self._scan(self._trackers, stream, limit)
        return []

    def _sweep_up_to(
        self, stream: Stream[Any], sweep: Sweep, limit: int
    ) -> tuple[int, int] | None:
        """Sweep until some pattern matches.

        Returns:
            The offset before which no pattern begins, and the key of the hit; or `None`.
        """
        for begin, start, candidates in sweep.stops(stream, limit):
            for candidate in candidates:
                tracker = self._trackers[self._served[candidate]]
                if not tracker.is_fresh:
                    continue
                tracker.skip(begin)
                hit = tracker.scan(stream, min(limit, start + sweep.needles.width))
                if hit is None and not tracker.is_fresh:
                    hit = tracker.scan(stream, limit)
                if hit is not None:
                    sweep.step_back(begin)
                    return begin, hit.key
            if sweep.is_dense:
                return None
        return None

    def settle(self, stream: Stream[Any]) -> Found | None:
        """The answer, if the stream does not go on."""
        found = self.scan(stream)
        if found is not None or not self.may_settle:
            return found
        if self._sweep is not None:
            for number in self._served:
                self._trackers[number].skip(self._sweep.resume)
        return self._chosen([tracker.settle(stream) for tracker in self._trackers])

    @staticmethod
    def _chosen(hits: list[Hit | None]) -> Found | None:
        best: Hit | None = None
        chosen = 0
        for number, hit in enumerate(hits):
            if hit is not None and (best is None or hit.key < best.key):
                best, chosen = hit, number
        if best is None or not best.settled:
            return None
        return chosen, best
