"""Who does which option: the Q method of RFC 1143.

Each side keeps, for each option, whether it is done, and what it has asked for and got no
answer to. What is not known to change anything is not answered, so that two sides which keep
to this cannot go on for ever. With one that does not, `TURNS` is the end of it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, NamedTuple, final

from chat.transports.telnet.codes import Verb

TURNS: Final = 64
"""Answers about an option without any text between them. A server that hides passwords
changes ECHO twice for each; one that changes its mind so often is in a loop."""


class State(enum.Enum):
    """How it stands with an option on one side. RFC 1143 keeps the last word in a queue."""

    NO = "it is not done"
    YES = "it is done"
    WANT_NO = "it was asked to be ended; no answer yet"
    WANT_NO_THEN_YES = "the same, but it is wanted again by now"
    WANT_YES = "it was asked for; no answer yet"
    WANT_YES_THEN_NO = "the same, but it is not wanted any more"


class Event(enum.Enum):
    """What happens to an option."""

    AGREED = "the other side asks for it or agrees to it, and that is fine"
    UNWANTED = "the same, and this side does not want it"
    REFUSED = "the other side ends or refuses it"
    ENABLE = "this side wants it"
    DISABLE = "this side wants it no more"


class Step(NamedTuple):
    """What follows from an event.

    Attributes:
        state: How it stands then.
        say: What to say: yes, no, or nothing.
    """

    state: State
    say: bool | None = None


_NO, _YES = State.NO, State.YES
_WANT_NO, _WANT_NO_THEN_YES = State.WANT_NO, State.WANT_NO_THEN_YES
_WANT_YES, _WANT_YES_THEN_NO = State.WANT_YES, State.WANT_YES_THEN_NO

# Yes to a request to end it is an answer that must not be; it is taken for a no, as RFC 1143
# has it. Once an option is under way, that it is agreed to is no new question.
_POSITIVE: Final = {
    _YES: Step(_YES),
    _WANT_NO: Step(_NO),
    _WANT_NO_THEN_YES: Step(_YES),
    _WANT_YES: Step(_YES),
    _WANT_YES_THEN_NO: Step(_WANT_NO, say=False),
}

STEPS: Final[Mapping[Event, Mapping[State, Step]]] = {
    Event.AGREED: {_NO: Step(_YES, say=True), **_POSITIVE},
    Event.UNWANTED: {_NO: Step(_NO, say=False), **_POSITIVE},
    Event.REFUSED: {
        _NO: Step(_NO),
        _YES: Step(_NO, say=False),
        _WANT_NO: Step(_NO),
        _WANT_NO_THEN_YES: Step(_WANT_YES, say=True),
        _WANT_YES: Step(_NO),
        _WANT_YES_THEN_NO: Step(_NO),
    },
    Event.ENABLE: {
        _NO: Step(_WANT_YES, say=True),
        _YES: Step(_YES),
        _WANT_NO: Step(_WANT_NO_THEN_YES),
        _WANT_NO_THEN_YES: Step(_WANT_NO_THEN_YES),
        _WANT_YES: Step(_WANT_YES),
        _WANT_YES_THEN_NO: Step(_WANT_YES),
    },
    Event.DISABLE: {
        _NO: Step(_NO),
        _YES: Step(_WANT_NO, say=False),
        _WANT_NO: Step(_WANT_NO),
        _WANT_NO_THEN_YES: Step(_WANT_NO),
        _WANT_YES: Step(_WANT_YES_THEN_NO),
        _WANT_YES_THEN_NO: Step(_WANT_YES_THEN_NO),
    },
}


@final
class Side:
    """The options of one side of the connection: ours, or theirs.

    Args:
        welcome: The options this side may do.
        yes: How this end asks for one, and agrees: WILL about ours, DO about theirs.
        no: How this end ends one, and refuses.
    """

    __slots__ = ("_no", "_states", "_turns", "_welcome", "_yes")

    def __init__(self, welcome: frozenset[int], yes: Verb, no: Verb) -> None:
        self._welcome: Final = welcome
        self._yes: Final = yes
        self._no: Final = no
        self._states: Final[dict[int, State]] = {}  # of those that are not NO
        self._turns: Final[dict[int, int]] = {}

    def __repr__(self) -> str:
        done = sorted(option for option, state in self._states.items() if state is State.YES)
        return f"{{{', '.join(map(str, done))}}}"

    def __contains__(self, option: int) -> bool:
        """Whether the option is done."""
        return self._states.get(option) is State.YES

    def hear(self, option: int, *, positive: bool) -> Verb | None:
        """Take what the other end says about an option; what to answer, if anything."""
        turns = self._turns.get(option, 0)
        wanted = (option in self._welcome or option in self._states) and turns < TURNS
        agreed = Event.AGREED if wanted else Event.UNWANTED
        said = self._take(option, agreed if positive else Event.REFUSED)
        if said is None or turns >= TURNS:
            return None
        self._turns[option] = turns + 1
        return said

    def hear_text(self) -> None:
        """Take notice that there is a conversation, and not just talk about options."""
        self._turns.clear()

    def ask(self, option: int, *, on: bool) -> Verb | None:
        """Want an option done, or done no more; what to say, if anything."""
        return self._take(option, Event.ENABLE if on else Event.DISABLE)

    def _take(self, option: int, event: Event) -> Verb | None:
        state, say = STEPS[event][self._states.get(option, State.NO)]
        if state is State.NO:
            self._states.pop(option, None)
        else:
            self._states[option] = state
        return None if say is None else self._yes if say else self._no
