"""Dialogues: what to wait for and what to send, as generators that do no I/O.

A dialogue yields a request and is sent the outcome. A driver carries requests out by
blocking; another can do it by awaiting. The dialogue is written once.

    request                 what the driver does                           outcome
    ───────────────────────────────────────────────────────────────────────────────────
    Receive(…)              feeds what comes to the stream, or waits        an Arrival
    Answer(match, answer)   sends an answer, or calls the caller's          None
    Transmit(text)          sends a line                                    None
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, AnyStr, Final, Generic, NamedTuple, TypeAlias, cast, final

from chat.core.listening import Listening
from chat.core.match import Match
from chat.core.patterns import EOF, INPUT_WAIT, TIMEOUT
from chat.values import Secret


class Arrival(enum.Enum):
    """How a wait for more ended."""

    DATA = "more has come"
    SILENCE = "nothing came for so long"
    INPUT_WAIT = "the program wants input"
    ENDED = "the other side has closed"
    FAILED = "the connection failed"
    EXPIRED = "the deadline has passed"


class Receive(NamedTuple):
    """Wait until more has come, and feed it to the stream.

    Attributes:
        deadline: When to give up, on the monotonic clock; `None`: never.
        silence: Seconds without anything coming that end the wait; `None`: no matter.
        input_wait: Also end when the program in the foreground wants input.
    """

    deadline: float | None = None
    silence: float | None = None
    input_wait: bool = False


Answering: TypeAlias = (
    "str | bytes | Secret | Callable[[Match[Any]], str | bytes | Secret | None]"
)


@final
@dataclass(frozen=True, slots=True)
class Answer(Generic[AnyStr]):
    """Answer a prompt: send a line or a secret, or call what says what to send."""

    match: Match[AnyStr]
    answer: Answering
    deadline: float | None


@final
@dataclass(frozen=True, slots=True)
class Transmit(Generic[AnyStr]):
    """Send a line."""

    line: AnyStr
    deadline: float | None


Request: TypeAlias = "Receive | Answer[AnyStr] | Transmit[AnyStr]"
Unmet: TypeAlias = Arrival
"""`EXPIRED`, `ENDED` or `FAILED`: what ended a wait whose patterns did not include it."""


Waiting: TypeAlias = "Generator[Request[AnyStr], Arrival, Match[AnyStr] | Unmet]"


def wait_for(
    listening: Listening[AnyStr], *, deadline: float | None, quiet: float
) -> Generator[Request[AnyStr], Arrival, Match[AnyStr] | Unmet]:
    """Wait until one of the awaited patterns has come; `listening.scan()` found none.

    Args:
        deadline: When to give up, on the monotonic clock; `None`: never.
        quiet: Seconds of silence after which what has come counts as all there is.

    Returns:
        The match; or `ENDED`, `FAILED` or `EXPIRED` if that is how it ended and nobody
        awaited it.
    """
    steps = listening.silences(quiet)
    wants_input = INPUT_WAIT in listening.awaited.conditions
    passed, step = 0.0, 0
    while True:
        silence = steps[step] - passed if step < len(steps) else None
        arrival = yield Receive(deadline, silence, wants_input)
        if arrival is Arrival.DATA:
            match = listening.scan()
            passed, step = 0.0, 0
        elif arrival is Arrival.SILENCE:
            passed, step = steps[step], step + 1
            match = listening.settle() if passed >= quiet else None
            match = match or listening.silence(passed)
        else:
            return _conclude(listening, arrival)
        if match is not None:
            return match


_CONDITIONS: Final = {
    Arrival.ENDED: EOF,
    Arrival.EXPIRED: TIMEOUT,
    Arrival.INPUT_WAIT: INPUT_WAIT,
}


def _conclude(listening: Listening[AnyStr], arrival: Arrival) -> Match[AnyStr] | Unmet:
    """Decide at the end of a wait: first the text that has come, then the condition."""
    match = listening.settle()
    condition = _CONDITIONS.get(arrival)  # a failure is none: it is not an end
    if match is None and condition is not None:
        match = listening.condition(condition)
    return arrival if match is None else match


def expect(
    listening: Listening[AnyStr],
    answers: Sequence[Answering],
    *,
    deadline: float | None,
    quiet: float,
) -> Generator[Request[AnyStr], Arrival, Match[AnyStr] | Unmet]:
    """Wait as `wait_for` does, answering prompts on the way.

    Args:
        answers: What to answer to each of the awaited's `answered` patterns.
    """
    known = len(listening.awaited.patterns)
    while True:
        outcome: Match[AnyStr] | Unmet | None = listening.scan()
        if outcome is None:
            outcome = yield from wait_for(listening, deadline=deadline, quiet=quiet)
        if isinstance(outcome, Arrival) or outcome.index < known:
            return outcome
        yield Answer(outcome, answers[outcome.index - known], deadline)
        listening.awaited.order.reset(listening.view.position)


def ask(
    listening: Listening[AnyStr],
    question: AnyStr,
    answers: Sequence[Answering] = (),
    *,
    deadline: float | None,
    quiet: float,
) -> Generator[Request[AnyStr], Arrival, Match[AnyStr] | Unmet]:
    """Send a line and wait for what follows the answer; see `answer_text`."""
    yield Transmit(question, deadline)
    listening.awaited.order.reset(listening.view.position)
    return (yield from expect(listening, answers, deadline=deadline, quiet=quiet))


def answer_text(came: AnyStr, question: AnyStr) -> AnyStr:
    """The answer in what came after a question: without its echo and the last line's end."""
    text, asked = came, question
    for end in _line_ends(came):
        asked = asked.removesuffix(end)
    if asked and text.startswith(asked):
        rest = text[len(asked) :]
        echo_end = next((end for end in _line_ends(came) if rest.startswith(end)), None)
        if echo_end is not None:
            text = rest[len(echo_end) :]
    last_end = next((end for end in _line_ends(came) if text.endswith(end)), None)
    return text if last_end is None else text[: -len(last_end)]


_LINE_ENDS: Final[Mapping[type, Any]] = {
    str: ("\r\n", "\n", "\r"),
    bytes: (b"\r\n", b"\n", b"\r"),
}


def _line_ends(like: AnyStr) -> tuple[AnyStr, ...]:
    """What may end a line, the longest first."""
    return cast("tuple[AnyStr, ...]", _LINE_ENDS[type(like)])
