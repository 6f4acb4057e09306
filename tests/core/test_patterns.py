"""What can be waited for, and what cannot."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.patterns import (
    EOF,
    INPUT_WAIT,
    TIMEOUT,
    AnyOf,
    Condition,
    Literal,
    Quiet,
    Regex,
    any_of,
    as_pattern,
    check_kind,
    flatten,
    glob,
    literal,
    regex,
)
from chat.errors import ChatError, PatternError, PatternTypeError


def test_text_stands_for_itself():
    assert as_pattern("a.c") == Literal("a.c")
    assert as_pattern(b"a.c") == Literal(b"a.c")


def test_a_compiled_regex_keeps_its_flags():
    compiled = re.compile("hello", re.IGNORECASE)
    pattern = as_pattern(compiled)
    assert isinstance(pattern, Regex)
    assert pattern.compiled is compiled
    assert pattern.text == "hello"


@pytest.mark.parametrize(
    "given", [EOF, TIMEOUT, INPUT_WAIT, Quiet(1), literal("x"), any_of("a")]
)
def test_patterns_are_patterns(given):
    assert as_pattern(given) is given


@pytest.mark.parametrize("given", [None, 1, 1.5, True, object(), {}, Literal, len])
def test_other_things_are_not(given):
    with pytest.raises(PatternTypeError, match="is not a pattern") as caught:
        as_pattern(given)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ChatError)


@pytest.mark.parametrize("given", [EOFError, TimeoutError, Exception, KeyboardInterrupt])
def test_an_exception_is_not_a_pattern_and_the_message_says_what_is(given):
    with pytest.raises(
        PatternTypeError, match=r"exception; wait for chat\.EOF or chat\.TIMEOUT"
    ):
        as_pattern(given)


@pytest.mark.parametrize("make", [literal, glob, as_pattern])
@pytest.mark.parametrize("empty", ["", b""])
def test_an_empty_text_cannot_be_waited_for(make, empty):
    with pytest.raises(PatternError, match="empty"):
        make(empty)


@pytest.mark.parametrize("make", [literal, regex, glob])
@pytest.mark.parametrize("wrong", [None, 3, ["a"], re.compile("a"), bytearray(b"a")])
def test_the_source_of_a_pattern_is_text_or_bytes(make, wrong):
    with pytest.raises(PatternTypeError, match="text or bytes, not"):
        make(wrong)


@pytest.mark.parametrize("source", ["(", "[a", "a{2,1}", r"\99", "(?<=a*)b", "(?P<1>a)"])
def test_a_regex_that_does_not_compile_says_why(source):
    with pytest.raises(PatternError, match="does not compile") as caught:
        regex(source)
    assert isinstance(caught.value, ValueError)
    assert source in str(caught.value)


def test_flags_that_contradict_are_refused_as_patterns_are():
    with pytest.raises(PatternError):
        regex("a", re.ASCII | re.UNICODE)


def test_any_iterable_of_patterns_will_do():
    expected = [Literal("a"), Literal("b"), EOF]
    assert flatten(["a", "b", EOF]) == expected
    assert flatten([("a", "b"), EOF]) == expected
    assert flatten([["a"], (each for each in ("b", EOF))]) == expected
    assert flatten(iter(["a", "b", EOF])) == expected
    assert flatten([]) == []


def test_nested_further_they_are_not_patterns():
    with pytest.raises(PatternTypeError):
        flatten([[["a"]]])
    with pytest.raises(PatternTypeError):
        flatten([None])


def test_any_of_counts_as_one():
    pattern = any_of("a", regex("b"), any_of(["c", "d"]), name="some")
    assert [each.text for each in pattern.members] == ["a", "b", "c", "d"]
    assert str(pattern) == "some"
    assert str(any_of("a", regex("b"))) == "any of 'a', regex 'b'"


@pytest.mark.parametrize("condition", [EOF, TIMEOUT, INPUT_WAIT, Quiet(1)])
def test_conditions_are_not_one_of_several_texts(condition):
    with pytest.raises(PatternTypeError, match="cannot be one of several texts"):
        any_of("a", condition)


def test_any_of_nothing_is_refused():
    with pytest.raises(PatternError, match="nothing"):
        any_of()


def test_a_name_is_what_a_pattern_is_called():
    assert str(literal("a", name="greeting")) == "greeting"
    assert str(regex("a", name="greeting")) == "greeting"
    assert str(glob("a*", name="greeting")) == "greeting"
    assert str(Quiet(1, name="pause")) == "pause"


def test_without_one_it_is_called_by_what_it_is():
    assert str(literal("a\n")) == r"'a\n'"
    assert str(regex(b"a+")) == "regex b'a+'"
    assert str(Quiet(0.25)) == "0.25 s of silence"
    assert (str(EOF), repr(EOF)) == ("EOF", "chat.EOF")
    assert Condition("EOF") == EOF


@pytest.mark.parametrize("wrong", [None, "1", True])
def test_quiet_is_a_length_of_time(wrong):
    with pytest.raises(TypeError):
        Quiet(wrong)


@pytest.mark.parametrize("wrong", [-1, float("nan")])
def test_quiet_is_not_negative(wrong):
    with pytest.raises(ValueError, match="negative"):
        Quiet(wrong)


@pytest.mark.parametrize("pattern", [literal("a"), regex("a"), any_of(b"b", "a")])
def test_text_patterns_are_refused_on_bytes(pattern):
    with pytest.raises(PatternTypeError, match="holds bytes"):
        check_kind(pattern, b"")


@pytest.mark.parametrize("pattern", [literal(b"a"), regex(b"a"), any_of("b", b"a")])
def test_and_the_reverse(pattern):
    with pytest.raises(PatternTypeError, match="holds text, but the pattern b'a' is a bytes"):
        check_kind(pattern, "")


@pytest.mark.parametrize("pattern", [EOF, Quiet(1), literal("a"), AnyOf((regex("a"),))])
def test_what_fits_passes(pattern):
    check_kind(pattern, "")


# ── globs ─────────────────────────────────────────────────────────────────────────────────


def globbed(source: str, text: str) -> bool:
    return glob(source).compiled.fullmatch(text) is not None


@pytest.mark.parametrize(
    ("source", "matches", "others"),
    [
        ("a*c", ["ac", "abc", "a\n\nc"], ["a", "ab"]),
        ("a?c", ["abc", "a\nc"], ["ac", "abbc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x", "x"]),
        ("[!a]x", ["bx", "\nx", "!x"], ["ax"]),
        ("[^a]x", ["bx", "^x"], ["ax"]),
        ("[]]x", ["]x"], ["x"]),
        ("[!]a]x", ["bx"], ["]x", "ax"]),
        ("[a^]x", ["ax", "^x"], ["bx"]),
        ("[a!]x", ["ax", "!x"], ["bx"]),
        ("[-a]x", ["-x", "ax"], ["bx"]),
        ("[a-]x", ["-x", "ax"], ["bx"]),
        (r"[\]]x", ["]x"], ["\\x", "x"]),
        (r"[a\-c]x", ["ax", "-x", "cx"], ["bx", "\\x"]),
        ("[[]x", ["[x"], ["x"]),
        ("[&&]x", ["&x"], ["x"]),
        ("[a||b~~]x", ["|x", "~x"], ["x"]),
        ("[.+(]x", [".x", "+x", "(x"], ["ax"]),
        (r"a\*c", ["a*c"], ["abc", r"a\c"]),
        (r"a\?", ["a?"], ["ab"]),
        (r"\[a]", ["[a]"], ["a"]),
        (r"a\\b", ["a\\b"], ["a\\\\b"]),
        ("a\\", ["a\\"], ["a"]),
        ("[a", ["[a"], ["a"]),
        ("[]", ["[]"], [""]),
        ("[!]", ["[!]"], ["a"]),
        ("[!", ["[!"], ["a"]),
        ("a]", ["a]"], ["a"]),
        ("a.c", ["a.c"], ["abc"]),
        ("(a|b){2}^$", ["(a|b){2}^$"], ["aa"]),
        ("[z-a]x", [], ["zx", "ax", "-x", "bx"]),
        ("[az-ab]x", ["ax", "bx"], ["zx", "-x"]),
        ("**", ["", "anything"], []),
    ],
)
def test_globs(source, matches, others):
    for text in matches:
        assert globbed(source, text), text
    for text in others:
        assert not globbed(source, text), text


def test_a_glob_of_bytes():
    pattern = glob(b"\xff[a-z]*")
    assert pattern.compiled.fullmatch(b"\xffa\x80")
    assert isinstance(pattern.text, bytes)


@given(
    st.text(alphabet="ab*?[]!^-\\&|~.", min_size=1, max_size=8),
    st.text("ab-]^!\\[", max_size=5),
)
def test_globs_are_what_a_reference_says(source, text):
    assert globbed(source, text) == reference(source, text)


def reference(source: str, text: str) -> bool:
    """The glob's meaning, by trying every way to match it."""
    if not source:
        return not text
    head, rest = source[0], source[1:]
    if head == "*":
        return any(reference(rest, text[skipped:]) for skipped in range(len(text) + 1))
    if head == "\\" and rest:
        return text[:1] == rest[0] and reference(rest[1:], text[1:])
    if head == "[" and (found := members(rest)) is not None:
        wanted, negated, rest = found
        return bool(text) and (text[0] in wanted) != negated and reference(rest, text[1:])
    if head == "?":
        return bool(text) and reference(rest, text[1:])
    return text[:1] == head and reference(rest, text[1:])


def members(rest: str) -> tuple[set[str], bool, str] | None:
    """What stands in brackets, whether it is excluded, and what follows; or no brackets."""
    negated = rest[:1] in ("!", "^") and bool(rest)
    inside = rest[1:] if negated else rest
    listed: list[tuple[str, bool]] = []  # characters, and whether they were quoted
    at = 0
    while at < len(inside) and (inside[at] != "]" or not listed):
        quoted = inside[at] == "\\" and at + 1 < len(inside)
        at += quoted
        listed.append((inside[at], quoted))
        at += 1
    if at >= len(inside):
        return None
    wanted, number = set(), 0
    while number < len(listed):
        if number + 2 < len(listed) and listed[number + 1] == ("-", False):
            low, high = ord(listed[number][0]), ord(listed[number + 2][0])
            wanted |= {chr(code) for code in range(low, high + 1)}
            number += 3
        else:
            wanted.add(listed[number][0])
            number += 1
    return wanted, negated, inside[at + 1 :]
