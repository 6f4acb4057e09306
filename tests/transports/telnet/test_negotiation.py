"""The Q method: every case has its step, and two sides always come to an end and agree."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.transports.telnet.codes import Verb
from chat.transports.telnet.negotiation import STEPS, Event, Side, State

OPTION = 3
POSITIVE = (Verb.WILL, Verb.DO)


def ours(*welcome: int) -> Side:
    return Side(frozenset(welcome), Verb.WILL, Verb.WONT)


def theirs(*welcome: int) -> Side:
    return Side(frozenset(welcome), Verb.DO, Verb.DONT)


def test_every_event_in_every_state_has_a_step():
    assert set(STEPS) == set(Event)
    assert all(set(steps) == set(State) for steps in STEPS.values())


@pytest.mark.parametrize("event", Event)
def test_what_has_come_about_already_is_not_answered(event):
    """The rule of RFC 854 that keeps two sides from acknowledging for ever."""
    settled = {
        Event.AGREED: State.YES,
        Event.UNWANTED: State.YES,
        Event.REFUSED: State.NO,
        Event.ENABLE: State.YES,
        Event.DISABLE: State.NO,
    }
    state = settled[event]
    assert STEPS[event][state] == (state, None)


def test_a_welcome_option_is_agreed_to_once():
    side = ours(OPTION)
    assert side.hear(OPTION, positive=True) is Verb.WILL
    assert OPTION in side
    assert side.hear(OPTION, positive=True) is None


def test_an_unwelcome_option_is_refused():
    side = theirs()
    assert side.hear(OPTION, positive=True) is Verb.DONT
    assert OPTION not in side


def test_an_option_can_be_ended_by_either_side():
    side = theirs(OPTION)
    side.hear(OPTION, positive=True)
    assert side.hear(OPTION, positive=False) is Verb.DONT
    assert OPTION not in side
    side.hear(OPTION, positive=True)
    assert side.ask(OPTION, on=False) is Verb.DONT
    assert OPTION not in side
    assert side.hear(OPTION, positive=False) is None


def test_a_change_of_mind_waits_for_the_answer():
    side = ours()
    assert side.ask(OPTION, on=True) is Verb.WILL
    assert side.ask(OPTION, on=False) is None
    assert side.ask(OPTION, on=True) is None
    assert side.ask(OPTION, on=False) is None
    assert side.hear(OPTION, positive=True) is Verb.WONT
    assert OPTION not in side


def test_what_is_asked_for_may_be_done_though_nobody_may_ask_for_it():
    side = ours()
    assert side.ask(OPTION, on=True) is Verb.WILL
    assert side.hear(OPTION, positive=True) is None
    assert OPTION in side


@given(
    st.lists(st.sampled_from(["doer on", "doer off", "asker on", "asker off", "one", "two"])),
    st.booleans(),
    st.booleans(),
)
def test_two_sides_come_to_an_end_and_agree(steps, doer_likes_it, asker_likes_it):
    doer = ours(*([OPTION] if doer_likes_it else []))
    asker = theirs(*([OPTION] if asker_likes_it else []))
    to_asker: deque[Verb] = deque()
    to_doer: deque[Verb] = deque()

    def deliver(side, inbox, outbox):
        if inbox:
            said = side.hear(OPTION, positive=inbox.popleft() in POSITIVE)
            outbox.extend(() if said is None else (said,))

    for step in steps:
        if step == "one":
            deliver(doer, to_doer, to_asker)
        elif step == "two":
            deliver(asker, to_asker, to_doer)
        else:
            side, outbox = (doer, to_asker) if "doer" in step else (asker, to_doer)
            said = side.ask(OPTION, on=step.endswith("on"))
            outbox.extend(() if said is None else (said,))
    for _ in range(2 * len(steps) + 8):
        deliver(doer, to_doer, to_asker)
        deliver(asker, to_asker, to_doer)
    assert not to_doer and not to_asker, "they go on for ever"
    assert (OPTION in doer) is (OPTION in asker)
    assert not {State.WANT_NO, State.WANT_YES} & {
        *doer._states.values(),
        *asker._states.values(),
    }
