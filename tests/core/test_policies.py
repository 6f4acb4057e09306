"""The orders of pexpect and of Tcl Expect: decided at each scan, on what has come."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core import policies, syntax
from chat.core.matcher import Order
from chat.core.patterns import Regex, Textual, literal, regex
from chat.core.policies import FirstListed, LeftmostStart
from chat.core.stream import PART_SIZE, Stream


def answers(order: Order, pieces: list[Any]) -> list[Any]:
    """What each scan says until one has an answer: number, start, end, groups."""
    stream: Stream[Any] = Stream(pieces[0][:0])
    stream.cursor(0)
    order.reset(0)
    said: list[Any] = []
    for piece in pieces:
        stream.append(piece)
        found = order.scan(stream)
        if found is not None:
            number, hit = found
            groups = hit.match.groups() if hit.match else ()
            return [*said, (number, hit.start, hit.end, groups)]
        said.append(None)
    assert order.settle(stream) is None
    return said


def leftmost(*texts: Textual) -> Order:
    return LeftmostStart(texts, "")


def first_listed(*texts: Textual) -> Order:
    return FirstListed(texts, "")


def test_of_pexpect_the_match_that_starts_first_wins():
    pair = literal("world"), literal("hello")
    assert answers(leftmost(*pair), ["hello world"]) == [(1, 0, 5, ())]


def test_of_pexpect_the_first_listed_wins_where_both_start():
    assert answers(leftmost(literal("foobar"), literal("foo")), ["foobar"]) == [(0, 0, 6, ())]
    assert answers(leftmost(literal("foo"), literal("foobar")), ["foobar"]) == [(0, 0, 3, ())]


def test_of_pexpect_the_answer_depends_on_the_reads():
    pair = literal("foobar"), literal("foo")
    assert answers(leftmost(*pair), ["foo", "bar"]) == [(1, 0, 3, ())]


def test_of_expect_the_first_listed_wins_wherever_it_is():
    pair = literal("world"), literal("hello")
    assert answers(first_listed(*pair), ["hello world"]) == [(0, 6, 11, ())]
    assert answers(first_listed(*pair), ["hello", " world"]) == [(1, 0, 5, ())]


def test_a_regular_expression_is_that_of_re():
    greedy = regex(r"a.*(b)")
    assert answers(leftmost(greedy), ["-a b b -"]) == [(0, 1, 6, ("b",))]
    assert answers(leftmost(regex(r"\d+")), ["a 1", "2"]) == [(0, 2, 3, ())]
    assert answers(leftmost(regex(r"x$")), ["xy", "x", "y"]) == [None, (0, 2, 3, ())]


def test_matches_begin_where_the_reader_is():
    order = leftmost(regex(r"^b"), literal("a"), regex(r"(?<!a)b"))
    stream = Stream("")
    stream.cursor(0)
    stream.append("aab")
    order.reset(1)
    found = order.scan(stream)
    assert found is not None and (found[0], found[1].start) == (1, 1)
    order.reset(2)
    found = order.scan(stream)
    assert found is not None and (found[0], found[1].start) == (0, 2)
    assert order.begin == 2


def test_what_was_dropped_is_not_looked_for():
    order = leftmost(literal("abc"), regex("a[b]c"), regex("a.*c"))
    stream = Stream("", limit=4, overflow="drop")
    stream.cursor(0)
    order.reset(0)
    stream.append("xxab")
    assert order.scan(stream) is None
    stream.append("zc")
    order.cut(3)
    assert order.begin == 3
    assert order.scan(stream) is None


def grown(order: Order, pieces: list[str]) -> Any:
    """What the last scan says of a stream that was scanned behind each piece."""
    stream: Stream[str] = Stream("")
    stream.cursor(0)
    order.reset(0)
    found = None
    for piece in pieces:
        stream.append(piece)
        found = order.scan(stream)
    return None if found is None else (found[0], found[1].start, found[1].end)


def test_what_spans_the_parts_of_a_stream_is_found():
    parts = ["-" * PART_SIZE, "--ab", "c" + "-" * PART_SIZE, "-x"]
    for text in (literal("abc-"), regex("ab(c)"), regex("a.c"), regex("a[^x]*x")):
        assert grown(leftmost(text, literal("--ab-")), parts)[:2] == (0, PART_SIZE + 2)
    stream: Stream[str] = Stream("")
    stream.cursor(0)
    for each in parts:
        stream.append(each)
    order = leftmost(literal("abc-"))
    order.reset(0)
    found = order.scan(stream)
    assert found is not None and found[1].start == PART_SIZE + 2


def test_an_unbounded_pattern_is_looked_for_from_where_it_may_begin():
    look = policies.Look(regex("ERR.*code"))
    stream: Stream[str] = Stream("")
    stream.cursor(0)
    look.reset(0)
    for piece, resume in (("no\nE", 3), ("RR one", 3), ("\nnothing", 18), ("\n", 19)):
        stream.append(piece)
        assert look.leftmost(stream, stream.end + 1) is None
        assert look.resume == resume


def test_one_of_which_nothing_is_known_is_looked_for_from_the_beginning(monkeypatch):
    monkeypatch.setattr(syntax, "parse", fail_to_parse)
    strange = re.compile("a.*b#nothing is known of this", re.VERBOSE)
    assert grown(leftmost(regex("x"), Regex(strange)), ["-a", "--", "-b"]) == (1, 1, 6)


def fail_to_parse(pattern: object) -> None:
    raise syntax.Opaque("too new")


def test_what_is_known_stays_known_when_a_reader_goes_on():
    order = leftmost(literal("zz"), literal("\n"), regex("q+"))
    stream: Stream[str] = Stream("")
    cursor = stream.cursor(0)
    stream.append("a\nb\nqc\n")
    order.reset(0)
    said = []
    while (found := order.scan(stream)) is not None:
        said.append((found[0], found[1].start))
        stream.consume(cursor, found[1].end)
        order.reset(found[1].end)
    assert said == [(1, 1), (1, 3), (2, 4), (1, 6)]


def test_silence_decides_nothing():
    assert not leftmost(regex("x$")).may_settle
    assert leftmost(literal("abc"), regex("..")).least == 2
    assert first_listed().least == 0


@pytest.mark.parametrize("make", [leftmost, first_listed])
def test_bytes_are_matched_as_text_is(make):
    texts = literal(b"cd"), regex(b"b(c)?")
    order = type(make())(texts, b"")
    assert answers(order, [b"ab", b"cd"]) == [(1, 1, 2, (None,))]


PATTERNS = (
    literal("ab"), literal("b\n"), regex("a+b"), regex(r"\bab"), regex("b$"), regex("(?m)^b"),
    regex("a(?=b)"), regex("(?<=a)b"), regex("a.*b"), regex("(a|ab)x"), regex("(a)x?\\1"),
    regex("b{2,3}"), regex("a(?!b)"), regex("(?s)x.{0,3}b"), regex("b\\Z"), regex("a?x"),
)  # fmt: skip


def searched(text: Textual, data: str) -> Any:
    assert isinstance(text.text, str)
    source = getattr(text, "compiled", None) or re.compile(re.escape(text.text))
    match = source.search(data)
    return None if match is None else (*match.span(), match.groups())


def expected(texts: list[Textual], data: str, *, by_start: bool) -> Any:
    spans = [
        (number, *span)
        for number, text in enumerate(texts)
        if (span := searched(text, data)) is not None
    ]
    if by_start:
        spans.sort(key=lambda each: each[1])
    return spans[0] if spans else None


@pytest.mark.parametrize("block", [1, 3, 1 << 16])
@pytest.mark.parametrize("by_start", [True, False])
@given(
    texts=st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4),
    data=st.text(alphabet="aabbx\n", min_size=1, max_size=25),
    at=st.lists(st.integers(1, 24), max_size=8),
)
def test_each_scan_says_what_re_says_of_what_has_come(block, by_start, texts, data, at):
    ends = sorted({0, len(data), *(place for place in at if place < len(data))})
    pieces = [data[start:stop] for start, stop in pairwise(ends)]
    awaited = []
    for end in ends[1:]:
        awaited.append(expected(texts, data[:end], by_start=by_start))
        if awaited[-1] is not None:
            break
    order = (LeftmostStart if by_start else FirstListed)(texts, "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policies, "BLOCK", block)
        assert answers(order, pieces) == awaited
