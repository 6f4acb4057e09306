"""`SocketSpawn`: patterns in what comes from a socket."""

from __future__ import annotations

import pexpect.socket_pexpect
from pexpect.exceptions import EOF, TIMEOUT

from chat.compat.pexpect.spawnbase import SpawnBase, Text

__all__ = ["SocketSpawn"]


class SocketSpawn(SpawnBase, pexpect.socket_pexpect.SocketSpawn):  # type: ignore[misc]
    """pexpect's, which decodes what comes and logs it, as the other kinds do."""

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> Text:
        """Read once, at most so many bytes, once something has come; see pexpect.

        Raises:
            TIMEOUT: Nothing came in time.
            EOF: The other side has closed.
        """
        try:
            with self._timeout(self.timeout if timeout == -1 else timeout):
                data = self.socket.recv(size)
        except (TimeoutError, BlockingIOError):
            raise TIMEOUT("Timeout exceeded.") from None
        if not data:
            self.flag_eof = True
            raise EOF("Socket closed")
        return self._received(data)
