"""The programs of Perl's *perlipc* about signals, pipes and System V IPC do what they say."""

from __future__ import annotations

import os
import random
import re
import sys
from pathlib import Path

import pytest

import chat

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "perlipc"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

pytestmark = pytest.mark.slow


def command(name, *words):
    return [sys.executable, "-W", "error", "-u", str(EXAMPLES / name), *map(str, words)]


def perform(name, *words):
    """What it says, errors included."""
    done = chat.capture(command(name, *words), env=ENVIRONMENT, stderr="merge", timeout=50)
    return done.output, done.exit_status.code


def test_signals():
    said, code = perform("signals.py")
    assert said.splitlines() == [
        "somebody sent me a SIGINT",
        "nothing happened",
        "signal #17 is SIGCHLD, SIGALRM is 14",
        "the group was killed by SIGHUP",
        "the kid is there: True",
        "it has exited with status 0; it is there: False",
        "outta here!",
    ]
    assert code == 1


def test_a_lock_is_waited_for_no_longer_than_the_alarm_allows():
    assert perform("flock_alarm.py") == ("locked\nno lock within 0.2 s\n", 0)


def test_the_signature_is_read_as_often_as_one_likes(tmp_path):
    path = tmp_path / ".signature"
    os.mkfifo(path)
    server = command("fifo_signature.py", path, 3)
    with chat.pipe_from(server, env=ENVIRONMENT, timeout=50) as s:
        said = [chat.capture(["cat", str(path)], timeout=20).output for _ in range(3)]
        assert s.wait().ok
    assert all(each.startswith("John Smith (smith@host.org)\n") for each in said)
    assert [each.count("\n") for each in said] == [2, 2, 2]


def test_a_signature_that_is_no_fifo_is_left_alone(tmp_path):
    (tmp_path / "sig").write_text("mine")
    said, code = perform("fifo_signature.py", tmp_path / "sig", 1)
    assert "left alone" in said and code == 1
    assert (tmp_path / "sig").read_text() == "mine"


def test_pipe_opens():
    said, code = perform("pipe_open.py")
    assert code == 0
    assert said.startswith("more stuff\nstuff^A\n")
    assert "No such file or directory (it exited with status 2)" in said
    assert said.endswith("cannot start 'bogus': it is not in PATH\n")


def test_safe_pipe_opens():
    said, code = perform("safe_pipe_open.py")
    assert code == 0
    owner = "nobody" if os.geteuid() == 0 else Path("/proc/self").owner()
    assert said.splitlines() == [
        "the kid exited with status 0",
        "some data",
        "more data",
        f"written by {owner}",
        "$HOME `id` stay as they are",
        "whoops, true pipe broke",
    ]


def test_open2_with_cat():
    said, code = perform("open2_cat.py")
    assert code == 0
    assert re.match(r"got back +1\tstuff\n", said)
    assert "programs write to a pipe in blocks" in said
    assert said.endswith("got back STUFF\n")


def test_open_proc_with_cat():
    said, code = perform("open_proc_cat.py")
    assert code == 0
    assert re.fullmatch(r"(got back +\d+\ta line\n){10}", said)


def test_shared_memory():
    said, code = perform("shared_memory.py")
    assert code == 0
    assert re.fullmatch(r"Message #1\ndeleting \d+\n", said)


def test_take_waits_for_give():
    key = random.randrange(1, 1 << 31)
    assert perform("semaphore_make.py", key) == (f"{key} 1\n", 0)
    try:
        assert perform("semaphore_take.py", key) == ("taken\n", 0)
        waiting = command("semaphore_take.py", key)
        with chat.pipe_from(waiting, env=ENVIRONMENT, timeout=50) as second:
            with pytest.raises(chat.ExpectTimeout):
                second.expect("taken", timeout=1)
            assert perform("semaphore_give.py", key) == ("given\n", 0)
            second.expect("taken")
    finally:
        assert perform("semaphore_make.py", key, "remove") == ("", 0)
