"""Children: looking at them, waiting for them, ending all of them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chat import ladder
from chat.errors import WaitTimeout
from chat.transports import process as process_module
from chat.transports.process import ChildProcess

STUBBORN = "trap '' HUP TERM; echo ready; while :; do read line; done"


def _child(*argv):
    """A child in a session of its own, without a terminal."""
    pid = os.posix_spawnp(argv[0], argv, os.environ, setsid=True)
    return ChildProcess(pid, argv)


def _exists(pid):
    """Whether it runs: a zombie that its parent has not reaped yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_asking_whether_it_lives_does_not_reap():
    child = _child("true")
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not child.is_alive()
    assert not child.is_alive()
    assert os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    assert child.wait_exit(0).code == 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [("exit 0", (0, None)), ("exit 7", (7, None)), ("kill -TERM $$", (None, "SIGTERM"))],
)
def test_the_status_says_how_it_ended_each_time(code, expected):
    child = _child("sh", "-c", code)
    first = child.wait_exit(10)
    assert (first.code, first.signal) == expected
    assert 0 < first.duration < 10
    assert child.wait_exit(0) is first
    assert child.end(0) is first


def test_not_waiting_is_only_looking():
    child = _child("sleep", "60")
    assert child.wait_exit(0) is None
    assert child.is_alive()
    child.end(5)


def test_a_wait_ends_with_its_seconds():
    child = _child("sleep", "60")
    started = time.monotonic()
    assert child.wait_exit(0.05) is None
    assert 0.05 <= time.monotonic() - started < 5
    child.end(5)


def test_a_wait_ends_with_the_child():
    child = _child("sleep", "60")
    threading.Timer(0.02, child.signal, [signal.SIGTERM]).start()
    assert child.wait_exit(None).signal == "SIGTERM"


def test_all_who_wait_are_told():
    child = _child("sleep", "60")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(child.wait_exit(None))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    child.signal(signal.SIGKILL)
    for thread in threads:
        thread.join(10)
    assert {status.signal for status in answers} == {"SIGKILL"}
    assert len(answers) == 4


def test_the_exit_descriptor_becomes_readable_and_is_closed_with_the_child():
    child = _child("sleep", "60")
    descriptor = child.exit_fileno()
    assert descriptor == child.exit_fileno()
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    assert not poller.poll(0)
    child.signal(signal.SIGTERM)
    assert poller.poll(10_000)
    child.wait_exit(10)
    assert child.exit_fileno() is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_signal_to_one_that_has_ended_is_no_error():
    child = _child("true")
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    child.signal(signal.SIGTERM)
    child.wait_exit(10)
    child.signal(signal.SIGTERM)


def test_somebody_else_reaping_it_is_survived():
    child = _child("true")
    os.waitpid(child.pid, 0)
    assert not child.is_alive()
    status = child.wait_exit(None)
    assert (status.code, status.signal) == (None, None)
    assert child.end(1) is status


def test_ending_hangs_up_first(start_peer):
    peer = start_peer(
        ["sh", "-c", "trap 'exit 5' HUP; echo ready; while :; do read line; done"]
    )
    peer.until(b"ready")
    assert peer.process.end(10).code == 5


def test_a_stubborn_one_is_killed(start_peer):
    peer = start_peer(["sh", "-c", STUBBORN])
    peer.until(b"ready")
    assert peer.process.end(0.02).signal == "SIGKILL"


def test_a_stopped_one_is_ended(start_peer):
    peer = start_peer(["cat"])
    peer.process.signal(signal.SIGSTOP)
    os.waitid(os.P_PID, peer.process.pid, os.WSTOPPED | os.WNOWAIT)
    assert peer.process.end(10).signal == "SIGHUP"


def test_background_jobs_are_ended_with_their_shell(start_peer):
    peer = start_peer(["bash", "--norc", "-i"], env={**os.environ, "PS1": "ready> "})
    peer.until(b"ready> ")
    peer.write(b"(trap '' HUP TERM; echo job=$BASHPID-up; sleep 61) </dev/null &\n")
    job = int(peer.until(b"-up\r\n").rpartition(b"job=")[2])
    assert os.getpgid(job) != peer.process.pid
    peer.process.end(0.05)
    assert not _exists(job)


def test_a_job_that_keeps_the_terminal_is_ended_though_its_shell_has_left(start_peer):
    peer = start_peer(["bash", "--norc", "-i"], env={**os.environ, "PS1": "ready> "})
    peer.until(b"ready> ")
    peer.write(b"sleep 62 & echo pid=$! x; exit 4\n")
    peer.until(b"pid=")
    peer.until(b"pid=")
    job = int(peer.until(b" x"))
    assert peer.process.wait_exit(10).code == 4
    assert _exists(job)
    assert peer.process.end(10).code == 4
    assert not _exists(job)
    peer.rest()


def test_what_a_child_leaves_in_its_group_is_killed():
    read, write = os.pipe()
    os.set_inheritable(write, True)
    script = f"(trap '' HUP TERM; echo $$ >&{write}; exec sleep 63) & exec {write}>&-; read x"
    child = _child("bash", "-c", script)
    os.close(write)
    assert os.read(read, 100)
    assert child.end(5) is not None
    assert os.read(read, 100) == b""  # its last holder is gone
    os.close(read)


def test_what_it_left_is_killed_also_after_waiting():
    read, write = os.pipe()
    os.set_inheritable(write, True)
    child = _child("bash", "-c", f"sleep 64 >&{write} & exit 3")
    os.close(write)
    assert child.wait_exit(10).code == 3
    poller = select.poll()
    poller.register(read, select.POLLHUP)
    assert not poller.poll(0)
    assert child.end(5).code == 3
    assert poller.poll(5000)
    os.close(read)


def test_one_that_ends_by_itself_keeps_its_status(start_peer):
    for _ in range(50):
        peer = start_peer(["sh", "-c", "exit 6"])
        peer.rest()
        assert peer.process.end(5).code == 6


def test_one_that_may_not_be_signalled_is_hung_up(monkeypatch):
    asked = []

    def refuse(group, number):
        asked.append(number)
        raise PermissionError

    child = _child("sleep", "60")

    def hang_up():
        os.kill(child.pid, signal.SIGHUP)

    child = ChildProcess(child.pid, ["sleep"], hang_up=hang_up)
    monkeypatch.setattr(os, "killpg", refuse)
    assert child.end(10).signal == "SIGHUP"
    assert signal.SIGHUP in asked


def test_one_that_nothing_ends_is_reported(monkeypatch):
    child = _child("sleep", "60")
    with monkeypatch.context() as patch:
        patch.setattr(ladder, "KILL_PATIENCE", 0.01)
        patch.setattr(os, "killpg", lambda *_: None)
        with pytest.raises(WaitTimeout, match="sleep"):
            child.end(0.01)
    assert child.end(5).signal == "SIGHUP"


@pytest.fixture
def without_pidfd(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")


@pytest.fixture
def without_waitid(without_pidfd, monkeypatch):
    monkeypatch.setattr(process_module, "_LOOK", 0)


@pytest.mark.parametrize("lacking", ["without_pidfd", "without_waitid"])
def test_what_a_system_lacks_is_done_without(request, lacking, start_peer):
    request.getfixturevalue(lacking)
    child = _child("sleep", "60")
    assert child.exit_fileno() is None
    assert child.is_alive()
    assert child.wait_exit(0.01) is None
    child.signal(signal.SIGTERM)
    assert child.wait_exit(None).signal == "SIGTERM"
    assert not child.is_alive()
    peer = start_peer(["sh", "-c", STUBBORN])
    peer.until(b"ready")
    assert peer.process.end(0.02).signal == "SIGKILL"


def test_ending_in_two_threads_at_once_gives_both_the_status(start_peer):
    peer = start_peer(["cat"])
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(peer.process.end(10))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [status.signal for status in answers] == ["SIGHUP"] * 2


def test_its_repr_says_its_state():
    child = _child("sleep", "60")
    assert repr(child) == f"<ChildProcess 'sleep' pid {child.pid}: running>"
    child.end(5)
    assert repr(child).endswith("killed by SIGHUP>")


def test_children_are_reaped_though_sigchld_is_ignored():
    code = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "from chat.transports.pty import PtyTransport\n"
        "t = PtyTransport.start(['true'])\n"
        "print(t.process.wait_exit(10))\n"
        "t = PtyTransport.start(['cat'])\n"
        "print(t.process.end(10).duration > 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=30, stdout=subprocess.PIPE
    )
    assert done.stdout.endswith(b"True\n")
