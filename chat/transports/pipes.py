"""Starting a child on pipes.

Which of the child's three standard descriptors is what is said by a `Plan`. Each pipe's end
on our side becomes a transport's; the child's ends are closed here as soon as it has them,
so that the end of its output is seen when the last of its own closes.

A program whose output is a pipe gathers it in blocks of some KiB: that is the C library's
doing, in the program, and nothing on this side can change it. Two ways out are offered.
`"stdbuf"` has coreutils' `stdbuf` tell the program's C library to write by the line; programs
that are linked statically, or bring a buffer of their own, do not hear it. `"pty"` makes the
output a pseudo-terminal in raw mode, which the program takes for a person.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import sys
import termios
import tty
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, Self, TypeAlias, final

from chat.errors import SessionClosed
from chat.transports.descriptor import DescriptorTransport
from chat.transports.one_way import ReadingTransport, WritingTransport
from chat.transports.process import ChildProcess
from chat.transports.spawning import CannotSpawn, Command, spawn_process, translated

ErrorOutput: TypeAlias = Literal["inherit", "merge", "null"]
"""Where a program's errors go: where ours go, along with its output, or nowhere."""

LineBuffered: TypeAlias = Literal["stdbuf", "pty"]

ERROR_OUTPUTS: Final = ("inherit", "merge", "null")
LINE_BUFFERED: Final = (None, "stdbuf", "pty")

STDBUF: Final = ("stdbuf", "-oL")

REMARKS: Final[dict[LineBuffered | None, str]] = {
    None: (
        "it may have said more than has come: programs write to a pipe in blocks;"
        " line_buffered='stdbuf' or 'pty' changes that, as does a terminal (chat.spawn)"
    ),
    "stdbuf": (
        "it may have said more than has come: not every program heeds stdbuf;"
        " line_buffered='pty' goes further, or a terminal (chat.spawn)"
    ),
    "pty": (
        "it may not have seen all that was sent: some programs read a pipe in blocks;"
        " a terminal for both (chat.spawn) changes that"
    ),
}
"""What a wait that ran out says of a program on pipes that still runs."""


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """What a child's standard descriptors are to be.

    Attributes:
        send: Whether its input is a pipe from us; else there is none.
        receive: Whether its output is a pipe to us; else it is ours.
        errors: Where its errors go; `"pipe"`: to us, apart.
        line_buffered: How to have it write by the line; see the top of the module.
    """

    send: bool = True
    receive: bool = True
    errors: ErrorOutput | Literal["pipe"] = "inherit"
    line_buffered: LineBuffered | None = None

    def __post_init__(self) -> None:
        if self.errors not in (*ERROR_OUTPUTS, "pipe"):
            raise ValueError(f"stderr is one of {ERROR_OUTPUTS}, not {self.errors!r}")
        if self.line_buffered not in LINE_BUFFERED:
            raise ValueError(
                f"line_buffered is one of {LINE_BUFFERED}, not {self.line_buffered!r}"
            )


@final
@dataclass(frozen=True, slots=True)
class Started:
    """A child on pipes, with our ends of them, which belong to whoever has this.

    Attributes:
        writer: Where its input is written to, or `None`.
        reader: Where its output comes from, or `None`.
        errors: Where its errors come from, or `None`.
    """

    pid: int
    argv: tuple[str, ...]
    plan: Plan
    writer: int | None
    reader: int | None
    errors: int | None

    def transport(
        self, *, patience: float | None = 0.0
    ) -> DescriptorTransport | ReadingTransport | WritingTransport:
        """The transport over its input and output, which takes those and the child over.

        Args:
            patience: Seconds the child is given, at least, to end by itself once its input
                is closed, when it is to be ended; `None`: no limit.
        """
        made = _transport_over(self.reader, self.writer)
        process = ChildProcess(
            self.pid,
            self.argv,
            terminal=None if self.reader is None else OutputPipe(made.fileno),
            close_input=None if made.writer is None else made.writer.close,
            patience=patience,
        )
        made.process = process
        if self.reader is not None:
            made.remark = partial(_remark, process, REMARKS[self.plan.line_buffered])
        return made


def _transport_over(
    reader: int | None, writer: int | None
) -> DescriptorTransport | ReadingTransport | WritingTransport:
    if reader is not None:
        return (
            ReadingTransport(reader) if writer is None else DescriptorTransport(reader, writer)
        )
    assert writer is not None, "a conversation goes one way at least"
    return WritingTransport(writer)


def _remark(process: ChildProcess, words: str) -> str | None:
    return words if process.is_alive() else None


@final
class OutputPipe:
    """What a child says goes there; whoever has let go of it is ending, as a rule.

    Args:
        fileno: Gives the descriptor it is read from, or raises SessionClosed.
    """

    __slots__ = ("_fileno",)

    def __init__(self, fileno: Callable[[], int]) -> None:
        self._fileno = fileno

    def foreground_group(self) -> None:
        """There is none: it is no terminal."""

    def in_use(self) -> bool:
        """Whether any process still has it open."""
        try:
            descriptor = self._fileno()
        except SessionClosed:
            return False
        poller = select.poll()
        poller.register(descriptor, 0)  # a hang-up is told unasked
        return not poller.poll(0)


# ── starting ──────────────────────────────────────────────────────────────────────────────


ChildEnds: TypeAlias = "tuple[int | None, int | None, int | None]"
"""What becomes the child's descriptors 0, 1 and 2; `None`: what ours is."""


def start_on_pipes(command: Command, plan: Plan) -> Started:
    """Start a command as the leader of a session of its own, with pipes to and from it.

    Raises:
        SpawnFailed: It could not be started (or `CommandNotFound`, `CommandNotPermitted`).
            No child, zombie or descriptor is left.
    """
    argv = command.argv
    if plan.line_buffered == "stdbuf":
        wrapped = (*STDBUF, command.path, *argv[1:])
        command = Command.checked(wrapped, command.cwd, command.env)
    with Ends() as ends:
        try:
            child, ours = ends.open_for(plan)
            pid = _start(command, child)
        except (OSError, termios.error) as error:
            raise translated(command, error) from error
        ends.keep(*ours)
    return Started(pid, argv, plan, *ours)


@final
class Ends:
    """Descriptors that are closed at the end of a `with` block, unless they are kept."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def open_for(self, plan: Plan) -> tuple[ChildEnds, ChildEnds]:
        """The child's ends, and ours: of its input, its output and its errors."""
        writer = reader = errors = output = child_errors = None
        if plan.send:
            child_input, writer = self.pipe()
        else:
            child_input = self.add(os.open(os.devnull, os.O_RDONLY))
        if plan.receive:
            reader, output = self.raw_terminal() if plan.line_buffered == "pty" else self.pipe()
        if plan.errors == "pipe":
            errors, child_errors = self.pipe()
        elif plan.errors == "merge":
            child_errors = 1 if output is None else output
        elif plan.errors == "null":
            child_errors = self.add(os.open(os.devnull, os.O_WRONLY))
        return (child_input, output, child_errors), (writer, reader, errors)

    def keep(self, *descriptors: int | None) -> None:
        """Do not close these."""
        self._open.difference_update(descriptors)

    def close(self, descriptor: int) -> None:
        """Close one now."""
        self._open.remove(descriptor)
        os.close(descriptor)

    def add(self, descriptor: int) -> int:
        """Have it closed; it is moved out of the way of the child's first three."""
        if descriptor < 3:
            low, descriptor = descriptor, fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
            os.close(low)
        self._open.add(descriptor)
        return descriptor

    def pipe(self) -> tuple[int, int]:
        """A pipe: where it is read, and where it is written."""
        reader, writer = os.pipe()
        return self.add(reader), self.add(writer)

    def raw_terminal(self) -> tuple[int, int]:
        """A pseudo-terminal that changes nothing: where it is read, and where written."""
        master, slave = map(self.add, os.openpty())
        tty.setraw(slave)
        return master, slave


def _start(command: Command, child: ChildEnds) -> int:
    if sys.platform == "linux":
        actions = [
            (os.POSIX_SPAWN_DUP2, source, number)
            for number, source in enumerate(child)
            if source is not None
        ]
        with contextlib.suppress(CannotSpawn):
            return spawn_process(command, actions)
    return _start_by_subprocess(command, child)


def _start_by_subprocess(command: Command, child: ChildEnds) -> int:
    """Start it where `posix_spawn` cannot: in another directory, or on another system."""
    import subprocess  # start-up cost: hardly anybody gets here

    popen = subprocess.Popen(
        command.argv,
        executable=command.path,
        cwd=command.cwd,
        env=command.env,
        stdin=child[0],
        stdout=child[1],
        stderr=child[2],
        start_new_session=True,
    )
    popen.returncode = 0  # `ChildProcess` reaps it, and nobody else shall
    return popen.pid
