"""The terminal at the other end of a pseudo-terminal, seen and set through our side.

On Linux, macOS and the BSDs, mode and size requests on the master reach the slave, so
nothing here opens the slave, which would keep the terminal from being hung up.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import termios
from fcntl import ioctl
from typing import Any, Final, final

from chat.errors import NotSupported, SessionClosed, UnknownKey
from chat.transports.input_wait import is_input_awaited
from chat.values import WindowSize

LINE_LIMITS: Final = {"linux": 4096, "darwin": 1024}
"""Bytes in the longest line, its end included, by `sys.platform`, where it is known.

Linux answers `_PC_MAX_CANON` with 255, the least POSIX allows; what its line discipline
keeps is N_TTY_BUF_SIZE (drivers/tty/n_tty.c): 4095 bytes and the line's end, more is
dropped. macOS keeps TTYHOG (bsd/sys/tty.h), which is also what it answers."""

CONTROLS: Final = {
    name: getattr(termios, constant)
    for name, constant in {
        "intr": "VINTR",
        "quit": "VQUIT",
        "erase": "VERASE",
        "kill": "VKILL",
        "eof": "VEOF",
        "eol": "VEOL",
        "eol2": "VEOL2",
        "start": "VSTART",
        "stop": "VSTOP",
        "susp": "VSUSP",
        "reprint": "VREPRINT",
        "discard": "VDISCARD",
        "werase": "VWERASE",
        "lnext": "VLNEXT",
    }.items()
    if hasattr(termios, constant)
}
"""Places of the control characters among a terminal's modes, by the names `stty` uses."""

_LOCAL_MODES: Final = 3
_CONTROL_CHARACTERS: Final = 6
_SWITCHED_OFF: Final = b"\0" if sys.platform == "linux" else b"\xff"

_WINDOW_SIZE: Final = struct.Struct("HHHH")  # struct winsize: rows, columns, two unused


@final
class PtyTerminal:
    """Capability `terminal` over the master of a pseudo-terminal.

    Args:
        descriptor: The master. It is the transport's: `release` says that it is closed.
        path: The slave's name, where it is known.

    Every method raises `SessionClosed` once the transport is closed, and `NotSupported`,
    with the system's reason, if the system refuses.
    """

    __slots__ = ("_descriptor", "path")

    def __init__(self, descriptor: int, path: str | None) -> None:
        self._descriptor = descriptor
        self.path: Final = path

    def __repr__(self) -> str:
        state = "closed" if self._descriptor < 0 else "open"
        return f"<PtyTerminal {self.path or 'without a name'}: {state}>"

    def release(self) -> None:
        """Take notice that the descriptor is closed: its number may soon be another's."""
        self._descriptor = -1

    @property
    def size(self) -> WindowSize:
        """Rows and columns."""
        try:
            answer = ioctl(self._master(), termios.TIOCGWINSZ, bytes(_WINDOW_SIZE.size))
        except OSError as error:
            raise _refused("tell its size", error) from error
        rows, columns, _, _ = _WINDOW_SIZE.unpack(answer)
        return WindowSize(rows or 1, columns or 1)

    def resize(self, size: WindowSize) -> None:
        """Set rows and columns; the foreground processes get SIGWINCH if that is new."""
        try:
            set_window_size(self._master(), size)
        except OSError as error:
            raise _refused("be resized", error) from error

    @property
    def echo(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(self._local_modes() & termios.ECHO)

    @echo.setter
    def echo(self, on: bool) -> None:
        try:
            set_echo(self._master(), on)
        except termios.error as error:
            raise _refused("change its echo", error) from error

    @property
    def canonical(self) -> bool:
        """Whether input is gathered into lines by the terminal (ICANON)."""
        return bool(self._local_modes() & termios.ICANON)

    def line_limit(self) -> int:
        """Bytes in the longest line the terminal takes in canonical mode, its end included.

        `LINE_LIMITS`, or where the platform is not in it what it answers itself, which
        may be less than it really takes.
        """
        known = LINE_LIMITS.get(sys.platform)
        if known is not None:
            return known
        try:
            return os.fpathconf(self._master(), "PC_MAX_CANON")
        except (OSError, ValueError) as error:
            raise _refused("tell how long a line may be", error) from error

    def control(self, name: str) -> bytes:
        """The byte that stands for a control character now, by the name `stty` gives it.

        Args:
            name: `"eof"`, `"intr"`, `"susp"`, `"quit"`, `"erase"`, `"kill"` …, see
                `CONTROLS`.

        Raises:
            UnknownKey: There is no such control character.
            NotSupported: The program has switched it off.
        """
        place = CONTROLS.get(name)
        if place is None:
            raise UnknownKey(f"no control character is called {name!r}")
        character = self._modes()[_CONTROL_CHARACTERS][place]
        if not isinstance(character, bytes) or character == _SWITCHED_OFF:
            raise NotSupported(f"the terminal's {name!r} character is switched off")
        return character

    def input_wait(self) -> bool:
        """Whether the foreground process is blocked reading this terminal right now.

        What the process said before may still be on its way through the kernel: read
        until nothing more comes both before and after asking.

        Raises:
            NotSupported: This system cannot tell, or may not look; the message says why.
        """
        self._master()
        if self.path is None:
            raise NotSupported("whether a program waits for input cannot be seen here")
        group = self.foreground_group()
        return group is not None and is_input_awaited(self.path, group)

    def foreground_group(self) -> int | None:
        """The process group in the foreground, or `None` if there is none to be seen."""
        if self._descriptor < 0:
            return None
        try:
            return os.tcgetpgrp(self._descriptor) or None
        except OSError:
            return None

    def in_use(self) -> bool:
        """Whether any process still has the terminal open."""
        if self._descriptor < 0:
            return False
        poller = select.poll()
        poller.register(self._descriptor, 0)  # a hang-up is always reported
        return not poller.poll(0)

    def _master(self) -> int:
        if self._descriptor < 0:
            raise SessionClosed("the terminal is closed")
        return self._descriptor

    def _modes(self) -> list[Any]:  # numbers, and a list of control characters
        try:
            return termios.tcgetattr(self._master())
        except termios.error as error:
            raise _refused("tell its modes", error) from error

    def _local_modes(self) -> int:
        return int(self._modes()[_LOCAL_MODES])


def set_window_size(descriptor: int, size: WindowSize) -> None:
    """Set rows and columns of the terminal a descriptor belongs to.

    Raises:
        OSError: The system refuses.
    """
    ioctl(descriptor, termios.TIOCSWINSZ, _WINDOW_SIZE.pack(size.rows, size.columns, 0, 0))


def set_echo(descriptor: int, on: bool) -> None:
    """Set whether the terminal a descriptor belongs to shows what is typed.

    Raises:
        termios.error: The system refuses.
    """
    modes = termios.tcgetattr(descriptor)
    if on:
        modes[_LOCAL_MODES] |= termios.ECHO
    else:
        modes[_LOCAL_MODES] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, modes)


def _refused(what: str, error: Exception) -> NotSupported:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else None
    reason = str(error) if code is None else os.strerror(code)
    return NotSupported(f"the terminal cannot {what}: {reason}")
