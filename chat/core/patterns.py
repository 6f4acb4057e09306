"""What can be waited for: text, regular expressions, globs, and conditions.

Text stands for itself. `re.compile(…)` or `regex(…)` is a regular expression, `glob(…)` a
shell-style pattern, and a condition (`EOF`, `TIMEOUT`, `INPUT_WAIT`, `Quiet(0.2)`) is about
the conversation rather than its text. Every pattern may carry a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from chat.errors import PatternError, PatternTypeError
from chat.timing import check_seconds


@final
@dataclass(frozen=True, slots=True)
class Literal:
    """Text (or bytes) that stands for itself."""

    text: str | bytes
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str | bytes):
            raise PatternTypeError(f"a literal is text or bytes, not {_kind(self.text)}")
        if not self.text:
            raise PatternError("an empty text is everywhere; it cannot be waited for")

    def __str__(self) -> str:
        return self.name or repr(self.text)


@final
@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression, with the flags it was compiled with."""

    compiled: re.Pattern[Any]
    name: str | None = None

    @property
    def text(self) -> str | bytes:
        """Its source."""
        source: str | bytes = self.compiled.pattern
        return source

    def __str__(self) -> str:
        return self.name or f"regex {self.text!r}"


@final
@dataclass(frozen=True, slots=True)
class AnyOf:
    """Several patterns that count as one: whichever comes first matches for all."""

    members: tuple[Literal | Regex, ...]
    name: str | None = None

    def __str__(self) -> str:
        return self.name or "any of " + ", ".join(map(str, self.members))


@final
@dataclass(frozen=True, slots=True)
class Condition:
    """Something about the conversation other than its text; compare with `is` or `==`."""

    name: str

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"chat.{self.name}"


@final
@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing has come for so many seconds."""

    seconds: float
    name: str | None = None

    def __post_init__(self) -> None:
        if self.seconds is None:
            raise PatternTypeError("Quiet needs a length of time in seconds")
        check_seconds("Quiet", self.seconds)

    def __str__(self) -> str:
        return self.name or f"{self.seconds:g} s of silence"


EOF: Final = Condition("EOF")
"""The other side has closed and everything it said was seen."""

TIMEOUT: Final = Condition("TIMEOUT")
"""The time ran out: returned as a match instead of raised; nothing is consumed."""

INPUT_WAIT: Final = Condition("INPUT_WAIT")
"""The program in the foreground is blocked reading its terminal: it wants input."""

Textual: TypeAlias = Literal | Regex
Pattern: TypeAlias = Literal | Regex | AnyOf | Condition | Quiet
Given: TypeAlias = "str | bytes | re.Pattern[str] | re.Pattern[bytes] | Pattern"
PatternLike: TypeAlias = "Given | Iterable[Given]"


def literal(text: str | bytes, *, name: str | None = None) -> Literal:
    """Text that stands for itself, as a bare string does, with a name.

    Raises:
        PatternTypeError: It is neither text nor bytes.
        PatternError: It is empty.
    """
    return Literal(text, name)


def regex(
    source: str | bytes, flags: int | re.RegexFlag = 0, *, name: str | None = None
) -> Regex:
    """A regular expression in the language of the standard library's `re`.

    Raises:
        PatternTypeError: The source is neither text nor bytes.
        PatternError: It does not compile; the message says where and why.
    """
    if not isinstance(source, str | bytes):
        raise PatternTypeError(f"a regular expression is text or bytes, not {_kind(source)}")
    try:
        return Regex(re.compile(source, flags), name)
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        raise PatternError(f"regex {source!r} does not compile: {error}") from error


def glob(source: str | bytes, *, name: str | None = None) -> Regex:
    """A shell-style pattern: `*` any text, `?` any character, `[a-z]` one of, `\\` quotes.

    It may match anywhere, as all patterns do; newlines are characters like any other.

    Raises:
        PatternTypeError: It is neither text nor bytes.
        PatternError: It is empty.
    """
    if not isinstance(source, str | bytes):
        raise PatternTypeError(f"a glob is text or bytes, not {_kind(source)}")
    if not source:
        raise PatternError("an empty glob is everywhere; it cannot be waited for")
    if isinstance(source, bytes):
        return Regex(re.compile(_from_glob(source.decode("latin-1")).encode("latin-1")), name)
    return Regex(re.compile(_from_glob(source)), name)


_GLOB_PARTS: Final = re.compile(
    r"\\(.)|\[([!^]?+)((?:\\.|[^\\])(?:\\.|[^]\\])*)\]|(\*+)|(\?)|(.)", re.DOTALL
)
_GLOB_MEMBERS: Final = re.compile(r"\\?(.)(?:-\\?(.))?", re.DOTALL)


def _from_glob(source: str) -> str:
    def translate(part: re.Match[str]) -> str:
        quoted, negated, members, star, question, plain = part.groups()
        if star:
            return r"[\s\S]*"
        if question:
            return r"[\s\S]"
        if members:
            return _from_members(members, negated=bool(negated))
        return re.escape(quoted or plain)

    return _GLOB_PARTS.sub(translate, source)


def _from_members(members: str, *, negated: bool) -> str:
    """The class of what stands in brackets; a range that runs backwards holds nothing."""
    kept = ""
    for first, last in _GLOB_MEMBERS.findall(members):
        if not last:
            kept += re.escape(first)
        elif first <= last:
            kept += f"{re.escape(first)}-{re.escape(last)}"
    if not kept:
        return r"[\s\S]" if negated else r"[^\s\S]"
    return f"[{'^' if negated else ''}{kept}]"


def any_of(*patterns: PatternLike, name: str | None = None) -> AnyOf:
    """Several patterns that count as one.

    Raises:
        PatternTypeError: One of them is not a pattern of text (conditions are not).
        PatternError: There are none.
    """
    members: list[Textual] = []
    for pattern in flatten(patterns):
        if isinstance(pattern, AnyOf):
            members += pattern.members
        elif isinstance(pattern, Literal | Regex):
            members.append(pattern)
        else:
            raise PatternTypeError(f"{pattern} cannot be one of several texts")
    if not members:
        raise PatternError("any_of() of nothing can never come")
    return AnyOf(tuple(members), name)


def as_pattern(given: object) -> Pattern:
    """What the caller gave, as a pattern.

    Raises:
        PatternTypeError: It is not one.
        PatternError: It is an empty text.
    """
    if isinstance(given, str | bytes):
        return Literal(given)
    if isinstance(given, re.Pattern):
        return Regex(given)
    if isinstance(given, Literal | Regex | AnyOf | Condition | Quiet):
        return given
    if isinstance(given, type) and issubclass(given, BaseException):
        raise PatternTypeError(
            f"{given.__name__} is an exception; wait for chat.EOF or chat.TIMEOUT instead"
        )
    raise PatternTypeError(f"{given!r} is not a pattern: it is {_kind(given)}")


def flatten(given: Iterable[object]) -> list[Pattern]:
    """Patterns and iterables of patterns, as one flat list in order.

    Raises:
        PatternTypeError: Something is neither.
        PatternError: Something is an empty text.
    """
    return [as_pattern(each) for each in unnest(given)]


def unnest(given: Iterable[object]) -> list[Any]:
    """What was given, with iterables among it (but texts) told member by member."""
    made: list[Any] = []
    for each in given:
        if isinstance(each, Iterable) and not isinstance(each, str | bytes):
            made.extend(each)
        else:
            made.append(each)
    return made


def check_kind(pattern: Pattern, empty: str | bytes) -> None:
    """Refuse text patterns on a stream of bytes, and the reverse.

    Raises:
        PatternTypeError: The kinds differ.
    """
    members = pattern.members if isinstance(pattern, AnyOf) else (pattern,)
    kind = type(empty)
    for member in members:
        if isinstance(member, Literal | Regex) and type(member.text) is not kind:
            holds = "text" if isinstance(empty, str) else "bytes (encoding=None)"
            raise PatternTypeError(
                f"the session holds {holds}, but the pattern {member.text!r} is"
                f" {_kind(member.text)}"
            )


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
