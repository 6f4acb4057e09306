"""Signals to others, and the question whether they are there: perlipc's `kill`."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final

from chat.errors import ProcessGone, SignalFailed, SignalNotPermitted
from chat.signals.names import name, number


class HasSignal(Protocol):
    """What can be sent a signal by itself: a session, for one."""

    @property
    def pid(self) -> int | None:
        """Its process id."""

    def signal(self, which: str | int, /) -> None:
        """Send it a signal."""


class HasSendSignal(Protocol):
    """What the standard library has of this kind: a `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal."""


@final
@dataclass(frozen=True, slots=True)
class Group:
    """A process group, by its number: `Group(os.getpgrp())` is our own."""

    pid: int

    def __post_init__(self) -> None:
        # kill(2) takes a group as a negative number, and -1 for everybody.
        if self.pid < 2:
            raise ValueError(f"there is no process group {self.pid} to send anything to")


Target: TypeAlias = "int | Group | HasSignal | HasSendSignal"


def send(which: str | int, target: Target | None = None, *, group: int | None = None) -> None:
    """Send a signal to a process, a session or a process group.

        chat.signals.send("HUP", pid)
        chat.signals.send("USR1", session)          # to its process group
        chat.signals.send("HUP", group=os.getpgrp())  # perlipc's `kill HUP => -$$`

    Args:
        which: The signal, by name or number.
        target: A process id, a session, a `subprocess.Popen` or a `Group`. That a session's
            program has ended already is no error.
        group: A process group by its number, in place of a target.

    Raises:
        ProcessGone: There is no such process or group.
        SignalNotPermitted: It belongs to another user.
        SignalFailed: The system refuses for another reason.
        ValueError: There is no such signal, or no process can have such a number.
        TypeError: There is not exactly one target, or it is none.
    """
    found = number(which)
    if (target is None) == (group is None):
        raise TypeError("a signal has one target: a process, a session, or group=")
    if group is not None:
        target = Group(group)
    try:
        _send(found, target)
    except OSError as error:
        raise _explained(error, found, target) from error


def _send(which: int, target: Any) -> None:  # a Target, asked for what it has
    if isinstance(target, Group):
        os.killpg(target.pid, which)
    elif isinstance(target, int):
        os.kill(_checked(target), which)
    elif hasattr(target, "send_signal"):
        target.send_signal(which)
    elif hasattr(target, "signal"):
        target.signal(which)
    else:
        raise TypeError(f"a {type(target).__name__} cannot be sent a signal")


def _checked(pid: int) -> int:
    if isinstance(pid, bool) or pid < 1:
        raise ValueError(f"no process can have the number {pid!r}; a group is a Group")
    return pid


def _explained(error: OSError, which: int, target: object) -> SignalFailed:
    kind = SignalFailed
    if isinstance(error, ProcessLookupError):
        kind = ProcessGone
    elif isinstance(error, PermissionError):
        kind = SignalNotPermitted
    reason = os.strerror(error.errno) if error.errno else str(error)
    made = kind(f"cannot send {name(which)} to {_described(target)}: {reason}")
    made.errno = error.errno
    return made


def _described(target: object) -> str:
    if isinstance(target, int):
        return f"process {target}"
    if isinstance(target, Group):
        return f"process group {target.pid}"
    return f"process {getattr(target, 'pid', None)}"


# ── whether it is there ───────────────────────────────────────────────────────────────────


class Life(enum.Enum):
    """What can be said of a process; true in a condition if there is one that has not ended."""

    ALIVE = "it is there"
    NOT_PERMITTED = "it is there, and belongs to another user"
    ZOMBIE = "it has ended, and its parent has not asked how"
    GONE = "there is none"

    def __bool__(self) -> bool:
        return self in (Life.ALIVE, Life.NOT_PERMITTED)


def alive(target: int | HasSignal | HasSendSignal) -> Life:
    """Whether a process lives. A question: it does not reap.

    Of a process id the answer is about whoever has that number now; of a session it is about
    its program.

    Args:
        target: A process id, a session, or a `subprocess.Popen`.

    Raises:
        ValueError: No process can have such a number.
        TypeError: It has no process.
    """
    if isinstance(target, int):
        return _look(_checked(target))
    pid = getattr(target, "pid", None)
    if pid is None:
        raise TypeError(f"this {type(target).__name__} has no process")
    if _knows_its_end(target):
        return Life.ZOMBIE if _is_ended_child(pid) else Life.GONE
    return _look(pid)


def _knows_its_end(target: object) -> bool:
    """Whether it says that it has ended; its number may be somebody else's by now."""
    if getattr(target, "returncode", None) is not None:  # a Popen whose status was asked for
        return True
    is_alive = getattr(target, "is_alive", None)
    return is_alive is not None and not is_alive()


def _look(pid: int) -> Life:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Life.GONE
    except PermissionError:
        return Life.NOT_PERMITTED
    return Life.ZOMBIE if _is_zombie(pid) else Life.ALIVE


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  (pathlib costs start-up)
            fields = file.read().rpartition(b")")[2].split()
    except FileNotFoundError:
        return _is_ended_child(pid)  # a system without /proc: of others it cannot be said
    except OSError:
        return False
    # A process whose first thread has ended looks like a zombie as long as others run.
    return fields[0] in (b"Z", b"X") and int(fields[17]) < 2


def _is_ended_child(pid: int) -> bool:
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except (OSError, AttributeError):  # no child of ours; macOS before Python 3.13
        return False
    return ended is not None
