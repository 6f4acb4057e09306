"""Plain values that every layer may use: absence, secrets, how a program ended.

Nothing here does I/O on its own account; `Secret`'s constructors read from the place
they are named after, when they are called.
"""

from __future__ import annotations

import enum
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn, Self, final


class Unset(enum.Enum):
    """The type of `UNSET`: "not given", where `None` means no limit and 0 do not wait."""

    UNSET = "not given"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


@final
@dataclass(frozen=True, slots=True)
class Usage:
    """What a program, and those of its own children that it has waited for, have used.

    Attributes:
        user: Seconds of processor time in the program itself.
        system: Seconds of processor time in the system on its behalf.
        max_resident: Bytes of memory it had at the most. Linux counts from the start on,
            where it still shares the memory of the process that starts it, so that it is
            never less than what that one had.
    """

    user: float
    system: float
    max_resident: int


@final
@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a program ended.

    Attributes:
        code: What it returned, or `None` if a signal ended it. Both are `None` if somebody
            else has reaped the program, so that nobody can say.
        signal: The signal's name (`"SIGTERM"`), or `None` if it returned by itself.
        duration: Seconds from its start until its end was seen.
        core_dumped: Whether the system has kept an image of its memory.
        usage: What it has used; `None`: nobody can say. Two that ended alike are equal,
            whatever they have used.
    """

    code: int | None
    signal: str | None = None
    duration: float = 0.0
    core_dumped: bool = False
    usage: Usage | None = field(default=None, compare=False)

    @property
    def ok(self) -> bool:
        """Whether it returned 0."""
        return self.code == 0

    def __str__(self) -> str:
        if self.signal is not None:
            return f"killed by {self.signal}" + (" (core dumped)" if self.core_dumped else "")
        if self.code is None:
            return "ended, but somebody else took its exit status"
        return f"exited with status {self.code}"


MASK: Final = "••••"
"""What stands where a secret was. Its length says nothing about the secret's."""

# The plain texts of the secrets this process holds, longest first so that a secret which
# contains another is masked whole. Process-wide on purpose: a secret given to one session
# must not show in the error of another.
_known: list[str] = []
_shown: list[str] = []  # the same, and as `repr` shows them, which is how messages quote
_known_lock = threading.Lock()


def _remember(plain: str) -> None:
    with _known_lock:
        if plain and plain not in _known:
            _known.append(plain)
            _known.sort(key=len, reverse=True)
            _shown.extend(_forms(plain) - set(_shown))
            _shown.sort(key=len, reverse=True)


def _forms(plain: str) -> set[str]:
    """A text as it is, and as the `repr` of a text or of bytes that contain it shows it."""
    data = plain.encode("utf-8", "surrogateescape")
    forms = {plain, repr(plain)[1:-1], repr(data)[2:-1]}
    # Within a text with quotes of both kinds, single ones are escaped.
    return forms | {repr("\"'" + plain)[4:-1], repr(b"\"'" + data)[5:-1]}


def known_secrets() -> tuple[str, ...]:
    """The plain texts that must not show, longest first, for maskers of streams."""
    return tuple(_known)


def redact(text: str | bytes) -> str:
    """Replace every known secret in the text by `MASK`.

    Args:
        text: Bytes are taken as UTF-8, undecodable ones shown as escapes.
    """
    shown = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
    for secret in _shown:
        if secret in shown:
            shown = shown.replace(secret, MASK)
    return shown


@final
class Secret:
    """A text that never shows: not in logs, errors, recordings, screens or reports.

    From its creation on it is also masked where a program prints it back. Only
    `reveal()` gives the text itself.

    Args:
        plain: The secret text. One newline at its end, as a file or command has, stays.

    Raises:
        TypeError: It is not text.
        ValueError: It is empty: an empty secret cannot be kept.
    """

    __slots__ = ("_plain",)

    def __init__(self, plain: str) -> None:
        if not isinstance(plain, str):
            raise TypeError(f"a secret is text, not {type(plain).__name__}")
        if not plain:
            raise ValueError("a secret cannot be empty")
        self._plain = plain
        _remember(plain)

    @classmethod
    def prompt(cls, question: str = "Password: ") -> Self:
        """Ask the person at the terminal, without echo.

        Raises:
            EOFError: The person closed the input.
        """
        from getpass import getpass  # start-up cost: only this constructor wants it

        return cls(getpass(question))

    @classmethod
    def env(cls, name: str) -> Self:
        """Take it from an environment variable.

        Raises:
            LookupError: The variable is not set, or empty.
        """
        plain = os.environ.get(name)
        if not plain:
            raise LookupError(f"the environment variable {name} is not set")
        return cls(plain)

    @classmethod
    def file(cls, path: str | os.PathLike[str]) -> Self:
        """Take it from a file's first line.

        Raises:
            OSError: The file cannot be read.
            ValueError: Its first line is empty.
        """
        with open(path, encoding="utf-8") as lines:  # noqa: PTH123  # pathlib costs start-up
            return cls(lines.readline().rstrip("\r\n"))

    @classmethod
    def command(cls, argv: Sequence[str]) -> Self:
        """Take it from the first line a command prints (`["pass", "show", "router"]`).

        Raises:
            OSError: The command cannot be started.
            subprocess.CalledProcessError: It failed.
            ValueError: It printed nothing.
        """
        import subprocess  # start-up cost: only this constructor wants it

        done = subprocess.run(list(argv), stdout=subprocess.PIPE, check=True, text=True)
        return cls(done.stdout.split("\n", 1)[0].rstrip("\r"))

    @classmethod
    def keyring(cls, service: str, user: str) -> Self:
        """Take it from the desktop's keyring (extra `keyring`).

        Raises:
            ImportError: The extra is not installed.
            LookupError: The keyring has no such entry.
        """
        import keyring  # an extra: only who asks for it needs it

        plain = keyring.get_password(service, user)
        if not plain:
            raise LookupError(f"the keyring has nothing for {user} at {service}")
        return cls(plain)

    def reveal(self) -> str:
        """Give the secret text itself."""
        return self._plain

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._plain == other._plain

    def __hash__(self) -> int:
        return hash((Secret, self._plain))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled: it would be written in the clear")


@final
@dataclass(frozen=True, slots=True)
class WindowSize:
    """A terminal's size in character cells."""

    rows: int = 24
    columns: int = 80

    def __post_init__(self) -> None:
        if not (0 < self.rows < 65536 and 0 < self.columns < 65536):
            raise ValueError(f"a window of {self.rows} rows and {self.columns} columns")
