"""A program on a pseudo-terminal of its own."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Self, final

from chat.errors import NotSupported, SessionClosed
from chat.transports import READ_SIZE
from chat.transports.held_child import HeldChild
from chat.transports.process import ChildProcess
from chat.transports.spawning import Command
from chat.transports.starting import start_child
from chat.transports.terminal import PtyTerminal
from chat.values import WindowSize

if TYPE_CHECKING:
    from chat.transports.tree import Tree

DEFAULT_SIZE: Final = WindowSize()


@final
class PtyTransport:
    """Bytes to and from the program behind a pseudo-terminal.

    Args:
        held: The child and the master. The transport owns the master from now on.
        argv: The command it was started with.
        path: The slave's name, where it is known.
        tree: What it takes to end also those of its descendants who leave its session.

    Attributes:
        process: The child process.
        terminal: The terminal it runs on.
    """

    __slots__ = ("_held", "process", "terminal")

    def __init__(
        self,
        held: HeldChild,
        argv: Sequence[str],
        path: str | None,
        tree: Tree | None = None,
    ) -> None:
        self._held = held
        self.terminal: Final = PtyTerminal(held.fd, path)
        # Not `self.close`: a reference in a circle would keep the descriptor open until
        # the garbage collector comes by.
        hang_up = partial(_let_go, held, self.terminal)
        self.process: Final = ChildProcess(
            held.pid,
            argv,
            terminal=self.terminal,
            hang_up=hang_up,
            say_eof=partial(_say_eof, held, self.terminal),
            tree=tree,
        )

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        size: WindowSize = DEFAULT_SIZE,
        echo: bool = True,
        ignore_sighup: bool = False,
        tree: bool = False,
    ) -> Self:
        """Start a command as the leader of a session on a new pseudo-terminal.

        Its three standard descriptors are the terminal, which is also its controlling
        terminal; it inherits no other descriptor, no blocked signal, and of the ignored
        signals none but what is asked for here.

        Args:
            argv: The command and its arguments. A name without `/` is looked for in the
                PATH of the child's environment, one with `/` is seen from `cwd`.
            cwd: Where it starts; left out: where this process is.
            env: Its whole environment; left out: this process's.
            size: The terminal's rows and columns.
            echo: Whether the terminal shows what is typed.
            ignore_sighup: Start it with SIGHUP ignored, as `nohup` does. This costs a
                fork of this process.
            tree: Have those of its descendants that leave its session end with it; see
                `chat.transports.tree`.

        Raises:
            CommandError: The command, or the environment, is malformed.
            CommandNotFound: There is no such command.
            CommandNotPermitted: It may not be executed.
            SpawnFailed: It could not be started for another reason, which is named.
            NotSupported: This system cannot find such descendants again.
        """
        grown = None
        if tree:
            from chat.transports.tree import Tree  # start-up cost: few ask for it

            grown = Tree()
            env = grown.environment(env)
        try:
            command = Command.checked(argv, cwd, env)
            held, path = start_child(command, size=size, echo=echo, ignore_sighup=ignore_sighup)
        except BaseException:
            if grown is not None:
                grown.leave()
            raise
        return cls(held, argv, path, grown)

    def __repr__(self) -> str:
        return f"<PtyTransport on {self.terminal.path}: {self.process!r}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come, at most `size` bytes; `b""` is the end, again and again.

        Raises:
            BlockingIOError: Nothing has come yet.
            SessionClosed: The transport is closed.
        """
        try:
            return os.read(self._held.fd, size)
        except OSError as error:
            # Linux reports the last close of the slave as EIO, the BSDs as an empty read.
            if error.errno == errno.EIO:
                return b""
            self._check_open()
            raise

    def write(self, data: bytes) -> int:
        """Hand over what the terminal takes at once, and say how many bytes that was.

        Raises:
            BlockingIOError: Nothing is taken now.
            BrokenPipeError: No program has the terminal open any more.
            SessionClosed: The transport is closed.
        """
        # Linux takes what is written to a terminal that nobody has open, until a buffer is
        # full, and throws it away. One cheap question tells most of the time that somebody
        # is there; the dear one is asked when it does not.
        if self.terminal.foreground_group() is None and not self.terminal.in_use():
            self._check_open()
            raise BrokenPipeError(errno.EPIPE, "no program has the terminal open")
        try:
            return os.write(self._held.fd, data)
        except OSError as error:
            if error.errno == errno.EIO:
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
            self._check_open()
            raise

    def close(self) -> None:
        """Close the master, which hangs up the terminal: the kernel sends SIGHUP."""
        _let_go(self._held, self.terminal)

    def hand_over_child(self) -> HeldChild:
        """The child and its master, for somebody else to end and to close; this is closed.

        Raises:
            SessionClosed: The transport is closed.
        """
        self._check_open()
        handed = HeldChild.taken_over(self._held)
        self._held.fd = -1
        self.terminal.release()
        return handed

    def fileno(self) -> int:
        """The descriptor to wait on.

        Raises:
            SessionClosed: The transport is closed.
        """
        self._check_open()
        return self._held.fd

    def _check_open(self) -> None:
        if self._held.closed:
            raise SessionClosed("the pseudo-terminal is closed")


def _say_eof(held: HeldChild, terminal: PtyTerminal) -> None:
    """Type the terminal's end-of-file character, if it has one and takes it."""
    with contextlib.suppress(NotSupported, SessionClosed, OSError):
        os.write(held.fd, terminal.control("eof"))


def _let_go(held: HeldChild, terminal: PtyTerminal) -> None:
    terminal.release()
    held.let_go()
