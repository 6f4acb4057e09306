"""Waits that others carry on: begun, told what happens, and ended."""

from __future__ import annotations

import pytest

import chat
from chat.core.dialogues import Arrival
from chat.events import Event, Matched
from chat.testing import MemoryPeer


@pytest.fixture
def peer():
    return MemoryPeer()


@pytest.fixture
def session(peer):
    with peer.session() as made:
        yield made


def test_what_comes_is_told_and_matches(peer, session):
    pending = session.begin_expect("word")
    assert pending.awaited == ("'word'",)
    assert pending.look() is None
    assert not session.take_in()
    peer.say("a wo")
    assert session.take_in()
    assert pending.tell(Arrival.DATA) is None
    peer.say("rd!")
    session.take_in()
    match = pending.tell(Arrival.DATA)
    assert (match.before, match.text) == ("a ", "word")
    assert session.peek() == "!"


def test_a_place_is_known_before_anything_is_consumed(peer, session):
    peer.say("\x1b[1mone\x1b[0m two")
    pending = session.begin_expect("one", view="text")
    assert pending.place() is None
    session.take_in()
    assert pending.place() == pending.place() == len("\x1b[1mone")
    assert session.peek().endswith("two")
    assert pending.look().text == "one"


def test_silence_decides_what_could_still_grow(peer, session):
    pending = session.begin_expect(chat.regex(r"\d+"), quiet=0.5)
    assert pending.silence == 0.5
    peer.say("12")
    session.take_in()
    assert pending.tell(Arrival.DATA) is None
    assert pending.tell(Arrival.SILENCE).text == "12"
    assert session.begin_expect("x").silence is None


def test_what_has_come_can_be_taken_as_all_there_is(peer, session):
    pending = session.begin_expect(chat.regex(r"\d+"))
    peer.say("12")
    session.take_in()
    assert pending.look() is None
    assert pending.settle().text == "12"


@pytest.mark.parametrize(
    ("arrival", "condition"), [(Arrival.ENDED, chat.EOF), (Arrival.EXPIRED, chat.TIMEOUT)]
)
def test_the_end_of_a_wait_is_a_match_only_if_it_was_awaited(session, arrival, condition):
    assert session.begin_expect("x").tell(arrival) is None
    assert session.begin_expect("x", condition).tell(arrival).pattern is condition


def test_listeners_are_told_of_the_match(peer, session):
    events: list[Event] = []
    session.subscribe(events.append)
    peer.say("x")
    session.take_in()
    match = session.begin_expect("x").look()
    assert events[-1] == Matched(match)


def test_taking_in_ends_with_the_end_and_with_the_limit(peer):
    with peer.session(limit=10) as s:
        peer.say("x" * 20)
        assert s.take_in()
        with pytest.raises(chat.StreamOverflow):
            s.take_in()
        assert s.read(20) == "x" * 20
        peer.say(chat.EOF)
        assert s.take_in()
        assert s.ended
        assert not s.take_in()
        assert s.state == "the other side has closed"
    with pytest.raises(chat.SessionClosed):
        s.take_in()
