"""Conversations over sockets: the schemes `tcp`, `tls`, `unix` and `udp`."""

from __future__ import annotations

import socket
from typing import Any

from chat.errors import ConnectFailed, UrlError
from chat.opening.urls import Opening, Url, option_values
from chat.session import Session
from chat.timing import SYSTEM_CLOCK
from chat.transports.addresses import port_number, resolve
from chat.transports.dialing import dial, dial_unix
from chat.transports.sockets import (
    DatagramTransport,
    SocketTransport,
    TcpOptions,
    source_place,
)


def open_tcp(opening: Opening, **options: Any) -> Session[Any]:
    """Connect over TCP; the options are those of `TcpOptions`."""
    (tcp,) = option_values("tcp", options, TcpOptions)
    connection = _dialled(opening, tcp)
    url = opening.url
    return opening.session(SocketTransport(connection, peer=str(url), host=url.host))


def open_tls(opening: Opening, **options: Any) -> Session[Any]:
    """Connect within TLS; the options are those of `TcpOptions` and `TlsOptions`."""
    from chat.opening.securing import secured  # start-up cost: `ssl`
    from chat.transports.tls import TlsOptions

    tcp, tls = option_values("tls", options, TcpOptions, TlsOptions)
    url = opening.url
    context = tls.client_context()
    connection = _dialled(opening, tcp)
    return opening.session(
        secured(
            connection,
            tls,
            context,
            deadline=opening.deadline,
            peer=str(url),
            server_name=tls.server_name or url.host,
        )
    )


def _dialled(opening: Opening, options: TcpOptions) -> socket.socket:
    url = opening.url
    url.check_host_and_port()
    port = port_number(url.port, "tcp")
    addresses = resolve(str(url), url.host, port, socket.SOCK_STREAM, opening.deadline)
    return dial(
        str(url), addresses, options.apply, deadline=opening.deadline, clock=SYSTEM_CLOCK
    )


def open_unix(opening: Opening, **options: Any) -> Session[Any]:
    """Connect to a Unix-domain socket; there are no options."""
    option_values("unix", options)
    path = unix_path(opening.url)
    connection = dial_unix(
        str(opening.url), path, deadline=opening.deadline, clock=SYSTEM_CLOCK
    )
    return opening.session(SocketTransport(connection, peer=str(opening.url)))


def unix_path(url: Url) -> str:
    """The path of a Unix-domain socket, or its abstract name behind a NUL.

    Raises:
        UrlError: The URL has neither.
    """
    if url.query:
        raise UrlError(f"{url.text!r} has a query, and unix:// has none")
    if url.authority.startswith("@") and len(url.authority) > 1:
        return "\0" + url.authority[1:] + url.path
    if url.authority or len(url.path) < 2:
        raise UrlError(f"{url.text!r} is not unix:///path (three slashes) nor unix://@name")
    if "\0" in url.path:
        raise UrlError(f"{url.text!r} has a NUL in its path")
    return url.path


def open_udp(opening: Opening, *, source: str | None = None) -> Session[Any]:
    """Be ready to send messages to one other side, and to receive its own."""
    url = opening.url
    url.check_host_and_port()
    port = port_number(url.port, "udp")
    addresses = resolve(str(url), url.host, port, socket.SOCK_DGRAM, opening.deadline)
    attempts = []
    for address in addresses:
        connection = socket.socket(address.family, socket.SOCK_DGRAM)
        try:
            if source is not None:
                connection.bind(source_place(source))
            connection.connect(address.place)
        except OSError as error:
            connection.close()
            attempts.append(f"{address}: {error.strerror}")
        else:
            return opening.session(DatagramTransport(connection, peer=str(url)))
    raise ConnectFailed(str(url), "no address can be reached", attempts)
