"""What `telnetlib` is put together from: its search, and how it shows bytes to a person."""

from __future__ import annotations

import codecs
import re
import sys
from typing import Any, Final, TypeAlias, final

from chat.core.listening import Reader
from chat.core.patterns import Regex
from chat.core.policies import Look

Tried: TypeAlias = tuple[int, Any, bytes]
"""What `expect` returns: which pattern, its match object, and the text up to its end."""


@final
class Shown:
    """Bytes for a person, whatever they are."""

    def __init__(self) -> None:
        self._decoder: Final = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: bytes) -> None:
        sys.stdout.write(self._decoder.decode(data))
        sys.stdout.flush()


@final
class Search:
    """A search for regular expressions that goes on where it stopped, first listed first.

    Args:
        patterns: Compiled ones, or anything else with a method `search`.
        reader: Whose text to search.
    """

    def __init__(self, patterns: list[Any], reader: Reader[bytes]) -> None:
        self._reader: Final = reader
        self._patterns: Final = patterns
        self._looks: Final = [
            Look(Regex(each)) if isinstance(each, re.Pattern) else None for each in patterns
        ]
        self._begin = -1

    def scan(self) -> Tried | None:
        """Which one matches, its match, and the text up to its end, which is consumed."""
        begin = self._reader.cursor.position
        if begin != self._begin:
            self._begin = begin
            for each in filter(None, self._looks):
                each.reset(begin)
        for index, (pattern, look) in enumerate(zip(self._patterns, self._looks, strict=True)):
            start = 0
            if look is not None:
                stream = self._reader.stream
                hit = look.leftmost(stream, stream.end + 1)
                if hit is None:
                    continue
                start = hit.start - begin
            # Of this match the places count from the beginning of what is unread.
            match = pattern.search(self._reader.unread(), *([start] if start else []))
            if match is not None:
                return index, match, self._reader.take(begin + match.end())
        return None
