"""Running what could not be cut into a program: it is searched whole.

The search begins at the earliest place that may still be the start of a match, and is put
off when it would cost more than what has come has earned (see `chat.core.runner`).
"""

from __future__ import annotations

import re
from typing import Any, Final

from chat.core.runner import Accepted, Allowance, shortest
from chat.core.stream import Stream


class Roamer:
    """A program that could not be cut: searched whole, from the first start that may serve.

    Args:
        strict: Matches what stays a match whatever comes.
        plain: Matches in a text that will not go on.
        viable: Matches what is, or could still become, a match.
        behind: Characters before a match that it looks at.
        begin: The offset at which matches may start.
    """

    __slots__ = (
        "_allowance", "_begin", "_behind", "_floor", "_plain", "_seen", "_strict", "_viable",
        "put_off",
    )  # fmt: skip

    is_fresh = False

    def __init__(
        self,
        strict: re.Pattern[Any],
        plain: re.Pattern[Any],
        viable: re.Pattern[Any] | None,
        behind: int,
        begin: int,
    ) -> None:
        self._strict: Final = strict
        self._plain: Final = plain
        self._viable: Final = viable
        self._behind: Final = behind
        self._begin = begin
        self._floor = begin  # no match starts before
        self._seen = begin - 1  # a text of no length has not been looked at
        self._allowance: Final = Allowance(begin)
        self.put_off = False

    def copy(self) -> Roamer:
        """The same standing, to go on from without changing this one."""
        made = Roamer(self._strict, self._plain, self._viable, self._behind, self._begin)
        made._floor, made._seen = self._floor, self._seen
        return made

    def cut(self, begin: int) -> None:
        """Go on without the text before `begin`."""
        self._begin = begin
        self._floor = max(self._floor, begin)
        self._seen = max(self._seen, begin)

    def skip(self, position: int) -> None:
        """Nothing to skip: a roaming pattern takes part in no sweep."""

    def scan(
        self, stream: Stream[Any], limit: int, *, whole: bool = False, ended: bool = False
    ) -> Accepted | None:
        """Look on, up to `limit`, for the shortest prefix with a match; see `Runner.scan`."""
        self.put_off = False
        if not ended:
            if limit <= self._seen:
                return None
            paid = self._allowance.spend(2 * (limit - self._floor), limit)
            if not (paid or whole):
                self.put_off = True
                return None
        begin = max(self._begin, self._floor - self._behind)
        text = stream.slice(begin, limit)
        pattern = self._plain if ended else self._strict
        match = pattern.search(text, self._floor - begin)
        self._seen = limit
        if match is None:
            self._advance(text, begin, limit)
            return None
        if ended:
            return Accepted(limit, begin + match.start())
        start, stop = shortest(pattern, text, match, len(text))
        return Accepted(begin + stop, begin + min(start, match.start()))

    def _advance(self, text: Any, begin: int, limit: int) -> None:
        if self._viable is not None:
            match = self._viable.search(text, self._floor - begin)
            self._floor = limit if match is None else begin + match.start()
