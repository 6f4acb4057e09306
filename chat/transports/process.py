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
from typing import TYPE_CHECKING, Any, Final, final

from chat.errors import WaitTimeout
from chat.ladder import EOF, Rung, Termination, as_ladder
from chat.signals import children
from chat.signals.statuses import exit_status
from chat.timing import deadline_after, milliseconds, seconds_until
from chat.transports.activity import session_activity
from chat.transports.ending import ControllingTerminal, Ending
from chat.transports.pidfds import open_pidfd
from chat.transports.process_table import session_members
from chat.values import ExitStatus, redact

if TYPE_CHECKING:
    from chat.transports.tree import Tree

_FIRST_DELAY: Final = 0.001
_LONGEST_DELAY: Final = 0.05

_LOOK: Final = (os.WEXITED | os.WNOWAIT | os.WNOHANG) if hasattr(os, "waitid") else 0


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
        say_eof: Tells the child that its input has ended, where that is asked for.
        tree: What it takes to end also those who have left its session.

    Attributes:
        termination: What it took to end it; `None`: nobody has asked for that.
    """

    __slots__ = (
        "__weakref__", "_close_input", "_exit_descriptor", "_hang_up", "_leftovers", "_lock",
        "_patience", "_say_eof", "_started", "_status", "_terminal", "_tree", "argv", "pid",
        "termination",
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
        say_eof: Callable[[], None] | None = None,
        tree: Tree | None = None,
    ) -> None:
        self.pid: Final = pid
        self.argv: Final = tuple(argv)
        self._terminal = terminal
        self._hang_up = hang_up
        self._close_input = close_input
        self._patience = patience
        self._say_eof = close_input or say_eof
        self._tree = tree
        self.termination: Termination | None = None
        self._started = time.monotonic()
        self._status: ExitStatus | None = None
        self._leftovers = False  # members its group still had just after it was reaped
        self._exit_descriptor: int | None = None
        self._lock = threading.Lock()
        children.own(pid, self)

    def __repr__(self) -> str:
        state = self._status or ("running" if self.is_alive() else "ended")
        return f"<ChildProcess {self.argv[0]!r} pid {self.pid}: {state}>"

    def is_alive(self) -> bool:
        """Whether it runs. A question: it does not reap."""
        return not self.has_ended()

    def activity(self) -> object:
        """What the processes of its session have done so far; see `chat.transports.activity`.

        Raises:
            NotSupported: This system does not tell.
        """
        return () if self.has_ended() else session_activity(self.pid)

    def exit_fileno(self) -> int | None:
        """A descriptor that becomes readable when the child ends, where there is one.

        It stays the same until the child is reaped, which closes it: whoever waits on it
        lets go of it before calling `wait_exit` or `end`. From then on, `None`.
        """
        with self._lock:
            if self._exit_descriptor is None and self._status is None:
                self._exit_descriptor = open_pidfd(self.pid)
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
        if status is None and seconds != 0 and self.wait_end(seconds):
            status = self._reap_nowait()
        return status

    def signal(self, number: int, *, foreground: bool = False) -> None:
        """Send a signal to its process group; a program that has ended is no error.

        Args:
            foreground: Send it to the group in its terminal's foreground, if there is one.

        Raises:
            PermissionError: It runs as another user now.
        """
        with self._lock:
            if self._status is None:
                terminal = self._terminal if foreground else None
                group = None if terminal is None else terminal.foreground_group()
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group or self.pid, number)

    def end(self, grace: float, rungs: Sequence[Rung] | None = None) -> ExitStatus:
        """End the whole session by steps, by default `chat.ladder.USUAL`, and reap the child.

        Where there is an input to close, by default that comes first, and may be enough. No
        member of the child's process group is left, and no background job of its session. If
        the child had already ended by itself, jobs it left in groups of their own are ended
        only while they hold its terminal: those with neither (`nohup job <&- >log 2>&1 &`)
        were meant to stay; with a `tree`, those too.

        Args:
            grace: Seconds each of the usual steps is given.
            rungs: Other steps.

        Raises:
            WaitTimeout: The last step has not ended it.
        """
        ending = Ending(self, self, self._terminal, self._hang_up, self._say_eof)
        if not self.has_ended() and not self._ends_by_itself(grace, rungs):
            ending.climb(rungs or self._usual(grace))
        if self._status is None and self.has_ended():
            with contextlib.suppress(OSError):
                self.signal(signal.SIGKILL)  # what it left in its group, see the top
        status = self._reap_nowait()
        if status is not None and self._has_left_others():
            further = [rung for rung in rungs or () if rung.name != EOF]
            ending.climb(further or as_ladder(None, grace))
            self._leftovers = False
        if self.termination is None or ending.termination.steps:
            self.termination = ending.termination
        if status is None:
            steps = ending.termination.steps
            last = steps[-1] if steps else "the end of its input"
            raise WaitTimeout(
                f"{redact(self.argv[0])} (pid {self.pid}) did not end after {last}"
            )
        if self._tree is not None:
            self._tree.leave()
        return status

    # Looking and reaping

    def has_ended(self) -> bool:
        """Whether it has ended. A question: it does not reap."""
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
            self._take_status()
            if self._status is not None and self._exit_descriptor is not None:
                os.close(self._exit_descriptor)
                self._exit_descriptor = None
            return self._status

    def _take_status(self) -> None:
        if self._status is not None:
            return
        try:
            pid, raw, used = os.wait4(self.pid, os.WNOHANG)
        except ChildProcessError:  # somebody else did, or SIGCHLD is ignored
            self._bury(None)
        else:
            if pid:
                self._bury(raw, used)

    def _bury(self, raw: int | None, used: Any = None) -> None:  # see `exit_status`
        children.disown(self.pid, self)
        duration = time.monotonic() - self._started
        if raw is None:
            self._status = ExitStatus(None, None, duration)
        else:
            self._status = exit_status(raw, duration, used)
        self._leftovers = _group_exists(self.pid)

    # Waiting

    def wait_end(self, seconds: float | None) -> bool:
        """Wait until it has ended, without reaping; whether it has."""
        with self.watch() as watched:
            if watched is None:
                return self._ask_until_end(seconds)
            poller = select.poll()
            poller.register(watched, select.POLLIN)
            return bool(poller.poll(milliseconds(seconds))) or self.has_ended()

    @contextlib.contextmanager
    def watch(self) -> Iterator[int | None]:
        """A pidfd of it for a block; `None`: there is none, or it was reaped."""
        with self._lock:
            pidfd = open_pidfd(self.pid) if self._status is None else None
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
        while not self.has_ended():
            left = seconds_until(deadline, time.monotonic())
            if left == 0:
                return False
            time.sleep(delay if left is None else min(delay, left))
            delay = min(2 * delay, _LONGEST_DELAY)
        return True

    # Ending

    def _ends_by_itself(self, grace: float, rungs: Sequence[Rung] | None) -> bool:
        # A program that has let go of its terminal is ending, as a rule, and its own
        # status says more than our signal's name would.
        if self._terminal is None or self._terminal.in_use():
            return False
        if rungs is None:
            return self._close_input is None and self.wait_end(grace)
        return rungs[0].name != EOF and self.wait_end(rungs[0].seconds)

    def _usual(self, grace: float) -> tuple[Rung, ...]:
        rungs = as_ladder(None, grace)
        if self._close_input is None:
            return rungs
        patience = None if self._patience is None else max(grace, self._patience)
        return (Rung(EOF, patience), *rungs)

    def _has_left_others(self) -> bool:
        if self._leftovers or (self._terminal is not None and self._terminal.in_use()):
            return True
        return self._tree is not None and bool(self._tree.members())

    def members(self) -> list[int]:
        """The members of its session but for itself; and of its tree, if that is to end too."""
        # While a member lives, the kernel gives the session's number to nobody else. A
        # process that has it after the child was reaped is therefore a stranger, and
        # shows that no member is left.
        members = session_members(self.pid)
        if self._status is not None and self.pid in members:
            members = []
        if self._tree is not None:
            members = sorted({*members, *self._tree.members()})
        return [pid for pid in members if pid != self.pid]

    def has(self, pid: int) -> bool:
        """Whether a process is one of `members`."""
        if _in_session(pid, self.pid):
            return True
        return self._tree is not None and self._tree.has(pid)


def _in_session(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session
    except OSError:
        return False


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # there is one, of another user
    return True
