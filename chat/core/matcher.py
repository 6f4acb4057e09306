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

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol, TypeAlias

from chat.core.patterns import Textual
from chat.core.stream import Stream
from chat.core.sweep import WORTH, Needles, Sweep
from chat.core.trackers import Hit, Tracker, least_width, may_settle, tracker

NEAR: Final = 4096
"""Characters that are swept once more behind a stop, to know whom else it concerns."""

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


OrderMaker: TypeAlias = "Callable[[Sequence[Textual], str | bytes], Order]"
"""Makes an order of some texts, given what the stream is made of (`""` or `b""`)."""


class SoleOrder:
    """Stream order of one text, whose match is the answer.

    Args:
        text: What is looked for.
    """

    __slots__ = ("_tracker", "begin", "least", "may_settle")

    def __init__(self, text: Textual) -> None:
        self.begin = 0
        self._tracker: Final = tracker(text)
        self.least = least_width(text)
        self.may_settle = may_settle(text)

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
        "_alone", "_asked", "_needles", "_served", "_sweep", "_trackers", "begin", "least",
        "may_settle",
    )  # fmt: skip

    def __init__(self, texts: Sequence[Textual], empty: str | bytes) -> None:
        self._trackers: Final = [tracker(each) for each in texts]
        self.may_settle = any(map(may_settle, texts))
        self.least = min(map(least_width, texts), default=0)
        self.begin = 0
        self._needles: Needles | None = None
        self._sweep: Sweep | None = None
        self._served: Final[list[int]] = []  # numbers of the trackers that a sweep serves
        self._asked: Final[set[int]] = set()  # those of them it has stopped for
        self._alone: Final = list(range(len(texts)))
        if len(texts) >= WORTH:
            self._prepare_sweep(empty)

    def _prepare_sweep(self, empty: str | bytes) -> None:
        firsts = []
        for number, each in enumerate(self._trackers):
            found = each.firsts()
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
        self._asked.clear()
        for each in self._trackers:
            each.reset(begin)

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        self.begin = begin
        if self._sweep is not None:
            self._sweep.cut(begin)
        for each in self._trackers:
            each.cut(begin)

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""
        if self._sweep is not None:
            hits = self._scan_sweeping(stream, self._sweep)
        else:
            hits = self._scan(range(len(self._trackers)), stream, stream.end)
        found = self._chosen(hits)
        return None if found is None else self._confirmed(stream, hits, found)

    def _confirmed(
        self, stream: Stream[Any], hits: list[Hit | None], found: Found
    ) -> Found | None:
        """The answer, once those that have put off looking have looked up to its end."""
        key = found[1].key
        late = False
        for number, each in enumerate(self._trackers):
            if hits[number] is None and each.put_off:
                hits[number] = each.scan(stream, key, whole=True)
                late = True
        return self._chosen(hits) if late else found

    def _scan(
        self, numbers: Iterable[int], stream: Stream[Any], limit: int
    ) -> list[Hit | None]:
        """The hits up to `limit`, by number, of the trackers with those numbers."""
        hits: list[Hit | None] = [None] * len(self._trackers)
        for number in numbers:
            hit = hits[number] = self._trackers[number].scan(stream, limit)
            if hit is not None and hit.key < limit:
                limit = hit.key
        return hits

    def _scan_sweeping(self, stream: Stream[Any], sweep: Sweep) -> list[Hit | None]:
        begun = [each for each in self._asked if not self._trackers[each].is_fresh]
        under_way = [*self._alone, *begun]
        hits = self._scan(under_way, stream, stream.end) if under_way else []
        limit = min((hit.key for hit in hits if hit is not None), default=stream.end)
        stopped = self._sweep_up_to(stream, sweep, limit)
        begin = sweep.resume
        if stopped is not None:
            begin, limit = stopped[0], min(limit, stopped[1])
        elif not (sweep.is_dense or limit < stream.end or any(hits)):
            return []
        for number in self._served:
            self._trackers[number].skip(begin)
        if sweep.is_dense:
            self._sweep = None
            return self._scan(range(len(self._trackers)), stream, stream.end)
        near = self._near(stream, sweep, begin, limit)
        self._asked.update(near)
        return self._scan(sorted({*under_way, *near}), stream, limit)

    def _near(self, stream: Stream[Any], sweep: Sweep, begin: int, limit: int) -> Iterable[int]:
        """Of those that a sweep serves, the ones that may match from `begin` up to `limit`."""
        if limit - begin > NEAR:
            return self._served
        return [self._served[each] for each in sweep.candidates(stream, begin, limit)]

    def _sweep_up_to(
        self, stream: Stream[Any], sweep: Sweep, limit: int
    ) -> tuple[int, int] | None:
        """Sweep until some pattern matches.

        Returns:
            The offset before which no pattern begins, and the key of the hit; or `None`.
        """
        for begin, start, candidates in sweep.stops(stream, limit):
            for candidate in candidates:
                number = self._served[candidate]
                asked = self._trackers[number]
                if not asked.is_fresh:
                    continue
                self._asked.add(number)
                asked.skip(begin)
                hit = _asked(asked, stream, start + sweep.needles.width, limit)
                if hit is not None:
                    sweep.step_back(begin)
                    return begin, hit.key
            if sweep.is_dense:
                sweep.step_back(begin)
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
        if any(each.put_off for each in self._trackers):
            # What arrival would have decided, had nobody put off looking.
            hits = [each.scan(stream, stream.end, whole=True) for each in self._trackers]
            found = self._chosen(hits)
            if found is not None:
                return found
        return self._chosen([each.settle(stream) for each in self._trackers])

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


def _asked(tracker: Tracker, stream: Stream[Any], near: int, limit: int) -> Hit | None:
    """The hit of a tracker that a sweep has stopped for.

    It looks no further than where the sweep has stopped, unless it begins to match there.
    """
    hit = tracker.scan(stream, min(limit, near))
    if hit is None and not tracker.is_fresh:
        return tracker.scan(stream, limit)
    return hit
