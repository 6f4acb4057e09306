"""One pass over the text for many patterns.

Fifty searches read the text fifty times. Their first guards (see `chat.core.program`)
make one regular expression, as a prefix tree so that its alternatives do not retry what
they share, and `re` sweeps the text with that. Where it finds nothing, none of the
patterns can begin. Where it stops, those that may begin with the character found there
are asked, and the sweep goes on behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from re import _constants as op  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import Any, Final

from chat.core import syntax
from chat.core.runner import view
from chat.core.stream import Stream
from chat.core.syntax import Node

WORTH: Final = 8
"""From this many patterns on, one sweep costs less than a search for each (measured)."""

DENSE: Final = 24
"""A sweep that stops more often than once in so many characters saves nothing."""

SHOW_MERCY: Final = 256
"""Stops before the density is judged."""

FLAGS: Final = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII | re.LOCALE


class Needles:
    """The first needles of many patterns as one regular expression.

    Args:
        needles: For each pattern, the alternatives it may begin with: their nodes, their
            width, and the flags they were written under.
        empty: What the stream is made of.
    """

    __slots__ = ("behind", "by_first", "otherwise", "pattern", "width")

    def __init__(self, needles: Sequence[Sequence[First]], empty: str | bytes) -> None:
        flags = 0 if isinstance(empty, bytes) else int(re.UNICODE)
        tree = syntax.parse(re.compile(empty))
        tree.state.flags = flags
        pieces = [first.nodes for firsts in needles for first in firsts]
        self.pattern: Final = syntax.compiled(tree, _prefix_tree(pieces))
        self.width: Final = max(first.width for firsts in needles for first in firsts)
        self.behind: Final = max(first.behind for firsts in needles for first in firsts)
        self.by_first: Final[dict[int, list[int]]] = {}
        self.otherwise: Final[list[int]] = []
        self._index(needles)

    def _index(self, needles: Sequence[Sequence[First]]) -> None:
        """Note which patterns may begin with which character."""
        for number, firsts in enumerate(needles):
            heads = [first.nodes[0] if first.nodes else None for first in firsts]
            codes = {head[1] for head in heads if head is not None and head[0] is op.LITERAL}
            if all(head is not None and head[0] is op.LITERAL for head in heads):
                for code in codes:
                    self.by_first.setdefault(code, []).append(number)
            else:
                self.otherwise.append(number)

    def candidates(self, text: Any, position: int) -> list[int]:
        """The patterns that may begin at that position of the text."""
        first = text[position]
        named = self.by_first.get(first if isinstance(first, int) else ord(first), [])
        return named + self.otherwise


class First:
    """What a pattern begins with."""

    __slots__ = ("behind", "nodes", "width")

    def __init__(self, nodes: list[Node], width: int, behind: int, flags: int) -> None:
        special = flags & FLAGS
        self.width: Final = width
        self.behind: Final = behind
        self.nodes: Final[list[Node]] = (
            [(op.SUBPATTERN, (None, special, 0, _uncaptured(nodes)))]
            if special
            else _uncaptured(nodes)
        )

    @classmethod
    def of_text(cls, text: str | bytes) -> First:
        """The beginning of a literal: all of it."""
        codes = text if isinstance(text, bytes) else map(ord, text)
        return cls([(op.LITERAL, code) for code in codes], len(text), 0, 0)


class Sweep:
    """A sweep of one stream by the needles of many patterns.

    Args:
        needles: The patterns' beginnings.
        begin: The offset at which matches may start.
    """

    __slots__ = ("_begin", "_judged", "_resume", "_seen", "_stops", "needles")

    def __init__(self, needles: Needles, begin: int) -> None:
        self.needles: Final = needles
        self._begin = begin
        self._resume = self._seen = begin
        self._stops = 0
        self._judged = begin  # stops before this are counted: they may come up again

    @property
    def resume(self) -> int:
        """No pattern begins before this offset, save where the sweep has stopped."""
        return self._resume

    @property
    def is_dense(self) -> bool:
        """Whether it stops so often that it saves nothing."""
        return self._stops > SHOW_MERCY and self._stops * DENSE > self._resume - self._begin

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, which was dropped."""
        self._begin = begin
        self._resume = max(self._resume, begin)
        self._seen = max(self._seen, begin)

    def step_back(self, position: int) -> None:
        """Sweep again from that offset: the stop there was not dealt with in full."""
        self._resume = position

    def stops(self, stream: Stream[Any], limit: int) -> Iterator[tuple[int, int, list[int]]]:
        """The offsets up to `limit` where patterns may begin, with those that may.

        Before each stands the offset before which no pattern begins at all: near the end
        of what has come, an earlier beginning may still be under way.
        """
        needles, first = self.needles, self._resume
        search = needles.pattern.search
        while self._seen < limit:
            text, base = view(stream, self._resume - needles.behind, self._seen, self._begin)
            stop = min(limit - base, len(text))
            # From here on, a beginning longer than this text may be under way.
            tail = max(first, base + stop - needles.width + 1)
            while (match := search(text, self._resume - base, stop)) is not None:
                start = base + match.start()
                self._resume = start + 1
                if start >= self._judged:
                    self._judged = start + 1
                    self._stops += 1
                yield min(tail, start), start, needles.candidates(text, start - base)
            self._seen = base + stop
            self._resume = tail


def _uncaptured(nodes: Sequence[Node]) -> list[Node]:
    """The nodes without groups: a sweep only asks where."""
    made: list[Node] = []
    for node in nodes:
        parts = [_uncaptured(part) for part in syntax.children(node)]
        if node[0] is op.SUBPATTERN:
            made.append((op.SUBPATTERN, (None, *node[1][1:3], parts[0])))
        else:
            made.append(syntax.with_children(node, parts) if parts else node)
    return made


def _prefix_tree(pieces: Sequence[Sequence[Node]]) -> list[Node]:
    """Alternatives with what they share at their beginnings told once."""
    branches: dict[Any, list[Sequence[Node]]] = {}
    for number, piece in enumerate(pieces):
        if not piece:
            return []  # one alternative ends here: whatever the others add, it matches
        head = piece[0]
        key = head if head[0] is op.LITERAL else number
        branches.setdefault(key, []).append(piece)
    made = [list(each[0]) if len(each) == 1 else _shared(each) for each in branches.values()]
    return made[0] if len(made) == 1 else [syntax.either(*made)]


def _shared(pieces: Sequence[Sequence[Node]]) -> list[Node]:
    return [pieces[0][0], *_prefix_tree([piece[1:] for piece in pieces])]
