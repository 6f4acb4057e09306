"""Conversations within TLS: from the start, or from some point on (STARTTLS)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from chat.errors import ConnectFailed, ConnectTimeout, NotSupported
from chat.opening.urls import option_values
from chat.session import Session
from chat.timing import SYSTEM_CLOCK, check_seconds, deadline_after, seconds_until
from chat.transports import Transport
from chat.transports.tls import TlsOptions, TlsTransport
from chat.values import UNSET, Unset

if TYPE_CHECKING:
    import ssl


def secured(
    connection: socket.socket,
    options: TlsOptions,
    context: ssl.SSLContext,
    *,
    deadline: float | None,
    peer: str | None,
    server_name: str | None = None,
) -> TlsTransport:
    """A transport within TLS on a connected socket, once the handshake is done.

    Args:
        connection: The socket, which is closed if there is no TLS.
        options: What to be sure of.
        context: What was made of them, for a caller or for a listener.
        deadline: When to give up, on the monotonic clock; `None`: never.
        peer: Where the other side is.
        server_name: Of a caller, the name to look for in the certificate.

    Raises:
        CertificateRejected, HandshakeFailed: There is no TLS, and why.
        ConnectTimeout: The handshake was not done in time.
    """
    try:
        connection.setblocking(False)
        transport = TlsTransport(
            connection, options, context, peer=peer, server_name=server_name
        )
        _shake_hands(transport, deadline)
    except BaseException:
        connection.close()
        raise
    return transport


def _shake_hands(transport: TlsTransport, deadline: float | None) -> None:
    while (events := transport.handshake()) is not None:
        left = seconds_until(deadline, SYSTEM_CLOCK.now())
        if not SYSTEM_CLOCK.waiter({transport.fileno(): events})(left):
            who = transport.peer or "the other side"
            raise ConnectTimeout(who, "the TLS handshake was not done in time")


def start_tls(
    session: Session[Any],
    *,
    server_side: bool = False,
    timeout: float | None | Unset = UNSET,
    **options: Any,  # those of TlsOptions
) -> None:
    """Go over to TLS in a conversation that both sides have agreed to protect (STARTTLS).

        s.sendline("STARTTLS")
        s.expect("220 ")
        s.readline()
        chat.start_tls(s)

    Nothing said in the clear is taken for something said within TLS: what has come must be
    consumed, to the end of the line in which the other side agreed. The host's name, which
    its certificate must be for, is that of the URL the session was opened with.

    If TLS does not come about the session is closed: nothing can go on in the clear.

    Args:
        session: Over TCP or a Unix-domain socket.
        server_side: Whether the other side is the caller, as on a listener.
        timeout: Seconds for the handshake. Left out: the session's own. None: no limit.
        options: `ca_file`, `cert_file`, `key_file`, `key_password`, `server_name`, `verify`,
            `allow_truncation`; see `connect`.

    Raises:
        UnreadPlaintext: Something has come and is not consumed; nothing was changed.
        CertificateRejected, HandshakeFailed, ConnectTimeout: There is no TLS, and why; the
            session is closed.
        CertificateUnusable: A file that an option names cannot be used.
        NotSupported: The session is not over a stream socket, or is within TLS already.
        TypeError, ValueError: An option is not one, or the host has no name to look for.
    """
    (tls,) = option_values("tls", options, TlsOptions)
    limit = session.timeout if isinstance(timeout, Unset) else timeout
    check_seconds("timeout", limit)
    deadline = deadline_after(SYSTEM_CLOCK.now(), limit)
    context = tls.server_context() if server_side else tls.client_context()
    if not server_side:
        session.peek()  # takes in what has come: a server says nothing before the caller

    def make(plain: Transport) -> Transport:
        give: Any = getattr(plain, "hand_over", None)  # of sockets that can go on so
        if give is None:
            raise NotSupported("only a conversation over a plain stream socket can go to TLS")
        name = tls.server_name or getattr(plain, "host", None)
        if not name and tls.verify and not server_side:
            raise ValueError("whose certificate is it to be? give server_name")
        return secured(
            give(),
            tls,
            context,
            deadline=deadline,
            peer=session.peer,
            server_name=None if server_side else name,
        )

    try:
        session.upgrade(make)
    except ConnectFailed:
        session.close()
        raise
