"""One pass over the text for many patterns.

Fifty searches read the text fifty times. Their first guards (see `chat.core.program`) are
sorted into *families* that begin with the same text, and each family is sought by that text
alone, which `str.find` does at gigabytes a second. Where it is found, the family's own
regular expression, a prefix tree so that alternatives do not retry what they share, says
whether one of its members may begin there. What begins with no certain text (`\\d+`, `(?i)`)
makes a family of its own, which `re` sweeps with that tree.

Where no family is found, none of the patterns can begin. Where one is, its members are
asked, and the sweep goes on behind it.

Measured on 4 MB of log lines: one tree of fifty alternatives 200 MB/s where they share three
beginnings, 32 MB/s where they share none; by families 800 and 54 MB/s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heapreplace
from re import _constants as op  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import Any, Final, TypeAlias

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

CERTAIN: Final = 4
"""Characters of a shared beginning that are enough to seek a family by. With fewer, it is
parted further: `find` stops too often at two characters to be worth it."""

MOST_FAMILIES: Final = 64
"""With more families than this, one tree for all of them costs less (measured)."""

FIRST_BLOCK: Final = 1024
"""Characters a sweep looks at first; then twice as many, and so on. Each family is sought in
the whole block, though the first stop in it may be the last that is wanted."""

FLAGS: Final = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII | re.LOCALE


class First:
    """What a pattern begins with."""

    __slots__ = ("behind", "flags", "nodes", "prefix", "width")

    def __init__(self, nodes: list[Node], width: int, behind: int, flags: int) -> None:
        self.nodes: Final = _uncaptured(nodes)
        self.width: Final = width
        self.behind: Final = behind
        self.flags: Final = flags & FLAGS
        self.prefix: Final = [] if flags & re.IGNORECASE else _prefix(self.nodes)

    @classmethod
    def of_text(cls, text: str | bytes) -> First:
        """The beginning of a literal: all of it."""
        codes = text if isinstance(text, bytes) else map(ord, text)
        return cls([(op.LITERAL, code) for code in codes], len(text), 0, 0)


Member: TypeAlias = tuple[int, First]
"""The number of a pattern, and something it may begin with."""


class Family:
    """Patterns that begin alike.

    Args:
        prefix: The text that all of them begin with; none: they are sought by `re` alone.
        members: What they begin with, with the number of its pattern.

    Attributes:
        numbers: The patterns.
        pattern: Matches where one of them may begin.
    """

    __slots__ = ("_is_text", "_prefix", "numbers", "pattern")

    def __init__(self, prefix: Any, members: Sequence[Member], empty: str | bytes) -> None:
        self._prefix: Final = prefix
        self._is_text: Final = all(
            len(first.nodes) == len(first.prefix) == len(prefix) for _, first in members
        )
        self.numbers: Final = sorted({number for number, _ in members})
        tree = syntax.parse(re.compile(empty))
        tree.state.flags = 0 if isinstance(empty, bytes) else int(re.UNICODE)
        self.pattern: Final = syntax.compiled(tree, _any_of([first for _, first in members]))

    def find(self, text: Any, position: int, stop: int) -> int:
        """Where the first of them may begin in that part of the text; -1: nowhere."""
        if not self._prefix:
            match = self.pattern.search(text, position, stop)
            return -1 if match is None else match.start()
        found: int = text.find(self._prefix, position, stop)
        while not (self._is_text or found < 0 or self.pattern.match(text, found, stop)):
            found = text.find(self._prefix, found + 1, stop)
        return found


class Needles:
    """The beginnings of many patterns, by families.

    Args:
        needles: For each pattern, the alternatives it may begin with.
        empty: What the stream is made of.

    Attributes:
        families: They; each stops the sweep where one of its patterns may begin.
        width: The most characters that a beginning takes.
        behind: The most characters before it that it looks at.
    """

    __slots__ = ("behind", "families", "width")

    def __init__(self, needles: Sequence[Sequence[First]], empty: str | bytes) -> None:
        members = [(number, each) for number, firsts in enumerate(needles) for each in firsts]
        self.width: Final = max(first.width for _, first in members)
        self.behind: Final = max(first.behind for _, first in members)
        loose = [each for each in members if not each[1].prefix]
        alike = _alike([each for each in members if each[1].prefix])
        if len(alike) > MOST_FAMILIES:
            alike, loose = [], members
        as_text = bytes if isinstance(empty, bytes) else _text
        self.families: Final = [Family(as_text(codes), group, empty) for codes, group in alike]
        if loose:
            self.families.append(Family(empty, loose, empty))


def _text(codes: Sequence[int]) -> str:
    return "".join(map(chr, codes))


def _alike(members: Sequence[Member]) -> list[tuple[list[int], Sequence[Member]]]:
    """Members parted by what they begin with, each part with what it shares."""
    if not members:
        return []
    least = min(first.prefix for _, first in members)
    most = max(first.prefix for _, first in members)
    shared = next(
        (n for n, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), None
    )
    shared = len(least) if shared is None else shared
    if shared >= CERTAIN or shared == len(least):
        return [(least[:shared], members)]
    parts: dict[int, list[Member]] = {}
    for member in members:
        parts.setdefault(member[1].prefix[shared], []).append(member)
    return [family for part in parts.values() for family in _alike(part)]


class Sweep:
    """A sweep of one stream by the needles of many patterns.

    Args:
        needles: The patterns' beginnings.
        begin: The offset at which matches may start.
    """

    __slots__ = ("_begin", "_block", "_judged", "_resume", "_seen", "_stops", "needles")

    def __init__(self, needles: Needles, begin: int) -> None:
        self.needles: Final = needles
        self._begin = begin
        self._resume = self._seen = begin
        self._block = FIRST_BLOCK
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

    def candidates(self, stream: Stream[Any], begin: int, stop: int) -> list[int]:
        """The patterns that may begin in that stretch, looked at apart from the sweep."""
        base = max(self._begin, begin - self.needles.behind)
        text = stream.slice(base, stop)
        return [
            number
            for family in self.needles.families
            if family.find(text, begin - base, len(text)) >= 0
            for number in family.numbers
        ]

    def stops(self, stream: Stream[Any], limit: int) -> Iterator[tuple[int, int, list[int]]]:
        """The offsets up to `limit` where patterns may begin, with those that may.

        Before each stands the offset before which no pattern begins at all: near the end
        of what has come, an earlier beginning may still be under way.
        """
        needles, first = self.needles, self._resume
        while self._seen < limit:
            text, base = view(stream, self._resume - needles.behind, self._seen, self._begin)
            stop = min(limit - base, len(text), self._seen - base + self._block)
            # From here on, a beginning longer than this text may be under way.
            tail = max(first, base + stop - needles.width + 1)
            for place, family in self._places(text, self._resume - base, stop):
                start = base + place
                self._resume = start + 1
                if start >= self._judged:
                    self._judged = start + 1
                    self._stops += 1
                yield min(tail, start), start, family.numbers
            self._block *= 2
            self._seen = base + stop
            self._resume = tail

    def _places(self, text: Any, position: int, stop: int) -> Iterator[tuple[int, Family]]:
        """Where families stop in a part of the text, in order."""
        families = self.needles.families
        ahead = [
            (place, number)
            for number, family in enumerate(families)
            if (place := family.find(text, position, stop)) >= 0
        ]
        heapify(ahead)
        while ahead:
            place, number = ahead[0]
            yield place, families[number]
            following = families[number].find(text, place + 1, stop)
            if following < 0:
                heappop(ahead)
            else:
                heapreplace(ahead, (following, number))


_NO_WIDTH: Final = (op.AT, op.ASSERT, op.ASSERT_NOT)


def _prefix(nodes: Sequence[Node]) -> list[int]:
    """The characters that a match begins with for certain."""
    start = 0
    while start < len(nodes) and nodes[start][0] in _NO_WIDTH:
        start += 1
    stop = start
    while stop < len(nodes) and nodes[stop][0] is op.LITERAL:
        stop += 1
    return [code for _, code in nodes[start:stop]]


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


def _any_of(firsts: Sequence[First]) -> list[Node]:
    """What matches where any of them does, each under its own flags."""
    under: dict[int, list[list[Node]]] = {}
    for first in firsts:
        under.setdefault(first.flags, []).append(first.nodes)
    trees = []
    for flags, pieces in under.items():
        tree = _prefix_tree(pieces)
        trees.append([(op.SUBPATTERN, (None, flags, 0, tree))] if flags else tree)
    return trees[0] if len(trees) == 1 else [syntax.either(*trees)]


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
