"""Adopted descriptors: pipes, sockets, a terminal's other side."""

from __future__ import annotations

import os
import select
import socket

import pytest

from chat.errors import SessionClosed
from chat.transports import process_of, terminal_of
from chat.transports.descriptor import DescriptorTransport


@pytest.fixture
def pipes():
    """A transport over two pipes, and the other side: (transport, their read, their write)."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    transport = DescriptorTransport(ours_in, ours_out)
    others = [theirs_in, theirs_out]
    yield transport, others
    transport.close()
    for descriptor in others:
        os.close(descriptor)


def _close(others, index):
    os.close(others.pop(index))


def test_bytes_go_both_ways(pipes):
    transport, (theirs_in, theirs_out) = pipes
    os.write(theirs_out, b"to us")
    assert transport.read() == b"to us"
    assert transport.write(b"to them") == 7
    assert os.read(theirs_in, 100) == b"to them"


def test_nothing_ever_blocks(pipes):
    transport, _ = pipes
    with pytest.raises(BlockingIOError):
        transport.read()
    sent = 0
    with pytest.raises(BlockingIOError):
        while True:
            sent += transport.write(b"x" * 100_000)
    assert sent > 0


def test_the_end_is_empty_again_and_again(pipes):
    transport, others = pipes
    os.write(others[1], b"last")
    _close(others, 1)
    assert [transport.read() for _ in range(3)] == [b"last", b"", b""]


def test_writing_to_nobody_is_a_broken_pipe(pipes):
    transport, others = pipes
    _close(others, 0)
    with pytest.raises(BrokenPipeError):
        transport.write(b"x")


def test_two_descriptors_have_a_writer_that_closes_alone(pipes):
    transport, (theirs_in, theirs_out) = pipes
    writer = transport.writer
    assert writer.fileno() != transport.fileno()
    writer.close()
    writer.close()
    assert os.read(theirs_in, 1) == b""
    with pytest.raises(SessionClosed):
        transport.write(b"x")
    with pytest.raises(SessionClosed):
        writer.fileno()
    os.write(theirs_out, b"still")
    assert transport.read() == b"still"


def test_one_descriptor_has_no_writer_and_no_process():
    ours, theirs = socket.socketpair()
    with theirs:
        transport = DescriptorTransport(ours.detach())
        assert transport.writer is None
        assert process_of(transport) is None
        assert terminal_of(transport) is None
        theirs.send(b"hello")
        assert transport.read() == b"hello"
        assert transport.write(b"back") == 4
        assert theirs.recv(9) == b"back"
        transport.close()
        assert theirs.recv(9) == b""


def test_closing_is_idempotent_and_said(pipes):
    transport, _ = pipes
    transport.close()
    transport.close()
    for use in (transport.fileno, transport.read, lambda: transport.write(b"x")):
        with pytest.raises(SessionClosed):
            use()


def test_borrowed_descriptors_are_given_back_as_they_were():
    read, write = os.pipe()
    os.set_blocking(write, False)
    transport = DescriptorTransport(read, write, close=False)
    assert not os.get_blocking(read)
    transport.close()
    assert os.get_blocking(read)
    assert not os.get_blocking(write)
    os.close(read)
    os.close(write)


def test_the_other_side_of_a_terminal_ends_too():
    master, slave = os.openpty()
    transport = DescriptorTransport(master)
    os.write(slave, b"bye")
    os.close(slave)
    poller = select.poll()
    poller.register(master, select.POLLIN)
    poller.poll()
    assert transport.read() == b"bye"
    assert transport.read() == b""
    transport.close()


def test_a_descriptor_that_is_not_open_is_refused_and_the_other_left_alone():
    read, write = os.pipe()
    os.close(write)
    with pytest.raises(OSError, match="Bad file descriptor"):
        DescriptorTransport(read, write)
    assert os.get_blocking(read)
    os.close(read)
