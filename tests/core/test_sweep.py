"""One pass over the text for many patterns."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.core import stream as stream_module
from chat.core import sweep as sweep_module
from chat.core.matcher import StreamOrder
from chat.core.patterns import Literal, literal, regex
from chat.core.stream import Stream
from chat.core.sweep import WORTH, First, Needles, Sweep
from chat.core.trackers import tracker


def firsts(*patterns: Any) -> list[Any]:
    found = [tracker(each).firsts() for each in patterns]
    assert all(each is not None for each in found)
    return found


def stream_of(*pieces: Any) -> Stream[Any]:
    stream: Stream[Any] = Stream(pieces[0][:0])
    stream.cursor(0)
    for piece in pieces:
        stream.append(piece)
    return stream


def stops(needles: Needles, *pieces: Any) -> list[tuple[int, list[int]]]:
    stream = stream_of(pieces[0])
    sweep = Sweep(needles, 0)
    found: dict[int, list[int]] = {}
    for number, piece in enumerate(pieces):
        if number:
            stream.append(piece)
        for begin, start, candidates in sweep.stops(stream, stream.end):
            assert begin <= start
            found[start] = sorted({*found.get(start, []), *candidates})
    return sorted(found.items())


def test_it_stops_where_a_pattern_may_begin():
    needles = Needles(firsts(literal("foo"), literal("bar"), regex(r"\d{2}x")), "")
    assert stops(needles, "-foo-bar-12x") == [(1, [0]), (5, [1]), (9, [2])]
    assert stops(needles, *"-foo-bar-12x") == [(1, [0]), (5, [1]), (9, [2])]
    assert stops(needles, "nothing", "here") == []


def test_bytes_are_swept_too():
    needles = Needles(firsts(literal(b"\xff\x00"), literal(b"b")), b"")
    assert stops(needles, b"a\xff\x00", b"b") == [(1, [0]), (3, [1])]


def test_flags_are_each_pattern_s_own():
    needles = Needles(firsts(regex("(?i)foo"), literal("bar")), "")
    assert stops(needles, "FOO BAR bar") == [(0, [0]), (8, [1])]


def test_groups_do_not_get_in_each_other_s_way():
    needles = Needles(firsts(regex("(a)(b)"), regex("(?P<n>c)(d)"), regex("(?P<n>e)x")), "")
    assert {family.pattern.groups for family in needles.families} == {0}
    assert stops(needles, "abcdex") == [(0, [0]), (2, [1]), (4, [2])]


def test_what_the_patterns_share_is_told_once():
    needles = Needles(firsts(*(literal(f"event {n}") for n in "abc"), literal("ev")), "")
    assert stops(needles, "--event a") == [(2, [0, 1, 2, 3])]
    assert stops(needles, "--ev") == [(2, [0, 1, 2, 3])]


def test_patterns_that_share_a_text_are_one_family():
    errors = [literal(f"error {number}") for number in range(5)]
    needles = Needles(firsts(*errors, literal("event"), regex(r"e\d"), literal("x")), "")
    assert sorted(family.numbers for family in needles.families) == [
        [0, 1, 2, 3, 4, 5, 6],  # "e" alone is certain of what begins with e and a digit
        [7],
    ]
    needles = Needles(firsts(*errors, literal("event"), regex(r"\bexit \d"), literal("x")), "")
    assert sorted(family.numbers for family in needles.families) == [
        [0, 1, 2, 3, 4], [5], [6], [7],
    ]  # fmt: skip
    assert stops(needles, "error x, an event, exit 3") == [
        (6, [7]), (12, [5]), (19, [6]), (20, [7]),
    ]  # fmt: skip


def test_too_many_families_are_swept_as_one(monkeypatch):
    monkeypatch.setattr(sweep_module, "MOST_FAMILIES", 1)
    needles = Needles(firsts(literal("foo"), literal("bar"), regex(r"\d{2}x")), "")
    assert len(needles.families) == 1
    assert stops(needles, "-foo-bar-12x") == [(1, [0, 1, 2]), (5, [0, 1, 2]), (9, [0, 1, 2])]


def test_a_sweep_looks_no_further_than_it_must(monkeypatch):
    looked = []
    find = sweep_module.Family.find

    def noted(family: Any, text: Any, position: int, stop: int) -> int:
        looked.append(stop - position)
        return find(family, text, position, stop)

    monkeypatch.setattr(sweep_module.Family, "find", noted)
    needles = Needles(firsts(literal("foo"), literal("bar")), "")
    stream = stream_of("-foo-" + "-" * 100_000)
    assert next(sweep_module.Sweep(needles, 0).stops(stream, stream.end))[1] == 1
    assert sum(looked) <= 2 * sweep_module.FIRST_BLOCK
    looked.clear()
    assert list(sweep_module.Sweep(needles, 5).stops(stream, stream.end)) == []
    assert sum(looked) <= 2 * 110_000


def test_nothing_is_known_of_what_roams():
    assert tracker(regex(r"(a)\1")).firsts() is None
    assert tracker(regex(r"a|(?:bc)+")).firsts() is not None
    assert tracker(regex(r"a|(?:bc)*d")).firsts() is None


def test_look_behind_sees_no_further_than_where_the_text_begins():
    needles = Needles(firsts(regex("^foo"), regex(r"(?<!x)bar")), "")
    assert [start for start, _ in stops(needles, "foo-foo-xbar-bar")] == [0, 13]
    sweep = Sweep(needles, 4)
    stream = stream_of("xxxxfoo")
    assert [start for _, start, _ in sweep.stops(stream, 7)] == [4]
    sweep = Sweep(needles, 0)
    sweep.cut(4)
    assert [start for _, start, _ in sweep.stops(stream, 7)] == [4]


def test_it_is_dense_if_it_stops_all_the_time(monkeypatch):
    monkeypatch.setattr(sweep_module, "SHOW_MERCY", 4)
    needles = Needles(firsts(literal("a"), literal("b!")), "")
    sweep, stream = Sweep(needles, 0), stream_of("-" * 100)
    list(sweep.stops(stream, 100))
    assert not sweep.is_dense
    stream.append("a" * 4)
    list(sweep.stops(stream, 104))
    assert not sweep.is_dense
    stream.append("a" * 4)
    list(sweep.stops(stream, 108))
    assert sweep.is_dense


def answer(order: StreamOrder, *pieces: str) -> Any:
    stream = stream_of(pieces[0])
    order.reset(0)
    for number, piece in enumerate(pieces):
        if number:
            stream.append(piece)
        found = order.scan(stream)
        if found is not None:
            return found[0], found[1].start, found[1].end
    return None


MANY = [
    *(literal(f"text {number}!") for number in range(WORTH)),
    regex(r"ERR.*code=(\d+);"), regex(r"(\w)\1\1"), regex(r"\d+ times"), regex(r"(?i)Ok\b"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        (("-- text 3! --",), (3, 3, 10)),
        (("-- text", " 3", "! --"), (3, 3, 10)),
        (("ERR code", "=7; text 1!"), (WORTH, 0, 11)),
        (("ERR text 1! code=7;",), (1, 4, 11)),
        (("ERR text 1", "! code=7;"), (1, 4, 11)),
        (("ab aaa text 1!",), (WORTH + 1, 3, 6)),
        (("12 times ok ",), (WORTH + 2, 0, 8)),
        (("all ok", " text 1!"), (WORTH + 3, 4, 6)),
        (("ERR\n", "code=1; ", "nothing"), None),
    ],
)
def test_many_patterns_find_what_each_alone_would(pieces, found):
    order = StreamOrder(MANY, "")
    assert order._needles is not None
    assert answer(order, *pieces) == found
    assert answer(order, *"".join(pieces)) == found


def test_few_that_can_be_swept_are_not_worth_it():
    patterns = [*(regex(rf"({letter})\1") for letter in "abcdefgh"), literal("x")]
    order = StreamOrder(patterns, "")
    assert order._needles is None
    assert answer(order, "--", "x") == (8, 2, 3)


def test_the_sweep_is_given_up_when_it_is_dense(monkeypatch):
    monkeypatch.setattr(sweep_module, "SHOW_MERCY", 4)
    order = StreamOrder(
        [literal(f"a{number}") for number in range(10)] + [regex("a[x-z]+!")], ""
    )
    order.reset(0)
    stream = stream_of("axayaz" * 20)
    assert order.scan(stream) is None
    assert order._sweep is None
    stream.append("a7")
    found = order.scan(stream)
    assert found is not None and (found[0], found[1].start) == (7, 120)
    order.reset(0)
    assert order._sweep is not None


def test_a_cut_stream_is_swept_behind_the_cut():
    order = StreamOrder(MANY, "")
    stream: Stream[str] = Stream("", limit=8, overflow="drop")
    cursor = stream.cursor(0)
    order.reset(0)
    stream.append("ERR text")
    assert order.scan(stream) is None
    stream.append(" 3 code=7; text 4!")
    order.cut(cursor.position)
    assert (order.begin, cursor.position) == (18, 18)
    found = order.scan(stream)
    assert found is not None and (found[0], found[1].start) == (4, 19)


def test_a_first_that_is_a_text():
    first = First.of_text("ab")
    assert (first.width, first.behind, len(first.nodes)) == (2, 0, 2)
    assert isinstance(literal("ab"), Literal)
    assert re.compile("ab").match("ab")


def test_a_stop_does_not_hide_a_longer_beginning_that_spans_two_parts(monkeypatch):
    monkeypatch.setattr(stream_module, "PART_SIZE", 4)
    patterns = [literal("abcdef"), *(regex(f"{letter}c?d!") for letter in "bcdxyzuvw")]
    patterns.append(literal("bc-"))
    for pieces in (("--ab", "cdef"), ("-abc", "def"), ("abcd", "ef"), ("-abc-", "bc-")):
        data = "".join(pieces)
        found = (0, data.find("abcdef"), data.find("abcdef") + 6)
        awaited = found if "abcdef" in data else (10, data.find("bc-"), data.find("bc-") + 3)
        assert answer(StreamOrder(patterns, ""), *pieces) == awaited
    patterns[-1] = regex("bc.*")
    stream = stream_of("--abc", "def ")
    order = StreamOrder(patterns, "")
    order.reset(0)
    chosen = order.scan(stream)
    assert chosen is not None and chosen[0] == 0
