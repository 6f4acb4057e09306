"""The steps by which a program is ended; tests/session has those of programs on terminals."""

from __future__ import annotations

import signal
import subprocess

import chat
from chat.ladder import EOF, LADDER, Rung, as_ladder, limited, up_to_kill

LONG = 20.0


# ── the steps ─────────────────────────────────────────────────────────────────────────────


def test_each_step_has_the_seconds_it_is_given_or_else_the_grace():
    assert as_ladder(["EOF", ("int", 3), "SIGTERM"], 2) == (
        Rung(EOF, 2),
        Rung("SIGINT", 3),
        Rung("SIGTERM", 2),
    )
    assert as_ladder({"HUP": 1, "USR1": 0}, 2) == (Rung("SIGHUP", 1), Rung("SIGUSR1", 0))
    assert as_ladder(LADDER, 1)[0] == Rung(EOF, 1)


def test_what_cannot_be_refused_has_time_to_get_out_of_the_kernel():
    assert as_ladder(["KILL"], 0) == (Rung("SIGKILL", 5.0),)


def test_a_stopped_process_is_continued_to_act_on_a_signal():
    assert Rung("SIGTERM", 1).signals == (signal.SIGTERM, signal.SIGCONT)
    assert Rung("SIGKILL", 1).signals == (signal.SIGKILL,)
    assert Rung(EOF, 1).signals == ()


def test_a_ladder_can_be_made_to_end_in_kill_and_under_a_deadline():
    rungs = as_ladder({"INT": 9, "KILL": 9}, 1)
    assert up_to_kill(rungs, 1) == rungs
    assert up_to_kill(rungs[:1], 6) == (rungs[0], Rung("SIGKILL", 6))
    assert limited(rungs, 2) == (Rung("SIGINT", 2), Rung("SIGKILL", 9))


# ── programs ──────────────────────────────────────────────────────────────────────────────


def test_a_program_on_pipes_is_told_by_their_end():
    with chat.open2(["cat"]) as s:
        assert s.close(ladder={"EOF": LONG, "KILL": 1}) == s.exit_status
        assert s.exit_status is not None and s.exit_status.ok
        assert s.termination is not None and s.termination.step == "EOF"


def test_all_of_its_group_ends_with_it():
    with chat.spawn(["sh", "-c", "sleep 60 & echo it is $!.; wait"], timeout=LONG) as s:
        pid = int(s.expect(chat.regex(r"it is (\d+)\."))[1])
        s.terminate(ladder={"TERM": LONG, "KILL": LONG})
    assert not chat.signals.alive(pid)


def test_a_popen_that_was_adopted_goes_the_same_way():
    popen = subprocess.Popen(
        ["sh", "-c", "trap '' INT; echo ready; while :; do read x || sleep 60; done"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0,
    )  # fmt: skip
    with popen, chat.attach(popen, timeout=LONG) as s:
        s.expect("ready")
        status = s.close(ladder={"INT": 0.02, "TERM": LONG})
        assert status is not None and status.signal == "SIGTERM"
        assert s.termination is not None
        assert s.termination.steps == ("SIGINT", "SIGTERM")
    assert popen.returncode == -signal.SIGTERM
