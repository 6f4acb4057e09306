"""The variants of a regular expression, each by what it promises."""

from __future__ import annotations

import re
from itertools import product

import pytest

from chat.core import syntax, variants

SOURCES = (
    "ab", "a+b?", "a|ab", "(?:a|ab)(?:c|bcd)", "a.*b", "(a+)b", r"\ba", r"a\b", r"a\B", "a$",
    "(?m)a$", "(?m)^a", "^a", r"a\Z", "a(?=b)", "a(?!b)", "a(?!bc)", "(?<=a)b", "(?<!a)b",
    r"(?<=a\b)", r"(?<!a\b)b?", "(?>a*)b", "(?>a|ab)c", "a*+", "(?:ab)*+a", r"(a+)\1",
    r"(?=(a+))\1b", "(a)?(?(1)b|c)", "a{2,3}", "a{2,3}?b", "(?:a{2}|b)+?c", "[^a]+a", "(?s).b",
    "(?!(?>a|ab)c)a", "(?!a(?!b))b", "(?<!b(?=c))a", "(?<=b$)", "(?<!(?i:A))b", "(?i:a+)b",
    "(?<=(?:a|b))c", "(?=a)(?=(?>ab?))a", "a??b", "(?:a|b*)c", r"(?<=\Aa)b", "(?<=(?>a))b",
)  # fmt: skip
TEXTS = ["".join(each) for size in range(5) for each in product("abc\n", repeat=size)]


def tree(source):
    return syntax.parse(re.compile(source))


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_certain_stays_a_match_whatever_comes(source):
    certain, original = variants.strict(tree(source)), re.compile(source)
    for text in TEXTS:
        match = certain.match(text)
        if match is None:
            continue
        for more in TEXTS[:21]:
            assert certain.match(text + more)
            assert original.match(text + more), (text, more)


@pytest.mark.parametrize("source", SOURCES)
def test_what_can_become_a_match_is_possible(source):
    possible, original = variants.possible(tree(source)), re.compile(source)
    certain = variants.strict(tree(source))
    for text in TEXTS:
        if certain.match(text) or original.match(text):
            for length in range(len(text) + 1):
                assert possible.match(text[:length]), (text, length)


@pytest.mark.parametrize("source", SOURCES)
def test_growth_knows_whether_a_certain_match_can_still_change(source):
    growth, certain = variants.growth(tree(source)), variants.strict(tree(source))
    plain = variants.plain(tree(source))
    for text in TEXTS:
        if not certain.match(text):
            continue
        match, now = growth.match(text), plain.match(text)
        assert match and now
        if match.start(growth.groups) < 0:
            for more in TEXTS[:85]:
                later = plain.match(text + more)
                assert later and later.span() == now.span() == match.span(), (text, more)


@pytest.mark.parametrize("source", SOURCES)
def test_in_a_text_that_ends_plain_matches_where_re_does(source):
    plain, original = variants.plain(tree(source)), re.compile(source)
    for text in TEXTS:
        match, awaited = plain.search(text), original.search(text)
        assert (match and match.start()) == (awaited and awaited.start())
        if match and awaited and ".*" not in source:
            assert match.end() == awaited.end()


def test_wildcards_in_the_middle_reach_to_the_nearest_end():
    def end(source, text):
        match = variants.plain(tree(source)).match(text)
        assert match is not None
        return match.end()

    assert end("a.*b", "a-b-b") == 3
    assert end("(?:a.*)b", "a-b-b") == 3
    assert end("a.*", "a-b-b") == 5
    assert end("[ab]*b", "abab") == 4  # not a wildcard: it says what it holds
    assert end("(?>.*b)?a", "a") == 1
    assert end("a.*b*", "a-b-b") == 5  # nothing has to follow


def test_an_atomic_group_is_certain_when_it_cannot_have_gone_on():
    certain = variants.strict(tree(r"\d++"))
    assert not certain.match("12")
    assert certain.match("12 ")
    assert variants.strict(tree("(?>a|ab)")).match("a")
    assert not variants.strict(tree("(?>ab|a)")).match("a")


def test_strict_leaves_the_group_numbers_alone():
    certain = variants.strict(tree("(a)(?>b*)(c)"))
    match = certain.match("abbc")
    assert match is not None and match.group(1, 2) == ("a", "c")
