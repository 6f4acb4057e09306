"""`chat.signals.forward`: what comes to us is passed on to a program."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import textwrap

import pytest

import chat
from chat.signals import Life, alive, forward
from chat.testing import MemoryPeer, python_child

TELLS = """
    import os, signal, sys
    def tell(number, frame):
        size = os.get_terminal_size(0)
        print('got', signal.Signals(number).name, size.lines, size.columns)
    for each in ('INT', 'QUIT', 'CONT', 'WINCH', 'TERM', 'HUP'):
        signal.signal(getattr(signal, 'SIG' + each), tell)
    print('ready')
    while True: signal.pause()
"""


@pytest.mark.parametrize("which", ["INT", "QUIT", "CONT", "TERM"])
def test_a_signal_reaches_the_program_while_we_wait(which):
    with python_child(TELLS) as s:
        s.expect("ready")
        with forward(s):
            signal.raise_signal(getattr(signal, f"SIG{which}"))
            s.expect(f"got SIG{which} ", timeout=20)
        s.signal("KILL")


def test_what_is_asked_for_is_passed_on_and_nothing_else():
    before = signal.getsignal(signal.SIGTERM)
    with python_child(TELLS) as s:
        s.expect("ready")
        with forward(s, "HUP"):
            assert signal.getsignal(signal.SIGTERM) is before
            signal.raise_signal(signal.SIGHUP)
            s.expect("got SIGHUP ", timeout=20)
        s.signal("KILL")


def test_an_interrupt_reaches_the_job_in_a_shell_s_foreground():
    with chat.spawn(["bash", "--norc", "-i"], env={**os.environ, "PS1": "> "}) as s:
        s.expect("> ")
        s.sendline("sh -c 'echo u''p; exec sleep 61'")
        s.expect("up\r\n")
        assert os.tcgetpgrp(s.fileno()) != s.pid
        with forward(s, "INT"):
            signal.raise_signal(signal.SIGINT)
        s.expect("> ")
        assert "130" in s.ask("echo $?", prompt="> ").split()
        assert s.is_alive()


def test_a_program_that_has_ended_is_no_error():
    with python_child("pass") as s:
        s.wait()
        with forward(s):
            for each in ("INT", "CONT", "TERM", "WINCH"):
                signal.raise_signal(getattr(signal, f"SIG{each}"))
        s.close()
        with forward(s, "TERM", "WINCH"):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGWINCH)


def test_without_a_terminal_a_new_size_means_nothing():
    with chat.open2(["cat"]) as s, forward(s, "WINCH"):
        signal.raise_signal(signal.SIGWINCH)


def test_what_has_no_process_says_so():
    with MemoryPeer([]).session() as s, pytest.raises(chat.NotSupported), forward(s, "TERM"):
        signal.raise_signal(signal.SIGTERM)


# What passes signals on is a program of its own here, with a terminal to resize and a shell's
# part played by the test.
PASSES_ON = """
import sys
import chat
with chat.spawn([sys.executable, "-c", sys.argv[1]], timeout=50) as s, chat.signals.forward(s):
    s.log_to(sys.stdout.buffer)
    s.expect("ready\\r\\n")
    print("pid", s.pid, flush=True)
    s.wait(timeout=None)
"""


def test_the_terminal_gets_the_size_of_ours():
    with chat.spawn(
        [sys.executable, "-c", PASSES_ON, textwrap.dedent(TELLS)], size=(24, 80)
    ) as outer:
        inner = int(outer.expect(chat.regex(r"pid (\d+)"), timeout=20)[1])
        outer.resize(33, 99)
        outer.expect("got SIGWINCH 33 99", timeout=20)
        outer.signal("TERM")
        outer.expect("got SIGTERM", timeout=20)
        os.kill(inner, signal.SIGKILL)
        assert outer.wait(timeout=20).ok


def test_stopping_stops_the_program_and_then_us_and_both_go_on():
    code = "import signal; print('ready', flush=True)\nwhile True: signal.pause()"
    # In the test's session, so that the kernel stops it as it would stop a shell's job.
    outer = subprocess.Popen(
        [sys.executable, "-c", PASSES_ON, code], process_group=0, stdout=subprocess.PIPE
    )
    assert outer.stdout is not None
    try:
        while not (line := outer.stdout.readline()).startswith(b"pid "):
            assert line
        inner = int(line.split()[1])
        for _ in range(3):
            os.kill(outer.pid, signal.SIGTSTP)
            os.waitid(os.P_PID, outer.pid, os.WSTOPPED)
            while state(inner) != "T":
                os.sched_yield()  # it was told before, and stops when it has its turn
            os.kill(outer.pid, signal.SIGCONT)
            os.waitid(os.P_PID, outer.pid, os.WCONTINUED)
            while state(inner) == "T":
                os.sched_yield()
        outer.terminate()
        assert outer.wait(20) == 0
        assert alive(inner) is Life.GONE
    finally:
        outer.kill()
        outer.wait()
        outer.stdout.close()


def state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        return file.read().rpartition(")")[2].split()[0]


def test_our_size_is_that_of_the_first_terminal_we_have(monkeypatch):
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 11, 22, 0, 0))
    size = os.get_terminal_size(slave)
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: size if fd == 2 else os.fstat(-1))
    with python_child(TELLS) as s, forward(s):
        s.expect("ready")
        signal.raise_signal(signal.SIGWINCH)
        s.expect("got SIGWINCH 11 22", timeout=20)
        s.signal("KILL")
    os.close(master)
    os.close(slave)
