"""Patterns made ready to be waited for, and what they give when they have come."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.core import listening as listening_module
from chat.core.listening import Awaited, Reader
from chat.core.match import Match
from chat.core.patterns import EOF, INPUT_WAIT, TIMEOUT, Quiet, any_of, literal, regex
from chat.core.policies import LeftmostStart
from chat.core.stream import Stream
from chat.errors import PatternError, PatternTypeError


def reader(*pieces: Any, **options: Any) -> Reader[Any]:
    stream: Stream[Any] = Stream(pieces[0][:0] if pieces else "", **options)
    made = Reader(stream)
    for piece in pieces:
        stream.append(piece)
    return made


def heard(of: Reader[Any], *patterns: Any, view: Any = "raw") -> Match[Any]:
    match = of.listen(patterns, (), view).scan()
    assert match is not None
    return match


def test_a_match_says_what_came_and_where():
    some = reader("Hello\nuser=root\n")
    match = heard(some, "nothing", regex(r"(?P<key>\w+)=(\w+)\n", name="pair"))
    assert (match.index, match.name, match.text) == (1, "pair", "user=root\n")
    assert (match.before, match.start, match.end) == ("Hello\n", 6, 16)
    assert match.groups == ("user", "root")
    assert (dict(match.named), match[0]) == ({"key": "user"}, "user=root\n")
    assert (match.pattern, some.unread()) == (regex(r"(?P<key>\w+)=(\w+)\n", name="pair"), "")


def test_what_matched_is_consumed_and_the_next_one_is_found_behind_it():
    some = reader("one two one two")
    assert [heard(some, "two").start for _ in range(2)] == [4, 12]
    assert some.listen(("two",), (), "raw").scan() is None


def test_bytes_are_heard_as_bytes():
    match = heard(reader(b"a\xffb"), b"\xff")
    assert (match.text, match.before) == (b"\xff", b"a")


def test_the_text_view_hears_what_colours_hide():
    some = reader("> Pass\x1b[1mword: \x1b[0m")
    match = heard(some, "Password: ", view="text")
    assert (match.text, match.before) == ("Password: ", "> ")
    assert (match.start, match.end) == (2, 16)
    assert some.unread() == ""  # what hangs on at the end went with it


def test_there_are_two_views():
    with pytest.raises(ValueError, match="'raw' or 'text', not 'html'"):
        reader().listen(("a",), (), "html")


def test_of_an_any_of_the_member_is_told_and_its_own_name_or_that_of_all():
    members = any_of(literal("a", name="first"), regex("b+", name="second"))
    match = heard(reader("bb."), "x", members)
    assert (match.index, match.name, match.pattern) == (1, "second", members.members[1])
    named = any_of("a", "b", name="either")
    assert heard(reader("b"), named).name == "either"


def test_the_first_of_two_equal_conditions_counts():
    some = reader("abc").listen((EOF, "x", EOF), (), "raw")
    match = some.condition(EOF)
    assert match is not None
    assert (match.index, match.pattern, match.text, match.before) == (0, EOF, "", "abc")


def test_a_condition_takes_all_that_has_come_but_a_timeout_nothing():
    some = reader("abc")
    listening = some.listen((TIMEOUT, INPUT_WAIT), (), "raw")
    match = listening.condition(TIMEOUT)
    assert match is not None
    assert (match.before, match.start, match.end, some.unread()) == ("abc", 3, 3, "abc")
    match = listening.condition(INPUT_WAIT)
    assert match is not None
    assert (match.index, match.before, some.unread()) == (1, "abc", "")
    assert listening.condition(EOF) is None


def test_lengths_of_silence_that_mean_something():
    def lengths(*patterns: Any) -> list[float]:
        return reader().listen(patterns, (), "raw").silences(0.5)

    assert lengths("a") == []
    assert lengths(regex("a+")) == [0.5]
    assert lengths(regex("a+"), Quiet(2), Quiet(0.1), Quiet(0.5)) == [0.1, 0.5, 2]
    assert lengths("a", Quiet(2)) == [2]


def test_silence_is_a_match_of_the_shortest_quiet_it_satisfies():
    listening = reader("abc").listen(("x", Quiet(2, name="long"), Quiet(1)), (), "raw")
    assert listening.silence(0.9) is None
    match = listening.silence(1.5)
    assert match is not None
    assert (match.index, match.before) == (2, "abc")
    match = listening.silence(2.0)
    assert match is not None and match.index == 2  # the shorter one is satisfied first


@pytest.mark.parametrize("nothing", [(), ([],), (iter(()),)])
def test_nothing_cannot_be_awaited(nothing):
    with pytest.raises(PatternError, match="nothing to wait for"):
        Awaited(nothing, "")


@pytest.mark.parametrize("condition", [EOF, Quiet(1)])
def test_conditions_cannot_be_answered(condition):
    with pytest.raises(PatternError, match="cannot be answered"):
        Awaited(["a"], "", answered=[condition])


@pytest.mark.parametrize("wrong", [b"a", re.compile(b"a"), any_of(b"a"), literal(b"a")])
def test_bytes_are_refused_where_there_is_text(wrong):
    with pytest.raises(PatternTypeError):
        Awaited([wrong], "")
    with pytest.raises(PatternTypeError):
        Awaited(["a"], "", answered=[wrong])


def test_the_patterns_in_words():
    assert Awaited(["a", regex("b"), EOF], "").descriptions == ["'a'", "regex 'b'", "EOF"]


def test_another_order_may_decide():
    awaited = Awaited(["world", "hello"], "", order=LeftmostStart)
    stream = Stream("")
    stream.append("hello world")
    awaited.order.reset(0)
    found = awaited.order.scan(stream)
    assert found is not None and found[0] == 1


def test_waiting_again_for_the_same_goes_on_where_it_stopped():
    some = reader("abc")
    first = some.listen(("x", regex("y+")), (), "raw")
    assert first.scan() is None
    some.stream.append("yy.")
    again = some.listen(("x", regex("y+")), (), "raw")
    assert again is first
    match = again.scan()
    assert match is not None and match.text == "yy"


def test_what_cannot_be_remembered_is_made_each_time():
    some = reader("abcabc")
    assert heard(some, ["a", "b"]).index == 0
    assert heard(some, ["x", "b"]).index == 1
    with pytest.raises(PatternTypeError):
        some.listen(({1: 2},), (), "raw")


def test_so_much_is_remembered_and_no_more():
    some = reader()
    for number in range(3 * listening_module.REMEMBERED):
        some.listen((f"pattern {number}",), (), "raw")
    assert len(some._listening) <= listening_module.REMEMBERED


def test_what_was_dropped_is_told_once():
    some = reader(limit=8, overflow="drop")
    listening = some.listen(("x", regex(r"(?s)start.*end")), (), "raw")
    for piece in ("start 12345678", "2345678", "3456"):
        some.stream.append(piece)
        assert listening.scan() is None
    some.stream.append(" x")
    match = listening.scan()
    assert match is not None
    assert (match.dropped, match.before) == (19, "783456 ")
    some.stream.append("yx")
    listening.begin()
    match = listening.scan()
    assert match is not None and match.dropped == 0


def test_a_pattern_that_is_longer_than_what_came_is_not_looked_for(monkeypatch):
    some = reader("abc")
    listening = some.listen((literal("abcd"), regex("....")), (), "raw")
    monkeypatch.setattr(type(listening.awaited.order), "scan", None)
    assert listening.scan() is None


def test_the_reader_takes_what_it_is_told_to():
    some = reader("abc\ndef")
    assert (some.take(4), some.unread(), some.cursor.position) == ("abc\n", "def", 4)


def test_settling_decides_what_more_text_could_have_changed():
    some = reader("12")
    listening = some.listen((regex(r"\d+"),), (), "raw")
    assert listening.scan() is None
    match = listening.settle()
    assert match is not None and match.text == "12"
    listening.begin()
    assert listening.settle() is None


def test_a_text_alone_is_sought_without_a_dialogue():
    some = reader("a one b o")
    sought = some.seek("one")
    match = sought.scan()
    assert match is not None
    assert (match.index, match.text, match.before) == (0, "one", "a ")
    assert (match.start, match.end, some.unread()) == (2, 5, " b o")
    assert some.seek("one") is sought
    assert sought.scan() is None
    some.stream.append("ne")
    match = sought.scan()
    assert match is not None and (match.before, match.start) == (" b ", 8)


def test_another_text_is_another_search():
    some = reader("two one")
    assert some.seek("one") is not some.seek("two")
    match = some.seek("two").scan()
    assert match is not None and match.start == 0


def test_a_text_alone_is_sought_behind_what_was_taken_or_dropped():
    some = reader("one one ", limit=8, overflow="drop")
    sought = some.seek("one")
    some.take(4)
    match = sought.scan()
    assert match is not None and match.start == 4
    some.stream.append("on" + "-" * 7 + "one")
    match = sought.scan()
    assert match is not None and (match.before, match.dropped) == ("-----", 5)
