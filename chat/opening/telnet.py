"""Conversations over telnet: the scheme `telnet`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chat.opening.sockets import dialled
from chat.opening.urls import Opening, option_values
from chat.session import Session
from chat.transports.sockets import SocketTransport, TcpOptions
from chat.transports.telnet.codes import TELNET_PORT
from chat.transports.telnet.settings import Client
from chat.transports.telnet.transport import TelnetTransport


def open_telnet(opening: Opening, **options: Any) -> Session[Any]:
    """Connect to a telnet server; the options are those of `TcpOptions` and `Client`.

    Nothing is negotiated until the server asks (but for `binary`), so that one which speaks
    no telnet can be talked to as well.

    `Session.send_secret` waits until the server says that it ECHOes, as one does that hides
    a password. One that never does shows nothing either, and needs `allow_echo=True`.
    """
    tcp, client = option_values("telnet", options, TcpOptions, Client)
    url = opening.url
    if url.user:
        client = replace(client, environment={"USER": url.user, **client.environment})
    place = replace(url, user=None, port=url.port or str(TELNET_PORT))
    connection = dialled(replace(opening, url=place), tcp)
    transport = SocketTransport(connection, peer=str(url), host=url.host)
    return opening.session(TelnetTransport(transport, client))
