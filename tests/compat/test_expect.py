"""Waiting in pexpect's manner: what it says is what pexpect says of the same reads."""

from __future__ import annotations

import re
from itertools import pairwise
from time import monotonic
from typing import Any

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.compat import pexpect as ours
from chat.compat.pexpect.expect import Default, Expecter
from chat.compat.pexpect.spawnbase import SpawnBase


def read_next(child, size=1, timeout=-1):
    if not child.pieces:
        child.flag_eof = True
        raise pexpect.EOF("that is all")
    return child.pieces.pop(0)


class Theirs(pexpect.spawnbase.SpawnBase):
    read_nonblocking = read_next


class Ours(SpawnBase):
    read_nonblocking = read_next


def told(kind, pieces, encoding="utf-8", **options):
    child = kind(encoding=encoding, **options)
    child.pieces = list(pieces)
    child.delayafterread = None
    return child


def shown(child, index):
    match = child.match
    if isinstance(match, re.Match):
        match = match.span(), match.groups(), match.string[: match.end()]
    return index, child.before, child.after, match, child.match_index


REGEXES = [
    "a", "ab", "b$", "a+b", "^b", "(a)(x)?", "a.*b", r"\bab", "a(?=b)", "(?<=a)b", "x{2,3}", "",
    "b+?", "(?i)AB", "[^a]x", "(a|ab)x", pexpect.TIMEOUT,
]  # fmt: skip
TEXTS = ["a", "ab", "bx", "xx", "aab", "\n"]


def answers(child, patterns, exact, window):
    """What waiting says, again and again, until the end."""
    said: list[Any] = []
    wait = child.expect_exact if exact else child.expect
    while len(said) < 12:
        index = wait([*patterns, pexpect.EOF], searchwindowsize=window)
        said.append(shown(child, index))
        if index == len(patterns):
            break
    return said


@given(
    data=st.text(alphabet="aabbx\n", min_size=1, max_size=30),
    cuts=st.lists(st.integers(1, 29), max_size=8),
    patterns=st.lists(st.sampled_from(REGEXES), min_size=1, max_size=4),
    exact=st.none() | st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4),
    window=st.sampled_from([None, None, 1, 3, 8]),
)
def test_it_says_what_pexpect_says(data, cuts, patterns, exact, window):
    ends = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:stop] for start, stop in pairwise(ends)]
    asked = patterns if exact is None else exact
    said = answers(told(Ours, pieces), asked, exact is not None, window)
    assert said == answers(told(Theirs, pieces), asked, exact is not None, window)


def test_the_exceptions_are_pexpects_and_say_the_same_first():
    for kind in (Theirs, Ours):
        with pytest.raises(pexpect.EOF) as caught:
            told(kind, ["abc"]).expect(["x", pexpect.TIMEOUT])
        lines = str(caught.value).splitlines()
        assert lines[0] == "that is all"
        assert lines[-3:] == [
            "searcher: searcher_re:",
            "    0: re.compile('x')",
            "    1: TIMEOUT",
        ]
    assert ours.TIMEOUT is pexpect.TIMEOUT and ours.EOF is pexpect.EOF


def test_what_no_pattern_is_is_refused_in_pexpects_words():
    child = told(Ours, [])
    for wait in (child.expect, child.expect_exact):
        for wrong in (1, [1], {}, object()):
            if wrong == {} and wait == child.expect_exact:
                continue
            with pytest.raises(TypeError, match="must be one of"):
                wait(wrong)
    with pytest.raises(TypeError, match="Unknown keyword"):
        child.expect("a", wrong=1)


def test_any_sequence_of_patterns_will_do():
    """Row 24."""
    assert told(Ours, ["ab"]).expect(("b", "a")) == 1
    assert told(Ours, ["ab"]).expect(iter(["b", "a"])) == 1
    assert told(Ours, ["ab"]).expect_exact(("b", "a")) == 1


def test_the_flags_of_a_regular_expression_are_kept():
    """Row 1."""
    assert told(Ours, [b"HELLO"], encoding=None).expect(re.compile("hello", re.IGNORECASE)) == 0
    assert told(Ours, ["HELLO"]).expect(re.compile(b"hello", re.IGNORECASE)) == 0


def test_the_buffer_is_what_was_not_consumed_and_may_be_set():
    child = told(Ours, ["abcd", "efgh"])
    child.expect("b")
    assert child.buffer == "cd"
    child.buffer = "zyx"
    assert child.expect(["d", "y"]) == 1
    assert (child.before, child.buffer) == ("z", "x")
    child._buffer = child.buffer_type()
    assert child.expect("e") == 0 and child.before == ""


def test_a_wait_that_was_in_vain_consumes_nothing_and_its_search_goes_on():
    child = told(Ours, ["abc", "", "def"])
    child.pieces.insert(1, "")
    assert child.expect(["x", pexpect.TIMEOUT], timeout=0) == 1 or child.before == "abc"
    assert child.expect("cd") == 0
    assert child.before == "ab"


def test_a_searcher_of_ones_own_is_asked():
    class Vowels:
        eof_index = timeout_index = -1

        def search(self, buffer, freshlen, searchwindowsize=None):
            self.match = re.search("[aeiou]+", buffer)
            if self.match is None:
                return -1
            self.start, self.end = self.match.span()
            return 7

    child = told(Ours, ["xyz", "queue!"])
    assert child.expect_loop(Vowels(), timeout=5) == 7
    assert (child.before, child.after, child.buffer) == ("xyzq", "ueue", "!")
    with pytest.raises(pexpect.EOF):
        Expecter(child, Vowels()).expect_loop(1)


@pytest.mark.parametrize("pattern", ["begin.*never", "(begin)(?s:.*)never", r"x+\d*never"])
def test_an_unbounded_pattern_costs_time_in_proportion(pattern):
    """Row 20. In pexpect this is quadratic: eight times the text takes sixty times as long."""

    def seconds(pieces):
        child = told(
            Ours, ["begin x\n", *["x line of no interest 1234\n" * 80] * pieces, "end"]
        )
        child.delayafterread = Default(0)
        began = monotonic()
        assert child.expect([pattern, "end"]) == 1
        return monotonic() - began

    small, large = (min(seconds(pieces) for _ in range(3)) for pieces in (60, 480))
    assert large < 24 * small + 0.05


def test_lines_are_taken_without_a_search_and_are_those_of_pexpect():
    pieces = ["one\r\ntwo\r", "\nthree\r\n\r\nfo", "ur"]
    said = [list(told(kind, pieces)) for kind in (Theirs, Ours)]
    assert said[0] == said[1] == ["one\r\n", "two\r\n", "three\r\n", "\r\n", "four"]
    child = told(Ours, pieces)
    child.expect("o")
    assert child.readline() == "ne\r\n"
    assert (child.before, child.after, child.match.span()) == ("ne", "\r\n", (2, 4))
    assert child.readline(0) == ""
    assert child.read(3) == "two"


def test_a_script_that_changes_expect_has_its_lines_by_it():
    class Loud(Ours):
        asked = 0

        def expect(self, *arguments, **options):
            self.asked += 1
            return super().expect(*arguments, **options)

    child = told(Loud, ["a\r\nb\r\n"])
    assert list(child) == ["a\r\n", "b\r\n"]
    assert child.asked == 3


def test_a_loop_that_makes_up_patterns_fills_no_memory():
    child = told(Ours, ["x" * 300])
    for number in range(1, 200):
        assert child.expect(f"x{{1}}(?#{number})") == 0
    assert len(child._unread._sought) <= 64
