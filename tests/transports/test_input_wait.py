"""INPUT_WAIT: programs that read their terminal are told from those that do not."""

from __future__ import annotations

import os
import shutil
import signal
import sys

import pytest

from chat.errors import NotSupported
from chat.transports import input_wait


def _reading(code):
    return [sys.executable, "-c", f"import os, select, sys\n{code}"]


READERS = {
    "cat": ["cat"],
    "bash": ["bash", "--norc", "-i"],
    "sh": ["sh", "-c", "read line"],
    "a pipe's first": ["bash", "-c", "cat | sort"],
    "python": [sys.executable, "-q", "-i", "-c", ""],
    "input()": _reading("input('? ')"),
    "readv": _reading("os.readv(0, [bytearray(9)])"),
    "poll": _reading("p = select.poll(); p.register(0, select.POLLIN); p.poll()"),
    "poll with a limit": _reading(
        "p = select.poll(); p.register(0, select.POLLIN); p.poll(100_000)"
    ),
    "select": _reading("select.select([0], [], [])"),
    "epoll": _reading("e = select.epoll(); e.register(0, select.EPOLLIN); e.poll()"),
    "a copy": _reading("fd = os.dup(0); os.read(fd, 1)"),
    "/dev/tty": _reading("open('/dev/tty').readline()"),
    "another thread": _reading(
        "import threading; t = threading.Thread(target=input); t.start(); t.join()"
    ),
    "less": ["less", "/etc/passwd"],
    "vim": ["vim", "-u", "NONE", "-i", "NONE"],
    "getpass": _reading("import getpass; getpass.getpass()"),
}
if shutil.which("node"):  # an extra: it waits as "epoll" does, which is always tested
    READERS["node"] = ["node", "-i"]


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_seen_to_wait(start_peer, name):
    command = READERS[name]
    peer = start_peer(command, env={**os.environ, "TERM": "xterm"})
    assert peer.until_wait()


OTHERS = {
    "computing": "echo ready; while :; do :; done",
    "sleeping": "echo ready; exec sleep 60",
    "reading a pipe": "echo ready; sleep 60 | cat",
}


@pytest.mark.parametrize("name", OTHERS)
def test_who_does_something_else_is_not(start_peer, name):
    peer = start_peer(["sh", "-c", OTHERS[name]])
    peer.until(b"ready")
    assert [peer.terminal.input_wait() for _ in range(50)] == [False] * 50


def test_one_that_only_writes_is_not(start_peer):
    peer = start_peer(["yes"])
    for _ in range(20):
        assert not peer.terminal.input_wait()
        peer.until(b"y\r\n" * 1000)


def test_one_that_waits_to_write_is_not(start_peer):
    peer = start_peer(
        _reading("print('ready', flush=True); select.select([], [], [0], 60)"),
    )
    peer.until(b"ready")
    assert [peer.terminal.input_wait() for _ in range(20)] == [False] * 20


def test_a_line_that_is_still_unread_is_not_waited_for(start_peer):
    peer = start_peer(["sh", "-c", "read line; echo got; exec sleep 60"])
    assert peer.until_wait()
    for _ in range(20):
        # From the moment the line is written the answer is no, whoever runs first.
        peer.write(b"hello\n")
        assert not peer.terminal.input_wait()


def test_the_answer_is_never_stale(start_peer):
    peer = start_peer(["cat"], echo=False)
    for _ in range(200):
        assert peer.until_wait()
        peer.drop()
        peer.said = b""
        peer.write(b"line\n")
        # If it waits again, it has read the line, and answered it before it did.
        assert peer.until_wait()
        peer.drop()
        assert peer.said == b"line\r\n"


def test_half_a_line_is_still_waited_for(start_peer):
    peer = start_peer(["cat"])
    peer.until_wait()
    peer.write(b"half")
    peer.until(b"half")
    assert peer.until_wait()


def test_one_that_is_stopped_does_not_wait(start_peer):
    peer = start_peer(["cat"])
    assert peer.until_wait()
    os.kill(peer.process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, peer.process.pid, os.WSTOPPED | os.WNOWAIT)
    assert not peer.terminal.input_wait()


def test_nobody_waits_after_the_end(start_peer):
    peer = start_peer(["true"])
    peer.rest()
    assert not peer.terminal.input_wait()
    peer.process.end(5)
    assert not peer.terminal.input_wait()


def test_an_unknown_machine_is_not_guessed_at(start_peer, monkeypatch):
    peer = start_peer(["cat"])
    assert peer.until_wait()
    monkeypatch.setattr(input_wait, "CALLS", {"another": {}})
    with pytest.raises(NotSupported, match="cannot be seen on this system"):
        peer.terminal.input_wait()


def test_what_may_not_be_looked_at_is_an_error_that_names_it(start_peer, monkeypatch):
    peer = start_peer(["cat"])
    assert peer.until_wait()

    def refuse(pid, thread):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(input_wait, "_blocking_call", refuse)
    with pytest.raises(NotSupported, match=rf"cat \(pid {peer.process.pid}\).*not permitted"):
        peer.terminal.input_wait()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start another user's program")
def test_another_users_process_is_not_guessed_at(start_peer):
    code = (
        "import os\n"
        "from chat.errors import NotSupported\n"
        "from chat.transports.pty import PtyTransport\n"
        "t = PtyTransport.start(['cat'])\n"
        "while not t.terminal.input_wait(): pass\n"
        "os.setuid(65534)\n"
        "try: t.terminal.input_wait()\n"
        "except NotSupported as error: print(error)\n"
        "os._exit(0)\n"
    )
    assert b"Permission denied" in start_peer(code).rest()
    code = code.replace("os.setuid(", "os.chown(t.terminal.path, 65534, -1); os.setuid(", 1)
    assert b"whether cat (pid " in start_peer(code).rest()


def test_a_32_bit_program_is_not_misread(start_peer, monkeypatch):
    answers = {
        "syscall": "3 0x0 0xffe0 0x1 0x0 0x0 0x0 0xffd01000 0xf7f00000",
        "stat": "1 (x) S 1",
    }
    monkeypatch.setattr(
        input_wait, "_read_text", lambda path: answers.get(path.rpartition("/")[2], "old")
    )
    with pytest.raises(NotSupported, match="32-bit"):
        input_wait._blocking_call(1, "1")


@pytest.mark.parametrize("line", ["running", "-1 0x7ffc00000000 0x7f0000000000", ""])
def test_one_that_is_in_no_call_blocks_in_none(monkeypatch, line):
    monkeypatch.setattr(input_wait, "_read_text", lambda _path: line)
    assert input_wait._blocking_call(1, "1") is None


def test_memory_that_has_moved_on_is_read_as_nothing():
    nowhere = (1, 1, 0, 0, 0, 0)
    assert list(input_wait._polled(os.getpid(), nowhere)) == []
    assert list(input_wait._selected(os.getpid(), nowhere)) == []
