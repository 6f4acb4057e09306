"""A regular expression as steps that never look at a byte twice.

`re` can resume a search where the last one ended only if no match can have begun before:
easy for patterns of bounded width, impossible for `ERR.*code=(\\d+)`. So the pattern is cut
at its unlimited runs of one character class into *needles* of bounded width with *gaps*
between them: `ERR`, then anything, then `code=\\d`. Whether and where the shortest prefix
with a match ends follows from the needles alone:

- find where the first needle can end earliest, then the next one after it, and so on;
- a gap that cannot hold every character *dies* at the first one it cannot hold: unless the
  needle behind it has begun by then, the needle before it is sought again, further on;
- trailing runs (`\\d+`) are cut to their least length: a match is there once it is there,
  and whether it may still grow is another question (see `chat.core.syntax`).

Each step resumes where it stopped, less its own width. What cannot be cut so (an unlimited
repeat of a group, a back-reference) *roams*: it is searched whole from the earliest place
that may still be the start of a match, at sizes that double, so the total work stays within
n log n.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import Any, Final, NamedTuple

from chat.core import syntax
from chat.core.stream import Stream
from chat.core.syntax import UNBOUNDED, Node, Tree

ROAM_AT_ONCE: Final = 1 << 16
"""Up to this many characters a roaming pattern is searched at each arrival."""


@dataclass(frozen=True, slots=True)
class Needle:
    """A piece of a pattern, of bounded width.

    Attributes:
        nodes: The piece itself.
        strict: Matches what stays a match whatever comes.
        plain: Matches in a text that will not go on.
        viable: Matches what is, or could still become, a match.
        length: The most characters a match takes.
        width: The same, look-ahead included.
        behind: Characters before a match that it looks at.
        fixed: Whether the first match found is also the one that ends first.
    """

    nodes: list[Node]
    strict: re.Pattern[Any]
    plain: re.Pattern[Any]
    viable: re.Pattern[Any]
    length: int
    width: int
    behind: int
    fixed: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """What may stand between two needles: runs of character classes, one after another.

    Attributes:
        outside: Finds the first character that the run cannot hold, for each run. A gap
            that holds anything has none.
    """

    outside: tuple[re.Pattern[Any], ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Needles with gaps before them; the first gap, if any, is a leading run.

    Attributes:
        needles: What is sought, in order. None of them: the pattern roams.
        gaps: The gap before each needle, or `None`.
    """

    needles: tuple[Needle, ...]
    gaps: tuple[Gap | None, ...]


class Accepted(NamedTuple):
    """The shortest prefix in which a program matches.

    Attributes:
        stop: The offset at which that prefix ends.
        floor: No match in it starts before this offset.
    """

    stop: int
    floor: int


# ── cutting a pattern into a program ──────────────────────────────────────────────────────


def programs(tree: Tree) -> list[Program]:
    """One program for each alternative at the top of a pattern."""
    if any(node[0] in (op.GROUPREF, op.GROUPREF_EXISTS) for node in syntax.walk(tree)):
        return [Program((), ())]
    return [_program(tree, nodes) for nodes in _alternatives(list(tree))]


def _alternatives(nodes: list[Node]) -> list[list[Node]]:
    nodes = _flat(nodes)
    if len(nodes) == 1 and nodes[0][0] is op.BRANCH:
        return [part for each in nodes[0][1][1] for part in _alternatives(list(each))]
    return [nodes]


def _flat(nodes: list[Node]) -> list[Node]:
    """Look through groups: which part is captured does not matter to where a match ends."""
    made: list[Node] = []
    for node in nodes:
        is_group = node[0] is op.SUBPATTERN and not node[1][1] and not node[1][2]
        made += _flat(list(node[1][3])) if is_group else [node]
    return made


def _program(tree: Tree, nodes: list[Node]) -> Program:
    pieces: list[list[Node]] = [[]]
    gaps: list[list[Node]] = [[]]
    for node in _least_ending(nodes):
        if not _is_run(node):
            pieces[-1].append(node)
            continue
        kind, (low, _, body) = node
        if low:
            pieces[-1].append((kind, (low, low, body)))
        if pieces[-1]:
            pieces.append([])
            gaps.append([])
        gaps[-1].append(body[0])
    made = [_needle(tree, piece, last=piece is pieces[-1]) for piece in pieces]
    needles = tuple(needle for needle in made if needle is not None)
    if len(needles) < len(made):
        return Program((), ())
    return Program(needles, tuple(_gap(tree, characters) for characters in gaps))


def _least_ending(nodes: list[Node]) -> list[Node]:
    """The nodes, with what may grow at their end cut to the least that is a match."""
    nodes = list(nodes)
    while nodes:
        kind, argument = nodes[-1]
        if kind not in (op.MAX_REPEAT, op.MIN_REPEAT):
            return nodes
        low, high, body = argument
        nodes.pop()
        if low:
            return [*nodes, (kind, (low, low, body)) if high is op.MAXREPEAT else (kind, argument)]
    return nodes


def _is_run(node: Node) -> bool:
    kind, argument = node
    if kind not in (op.MAX_REPEAT, op.MIN_REPEAT) or argument[1] is not op.MAXREPEAT:
        return False
    return len(argument[2]) == 1 and argument[2][0][0] in syntax.CHARACTERS


def _needle(tree: Tree, piece: list[Node], *, last: bool) -> Needle | None:
    """The needle of a piece, or `None` if the piece cannot be one."""
    subtree = syntax.sequence(tree.state, piece)
    least, most = syntax.width(subtree)
    behind, ahead = syntax.reach(subtree)
    # A piece that may be empty would be found everywhere and say nothing.
    if not least or most + ahead >= UNBOUNDED or behind >= UNBOUNDED:
        return None
    # The match that needs the least look-ahead need not be the one that ends first.
    if ahead and least != most and not last:
        return None
    return Needle(
        piece,
        syntax.compiled(tree, syntax.strict(subtree, tree.state.flags)),
        syntax.compiled(tree, syntax.plain(subtree)),
        syntax.compiled(tree, syntax.possible(subtree, tree.state.flags)),
        most,
        most + ahead,
        behind,
        syntax.is_fixed(subtree),
    )


def _gap(tree: Tree, characters: list[Node]) -> Gap | None:
    if not characters:
        return None
    dotall = tree.state.flags & re.DOTALL
    if any(
        (each[0] is op.ANY and dotall) or syntax.covers_everything(each) for each in characters
    ):
        return Gap(())
    return Gap(tuple(syntax.compiled(tree, [syntax.outside(each)]) for each in characters))


# ── running a program over a stream ───────────────────────────────────────────────────────


class Runner:
    """Where one program stands in one stream.

    Args:
        program: What to run.
        begin: The offset at which matches may start.
    """

    __slots__ = ("_begin", "_found", "_gap_at", "_gap_index", "_resume", "_seen", "program")

    def __init__(self, program: Program, begin: int) -> None:
        self.program: Final = program
        self._begin = begin
        self._found: list[tuple[int, int]] = []  # start and stop of each needle found
        self._resume = begin  # the present needle may start from here on
        self._seen = begin  # and has been sought up to here
        self._gap_at = begin  # the gap before it is known to hold up to here
        self._gap_index = 0  # in this one of its runs

    @property
    def is_fresh(self) -> bool:
        """Whether the first needle is still sought."""
        return not self._found

    def copy(self) -> Runner:
        """The same standing, to go on from without changing this one."""
        made = Runner(self.program, self._begin)
        made._found = list(self._found)
        made._resume, made._seen = self._resume, self._seen
        made._gap_at, made._gap_index = self._gap_at, self._gap_index
        return made

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`, while the first needle is still sought."""
        self._begin = begin
        self.skip(begin)

    def skip(self, position: int) -> None:
        """Take it from the caller that the first needle does not start before `position`."""
        if not self._found and position > self._resume:
            self._resume = position
            self._seen = max(self._seen, position)

    def scan(self, stream: Stream[Any], limit: int, *, ended: bool = False) -> Accepted | None:
        """Look on, up to `limit`, for the shortest prefix with a match.

        Args:
            ended: The text will not go on after `limit`.
        """
        while True:
            stage = len(self._found)
            gap = self.program.gaps[stage] if stage else None
            dead = self._gap_end(stream, gap, limit) if gap else None
            found = self._seek(stream, limit, dead, ended=ended)
            if found is None:
                if dead is None:
                    return None
                if not ended and self._may_come(stream, limit, dead):
                    return None
                self._step_back(dead)
                continue
            self._found.append(found)
            start, stop = found
            if stage + 1 == len(self.program.needles):
                return self._accept(stream, stop)
            self._enter(min(stop, start + self.program.needles[stage].length))

    def _enter(self, position: int) -> None:
        self._resume = self._seen = self._gap_at = position
        self._gap_index = 0

    def _step_back(self, dead: int) -> None:
        """Seek the needle before the dead gap again, so that it ends beyond the death."""
        start, _ = self._found.pop()
        width = self.program.needles[len(self._found)].width
        self._resume = self._seen = max(start + 1, dead + 1 - width)
        if self._found:
            self._gap_at, self._gap_index = self._found[-1][1], 0

    def _gap_end(self, stream: Stream[Any], gap: Gap, limit: int) -> int | None:
        """The first offset up to `limit` that the gap cannot hold; `None` while it holds."""
        if not gap.outside:
            return None
        while self._gap_index < len(gap.outside):
            finder = gap.outside[self._gap_index]
            stop = None
            while self._gap_at < limit:
                text, base = stream.window(self._gap_at, self._gap_at)
                match = finder.search(text, self._gap_at - base, limit - base)
                if match is not None:
                    stop = base + match.start()
                    break
                self._gap_at = min(limit, base + len(text))
            if stop is None:
                return None
            self._gap_at = stop
            self._gap_index += 1
        return self._gap_at

    def _seek(
        self, stream: Stream[Any], limit: int, dead: int | None, *, ended: bool
    ) -> tuple[int, int] | None:
        """Find where the present needle ends earliest, if it starts no later than `dead`."""
        needle = self.program.needles[len(self._found)]
        pattern = needle.plain if ended else needle.strict
        if dead is not None:
            limit = min(limit, dead + needle.width)
        if ended:
            self._seen = self._resume
        while self._seen < limit:
            text, base = self._window(stream, needle)
            stop = min(limit - base, len(text))
            match = pattern.search(text, self._resume - base, stop)
            if match is not None and (dead is None or base + match.start() <= dead):
                return self._earliest(needle, pattern, match, text, base, stop, dead)
            self._seen = base + stop
            self._resume = max(self._resume, self._seen - needle.width + 1)
        return None

    def _may_come(self, stream: Stream[Any], limit: int, dead: int) -> bool:
        """Whether the present needle may be under way from `dead` or before."""
        needle = self.program.needles[len(self._found)]
        if self._resume > dead or limit >= dead + needle.width:
            return False
        begin = max(self._begin, self._resume - needle.behind)
        match = needle.viable.search(stream.slice(begin, limit), self._resume - begin)
        return match is not None and begin + match.start() <= dead

    def _window(self, stream: Stream[Any], needle: Needle) -> tuple[Any, int]:
        begin = max(self._begin, self._resume - needle.behind)
        text, base = stream.window(begin, self._seen)
        if needle.behind and base < self._begin:
            return text[self._begin - base :], self._begin
        return text, base

    @staticmethod
    def _earliest(
        needle: Needle,
        pattern: re.Pattern[Any],
        match: re.Match[Any],
        text: Any,
        base: int,
        stop: int,
        dead: int | None,
    ) -> tuple[int, int]:
        if needle.fixed:
            return base + match.start(), base + match.end()
        latest = None if dead is None else dead - base
        found = shortest(pattern, text, match, stop, latest)
        return base + found[0], base + found[1]

    def _accept(self, stream: Stream[Any], stop: int) -> Accepted:
        start = self._found[0][0]
        floor = max(self._begin, start - self.program.needles[0].width)
        leading = self.program.gaps[0]
        if leading is not None:
            floor = self._run_start(stream, leading, floor)
        return Accepted(stop, floor)

    def _run_start(self, stream: Stream[Any], gap: Gap, position: int) -> int:
        """How far left of `position` the leading runs reach."""
        if not gap.outside:
            return self._begin
        block = 256
        for finder in reversed(gap.outside):
            while position > self._begin:
                begin = max(self._begin, position - block)
                last = None
                for last in finder.finditer(stream.slice(begin, position)):
                    pass
                if last is not None:
                    position = begin + last.end()
                    break
                position, block = begin, block * 2
        return position


class Roamer:
    """A program that could not be cut: searched whole, from the first start that may serve.

    Args:
        strict: Matches what stays a match whatever comes.
        plain: Matches in a text that will not go on.
        viable: Matches what is, or could still become, a match.
        behind: Characters before a match that it looks at.
        begin: The offset at which matches may start.
    """

    __slots__ = ("_begin", "_behind", "_floor", "_plain", "_seen", "_strict", "_viable")

    is_fresh = False

    def __init__(
        self,
        strict: re.Pattern[Any],
        plain: re.Pattern[Any],
        viable: re.Pattern[Any] | None,
        behind: int,
        begin: int,
    ) -> None:
        self._strict: Final = strict
        self._plain: Final = plain
        self._viable: Final = viable
        self._behind: Final = behind
        self._begin = begin
        self._floor = begin  # no match starts before
        self._seen = begin

    def copy(self) -> Roamer:
        """The same standing, to go on from without changing this one."""
        made = Roamer(self._strict, self._plain, self._viable, self._behind, self._begin)
        made._floor, made._seen = self._floor, self._seen
        return made

    def skip(self, position: int) -> None:
        """Nothing to skip: a roaming pattern takes part in no sweep."""

    def scan(self, stream: Stream[Any], limit: int, *, ended: bool = False) -> Accepted | None:
        """Look on, up to `limit`, for the shortest prefix with a match; see `Runner.scan`."""
        size = limit - self._floor
        at_once = ended or limit < stream.end or size <= ROAM_AT_ONCE
        if not at_once and size < 2 * (self._seen - self._floor):
            return None
        begin = max(self._begin, self._floor - self._behind)
        text = stream.slice(begin, limit)
        pattern = self._plain if ended else self._strict
        match = pattern.search(text, self._floor - begin)
        self._seen = limit
        if match is None:
            self._advance(text, begin, limit)
            return None
        start, stop = shortest(pattern, text, match, len(text), None)
        return Accepted(begin + stop, begin + min(start, match.start()))

    def _advance(self, text: Any, begin: int, limit: int) -> None:
        if self._viable is not None:
            match = self._viable.search(text, self._floor - begin)
            self._floor = limit if match is None else begin + match.start()


def shortest(
    pattern: re.Pattern[Any], text: Any, match: re.Match[Any], stop: int, latest: int | None
) -> tuple[int, int]:
    """The shortest prefix of the text in which the pattern matches.

    Args:
        match: A match in the whole of it; the leftmost, so none starts before it.
        stop: Where the text ends for this purpose.
        latest: The last place where a match may start.

    Returns:
        The start of the match and the length of the prefix.
    """
    begin = match.start()
    low, high = begin - 1, match.end()  # no match in `low`; perhaps not yet in `high`
    found = pattern.search(text, begin, high)
    while found is None:  # look-ahead: the prefix is longer than the match
        low, high = high, min(stop, 2 * high - begin + 1)
        found = pattern.search(text, begin, high)
    start = found.start()
    while high - low > 1:
        middle = (low + high) // 2
        found = pattern.search(text, begin, middle)
        if found is None or (latest is not None and found.start() > latest):
            low = middle
        else:
            high, start = middle, found.start()
    return start, high
