"""Waiting: patterns, conditions, time, and what a wait gives back."""

from __future__ import annotations

import dataclasses
import re
import signal
import threading

import pytest

import chat
from chat.core.policies import FirstListed
from chat.testing import MemoryPeer, python_child

NEVER = 1e9
"""Virtual seconds: longer than anything here waits."""


# ── patterns ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("a.c", "a.c"),
        (chat.literal("a.c"), "a.c"),
        (re.compile("a.c"), "abc"),
        (re.compile("A.C", re.IGNORECASE), "abc"),
        (chat.regex("A.C", re.IGNORECASE), "abc"),
        (chat.regex(r"^y.", re.MULTILINE), "yz"),
        (chat.glob("a?c"), "abc"),
        (chat.glob("[xyz]*c"), "x abc"),
        (chat.any_of("nothing", "a.c", re.compile("b+")), "b"),
        (["nothing", "a.c"], "a.c"),
        (("nothing", "a.c"), "a.c"),
        ({"a.c": 1}, "a.c"),
    ],
)
def test_a_pattern_finds_what_it_stands_for(pattern, matched):
    with MemoryPeer(["x abc a.c\r\nyz"]).session() as s:
        assert s.expect(pattern).text == matched


def test_patterns_may_come_from_any_iterable():
    with MemoryPeer(["one two"]).session() as s:
        assert s.expect(each for each in ("zero", "two")).index == 1


def test_a_session_may_be_given_another_order_between_patterns():
    with MemoryPeer(["one two"]).session(order=FirstListed) as s:
        assert s.expect("two", "one").text == "two"
    with MemoryPeer(["one two"]).session() as s:
        assert s.expect("two", "one").text == "one"


def test_lists_and_patterns_beside_one_another_count_through():
    with MemoryPeer(["one two three"]).session() as s:
        assert s.expect("zero", ["nought", "two"], "three").index == 2


def test_bytes_are_matched_in_a_session_of_bytes():
    with MemoryPeer([b"\xff\xfe login: 7"]).session(encoding=None) as s:
        match = s.expect(b"login: ", re.compile(rb"\xfe"), chat.glob(b"z*"))
        assert (match.index, match.text, match.before) == (1, b"\xfe", b"\xff")
        assert s.expect(chat.regex(rb"\d", name="digit")).text == b"7"


def test_what_matches_first_in_the_stream_wins_however_it_came():
    whole, apart = MemoryPeer(["foobar"]), MemoryPeer(["f", "o", "o", "b", "a", "r"])
    for peer in (whole, apart):
        with peer.session() as s:
            assert s.expect("foobar", "foo").index == 1


def test_of_two_that_end_together_the_first_listed_wins():
    with MemoryPeer(["foobar"]).session() as s:
        assert s.expect("bar", "foobar").index == 0


def test_a_character_cut_between_two_reads_is_whole():
    with MemoryPeer([b"\xc3", 1, b"\xa4!"]).session() as s:
        assert s.expect("ä!").start == 0


# ── what a match says ─────────────────────────────────────────────────────────────────────


def test_a_match_says_what_came_and_where():
    peer = MemoryPeer(["skip;before version=3.11 after"])
    with peer.session() as s:
        s.expect(";")
        pattern = chat.regex(r"version=(?P<major>\d+)\.(\d+)(x)?", name="version")
        match = s.expect("nothing", pattern, quiet=0.1)
        assert match.index == 1
        assert match.pattern is pattern
        assert match.name == "version"
        assert match.before == "before "
        assert match.text == match[0] == "version=3.11"
        assert match.groups == ("3", "11", None)
        assert (match[1], match["major"], match[3]) == ("3", "3", None)
        assert dict(match.named) == {"major": "3"}
        assert (match.start, match.end) == (12, 24)
        assert match.dropped == 0
        assert s.read_nowait() == " after"


def test_a_match_has_no_group_that_its_pattern_has_not():
    with MemoryPeer(["a"]).session() as s:
        match = s.expect(re.compile("(a)"))
    with pytest.raises(IndexError):
        match[2]
    with pytest.raises(IndexError):
        match[-1]
    with pytest.raises(KeyError):
        match["name"]


def test_a_match_cannot_be_changed():
    with MemoryPeer(["a"]).session() as s:
        match = s.expect("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        match.text = "b"


def test_a_match_stays_when_the_session_goes_on():
    with MemoryPeer(["one.two."]).session() as s:
        first = s.expect(".")
        s.expect(".")
    assert (first.before, first.text) == ("one", ".")


def test_names_of_patterns_show_in_matches_and_errors():
    prompt = chat.any_of("$ ", "# ", name="the prompt")
    with MemoryPeer(["a# "]).session() as s:
        match = s.expect(prompt)
        assert (match.name, match.text) == ("the prompt", "# ")
        with pytest.raises(chat.ExpectTimeout, match="for the prompt\n"):
            s.expect(prompt)


def test_a_member_of_any_of_keeps_its_own_name():
    with MemoryPeer(["b"]).session() as s:
        match = s.expect("x", chat.any_of("a", chat.literal("b", name="bee")))
        assert (match.index, match.name) == (1, "bee")


def test_a_match_shows_itself_short_and_escaped():
    with MemoryPeer(["\x1b[31m" + "x" * 500 + "\r\n$ "]).session() as s:
        shown = repr(s.expect(chat.literal("$ ", name="prompt")))
    assert shown.startswith("<Match 0 prompt: '$ ' before=…'xxx")
    assert shown.endswith(r"\r\n' at 507>")
    assert len(shown) < 200


# ── consuming ─────────────────────────────────────────────────────────────────────────────


def test_what_is_behind_a_match_stays_for_the_next():
    with MemoryPeer(["a1b2"]).session() as s:
        assert [s.expect(re.compile(r"[ab]")).before for _ in range(2)] == ["", "1"]
        assert s.peek() == "2"


def test_a_wait_that_fails_consumes_nothing():
    with MemoryPeer(["abc"]).session() as s:
        with pytest.raises(chat.ExpectTimeout) as caught:
            s.expect("x", timeout=1)
        assert caught.value.before == "abc"
        assert s.expect("abc").before == ""


def test_a_wait_that_failed_can_be_taken_up_where_it_was():
    with MemoryPeer(["hel", 2, "lo"]).session() as s:
        with pytest.raises(chat.ExpectTimeout):
            s.expect("hello", timeout=1)
        assert s.expect("hello", timeout=2).start == 0


def test_the_end_consumes_all_that_came():
    with MemoryPeer(["abc", chat.EOF]).session() as s:
        match = s.expect(chat.EOF)
        assert (match.before, match.text, match.name) == ("abc", "", "EOF")
        assert s.expect(chat.EOF).before == ""


def test_text_before_the_end_comes_before_the_end():
    with MemoryPeer(["abc", chat.EOF]).session() as s:
        assert s.expect(chat.EOF, "b").index == 1
        assert s.expect("x", chat.EOF).before == "c"


def test_an_end_that_nobody_awaited_is_an_error_that_keeps_what_came():
    with MemoryPeer(["abc", chat.EOF]).session() as s:
        for _ in range(2):
            with pytest.raises(chat.UnexpectedEOF) as caught:
                s.expect("x")
            assert caught.value.before == "abc"
        assert s.read() == "abc"


# ── time ──────────────────────────────────────────────────────────────────────────────────


def test_the_session_has_a_time_limit_that_a_call_may_change():
    peer = MemoryPeer()
    with peer.session(timeout=5) as s:
        for given, passed in [({}, 5), ({"timeout": 2}, 7), ({"timeout": 0}, 7)]:
            with pytest.raises(chat.ExpectTimeout):
                s.expect("x", **given)
            assert peer.clock.now() == passed
        s.timeout = 1
        with pytest.raises(chat.ExpectTimeout):
            s.expect("x")
        assert peer.clock.now() == 8


def test_none_is_no_limit():
    with MemoryPeer([NEVER, "x"]).session(timeout=1) as s:
        assert s.expect("x", timeout=None)
    with MemoryPeer([NEVER, "x"]).session(timeout=None) as s:
        assert s.expect("x")


def test_zero_looks_at_what_has_come_and_does_not_wait():
    peer = MemoryPeer(["here", 1, "later"])
    with peer.session() as s:
        assert s.expect("here", timeout=0)
        with pytest.raises(chat.ExpectTimeout):
            s.expect("later", timeout=0)
        assert peer.clock.now() == 0


def test_zero_decides_what_could_still_grow():
    with MemoryPeer(["12"]).session() as s:
        assert s.expect(re.compile(r"\d+"), timeout=0).text == "12"


def test_the_limit_is_for_the_whole_wait_and_not_for_each_piece():
    peer = MemoryPeer([".", 1] * 10)
    with peer.session() as s, pytest.raises(chat.ExpectTimeout):
        s.expect("x", timeout=5.5)
    assert peer.clock.now() == 5.5


def test_timeout_can_be_awaited():
    peer = MemoryPeer(["abc"])
    with peer.session() as s:
        match = s.expect("x", chat.TIMEOUT, timeout=3)
        assert (match.index, match.before, match.name) == (1, "abc", "TIMEOUT")
        assert peer.clock.now() == 3
        assert s.peek() == "abc"


@pytest.mark.parametrize("timeout", [-1, -0.001, float("nan")])
def test_a_time_that_is_none_is_refused(timeout):
    peer = MemoryPeer()
    with peer.session() as s:
        for call in (s.expect, s.ask, s.send):
            arguments = ("x", "y") if call == s.ask else ("x",)
            with pytest.raises(ValueError, match="timeout is"):
                call(*arguments, timeout=timeout)
        with pytest.raises(ValueError, match="quiet is"):
            s.expect("x", quiet=timeout)
    assert peer.sent == b""


@pytest.mark.parametrize("timeout", ["1", True, [1]])
def test_a_time_that_is_no_number_is_refused(timeout):
    with MemoryPeer().session() as s:
        with pytest.raises(TypeError, match="timeout is seconds"):
            s.expect("x", timeout=timeout)
        with pytest.raises(TypeError, match="timeout is seconds"):
            s.read(timeout=timeout)


@pytest.mark.slow
def test_a_program_that_never_stops_talking_is_a_timeout_all_the_same():
    with python_child("while True: print('y' * 1000)") as s:
        with pytest.raises(chat.ExpectTimeout):
            s.expect("x", timeout=0.2)
        with pytest.raises(chat.ExpectTimeout):
            s.expect("x", timeout=0)


def test_a_signal_in_the_middle_of_a_wait_does_not_end_it():
    """Neither EINTR nor a change of this process's own window: SIGWINCH."""
    caught = []
    code = "import time\nprint('ready')\ninput()\ntime.sleep(.1)\nprint('done')"
    before = {
        number: signal.signal(number, lambda number, _: caught.append(number))
        for number in (signal.SIGALRM, signal.SIGWINCH)
    }
    try:
        with python_child(code) as s:
            s.expect("ready")
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            s.sendline()
            signal.raise_signal(signal.SIGWINCH)
            assert s.expect("done", timeout=20).before.endswith("\n")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    assert set(caught) == {signal.SIGALRM, signal.SIGWINCH}


def test_a_signal_handler_that_raises_ends_the_wait_and_loses_nothing():
    class Interrupted(Exception):
        pass

    def interrupt(*_):
        raise Interrupted

    peer = MemoryPeer(["hel", 1, lambda: signal.raise_signal(signal.SIGALRM), "lo", 1, "!"])
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with peer.session() as s:
            with pytest.raises(Interrupted):
                s.expect("!")
            assert s.expect("!").before == "hello"
    finally:
        signal.signal(signal.SIGALRM, before)


# ── silence ───────────────────────────────────────────────────────────────────────────────


def test_what_could_still_grow_is_decided_by_silence():
    peer = MemoryPeer(["a 1", 0.05, "2", 0.05, "3", 0.5, "4"])
    with peer.session(quiet=0.1) as s:
        assert s.expect(re.compile(r"\d+")).text == "123"
        assert peer.clock.now() == pytest.approx(0.2)


def test_a_call_may_have_its_own_idea_of_silence():
    peer = MemoryPeer(["1", 0.3, "2"])
    with peer.session(quiet=0.1) as s:
        assert s.expect(re.compile(r"\d+"), quiet=0.5).text == "12"


def test_a_prompt_at_the_end_is_no_prompt_while_more_comes():
    prompt = re.compile(r"\$ $")
    with MemoryPeer(["cost: 5 $ ", 0.05, "each\r\n", 0.05, "$ "]).session() as s:
        assert s.expect(prompt).before == "cost: 5 $ each\r\n"


def test_silence_itself_can_be_awaited():
    peer = MemoryPeer(["working", 0.1, ".", 0.1, ".", 5, "done"])
    with peer.session() as s:
        match = s.expect("done", chat.Quiet(0.2, name="stuck"))
        assert (match.index, match.name, match.before) == (1, "stuck", "working..")
        assert peer.clock.now() == pytest.approx(0.4)
        assert s.expect("done", chat.Quiet(60)).index == 0


def test_the_shortest_silence_comes_first():
    with MemoryPeer(["x"]).session() as s:
        assert s.expect(chat.Quiet(3), chat.Quiet(1), chat.Quiet(2)).index == 1


# ── answering on the way ──────────────────────────────────────────────────────────────────


def test_prompts_are_answered_on_the_way():
    def answer(data):
        return {b"ada\n": ["age? "], b"36\n": ["colour? "], b"red\n": ["welcome"]}[data]

    seen = []

    def colour(match):
        seen.append(match)
        return "red"

    peer = MemoryPeer(["name? "], answer=answer)
    with peer.session() as s:
        prompts = {"name? ": "ada", re.compile(r"ag(e)\? "): "36", "colour? ": colour}
        match = s.expect("welcome", respond=prompts)
        assert (match.index, match.text) == (0, "welcome")
        assert seen[0].text == "colour? "
        assert peer.sent == b"ada\n36\nred\n"


def test_an_answer_may_be_nothing():
    peer = MemoryPeer(["--more--", "end"])
    with peer.session() as s:
        s.expect("end", respond={"--more--": lambda match: None})
        assert peer.sent == b""


def test_an_answer_may_be_a_secret():
    peer = MemoryPeer(["assword: "], answer=lambda data: ["in"])
    with peer.session() as s:
        s.expect("in", respond={"assword: ": chat.Secret("open sesame")})
        assert peer.sent == b"open sesame\n"


def test_an_answer_that_has_its_line_end_gets_no_second():
    peer = MemoryPeer(["a? ", "b? ", "end"])
    with peer.session() as s:
        s.expect("end", respond={"a? ": "yes\n", "b? ": lambda match: "no\r"})
        assert peer.sent == b"yes\nno\r"


def test_what_is_awaited_comes_before_what_is_answered():
    peer = MemoryPeer(["password: "])
    with peer.session() as s:
        assert s.expect("password: ", respond={"password: ": "x"}).index == 0
        assert peer.sent == b""


def test_answering_for_ever_is_a_timeout():
    peer = MemoryPeer(["again? "], answer=lambda data: [1, "again? "])
    with peer.session() as s, pytest.raises(chat.ExpectTimeout):
        s.expect("done", respond={"again? ": "yes"}, timeout=10)
    assert peer.clock.now() == 10


def test_bytes_are_answered_with_bytes():
    peer = MemoryPeer([b"ok? ", b"end"])
    with peer.session(encoding=None) as s:
        s.expect(b"end", respond={b"ok? ": b"y"})
        assert peer.sent == b"y\n"


def test_an_answer_of_the_wrong_kind_is_refused():
    with MemoryPeer(["a? "]).session() as s, pytest.raises(TypeError, match="not bytes"):
        s.expect("end", respond={"a? ": b"yes"})


def test_a_condition_is_no_prompt():
    with MemoryPeer().session() as s, pytest.raises(chat.PatternError, match="not a prompt"):
        s.expect("x", respond={chat.EOF: "y"})


# ── ask ───────────────────────────────────────────────────────────────────────────────────


def test_a_question_is_answered_without_its_echo_and_the_last_line_end():
    peer = MemoryPeer(["> "], answer=lambda data: [data.strip() + b"\r\n1.2\r\n3.4\r\n> "])
    with peer.session() as s:
        s.expect("> ")
        assert s.ask("show version", prompt="> ") == "1.2\r\n3.4"


def test_a_question_may_be_asked_in_bytes():
    peer = MemoryPeer(answer=lambda data: [b"42\n> "])
    with peer.session(encoding=None) as s:
        assert s.ask(b"6*7", b"> ") == b"42"


def test_a_question_may_raise_questions_whose_exchange_is_no_part_of_the_answer():
    def answer(data):
        return ["sure? "] if data == b"reboot\n" else ["bye\r\n> "]

    with MemoryPeer(answer=answer).session() as s:
        assert s.ask("reboot", "> ", respond={"sure? ": "yes"}) == "bye"


def test_a_question_without_an_answer_is_a_timeout():
    with MemoryPeer().session() as s, pytest.raises(chat.ExpectTimeout):
        s.ask("hello?", "> ", timeout=3)


# ── views ─────────────────────────────────────────────────────────────────────────────────

COLOURED = "\x1b[32mpass\x1b[1mword\x1b[0m: \x1b]0;title\x07ok\r\n"


def test_text_can_be_matched_without_escape_sequences():
    with MemoryPeer([COLOURED]).session(view="text") as s:
        match = s.expect("password: ok")
        assert (match.before, match.text) == ("", "password: ok")


def test_one_wait_may_look_at_the_text_and_the_next_at_all_of_it():
    with MemoryPeer([COLOURED]).session() as s:
        assert s.expect("password", view="text").end == COLOURED.index("word") + 4
        assert s.expect("\x1b[0m").before == ""
        assert s.expect("ok", view="text").before == ": "


def test_offsets_of_a_view_are_those_of_the_stream_that_came():
    with MemoryPeer([COLOURED]).session() as s:
        match = s.expect("word", view="text")
        assert COLOURED[match.start : match.end] == "word"


def test_escape_sequences_cut_between_reads_are_whole():
    pieces = list(COLOURED)
    with MemoryPeer(pieces).session(view="text") as s:
        assert s.expect("password: ok")


def test_there_is_no_other_view():
    with pytest.raises(ValueError, match="view is 'raw' or 'text'"):
        memory_session(view="html")
    with MemoryPeer().session() as s, pytest.raises(ValueError, match="view is"):
        s.expect("x", view="html")


def memory_session(**options):
    peer = MemoryPeer()
    try:
        return peer.session(**options)
    except BaseException:
        peer.transport.close()
        raise


# ── input wanted ──────────────────────────────────────────────────────────────────────────


def test_that_a_program_wants_input_can_be_awaited():
    with python_child("input('who? '); print('done')") as s:
        match = s.expect(chat.INPUT_WAIT, timeout=20)
        assert (match.before, match.name) == ("who? ", "INPUT_WAIT")
        s.sendline("me")
        assert s.expect("done", chat.INPUT_WAIT).index == 0


@pytest.mark.slow
def test_a_program_that_works_does_not_want_input():
    with python_child("print('busy')\nwhile True: pass") as s:
        s.expect("busy")
        assert s.expect(chat.INPUT_WAIT, chat.TIMEOUT, timeout=0.2).index == 1


def test_without_a_terminal_nothing_says_whether_input_is_wanted():
    with MemoryPeer().session() as s, pytest.raises(chat.NotSupported, match="terminal"):
        s.expect(chat.INPUT_WAIT)


# ── what is refused ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong", [None, 3, object(), 2.5, [None], [["nested"]], chat.Secret("not a pattern")]
)
def test_what_is_no_pattern_is_refused(wrong):
    with MemoryPeer().session() as s:
        with pytest.raises(chat.PatternTypeError, match="pattern"):
            s.expect("x", wrong)
        with pytest.raises(TypeError):
            s.expect(wrong)


@pytest.mark.parametrize("wrong", [EOFError, TimeoutError, chat.ExpectTimeout])
def test_an_exception_is_no_pattern(wrong):
    with MemoryPeer().session() as s, pytest.raises(chat.PatternTypeError, match=r"chat\.EOF"):
        s.expect(wrong)


@pytest.mark.parametrize(
    "wrong", [b"x", re.compile(b"x"), chat.glob(b"x"), chat.any_of("a", b"x")]
)
def test_bytes_are_no_pattern_for_text(wrong):
    with MemoryPeer().session() as s, pytest.raises(chat.PatternTypeError, match="holds text"):
        s.expect(wrong)


@pytest.mark.parametrize("wrong", ["x", re.compile("x"), chat.glob("x")])
def test_text_is_no_pattern_for_bytes(wrong):
    with (
        MemoryPeer().session(encoding=None) as s,
        pytest.raises(chat.PatternTypeError, match="holds bytes"),
    ):
        s.expect(wrong)


@pytest.mark.parametrize("nothing", [(), ([],), ("",), (["a", ""],)])
def test_there_must_be_something_to_wait_for(nothing):
    with MemoryPeer().session() as s, pytest.raises(chat.PatternError):
        s.expect(*nothing)


@pytest.mark.parametrize("source", ["(", "[a-", "a{3,1}", "(?P<x>a)(?P<x>b)", "(?z)"])
def test_a_regular_expression_that_does_not_compile_says_so(source):
    with pytest.raises(chat.PatternError) as caught:
        chat.regex(source)
    assert repr(source) in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_closed_session_says_so():
    s = MemoryPeer(["a"]).session()
    s.close()
    for call in (lambda: s.expect("a"), lambda: s.ask("a", "b"), lambda: s.read(1)):
        with pytest.raises(chat.SessionClosed, match="the session is closed"):
            call()


def test_a_refused_pattern_breaks_nothing():
    with MemoryPeer(["abc"]).session() as s:
        with pytest.raises(TypeError):
            s.expect(None)
        assert s.expect("b").before == "a"


def test_a_session_that_a_thread_uses_works_there():
    """No part of a wait needs the main thread."""
    got = []

    def converse():
        with python_child("print(input()[::-1])", echo=False) as s:
            s.sendline("abc")
            got.append(s.expect("cba").text)

    thread = threading.Thread(target=converse)
    thread.start()
    thread.join(30)
    assert got == ["cba"]


def test_silence_must_have_a_length():
    with MemoryPeer().session() as s, pytest.raises(TypeError, match="quiet is seconds"):
        s.expect("x", quiet=None)
    with pytest.raises(TypeError, match="quiet is seconds"):
        memory_session(quiet=None)
