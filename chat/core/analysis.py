"""What is known about a regular expression once it has been taken apart."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any, Final

from chat.core import syntax, variants
from chat.core.program import ROAMS, Program, programs
from chat.core.roamer import Roamer
from chat.core.runner import Runner


class Analysis:
    """What is known about a regular expression once it has been taken apart.

    Its variants are compiled when they are first needed, which most never are.

    Attributes:
        original: The regular expression.
        ahead: Characters beyond the end of a match that it looks at.
        behind: Characters before a match that it looks at.
        least: The fewest characters that a match takes.
        width: The most, look-ahead included.
        fixed: Whether a match, once there, can neither grow nor be undone.
        settles: Whether silence may decide something that arrival did not.
        programs: What is sought in its stead, one for each alternative.
    """

    def __init__(self, original: re.Pattern[Any]) -> None:
        self.original: Final = original
        self._tree: Any = None
        try:
            self._tree = syntax.parse(original)
        except syntax.Opaque:
            self._treat_as_opaque()
            return
        self.behind, self.ahead = syntax.reach(self._tree)
        self.least, most = syntax.width(self._tree)
        self.width: int = most + self.ahead
        self.fixed: bool = not self.ahead and syntax.is_fixed(self._tree)
        self.programs: list[Program] = programs(self._tree)
        self.settles = not self.fixed or ROAMS in self.programs

    def _treat_as_opaque(self) -> None:
        """A construct of a later Python: matched as `re` does on what has come."""
        self.fixed = self.settles = True
        self.behind = self.ahead = 1
        self.least, self.width = 0, syntax.UNBOUNDED
        self.programs = [ROAMS]

    @cached_property
    def strict(self) -> re.Pattern[Any]:
        """Matches what stays a match whatever comes."""
        return self.original if self.fixed else variants.strict(self._tree)

    @cached_property
    def plain(self) -> re.Pattern[Any]:
        """Matches in a text that will not go on."""
        return self.original if self.fixed else variants.plain(self._tree)

    @cached_property
    def growth(self) -> re.Pattern[Any] | None:
        """Tells, at a match, whether more text could change it; `None`: it never can."""
        return None if self.fixed else variants.growth(self._tree)

    @cached_property
    def viable(self) -> re.Pattern[Any] | None:
        """Matches what is, or could still become, a match; `None`: nobody knows."""
        return None if self._tree is None else variants.possible(self._tree)

    def runner(self, program: Program, begin: int) -> Runner | Roamer:
        """Something that runs one of the programs."""
        if program.segments:
            return Runner(program, begin)
        return Roamer(self.strict, self.plain, self.viable, self.behind, begin)


@lru_cache(maxsize=512)
def analyse(original: re.Pattern[Any]) -> Analysis:
    """Take a regular expression apart, once."""
    return Analysis(original)
