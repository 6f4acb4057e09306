"""`fdspawn`: patterns in what comes from a descriptor."""

from __future__ import annotations

import errno
import os

import pexpect.fdpexpect
from pexpect.exceptions import TIMEOUT

from chat.compat.pexpect.spawnbase import SpawnBase, Text

__all__ = ["fdspawn"]


class fdspawn(SpawnBase, pexpect.fdpexpect.fdspawn):  # type: ignore[misc]
    """pexpect's; `use_poll` changes nothing, `poll` is always used."""

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> Text:
        """Read once, at most so many bytes, once something has come; see pexpect.

        Raises:
            TIMEOUT: Nothing came in time.
            EOF: The other side has closed.
        """
        if not self._wait_readable(self.timeout if timeout == -1 else timeout):
            raise TIMEOUT("Timeout exceeded.")
        return self._received(self._read_bytes(size))

    def _read_bytes(self, size: int) -> bytes:
        try:
            data = os.read(self.child_fd, size)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            raise self._ended("Exception") from None
        if not data:
            raise self._ended("Empty string")
        return data
