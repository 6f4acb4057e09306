"""A port that can only be waited for by blocking in it, behind a descriptor that polls.

Two threads stand between: one blocks reading the port, the other writing it. The session has
one end of a socket pair, which is readable, writable and full as the port is.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Final, Protocol, final

PIECE: Final = 1024
"""Bytes given to the port at once: less than pyserial's `loop://` holds (4096), so that one
reading of it lets a writer go."""

FLUSH: Final = 1.0
"""Seconds that what was written is given to go, and each thread to end, when it is closed."""

MOST: Final = 65536
"""Bytes read at once."""


class Port(Protocol):
    """What there must be: pyserial's `SerialBase`, without a timeout."""

    in_waiting: int

    def read(self, size: int) -> bytes:
        """Block until so many bytes have come; fewer are the last."""

    def write(self, data: bytes) -> Any:
        """Block until all is taken."""

    def close(self) -> None:
        """End both."""


@final
class Bridge:
    """The two threads and the pair.

    Args:
        port: What is behind it. Closing the bridge closes it.
    """

    def __init__(self, port: Port) -> None:
        self._port: Final = port
        self._near, self._far = socket.socketpair()
        self._hearing = threading.Thread(target=self._hear, name="port to chat", daemon=True)
        self._saying = threading.Thread(target=self._say, name="chat to port", daemon=True)
        self._hearing.start()
        self._saying.start()

    def fileno(self) -> int:
        """The session's end."""
        return self._near.fileno()

    def close(self) -> None:
        """Let what was written go, close the port, and end the threads. Twice is once."""
        if self._near.fileno() < 0:
            return
        with contextlib.suppress(OSError):
            self._near.shutdown(socket.SHUT_RDWR)
        self._saying.join(FLUSH)
        self._port.close()
        self._hearing.join(FLUSH)
        self._saying.join(FLUSH)
        self._near.close()
        self._far.close()

    def _hear(self) -> None:
        """Pass on what comes. Behind our end it is read on, so that no writer is stuck."""
        # Closed under a reader, a port of pyserial raises whatever comes of that.
        with contextlib.suppress(Exception):
            heard = wanted = 1
            while heard == wanted:
                wanted = max(1, min(self._port.in_waiting, MOST))
                data = self._port.read(wanted)
                heard = len(data)
                with contextlib.suppress(OSError):
                    self._far.sendall(data)
        self._hang_up()

    def _say(self) -> None:
        with contextlib.suppress(Exception):
            while data := self._far.recv(PIECE):
                self._port.write(data)
            return  # this side has closed
        self._hang_up()

    def _hang_up(self) -> None:
        """Have the session see the end, and find nobody to write to."""
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_RDWR)
