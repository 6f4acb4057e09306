"""Regular expressions taken apart: the standard library's own parse tree, and questions to it.

The shape of that tree has been stable since Python 2; a node of an unknown kind makes the
pattern `Opaque`, never wrong. `chat.core.variants` makes other patterns from these nodes.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from re import _compiler, _parser  # type: ignore[attr-defined]  # typeshed leaves them out
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any, Final, TypeAlias

# A node is `(operation, argument)`; the argument's shape depends on the operation, which
# is why these two are `Any`: the parser has no types of its own.
Node: TypeAlias = tuple[Any, Any]
Tree: TypeAlias = Any

UNBOUNDED: Final = 1 << 16
"""Widths from here on count as unbounded: stepping back that far costs more than it saves."""

CHARACTERS: Final = frozenset({op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN})
REPEATS: Final = frozenset({op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT})
REFERENCES: Final = frozenset({op.GROUPREF, op.GROUPREF_EXISTS})
ATOMIC: Final = frozenset({op.ATOMIC_GROUP, op.POSSESSIVE_REPEAT, op.ASSERT})
"""What does not go back on the choices it made, or may be so."""
KNOWN: Final = (
    CHARACTERS
    | REPEATS
    | REFERENCES
    | {op.BRANCH, op.SUBPATTERN, op.ATOMIC_GROUP, op.ASSERT, op.ASSERT_NOT, op.AT}
    | {op.FAILURE}
)
LEAVES: Final = CHARACTERS | {op.AT, op.GROUPREF, op.FAILURE}
BOUNDARIES: Final = frozenset({op.AT_BOUNDARY, op.AT_NON_BOUNDARY})
STARTS: Final = frozenset({op.AT_BEGINNING, op.AT_BEGINNING_STRING})


class Opaque(Exception):
    """The pattern holds something this module does not know."""


def parse(pattern: re.Pattern[Any]) -> Tree:
    """The parse tree of a compiled pattern, with its flags.

    What does not go back on its choices is told in one way: `x*+` as `(?>x*)`, and
    `(?=(x*))` with a reference to the group as `(?=(?>(x*)))`.

    Raises:
        Opaque: It holds a construct that is not known here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever compiled it was warned already
        tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    kinds = {node[0] for node in walk(tree)}
    if kinds - KNOWN:
        raise Opaque(", ".join(map(str, kinds - KNOWN)))
    if not kinds & ATOMIC:
        return tree
    return sequence(tree.state, _told_alike(tree, refers=bool(kinds & REFERENCES)))


def _told_alike(tree: Iterable[Node], *, refers: bool) -> list[Node]:
    made: list[Node] = []
    for node in tree:
        parts = [_told_alike(part, refers=refers) for part in children(node)]
        kind, argument = new = with_children(node, parts) if parts else node
        if kind is op.POSSESSIVE_REPEAT:
            new = (op.ATOMIC_GROUP, [(op.MAX_REPEAT, argument)])
        elif kind is op.ASSERT and refers and argument[0] > 0:
            new = (kind, (1, [(op.ATOMIC_GROUP, argument[1])]))
        made.append(new)
    return made


def compiled(tree: Tree, items: Iterable[Node], *, marker: bool = False) -> re.Pattern[Any]:
    """Compile nodes under the flags and group numbers of the tree they were made from."""
    state = _parser.State()
    state.flags = tree.state.flags
    state.groupdict = dict(tree.state.groupdict)
    state.groupwidths = [*tree.state.groupwidths, *([(0, 0)] if marker else [])]
    found: re.Pattern[Any] = _compiler.compile(sequence(state, items))
    return found


def sequence(state: Any, items: Iterable[Node]) -> Tree:
    """Nodes, which may hold plain lists, as the parser's own kind of subtree."""
    made = []
    for node in members(items):
        if node[0] in LEAVES:
            made.append(node)
        else:
            parts = [sequence(state, part) for part in children(node)]
            made.append(with_children(node, parts))
    return _parser.SubPattern(state, made)


def members(tree: Iterable[Node]) -> Iterable[Node]:
    """The nodes of a tree; the parser's own kind is slow to iterate."""
    return tree.data if isinstance(tree, _parser.SubPattern) else tree


def children(node: Node) -> list[Tree]:
    """The subtrees directly inside a node."""
    kind, argument = node
    if kind is op.BRANCH:
        return list(argument[1])
    if kind is op.GROUPREF_EXISTS:
        return [part for part in argument[1:] if part is not None]
    if kind is op.ATOMIC_GROUP:
        return [argument]
    if kind in REPEATS or kind is op.SUBPATTERN or kind in (op.ASSERT, op.ASSERT_NOT):
        return [argument[-1]]
    return []


def with_children(node: Node, parts: list[Tree]) -> Node:
    """The same node around other subtrees."""
    kind, argument = node
    if kind is op.BRANCH:
        return kind, (argument[0], parts)
    if kind is op.GROUPREF_EXISTS:
        return kind, (argument[0], parts[0], parts[1] if len(parts) > 1 else None)
    if kind is op.ATOMIC_GROUP:
        return kind, parts[0]
    return kind, (*argument[:-1], parts[0])


def walk(tree: Iterable[Node]) -> Iterable[Node]:
    """Every node of a tree, outermost first."""
    for node in members(tree):
        yield node
        if node[0] not in LEAVES:
            for part in children(node):
                yield from walk(part)


def flags_inside(node: Node, flags: int) -> int:
    """The flags in force inside a node: `(?i:…)` changes them."""
    if node[0] is op.SUBPATTERN:
        _, added, removed, _ = node[1]
        return (flags | int(added)) & ~int(removed)
    return flags


def width(tree: Tree) -> tuple[int, int]:
    """The least and the most characters a tree matches; `UNBOUNDED` is the most there is."""
    low, high = tree.getwidth()
    if tree.state.groups > 1 and any(node[0] in REFERENCES for node in walk(tree)):
        high = UNBOUNDED  # a reference is as wide as what it refers to
    return int(min(low, UNBOUNDED)), int(min(high, UNBOUNDED))


def reach(tree: Iterable[Node]) -> tuple[int, int]:
    """Characters looked at before the start (look-behind) and beyond the end (look-ahead)."""
    behind = ahead = 0
    for node in members(tree):
        if node[0] in CHARACTERS:
            continue
        before, beyond = _reach_of(node)
        behind, ahead = max(behind, before), max(ahead, beyond)
    return behind, ahead


def _reach_of(node: Node) -> tuple[int, int]:
    kind, argument = node
    if kind is op.AT:
        # `$` asks for the next character, and if that is a newline, for the one after it.
        return 1, 0 if argument in STARTS else 2 if argument is op.AT_END else 1
    behind = ahead = 0
    for part in children(node):
        before, beyond = reach(part)
        behind, ahead = max(behind, before), max(ahead, beyond)
    if kind is op.ATOMIC_GROUP:
        return behind, max(ahead, 1)
    if kind in (op.ASSERT, op.ASSERT_NOT):
        most = width(argument[1])[1] + 1
        return (behind + most, ahead) if argument[0] < 0 else (behind, ahead + most)
    return behind, ahead


def is_fixed(tree: Iterable[Node]) -> bool:
    """Whether a match, once there, can neither end elsewhere nor be undone."""
    return all(
        node[0] in CHARACTERS
        or node[0] is op.SUBPATTERN
        or (node[0] in REPEATS and node[1][0] == node[1][1])
        or (node[0] is op.AT and node[1] in STARTS)
        for node in walk(tree)
    )


# ── questions about nodes ─────────────────────────────────────────────────────────────────


def either(*alternatives: list[Node]) -> Node:
    """A branch of alternatives, tried in order."""
    return op.BRANCH, (None, list(alternatives))


def takes_something(node: Node) -> bool:
    """Whether a node always takes at least one character."""
    kind, argument = node
    if kind in CHARACTERS:
        return True
    if kind in REPEATS:
        return argument[0] > 0 and any(takes_something(each) for each in argument[2])
    if kind in (op.SUBPATTERN, op.ATOMIC_GROUP, op.BRANCH):
        return all(any(map(takes_something, part)) for part in children(node))
    return False


def is_wildcard(node: Node) -> bool:
    """Whether a repeat runs over nearly everything without limit, itself or in its body."""
    kind, argument = node
    if kind not in REPEATS or argument[1] is not op.MAXREPEAT:
        return any(is_wildcard(each) for part in children(node) for each in part)
    body = argument[2]
    if len(body) == 1 and body[0][0] in CHARACTERS:
        return is_broad(body[0])
    return any(is_wildcard(each) or (is_broad(each) and len(body) == 1) for each in walk(body))


def is_broad(character: Node) -> bool:
    """Whether a character class is `.` or says only what it is not."""
    kind, argument = character
    if kind is op.IN:
        return argument[0][0] is op.NEGATE or covers_everything(character)
    return kind in (op.ANY, op.NOT_LITERAL)


def covers_everything(character: Node) -> bool:
    """Whether a class holds a category and its opposite, as `[\\s\\S]` does."""
    kind, argument = character
    if kind is not op.IN or argument[0][0] is op.NEGATE:
        return False
    categories = {str(each[1]) for each in argument if each[0] is op.CATEGORY}
    return any(name.replace("CATEGORY_", "CATEGORY_NOT_") in categories for name in categories)


def outside(character: Node) -> Node:
    """The character class of everything that this one does not match."""
    kind, argument = character
    if kind is op.LITERAL:
        return op.NOT_LITERAL, argument
    if kind is op.NOT_LITERAL:
        return op.LITERAL, argument
    if kind is op.ANY:
        return op.LITERAL, ord("\n")
    if argument[0][0] is op.NEGATE:
        return op.IN, argument[1:]
    return op.IN, [(op.NEGATE, None), *argument]
