"""Descriptors that only read or only write."""

from __future__ import annotations

import os
import select

import pytest

from chat.errors import NotSupported, SessionClosed
from chat.timing import READABLE
from chat.transports import process_of, writer_of
from chat.transports.one_way import ReadingTransport, WritingTransport


@pytest.fixture
def reading():
    """A transport that reads, and the descriptor that it is written to by."""
    read, write = os.pipe()
    transport = ReadingTransport(read)
    yield transport, write
    transport.close()
    os.close(write)


@pytest.fixture
def writing():
    """A transport that writes, and the file that it is read from by."""
    read, write = os.pipe()
    transport = WritingTransport(write)
    with os.fdopen(read, "rb", buffering=0) as file:
        yield transport, file
        transport.close()


def is_ready(transport, events):
    poller = select.poll()
    poller.register(transport.fileno(), events)
    return bool(poller.poll(0))


def test_what_only_reads_refuses_to_write(reading):
    transport, write = reading
    assert writer_of(transport) is None
    assert process_of(transport) is None
    os.write(write, b"x")
    assert transport.read() == b"x"
    with pytest.raises(NotSupported):
        transport.write(b"x")
    transport.close()
    with pytest.raises(SessionClosed):
        transport.write(b"x")


def test_what_only_writes_is_readable_when_nobody_reads_it(writing):
    transport, file = writing
    assert not is_ready(transport, READABLE)
    with pytest.raises(BlockingIOError):
        transport.read()
    file.close()
    assert is_ready(transport, READABLE)
    assert transport.read() == b""
    with pytest.raises(BrokenPipeError):
        transport.write(b"x")


def test_closing_the_writing_side_leaves_an_end_to_wait_for(writing, held):
    before = held()
    transport, file = writing
    descriptor = transport.fileno()
    transport.write(b"last")
    transport.writer.close()
    transport.writer.close()
    assert file.read(9) == b"last"
    assert file.read(9) == b""
    assert transport.fileno() == descriptor
    assert is_ready(transport, READABLE)
    assert transport.read() == transport.read() == b""
    for use in (transport.writer.fileno, lambda: transport.write(b"x")):
        with pytest.raises(SessionClosed):
            use()
    assert held() == before
    transport.close()
    transport.close()
    transport.writer.close()
    with pytest.raises(SessionClosed):
        transport.read()


def test_where_no_descriptor_is_left_the_other_side_still_sees_the_end(writing, monkeypatch):
    transport, file = writing

    def refuse(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("chat.transports.one_way.os.open", refuse)
    transport.writer.close()
    monkeypatch.undo()
    assert file.read(9) == b""
    with pytest.raises(SessionClosed):
        transport.fileno()


def test_one_that_is_lent_is_given_back_as_it_was():
    read, write = os.pipe()
    transport = WritingTransport(write, close=False)
    transport.write(b"x")
    transport.writer.close()
    transport.close()
    assert os.get_blocking(write)
    os.write(write, b"y")
    assert os.read(read, 9) == b"xy"
    os.close(read)
    os.close(write)
