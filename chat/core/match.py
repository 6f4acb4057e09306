"""What a wait returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from types import MappingProxyType
from typing import Any, AnyStr, Final, Generic, Self, cast, final

from chat.core.patterns import Given, Pattern
from chat.errors import last_text

NO_NAMES: Final[Mapping[str, None]] = MappingProxyType({})


@dataclass(slots=True)
class _Draft(Generic[AnyStr]):
    """A match before it is handed out.

    A frozen dataclass sets each attribute by a call of its own, which would be a tenth of
    the time of a short exchange. A draft is filled as any object is, and then becomes a
    `Match`, which differs in nothing but that it cannot be changed.
    """

    index: int
    pattern: Given | Pattern
    text: AnyStr
    before: AnyStr
    start: int
    end: int
    groups: tuple[AnyStr | None, ...] = ()
    named: Mapping[str, AnyStr | None] = field(default_factory=lambda: NO_NAMES)
    dropped: int = 0
    name: str | None = None


@final
class Match(_Draft[AnyStr]):
    """What was awaited and has come.

    Attributes:
        index: Which of the patterns it is, counted as they were given.
        pattern: That pattern, as it was given; of an `any_of`, the member that matched.
        text: The text that matched; empty for a condition.
        before: What had come before it and was not consumed yet. For a condition, all.
        groups: The groups of a regular expression, `None` where one took no part.
        named: Its named groups.
        start: The offset of the match's first character in the session's stream.
        end: The offset behind its last one.
        dropped: Characters before `before` that were dropped to respect the limit.
        name: The pattern's name, if it has one.
    """

    __slots__ = ()

    def __new__(cls, *fields: Any, **more: Any) -> Self:
        """Take the fields of a draft, by position or by name."""
        made: Any = _Draft(*fields, **more)
        made.__class__ = cls
        return cast("Self", made)

    def __init__(self, *_fields: Any, **_more: Any) -> None:
        """Everything was set by `__new__`."""

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"a match cannot be changed: {name}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"a match cannot be changed: {name}")

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
