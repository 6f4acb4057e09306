"""`chat.signals.send` and `alive`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

import chat
from chat.signals import Group, Life, alive, local, send
from chat.testing import python_child

PAUSE = "import signal; print('ready'); signal.pause()"


def _child():
    return subprocess.Popen(["sleep", "60"], process_group=0)


def test_a_process_gets_it_by_its_number():
    child = _child()
    send("TERM", child.pid)
    assert child.wait() == -signal.SIGTERM


def test_a_popen_gets_it():
    child = _child()
    send("KILL", child)
    assert child.wait() == -signal.SIGKILL


def test_a_session_gets_it_and_all_its_group():
    with chat.spawn(["sh", "-c", "sleep 60 & echo ready; wait"]) as s:
        s.expect("ready")
        send("HUP", s)
        assert s.wait(timeout=20).signal == "SIGHUP"


@pytest.mark.parametrize("given", ["value", "keyword"])
def test_a_group_gets_it(given):
    child = _child()
    if given == "value":
        send(signal.SIGHUP, Group(child.pid))
    else:
        send("HUP", group=child.pid)
    assert child.wait() == -signal.SIGHUP


def test_our_own_group_gets_it_as_in_perlipc():
    code = (
        "import os, chat\n"
        "os.setpgid(0, 0)\n"
        "with chat.signals.local(HUP=chat.signals.IGNORE):\n"
        "    chat.signals.send('HUP', group=os.getpgrp())\n"
        "print('still here')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout == "still here\n"


def test_nobody_is_there():
    child = _child()
    child.kill()
    child.wait()
    with pytest.raises(chat.ProcessGone, match=f"SIGTERM to process {child.pid}: No such"):
        send("TERM", child.pid)
    with pytest.raises(chat.ProcessGone, match="process group"):
        send("TERM", group=child.pid)
    assert issubclass(chat.ProcessGone, ProcessLookupError)
    assert issubclass(chat.SignalNotPermitted, PermissionError)


def test_another_user_s_may_not_be_sent_any(monkeypatch):
    def refuse(pid, which):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refuse)
    with pytest.raises(chat.SignalNotPermitted) as caught:
        send("TERM", 4711)
    assert caught.value.errno == 1
    assert alive(4711) is Life.NOT_PERMITTED


@pytest.mark.parametrize("pid", [0, -1, -4711, True])
def test_no_number_means_many(pid):
    """kill(2) takes 0 and negative numbers for whole groups, -1 for everybody."""
    for ask in (lambda: send("CONT", pid), lambda: alive(pid)):
        with pytest.raises(ValueError, match="no process can have"):
            ask()


@pytest.mark.parametrize("pid", [-1, 0, 1])
def test_no_group_means_everybody(pid):
    with pytest.raises(ValueError, match="no process group"):
        Group(pid)


def test_a_signal_has_one_target():
    with pytest.raises(TypeError, match="one target"):
        send("CONT")
    with pytest.raises(TypeError, match="one target"):
        send("CONT", os.getpid(), group=os.getpgrp())
    with pytest.raises(TypeError, match="a str cannot"):
        send("CONT", "somebody")


# ── whether it is there ───────────────────────────────────────────────────────────────────


def test_alive_zombie_and_gone_are_told_apart():
    child = _child()
    assert alive(child.pid) is Life.ALIVE
    assert alive(child) is Life.ALIVE and alive(child)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert alive(child.pid) is Life.ZOMBIE
    assert alive(child) is Life.ZOMBIE and not alive(child)
    child.wait()
    assert alive(child.pid) is Life.GONE
    assert alive(child) is Life.GONE and not alive(child)


def test_asking_a_session_does_not_reap():
    with python_child(PAUSE) as s:
        s.expect("ready")
        assert alive(s) is Life.ALIVE
        s.signal("KILL")
        os.waitid(os.P_PID, s.pid, os.WEXITED | os.WNOWAIT)
        assert alive(s) is Life.ZOMBIE
        assert alive(s) is Life.ZOMBIE
        assert s.wait(timeout=20).signal == "SIGKILL"
        assert alive(s) is Life.GONE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start another user's process")
def test_another_user_s_is_there():
    child = _child()
    code = (
        "import os, sys; from chat.signals import alive\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "print(alive(int(sys.argv[1])).name)"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, str(child.pid)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    finally:
        child.kill()
        child.wait()
    assert done.stdout == "NOT_PERMITTED\n"


def test_without_a_process_there_is_no_answer():
    with pytest.raises(TypeError, match="no process"):
        alive(types.SimpleNamespace(pid=None))


def test_one_whose_first_thread_has_ended_is_no_zombie():
    """It looks like one in its `stat`, but for the number of its threads."""
    code = """
        import ctypes, threading, signal
        def tell():
            main = threading.main_thread()
            while open('/proc/self/stat').read().rpartition(')')[2].split()[0] != 'Z':
                signal.sigtimedwait([], 0.001)
            print('first is gone')
            signal.sigtimedwait([], 60)
        threading.Thread(target=tell).start()
        ctypes.CDLL(None).syscall(60, 0)  # exit(2), of the thread alone
    """
    if os.uname().machine != "x86_64":
        pytest.skip("the number of the system call is that of x86_64")
    with python_child(code) as s:
        s.expect("first is gone")
        assert Path(f"/proc/{s.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        assert alive(s.pid) is Life.ALIVE
        s.signal("KILL")


def test_without_proc_a_child_is_still_told_from_a_zombie(monkeypatch):
    child = _child()
    real_open = open
    monkeypatch.setattr(
        "builtins.open",
        lambda path, *rest, **more: real_open(
            "/nonexistent" if str(path).startswith("/proc/") else path, *rest, **more
        ),
    )
    assert alive(child.pid) is Life.ALIVE
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert alive(child.pid) is Life.ZOMBIE
    child.wait()


def test_a_handler_of_ours_hears_what_we_send_ourselves():
    came: list[int] = []
    with local(USR1=lambda number, _: came.append(number)):
        send("USR1", os.getpid())
    assert came == [signal.SIGUSR1]
    assert threading.current_thread() is threading.main_thread()
