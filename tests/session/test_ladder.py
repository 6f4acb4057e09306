"""`terminate` and `close` step by step, and what they say it took."""

from __future__ import annotations

import pickle
import subprocess
import time

import pytest

import chat
from chat.ladder import LADDER, Rung, as_ladder, limited, up_to_kill
from chat.signals import alive
from chat.testing import MemoryPeer, python_child

IGNORES = """
    import signal, sys
    for each in {}:
        signal.signal(getattr(signal, 'SIG' + each), signal.SIG_IGN)
    print('ready')
    while True: signal.pause()
"""


def ignoring(*names):
    s = python_child(IGNORES.format(names))
    s.expect("ready")
    return s


@pytest.mark.parametrize(
    ("ignored", "ends"),
    [
        ((), "SIGHUP"),
        (("HUP",), "SIGINT"),
        (("HUP", "INT"), "SIGTERM"),
        (("HUP", "INT", "TERM"), "SIGKILL"),
    ],
)
def test_each_step_is_tried_in_its_turn(ignored, ends):
    with ignoring(*ignored) as s:
        status = s.terminate(grace=0.05, ladder=LADDER)
        took = s.termination
    assert status.signal == ends or (ends == "SIGINT" and status.code == 1)
    assert took.step == ends
    assert took.steps == ("EOF", "SIGHUP", "SIGINT", "SIGTERM", "SIGKILL")[: len(ignored) + 2]
    assert 0.05 * (len(ignored) + 1) <= took.seconds < 5


def test_a_program_that_reads_is_ended_by_the_end_of_its_input():
    with chat.spawn(["cat"]) as s:
        assert s.terminate(grace=20, ladder=["EOF", "KILL"]).ok
        assert s.termination.steps == ("EOF",) and s.termination.step == "EOF"
    with chat.open2(["cat"]) as s:
        assert s.terminate(grace=20, ladder=["EOF", "KILL"]).ok
        assert s.termination.step == "EOF"
    with chat.open2(["cat"]) as s:
        assert s.terminate(grace=20).ok
        assert s.termination.step == "EOF"
    with chat.attach(subprocess.Popen(["cat"], stdin=-1, stdout=-1)) as s:
        assert s.terminate(grace=20).ok
        assert s.termination.step == "EOF"


def test_one_that_had_ended_took_nothing():
    with python_child("pass") as s:
        s.wait(timeout=20)
        before = s.termination
        s.close()
        assert before is None
        assert s.termination == chat.Termination(None)
        assert str(s.termination) == "it had ended by itself"


def test_a_step_takes_as_long_as_the_program_and_no_longer():
    with ignoring("HUP") as s:
        began = time.monotonic()
        s.terminate(ladder={"HUP": 0.05, "INT": 60})
        assert time.monotonic() - began < 20
        assert str(s.termination) == "it took SIGHUP, SIGINT; it ended after SIGINT"


def test_a_ladder_without_kill_may_not_be_enough_and_close_has_one():
    s = ignoring("TERM")
    with pytest.raises(chat.WaitTimeout, match="did not end after SIGTERM"):
        s.terminate(grace=0.05, ladder=["TERM"])
    assert s.is_alive() and s.termination.step is None
    assert s.close(grace=0.05, ladder=["TERM"]).signal == "SIGKILL"
    assert s.termination.step == "SIGKILL"
    assert not alive(s)


def test_whoever_is_left_takes_more_steps_than_the_program():
    with chat.spawn(["bash", "--norc", "-i"]) as s:
        s.sendline("(trap '' HUP; echo u''p; sleep 61) & wait")
        s.expect("up")
        s.terminate(grace=0.1)
        assert s.termination.step == "SIGHUP"
        assert s.termination.steps == ("SIGHUP", "SIGTERM")


def test_a_deadline_shortens_each_step_and_not_the_last():
    with ignoring("HUP", "INT", "TERM") as s:
        began = time.monotonic()
        with chat.deadline(0.1):
            assert s.close(ladder={"HUP": 60, "TERM": 60}).signal == "SIGKILL"
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("ladder", "error"),
    [
        ("TERM", TypeError),
        (7, TypeError),
        ([], ValueError),
        (["NOPE"], ValueError),
        ([("TERM", -1)], ValueError),
        ([("TERM", "soon")], TypeError),
    ],
)
def test_what_is_no_ladder_is_refused_before_anything_is_done(ladder, error):
    with ignoring() as s:
        for end in (s.terminate, s.close):
            with pytest.raises(error):
                end(ladder=ladder)
        assert s.is_alive() and not s.closed


def test_a_step_may_take_as_long_as_it_does():
    with ignoring("HUP") as s:
        s.terminate(ladder=[("HUP", 0.01), ("TERM", None), ("KILL", None)])
        assert s.termination.step == "SIGTERM"


def test_without_a_program_nothing_is_taken():
    with MemoryPeer([]).session() as s:
        assert s.close(ladder=["TERM"]) is None
        assert s.termination is None


def test_steps_as_values():
    assert as_ladder(None, 1) == (Rung("SIGHUP", 1), Rung("SIGTERM", 1), Rung("SIGKILL", 5.0))
    rungs = as_ladder([("eof", 2), "int"], 3)
    assert rungs == (Rung("EOF", 2), Rung("SIGINT", 3))
    assert [each.name for each in up_to_kill(rungs, 1)] == ["EOF", "SIGINT", "SIGKILL"]
    assert up_to_kill(as_ladder(None, 1), 1) == as_ladder(None, 1)
    assert limited((Rung("EOF", None), Rung("SIGKILL", 5)), 1) == (
        Rung("EOF", 1),
        Rung("SIGKILL", 5),
    )
    took = chat.Termination("SIGHUP", 1.5, ("SIGHUP",))
    assert pickle.loads(pickle.dumps(took)) == took  # noqa: S301  (our own)
