"""Regular expressions taken apart, to say what `re` alone cannot: will this match stand?

`re` answers for a text that is complete. A stream is not: `\\d+` at its end may grow, and
`\\$ $` may turn out not to have been at the end. Java's `Matcher.hitEnd` is the usual
remedy; `re` has none, so three variants are made from the parse tree of a pattern:

strict
    Matches only what stays a match whatever comes next. `$` becomes "before a newline" or
    never, `\\b` needs the next character, `(?!x)` needs that no `x` can be under way.
    Whether a strict variant has matched in a prefix of the stream only ever goes from no
    to yes, so the shortest such prefix can be found by bisection.
growth
    Is also content with the end of the text in place of any character, and sets a marker
    group where it was. Matched at a known start, the marker says: more text could still
    change this match.
plain
    The pattern for a text that will not go on.

In growth and plain, a *wildcard* (`.*`, `[^x]*`) in the middle of a pattern is lazy: it
reaches to the nearest text that completes the match. Shortest-prefix order means that
anyway, and it keeps `ERR.*code=\\d+` from waiting for another `code=` for ever. Loops of
other kinds stay greedy: `(\\d+\\.)+\\d+` is given all of `3.11.7`.

The parse tree is that of the standard library's own parser, which has been stable in
shape since Python 2; a node of an unknown kind makes the pattern `Opaque`, never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
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
KNOWN: Final = (
    CHARACTERS
    | REPEATS
    | {op.BRANCH, op.SUBPATTERN, op.ATOMIC_GROUP, op.ASSERT, op.ASSERT_NOT, op.AT}
    | {op.GROUPREF, op.GROUPREF_EXISTS, op.FAILURE}
)
BOUNDARIES: Final = frozenset({op.AT_BOUNDARY, op.AT_NON_BOUNDARY})
STARTS: Final = frozenset({op.AT_BEGINNING, op.AT_BEGINNING_STRING})

ANYTHING: Final[Node] = (
    op.IN,
    [(op.CATEGORY, op.CATEGORY_SPACE), (op.CATEGORY, op.CATEGORY_NOT_SPACE)],
)
AT_THE_END: Final[Node] = (op.AT, op.AT_END_STRING)
NEVER: Final[Node] = (op.FAILURE, ())


class Opaque(Exception):
    """The pattern holds something this module does not know."""


def parse(pattern: re.Pattern[Any]) -> Tree:
    """The parse tree of a compiled pattern, with its flags.

    Raises:
        Opaque: It holds a construct that is not known here.
    """
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    for node in walk(tree):
        if node[0] not in KNOWN:
            raise Opaque(str(node[0]))
    return tree


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
    for node in items:
        parts = [sequence(state, part) for part in children(node)]
        made.append(with_children(node, parts) if parts else node)
    return _parser.SubPattern(state, made)


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
    for node in tree:
        yield node
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
    if any(node[0] in (op.GROUPREF, op.GROUPREF_EXISTS) for node in walk(tree)):
        high = UNBOUNDED  # a reference is as wide as what it refers to
    return int(min(low, UNBOUNDED)), int(min(high, UNBOUNDED))


def reach(tree: Iterable[Node]) -> tuple[int, int]:
    """Characters looked at before the start (look-behind) and beyond the end (look-ahead)."""
    behind = ahead = 0
    for kind, argument in walk(tree):
        if kind is op.AT:
            behind = max(behind, 1)
            ahead = max(ahead, 0 if argument in STARTS else 1)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            most = width(argument[1])[1] + 1
            behind, ahead = (
                (max(behind, most), ahead) if argument[0] < 0 else (behind, max(ahead, most))
            )
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


# ── strict ────────────────────────────────────────────────────────────────────────────────


def strict(tree: Iterable[Node], flags: int) -> list[Node]:
    """The nodes that match only what stays a match whatever comes next."""
    made: list[Node] = []
    for node in tree:
        made += _strict_node(node, flags)
    return made


def _strict_node(node: Node, flags: int) -> list[Node]:
    kind, argument = node
    if kind is op.AT and argument in (op.AT_END, op.AT_END_STRING):
        if argument is op.AT_END and flags & re.MULTILINE:
            return [(op.ASSERT, (1, [(op.LITERAL, ord("\n"))]))]
        return [NEVER]
    if kind is op.AT and argument in BOUNDARIES:
        return [node, (op.ASSERT, (1, [ANYTHING]))]
    if kind in (op.ASSERT, op.ASSERT_NOT) and argument[0] < 0:
        return [node]
    if kind is op.ASSERT_NOT:
        return [(kind, (1, possible(argument[1], flags)))]
    inside = flags_inside(node, flags)
    parts = children(node)
    return [with_children(node, [strict(part, inside) for part in parts])] if parts else [node]


# ── possible, growth ──────────────────────────────────────────────────────────────────────


def possible(tree: Iterable[Node], flags: int) -> list[Node]:
    """The nodes that also match where the text ends before the pattern does."""
    return _open_ended(tree, flags, [], followed=False)


def growth(tree: Tree) -> re.Pattern[Any]:
    """The growth variant of a whole pattern; its last group is the marker."""
    marker: Node = (op.SUBPATTERN, (len(tree.state.groupwidths), 0, 0, []))
    nodes = _open_ended(tree, tree.state.flags, [marker], followed=False)
    return compiled(tree, nodes, marker=True)


def _open_ended(
    tree: Iterable[Node], flags: int, mark: list[Node], *, followed: bool
) -> list[Node]:
    """Allow the end of the text at every place, marking it.

    Args:
        followed: Something that takes a character must follow these nodes, so that
            wildcards among them are in the middle of the pattern.
    """
    made: list[list[Node]] = []
    for node in reversed(list(tree)):
        made.append(_open_node(node, flags, mark, followed))
        followed = followed or takes_something(node)
    return [each for nodes in reversed(made) for each in nodes]


def _open_node(node: Node, flags: int, mark: list[Node], followed: bool) -> list[Node]:
    kind, argument = node
    here = [AT_THE_END, *mark]
    if kind in CHARACTERS:
        return [either([node], here)]
    if kind is op.GROUPREF:
        return [either([node], [(op.MAX_REPEAT, (0, op.MAXREPEAT, [ANYTHING])), *here])]
    if kind is op.AT:
        return _open_position(node, flags, here)
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return _open_assertion(node, flags, mark)
    if kind in REPEATS:
        return _open_repeat(node, flags, mark, followed)
    inside = flags_inside(node, flags)
    parts = [_open_ended(part, inside, mark, followed=followed) for part in children(node)]
    return [with_children(node, parts)] if parts else [node]


def _open_position(node: Node, flags: int, here: list[Node]) -> list[Node]:
    if node[1] is op.AT_END and flags & re.MULTILINE:
        return [either([(op.ASSERT, (1, [(op.LITERAL, ord("\n"))]))], here)]
    if node[1] in (op.AT_END, op.AT_END_STRING):
        return [node, *here[1:]]
    if node[1] in BOUNDARIES:
        return [either([node, (op.ASSERT, (1, [ANYTHING]))], here)]
    # What is not the start of a line yet may be, behind characters that have not come.
    return [either([node], here)]


def _open_assertion(node: Node, flags: int, mark: list[Node]) -> list[Node]:
    kind, (direction, inner) = node
    if direction < 0:
        return [either([node], [AT_THE_END, *mark])]
    if kind is op.ASSERT:
        return [(kind, (1, _open_ended(inner, flags, mark, followed=False)))]
    surely_not = (kind, (1, possible(inner, flags)))
    not_yet = (kind, (1, strict(inner, flags)))
    return [either([surely_not], [not_yet, *mark])]


def _open_repeat(node: Node, flags: int, mark: list[Node], followed: bool) -> list[Node]:
    kind, (low, high, body) = node
    lazy_kind = op.MIN_REPEAT if followed and is_wildcard(node) else kind
    if len(body) == 1 and body[0][0] in CHARACTERS:
        return [_open_run(lazy_kind, int(low), high, body, [AT_THE_END, *mark])]
    inner = _open_ended(body, flags, mark, followed=followed)
    return [(lazy_kind, (low, high, inner))]


def _open_run(kind: Any, low: int, high: Any, body: Tree, here: list[Node]) -> Node:
    """Open a repeated single character without turning it into a slow group repeat.

    The alternatives stand in the order in which `re` would try them: a greedy run wants
    the characters beyond the end first, a lazy one last.
    """
    run = partial(_run, body)
    too_short = [[run(op.MAX_REPEAT, 0, low - 1), *here]] if low else []
    if low == high:
        return either([run(kind, low, high)], *too_short)
    if kind is op.MIN_REPEAT:
        longest = high if high is op.MAXREPEAT else high - 1
        return either([run(kind, low, high)], [run(op.MAX_REPEAT, 0, longest), *here])
    if high is op.MAXREPEAT:
        return either([run(kind, low, high), either(here, [])], *too_short)
    full, partly = [run(kind, high, high)], [run(kind, low, high - 1), either(here, [])]
    return either(full, partly, *too_short)


def _run(body: Tree, kind: Any, low: int, high: Any) -> Node:
    return kind, (low, high, body)


# ── plain ─────────────────────────────────────────────────────────────────────────────────


def plain(tree: Iterable[Node], *, followed: bool = False) -> list[Node]:
    """The nodes with the wildcards in their middle made lazy."""
    made: list[Node] = []
    for node in reversed(list(tree)):
        parts = [plain(part, followed=followed) for part in children(node)]
        new = with_children(node, parts) if parts else node
        if followed and node[0] is op.MAX_REPEAT and is_wildcard(node):
            new = (op.MIN_REPEAT, new[1])
        made.append(new)
        followed = followed or takes_something(node)
    return made[::-1]


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
