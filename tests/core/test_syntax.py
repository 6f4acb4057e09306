"""Regular expressions taken apart: widths, reach, what is known and what is not."""

from __future__ import annotations

import re

import pytest

from chat.core import syntax
from chat.core.syntax import UNBOUNDED


def parsed(source, flags=0):
    return syntax.parse(re.compile(source, flags))


@pytest.mark.parametrize(
    ("source", "least", "most"),
    [
        ("abc", 3, 3), ("a?b", 1, 2), ("a{2,5}", 2, 5), ("a*", 0, UNBOUNDED), ("", 0, 0),
        ("ab|c", 1, 2), ("(?=abc)a", 1, 1), ("a{70000}", UNBOUNDED, UNBOUNDED), (r"\bx$", 1, 1),
        (r"(a)\1", 1, UNBOUNDED), ("(a)?(?(1)b|cd)", 1, UNBOUNDED),
    ],
)  # fmt: skip
def test_width(source, least, most):
    found = syntax.width(parsed(source))
    assert found[1] == most
    assert found[0] in (least, least + 1)  # a reference is at least as wide as its group


@pytest.mark.parametrize(
    ("source", "behind", "ahead"),
    [
        ("abc", 0, 0), ("^a", 1, 0), (r"\Aa", 1, 0), (r"\ba", 1, 1), (r"a\B", 1, 1),
        ("a$", 1, 2), (r"a\Z", 1, 1), ("(?<=ab)c", 3, 0), ("(?<!a)b", 2, 0), ("a(?=bc)", 0, 3),
        ("a(?!b)", 0, 2), ("a(?=b(?=c(?!d)))", 0, 6), ("(?<=(?<=(?<=ab)c)d)", 7, 0),
        (r"(?<=a\b)", 3, 1), ("(?:a(?=b))*", 0, 2), ("(?>ab)", 0, 1), ("a*+", 0, 1),
    ],
)  # fmt: skip
def test_reach_counts_all_that_is_looked_at_beyond_a_match(source, behind, ahead):
    assert syntax.reach(parsed(source)) == (behind, ahead)


@pytest.mark.parametrize(
    "source", ["abc", "(a)[bc].", "^a", r"\Aab", "(?:ab){3}", r"\d{4}-\d\d"]
)
def test_fixed(source):
    assert syntax.is_fixed(parsed(source))


@pytest.mark.parametrize(
    "source", ["a?", "a*", "ab|c", "a$", r"\ba", "(?=a)a", "(?>a)", r"(a)\1"]
)
def test_not_fixed(source):
    assert not syntax.is_fixed(parsed(source))


@pytest.mark.parametrize(
    "source",
    [".*", "[^x]*", "(?:.)*", r"[\s\S]*?", "(a.*b)", "(?:ac|[^b]+)", r"[\d\D]*", "(.*)*"],
)
def test_wildcards(source):
    (node,) = parsed(source, re.DOTALL)
    assert syntax.is_wildcard(node)


@pytest.mark.parametrize(
    "source", ["a*", ".{0,9}", r"\d+", "(?:ab)*", r"[\s\d]*", "a", "(?:.a)*"]
)
def test_not_wildcards(source):
    nodes = list(parsed(source))
    assert not any(map(syntax.is_wildcard, nodes))


def test_what_takes_something():
    def takes(source):
        return [syntax.takes_something(node) for node in parsed(source)]

    assert takes("a[b].") == [True, True, True]
    assert takes("a*a+(b?)(bc?)") == [False, True, False, True]
    assert takes("(?:a|b?)") == [False]
    assert takes("(?:xa|yb)") == [True]
    assert takes(r"^\b(?=a)(?:^)+") == [False, False, False, False]
    assert takes("(?>a)(?>a*)") == [True, False]


@pytest.mark.parametrize(
    "source", ["a", "[ab]", "[^ab]", r"[^\d]", ".", r"\w", "[a-z_]", r"[\s\S]"]
)
def test_outside_is_the_rest(source):
    (node,) = parsed(source)
    inside = re.compile(source)
    outside = syntax.compiled(parsed(""), [syntax.outside(node)])
    for code in range(300):
        assert bool(inside.match(chr(code))) != bool(outside.match(chr(code)))


def test_outside_of_all_but_one():
    (node,) = parsed("[^a]")
    outside = syntax.compiled(parsed(""), [syntax.outside(node)])
    assert outside.match("a") and not outside.match("b")


@pytest.mark.parametrize(
    ("source", "same"),
    [("a*+b", "(?>a*)b"), ("(?:ab)?+", "(?>(?:ab)?)"), ("a{2,3}+", "(?>a{2,3})")],
)
def test_possessive_is_told_as_atomic(source, same):
    assert str(parsed(source)) == str(parsed(same))


def test_a_look_ahead_keeps_what_it_took_if_something_refers_to_it():
    (ahead, _), (same,) = parsed(r"(?=(a*))\1"), parsed("(?=(?>(a*)))")
    assert str(ahead) == str(same)
    assert str(parsed("(?=(a*))")) != str(parsed("(?=(?>(a*)))"))
    assert str(parsed(r"(a)(?<=a)\1")) == str(parsed(r"(a)(?<=a)\1"))


def test_flags_come_along():
    assert parsed("a", re.IGNORECASE | re.DOTALL).state.flags & re.DOTALL
    assert parsed("(?i)a").state.flags & re.IGNORECASE
    (group,) = parsed("(?-i:a)", re.IGNORECASE)
    assert syntax.flags_inside(group, re.IGNORECASE) == 0
    assert syntax.flags_inside((None, None), re.IGNORECASE) == re.IGNORECASE


@pytest.mark.parametrize(
    "source",
    [
        "a(b|c)*d",
        "(a)(?(1)b|c)x",
        "(a)?(?(1)b)",
        "(?>a|b)c",
        "(?=a)(?!b)(?<=c)(?<!d)",
        "(?i:a)b",
    ],
)
def test_compiling_the_parts_gives_the_same_expression(source):
    tree = parsed(source)
    again = syntax.compiled(tree, list(tree), marker=True)
    assert again.groups == re.compile(source).groups + 1
    for text in ("abcd", "bcd", "acd", "bd", "abx", "cx", "c", "ab", ""):
        whole = re.compile(source).fullmatch(text)
        assert bool(again.fullmatch(text)) == bool(whole)


def test_what_is_not_known_is_said_so(monkeypatch):
    monkeypatch.setattr(
        syntax, "KNOWN", frozenset(kind for kind in syntax.KNOWN if str(kind) != "ANY")
    )
    with pytest.raises(syntax.Opaque, match="ANY"):
        parsed("a.b")


def test_nobody_is_warned_twice_of_a_pattern():
    with pytest.warns(FutureWarning):
        questionable = re.compile("[[a]")
    syntax.parse(questionable)  # a warning would be an error here
