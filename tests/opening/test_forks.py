"""A child that runs a function of this program, connected to it."""

# What the functions say, they say to the session.
# ruff: noqa: T201

from __future__ import annotations

import os
import signal
import stat
import sys

import pytest

import chat

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")


def shout():
    for line in sys.stdin:
        print(line.upper(), end="")
    return 7


def test_the_function_is_a_conversation_partner_of_its_own(held):
    before = held()
    with chat.pipe_open_self(shout, timeout=20) as s:
        assert s.pid != os.getpid()
        s.sendline("grün")
        assert s.readline() == "GRÜN\n"
        s.sendeof()
        assert s.read() == ""
        assert s.wait().code == 7
    assert held() == before


def test_it_may_be_left_at_any_time(held):
    before = held()
    with chat.pipe_open_self(signal.pause) as s:
        assert s.close(grace=0.05).signal == "SIGHUP"
    assert held() == before


def test_what_it_raises_is_shown_and_makes_a_status(capfd):
    def fail():
        print("so far", end="")
        raise RuntimeError("no further")

    with chat.pipe_open_self(fail, timeout=20) as s:
        assert s.read() == "so far"
        assert s.wait().code == 1
    assert "RuntimeError: no further" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("leave", "code"),
    [
        (sys.exit, 0),
        (lambda: sys.exit(4), 4),
        (lambda: sys.exit("sorry"), 1),
        (lambda: True, 0),
        (lambda: 3, 3),
    ],
)
def test_it_ends_as_programs_end(leave, code, capfd):
    with chat.pipe_open_self(leave, timeout=20) as s:
        assert s.wait().code == code


def test_nothing_of_the_parent_runs_on_in_it():
    mine = os.getpid()
    try:
        with chat.pipe_open_self(lambda: None) as s:
            s.wait()
    finally:
        assert os.getpid() == mine


def test_it_may_become_a_program_without_a_shell():
    words = "$HOME `id`"
    with chat.pipe_open_self(lambda: os.execvp("echo", ["echo", words]), timeout=20) as s:
        assert s.read() == words + "\n"
        assert s.wait().ok


def test_descriptors_lead_to_nothing_unless_they_are_kept():
    read, write = os.pipe()

    def look():
        said = []
        for descriptor in (read, write):
            mode = os.fstat(descriptor).st_mode
            said.append("pipe" if stat.S_ISFIFO(mode) else "nothing")
        print(*said)

    try:
        with chat.pipe_open_self(look, keep=[write], timeout=20) as s:
            assert s.read() == "nothing pipe\n"
    finally:
        os.close(read)
        os.close(write)


def test_a_session_that_is_open_meanwhile_ends_all_the_same():
    with chat.open2(["cat"], timeout=20) as cat, chat.pipe_open_self(shout):
        cat.sendeof()
        assert cat.read() == ""


def test_its_signals_are_at_their_defaults():
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with chat.pipe_open_self(signal.pause, timeout=20) as s:
            s.signal("TERM")
            assert s.wait().signal == "SIGTERM"
    finally:
        signal.signal(signal.SIGTERM, before)


def who():
    print(os.getresuid(), os.getresgid(), os.getgroups())


@ROOT
def test_it_gives_its_privileges_up_for_good():
    with chat.pipe_open_self(who, user="nobody", timeout=20) as s:
        uid, gid = 65534, 65534
        assert s.read() == f"({uid}, {uid}, {uid}) ({gid}, {gid}, {gid}) [{gid}]\n"

    def try_back():
        os.seteuid(0)

    with chat.pipe_open_self(try_back, user="nobody", timeout=20) as s:
        assert s.wait().code == 1


@ROOT
def test_a_group_can_be_said(capfd):
    with chat.pipe_open_self(who, user=65534, group="daemon", timeout=20) as s:
        assert s.read() == "(65534, 65534, 65534) (1, 1, 1) [1]\n"
    with chat.pipe_open_self(who, group=1, timeout=20) as s:
        assert s.read() == "(0, 0, 0) (1, 1, 1) [1]\n"


@ROOT
def test_who_it_cannot_become_is_told_before_anything_runs(held):
    before = held()

    def inner():
        with chat.pipe_open_self(shout, user="root"):
            pass

    with pytest.raises(chat.SpawnFailed, match="nosuchuser"):
        chat.pipe_open_self(shout, user="nosuchuser")
    with pytest.raises(chat.SpawnFailed, match="say which group"):
        chat.pipe_open_self(shout, user=4_000_123)
    with chat.pipe_open_self(lambda: _report(inner), user="nobody", timeout=20) as s:
        assert s.read() == "cannot start 'shout': Operation not permitted\n"
    assert held() == before


def _report(call):
    try:
        call()
    except chat.SpawnFailed as error:
        print(error)
