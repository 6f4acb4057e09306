"""Running a program over a stream, from where it stopped the last time.

A seeker looks for one segment, a runner for all of them in turn. What could not be cut into
segments roams: see `chat.core.roamer`.

Some text has to be looked at again, and an allowance keeps the sum linear: what comes earns
it, looking again spends it, and a search that cannot be paid for is *put off* until more has
come. Whoever decides by what was not found then has the last word: `whole=True` looks now.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from chat.core.program import Gap, Program, Segment
from chat.core.stream import Stream

CREDIT: Final = 1 << 20
"""Characters that may be looked at again before anything is earned: a millisecond or so of
work, which no dialogue with a person or a prompt ever uses up."""

EARNED: Final = 8
"""Characters that one that has come allows to look at again."""

FIRST_BLOCK: Final = 256
"""Characters looked at first when going back through a gap: a few lines."""

FIRST_VIEW: Final = 4096
"""Characters looked at first after the origin, where a pattern looks back: a screen."""


class Accepted(NamedTuple):
    """The shortest prefix in which a program matches.

    Attributes:
        stop: The offset at which that prefix ends.
        floor: No match in it starts before this offset.
    """

    stop: int
    floor: int


class Allowance:
    """How much may be looked at again.

    Args:
        position: The offset from which on what comes is counted.
    """

    __slots__ = ("_counted", "_left")

    def __init__(self, position: int) -> None:
        self._counted = position
        self._left = CREDIT

    def spend(self, size: int, end: int) -> bool:
        """Take so many characters from the allowance, if there are so many.

        Args:
            end: The offset up to which the text has come.
        """
        if end > self._counted:
            self._left += EARNED * (end - self._counted)
            self._counted = end
        if size > self._left:
            return False
        self._left -= size
        return True


class Seeker:
    """Looks for the match of a segment that ends first.

    Args:
        segment: What to look for.
        begin: The offset at which matches may start.
        origin: The offset at which the text begins, for what looks back.

    Attributes:
        guarded: Whether the guard has not come, so that nothing else needs looking at.
        floor: After a match: none for this segment starts before this offset.
        put_off: Whether the last search was put off.
    """

    __slots__ = (
        "_allowance", "_begin", "_origin", "_reached", "_resume", "_seen", "floor", "guarded",
        "put_off", "segment",
    )  # fmt: skip

    def __init__(self, segment: Segment, begin: int, origin: int) -> None:
        self.segment: Final = segment
        self.guarded = True
        self.put_off = False
        self.floor = begin
        self._begin = begin
        self._origin = origin
        self._resume = begin  # the guard may start from here on
        self._seen = begin  # and has been sought up to here
        self._reached = (begin, begin)  # a guard, and how far back it reaches
        self._allowance: Final = Allowance(begin)

    def copy(self) -> Seeker:
        """The same standing, to go on from without changing this one."""
        made = Seeker(self.segment, self._begin, self._origin)
        made._resume, made._seen, made.guarded = self._resume, self._seen, self.guarded
        return made

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`."""
        self._origin = begin
        self.enter(begin)

    def enter(self, begin: int) -> None:
        """Take no match that starts before `begin`."""
        self._begin = max(self._begin, begin)
        self.skip(begin)

    def skip(self, position: int) -> None:
        """Take it from the caller that the guard does not start before `position`."""
        if position > self._resume:
            self._resume = position
            self._seen = max(self._seen, position)

    def seek(
        self, stream: Stream[Any], limit: int, *, whole: bool, ended: bool
    ) -> tuple[int, int] | None:
        """Look on, up to `limit`.

        Returns:
            The start of the match, and the end of the shortest prefix it is in.
        """
        segment = self.segment
        needle = segment.needles[segment.guard]
        pattern = needle.plain if ended else needle.strict
        self.put_off = False
        if ended or not self.guarded:
            self._seen = self._resume
        while self._seen < limit:
            text, base = view(stream, self._resume - needle.behind, self._seen, self._origin)
            stop = min(limit - base, len(text))
            match = pattern.search(text, self._resume - base, stop)
            if match is None:
                self._seen = base + stop
                self._resume = max(self._resume, self._seen - needle.width + 1)
                continue
            self.guarded = False
            if len(segment.needles) > 1:
                self._resume = base + match.start()
                return self._seek_whole(stream, limit, whole=whole, ended=ended)
            if needle.fixed or (ended and needle.ahead):
                start, stop = match.span()
            else:
                start, stop = shortest(pattern, text, match, stop)
            self.floor = max(self._begin, base + start - needle.width)
            return base + start, base + stop
        self.guarded = True
        return None

    def _seek_whole(
        self, stream: Stream[Any], limit: int, *, whole: bool, ended: bool
    ) -> tuple[int, int] | None:
        """Look for the whole segment around its guard, which is where to resume."""
        guard = self._resume
        if self._reached[0] != guard:
            self._reached = (guard, self._reach_back(stream, guard))
        floor = max(self._begin, self._reached[1])
        paid = self._allowance.spend(2 * (limit - floor), limit)
        if not (paid or whole or ended):
            self.put_off = True
            return None
        base = max(self._origin, floor - self.segment.behind)
        text = stream.slice(base, limit)
        pattern = self.segment.plain if ended else self.segment.strict
        match = pattern.search(text, floor - base)
        if match is None:
            self._resume = max(guard, self._still_open(stream, limit))
            return None
        self.floor = floor
        if ended and self.segment.length is not None:
            start, stop = match.span()
        else:
            start, stop = shortest(pattern, text, match, len(text))
        return base + start, base + stop

    def _reach_back(self, stream: Stream[Any], guard: int) -> int:
        """No match with its guard at this offset or later starts before the result."""
        segment, position = self.segment, guard
        for index in range(segment.guard, 0, -1):
            position = run_start(stream, segment.gaps[index - 1], position, self._begin)
            position -= segment.needles[index - 1].width
        return max(self._begin, position)

    def _still_open(self, stream: Stream[Any], limit: int) -> int:
        """A guard before the result belongs to no match that is still to come."""
        segment, position = self.segment, limit
        for index in range(len(segment.needles) - 1, segment.guard, -1):
            position = max(self._begin, position - segment.needles[index].width)
            position = run_start(stream, segment.gaps[index - 1], position, self._begin)
        # As the last one, the guard is complete, and so would its match have been.
        is_last = segment.guard == len(segment.needles) - 1
        return position - segment.needles[segment.guard].width + is_last


def view(stream: Stream[Any], begin: int, position: int, origin: int) -> tuple[Any, int]:
    """The window that holds `position` and reaches back to `begin`, but not beyond `origin`.

    What a pattern looks back at must not be there before the origin, where a reader's text
    begins; so there it is cut, and because cutting copies, it is cut short.
    """
    text, base = stream.window(max(origin, begin), position)
    if begin < origin and base < origin:
        return text[origin - base : position - base + FIRST_VIEW], origin
    return text, base


def run_start(stream: Stream[Any], gap: Gap, position: int, begin: int) -> int:
    """How far left of `position`, and not beyond `begin`, the runs of a gap can reach."""
    if not gap.outside:
        return begin
    for finder in reversed(gap.outside):
        block = FIRST_BLOCK
        while position > begin:
            start = max(begin, position - block)
            ends = [each.end() for each in finder.finditer(stream.slice(start, position))]
            if ends:
                position = start + ends[-1]
                break
            position, block = start, block * 2
    return position


class Runner:
    """Where one program stands in one stream.

    Args:
        program: What to run.
        begin: The offset at which matches may start.
    """

    __slots__ = ("_begin", "_floor", "_seeker", "_seekers", "_stage", "program")

    def __init__(self, program: Program, begin: int) -> None:
        self.program: Final = program
        self._begin = begin
        self._stage = 0
        self._floor = begin
        self._seeker = Seeker(program.segments[0], begin, begin)
        self._seekers = [self._seeker]  # of each segment that has been sought

    @property
    def is_fresh(self) -> bool:
        """Whether nothing of it has come that a sweep would find."""
        return self._stage == 0 and self._seeker.guarded

    @property
    def put_off(self) -> bool:
        """Whether not all that has come was looked at."""
        return self._seeker.put_off

    def copy(self) -> Runner:
        """The same standing, to go on from without changing this one."""
        made = Runner(self.program, self._begin)
        made._stage, made._floor = self._stage, self._floor
        made._seekers = [each.copy() for each in self._seekers]
        made._seeker = made._seekers[self._stage]
        return made

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`.

        If the first segment began there, it is sought again. What was not found behind it
        is not there for a later one either, so those seekers stay where they are.
        """
        self._begin = begin
        for seeker in self._seekers:
            seeker.cut(begin)
        if self._stage and self._floor < begin:
            self._stage, self._seeker = 0, self._seekers[0]

    def skip(self, position: int) -> None:
        """Take it from the caller that the first guard does not start before `position`."""
        if self.is_fresh:
            self._seeker.skip(position)

    def scan(
        self, stream: Stream[Any], limit: int, *, whole: bool = False, ended: bool = False
    ) -> Accepted | None:
        """Look on, up to `limit`, for the shortest prefix with a match.

        Args:
            whole: Put nothing off.
            ended: The text will not go on after `limit`. Put nothing off.
        """
        segments = self.program.segments
        while True:
            found = self._seeker.seek(stream, limit, whole=whole, ended=ended)
            if found is None:
                return None
            start, stop = found
            if self._stage == 0:
                self._floor = self._seeker.floor
            if self._stage + 1 == len(segments):
                return Accepted(stop, self._start_floor(stream))
            length = segments[self._stage].length
            begin = stop if length is None else start + length
            self._advance(begin)

    def _advance(self, begin: int) -> None:
        self._stage += 1
        if self._stage == len(self._seekers):
            segment = self.program.segments[self._stage]
            self._seekers.append(Seeker(segment, begin, self._begin))
        self._seeker = self._seekers[self._stage]
        self._seeker.enter(begin)

    def _start_floor(self, stream: Stream[Any]) -> int:
        leading = self.program.leading
        if leading is None:
            return self._floor
        return run_start(stream, leading, self._floor, self._begin)


def shortest(
    pattern: re.Pattern[Any], text: Any, match: re.Match[Any], stop: int
) -> tuple[int, int]:
    """The shortest prefix of the text in which the pattern matches.

    Args:
        match: A match in the whole of it; the leftmost, so none starts before it.
        stop: Where the text ends for this purpose.

    Returns:
        The start of the match and the length of the prefix.
    """
    begin = match.start()
    low, high = begin - 1, match.end()  # no match in `low`; perhaps not yet in `high`
    found = pattern.search(text, begin, high)
    while found is None:  # look-ahead: the prefix is longer than the match
        low, high = high, min(stop, 2 * high - begin + 1)
        found = pattern.search(text, begin, high)
    start = found.start()
    while high - low > 1:
        middle = (low + high) // 2
        found = pattern.search(text, begin, middle)
        if found is None:
            low = middle
        else:
            high, start = middle, found.start()
    return start, high
