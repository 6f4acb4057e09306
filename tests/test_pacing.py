"""Sending at a pace: by deadlines, under a timeout, and hearing what is said."""

from __future__ import annotations

import pytest

import chat
from chat.pacing import as_pace
from chat.testing import MemoryPeer


@pytest.mark.parametrize(
    ("pace", "data", "pieces"),
    [
        (chat.Pace(1), b"ab", [(1, 1), (2, 1)]),
        (chat.Pace(1, line=5), b"a\rb", [(1, 1), (2, 5), (3, 1)]),
        (chat.Pace(line=5), b"one\ntwo\nx", [(4, 5), (8, 5), (9, 0)]),
        (chat.Pace(line=5), b"one\r\ntwo", [(5, 5), (8, 0)]),
        (chat.Pace(2, line=1), b"\n", [(1, 2)]),
        (chat.Pace(), b"abc", [(3, 0)]),
        (chat.Pace(1), b"", []),
    ],
)
def test_what_may_go_at_once(pace, data, pieces):
    assert list(pace.pieces(data)) == pieces


@pytest.mark.parametrize(("wrong", "error"), [(-1, ValueError), ("1", TypeError)])
def test_what_is_no_pace_is_refused(wrong, error):
    with pytest.raises(error, match="pace"):
        chat.Pace(wrong)
    with pytest.raises(error, match="pace"):
        as_pace(wrong)


def test_no_seconds_at_all_is_no_pace():
    assert as_pace(None) is None
    with pytest.raises(TypeError, match="not None"):
        chat.Pace(None)


@pytest.fixture
def peer():
    return MemoryPeer([])


def test_the_time_between_bytes_passes(peer):
    with peer.session(pace=0.5, timeout=60) as s:
        began = peer.clock.now()
        s.send("abcd")
        assert peer.clock.now() - began == pytest.approx(1.5)
        s.send("e")  # the pause behind the last byte counts, too
        assert peer.clock.now() - began == pytest.approx(2.0)


def test_time_that_has_passed_is_not_waited_for_again(peer):
    with peer.session(pace=0.5, timeout=60) as s:
        s.send("a")
        with pytest.raises(chat.ExpectTimeout):
            s.expect("nothing", timeout=10)
        began = peer.clock.now()
        s.send("b")
        assert peer.clock.now() == began


def test_a_timeout_says_how_much_went(peer):
    with peer.session(pace=1, timeout=2.5) as s:
        with pytest.raises(chat.SendTimeout, match=r"sent 3 of 10 bytes in 2\.5 s") as caught:
            s.send("0123456789")
        assert (caught.value.sent, caught.value.total) == (3, 10)


def test_what_comes_during_the_pauses_is_kept():
    peer = MemoryPeer([1.0, "one ", 1.0, "two"])
    with peer.session(pace=chat.Pace(line=3), timeout=60) as s:
        s.sendline("a")
        s.sendline("b")
        assert s.peek() == "one two"


def test_a_secret_is_paced_too(peer):
    with peer.session(pace=0.5, timeout=60) as s:
        began = peer.clock.now()
        s.send_secret("ab")
        assert peer.clock.now() - began == pytest.approx(1.0)
