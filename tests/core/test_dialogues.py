"""Dialogues driven by hand: a list of arrivals in, requests and a result out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.dialogues import (
    Answer,
    Arrival,
    Inspect,
    Limits,
    Receive,
    Transmit,
    answer_text,
    ask,
    expect,
    wait_for,
)
from chat.core.listening import Reader
from chat.core.match import Match
from chat.core.patterns import EOF, INPUT_WAIT, TIMEOUT, Quiet, any_of, regex
from chat.core.stream import Stream
from chat.values import Secret

SILENCE, ENDED, FAILED = Arrival.SILENCE, Arrival.ENDED, Arrival.FAILED
EXPIRED, WANTS_INPUT = Arrival.EXPIRED, Arrival.INPUT_WAIT


class Driver:
    """Carries out requests from a list of what arrives: text, or how a wait ends.

    Attributes:
        requests: What the dialogue asked for, in order.
        reader: Who listens.
    """

    def __init__(self, *arrivals: str | Arrival) -> None:
        self.arrivals = list(arrivals)
        self.requests: list[Any] = []
        self.done: list[object] = []  # what the processes have done, each time one looks
        self.reader: Reader[str] = Reader(Stream(""))

    def run(self, dialogue: Any) -> Any:
        outcome: Any = None
        while True:
            try:
                request = dialogue.send(outcome)
            except StopIteration as stop:
                return stop.value
            self.requests.append(request)
            if isinstance(request, Inspect):
                outcome = self.done.pop(0)
            else:
                outcome = self.receive() if isinstance(request, Receive) else None

    def receive(self) -> Arrival:
        arrival = self.arrivals.pop(0)
        if isinstance(arrival, Arrival):
            return arrival
        self.reader.stream.append(arrival)
        return Arrival.DATA

    def expect(self, *patterns: Any, quiet: float = 0.5, **options: Any) -> Any:
        answers = options.pop("respond", {})
        view = options.pop("view", "raw")
        limits = Limits(9.0, options.pop("idle", None), options.pop("stall", None))
        listening = self.reader.listen(patterns, tuple(answers), view)
        return self.run(
            expect(listening, list(answers.values()), limits=limits, quiet=quiet, **options)
        )

    @property
    def answers(self) -> list[Any]:
        return [each.answer for each in self.requests if isinstance(each, Answer)]

    @property
    def silences(self) -> list[Any]:
        return [each.silence for each in self.requests if isinstance(each, Receive)]


def test_a_failure_is_no_end_but_what_had_come_counts():
    assert Driver("12", FAILED).expect(EOF, "x") is FAILED
    assert Driver("12", FAILED).expect(regex(r"\d+")).text == "12"


def test_a_silence_longer_than_is_allowed_ends_the_wait():
    driver = Driver("a", "b", SILENCE)
    assert driver.expect("x", Quiet(5), idle=3) is Arrival.IDLE
    assert driver.silences == [3, 3, 3]
    assert Driver(SILENCE).expect("x", TIMEOUT, idle=3).pattern is TIMEOUT
    assert Driver(SILENCE).expect("x", Quiet(3), idle=3).index == 1
    driver = Driver("12", SILENCE, SILENCE)
    assert driver.expect(regex("x+"), regex(r"\d+"), idle=3, quiet=0.5).text == "12"


def test_a_stall_is_a_silence_in_which_nothing_was_done():
    driver = Driver(SILENCE, SILENCE, SILENCE)
    driver.done = [(1, 5), (1, 6), (1, 6)]
    assert driver.expect("x", stall=10) is Arrival.STALLED
    assert driver.silences == [1.0, 10.0, 10.0]


def test_what_comes_begins_a_stall_anew():
    driver = Driver(SILENCE, "a", SILENCE, SILENCE)
    driver.done = [1, 1, 1]
    assert driver.expect("x", stall=10) is Arrival.STALLED
    assert driver.silences == [1.0, 10.0, 1.0, 10.0]
    driver = Driver(SILENCE, SILENCE, EXPIRED)
    driver.done = [1, 2]
    assert driver.expect("x", stall=10) is EXPIRED


def test_what_has_come_already_needs_no_wait():
    driver = Driver()
    driver.reader.stream.append("login: ")
    assert driver.expect("login: ").before == ""
    assert driver.requests == []


def test_a_text_is_waited_for_until_it_has_come():
    driver = Driver("wel", "come\nlog", "in: tail")
    match = driver.expect("login: ")
    assert (match.before, driver.reader.unread()) == ("welcome\n", "tail")
    assert driver.requests == [Receive(9.0, None, False)] * 3


def test_a_match_that_may_grow_waits_for_silence():
    driver = Driver("version 3", ".11", SILENCE)
    assert driver.expect(regex(r"\d+(\.\d+)*")).text == "3.11"
    assert driver.silences == [0.5, 0.5, 0.5]


def test_or_for_what_ends_it():
    driver = Driver("version 3", ".11\n")
    assert driver.expect(regex(r"\d+(\.\d+)*")).text == "3.11"


@pytest.mark.parametrize("end", [ENDED, EXPIRED])
def test_the_end_of_a_wait_is_silence_too(end):
    driver = Driver("version 3", ".11", end)
    assert driver.expect(regex(r"\d+(\.\d+)*")).text == "3.11"


def test_a_prompt_at_the_end_is_one_only_when_nothing_follows():
    driver = Driver("cost: 5$ ", "per day\n", "$ ", SILENCE)
    match = driver.expect(regex(r"\$ $"))
    assert match.before == "cost: 5$ per day\n"


def test_silence_that_decides_nothing_is_waited_through():
    driver = Driver("no digits", SILENCE, " yet", "1", SILENCE)
    assert driver.expect(regex(r"\d+")).text == "1"
    assert driver.silences == [0.5, 0.5, None, 0.5, 0.5]


@pytest.mark.parametrize("end", [ENDED, EXPIRED])
def test_a_wait_that_ends_without_what_was_awaited_says_how(end):
    driver = Driver("abc", end)
    assert driver.expect("x") is end
    assert driver.reader.unread() == "abc"


@pytest.mark.parametrize(
    ("arrival", "condition", "left"),
    [(ENDED, EOF, ""), (EXPIRED, TIMEOUT, "abc"), (WANTS_INPUT, INPUT_WAIT, "")],
)
def test_unless_that_was_awaited(arrival, condition, left):
    driver = Driver("abc", arrival)
    match = driver.expect("x", condition)
    assert (match.index, match.pattern, match.before) == (1, condition, "abc")
    assert driver.reader.unread() == left


def test_text_that_has_come_counts_before_the_condition():
    driver = Driver("abc 12", ENDED)
    assert driver.expect(EOF, regex(r"\d+")).text == "12"


def test_wanting_input_is_asked_for_only_if_awaited():
    driver = Driver("x", "? ", WANTS_INPUT)
    assert driver.expect("y", INPUT_WAIT).before == "x? "
    assert all(each.input_wait for each in driver.requests)


def test_quiet_is_counted_from_the_last_arrival():
    driver = Driver("a", SILENCE, "b", SILENCE, SILENCE)
    match = driver.expect(regex("x+"), Quiet(2))
    assert (match.index, match.before) == (1, "ab")
    assert driver.silences == [0.5, 0.5, 1.5, 0.5, 1.5]


def test_a_quiet_shorter_than_the_settling_comes_first():
    driver = Driver("12", SILENCE)
    assert driver.expect(regex(r"\d+"), Quiet(0.1)).index == 1
    driver = Driver("12", SILENCE)
    assert driver.expect(regex(r"\d+"), Quiet(0.5)).index == 0


def test_several_quiets():
    driver = Driver(SILENCE, "x", SILENCE)
    assert driver.expect(Quiet(3), Quiet(1)).index == 1


# ── answering on the way ──────────────────────────────────────────────────────────────────


def test_prompts_are_answered_on_the_way():
    secret = Secret("hunter2-dialogue")
    driver = Driver("Continue? ", "Password: ", "done\n")
    match = driver.expect("done", respond={"Continue? ": "yes", "Password: ": secret})
    assert (match.index, match.before) == (0, "")
    assert driver.answers == ["yes", secret]
    assert [each.deadline for each in driver.requests if isinstance(each, Answer)] == [9.0, 9.0]


def test_an_answer_carries_its_prompt():
    driver = Driver("Name 7: ", "done")
    driver.expect("done", respond={regex(r"Name (\d): "): str.upper})
    (answer,) = (each for each in driver.requests if isinstance(each, Answer))
    assert isinstance(answer.match, Match)
    assert (answer.match.index, answer.match.groups) == (1, ("7",))
    assert driver.answers == [str.upper]


def test_a_prompt_is_answered_as_often_as_it_comes():
    driver = Driver("more? more? ", "more? ", "done")
    driver.expect("done", respond={"more? ": " "})
    assert driver.answers == [" "] * 3


def test_any_of_several_prompts_has_one_answer():
    driver = Driver("b?", "a?", "done")
    driver.expect("done", respond={any_of("a?", "b?"): "y"})
    assert driver.answers == ["y", "y"]


def test_what_is_awaited_comes_before_a_prompt_that_ends_with_it():
    driver = Driver("ready? ")
    assert driver.expect("? ", respond={"ready? ": "y"}).index == 0
    assert driver.answers == []


def test_an_answered_prompt_does_not_hide_what_ends_the_wait():
    driver = Driver("a?", ENDED)
    assert driver.expect("done", respond={"a?": "y"}) is ENDED


def test_the_text_view_answers_what_it_shows():
    driver = Driver("Pass\x1b[1mword: ", "\x1b[0mdone")
    assert driver.expect("done", respond={"Password: ": "x"}, view="text").before == ""
    assert driver.answers == ["x"]


# ── asking ────────────────────────────────────────────────────────────────────────────────


def test_asking_sends_a_line_and_waits_for_the_prompt():
    driver = Driver("show version\r\n", "IOS 15\r\nrouter> ")
    driver.reader.stream.append("motd\nrouter> ")
    driver.reader.take(driver.reader.stream.end)
    listening = driver.reader.listen(("router> ",), (), "raw")
    match = driver.run(ask(listening, "show version", limits=Limits(9.0), quiet=0.5))
    assert driver.requests[0] == Transmit("show version", 9.0)
    assert answer_text(match.before, "show version") == "IOS 15"


def test_asking_may_meet_prompts():
    driver = Driver("sure? ", "ok\n> ")
    listening = driver.reader.listen(("> ",), ("sure? ",), "raw")
    match = driver.run(ask(listening, "rm x", ["y"], limits=Limits(), quiet=0.5))
    assert (match.before, driver.answers) == ("ok\n", ["y"])
    assert driver.requests[0] == Transmit("rm x", None)


@pytest.mark.parametrize(
    ("came", "question", "answer"),
    [
        ("date\r\nMonday\r\n", "date", "Monday"),
        ("date\nMonday\n", "date", "Monday"),
        ("date\rMonday\r", "date", "Monday"),
        ("date\r\nMonday\r\n", "date\n", "Monday"),
        ("date\r\nMonday\r\n", "date\r\n", "Monday"),
        ("Monday\r\n", "date", "Monday"),
        ("date\r\n\r\nMonday\r\n\r\n", "date", "\r\nMonday\r\n"),
        ("dates\r\n", "date", "dates"),
        ("date", "date", "date"),
        ("date\r\n", "date", ""),
        ("", "date", ""),
        ("Monday\n", "", "Monday"),
        ("\nMonday\n", "\n", "\nMonday"),
        ("  date\n", "date", "  date"),
    ],
)
def test_the_answer_is_without_echo_and_the_last_line_end(came, question, answer):
    assert answer_text(came, question) == answer
    assert answer_text(came.encode(), question.encode()) == answer.encode()


# ── however it comes ──────────────────────────────────────────────────────────────────────


def outcomes(pieces: Iterable[str]) -> Any:
    driver = Driver(*pieces, SILENCE, ENDED)
    patterns = ("done", regex(r"v(\d+)"), regex(r"\$ $"))
    match = driver.expect(*patterns, respond={"? ": "y", regex(r"\[(\w)\] "): "n"})
    described = (
        (match.index, match.text, match.before, match.start) if match is not ENDED else match
    )
    return described, driver.answers


@given(
    st.lists(st.sampled_from(["done", "v", "1", "? ", "[y] ", "$ ", "\n", "x"]), max_size=8),
    st.lists(st.integers(0, 20)),
)
def test_a_dialogue_does_not_depend_on_the_cuts(words, at):
    data = "".join(words)
    ends = sorted({0, len(data), *(place for place in at if place < len(data))})
    pieces = [data[start:stop] for start, stop in pairwise(ends)]
    assert outcomes(pieces) == outcomes(data) == outcomes([data])


def test_waiting_without_answers_is_part_of_it():
    driver = Driver("a", "b")
    listening = driver.reader.listen(("b",), (), "raw")
    match = driver.run(wait_for(listening, Limits(), 0.5))
    assert (match.before, driver.requests) == ("a", [Receive(None, None, False)] * 2)
