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
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, AnyStr, Final, Generic, NamedTuple, TypeAlias, final

from chat.core.match import NO_NAMES, Match
from chat.core.matcher import Found, Order, stream_order
from chat.core.patterns import (
    EOF,
    INPUT_WAIT,
    TIMEOUT,
    AnyOf,
    Condition,
    Literal,
    Pattern,
    Quiet,
    Textual,
    check_kind,
    flatten,
)
from chat.core.stream import Cursor
from chat.core.views import View
from chat.errors import PatternError
from chat.values import Secret


class Arrival(enum.Enum):
    """How a wait for more ended."""

    DATA = "more has come"
    SILENCE = "nothing came for so long"
    INPUT_WAIT = "the program wants input"
    ENDED = "the other side has closed"
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


Answering: TypeAlias = "str | bytes | Secret | Callable[[Match[Any]], str | bytes | Secret | None]"


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
"""`EXPIRED` or `ENDED`: what ended a wait whose patterns did not include it."""


@final
class Awaited:
    """A list of patterns, made ready to be waited for, again and again.

    Args:
        given: Patterns and iterables of patterns.
        answered: Further patterns, which are answered on the way.
        empty: What the stream is made of.
        order: How to decide between them.

    Raises:
        PatternTypeError: Something is not a pattern, or not for this kind of stream.
        PatternError: There is nothing to wait for.
    """

    __slots__ = (
        "answered", "conditions", "may_be_quiet", "members", "order", "patterns", "quiet",
        "settles",
    )  # fmt: skip

    def __init__(
        self,
        given: Iterable[object],
        empty: str | bytes,
        *,
        answered: Iterable[object] = (),
        order: Callable[[Sequence[Textual], str | bytes], Order] = stream_order,
    ) -> None:
        self.patterns: Final = tuple(flatten(given))
        self.answered: Final = tuple(flatten(answered)) if answered else ()
        if not self.patterns:
            raise PatternError("there is nothing to wait for")
        # Each text with the number and the name of the pattern it belongs to.
        self.members: Final[list[tuple[int, Textual, str | None]]] = []
        self.conditions: Final[dict[Condition, int]] = {}
        self.quiet: Final[list[tuple[float, int]]] = []
        for index, pattern in enumerate(self.patterns + self.answered):
            if isinstance(pattern, Literal) and type(pattern.text) is type(empty):
                self.members.append((index, pattern, pattern.name))  # by far the most
            elif isinstance(pattern, Condition | Quiet):
                self._add_condition(index, pattern)
            else:
                self._add_text(index, pattern, empty)
        self.order: Final = order([text for _, text, _ in self.members], empty)
        self.settles: Final = self.order.may_settle
        self.may_be_quiet: Final = self.settles or bool(self.quiet)

    def _add_text(self, index: int, pattern: Textual | AnyOf, empty: str | bytes) -> None:
        check_kind(pattern, empty)
        if isinstance(pattern, AnyOf):
            self.members += [(index, each, pattern.name or each.name) for each in pattern.members]
        else:
            self.members.append((index, pattern, pattern.name))

    def _add_condition(self, index: int, pattern: Condition | Quiet) -> None:
        if index >= len(self.patterns):
            raise PatternError(f"{pattern} cannot be answered: it is not a prompt")
        if isinstance(pattern, Condition):
            self.conditions.setdefault(pattern, index)
        else:
            self.quiet.append((pattern.seconds, index))
            self.quiet.sort()

    @property
    def descriptions(self) -> list[str]:
        """The patterns in words, for errors."""
        return [str(pattern) for pattern in self.patterns]


# ── making matches ────────────────────────────────────────────────────────────────────────


def matched(awaited: Awaited, view: View[AnyStr], found: Found, dropped: int) -> Match[AnyStr]:
    """The match of a text, which is consumed up to its end."""
    number, (start, end, _, _, match) = found
    index, member, name = awaited.members[number]
    stream = view.stream
    groups: tuple[AnyStr | None, ...] = ()
    named: Mapping[str, AnyStr | None] = NO_NAMES
    if match is not None and match.re.groups:
        groups = match.groups()
        if match.re.groupindex:
            named = MappingProxyType(match.groupdict())
    text, before = stream.slice(start, end), stream.slice(view.position, start)
    begin, stop = view.offsets(start, end)
    view.consume(end)
    return Match(index, member, text, before, begin, stop, groups, named, dropped, name)


def fulfilled(
    index: int, pattern: Condition | Quiet, view: View[AnyStr], dropped: int
) -> Match[AnyStr]:
    """The match of a condition, which consumes all that has come; TIMEOUT nothing."""
    stream = view.stream
    _, end = view.offsets(stream.end, stream.end)
    made = Match(
        index,
        pattern,
        stream.empty,
        stream.slice(view.position, stream.end),
        end,
        end,
        dropped=dropped,
        name=pattern.name,
    )
    if pattern is not TIMEOUT:
        view.consume(stream.end)
    return made


# ── dialogues ─────────────────────────────────────────────────────────────────────────────


@final
@dataclass(slots=True)
class Listening(Generic[AnyStr]):
    """What one reader waits for: the awaited patterns on a view of the stream."""

    view: View[AnyStr]
    awaited: Awaited
    cursor: Cursor

    def begin(self) -> None:
        """Start a wait. If nothing was consumed since the last one, its search goes on."""
        self.view.refresh()
        order, position = self.awaited.order, self.view.position
        if order.begin != position:
            order.reset(position)

    def scan(self) -> Match[AnyStr] | None:
        """The match that what has come decides."""
        self._refresh()
        order, view = self.awaited.order, self.view
        if view.stream.end - order.begin < order.least:
            return None
        found = order.scan(view.stream)
        if found is None:
            return None
        return matched(self.awaited, self.view, found, self._dropped())

    def settle(self) -> Match[AnyStr] | None:
        """The match if what has come is all there is."""
        self._refresh()
        found = self.awaited.order.settle(self.view.stream)
        if found is None:
            return None
        return matched(self.awaited, self.view, found, self._dropped())

    def _refresh(self) -> None:
        self.view.refresh()
        order, position = self.awaited.order, self.view.position
        if order.begin < position:  # the limit was reached, and the oldest dropped
            order.cut(position)

    def _dropped(self) -> int:
        """How much was dropped unread before the reader's place, which is told once."""
        count, self.cursor.dropped = self.cursor.dropped, 0
        return count

    def condition(self, which: Condition) -> Match[AnyStr] | None:
        """The match of a condition that has come about, if it was awaited."""
        index = self.awaited.conditions.get(which)
        if index is None:
            return None
        return fulfilled(index, which, self.view, self._dropped())

    def silence(self, passed: float) -> Match[AnyStr] | None:
        """The match of the first `Quiet` that so many seconds of silence satisfy."""
        for seconds, index in self.awaited.quiet:
            if passed >= seconds:
                pattern = self.awaited.patterns[index]
                assert isinstance(pattern, Quiet)
                return fulfilled(index, pattern, self.view, self._dropped())
        return None


Waiting: TypeAlias = "Generator[Request[AnyStr], Arrival, Match[AnyStr] | Unmet]"


def wait_for(
    listening: Listening[AnyStr], *, deadline: float | None, quiet: float
) -> Generator[Request[AnyStr], Arrival, Match[AnyStr] | Unmet]:
    """Wait until one of the awaited patterns has come; `listening.scan()` found none.

    Args:
        deadline: When to give up, on the monotonic clock; `None`: never.
        quiet: Seconds of silence after which what has come counts as all there is.

    Returns:
        The match; or `ENDED` or `EXPIRED` if that is how it ended and nobody awaited it.
    """
    awaited = listening.awaited
    steps = _silences(awaited, quiet) if awaited.may_be_quiet else ()
    wants_input = INPUT_WAIT in awaited.conditions
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


def _silences(awaited: Awaited, quiet: float) -> list[float]:
    """The lengths of silence that mean something, in order."""
    lengths = {seconds for seconds, _ in awaited.quiet}
    if awaited.settles:
        lengths.add(quiet)
    return sorted(lengths)


_CONDITIONS: Final = {
    Arrival.ENDED: EOF,
    Arrival.EXPIRED: TIMEOUT,
    Arrival.INPUT_WAIT: INPUT_WAIT,
}


def _conclude(listening: Listening[AnyStr], arrival: Arrival) -> Match[AnyStr] | Unmet:
    """Decide at the end of a wait: first the text that has come, then the condition."""
    match = listening.settle()
    if match is None:
        match = listening.condition(_CONDITIONS[arrival])
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
    newlines: Any = b"\r\n" if isinstance(came, bytes) else "\r\n"
    text: Any = came
    asked: Any = question.rstrip(newlines)
    if asked and text.startswith(asked):
        rest = text[len(asked) :]
        if rest.startswith((newlines, newlines[1:], newlines[:1])):
            text = rest.lstrip(newlines[:1]).removeprefix(newlines[1:])
    for end in (newlines, newlines[1:], newlines[:1]):
        if text.endswith(end):
            return text[: -len(end)]  # type: ignore[no-any-return]  # AnyStr, by Any above
    return text  # type: ignore[no-any-return]
