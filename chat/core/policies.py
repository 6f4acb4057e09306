"""Other orders between patterns, for the compatibility layers.

Both decide at each scan on what has come by then, so that the answer does depend on how the
stream was cut into reads: that is what their users expect of them. `^` is where the reader's
text begins and `$` where it ends, as far as it has come. A regular expression matches as `re`
has it, greedy wildcards included.

Literals and regular expressions of bounded width resume where they stopped. One that has no
width is searched again from the reader's place at each scan, as it is where it comes from.
"""

from __future__ import annotations

import abc
import re
from collections.abc import Sequence
from typing import Any, Final

from chat.core.analysis import analyse
from chat.core.matcher import Found
from chat.core.patterns import Literal, Textual
from chat.core.stream import Stream
from chat.core.syntax import UNBOUNDED
from chat.core.trackers import Hit, least_width

BLOCK: Final = 1 << 16
"""Characters looked at together, because they have to be copied for it."""


class Look:
    """How far one pattern was looked for, on what had come each time."""

    __slots__ = ("_behind", "_origin", "_regex", "_resume", "_text", "_width")

    def __init__(self, text: Textual) -> None:
        self._text: Final[Any] = text.text
        self._regex: Final = None if isinstance(text, Literal) else text.compiled
        if isinstance(text, Literal):
            self._behind, self._width = 0, len(text.text)
        else:
            known = analyse(text.compiled)
            self._behind, self._width = known.behind, known.width
        self._origin = 0
        self._resume = 0

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""
        self._origin = self._resume = begin

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        self._origin = begin
        self._resume = max(self._resume, begin)

    def leftmost(self, stream: Stream[Any]) -> Hit | None:
        """The leftmost match in what has come."""
        end, block = stream.end, BLOCK
        if self._width >= UNBOUNDED:
            self._resume, block = self._origin, end
        position = self._resume
        while True:
            stop = min(end, position + block)
            base = max(self._origin, position - self._behind)
            # What begins in this block may end in the next one.
            text = stream.slice(base, min(end, stop + self._width))
            span, match = self._search(text, position - base)
            if span is not None and (stop == end or base + span[0] < stop):
                return Hit(base + span[0], base + span[1], base + span[1], True, match)
            if stop == end:
                # Behind this, a match may be under way.
                self._resume = max(self._resume, end - self._width + 1)
                return None
            position = stop

    def _search(
        self, text: Any, position: int
    ) -> tuple[tuple[int, int] | None, re.Match[Any] | None]:
        if self._regex is None:
            found = text.find(self._text, position)
            return (None if found < 0 else (found, found + self._width)), None
        match = self._regex.search(text, position)
        return (None if match is None else match.span()), match


class _Order(abc.ABC):
    """What the orders have in common.

    Args:
        texts: What is looked for, in the caller's order.
        empty: What the stream is made of, which every order is told.
    """

    __slots__ = ("_looks", "begin", "least", "may_settle")

    def __init__(self, texts: Sequence[Textual], empty: str | bytes) -> None:
        del empty
        self._looks: Final = [Look(each) for each in texts]
        self.begin = 0
        self.least = min(map(least_width, texts), default=0)
        self.may_settle = False  # what has come has always decided already

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on."""
        self.begin = begin
        for each in self._looks:
            each.reset(begin)

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        self.begin = begin
        for each in self._looks:
            each.cut(begin)

    @abc.abstractmethod
    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""

    def settle(self, stream: Stream[Any]) -> Found | None:
        """The same: these orders do not know silence."""
        return self.scan(stream)


class LeftmostStart(_Order):
    """As pexpect: the match that starts first wins; at the same start, the first listed."""

    __slots__ = ()

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""
        best: Found | None = None
        for number, look in enumerate(self._looks):
            hit = look.leftmost(stream)
            if hit is not None and (best is None or hit.start < best[1].start):
                best = number, hit
        return best


class FirstListed(_Order):
    """As Tcl Expect: the first pattern in the list that matches anywhere wins."""

    __slots__ = ()

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""
        for number, look in enumerate(self._looks):
            hit = look.leftmost(stream)
            if hit is not None:
                return number, hit
        return None
