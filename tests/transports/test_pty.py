"""The pseudo-terminal transport: four verbs, and what a child finds around it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from chat.errors import SessionClosed
from chat.transports import Process, Terminal
from chat.transports.pty import PtyTransport
from chat.values import WindowSize


def test_the_child_finds_its_terminal_under_its_name(start_peer):
    peer = start_peer(["sh", "-c", "tty; tty </dev/tty; echo $$; ps -o sid= -p $$"])
    lines = peer.rest().decode().split()
    assert lines[0] == peer.terminal.path
    assert lines[1] == "/dev/tty" or lines[1] == peer.terminal.path
    assert lines[2] == lines[3] == str(peer.process.pid)


def test_it_has_a_process_and_a_terminal_and_no_writer(start_peer):
    peer = start_peer(["cat"])
    process: Process = peer.transport.process
    terminal: Terminal = peer.transport.terminal
    assert process.pid > 0
    assert terminal.canonical
    assert not hasattr(peer.transport, "writer")
    assert peer.process.argv == ("cat",)


def test_what_is_written_is_read(start_peer):
    peer = start_peer(["cat"], echo=False)
    peer.write(b"hello\n")
    assert peer.until(b"\r\n") == b"hello"


def test_reading_never_blocks(start_peer):
    peer = start_peer(["cat"])
    with pytest.raises(BlockingIOError):
        peer.transport.read()


def test_the_end_is_empty_again_and_again(start_peer):
    peer = start_peer(["true"])
    peer.rest()
    assert [peer.transport.read() for _ in range(3)] == [b""] * 3


def test_writing_after_the_end_is_a_broken_pipe(start_peer):
    peer = start_peer(["true"])
    peer.rest()
    peer.process.end(5)  # the kernel reports the end a moment before it refuses input
    with pytest.raises(BrokenPipeError):
        peer.transport.write(b"x")


def test_writing_to_one_that_does_not_read_is_partial_and_then_refused(start_peer):
    peer = start_peer("import tty, time; tty.setraw(0); print('raw'); input()", echo=False)
    peer.until(b"raw")
    sent = 0
    with pytest.raises(BlockingIOError):
        while sent < 1 << 20:
            sent += peer.transport.write(b"x" * 65536)
    assert 0 < sent < 1 << 20


def test_ctrl_c_interrupts_the_child(start_peer):
    peer = start_peer(["cat"])
    peer.write(b"\x03")
    peer.rest()
    assert peer.process.wait_exit(10).signal == "SIGINT"


def test_ctrl_d_is_the_end_of_input(start_peer):
    peer = start_peer(["cat"])
    peer.write(b"\x04")
    peer.rest()
    assert peer.process.wait_exit(10).code == 0


def test_job_control_works_in_an_interactive_bash(start_peer):
    peer = start_peer(["bash", "--norc", "-i"], env={**os.environ, "PS1": "ready> "})
    peer.until(b"ready> ")
    peer.write(b"cat\n")
    peer.until(b"cat\r\n")
    shell = peer.process.pid
    while peer.terminal.foreground_group() == shell:
        os.sched_yield()
    assert peer.until_wait()
    peer.write(b"\x1a")
    assert b"Stopped" in peer.until(b"ready> ")
    peer.write(b"fg\n")
    while peer.terminal.foreground_group() == shell:
        os.sched_yield()
    peer.write(b"\x04")
    peer.until(b"ready> ")
    peer.write(b"exit 7\n")
    peer.rest()
    assert peer.process.wait_exit(10).code == 7


@pytest.mark.parametrize("where", ["/usr", "."])
def test_it_starts_where_it_is_told(start_peer, where):
    peer = start_peer(["pwd"], cwd=where)
    assert peer.rest().decode().strip() == os.path.realpath(where)


def test_starting_elsewhere_leaves_this_process_where_it_is(start_peer):
    before = Path.cwd()
    start_peer(["true"], cwd="/").rest()
    assert Path.cwd() == before


def test_its_environment_is_what_it_was_given(start_peer):
    peer = start_peer(["/usr/bin/env"], env={"ONE": "1", "TWO": "zwei ü"})
    assert peer.rest().decode().split("\r\n")[:-1] == ["ONE=1", "TWO=zwei ü"]


def test_without_one_its_environment_is_ours(start_peer, monkeypatch):
    monkeypatch.setenv("CHAT_TEST_INHERITED", "yes")
    peer = start_peer(["sh", "-c", "echo $CHAT_TEST_INHERITED"])
    assert peer.rest() == b"yes\r\n"


def test_size_and_echo_are_set_before_the_child_looks(start_peer):
    peer = start_peer(["stty", "-a"], size=WindowSize(30, 100), echo=False)
    answer = peer.rest()
    assert b"rows 30; columns 100" in answer
    assert b" -echo " in answer


def test_its_signals_are_at_their_defaults(start_peer):
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        peer = start_peer(["grep", "^Sig[IB]", "/proc/self/status"])
    finally:
        signal.signal(signal.SIGINT, previous)
    masks = dict(line.split(":") for line in peer.rest().decode().splitlines())
    # The C library keeps signals 32 and 33 for itself and leaves them ignored.
    assert int(masks["SigIgn"], 16) & ~(0b11 << 31) == 0
    assert int(masks["SigBlk"], 16) == 0


def test_sighup_is_ignored_if_asked_for(start_peer):
    peer = start_peer(["grep", "^SigIgn", "/proc/self/status"], ignore_sighup=True)
    assert int(peer.rest().split()[1], 16) & 1


def test_it_inherits_nothing_but_its_terminal(start_peer):
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        peer = start_peer(["ls", "-l", "/proc/self/fd"])
        links = [line for line in peer.rest().decode().splitlines() if "->" in line]
    finally:
        os.close(read)
        os.close(write)
    assert {link.split(" -> ")[1] for link in links[:3]} == {peer.terminal.path}
    assert len(links) == 4  # and the directory that `ls` has open


def test_more_than_1024_descriptors_may_be_open(start_peer):
    null = os.open(os.devnull, os.O_RDONLY)
    many = [os.dup(null) for _ in range(1100)]
    try:
        peer = start_peer(["echo", "still here"])
        assert peer.transport.fileno() > 1024
        assert peer.rest() == b"still here\r\n"
        assert peer.process.end(1).ok
    finally:
        for descriptor in (null, *many):
            os.close(descriptor)


@pytest.mark.parametrize("cwd", [None, "/"])
def test_starting_in_threads_warns_nobody(start_peer, cwd):
    answers = []

    def start():
        answers.append(start_peer(["echo", "hello"], cwd=cwd).rest())

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [b"hello\r\n"] * 8


def test_close_is_idempotent_and_says_so_afterwards(start_peer):
    peer = start_peer(["cat"])
    peer.transport.close()
    peer.transport.close()
    for use in (
        peer.transport.fileno,
        peer.transport.read,
        lambda: peer.transport.write(b"x"),
        lambda: peer.terminal.size,
        lambda: peer.terminal.echo,
        peer.terminal.input_wait,
    ):
        with pytest.raises(SessionClosed):
            use()


def test_close_hangs_the_child_up(start_peer):
    peer = start_peer(["cat"])
    peer.transport.close()
    assert peer.process.wait_exit(10) is not None


def test_collecting_a_finished_session_does_not_sleep(monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)  # ptyprocess sleeps 0.1 s
    transport = PtyTransport.start(["true"])
    transport.process.end(5)
    transport.close()
    del transport
    gc.collect()
    assert not slept


def _start_and_forget():
    return PtyTransport.start(["true"]).process.pid


def test_a_transport_dropped_open_closes_its_descriptor_and_warns(held):
    before = held()
    with pytest.warns(ResourceWarning, match="unclosed"):
        pid = _start_and_forget()
    os.waitpid(pid, 0)
    assert held() == before


def _rounds(count):
    for _ in range(count):
        transport = PtyTransport.start(["true"])
        transport.process.end(5)
        transport.close()


@pytest.mark.parametrize(
    "count",
    [
        100,
        pytest.param(1000, marks=pytest.mark.slow),
        pytest.param(10_000, marks=pytest.mark.slow),
    ],
)
def test_rounds_of_spawn_and_close_leave_nothing(held, count):
    _rounds(1)
    before = held()
    _rounds(count)
    assert held() == before


def test_a_program_with_its_standard_descriptors_closed_can_start_children():
    code = (
        "import os; os.close(0); os.close(1)\n"
        "from chat.transports.pty import PtyTransport\n"
        "t = PtyTransport.start(['sh', '-c', 'tty; exit 3'])\n"
        "os._exit(t.process.wait_exit(10).code + 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=30)
    assert done.returncode == 4
