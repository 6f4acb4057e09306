"""What is already open: descriptors, files, sockets, processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

import chat
from chat.testing import check_transport
from chat.testing.ends import PipeEnd, RelayedEnd, SocketEnd, _relayed
from chat.transports.adopted import AdoptedSocket, over_popen
from chat.transports.one_way import ReadingTransport, WritingTransport

PIPE = subprocess.PIPE


class BothWays:
    """Two transports of one way each, as one of both."""

    def __init__(self, reading, writing):
        self.reading, self.writing = reading, writing
        self.read, self.write, self.fileno = reading.read, writing.write, reading.fileno
        self.writer = writing.writer

    def close(self):
        self.reading.close()
        self.writing.close()


def one_way_ends():
    near_reader, far_writer = os.pipe()
    far_reader, near_writer = os.pipe()
    transport = BothWays(ReadingTransport(near_reader), WritingTransport(near_writer))
    return transport, PipeEnd(far_reader, far_writer)


def adopted_socket_ends():
    near, far = socket.socketpair()
    return AdoptedSocket(near, close=True), SocketEnd(far)


def popen_ends():
    def start(argv):
        return over_popen(subprocess.Popen(argv, stdin=PIPE, stdout=PIPE))

    made: tuple[object, RelayedEnd] = _relayed(start)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("ends", [one_way_ends, adopted_socket_ends, popen_ends])
def test_the_transports_keep_every_rule(ends):
    check_transport(ends)


# ── descriptors and files ─────────────────────────────────────────────────────────────────


def test_descriptors_are_borrowed_and_given_back():
    read, write = os.pipe()
    with chat.attach(read, timeout=20) as heard, chat.attach(write) as said:
        assert not os.get_blocking(read)
        said.sendline("across")
        assert heard.readline() == "across\n"
        with pytest.raises(chat.NotSupported):
            heard.send("x")
    assert os.get_blocking(read) and os.get_blocking(write)
    os.write(write, b"still open")
    assert os.read(read, 100) == b"still open"
    os.close(read)
    os.close(write)


def test_a_lent_writing_end_can_say_that_it_is_done_without_being_closed():
    read, write = os.pipe()
    with chat.attach(write, timeout=20) as said:
        said.send("x")
        said.sendeof()
        assert said.read() == ""
    os.write(write, b"y")
    assert os.read(read, 9) == b"xy"
    os.close(read)
    os.close(write)


def test_what_is_taken_over_is_closed(held):
    before = held()
    read, write = os.pipe()
    with chat.attach(read, close=True, timeout=20) as heard:
        with chat.attach(os.fdopen(write, "w"), close=True) as said:
            said.send("all")
        assert heard.read() == "all"
    assert held() == before


def test_a_file_is_flushed_before(tmp_path):
    with (tmp_path / "log").open("w+") as file:
        file.write("before ")
        with chat.attach(file) as s:
            s.sendline("behind")
        file.seek(0)
        assert file.read() == "before behind\n"


def test_a_file_that_is_read_has_an_end(tmp_path):
    (tmp_path / "log").write_text("one\ntwo\n")
    with (tmp_path / "log").open() as file, chat.attach(file, timeout=20) as s:
        assert list(s) == ["one\n", "two\n"]


@pytest.mark.parametrize("close", [False, True])
def test_a_pair_is_to_read_and_to_write(held, close):
    before = held()
    near_reader, far_writer = os.pipe()
    far_reader, near_writer = os.pipe()
    pair = (os.fdopen(near_reader), near_writer)
    with chat.attach(pair, close=close, timeout=20) as s:
        os.write(far_writer, b"to us\n")
        assert s.readline() == "to us\n"
        s.send("to them")
        assert os.read(far_reader, 100) == b"to them"
    for each in (far_reader, far_writer):
        os.close(each)
    if not close:
        pair[0].close()
        os.close(near_writer)
    assert held() == before


def test_a_terminal_can_be_attached():
    master, slave = os.openpty()
    with chat.attach(master, close=True, timeout=20) as s:
        os.write(slave, b"hello\n")
        assert s.readline() == "hello\r\n"
        os.close(slave)
        assert s.read() == ""


def test_what_is_not_open_and_what_is_nothing_is_told():
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(OSError, match="Bad file descriptor"):
        chat.attach(read)
    for nothing in ("text", None, True, (1, 2, 3)):
        with pytest.raises(TypeError, match="what is attached is a descriptor, a socket, a"):
            chat.attach(nothing)


# ── sockets ───────────────────────────────────────────────────────────────────────────────


def test_a_socket_is_borrowed_and_given_back():
    near, far = socket.socketpair()
    with near, far:
        with chat.attach(near, timeout=20) as s:
            s.sendline("hi")
            assert far.recv(9) == b"hi\n"
            with pytest.raises(chat.NotSupported):
                s.sendeof()
        near.sendall(b"mine again")
        assert far.recv(99) == b"mine again"


def test_a_socket_that_is_taken_over_can_be_half_closed():
    near, far = socket.socketpair()
    with far, chat.attach(near, close=True, timeout=20) as s:
        s.send("hi")
        s.sendeof()
        assert (far.recv(9), far.recv(9)) == (b"hi", b"")
        far.sendall(b"answer")
        far.close()
        assert s.read() == "answer"
    assert near.fileno() < 0


def test_a_reset_connection_is_a_peer_that_is_gone():
    near, far = socket.socketpair()
    with chat.attach(near, close=True, timeout=20) as s:
        far.close()
        with pytest.raises(chat.PeerGone):
            s.send("x")


def test_datagrams_are_no_stream():
    with (
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        pytest.raises(chat.NotSupported, match="no stream"),
    ):
        chat.attach(udp)


# ── processes ─────────────────────────────────────────────────────────────────────────────


def test_a_process_becomes_a_conversation_and_its_owner_knows_its_end(held):
    before = held()
    popen = subprocess.Popen(["cat", "-n"], stdin=PIPE, stdout=PIPE)
    with chat.attach(popen, timeout=20) as cat:
        assert cat.pid == popen.pid
        assert cat.is_alive()
        cat.sendline("x")
        cat.expect("\tx\n")
        cat.sendeof()
        assert cat.wait().ok
        assert not cat.is_alive()
    assert popen.returncode == 0
    assert held() == before


def test_what_its_owner_has_gathered_is_written_first():
    popen = subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE, text=True)
    popen.stdin.write("first ")
    with chat.attach(popen, timeout=20) as cat:
        cat.sendline("second")
        assert cat.readline() == "first second\n"


@pytest.mark.parametrize("own_session", [False, True])
def test_closing_ends_it(held, own_session):
    before = held()
    command = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"]
    popen = subprocess.Popen(command, stdout=PIPE, start_new_session=own_session)
    with chat.attach(popen, timeout=20) as s:
        s.readline()
        status = s.close(grace=0.2)
    assert status.signal == "SIGHUP"
    assert popen.wait() == -1
    assert s.exit_status == status
    assert held() == before


def test_one_that_refuses_to_end_is_killed():
    program = "trap '' HUP TERM; echo; while :; do sleep 1; done"
    popen = subprocess.Popen(["sh", "-c", program], stdout=PIPE, start_new_session=True)
    with chat.attach(popen, timeout=20) as s:
        s.readline()
        assert s.close(grace=0.02).signal == "SIGKILL"


def test_one_that_is_only_written_to_ends_behind_its_input(tmp_path):
    with (tmp_path / "out").open("w") as out:
        popen = subprocess.Popen(["cat"], stdin=PIPE, stdout=out)
        with chat.attach(popen) as cat:
            cat.send("kept")
    assert popen.returncode == 0
    assert (tmp_path / "out").read_text() == "kept"


def test_one_without_pipes_is_nothing_to_talk_to():
    with subprocess.Popen(["true"]) as popen, pytest.raises(chat.NotSupported):
        chat.attach(popen)
