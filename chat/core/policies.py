"""Other orders between patterns, for the compatibility layers.

Both decide at each scan on what has come by then, so that the answer does depend on how the
stream was cut into reads: that is what their users expect of them. `^` is where the reader's
text begins and `$` where it ends, as far as it has come. A regular expression matches as `re`
has it, greedy wildcards included.

Everything resumes where it stopped. What a match may begin in is remembered: for a text or a
regular expression of bounded width, its width less one before the end; for one without a
bound, the first place where what has come could still become a match. Only behind such a
place is text looked at again.
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
    """How far one pattern was looked for, on what had come each time.

    Args:
        text: What is looked for.

    Attributes:
        resume: No match starts before this offset, whatever comes.
    """

    __slots__ = ("_behind", "_known", "_origin", "_regex", "_text", "_width", "resume")

    def __init__(self, text: Textual) -> None:
        self._text: Final[Any] = text.text
        self._regex: Final = None if isinstance(text, Literal) else text.compiled
        self._known: Final = None if isinstance(text, Literal) else analyse(text.compiled)
        self._behind = 0 if self._known is None else self._known.behind
        self._width = len(text.text) if self._known is None else self._known.width
        self._origin = 0
        self.resume = 0

    def reset(self, begin: int) -> None:
        """Start again, with matches from `begin` on.

        What is known of the text behind `begin` stays known, unless it depends on where the
        reader's text begins.
        """
        if self._behind or begin < self._origin or begin > self.resume:
            self.resume = begin
        self._origin = begin

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        self._origin = begin
        self.resume = max(self.resume, begin)

    def leftmost(self, stream: Stream[Any], before: int) -> Hit | None:
        """The leftmost match in what has come, if it starts before an offset."""
        if self.resume >= before:
            return None
        if self._width >= UNBOUNDED:
            return self._leftmost_unbounded(stream)
        end, position = stream.end, self.resume
        while True:
            text, base, stop = self._block(stream, position, before)
            span, match = self._search(text, position - base)
            if span is not None and (stop == end or base + span[0] < stop):
                self.resume = base + span[0]
                return Hit(self.resume, base + span[1], base + span[1], True, match)
            position = stop
            if stop >= min(end, before):
                break
        # Behind this, a match may be under way.
        self.resume = max(self.resume, min(position, end - self._width + 1))
        return None

    def _block(self, stream: Stream[Any], position: int, before: int) -> tuple[Any, int, int]:
        """The text to search from a position on.

        Returns:
            The text, the offset of its first character, and up to where matches in it may
            start; what begins in one block may end in the next one.
        """
        end = stream.end
        if not self._behind:
            text, base = stream.window(position, position)
            if base + len(text) == end:
                return text, base, end  # nothing was copied
        base = max(self._origin, position - self._behind)
        stop = min(end, before, position + BLOCK)
        return stream.slice(base, min(end, stop + self._width)), base, stop

    def _leftmost_unbounded(self, stream: Stream[Any]) -> Hit | None:
        base = max(self._origin, self.resume - self._behind)
        text = stream.slice(base, stream.end)
        span, match = self._search(text, self.resume - base)
        if span is not None:
            self.resume = base + span[0]
            return Hit(self.resume, base + span[1], base + span[1], True, match)
        viable = None if self._known is None else self._known.viable
        if viable is not None:
            started = viable.search(text, self.resume - base)
            self.resume = stream.end if started is None else base + started.start()
        return None

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
        before = stream.end + 1  # a match of no length may start at the end
        for number, look in enumerate(self._looks):
            hit = look.leftmost(stream, before)
            if hit is not None and hit.start < before:
                best, before = (number, hit), hit.start
        return best


class FirstListed(_Order):
    """As Tcl Expect: the first pattern in the list that matches anywhere wins."""

    __slots__ = ()

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""
        for number, look in enumerate(self._looks):
            hit = look.leftmost(stream, stream.end + 1)
            if hit is not None:
                return number, hit
        return None
