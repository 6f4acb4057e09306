"""A regular expression cut into what is sought in a stream.

`re` can resume a search where the last one ended only if no match can have begun before:
easy for patterns of bounded width, impossible for `ERR.*code=(\\d+)`. So the pattern is
cut at its unlimited runs of one character class into *needles* of bounded width, with
*gaps* between them: `ERR`, anything, `code=\\d`.

- Gaps that hold any character part the pattern into *segments*. Where the shortest prefix
  with a match ends follows from where the first segment can end earliest, then the next
  one after it, and so on: each byte is looked at once.
- Within a segment every gap ends somewhere (`.*` at the end of the line). One needle, the
  one with the longest literal text, is its *guard*: as long as it has not come, nothing
  else is looked at. When it has, the gaps say how far back a match can begin.
- A trailing run (`\\d+`) is cut to its least length: a match is there once it is there,
  and whether it may still grow is another question (see `chat.core.syntax`).

What cannot be cut so (an unlimited repeat of a group, a back-reference) *roams*.
`chat.core.runner` runs the result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from re import _constants as op  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import Any, Final

from chat.core import syntax, variants
from chat.core.syntax import UNBOUNDED, Node, Tree


class Piece:
    """A piece of a pattern. It is compiled when it is first sought: most never are."""

    tree: Tree

    @cached_property
    def strict(self) -> re.Pattern[Any]:
        """Matches what stays a match whatever comes."""
        return variants.strict(self.tree)

    @cached_property
    def plain(self) -> re.Pattern[Any]:
        """Matches in a text that will not go on."""
        return variants.plain(self.tree)


@dataclass(frozen=True)
class Needle(Piece):
    """A piece of bounded width.

    Attributes:
        tree: The piece itself.
        width: The most characters a match takes, look-ahead included.
        behind: Characters before a match that it looks at.
        ahead: Whether it looks at characters beyond a match.
        fixed: Whether the first match found is also the one that ends first.
        literal: How many of its characters are given, which makes it a rare find.
    """

    tree: Tree
    width: int
    behind: int
    ahead: bool
    fixed: bool
    literal: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What may stand between two needles: runs of character classes, one after another.

    Attributes:
        outside: Finds a character that the run cannot hold, for each run. A gap that
            holds anything has none.
    """

    outside: tuple[re.Pattern[Any], ...]


@dataclass(frozen=True)
class Segment(Piece):
    """Needles, with gaps between them that each end somewhere.

    Attributes:
        tree: The whole of it.
        needles: What is sought, in order.
        gaps: The gap before each needle but the first.
        guard: Which of the needles is sought first.
        behind: Characters before a match that it looks at.
        length: Characters of a match, where it looks ahead and its end does not tell.
    """

    tree: Tree
    needles: tuple[Needle, ...]
    gaps: tuple[Gap, ...]
    guard: int
    behind: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Program:
    """A pattern as segments with anything between them.

    Attributes:
        segments: What is sought, in order. None of them: the pattern roams.
        leading: The gap before the first one, if the pattern begins with a run.
    """

    segments: tuple[Segment, ...]
    leading: Gap | None = None


ROAMS: Final = Program(())

WHOLE: Final = syntax.REFERENCES | {op.ATOMIC_GROUP}
"""What cannot be cut: a piece of it would not mean what it means in the whole."""


def programs(tree: Tree) -> list[Program]:
    """One program for each alternative at the top of a pattern."""
    if any(node[0] in WHOLE for node in syntax.walk(tree)):
        return [ROAMS]
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
            least = (low, low, body) if high is op.MAXREPEAT else argument
            return [*nodes, (kind, least)]
    return nodes


def _program(tree: Tree, nodes: list[Node]) -> Program:
    pieces: list[list[Node]] = [[]]
    runs: list[list[Node]] = [[]]  # before each piece
    for node in _least_ending(nodes):
        if not _is_run(node):
            pieces[-1].append(node)
            continue
        kind, (low, _, body) = node
        if low:
            pieces[-1].append((kind, (low, low, body)))
        if pieces[-1]:
            pieces.append([])
            runs.append([])
        runs[-1].append((kind, (0, op.MAXREPEAT, body)))
    needles = [_needle(tree, piece) for piece in pieces]
    gaps = [_gap(tree, run) for run in runs]
    made: list[Segment | None] = []
    begin = 0
    for end in range(1, len(pieces) + 1):
        if end == len(pieces) or not gaps[end].outside:
            inner = slice(begin + 1, end)
            nodes = _joined(pieces[begin:end], runs[inner])
            last = end == len(pieces)
            made.append(_segment(tree, nodes, needles[begin:end], gaps[inner], last=last))
            begin = end
    segments = tuple(each for each in made if each is not None)
    if len(segments) < len(made):
        return ROAMS
    return Program(segments, gaps[0] if runs[0] else None)


def _joined(pieces: list[list[Node]], runs: list[list[Node]]) -> list[Node]:
    joined = list(pieces[0])
    for run, piece in zip(runs, pieces[1:], strict=True):
        joined += [*run, *piece]
    return joined


def _segment(
    tree: Tree, nodes: list[Node], needles: list[Needle | None], gaps: list[Gap], *, last: bool
) -> Segment | None:
    """The segment of some needles, or `None` if it has to roam."""
    sound = [each for each in needles if each is not None]
    guard = max(range(len(sound)), key=lambda index: sound[index].literal, default=0)
    if len(sound) < len(needles) or (len(needles) > 1 and not sound[guard].literal):
        return None
    if len(sound) == 1 and not sound[0].ahead:  # by far the most
        needle = sound[0]
        return Segment(needle.tree, (needle,), (), 0, needle.behind, None)
    subtree = syntax.sequence(tree.state, nodes)
    least, most = syntax.width(subtree)
    behind, ahead = syntax.reach(subtree)
    # The match that needs the least look-ahead need not be the one that ends first.
    if not last and ahead and least != most:
        return None
    length = most if ahead else None
    return Segment(subtree, tuple(sound), tuple(gaps), guard, behind, length)


def _is_run(node: Node) -> bool:
    kind, argument = node
    if kind not in (op.MAX_REPEAT, op.MIN_REPEAT) or argument[1] is not op.MAXREPEAT:
        return False
    return len(argument[2]) == 1 and argument[2][0][0] in syntax.CHARACTERS


def _needle(tree: Tree, piece: list[Node]) -> Needle | None:
    """The needle of a piece, or `None` if the piece cannot be one."""
    subtree = syntax.sequence(tree.state, piece)
    least, most = syntax.width(subtree)
    behind, ahead = syntax.reach(subtree)
    # A piece that may be empty would be found everywhere and say nothing.
    if not least or most + ahead >= UNBOUNDED or behind >= UNBOUNDED:
        return None
    return Needle(
        subtree,
        most + ahead,
        behind,
        ahead > 0,
        syntax.is_fixed(subtree),
        sum(node[0] is op.LITERAL for node in piece),
    )


def _gap(tree: Tree, run: list[Node]) -> Gap:
    characters = [node[1][2][0] for node in run]
    dotall = tree.state.flags & re.DOTALL
    if any(
        (each[0] is op.ANY and dotall) or syntax.covers_everything(each) for each in characters
    ):
        return Gap(())
    return Gap(tuple(syntax.compiled(tree, [syntax.outside(each)]) for each in characters))
