"""TLS over a connected socket, without ever blocking.

OpenSSL works between two buffers in memory here and never sees the socket, for two reasons.
Within TLS a read may need to write and the reverse (RFC 8446, section 4.6.3: a key update is
answered); with buffers that is our own business, and whoever waits for the transport waits
to read when it reads. And nothing is ever stuck between the layers:

*What has been decrypted and not given out shows on the descriptor.* Reads of the usual size
take no more from the socket than they can give out decrypted. Where less is asked for, or a
handshake brings more than itself, the last byte is left in the socket until all before it
was given out: the descriptor stays readable for as long.

*What has been encrypted and not sent is told.* `write()` hands all of it to the socket, or
keeps the rest, which `flush()` (a capability) sends when the socket takes more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from typing import Final, final

from chat.errors import CertificateRejected, HandshakeFailed, SessionClosed
from chat.timing import READABLE, WRITABLE
from chat.transports import READ_SIZE
from chat.transports.certificates import TlsOptions
from chat.transports.sockets import NO_SIGNAL, check_open

RECORD: Final = 16384 + 256 + 5
"""Bytes of the largest record: text, what encryption may add, header (RFC 8446, 5.2)."""

RECORD_TEXT: Final = 16384
"""Bytes of text in the largest record."""


@final
class TlsTransport:
    """Bytes over TLS on a connected stream socket, which it owns.

    Nothing is said before `handshake` has returned `None`.

    Args:
        connection: The socket.
        options: What to be sure of.
        context: What was made of them, for a caller or for a listener.
        peer: Where the other side is.
        server_name: Of a caller, the name to look for in the other side's certificate.
    """

    __slots__ = (
        "_allow_truncation", "_connection", "_ended", "_failure", "_held", "_incoming",
        "_left", "_outgoing", "_tls", "_unsent", "host", "peer", "writer",
    )  # fmt: skip

    def __init__(
        self,
        connection: socket.socket,
        options: TlsOptions,
        context: ssl.SSLContext,
        *,
        peer: str | None,
        server_name: str | None = None,
    ) -> None:
        self.peer: Final = peer
        self.host: Final = server_name
        self._connection = connection
        self._incoming: Final = ssl.MemoryBIO()
        self._outgoing: Final = ssl.MemoryBIO()
        server_side = context.protocol == ssl.PROTOCOL_TLS_SERVER
        self._tls: Final = context.wrap_bio(
            self._incoming, self._outgoing, server_side, server_name
        )
        self._allow_truncation: Final = options.allow_truncation
        self._left = b""  # decrypted, and not given out
        self._held = False  # the first byte in the socket is known already: see above
        self._unsent = b""  # encrypted, and not sent
        self._ended = False
        self._failure: OSError | None = None
        self.writer: Final = TlsWriter(self)

    def __repr__(self) -> str:
        return f"<TlsTransport to {self.peer}, {self._tls.version() or 'no handshake yet'}>"

    # ── the handshake ─────────────────────────────────────────────────────────────────────

    def handshake(self) -> int | None:
        """Go on with the handshake, as far as it goes without waiting.

        Returns:
            The poll events to wait for before the next call; `None`: it is done.

        Raises:
            CertificateRejected: The other side's certificate is not to be trusted, has
                expired, or is for another name.
            HandshakeFailed: It does not speak TLS, or not ours, or has closed.
        """
        taken = 0  # known to TLS, and still in the socket
        while True:
            done = self._shake_hands()
            if done:
                self._left = self._decrypt()
                self._held = bool(self._left and taken)
            if taken:
                self._connection.recv(taken - self._held)
            try:
                self.flush()
                if done:
                    return None
                taken = len(self._take(RECORD, peek=True))
            except BlockingIOError:
                return WRITABLE if self._unsent else READABLE
            except OSError as error:
                reason = error.strerror or "the connection failed"
                raise HandshakeFailed(self.peer or "the other side", reason) from error

    def _shake_hands(self) -> bool:
        who = self.peer or "the other side"
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            with contextlib.suppress(OSError):  # tell it why
                self.flush()
            if isinstance(error, ssl.SSLCertVerificationError):
                reason = f"its certificate is rejected: {error.verify_message}"
                raise CertificateRejected(who, reason) from error
            raise HandshakeFailed(who, _reason(error)) from error
        return True

    # ── the four verbs ────────────────────────────────────────────────────────────────────

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come, at most `size` bytes; `b""` is the end, again and again.

        Raises:
            BlockingIOError: Nothing has come yet.
            SessionClosed: The transport is closed.
            OSError: The connection failed, or has ended unsaid; said again and again.
        """
        if not self._left and not self._ended and self._failure is None:
            check_open(self._connection)
            self._left = self._receive(size)
            with contextlib.suppress(OSError):  # an answer to what has come; no matter when
                self.flush()
        if self._left:
            given, self._left = self._left[:size], self._left[size:]
            if not self._left and self._held:
                self._held = False
                self._connection.recv(1)
            return given
        check_open(self._connection)
        if self._failure is not None:
            raise self._failure
        if self._ended:
            return b""
        raise BlockingIOError(errno.EAGAIN, "a part of a record")

    def _receive(self, size: int) -> bytes:
        peek = size < 2 * RECORD
        try:
            data = self._take(RECORD if peek else size - RECORD, peek=peek)
        except BlockingIOError:
            raise
        except OSError as error:
            self._fail(error)
            return b""
        text = self._decrypt()
        if peek and data and self._connection.fileno() >= 0:
            self._held = len(text) > size
            self._connection.recv(len(data) - self._held)
        return text

    def _take(self, size: int, *, peek: bool) -> bytes:
        """Give TLS what has come. Peeked at, it stays in the socket as well."""
        data = self._connection.recv(size, socket.MSG_PEEK if peek else 0)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return data

    def _decrypt(self) -> bytes:
        """All the text there is in what TLS was given."""
        pieces = []
        try:
            while piece := self._tls.read(RECORD):
                pieces.append(piece)
            self._end()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._end()
        except ssl.SSLError as error:
            if not _is_truncation(error):
                reason = f"TLS: {_reason(error)}"
                self._fail(ConnectionAbortedError(errno.ECONNABORTED, reason))
            elif self._allow_truncation:
                self._end()
            else:
                self._fail(ConnectionAbortedError(errno.ECONNABORTED, TRUNCATED))
        return b"".join(pieces)

    def _end(self) -> None:
        self._ended = True
        self._stay_readable()

    def _fail(self, error: OSError) -> None:
        self._failure = error
        self._stay_readable()

    def _stay_readable(self) -> None:
        """Have the descriptor say that there is something to be told, whatever comes."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RD)

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once, and say how many bytes that was.

        Raises:
            BlockingIOError: Nothing is taken now.
            BrokenPipeError: The other side is gone.
            SessionClosed: The transport, or its writing side, is closed.
        """
        check_open(self._connection)
        self.writer.check_open()
        self.flush()
        if self._failure is not None:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from self._failure
        try:
            taken = self._tls.write(data[:RECORD_TEXT])
        except ssl.SSLError as error:
            raise BrokenPipeError(errno.EPIPE, _reason(error)) from error
        with contextlib.suppress(BlockingIOError):
            self.flush()
        return taken

    def flush(self) -> None:
        """Send what `write()` has taken and is still held.

        Raises:
            BlockingIOError: Not all of it is taken now. Wait as before writing.
            BrokenPipeError: The other side is gone.
        """
        if self._outgoing.pending:
            self._unsent += self._outgoing.read()
        try:
            while self._unsent:
                self._unsent = self._unsent[self._connection.send(self._unsent, NO_SIGNAL) :]
        except BlockingIOError:
            raise
        except OSError as error:
            self._unsent = b""
            check_open(self._connection)
            if error.errno != errno.EPIPE:
                self._fail(error)
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error

    def say_end(self) -> None:
        """Say that nothing more will be said (`close_notify`, RFC 8446, section 6.1)."""
        with contextlib.suppress(OSError, ValueError):
            self._tls.unwrap()
        with contextlib.suppress(OSError, SessionClosed):  # it may be gone, or not listen
            self.flush()

    def close(self) -> None:
        """Let go of the socket. Twice is once."""
        if self._connection.fileno() >= 0:
            self.writer.close()
            self._connection.close()

    def fileno(self) -> int:
        """The descriptor to wait on.

        Raises:
            SessionClosed: The transport is closed.
        """
        check_open(self._connection)
        return self._connection.fileno()


TRUNCATED: Final = (
    "it closed without ending TLS, so that what came may be cut short"
    " (allow_truncation=True takes it for the end)"
)


@final
class TlsWriter:
    """Capability `writer`: within TLS, one side can say that it has said all."""

    __slots__ = ("_transport", "closed")

    def __init__(self, transport: TlsTransport) -> None:
        self._transport = transport
        self.closed = False

    def fileno(self) -> int:
        """The descriptor to wait on before writing.

        Raises:
            SessionClosed: The writing side is closed.
        """
        self.check_open()
        return self._transport.fileno()

    def close(self) -> None:
        """Close the writing side alone: the other side sees the end of its input."""
        if not self.closed:
            self.closed = True
            self._transport.say_end()

    def check_open(self) -> None:
        """Raises SessionClosed: the writing side is closed."""
        if self.closed:
            raise SessionClosed("the writing side of the TLS connection is closed")


UNSAID_END: Final = "UNEXPECTED_EOF_WHILE_READING"

_REASONS: Final = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "it speaks an old TLS, or none",
    UNSAID_END: "it closed during the handshake",
    "HTTP_REQUEST": "it does not speak TLS, but HTTP",
}


def _is_truncation(error: ssl.SSLError) -> bool:
    """Whether it is an end that nobody said: not every Python has a class for it."""
    return isinstance(error, ssl.SSLEOFError) or error.reason == UNSAID_END


def _reason(error: ssl.SSLError) -> str:
    """What OpenSSL says, in words."""
    reason = UNSAID_END if _is_truncation(error) else error.reason or str(error)
    return _REASONS.get(reason, reason.lower().replace("_", " "))
