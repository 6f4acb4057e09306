"""What a child has said and no `expect` has consumed yet."""

from __future__ import annotations

import sys
from typing import Any, Final

from pexpect.expect import searcher_re, searcher_string

from chat.core.analysis import analyse
from chat.core.patterns import Literal, Regex, Textual
from chat.core.policies import LeftmostStart
from chat.core.stream import Stream

REMEMBERED: Final = 64
"""Lists of patterns kept ready for one child; a loop that makes up patterns fills no memory."""


class Sought:
    """The patterns of one searcher, made ready for the matcher.

    Attributes:
        order: Decides between them: the match that starts first wins, as pexpect has it.
        indexes: For each of them, its place in the caller's list.
        given: For each of them, what `child.match` is made from: a text or a regular
            expression.
        ahead: For each of them, how far it looks beyond its match.
    """

    __slots__ = ("ahead", "given", "indexes", "order")

    def __init__(self, listed: tuple[tuple[int, Any], ...], empty: Any) -> None:
        self.indexes: Final = [index for index, _ in listed]
        self.given: Final = [given for _, given in listed]
        self.ahead: Final = [
            0 if isinstance(each, str | bytes) else analyse(each).ahead for each in self.given
        ]
        self.order: Final = LeftmostStart([_textual(each) for each in self.given], empty)


def _textual(given: Any) -> Textual:
    return Literal(given) if isinstance(given, str | bytes) else Regex(given)


def _listed(searcher: Any) -> tuple[tuple[int, Any], ...] | None:
    """What a searcher of pexpect's own looks for; `None` of anybody else's.

    The text of no length, which a searcher finds at once, is left to it as well.
    """
    if type(searcher) is searcher_re:
        return tuple(searcher._searches)
    if type(searcher) is searcher_string and all(text for _, text in searcher._strings):
        return tuple(searcher._strings)
    return None


class Unread:
    """Text (or bytes) that has come and is not consumed.

    Args:
        text: What is there to begin with.

    Attributes:
        stream: Where it is kept.
        cursor: Up to where it was consumed.
    """

    __slots__ = ("_sought", "cursor", "stream")

    def __init__(self, text: Any) -> None:
        # No limit: pexpect has none, and scripts that rely on that are to go on.
        self.stream: Final[Stream[Any]] = Stream(text[:0], limit=sys.maxsize)
        self.cursor: Final = self.stream.cursor(0)
        self.stream.append(text)
        self._sought: Final[dict[Any, Sought]] = {}

    def text(self) -> Any:
        """All of it."""
        return self.stream.slice(self.cursor.position, self.stream.end)

    def take_all(self) -> Any:
        """All of it, consumed."""
        taken = self.text()
        self.stream.consume(self.cursor, self.stream.end)
        return taken

    def sought(self, searcher: Any) -> Sought | None:
        """A searcher's patterns made ready; `None` if it must be asked itself.

        Of patterns that were sought before, the search goes on where it stopped.
        """
        listed = _listed(searcher)
        if listed is None:
            return None
        found = self._sought.get(listed)
        if found is None:
            if len(self._sought) >= REMEMBERED:
                self._sought.clear()
            found = self._sought[listed] = Sought(listed, self.stream.empty)
        return found
