"""How each side of a connection behaves: which options it does, wants and agrees to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, final

from chat.transports.telnet.codes import Option
from chat.transports.telnet.suboptions import NAME_LIMIT
from chat.values import WindowSize

TERMINAL_TYPE: Final = "vt100"
"""The terminal a client says it is. Every server knows it, and hardly any sends it more than
text: no window titles, no bracketed paste."""

Options: TypeAlias = tuple[Option, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How a client behaves. It waits to be asked, but for `binary`.

    Attributes:
        terminal_type: What its terminal is; or several, the best first, of which a server
            takes the one it likes.
        size: Its window's rows and columns.
        environment: The variables it tells, and no others; without any, the option is
            refused.
        binary: Whether to ask for eight bits without meaning, both ways, from the start. If
            the server asks for it, it is agreed to in any case.

    Raises:
        ValueError: The name of a terminal is none (1 to 40 printable ASCII characters), or
            the window has no size.
    """

    terminal_type: str | Sequence[str] = TERMINAL_TYPE
    size: tuple[int, int] = (24, 80)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    binary: bool = False

    def __post_init__(self) -> None:
        WindowSize(*self.size)  # raises if it is none
        for name in self.terminal_types or ("",):
            if not (name.isascii() and name.isprintable() and 0 < len(name) <= NAME_LIMIT):
                raise ValueError(f"{name!r} is no name of a terminal")

    @property
    def terminal_types(self) -> tuple[str, ...]:
        """The names of its terminal, the best first."""
        given = self.terminal_type
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def window(self) -> WindowSize:
        """Its size."""
        return WindowSize(*self.size)

    @property
    def enter(self) -> None:
        """What the Enter key becomes: a server presses none."""
        return None

    @property
    def ours(self) -> Options:
        """What this side does if it is asked to."""
        told = (Option.NEW_ENVIRON,) if self.environment else ()
        return (Option.BINARY, Option.SGA, Option.TTYPE, Option.NAWS, *told)

    @property
    def theirs(self) -> Options:
        """What the other side may do."""
        return (Option.BINARY, Option.ECHO, Option.SGA)

    @property
    def offers(self) -> Options:
        """What this side asks to do, from the start."""
        return (Option.BINARY,) if self.binary else ()

    @property
    def wants(self) -> Options:
        """What this side asks the other to do, from the start."""
        return self.offers


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How a server behaves. It asks for the window's size and the terminal's type.

    Attributes:
        characters: Whether it wants each key as it is pressed, and shows what is typed
            itself (ECHO and SGA), as one with a pseudo-terminal behind it does; the Enter
            key is `\\r` then, and a `\\n` is sent as it is. Otherwise the client gathers
            lines and shows them itself, and a line ends in `\\n` both ways.
        environment: Whether to ask for the client's variables. They are a stranger's words.
        binary: Whether to ask for eight bits without meaning, both ways.
    """

    characters: bool = False
    environment: bool = False
    binary: bool = False

    @property
    def enter(self) -> bytes:
        """What the Enter key becomes."""
        return b"\r" if self.characters else b"\n"

    @property
    def ours(self) -> Options:
        """What this side does if it is asked to."""
        return (Option.BINARY, Option.ECHO, Option.SGA)

    @property
    def theirs(self) -> Options:
        """What the other side may do."""
        told = (Option.NEW_ENVIRON,) if self.environment else ()
        return (Option.BINARY, Option.SGA, Option.NAWS, Option.TTYPE, *told)

    @property
    def offers(self) -> Options:
        """What this side asks to do, from the start."""
        shown = (Option.ECHO, Option.SGA) if self.characters else ()
        return (*shown, Option.BINARY) if self.binary else shown

    @property
    def wants(self) -> Options:
        """What this side asks the other to do, from the start."""
        told = (Option.NEW_ENVIRON,) if self.environment else ()
        shown = (Option.SGA,) if self.characters else ()
        wanted = (*shown, Option.NAWS, Option.TTYPE, *told)
        return (*wanted, Option.BINARY) if self.binary else wanted


Settings: TypeAlias = Client | Server
