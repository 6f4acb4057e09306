"""Ways to reach a program: the only place for pseudo-terminals, sockets and subprocesses.

A transport has four verbs. Anything more is a capability that a session asks for by
name and that is simply absent (`None`) where it makes no sense.

`chat.testing.check_transport` is the conformance suite of this contract.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from chat.values import ExitStatus, WindowSize

READ_SIZE = 65536
"""Bytes asked for in one read: what a Linux pipe holds; a pseudo-terminal gives less."""


Remark: TypeAlias = Callable[[], "str | None"]
"""Capability `remark`: asked when a wait has run out, says why nothing may have come."""


class Transport(Protocol):
    """Bytes both ways, without ever blocking."""

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come, at most `size` bytes; `b""` is the end, again and again.

        Raises:
            BlockingIOError: Nothing has come yet. Wait for `fileno()` to be readable.
            OSError: The connection failed (not: it ended).
            SessionClosed: The transport is closed, as for each of the verbs but `close`.
        """

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once, and say how many bytes that was (1 or more).

        Raises:
            BlockingIOError: Nothing is taken now. Wait for `fileno()` (or, where there is
                one, the `Writer` capability's descriptor) to be writable.
            BrokenPipeError: The other side is gone.
        """

    def close(self) -> None:
        """Let go of the descriptors. Twice is once. A program is not ended by this alone."""

    def fileno(self) -> int:
        """The descriptor to wait on; it stays the same until `close()`."""


class Writer(Protocol):
    """Capability `writer`: writing happens on a descriptor of its own (a pair of pipes)."""

    def fileno(self) -> int:
        """The descriptor to wait on before writing."""

    def close(self) -> None:
        """Close the writing side alone: the other side sees the end of its input."""


class Process(Protocol):
    """Capability `process`: there is a child process at the other end."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The command and its arguments."""

    def is_alive(self) -> bool:
        """Whether it runs. A question: it does not reap."""

    def exit_fileno(self) -> int | None:
        """A descriptor that becomes readable when it ends (a pidfd), where there is one."""

    def wait_exit(self, seconds: float | None) -> ExitStatus | None:
        """Wait for its end and reap it; `None` if it still runs after the seconds."""

    def signal(self, number: int) -> None:
        """Send a signal to its process group; a program that has ended is no error.

        Raises:
            PermissionError: It has become another user, as `sudo` does.
        """

    def end(self, grace: float) -> ExitStatus:
        """End the whole session: hang up, then SIGTERM, then SIGKILL, each after `grace`
        seconds without its end; reap it; no member of its process group is left.

        To be called before the transport is closed: closing hangs up by itself, and a
        program that was about to end would be seen as killed by that.

        Raises:
            WaitTimeout: Not even SIGKILL ended it.
        """


class Terminal(Protocol):
    """Capability `terminal`: the other end is a terminal whose modes can be seen and set."""

    @property
    def size(self) -> WindowSize:
        """Rows and columns."""

    def resize(self, size: WindowSize) -> None:
        """Set rows and columns; if they change, the foreground processes get SIGWINCH."""

    @property
    def echo(self) -> bool:
        """Whether the terminal shows what is typed."""

    @echo.setter
    def echo(self, on: bool) -> None: ...

    @property
    def canonical(self) -> bool:
        """Whether input is gathered into lines by the terminal (ICANON)."""

    def line_limit(self) -> int:
        """Bytes in the longest line the terminal takes in canonical mode, its end included."""

    def control(self, name: str) -> bytes:
        """The byte that stands for `eof`, `intr`, `susp`, `quit`, `erase`, `kill`, now.

        Raises:
            UnknownKey: The terminal has nothing of that name.
            NotSupported: It has switched that character off.
        """

    def input_wait(self) -> bool:
        """Whether the foreground process is blocked reading this terminal right now.

        Raises:
            NotSupported: This system cannot tell, or may not look; the message says why.
        """


def writer_of(transport: object) -> Writer | None:
    """The transport's `writer`, or `None` where one descriptor serves both ways."""
    found: Writer | None = getattr(transport, "writer", None)
    return found


def process_of(transport: object) -> Process | None:
    """The transport's `process`, or `None` where it is not a child of ours."""
    found: Process | None = getattr(transport, "process", None)
    return found


def terminal_of(transport: object) -> Terminal | None:
    """The transport's `terminal`, or `None` where the other end is none."""
    found: Terminal | None = getattr(transport, "terminal", None)
    return found


def remark_of(transport: object) -> str | None:
    """What the transport has to say about a wait that ran out, if anything."""
    found: Remark | None = getattr(transport, "remark", None)
    return None if found is None else found()
