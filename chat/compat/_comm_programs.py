"""Comm.pl's programs: started on a terminal, waited for, and their terminals' modes."""

from __future__ import annotations

import os
import shlex
import subprocess
import termios
from contextlib import suppress
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from chat.compat._comm_handles import AsAccumulated, Handle, Proc, descriptor_of
from chat.errors import NotSupported, WaitTimeout
from chat.opening.programs import spawn
from chat.session import Session
from chat.signals import name
from chat.values import ExitStatus

TO_NEWLINES: Final = 'stty nl && echo ready && exec "$@"'
"""Has the shell start a program where `\\n` ends a line both ways ("people generally expect
it to work"), once it has said that this is so."""

_programs: Final[WeakValueDictionary[int, Session[str]]] = WeakValueDictionary()
_modes_made: Final[dict[tuple[str, tuple[Any, ...]], list[Any]]] = {}


def open_proc(*command: str) -> Proc:
    """Start a program in a session of its own, on a terminal where `\\n` ends lines both ways.

    Args:
        command: The program and its arguments. One text alone is a command for the shell.

    Raises:
        CommandError: There is none.
        SpawnFailed: There is no shell, or no terminal, to start it. A program that there is
            not is something that the shell says.
    """
    words = command if len(command) != 1 else ("sh", "-c", *command)
    argv = ["sh", "-c", TO_NEWLINES, "sh", *words] if words else []
    session = spawn(argv, newline="\n", order=AsAccumulated)
    try:
        session.expect("ready\n")
    except BaseException:
        session.close()
        raise
    assert session.pid is not None, "a program on a terminal is a process"
    _programs[session.pid] = session
    return Proc(session, session, session.pid)


class Waited(NamedTuple):
    """The process that has ended, and how; 0 and `None` if none has."""

    pid: int
    status: ExitStatus | None


NOBODY: Final = Waited(0, None)


def wait_nohang(pid: int = -1) -> Waited:
    """See whether a child process has ended, and reap it; -1: any of this process's."""
    return _wait(pid, os.WNOHANG)


def wait_hang(pid: int = -1) -> Waited:
    """Wait until a child process has ended, and reap it; -1: any of this process's.

    What a program of `open_proc` says meanwhile is kept, if it is waited for by its id.
    """
    return _wait(pid, 0)


def _wait(pid: int, option: int) -> Waited:
    if pid in _programs:
        return _wait_program(_programs[pid], None if option == 0 else 0)
    try:
        # Only looked at: who it is decides who reaps it.
        seen = os.waitid(
            os.P_PID if pid > 0 else os.P_ALL, max(0, pid), os.WEXITED | os.WNOWAIT | option
        )
        if seen is None:
            return NOBODY
        if seen.si_pid in _programs:
            return _wait_program(_programs[seen.si_pid], None)
        ended, raw = os.waitpid(seen.si_pid, 0)
    except ChildProcessError:
        return NOBODY
    code = os.waitstatus_to_exitcode(raw)
    if code < 0:
        return Waited(ended, ExitStatus(None, name(-code)))
    return Waited(ended, ExitStatus(code))


def _wait_program(session: Session[str], seconds: float | None) -> Waited:
    assert session.pid is not None
    if session.closed:
        return Waited(session.pid, session.exit_status)
    with suppress(WaitTimeout):
        return Waited(session.pid, session.wait(timeout=seconds))
    return NOBODY


# ── modes ─────────────────────────────────────────────────────────────────────────────────


def stty_sane(handle: Handle) -> None:
    """Have a terminal gather lines, show what is typed, and end lines as usual."""
    stty_ioctl(handle, "stty sane")


def stty_raw(handle: Handle) -> None:
    """Have a terminal pass on every byte as it comes, and show none."""
    stty_ioctl(handle, "stty raw -echo")


def stty_ioctl(handle: Handle, command: str) -> None:
    """Set a terminal's modes as a command of `stty` does.

    The program runs once: what it makes of the modes that it finds is remembered, and from
    then on set without it.

    Args:
        handle: Of `open_proc`, or a file that is a terminal, such as `sys.stdin`.
        command: As for a shell, which does not run: `"stty intr '^c'"`.

    Raises:
        NotSupported: It is no terminal, or there is no such mode.
    """
    descriptor = descriptor_of(handle)
    try:
        before = termios.tcgetattr(descriptor)
        known = command, (*before[:-1], *before[-1])
        if known not in _modes_made:
            _run(descriptor, command)
            _modes_made[known] = termios.tcgetattr(descriptor)
        termios.tcsetattr(descriptor, termios.TCSANOW, _modes_made[known])
    except termios.error as error:
        raise NotSupported(f"{command!r}: {error.args[-1]}") from error


def _run(descriptor: int, command: str) -> None:
    done = subprocess.run(
        shlex.split(command), stdin=descriptor, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NotSupported(f"{command!r}: {done.stderr.strip()}")
