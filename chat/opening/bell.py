"""A bell: what waits in the kernel is woken by another thread, or by a signal's handler."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final, final

from chat.errors import SessionClosed


@final
class Bell:
    """A pipe to oneself, whose reading end is readable from `ring` to `quieten`."""

    def __init__(self) -> None:
        self._hearing, self._ringing = os.pipe()
        for descriptor in (self._hearing, self._ringing):
            os.set_blocking(descriptor, False)
        self._owner: Final = os.getpid()

    def fileno(self) -> int:
        """The descriptor that becomes readable.

        Raises:
            SessionClosed: The bell is closed.
        """
        if self._hearing < 0:
            raise SessionClosed("the bell is closed")
        return self._hearing

    def ring(self) -> None:
        """Wake whoever waits. A forked child, which has the same pipe, wakes nobody."""
        if os.getpid() == self._owner:
            with suppress(OSError):  # it rings already, or nobody can hear it any more
                os.write(self._ringing, b"!")

    def quieten(self) -> None:
        """Forget that it rang."""
        with suppress(BlockingIOError):
            while os.read(self._hearing, 4096):
                pass

    def close(self) -> None:
        """Let go of the pipe. Twice is once."""
        pipe = self._hearing, self._ringing
        self._hearing = self._ringing = -1
        for descriptor in pipe:
            if descriptor >= 0:
                os.close(descriptor)
