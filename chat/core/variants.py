"""Variants of a regular expression, to say what `re` alone cannot: will this match stand?

`re` answers for a text that is complete. A stream is not: `\\d+` at its end may grow, and
`\\$ $` may turn out not to have been at the end. Java's `Matcher.hitEnd` is the usual
remedy; `re` has none, so three variants are made from the parse tree of a pattern:

strict
    Matches only what stays a match whatever comes next. `$` becomes "before a newline" or
    never, `\\b` needs the next character, `(?!x)` needs that no `x` can be under way, and
    `(?>…)` that it would not have gone on into what has not come. Whether a strict variant
    has matched in a prefix of the stream only ever goes from no to yes, so the shortest
    such prefix can be found by bisection.
growth
    Is also content with the end of the text in place of any character, and sets a marker
    group where it was. Matched at a known start, the marker says: more text could still
    change this match.
plain
    The pattern for a text that will not go on.

In growth and plain, a *wildcard* (`.*`, `[^x]*`) in the middle of a pattern is lazy: it
reaches to the nearest text that completes the match. Shortest-prefix order means that
anyway, and it keeps `ERR.*code=\\d+` from waiting for another `code=` for ever. Loops of
other kinds stay greedy: `(\\d+\\.)+\\d+` is given all of `3.11.7`. Nothing changes inside
`(?>…)`, which means what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from re import _constants as op  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import Any, Final

from chat.core.syntax import (
    BOUNDARIES,
    CHARACTERS,
    REPEATS,
    Node,
    Tree,
    children,
    compiled,
    either,
    flags_inside,
    is_wildcard,
    takes_something,
    walk,
    with_children,
)

ANYTHING: Final[Node] = (
    op.IN,
    [(op.CATEGORY, op.CATEGORY_SPACE), (op.CATEGORY, op.CATEGORY_NOT_SPACE)],
)
AT_THE_END: Final[Node] = (op.AT, op.AT_END_STRING)
NEVER: Final[Node] = (op.FAILURE, ())

# ── strict ────────────────────────────────────────────────────────────────────────────────


def strict(tree: Tree) -> re.Pattern[Any]:
    """The strict variant of a pattern, or of a piece of one."""
    marks = any(node[0] is op.ATOMIC_GROUP for node in walk(tree))
    number = len(tree.state.groupwidths) if marks else None
    nodes = _strict(tree, tree.state.flags, number)
    return compiled(tree, nodes, marker=marks)


def _strict(tree: Iterable[Node], flags: int, number: int | None) -> list[Node]:
    """The nodes that match only what stays a match whatever comes next.

    Args:
        number: The group to mark in; `None` where nothing that needs it can come up.
    """
    made: list[Node] = []
    for node in tree:
        made += _strict_node(node, flags, number)
    return made


def _strict_node(node: Node, flags: int, number: int | None) -> list[Node]:
    kind, argument = node
    if kind is op.AT and argument in (op.AT_END, op.AT_END_STRING):
        if argument is op.AT_END and flags & re.MULTILINE:
            return [(op.ASSERT, (1, [(op.LITERAL, ord("\n"))]))]
        return [NEVER]
    if kind is op.AT and argument in BOUNDARIES:
        return [node, (op.ASSERT, (1, [ANYTHING]))]
    if kind is op.ASSERT_NOT:
        if argument[0] < 0:
            return [(kind, (-1, _looked_back(argument[1], flags)))]
        return [(kind, (1, _possible(argument[1], flags)))]
    if kind is op.ATOMIC_GROUP and number is not None:
        # It must not have reached the end of the text on its way to what it took.
        opened = _open_ended(argument, flags, [_marker(number)], followed=False)
        return [(kind, opened), (op.GROUPREF_EXISTS, (number, [NEVER], None))]
    if kind is op.ASSERT and argument[0] < 0:
        number = None  # what is behind has come
    inside = flags_inside(node, flags)
    parts = [_strict(part, inside, number) for part in children(node)]
    return [with_children(node, parts)] if parts else [node]


def _marker(number: int) -> Node:
    return op.SUBPATTERN, (number, 0, 0, [])


# ── possible, growth ──────────────────────────────────────────────────────────────────────


def possible(tree: Tree) -> re.Pattern[Any]:
    """The variant that also matches where the text ends before the pattern does."""
    return compiled(tree, _possible(tree, tree.state.flags))


def _possible(tree: Iterable[Node], flags: int) -> list[Node]:
    return _open_ended(tree, flags, [], followed=False)


def _looked_back(tree: Iterable[Node], flags: int) -> list[Node]:
    """What a look-behind asks, as far as it may turn out to hold.

    Its characters have come; only what looks ahead from among them may be undecided.
    """
    made: list[Node] = []
    for node in tree:
        if node[0] in (op.AT, op.ASSERT, op.ASSERT_NOT):
            made += _open_node(node, flags, [], followed=False)
            continue
        inside = flags_inside(node, flags)
        parts = [_looked_back(part, inside) for part in children(node)]
        made.append(with_children(node, parts) if parts else node)
    return made


def growth(tree: Tree) -> re.Pattern[Any]:
    """The growth variant of a whole pattern; its last group is the marker."""
    marker = _marker(len(tree.state.groupwidths))
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
        made.append(_open_node(node, flags, mark, followed=followed))
        followed = followed or takes_something(node)
    return [each for nodes in reversed(made) for each in nodes]


def _open_node(node: Node, flags: int, mark: list[Node], *, followed: bool) -> list[Node]:
    kind = node[0]
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
        return _open_repeat(node, flags, mark, followed=followed)
    followed = followed and kind is not op.ATOMIC_GROUP
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
        return [either(_strict_node(node, flags, None), [AT_THE_END, *mark])]
    if kind is op.ASSERT:
        return [(kind, (1, _open_ended(inner, flags, mark, followed=False)))]
    surely_not = (kind, (1, _possible(inner, flags)))
    if any(each[0] is op.ATOMIC_GROUP for each in walk(inner)):
        return [either([surely_not], mark)]
    not_yet = (kind, (1, _strict(inner, flags, None)))
    return [either([surely_not], [not_yet, *mark])]


def _open_repeat(node: Node, flags: int, mark: list[Node], *, followed: bool) -> list[Node]:
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


def plain(tree: Tree) -> re.Pattern[Any]:
    """The pattern, or a piece of it, with the wildcards in its middle made lazy."""
    return compiled(tree, _plain(tree, followed=False))


def _plain(tree: Iterable[Node], *, followed: bool) -> list[Node]:
    made: list[Node] = []
    for node in reversed(list(tree)):
        inside = followed and node[0] is not op.ATOMIC_GROUP
        parts = [_plain(part, followed=inside) for part in children(node)]
        new = with_children(node, parts) if parts else node
        if followed and node[0] is op.MAX_REPEAT and is_wildcard(node):
            new = (op.MIN_REPEAT, new[1])
        made.append(new)
        followed = followed or takes_something(node)
    return made[::-1]
