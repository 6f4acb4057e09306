"""A far side that talks without a pause: nobody listens to it for ever."""

from __future__ import annotations

import os

import pytest

import chat
from chat import Session
from chat.transports.descriptor import DescriptorTransport


@pytest.fixture
def ceaseless():
    """A session whose far side always has something more to say, and never listens."""
    _, unread = os.pipe()
    zero = os.open("/dev/zero", os.O_RDONLY)
    transport = DescriptorTransport(zero, unread)
    try:
        with Session(transport, encoding=None, limit=1 << 30) as s:
            yield s
    finally:
        os.close(_)


def test_waiting_ends_at_its_deadline(ceaseless):
    for timeout in (0.02, 0):
        with pytest.raises(chat.ExpectTimeout):
            ceaseless.expect(b"x", timeout=timeout)
    assert ceaseless.expect(b"x", chat.TIMEOUT, timeout=0).index == 1


def test_waiting_without_echo_ends_at_its_deadline(ceaseless):
    with pytest.raises(chat.ExpectTimeout):
        ceaseless.read(timeout=0.02)
    with pytest.raises(chat.WaitTimeout):
        ceaseless.wait(timeout=0.02)


def test_sending_ends_at_its_deadline(ceaseless):
    for timeout in (0.02, 0):
        with pytest.raises(chat.SendTimeout):
            ceaseless.send(b"x" * (1 << 20), timeout=timeout)


def test_looking_ends(ceaseless):
    looked = len(ceaseless.peek())
    assert looked >= 1 << 20
    assert len(ceaseless.read_nowait()) >= looked
