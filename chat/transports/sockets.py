"""Sockets that are connected: streams over TCP and Unix-domain sockets, and datagrams."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, final

from chat.errors import SendError, SessionClosed
from chat.transports import READ_SIZE
from chat.transports.addresses import host_and_port

# Writing to who is gone is an error here, and never a signal, whatever a program has set.
NO_SIGNAL: Final = getattr(socket, "MSG_NOSIGNAL", 0)  # not on macOS, which has an option
_NO_SIGNAL_OPTION: Final[int | None] = getattr(socket, "SO_NOSIGPIPE", None)

MAX_DATAGRAM: Final = 65536
"""Bytes no datagram exceeds: its length is told in sixteen bits (RFC 768)."""

PROBES: Final = 3
"""Unanswered questions after which a silent peer counts as gone."""


@final
@dataclass(frozen=True, slots=True)
class TcpOptions:
    """How a TCP connection is to behave.

    Attributes:
        source: The address to call from: `"192.0.2.7"`, `"192.0.2.7:4000"`.
        keepalive: Seconds of silence after which the system asks whether the other side is
            still there, and as many between its questions; `None`: never.
        nodelay: Send what is small at once (TCP_NODELAY): a dialogue waits for answers.
    """

    source: str | None = None
    keepalive: int | None = None
    nodelay: bool = True

    def apply(self, connection: socket.socket) -> None:
        """Prepare a socket that is not yet connected, or set the options of one that is.

        Raises:
            OSError: The source address is not one of this machine, or of another family.
        """
        if self.nodelay:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.keepalive is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(
                socket, "TCP_KEEPALIVE", None
            )
            for option, value in (
                (idle, self.keepalive),
                (getattr(socket, "TCP_KEEPINTVL", None), self.keepalive),
                (getattr(socket, "TCP_KEEPCNT", None), PROBES),
            ):
                if option is not None:
                    connection.setsockopt(socket.IPPROTO_TCP, option, value)
        if self.source is not None:
            connection.bind(source_place(self.source))


def source_place(source: str) -> tuple[str, int]:
    """An address of this machine, with a port or without, as `bind` takes it."""
    if source.startswith("["):
        host, _, port = source[1:].partition("]")
        return host, int(port.removeprefix(":") or 0)
    host, colon, port = source.partition(":")
    return (source, 0) if ":" in port else (host, int(port or 0) if colon else 0)


@final
class SocketTransport:
    """Bytes over a connected stream socket, which it owns.

    Args:
        connection: The socket.
        peer: Where the other side is; left out, what the socket says.
        host: The name by which the other side was called, which TLS will want.

    Attributes:
        writer: The writing side, which can be closed alone.
    """

    __slots__ = ("_connection", "_failure", "host", "peer", "writer")

    def __init__(
        self, connection: socket.socket, *, peer: str | None = None, host: str | None = None
    ) -> None:
        connection.setblocking(False)
        silence_signals(connection)
        self._connection = connection
        self._failure: OSError | None = None
        self.peer: Final = peer or peer_url(connection)
        self.host: Final = host
        self.writer: Final = SocketWriter(connection)

    def __repr__(self) -> str:
        return f"<SocketTransport to {self.peer}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come, at most `size` bytes; `b""` is the end, again and again.

        Raises:
            BlockingIOError: Nothing has come yet.
            SessionClosed: The transport is closed.
            OSError: The connection failed; it is said again and again.
        """
        try:
            data = self._connection.recv(size)
        except BlockingIOError:
            raise
        except OSError as error:
            check_open(self._connection)
            # The system says it once, and what follows would look like an end.
            self._failure = error
            raise
        if not data and self._failure is not None:
            raise self._failure
        return data

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once, and say how many bytes that was.

        Raises:
            BlockingIOError: Nothing is taken now.
            BrokenPipeError: The other side is gone.
            SessionClosed: The transport, or its writing side, is closed.
        """
        try:
            return self._connection.send(data, NO_SIGNAL)
        except BlockingIOError:
            raise
        except OSError as error:
            check_open(self._connection)
            self.writer.check_open()
            if error.errno != errno.EPIPE:
                self._failure = error
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error

    def close(self) -> None:
        """Let go of the socket. Twice is once."""
        self._connection.close()

    def fileno(self) -> int:
        """The descriptor to wait on.

        Raises:
            SessionClosed: The transport is closed.
        """
        check_open(self._connection)
        return self._connection.fileno()

    def hand_over(self) -> socket.socket:
        """Give the socket away, to a transport that goes on over it (TLS)."""
        return self._connection


@final
class SocketWriter:
    """Capability `writer`: the writing side of a socket, which is shut down alone."""

    __slots__ = ("_connection", "closed")

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.closed = False

    def fileno(self) -> int:
        """The descriptor to wait on before writing.

        Raises:
            SessionClosed: The writing side is closed.
        """
        self.check_open()
        return self._connection.fileno()

    def close(self) -> None:
        """Close the writing side alone: the other side sees the end of its input."""
        self.closed = True
        with suppress(OSError):  # it is gone already
            self._connection.shutdown(socket.SHUT_WR)

    def check_open(self) -> None:
        """Raises SessionClosed: the writing side is closed."""
        if self.closed:
            raise SessionClosed("the writing side of the socket is closed")


@final
class DatagramTransport:
    """Messages over a datagram socket that is connected to one other side.

    Attributes:
        messages: Each `read()` gives one message, whole, and each `write()` makes one.
    """

    __slots__ = ("_connection", "messages", "peer")

    def __init__(self, connection: socket.socket, *, peer: str | None = None) -> None:
        connection.setblocking(False)
        silence_signals(connection)
        self._connection = connection
        self.messages: Final = True
        self.peer: Final = peer or peer_url(connection)

    def __repr__(self) -> str:
        return f"<DatagramTransport to {self.peer}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take the next message, whole whatever the size; an empty one is passed over.

        Raises:
            BlockingIOError: Nothing has come yet.
            SessionClosed: The transport is closed.
            OSError: The network says that nobody is there.
        """
        while True:
            try:
                data = self._connection.recv(MAX_DATAGRAM)
            except BlockingIOError:
                raise
            except OSError:
                check_open(self._connection)
                raise
            if data:
                return data

    def write(self, data: bytes) -> int:
        """Send one message.

        Raises:
            BlockingIOError: It is not taken now.
            BrokenPipeError: The network says that nobody is there.
            SendError: It is larger than a message can be; nothing was sent.
            SessionClosed: The transport is closed.
        """
        try:
            return self._connection.send(data, NO_SIGNAL)
        except BlockingIOError:
            raise
        except OSError as error:
            check_open(self._connection)
            if error.errno == errno.EMSGSIZE:
                raise SendError(
                    f"a message of {len(data)} bytes is larger than a datagram can be;"
                    " nothing was sent",
                    total=len(data),
                ) from error
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error

    def close(self) -> None:
        """Let go of the socket. Twice is once."""
        self._connection.close()

    def fileno(self) -> int:
        """The descriptor to wait on.

        Raises:
            SessionClosed: The transport is closed.
        """
        check_open(self._connection)
        return self._connection.fileno()


def check_open(connection: socket.socket) -> None:
    """Raises SessionClosed: this side has closed the socket."""
    if connection.fileno() < 0:
        raise SessionClosed("the socket is closed")


def silence_signals(connection: socket.socket) -> None:
    """See that writing to who is gone is an error and no signal, where it takes an option."""
    if _NO_SIGNAL_OPTION is not None:
        connection.setsockopt(socket.SOL_SOCKET, _NO_SIGNAL_OPTION, 1)


def peer_url(connection: socket.socket) -> str | None:
    """Where the other side of a socket is, as a URL; `None` if nobody knows."""
    try:
        place = connection.getpeername()
    except OSError:  # it is gone already
        return None
    if isinstance(place, tuple):
        scheme = "udp" if connection.type == socket.SOCK_DGRAM else "tcp"
        return f"{scheme}://{host_and_port(place)}"
    return unix_url(place or connection.getsockname())


def unix_url(place: str | bytes) -> str:
    """A Unix-domain address as a URL: `unix:///run/x`, `unix://@abstract`."""
    name = os.fsdecode(place)
    return f"unix://@{name[1:]}" if name.startswith("\0") else f"unix://{name}"
