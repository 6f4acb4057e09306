"""perlipc's REAPER, for a program that forks: no zombies, and nobody's status is stolen.

Of several children that end at once the system tells once, so that every SIGCHLD is answered
by asking until nobody has ended. The statuses are taken at once, in the signal's handler,
which touches nothing but a table of its own; `on_exit` is called where it may do anything: see
`chat.signals.handle`.

Whose children? Those it was given (`add`), which are asked one by one. "Who has ended?", asked
of all at once, would also take the statuses that somebody else waits for: a `subprocess`, a
session, a library.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Self, TypeAlias, final

from chat.signals import children
from chat.signals.blocks import Local
from chat.signals.handling import BELL
from chat.signals.statuses import exit_status
from chat.values import ExitStatus

OnExit: TypeAlias = Callable[[int, ExitStatus], object]


@final
class Reaper:
    """A block in which children are reaped as they end; made by `reaper`.

    Attributes:
        exits: How those ended that have, by process id, where there is no `on_exit`.
    """

    def __init__(self, on_exit: OnExit | None) -> None:
        self._on_exit: Final = on_exit
        self._began: Final[dict[int, float]] = {}  # those given, and when
        self._asking = self._ask_again = False
        self._before: Any = None  # the handler that was there
        self._local: Final = Local({int(signal.SIGCHLD): self._on_signal})
        self.exits: Final[dict[int, ExitStatus]] = {}

    def __enter__(self) -> Self:
        before = signal.getsignal(signal.SIGCHLD)
        BELL.hold()
        try:
            self._before = before
            self._local.__enter__()
        except BaseException:
            BELL.release()
            raise
        self._reap()  # who has ended before
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._local.__exit__()
            self._reap()
            BELL.dispatch()
        finally:
            BELL.release()

    @property
    def pids(self) -> frozenset[int]:
        """The children it was given that have not ended. At the end of the block they are the
        program's to reap, as they were."""
        return frozenset(self._began)

    def add(self, pid: int) -> int:
        """Reap this child too when it ends; it may have ended already. Gives the number back.

        Raises:
            ValueError: `chat` has started it, and its session reaps it.
        """
        if children.is_owned(pid):
            raise ValueError(f"process {pid} belongs to a session of chat, which reaps it")
        self._began[pid] = time.monotonic()
        self._reap()
        return pid

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._reap()
        if callable(self._before):
            self._before(number, frame)

    def _reap(self) -> None:
        """Ask who has ended; if a signal comes in the middle of that, ask once more."""
        self._ask_again = True
        while self._ask_again and not self._asking:
            self._ask_again, self._asking = False, True
            try:
                for pid in list(self._began):
                    self._reap_given(pid)
            finally:
                self._asking = False

    def _reap_given(self, pid: int) -> None:
        """Ask one; it may happen in the middle of asking it already."""
        try:
            found, raw, used = os.wait4(pid, os.WNOHANG)
        except ChildProcessError:  # it is no child of ours, or somebody else has reaped it
            if self._began.pop(pid, None) is not None:
                self._tell(pid, ExitStatus(None))
            return
        if found:
            self._note(pid, raw, used)

    def _note(self, pid: int, raw: int, used: object) -> None:
        began = self._began.pop(pid, None)
        duration = 0.0 if began is None else time.monotonic() - began
        self._tell(pid, exit_status(raw, duration, used))

    def _tell(self, pid: int, status: ExitStatus) -> None:
        if self._on_exit is None:
            self.exits[pid] = status
        else:
            BELL.call_soon(self._on_exit, pid, status)


def reaper(on_exit: OnExit | None = None) -> Reaper:
    """Reap the children that this program has forked, as they end, for a block.

        with chat.signals.reaper(on_exit=lambda pid, status: print(pid, status)) as reaper:
            while True:
                connection, _ = server.accept()
                reaper.add(os.fork() or serve(connection))

    A handler for SIGCHLD that was there is called as well, and put back at the end. No system
    call of the program fails for it.

    Args:
        on_exit: Called with the process id and how it ended, as functions of
            `chat.signals.handle` are. Its `duration` counts from `add`. Left out: that is kept
            in the reaper's `exits`.

    Raises:
        NotSupported: On entry: this is not the main thread.
    """
    return Reaper(on_exit)
