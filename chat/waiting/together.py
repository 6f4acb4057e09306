"""Carrying several pending waits out together, in the order in which things come."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, AnyStr, Final, Generic, Literal, TypeAlias, final

from chat.core.dialogues import Arrival
from chat.core.match import Match
from chat.core.patterns import EOF, PatternLike
from chat.core.views import ViewName
from chat.deadlines import due_after
from chat.events import Event, Received
from chat.session import Session
from chat.timing import READABLE, SYSTEM_CLOCK, Clock, deadline_after, seconds_until
from chat.values import Unset
from chat.waiting.pending import PendingExpect

ARRIVALS_KEPT: Final = 65536
"""Changes between the two streams that are remembered, to tell which of two texts that both
came long before anybody waited for either was the first."""

LATE_LOOKS: Final = 16
"""Reads behind the deadline, so that what had come before it counts: what was in the pipes
is less, and who talks without a pause is not read for ever."""

Name: TypeAlias = Literal["out", "err"]


@final
@dataclass(frozen=True, slots=True)
class Heard(Generic[AnyStr]):
    """What was awaited on either of two streams, and has come on one.

    Attributes:
        stream: `"out"` or `"err"`: the one it came on.
        match: What has matched there.
    """

    stream: Name
    match: Match[AnyStr]


@final
class Arrivals:
    """In which order what is kept of two streams came, as the reads saw it."""

    def __init__(self, out: Session[Any], err: Session[Any]) -> None:
        self._seen: Final[deque[tuple[str, int]]] = deque(maxlen=ARRIVALS_KEPT)
        self._ends: Final = {"out": 0, "err": 0}
        for name, session in (("out", out), ("err", err)):
            session.subscribe(partial(self._note, name))

    def _note(self, name: str, event: Event) -> None:
        if isinstance(event, Received) and event.text:
            self._ends[name] += len(event.text)
            if self._seen and self._seen[-1][0] == name:
                self._seen.pop()
            self._seen.append((name, self._ends[name]))

    def rank(self, name: str, place: int) -> int:
        """The number of the arrival that brought a stream's text up to an offset."""
        for number, (each, end) in enumerate(self._seen):
            if each == name and end >= place:
                return number
        return len(self._seen)


@final
class Part(Generic[AnyStr]):
    """One of the streams, and what is awaited there."""

    def __init__(
        self,
        name: Name,
        session: Session[AnyStr],
        common: Sequence[PatternLike],
        own: Sequence[PatternLike],
        quiet: float | Unset,
        view: ViewName | None,
    ) -> None:
        self.name: Final[Name] = name
        self.session: Final[Session[AnyStr]] = session
        self.pending: PendingExpect[AnyStr] | None = None
        if common or own:
            self.pending = session.begin_expect(*common, *own, quiet=quiet, view=view)
        self.awaited: Final = () if self.pending is None else self.pending.awaited
        self.ends_alone: Final = EOF in own
        self.quiet_at: float | None = None

    def listen(self, now: float) -> None:
        """Count the silence from now on."""
        silence = None if self.pending is None else self.pending.silence
        self.quiet_at = deadline_after(now, silence)

    def tell(self, arrival: Arrival, now: float) -> Heard[AnyStr] | None:
        """Say what happened on this stream; what was awaited, if that is it."""
        match = None if self.pending is None else self.pending.tell(arrival)
        self.listen(now)
        return self.heard(match)

    def heard(self, match: Match[AnyStr] | None) -> Heard[AnyStr] | None:
        """The match as one on this stream."""
        return None if match is None else Heard(self.name, match)


@final
class WaitTogether(Generic[AnyStr]):
    """Carries the waits on several streams out together."""

    def __init__(self, parts: list[Part[AnyStr]], arrivals: Arrivals) -> None:
        self._active: list[Part[AnyStr]] = list(parts)
        self._late_looks = 0
        self._arrivals: Final = arrivals
        self._clock: Final[Clock] = SYSTEM_CLOCK

    def carry_out(self, timeout: float | None) -> Heard[AnyStr] | Arrival:
        """Wait; `ENDED` or `EXPIRED` if that is how it ended and nobody awaited it."""
        now = self._clock.now()
        deadline = due_after(timeout, self._clock)
        outcome: Heard[AnyStr] | Arrival | None = self._first_come()
        for part in self._active:
            part.listen(now)
        while outcome is None:
            outcome = self._conclude_ended()
            if outcome is None:
                outcome = self._step(deadline)
        return outcome

    def _first_come(self) -> Heard[AnyStr] | None:
        """What came first of what has come already, and is awaited."""
        places = [
            (self._arrivals.rank(part.name, place), part)
            for part in self._active
            if part.pending is not None and (place := part.pending.place()) is not None
        ]
        if not places:
            return None
        _, part = min(places, key=lambda each: each[0])
        assert part.pending is not None
        return part.heard(part.pending.look())

    def _conclude_ended(self) -> Heard[AnyStr] | Arrival | None:
        """See to streams that have ended: nothing more will be heard of them."""
        for part in tuple(self._active):
            if not part.session.ended:
                continue
            self._active.remove(part)
            if part.pending is not None:
                if part.ends_alone or not self._active:
                    heard = part.tell(Arrival.ENDED, self._clock.now())
                else:
                    heard = part.heard(part.pending.settle())
                if heard is not None:
                    return heard
        return None if any(part.pending for part in self._active) else Arrival.ENDED

    def _step(self, deadline: float | None) -> Heard[AnyStr] | Arrival | None:
        """Wait until something happens on one of them, and see what that brings."""
        moments = [part.quiet_at for part in self._active if part.quiet_at is not None]
        if deadline is not None:
            moments.append(deadline)
        until = seconds_until(min(moments, default=None), self._clock.now())
        wait = self._clock.waiter({part.session.fileno(): READABLE for part in self._active})
        ready = {descriptor for descriptor, _ in wait(until)}
        now = self._clock.now()
        if deadline is not None and now >= deadline:
            self._late_looks += 1
            if not ready or self._late_looks > LATE_LOOKS:
                return self._expire(now)
        return self._hear(ready, now) if ready else self._fall_silent(now)

    def _hear(self, ready: set[int], now: float) -> Heard[AnyStr] | None:
        for part in self._active:
            if part.session.fileno() not in ready:
                continue
            if not part.session.take_in():
                part.listen(now)
            elif (heard := part.tell(Arrival.DATA, now)) is not None:
                return heard
        return None

    def _fall_silent(self, now: float) -> Heard[AnyStr] | None:
        for part in self._active:
            if part.quiet_at is not None and now >= part.quiet_at:
                heard = part.tell(Arrival.SILENCE, now)
                if heard is not None:
                    return heard
        return None

    def _expire(self, now: float) -> Heard[AnyStr] | Arrival:
        for part in self._active:
            heard = part.tell(Arrival.EXPIRED, now)
            if heard is not None:
                return heard
        return Arrival.EXPIRED
