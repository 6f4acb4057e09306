"""A child process: whether it lives, how it ended, and how to end it.

Two rules hold the whole file together.

*A number is only a process while we hold it.* The kernel may give a process id to a
stranger as soon as the child is reaped, so every signal goes out under the lock that
reaping takes, and never after it. What the child leaves behind in its process group is
killed while the child is still a zombie: the zombie keeps the number ours.

*A question has no side effects.* `is_alive` looks with `WNOWAIT`; only `wait_exit` and
`end` reap, and they do it once.

Waiting is done on a pidfd (Linux 5.3 and later), so it ends with the event and not with
a tick. Each wait opens its own: closing a shared one in one thread would pull it from
under another thread's `poll`. Where there is no pidfd, waiting asks again after delays
that double from 1 ms to 50 ms, or blocks in `waitid` when there is no limit.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, final

from chat.errors import WaitTimeout
from chat.signals import name
from chat.timing import deadline_after, milliseconds, seconds_until
from chat.transports.activity import session_activity
from chat.transports.process_table import session_members
from chat.values import ExitStatus, redact

STAGES: Final = (
    (signal.SIGHUP, signal.SIGCONT),
    (signal.SIGTERM, signal.SIGCONT),
    (signal.SIGKILL,),
)
"""What `end` sends, one stage after the other. A stopped process acts on SIGHUP and
SIGTERM only once it is continued; SIGKILL needs no help."""

KILL_PATIENCE: Final = 5.0
"""Seconds to wait after SIGKILL, if `grace` is less. The signal cannot be refused, but a
process may be deep in the kernel (a dying disk, NFS) and end only when it gets out."""

_FIRST_DELAY: Final = 0.001
_LONGEST_DELAY: Final = 0.05

_LOOK: Final = (os.WEXITED | os.WNOWAIT | os.WNOHANG) if hasattr(os, "waitid") else 0


class ControllingTerminal(Protocol):
    """What a child's end depends on, beyond the child: its terminal, or its output pipe."""

    def foreground_group(self) -> int | None:
        """The process group in the foreground, or `None` if there is none to be seen."""

    def in_use(self) -> bool:
        """Whether any process still has it open."""


@final
class ChildProcess:
    """Capability `process` for a child that leads a session of its own.

    End it, or wait for its end, before letting go of its terminal: closing that first
    hangs it up, and the status it would have had is lost.

    Args:
        pid: The child, started by this process and reaped by nobody else.
        argv: The command it was started with.
        terminal: Its controlling terminal, if it has one.
        hang_up: Called by `end` when the child may not be signalled (it has become
            another user, as `sudo` does): closes our side of its terminal, which makes
            the kernel send SIGHUP in our stead.
        close_input: Called by `end` before anything else: closes the child's input, which
            is how a program that reads from a pipe is told that it is done.
        patience: Seconds that `end` waits for what this brings about, at least; `None`:
            as long as it takes.
    """

    __slots__ = (
        "_close_input", "_exit_descriptor", "_hang_up", "_leftovers", "_lock", "_patience",
        "_started", "_status", "_terminal", "argv", "pid",
    )  # fmt: skip

    def __init__(
        self,
        pid: int,
        argv: Sequence[str],
        *,
        terminal: ControllingTerminal | None = None,
        hang_up: Callable[[], None] | None = None,
        close_input: Callable[[], None] | None = None,
        patience: float | None = 0.0,
    ) -> None:
        self.pid: Final = pid
        self.argv: Final = tuple(argv)
        self._terminal = terminal
        self._hang_up = hang_up
        self._close_input = close_input
        self._patience = patience
        self._started = time.monotonic()
        self._status: ExitStatus | None = None
        self._leftovers = False  # members its group still had just after it was reaped
        self._exit_descriptor: int | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        state = self._status or ("running" if self.is_alive() else "ended")
        return f"<ChildProcess {self.argv[0]!r} pid {self.pid}: {state}>"

    def is_alive(self) -> bool:
        """Whether it runs. A question: it does not reap."""
        return not self._has_ended()

    def activity(self) -> object:
        """What the processes of its session have done so far; see `chat.transports.activity`.

        Raises:
            NotSupported: This system does not tell.
        """
        return () if self._has_ended() else session_activity(self.pid)

    def exit_fileno(self) -> int | None:
        """A descriptor that becomes readable when the child ends, where there is one.

        It stays the same until the child is reaped, which closes it: whoever waits on it
        lets go of it before calling `wait_exit` or `end`. From then on, `None`.
        """
        with self._lock:
            if self._exit_descriptor is None and self._status is None:
                self._exit_descriptor = _open_pidfd(self.pid)
            return self._exit_descriptor

    def wait_exit(self, seconds: float | None) -> ExitStatus | None:
        """Wait for its end and reap it.

        Args:
            seconds: `None`: no limit. 0: look, do not wait.

        Returns:
            How it ended, the same each time, or `None` if it still runs. A status with
            neither code nor signal means that somebody else has reaped it.
        """
        status = self._reap_nowait()
        if status is None and seconds != 0 and self._wait_end(seconds):
            status = self._reap_nowait()
        return status

    def signal(self, number: int) -> None:
        """Send a signal to its process group; a program that has ended is no error.

        Raises:
            PermissionError: It runs as another user now.
        """
        with self._lock:
            if self._status is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, number)

    def end(self, grace: float) -> ExitStatus:
        """End the whole session: hang up, then SIGTERM, then SIGKILL; reap the child.

        Where there is an input to close, that comes first, and may be enough. No member of
        the child's process group is left, and no background job of its session. If the child
        had already ended by itself, jobs it left in groups of their own are ended only while
        they hold its terminal: those with neither (`nohup job <&- >log 2>&1 &`) were meant
        to stay.

        Args:
            grace: Seconds each of these is given.

        Raises:
            WaitTimeout: Not even SIGKILL ended it within `KILL_PATIENCE`.
        """
        if not self._has_ended() and not self._ends_by_itself(grace):
            self._escalate(grace)
        if self._status is None:
            with contextlib.suppress(OSError):
                self.signal(signal.SIGKILL)  # what it left in its group, see the top
        status = self._reap_nowait()
        if status is None:
            raise WaitTimeout(
                f"{redact(self.argv[0])} (pid {self.pid}) did not end after SIGKILL"
            )
        if self._leftovers or (self._terminal is not None and self._terminal.in_use()):
            self._escalate(grace)
            self._leftovers = False
        return status

    # Looking and reaping

    def _has_ended(self) -> bool:
        if self._status is not None:
            return True
        if not _LOOK:  # macOS before Python 3.13 has no waitid: there, looking reaps
            return self._reap_nowait() is not None
        try:
            return os.waitid(os.P_PID, self.pid, _LOOK) is not None
        except ChildProcessError:
            return self._reap_nowait() is not None

    def _reap_nowait(self) -> ExitStatus | None:
        with self._lock:
            if self._status is None:
                try:
                    pid, raw = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:  # somebody else did, or SIGCHLD is ignored
                    self._bury(None)
                else:
                    if pid:
                        self._bury(os.waitstatus_to_exitcode(raw))
            return self._status

    def _bury(self, code: int | None) -> None:
        duration = time.monotonic() - self._started
        if code is not None and code < 0:
            self._status = ExitStatus(None, name(-code), duration)
        else:
            self._status = ExitStatus(code, None, duration)
        self._leftovers = _group_exists(self.pid)
        if self._exit_descriptor is not None:
            os.close(self._exit_descriptor)
            self._exit_descriptor = None

    # Waiting

    def _wait_end(self, seconds: float | None) -> bool:
        """Wait until it has ended, without reaping; whether it has."""
        with self._watch_leader() as watched:
            if watched is None:
                return self._ask_until_end(seconds)
            poller = select.poll()
            poller.register(watched, select.POLLIN)
            return bool(poller.poll(milliseconds(seconds))) or self._has_ended()

    @contextlib.contextmanager
    def _watch_leader(self) -> Iterator[int | None]:
        with self._lock:
            pidfd = _open_pidfd(self.pid) if self._status is None else None
        try:
            yield pidfd
        finally:
            if pidfd is not None:
                os.close(pidfd)

    def _ask_until_end(self, seconds: float | None) -> bool:
        """Wait without a pidfd; see the top of the file."""
        if seconds is None and _LOOK:
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            return True
        deadline = deadline_after(time.monotonic(), seconds)
        delay = _FIRST_DELAY
        while not self._has_ended():
            left = seconds_until(deadline, time.monotonic())
            if left == 0:
                return False
            time.sleep(delay if left is None else min(delay, left))
            delay = min(2 * delay, _LONGEST_DELAY)
        return True

    # Ending

    def _ends_by_itself(self, grace: float) -> bool:
        if self._close_input is not None:
            self._close_input()
            patience = None if self._patience is None else max(grace, self._patience)
            return self._wait_end(patience)
        # A program that has let go of its terminal is ending, as a rule, and its own
        # status says more than our signal's name would.
        if self._terminal is None or self._terminal.in_use():
            return False
        return self._wait_end(grace)

    def _escalate(self, grace: float) -> None:
        """Go through the stages until neither the child nor another member is left."""
        for signals in STAGES:
            patience = max(grace, KILL_PATIENCE) if signal.SIGKILL in signals else grace
            with self._watch_others() as others:
                if not others and self._has_ended():
                    return
                self._signal_all(signals, others)
                self._wait_all(others, patience)

    @contextlib.contextmanager
    def _watch_others(self) -> Iterator[list[int]]:
        """Pidfds of the living members of the session, the child itself left out."""
        pidfds: list[int] = []
        try:
            for pid in self._others():
                pidfd = _open_pidfd(pid)
                if pidfd is not None:
                    pidfds.append(pidfd)
                    if not _in_session(pid, self.pid):  # the number has a new owner
                        os.close(pidfds.pop())
            gone = {ready for ready, _ in _poll_ends(pidfds, 0)}
            yield [pidfd for pidfd in pidfds if pidfd not in gone]
        finally:
            for pidfd in pidfds:
                os.close(pidfd)

    def _others(self) -> list[int]:
        # While a member lives, the kernel gives the session's number to nobody else. A
        # process that has it after the child was reaped is therefore a stranger, and
        # shows that no member is left.
        members = session_members(self.pid)
        if self._status is not None and self.pid in members:
            return []
        return [pid for pid in members if pid != self.pid]

    def _signal_all(self, signals: Sequence[int], others: Sequence[int]) -> None:
        foreground = 0
        if self._terminal is not None and not hasattr(os, "pidfd_open"):
            foreground = self._terminal.foreground_group() or 0
        for number in signals:
            try:
                self.signal(number)
            except PermissionError:
                if self._hang_up is not None:
                    self._hang_up()
            for pidfd in others:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(pidfd, number)
            if foreground not in (0, self.pid):
                with contextlib.suppress(OSError):
                    os.killpg(foreground, number)

    def _wait_all(self, others: Sequence[int], seconds: float) -> None:
        """Wait until the child and the others have ended, or the seconds have passed."""
        with self._watch_leader() as leader:
            if leader is None and not self._has_ended():
                self._ask_until_end(seconds)
                return
            waiting = [*others] if leader is None else [leader, *others]
            deadline = time.monotonic() + seconds
            while waiting:
                ready = _poll_ends(waiting, deadline - time.monotonic())
                if not ready:
                    return
                gone = {pidfd for pidfd, _ in ready}
                waiting = [pidfd for pidfd in waiting if pidfd not in gone]


def _open_pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends.

    `None` where the system has none, and when no descriptor is left: waiting must not
    fail for want of one. Also when the process is gone, which the caller sees by itself.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _in_session(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session
    except OSError:
        return False


def _poll_ends(pidfds: Sequence[int], seconds: float) -> list[tuple[int, int]]:
    if not pidfds:
        return []
    poller = select.poll()
    for pidfd in pidfds:
        poller.register(pidfd, select.POLLIN)
    return poller.poll(milliseconds(seconds))


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # there is one, of another user
    return True
