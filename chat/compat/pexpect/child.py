"""The child of a `spawn`, as its attribute `ptyproc`: a `PtyProcess` that never sleeps.

Where ptyprocess sleeps in the hope that the child has ended by then, this waits for the end
itself, for as long at the most.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from typing import Final, Self

from ptyprocess import PtyProcess, PtyProcessError

from chat.ladder import KILL_PATIENCE
from chat.signals import number
from chat.transports.held_child import HeldChild
from chat.transports.process import ChildProcess

PARTING: Final = 1.0
"""Seconds to wait for the end of a child that has closed its terminal. It ends within a
millisecond as a rule; one that lives on is not waited for again."""


class Child(HeldChild):
    """A child on a pseudo-terminal."""

    delayafterclose: float
    delayafterterminate: float
    terminated: bool
    status: int | None
    exitstatus: int | None
    signalstatus: int | None

    def __init__(self, pid: int, fd: int) -> None:
        super().__init__(pid, fd)
        self._begin()

    @classmethod
    def taken_over(cls, other: PtyProcess) -> Self:
        """The child of another `PtyProcess`, which has nothing to do with it from now on."""
        made = super().taken_over(other)
        made._begin()
        return made

    def _begin(self) -> None:
        self.delayafterclose = self.delayafterterminate = 0.1
        self.process = ChildProcess(self.pid, ("",))
        self._was_waited_for = False

    def __del__(self) -> None:
        """Hang up, and wait for nothing. Scripts end their children by forgetting them.

        Such a child is reaped when the next one is started; see `chat.signals.children`.
        """
        if self.__dict__.get("closed", True):
            return
        self.let_go()
        if not (self.terminated or sys.is_finalizing()):
            self.process.signal(signal.SIGCONT)

    def isalive(self) -> bool:
        """Whether it runs. Once it has ended, how is in the attributes.

        Raises:
            PtyProcessError: Somebody else has taken its status.
        """
        if self.terminated:
            return False
        if self.status is not None:
            raise _lost()
        patience = 0.0
        if self.flag_eof and not self._was_waited_for:
            patience, self._was_waited_for = PARTING, True
        return not self.wait_exit(patience)

    def wait_exit(self, seconds: float | None) -> bool:
        """Wait for its end; whether it has come.

        Raises:
            PtyProcessError: Somebody else has taken its status.
        """
        status = self.process.wait_exit(seconds)
        if status is None:
            return False
        if status.signal is not None:
            self.signalstatus, self.exitstatus = number(status.signal), None
            self.status = self.signalstatus
        elif status.code is not None:
            self.signalstatus, self.exitstatus = None, status.code
            self.status = status.code << 8
        else:
            raise _lost()
        self.terminated = True
        return True

    def wait(self) -> int | None:
        """Wait for its end, and return what it returned."""
        if self.isalive():
            self.wait_exit(None)
        return self.exitstatus

    def close(self, force: bool = True) -> None:
        """Hang up, and end it if that does not.

        Raises:
            PtyProcessError: It has not ended.
        """
        if self.closed:
            return
        self.fileobj.close()
        ended = not self.isalive() or self.wait_exit(self.delayafterclose)
        if not (ended or self.terminate(force)):
            raise PtyProcessError("Could not terminate the child.")
        self.fd = -1
        self.closed = True

    def terminate(self, force: bool = False) -> bool:
        """Send SIGHUP, SIGCONT and SIGINT, and with `force` SIGKILL, until it has ended.

        Returns:
            Whether it has.
        """
        if not self.isalive():
            return True
        numbers = [signal.SIGHUP, signal.SIGCONT, signal.SIGINT]
        for each in [*numbers, signal.SIGKILL] if force else numbers:
            patience = self.delayafterterminate
            with suppress(OSError):  # it has become another user, as `sudo` does
                self.kill(each)
            if self.wait_exit(KILL_PATIENCE if each == signal.SIGKILL else patience):
                return True
        return False

    def waitnoecho(self, timeout: float | None = None) -> bool:
        """Wait until the terminal does not show what is typed; whether it came to that."""
        deadline = None if timeout is None else time.monotonic() + timeout
        step = 0.001
        while self.getecho():
            left = step if deadline is None else min(step, deadline - time.monotonic())
            if left <= 0:
                return False
            # No descriptor announces a terminal's modes: they can only be asked for.
            time.sleep(left)
            step = min(2 * step, 0.02)
        return True


def _lost() -> PtyProcessError:
    return PtyProcessError(
        'isalive() encountered condition where "terminated" is 0, but there was no child'
        " process. Did someone else call waitpid() on our process?"
    )
