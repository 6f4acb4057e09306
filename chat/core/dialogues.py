"""Dialogues: what to wait for and what to send, as generators that do no I/O.

A dialogue yields a request and is sent the outcome. A driver carries requests out by
blocking; another can do it by awaiting. The dialogue is written once.

    request                 what the driver does                           outcome
    ───────────────────────────────────────────────────────────────────────────────────
    Receive(…)              feeds what comes to the stream, or waits        an Arrival
    Inspect()               looks at what the program's processes have      anything that is
                            done so far                                     equal if nothing
    Answer(match, answer)   sends an answer, or calls the caller's          None
    Transmit(text)          sends a line                                    None
"""

from __future__ import annotations

import enum
import math
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
    IDLE = "the other side was silent for longer than was allowed"
    STALLED = "and its processes did nothing either"


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


class Inspect(NamedTuple):
    """Look at what the program's processes have done so far."""


class Limits(NamedTuple):
    """What ends a wait that nothing else ends.

    Attributes:
        deadline: When to give up, on the monotonic clock; `None`: never.
        idle: Seconds of silence after which to give up.
        stall: Seconds of silence in which the program's processes do nothing either.
    """

    deadline: float | None = None
    idle: float | None = None
    stall: float | None = None


STALL_BEGINS: Final = 0.1
"""The part of `stall` that must pass in silence before the processes are looked at: most
silences are short, and a look costs reading a few files of each process."""

Request: TypeAlias = "Receive | Inspect | Answer[AnyStr] | Transmit[AnyStr]"
Unmet: TypeAlias = Arrival
"""`ENDED`, `FAILED`, `EXPIRED`, `IDLE` or `STALLED`: how a wait ended that did not await it."""

Waiting: TypeAlias = "Generator[Request[AnyStr], Any, Match[AnyStr] | Unmet]"


class _Silences:
    """The lengths of silence that mean something, from the last arrival on.

    Args:
        lengths: Those that decide about patterns, in seconds, in order.
        limits: Those that end the wait.
    """

    def __init__(self, lengths: Sequence[float], limits: Limits) -> None:
        self._limits: Final = limits
        idle = () if limits.idle is None else (limits.idle,)
        self._lengths: Final = sorted({*lengths, *idle})
        self.begin()

    def begin(self) -> None:
        """Something has come."""
        stall = self._limits.stall
        self._passed, self._step = 0.0, 0
        self._look_at = math.inf if stall is None else stall * STALL_BEGINS
        self._done: object = None

    def _next(self) -> float:
        more = self._step < len(self._lengths)
        return min(self._lengths[self._step] if more else math.inf, self._look_at)

    def ahead(self) -> float | None:
        """Seconds until the next one; `None`: there is none."""
        following = self._next()
        return None if following == math.inf else following - self._passed

    def pass_on(self) -> float:
        """The silence has reached the next one: how long it is, in seconds."""
        self._passed = self._next()
        if self._step < len(self._lengths) and self._lengths[self._step] <= self._passed:
            self._step += 1
        return self._passed

    def are_too_long(self) -> bool:
        """Whether the other side was silent for longer than is allowed."""
        return self._limits.idle is not None and self._passed >= self._limits.idle

    def may_be_a_stall(self) -> bool:
        """Whether to look at what the processes have done."""
        return self._passed >= self._look_at

    def are_a_stall(self, done: object) -> bool:
        """Whether they have done nothing since the last look, a whole `stall` ago."""
        if self._done is not None and done == self._done:
            return True
        self._done, self._look_at = done, self._passed + (self._limits.stall or 0.0)
        return False


def wait_for(
    listening: Listening[AnyStr], limits: Limits, quiet: float
) -> Generator[Request[AnyStr], Any, Match[AnyStr] | Unmet]:
    """Wait until one of the awaited patterns has come; `listening.scan()` found none.

    Args:
        limits: What ends the wait.
        quiet: Seconds of silence after which what has come counts as all there is.

    Returns:
        The match; or how it ended, if nobody awaited that.
    """
    silences = _Silences(listening.silences(quiet), limits)
    wants_input = INPUT_WAIT in listening.awaited.conditions
    while True:
        arrival = yield Receive(limits.deadline, silences.ahead(), wants_input)
        if arrival is Arrival.DATA:
            silences.begin()
            match = listening.scan()
        elif arrival is Arrival.SILENCE:
            passed = silences.pass_on()
            match = listening.settle() if passed >= quiet else None
            match = match or listening.silence(passed)
        else:
            return _conclude(listening, arrival)
        if match is not None:
            return match
        if silences.are_too_long():
            return _conclude(listening, Arrival.IDLE)
        if silences.may_be_a_stall() and silences.are_a_stall((yield Inspect())):
            return _conclude(listening, Arrival.STALLED)


_CONDITIONS: Final = {
    Arrival.ENDED: EOF,
    Arrival.EXPIRED: TIMEOUT,
    Arrival.IDLE: TIMEOUT,
    Arrival.STALLED: TIMEOUT,
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
    limits: Limits,
    quiet: float,
) -> Generator[Request[AnyStr], Any, Match[AnyStr] | Unmet]:
    """Wait as `wait_for` does, answering prompts on the way.

    Args:
        answers: What to answer to each of the awaited's `answered` patterns.
    """
    known = len(listening.awaited.patterns)
    while True:
        outcome: Match[AnyStr] | Unmet | None = listening.scan()
        if outcome is None:
            outcome = yield from wait_for(listening, limits, quiet)
        if isinstance(outcome, Arrival) or outcome.index < known:
            return outcome
        yield Answer(outcome, answers[outcome.index - known], limits.deadline)
        listening.awaited.order.reset(listening.view.position)


def ask(
    listening: Listening[AnyStr],
    question: AnyStr,
    answers: Sequence[Answering] = (),
    *,
    limits: Limits,
    quiet: float,
) -> Generator[Request[AnyStr], Any, Match[AnyStr] | Unmet]:
    """Send a line and wait for what follows the answer; see `answer_text`."""
    yield Transmit(question, limits.deadline)
    listening.awaited.order.reset(listening.view.position)
    return (yield from expect(listening, answers, limits=limits, quiet=quiet))


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
