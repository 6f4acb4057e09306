"""The time a block may take, for the sessions in it."""

from __future__ import annotations

import asyncio
import contextvars
import re
import threading
import time

import pytest

import chat
from chat.deadlines import earliest, shortened, waited, within
from chat.testing import FakeClock, MemoryPeer, python_child

DEADLINE = re.escape("deadline of 0.05 s")


@pytest.fixture
def clock():
    return FakeClock()


def timed_out(session, *patterns, **options):
    with pytest.raises(chat.ExpectTimeout) as caught:
        session.expect(*patterns, **options)
    return caught.value


def test_a_wait_ends_with_what_comes_first_and_says_which(clock):
    with MemoryPeer(clock=clock).session() as s, chat.deadline(10, clock=clock):
        error = timed_out(s, "x", timeout=4)
        assert (clock.now(), error.ended_by, error.timeout) == (4, "timeout", 4)
        assert str(error).startswith("waited 4 s for 'x'\n")
        error = timed_out(s, "x", timeout=60)
        assert (clock.now(), error.ended_by, error.timeout) == (10, "deadline", 10)
        assert str(error).startswith("waited for 'x' until the deadline of 10 s\n")
        error = timed_out(s, chat.regex("x+"), timeout=None)
        assert (clock.now(), error.ended_by) == (10, "deadline")


def test_idle_is_how_long_the_other_side_may_be_silent(clock):
    peer = MemoryPeer(clock=clock)
    for second in (1, 2, 3):
        clock.call_at(second, lambda: peer.say("."))
    with peer.session() as s:
        error = timed_out(s, "x", idle=2, timeout=60)
        assert (clock.now(), error.ended_by, error.timeout) == (5, "idle", 2)
        assert str(error).startswith("nothing came for 2 s while waiting for 'x'\n")
        assert error.before == "..."
        assert s.expect("x", chat.TIMEOUT, idle=1, timeout=60).pattern is chat.TIMEOUT
        assert timed_out(s, "x", idle=9, timeout=3).ended_by == "timeout"


def test_a_session_has_an_idle_of_its_own(clock):
    with MemoryPeer(clock=clock).session(idle=2) as s:
        assert timed_out(s, "x").ended_by == "idle"
        assert timed_out(s, "x", idle=None, timeout=5).ended_by == "timeout"
        assert clock.now() == 7


def test_silence_of_other_lengths_still_means_what_it_means(clock):
    with MemoryPeer(["12"], clock=clock).session() as s:
        assert s.expect(chat.regex(r"\d+"), quiet=3, idle=5).text == "12"
        assert s.expect(chat.Quiet(1), idle=5, timeout=60).index == 0
        assert timed_out(s, chat.Quiet(9), idle=5, timeout=60).ended_by == "idle"


def test_of_nested_deadlines_the_earliest_counts(clock):
    with chat.deadline(5, clock=clock) as outer:
        with chat.deadline(9, clock=clock):
            assert earliest() is outer
        with chat.deadline(2, clock=clock) as inner:
            assert earliest() is inner
            clock.advance(2)
            assert inner.passed and not outer.passed
            assert within(60) == "by the deadline of 2 s"
            assert waited("it", 60) == "waited for it until the deadline of 2 s"
        assert earliest() is outer
        assert (shortened(1), shortened(9), shortened(None)) == (1, 3, 3)
    assert earliest() is None
    assert (shortened(None), within(None), within(2)) == (None, "without limit", "in 2 s")


def test_a_passed_deadline_lets_look_and_not_wait(clock):
    with MemoryPeer(["there"], clock=clock).session() as s, chat.deadline(0, clock=clock):
        assert s.expect("there").text == "there"
        assert timed_out(s, "more").ended_by == "deadline"
        assert clock.now() == 0


def test_each_operation_is_bounded():
    with python_child("import signal, time\nsignal.pause()") as s:
        with chat.deadline(0.05), pytest.raises(chat.WaitTimeout, match=DEADLINE):
            s.wait(timeout=60)
        with chat.deadline(0.05), pytest.raises(chat.ExpectTimeout, match=DEADLINE):
            s.read(5, timeout=60)
        with chat.deadline(0.05):
            assert not s.wait_no_echo(timeout=60)
        with chat.deadline(0.05), pytest.raises(chat.EchoStillOn):
            s.send_secret("not sent", timeout=60)


def test_sending_is_bounded():
    code = "import os, tty, signal\ntty.setraw(0)\nprint('ready')\nsignal.pause()"
    with python_child(code) as s:
        s.expect("ready")
        with (
            chat.deadline(0.1),
            pytest.raises(chat.SendTimeout, match=r"bytes by the deadline of 0\.1 s"),
        ):
            s.send("x" * 1_000_000, timeout=60)


@pytest.mark.slow
def test_closing_is_bounded():
    code = (
        "import signal\nfor each in ('HUP', 'TERM', 'INT'):\n"
        "    signal.signal(getattr(signal, 'SIG' + each), signal.SIG_IGN)\n"
        "print('ready')\nwhile True: signal.pause()"
    )
    with python_child(code) as s:
        s.expect("ready")
        began = time.monotonic()
        with chat.deadline(0.1):
            assert s.close(grace=60).signal == "SIGKILL"
        assert time.monotonic() - began < 10


def test_a_decorated_function_has_a_deadline_at_each_call():
    @chat.deadline(5)
    def left():
        return shortened(None)

    @chat.deadline(5)
    async def left_later():
        await asyncio.sleep(0)
        return shortened(None)

    for _ in range(2):
        assert 4 < (left() or 0) <= 5
        assert 4 < (asyncio.run(left_later()) or 0) <= 5
    assert earliest() is None


def test_tasks_know_the_deadline_they_were_started_under():
    async def look():
        return shortened(None)

    async def main():
        with chat.deadline(5):
            task = asyncio.create_task(look())
            thread = await asyncio.to_thread(shortened, None)
        return await task, thread, await asyncio.create_task(look())

    in_task, in_thread, outside = asyncio.run(main())
    assert 0 < (in_task or 0) <= 5 and 0 < (in_thread or 0) <= 5
    assert outside is None


def test_a_thread_knows_it_in_a_copy_of_the_context():
    seen = []
    with chat.deadline(5):
        run = contextvars.copy_context().run
        threads = [
            threading.Thread(target=lambda: seen.append(shortened(None))),
            threading.Thread(target=run, args=(lambda: seen.append(shortened(None)),)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert seen[0] is None and 0 < (seen[1] or 0) <= 5


def test_what_is_no_deadline_is_refused():
    for wrong, error in ((None, TypeError), ("5", TypeError), (-1, ValueError)):
        with pytest.raises(error):
            chat.deadline(wrong)
    with chat.deadline(5) as used, pytest.raises(RuntimeError, match="in use"):
        used.__enter__()
    with MemoryPeer().session() as s:
        for name in ("idle", "stall"):
            with pytest.raises(ValueError, match=name):
                s.expect("x", **{name: -1})
    assert repr(chat.deadline(5)) == "<Deadline of 5 s: not entered>"
    with chat.deadline(5) as entered:
        assert "left" in repr(entered)


# ── stalls ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_program_that_does_nothing_has_stalled():
    with python_child("import signal\nsignal.pause()") as s:
        error = timed_out(s, "x", stall=0.2, timeout=60)
    assert (error.ended_by, error.timeout) == ("stall", 0.2)
    assert str(error).startswith("the program did nothing for 0.2 s while waiting for 'x'\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "work",
    [
        "while True: pass",
        "while True: select.select([], [], [], .02); os.pread(file, 1, 0)",
        "while True: os.spawnlp(os.P_WAIT, 'sleep', 'sleep', '0.03')",
    ],
    ids=["processor", "input", "processes"],
)
def test_a_program_that_works_in_silence_has_not(work):
    code = f"import os, select, sys\nfile = os.open(sys.executable, os.O_RDONLY)\n{work}"
    with python_child(code) as s:
        assert timed_out(s, "x", stall=0.2, timeout=1.5).ended_by == "timeout"


@pytest.mark.slow
def test_what_comes_begins_the_time_anew():
    code = (
        "import select\nfor _ in range(8):\n    print('.')\n"
        "    select.select([], [], [], .15)\ninput()"
    )
    with python_child(code, stall=0.3) as s:
        error = timed_out(s, "x", timeout=60)
    assert error.ended_by == "stall" and error.before.count(".") == 8


def test_a_stall_is_one_of_a_program(clock):
    with (
        MemoryPeer(clock=clock).session() as s,
        pytest.raises(chat.NotSupported, match="a stall is one of a program"),
    ):
        s.expect("x", stall=1)


@pytest.mark.slow
def test_run_ends_a_program_that_has_stalled():
    with pytest.raises(chat.RunTimeout, match=r"'sleep' did nothing for .* and was ended"):
        chat.run(["sleep", "60"], stall=0.2)
    with pytest.raises(chat.RunTimeout, match=r"'sleep' was silent for .* and was ended"):
        chat.run(["sleep", "60"], idle=0.2)
