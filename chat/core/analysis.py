"""What is known about a regular expression once it has been taken apart."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from chat.core import syntax, variants
from chat.core.program import ROAMS, Program, programs
from chat.core.runner import Roamer, Runner


class Analysis:
    """What is known about a regular expression once it has been taken apart."""

    __slots__ = (
        "ahead", "behind", "fixed", "growth", "least", "original", "plain", "programs",
        "settles", "strict", "tree", "viable", "width",
    )  # fmt: skip

    def __init__(self, original: re.Pattern[Any]) -> None:
        self.original: Final = original
        try:
            self.tree: Any = syntax.parse(original)
        except syntax.Opaque:
            self._treat_as_opaque()
            return
        self.behind, self.ahead = syntax.reach(self.tree)
        self.least, most = syntax.width(self.tree)
        self.width: int = most + self.ahead
        self.fixed: bool = not self.ahead and syntax.is_fixed(self.tree)
        self.strict = original if self.fixed else variants.strict(self.tree)
        self.plain = original if self.fixed else variants.plain(self.tree)
        self.growth: re.Pattern[Any] | None = None if self.fixed else variants.growth(self.tree)
        self.programs: list[Program] = programs(self.tree)
        roams = ROAMS in self.programs
        # Whether silence may decide something that arrival did not.
        self.settles = roams or not self.fixed
        self.viable: re.Pattern[Any] | None = variants.possible(self.tree) if roams else None

    def _treat_as_opaque(self) -> None:
        """A construct of a later Python: matched as `re` does on what has come."""
        self.tree, self.growth, self.viable, self.fixed = None, None, None, True
        self.settles = True
        self.behind = self.ahead = 1
        self.least, self.width = 0, syntax.UNBOUNDED
        self.strict = self.plain = self.original
        self.programs = [ROAMS]

    def runner(self, program: Program, begin: int) -> Runner | Roamer:
        """Something that runs one of the programs."""
        if program.segments:
            return Runner(program, begin)
        return Roamer(self.strict, self.plain, self.viable, self.behind, begin)


@lru_cache(maxsize=512)
def analyse(original: re.Pattern[Any]) -> Analysis:
    """Take a regular expression apart, once."""
    return Analysis(original)
