"""Ways to reach a program: the only place for pseudo-terminals, sockets and subprocesses.

A transport has four verbs. Anything more is a capability that a session asks for by
name and that is simply absent (`None`) where it makes no sense.

`chat.testing.check_transport` is the conformance suite of this contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from chat.ladder import Rung, Termination
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

    def activity(self) -> object:
        """What it and the rest of its session have done so far: processor time, input and
        output, processes begun and ended. Equal to what it was: nothing since.

        Raises:
            NotSupported: This system does not tell.
        """

    def exit_fileno(self) -> int | None:
        """A descriptor that becomes readable when it ends (a pidfd), where there is one."""

    def wait_exit(self, seconds: float | None) -> ExitStatus | None:
        """Wait for its end and reap it; `None` if it still runs after the seconds."""

    def signal(self, number: int, *, foreground: bool = False) -> None:
        """Send a signal to its process group; a program that has ended is no error.

        Args:
            foreground: Send it to the group in its terminal's foreground, if there is one.

        Raises:
            PermissionError: It has become another user, as `sudo` does.
        """

    @property
    def termination(self) -> Termination | None:
        """What it took to end it; `None`: nobody has asked for that."""

    def end(self, grace: float, rungs: Sequence[Rung] | None = None) -> ExitStatus:
        """End the whole session: hang up, then SIGTERM, then SIGKILL, each after `grace`
        seconds without its end, or other steps; reap it; no member of its process group is
        left.

        To be called before the transport is closed: closing hangs up by itself, and a
        program that was about to end would be seen as killed by that.

        Raises:
            WaitTimeout: Not even the last step ended it.
        """


class Terminal(Protocol):
    """Capability `terminal`: the other end is a terminal whose modes can be seen and set.

    One at which nobody presses Enter, because a person sits at the other end, has besides an
    attribute `newline`: the text that ends a line which is sent there.
    """

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


class Flushing(Protocol):
    """Capability `flush`: the transport may hold a part of what it has taken."""

    def flush(self) -> None:
        """Hand over what `write()` has taken and is still held.

        Raises:
            BlockingIOError: Not all of it is taken now. Wait as before writing.
            BrokenPipeError: The other side is gone.
        """


class Line(Protocol):
    """Capability `line`: a break can be sent, a signal that is no character."""

    def send_break(self) -> None:
        """Send one."""


class SerialLine(Line, Protocol):
    """A `line` that is a serial one, with a speed and wires beside the data.

    All methods and attributes raise `NotSupported` where the port has no such thing.
    """

    baudrate: int
    """Bits per second."""
    rts: bool
    """Whether we ask to send (Request To Send)."""
    dtr: bool
    """Whether we are there (Data Terminal Ready)."""

    @property
    def cts(self) -> bool:
        """Whether we may send (Clear To Send)."""

    @property
    def dsr(self) -> bool:
        """Whether the other side is there (Data Set Ready)."""

    @property
    def ring(self) -> bool:
        """Whether somebody calls (Ring Indicator)."""

    @property
    def carrier(self) -> bool:
        """Whether there is a connection (Carrier Detect)."""

    def send_break(self, seconds: float = 0.25) -> None:
        """Hold the line in the break condition for so long, which this waits for."""


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


def flush_of(transport: object) -> Callable[[], None] | None:
    """The transport's `flush`, or `None` where nothing is held that was taken."""
    found: Callable[[], None] | None = getattr(transport, "flush", None)
    return found


def peer_of(transport: object) -> str | None:
    """Where the other side is, mostly as a URL; `None` where that cannot be said."""
    found: str | None = getattr(transport, "peer", None)
    return found


def keeps_messages(transport: object) -> bool:
    """Whether each `read()` gives one message, whole, and each `write()` makes one.

    Such a transport gives out no empty message, which would be the end.
    """
    return bool(getattr(transport, "messages", False))


def line_of(transport: object) -> Line | None:
    """The transport's `line`, or `None` where there is nothing to break."""
    found: Line | None = getattr(transport, "line", None)
    return found


def serial_line_of(transport: object) -> SerialLine | None:
    """The transport's `line`, or `None` where it is not a serial one."""
    found: SerialLine | None = getattr(transport, "line", None)
    return found if hasattr(type(found), "baudrate") else None


def remark_of(transport: object) -> str | None:
    """What the transport has to say about a wait that ran out, if anything."""
    found: Remark | None = getattr(transport, "remark", None)
    return None if found is None else found()
