"""One pattern in one stream: what it finds, what is pending, what is put off."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.core import runner, syntax
from chat.core.analysis import Analysis, analyse
from chat.core.patterns import literal, regex
from chat.core.program import ROAMS, programs
from chat.core.runner import Allowance, shortest
from chat.core.stream import Stream
from chat.core.trackers import RegexTracker, Tracker, least_width, may_settle, tracker


def stream_of(text: str) -> Stream[str]:
    stream = Stream("")
    stream.cursor(0)
    stream.append(text)
    return stream


def scanned(source: str, text: str) -> Any:
    """Span and whether it is settled."""
    stream = stream_of(text)
    hit = tracker(regex(source)).scan(stream, stream.end)
    return hit and (hit.start, hit.end, hit.settled)


def settled(source: str, text: str) -> Any:
    hit = tracker(regex(source)).settle(stream_of(text))
    return hit and (hit.start, hit.end, hit.match and hit.match.groups())


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("b", "abc", (1, 2, True)),
        (r"\d+", "a12", (1, 3, False)),
        (r"\d+", "a12 ", (1, 3, True)),
        (r"(\d+\.)+\d+", "3.11.7 ", (0, 6, True)),
        (r"\d+(\.\d+)?", "3.", (0, 1, False)),
        (r"\d+(\.\d+)?", "3. ", (0, 1, True)),
        ("ERR.*code=(\\d+)", "ERR a code=1 code=2\n", (0, 12, True)),
        ("ERR.*code=(\\d+)", "ERR a\ncode=1 ", None),
        ("(?s)ERR.*code=(\\d+)", "ERR a\ncode=1 ", (0, 12, True)),
        (r"\$ $", "$ ", None),
        ("ab|a", "a", (0, 1, False)),
        ("ab|a", "ac", (0, 1, True)),
        ("a|ab", "ab", (0, 1, True)),
        ("abc|b", "abc", (1, 2, True)),
        ("a(?=b)", "ab", (0, 1, True)),
        ("a(?!bc)", "ab", None),
        ("a(?!bc)", "abd", (0, 1, True)),
        (r"\bab\b", "ab", None),
        (r"\bab\b", "ab ", (0, 2, True)),
        (r"\w++:", "ab:", (0, 3, True)),
        ("(?s).*foo", "abc foo", (0, 7, True)),
        ("x*", "", (0, 0, False)),
        ("(?s)a.*b(?=c)", "abcbc", (0, 2, True)),
        ("xb[xb]*a*[xb]*c", "xbaxbac", (3, 7, True)),
        ("xb[xb]*a*[xb]*c", "xbaxbxbxbac", (3, 11, True)),
    ],
)
def test_what_has_come_is_a_match_or_may_become_another(source, text, found):
    assert scanned(source, text) == found


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        (r"\d+", "a12", (1, 3, ())),
        (r"\$ $", "5$ x\n$ ", (5, 7, ())),
        (r"(\w+)\Z", "ab cd", (3, 5, ("cd",))),
        ("a(?!bc)", "ab", (0, 1, ())),
        (r"\bab\b", "ab", (0, 2, ())),
        (r"x[^\n]*code=[^\n]*y$", "-x code= y", (1, 10, ())),
        (r"x[^\n]*code=[^\n]*y$", "-x code= y-", None),
        ("a$|b", "ca", (1, 2, ())),
        (r"ab\n{2}$", "ab\n\n\n", (0, 4, ())),
        (r"(a)\1$", "aaa", (1, 3, ("a",))),
        ("x", "abc", None),
        (r"\d++", "12", (0, 2, ())),
        ("(?s)a(?!b).*c$", "a-c-c", (0, 5, ())),
    ],
)
def test_silence_settles_it(source, text, found):
    assert settled(source, text) == found


def test_a_literal_is_settled_when_it_has_come():
    stream = stream_of("ab")
    found = tracker(literal("abc"))
    assert found.settle(stream) is None
    stream.append("cd")
    hit = found.scan(stream, stream.end)
    assert hit is not None and (hit.start, hit.end, hit.settled, hit.match) == (
        0,
        3,
        True,
        None,
    )
    assert found.settle(stream) == hit


@pytest.mark.parametrize(
    "pattern", [literal("abc"), regex("abc"), regex("ab+c"), regex("(a)bc+")]
)
def test_a_cut_takes_away_what_began_before_it(pattern):
    found: Tracker = tracker(pattern)
    stream = stream_of("abcxabc ")
    hit = found.scan(stream, stream.end)
    assert hit is not None and hit.start == 0
    found.cut(1)
    hit = found.scan(stream, stream.end)
    assert hit is not None and hit.start == 4
    found.cut(4)
    again = found.scan(stream, stream.end)
    assert again is not None and again.start == 4


@pytest.mark.parametrize("source", ["(?s)ERR.*code=1", r"(?s)(ERR).*code=1(?(1)|x)"])
def test_a_cut_between_the_pieces_looks_for_another_beginning(source):
    found = tracker(regex(source))
    stream = stream_of("ERR ---- ")
    assert found.scan(stream, stream.end) is None
    found.cut(4)
    stream.append("code=1 ")
    assert found.scan(stream, stream.end) is None
    stream.append("ERR code=1 ")
    hit = found.scan(stream, stream.end)
    assert hit is not None and (hit.start, hit.end) == (16, 26)


def test_a_cut_behind_the_first_piece_keeps_what_was_found():
    found = tracker(regex("(?s)ERR.*code=1"))
    stream = stream_of("----ERR--")
    assert found.scan(stream, stream.end) is None
    found.cut(1)
    stream.append("code=1 ")
    hit = found.scan(stream, stream.end)
    assert hit is not None and hit.start == 4


def test_of_alternatives_one_that_was_put_off_is_asked_before_another_wins(monkeypatch):
    monkeypatch.setattr(runner, "CREDIT", 2)
    monkeypatch.setattr(runner, "EARNED", 0)
    found = tracker(regex(r"(?:ab)+c|x"))
    stream = stream_of("-ababab")
    assert found.scan(stream, stream.end) is None
    assert found.put_off
    stream.append("c x")
    hit = found.scan(stream, stream.end)
    assert hit is not None and (hit.start, hit.end) == (1, 8)


def test_growing_is_put_off_and_made_good(monkeypatch):
    monkeypatch.setattr(runner, "CREDIT", 2)
    monkeypatch.setattr(runner, "EARNED", 0)
    found = tracker(regex(r"\d+"))
    stream = stream_of("12345 ")
    hit = found.scan(stream, stream.end)
    assert hit is not None and (hit.end, hit.settled, found.put_off) == (1, False, True)
    hit = found.scan(stream, stream.end, whole=True)
    assert hit is not None and (hit.end, hit.settled, found.put_off) == (5, True, False)


def test_widths_and_who_may_settle():
    assert [least_width(each) for each in (literal("abc"), regex("ab?c*"))] == [3, 1]
    assert [may_settle(each) for each in (literal("abc"), regex("abc"))] == [False, False]
    assert all(
        may_settle(regex(source)) for source in ("a+", "a$", "a|bc", r"(a)\1", "a{70000}")
    )


def test_taking_apart_is_done_once():
    assert analyse(re.compile("abc+")) is analyse(re.compile("abc+"))
    assert Analysis(re.compile("a(?=bc)d?")).width == 2 + 3


def test_what_cannot_be_cut_roams():
    for source in (
        r"(a)\1",
        "(?:ab)+c",
        "(?>a)b",
        "a*",
        "[a-z]*[0-9]*x[a-z]*[0-9]*",
        "x?.*y?z",
    ):
        assert ROAMS in programs(syntax.parse(re.compile(source))) or source[0] == "["
    (program,) = programs(syntax.parse(re.compile(r"(?s)ERR.*code=(\d+)")))
    assert [len(each.needles) for each in program.segments] == [1, 1]


@pytest.fixture
def unknown_dot(monkeypatch):
    """A construct that a later Python brings: here, the dot."""
    known = frozenset(kind for kind in syntax.KNOWN if str(kind) != "ANY")
    monkeypatch.setattr(syntax, "KNOWN", known)
    analyse.cache_clear()
    yield
    analyse.cache_clear()


@pytest.mark.usefixtures("unknown_dot")
def test_what_is_not_known_matches_as_re_does():
    found = tracker(regex("a.b+"))
    assert isinstance(found, RegexTracker) and found.firsts() is None
    stream = stream_of("--a")
    assert found.scan(stream, stream.end) is None
    stream.append("xb")
    hit = found.scan(stream, stream.end)
    assert hit is not None and (hit.start, hit.end, hit.settled) == (2, 5, True)
    assert may_settle(regex("a.b+")) and least_width(regex("a.b+")) == 0


def test_an_allowance_is_earned_and_spent():
    allowance = Allowance(100)
    assert allowance.spend(runner.CREDIT, 100)
    assert not allowance.spend(1, 100)
    assert not allowance.spend(runner.EARNED + 1, 101)
    assert allowance.spend(runner.EARNED, 101)
    assert not allowance.spend(1, 90)


@pytest.mark.parametrize(
    ("source", "text", "awaited"),
    [("a+", "xaaa", (1, 2)), ("abc|b", "abc", (1, 2)), ("a(?=bbbb)", "abbbbb", (0, 5)),
     ("", "ab", (0, 0))],
)  # fmt: skip
def test_the_shortest_prefix(source, text, awaited):
    pattern = re.compile(source)
    match = pattern.search(text)
    assert match is not None
    assert shortest(pattern, text, match, len(text)) == awaited
