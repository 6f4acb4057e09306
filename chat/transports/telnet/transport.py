"""Telnet over any other transport: TCP, TLS, a pipe, memory."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Final, final

from chat.errors import ProtocolError, SessionClosed
from chat.transports import READ_SIZE, Transport, flush_of, peer_of, process_of, writer_of
from chat.transports.telnet.endpoint import Endpoint
from chat.transports.telnet.settings import Client, Settings
from chat.transports.telnet.terminal import TelnetLine, TelnetTerminal

PIECE: Final = 65536
"""Bytes encoded at once: what a socket takes in one piece."""

LATE_READS: Final = 16
"""Reads before a close: more than answers take, and an end to who talks without a pause."""


@final
class TelnetTransport:
    """Bytes both ways over a transport on which telnet is spoken.

    What is read is text alone; commands are taken out and answered. An answer that the
    transport does not take at once goes with the next read or write.

    Args:
        transport: What to speak over. It belongs to this one from now on.
        settings: Which side this is, and how it behaves.

    Attributes:
        endpoint: The protocol's state: which options are done, what the client has told.
        terminal: The client's terminal, as far as the protocol tells.
        line: What a break can be sent on.
        writer: The transport's own, if it has one.
        process: The same.
        peer: Where the other side is, if the transport can say.
    """

    def __init__(self, transport: Transport, settings: Settings | None = None) -> None:
        settings = Client() if settings is None else settings
        self.endpoint: Final = Endpoint(settings)
        self.terminal: Final = TelnetTerminal(
            self.endpoint, self._flush_quietly, is_client=isinstance(settings, Client)
        )
        self.line: Final = TelnetLine(self.endpoint, self._flush_quietly)
        self.writer: Final = writer_of(transport)
        self.process: Final = process_of(transport)
        self.peer: Final = peer_of(transport)
        self._transport: Final = transport
        self._flush_below: Final = flush_of(transport)
        self._unsent = b""  # what must go before any text
        self._owed = b""  # the text of which a part has gone, and the rest is in `_unsent`
        _keep_urgent_data_in_line(transport.fileno())
        self._flush_quietly()

    def __repr__(self) -> str:
        return f"<TelnetTransport over {self._transport!r}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take the text that has come, at most `size` bytes; `b""` is the end.

        Raises:
            BlockingIOError: No text has come yet.
            ProtocolError: The other side does not keep the protocol. What it said before
                has been read.
            SessionClosed: The transport is closed.
            OSError: The connection failed.
        """
        self._check_protocol()
        data = self._transport.read(size)
        if not data:
            return b""
        text = self.endpoint.receive(data)
        self._flush_quietly()
        if not text:
            self._check_protocol()
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return text

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once, and say how many bytes of the text that was.

        A carriage return and the line feed behind it must be in one call, to be one line's
        end. What was refused is to be offered again, as to any transport: of a byte that
        takes two, one may have gone.

        Raises:
            BlockingIOError: Nothing is taken now.
            BrokenPipeError: The other side is gone.
            SessionClosed: The transport is closed.
            OSError: The connection failed.
        """
        self._flush()
        owed, self._owed = self._owed, b""
        if owed and data.startswith(owed):
            return len(owed)
        piece = data if len(data) <= PIECE else data[: PIECE - data.startswith(b"\n", PIECE)]
        encoding = self.endpoint.encoding
        coded = encoding.encode(piece)
        sent = self._transport.write(coded)
        if sent == len(coded):
            return len(piece)
        taken, self._unsent, self._owed = encoding.cut(piece, sent)
        return taken or self.write(data)

    def flush(self) -> None:
        """Hand over the answers, and what the transport below holds.

        Raises:
            BlockingIOError: Not all of it is taken now.
            BrokenPipeError: The other side is gone.
        """
        self._flush()
        if self._flush_below is not None:
            self._flush_below()

    def close(self) -> None:
        """Let go of the transport. Twice is once.

        Answers that have come late are read first: TCP resets a connection that is closed
        with something unread, and our last words would be lost on their way. What comes
        later still resets it: who says much at the end does well to wait for the other's.
        """
        with contextlib.suppress(OSError, SessionClosed):
            for _ in range(LATE_READS):
                if not self._transport.read():
                    break
        self._transport.close()

    def fileno(self) -> int:
        """The descriptor to wait on; it stays the same until `close()`.

        Raises:
            SessionClosed: The transport is closed.
        """
        return self._transport.fileno()

    def _check_protocol(self) -> None:
        broken = self.endpoint.violation
        if broken is not None:
            raise ProtocolError(f"the other side does not keep to telnet: {broken}")

    def _flush(self) -> None:
        """Send what goes before any text, answers included."""
        self._unsent += self.endpoint.take_answers()
        while self._unsent:
            self._unsent = self._unsent[self._transport.write(self._unsent) :]

    def _flush_quietly(self) -> None:
        """The same for who only listens: what is not taken now goes later, or shows then."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._flush()


def _keep_urgent_data_in_line(descriptor: int) -> None:
    """See that an urgent byte stays where it was sent, if the descriptor is a socket.

    A Synch is IAC DM with the DM urgent. TCP takes an urgent byte out of the stream unless
    told otherwise, and the IAC left alone would make a command of the text behind it.
    """
    twin = os.dup(descriptor)
    try:
        with socket.socket(fileno=twin) as connection:
            twin = -1
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    except OSError:
        pass  # not a socket, or a kind that has no urgent data
    finally:
        if twin >= 0:
            os.close(twin)
