"""Waiting for patterns: pexpect's rules, `chat`'s search.

What pexpect promises is decided at each read, on what has come by then: the match that starts
first wins, at the same place the pattern listed first. A search window is obeyed to the
letter: what lies before it is kept, but not looked at.

What differs is the cost. No text is searched twice where that can be known (see
`chat.core.policies`). Where it cannot, because an unbounded pattern may have begun long ago,
a search that took a while waits as long for more before it is done again. So all searches
together take no longer than the waiting, and each says what pexpect would say if the same
text had come in larger pieces.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from time import monotonic
from typing import Any, Final, NamedTuple

import pexpect.expect
from pexpect.exceptions import EOF, TIMEOUT
from pexpect.expect import searcher_re, searcher_string

from chat.compat.pexpect.unread import Sought
from chat.transports import READ_SIZE

__all__ = ["Expecter", "searcher_re", "searcher_string"]

USUAL_READ: Final = 2000
"""pexpect's own `maxread`. Whoever leaves it so has no wish, and of a flood more is read."""

LONG_SEARCH: Final = 0.001
"""Seconds of a search that is worth waiting as long for more before it is repeated."""


class Default(float):
    """A length of time as pexpect has it, which no script has set.

    Where pexpect sleeps for it in hope of something, that is waited for instead. A script's
    own number is a plain one, and is slept.
    """


class Sight(NamedTuple):
    """What was found.

    Attributes:
        start: The offset of its first character.
        end: The offset behind its last one.
        place: Its pattern's place in the caller's list.
        match: What `child.match` becomes.
        ahead: How far the pattern looks beyond it; `None`: `match` is as it must be.
    """

    start: int
    end: int
    place: int
    match: Any
    ahead: int | None


class Expecter(pexpect.expect.Expecter):  # type: ignore[misc]  # untyped: a base of type Any
    """Waits for what a searcher looks for.

    Args:
        spawn: The child.
        searcher: pexpect's `searcher_re` or `searcher_string`, or another of that kind.
        searchwindowsize: As in pexpect; -1: the child's own.
    """

    def __init__(self, spawn: Any, searcher: Any, searchwindowsize: int | None = -1) -> None:
        self.spawn = spawn
        self.searcher = searcher
        self.searchwindowsize = (
            spawn.searchwindowsize if searchwindowsize == -1 else searchwindowsize
        )
        self.lookback = getattr(searcher, "longest_string", None)
        self._sought: Sought | None = None
        if not self.searchwindowsize:
            self._sought = spawn._unread.sought(searcher)

    def existing_data(self) -> int | None:
        """Look at what has come before; the index of what was found, or `None`."""
        sight = self.look()
        return None if sight is None else self._take(sight)

    def new_data(self, data: Any) -> int | None:
        """Add what has come now and look; the index of what was found, or `None`."""
        self.spawn._unread.stream.append(data)
        sight = self.look(len(data))
        return None if sight is None else self._take(sight)

    def look(self, fresh: int | None = None) -> Sight | None:
        """What would be found in what has come. Nothing is consumed.

        Args:
            fresh: Characters at the end that were not looked at before; left out: all.
        """
        sought = self._sought
        if sought is None:
            return self._ask_searcher(fresh)
        unread, order = self.spawn._unread, sought.order
        begin = unread.cursor.position
        if unread.stream.end - begin < order.least:
            return None
        if order.begin != begin:
            order.reset(begin)
        found = order.scan(unread.stream)
        if found is None:
            return None
        number, hit = found
        match = hit.match or sought.given[number]
        return Sight(hit.start, hit.end, sought.indexes[number], match, sought.ahead[number])

    def _ask_searcher(self, fresh: int | None) -> Sight | None:
        """Let the searcher search, in the window if there is one."""
        stream, cursor = self.spawn._unread.stream, self.spawn._unread.cursor
        base, searcher = cursor.position, self.searcher
        if self.searchwindowsize:
            base = max(base, stream.end - self.searchwindowsize)
        window = stream.slice(base, stream.end)
        size = len(window) if fresh is None else min(fresh, len(window))
        index: int = searcher.search(window, size, self.searchwindowsize)
        if index < 0:
            return None
        return Sight(base + searcher.start, base + searcher.end, index, searcher.match, None)

    def _take(self, sight: Sight) -> int:
        """Consume what was found, and leave it on the child."""
        spawn, unread = self.spawn, self.spawn._unread
        stream, begin = unread.stream, unread.cursor.position
        start, end, index, match, ahead = sight
        # A script is shown a match in the text from where it stands, as by pexpect.
        text = stream.slice(begin, stream.end if ahead else end)
        if ahead is not None and isinstance(match, re.Match):
            match = match.re.match(text, start - begin) or match
        spawn.before = text[: start - begin]
        spawn.after = text[start - begin : end - begin]
        spawn.match, spawn.match_index = match, index
        stream.consume(unread.cursor, end)
        return index

    def eof(self, err: object = None) -> int:
        """The end has come: the index of `EOF`, or it is raised."""
        self.spawn.before = self.spawn._unread.take_all()
        return self._ended(EOF, self.searcher.eof_index, err)

    def timeout(self, err: object = None) -> int:
        """The time is up: the index of `TIMEOUT`, or it is raised. Nothing is consumed."""
        self.spawn.before = self.spawn._unread.text()
        return self._ended(TIMEOUT, self.searcher.timeout_index, err)

    def _ended(self, kind: Any, index: int, reason: object) -> int:
        spawn = self.spawn
        spawn.after = kind
        if index >= 0:
            spawn.match, spawn.match_index = kind, index
            return index
        spawn.match = spawn.match_index = None
        said = f"{spawn}\nsearcher: {self.searcher}"
        raise kind(said if reason is None else f"{reason}\n{said}") from None

    def errored(self) -> None:
        """Something else went wrong: `before` is what has come."""
        spawn = self.spawn
        spawn.before = spawn._unread.text()
        spawn.after = spawn.match = spawn.match_index = None

    def expect_loop(self, timeout: float | None = -1) -> int:
        """Wait, and return the index of what came first.

        Args:
            timeout: Seconds; `None`: no limit; 0: look at what has come, and read once.

        Raises:
            EOF: The end came, and was not among the patterns.
            TIMEOUT: The time ran out, and that was not among the patterns.
        """
        deadline = None if timeout is None else monotonic() + timeout
        try:
            index = self.existing_data()
            return self._read_on(deadline, timeout) if index is None else index
        except EOF as error:
            return self.eof(error)
        except TIMEOUT as error:
            return self.timeout(error)
        except BaseException:
            self.errored()
            raise

    def _read_on(self, deadline: float | None, left: float | None) -> int:
        spawn = self.spawn
        size, took = spawn.maxread, 0.0
        while True:
            if left is not None and left < 0:
                return self.timeout()
            data = spawn.read_nonblocking(size, left)
            self._pause()
            if took > LONG_SEARCH and not self.searchwindowsize:
                data += self._read_for(took, size, deadline)
            began = monotonic()
            index = self.new_data(data)
            if index is not None:
                return index
            took = monotonic() - began
            if len(data) >= size == USUAL_READ and not self.searchwindowsize:
                size = READ_SIZE
            if deadline is not None:
                left = deadline - monotonic()

    def _read_for(self, seconds: float, size: int, deadline: float | None) -> Any:
        """Read for as long as the last search took, so that the next one finds more new."""
        until = monotonic() + seconds
        if deadline is not None:
            until = min(until, deadline)
        pieces = []
        # An end that comes here comes again at the next read, behind the search.
        with suppress(EOF, TIMEOUT):
            while (left := until - monotonic()) > 0:
                pieces.append(self.spawn.read_nonblocking(size, left))
        return self.spawn.string_type().join(pieces)

    def _pause(self) -> None:
        """Sleep after a read, if that is a script's own wish."""
        delay = self.spawn.delayafterread
        if delay is not None and not isinstance(delay, Default):
            time.sleep(delay)
