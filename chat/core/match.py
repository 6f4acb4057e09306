"""What a wait returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import AnyStr, Final, Generic, final

from chat.core.patterns import Pattern
from chat.errors import last_text

NO_NAMES: Final[Mapping[str, None]] = MappingProxyType({})


@final
@dataclass(frozen=True, slots=True)
class Match(Generic[AnyStr]):
    """What was awaited and has come.

    Attributes:
        index: Which of the patterns it is, counted as they were given.
        pattern: That pattern; of an `any_of`, the member that matched.
        text: The text that matched; empty for a condition.
        before: What had come before it and was not consumed yet. For a condition, all.
        groups: The groups of a regular expression, `None` where one took no part.
        named: Its named groups.
        start: The offset of the match's first character in the session's stream.
        end: The offset behind its last one.
        dropped: Characters before `before` that were dropped to respect the limit.
        name: The pattern's name, if it has one.
    """

    index: int
    pattern: Pattern
    text: AnyStr
    before: AnyStr
    start: int
    end: int
    groups: tuple[AnyStr | None, ...] = ()
    named: Mapping[str, AnyStr | None] = field(default_factory=lambda: NO_NAMES)
    dropped: int = 0
    name: str | None = None

    def __getitem__(self, group: int | str) -> AnyStr | None:
        """A group by number (0 is the whole match) or name.

        Raises:
            IndexError: There is no group of that number.
            KeyError: There is no group of that name.
        """
        if isinstance(group, str):
            return self.named[group]
        if group == 0:
            return self.text
        if group < 0:
            raise IndexError(f"group {group}")
        return self.groups[group - 1]

    def __repr__(self) -> str:
        named = f" {self.name}" if self.name else ""
        return (
            f"<Match {self.index}{named}: {last_text(self.text, 60)}"
            f" before={last_text(self.before, 60)} at {self.start}>"
        )
