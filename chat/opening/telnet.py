"""Conversations over telnet, from either side.

with open_telnet("router-7", timeout=20) as s:
    s.expect("Username: ")
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final, Unpack, overload

from chat.errors import ConnectFailed, ConnectRefused, ConnectTimeout, HostNotFound, seconds
from chat.opening.options import SessionOptions
from chat.session import Session
from chat.transports import Transport
from chat.transports.descriptor import DescriptorTransport
from chat.transports.telnet.codes import TELNET_PORT
from chat.transports.telnet.settings import TERMINAL_TYPE, Client, Server, Settings
from chat.transports.telnet.transport import TelnetTransport
from chat.values import WindowSize

CONNECT_TIMEOUT: Final = 30.0
"""Seconds to wait for a connection unless told otherwise, as for anything else."""


@overload
def open_telnet(
    host: str,
    port: int = ...,
    *,
    encoding: str = ...,
    terminal_type: str | Sequence[str] = ...,
    size: tuple[int, int] = ...,
    environment: Mapping[str, str] | None = ...,
    binary: bool = ...,
    connect_timeout: float | None = ...,
    **options: Unpack[SessionOptions],
) -> Session[str]: ...
@overload
def open_telnet(
    host: str,
    port: int = ...,
    *,
    encoding: None,
    terminal_type: str | Sequence[str] = ...,
    size: tuple[int, int] = ...,
    environment: Mapping[str, str] | None = ...,
    binary: bool = ...,
    connect_timeout: float | None = ...,
    **options: Unpack[SessionOptions],
) -> Session[bytes]: ...
def open_telnet(
    host: str,
    port: int = TELNET_PORT,
    *,
    encoding: str | None = "utf-8",
    terminal_type: str | Sequence[str] = TERMINAL_TYPE,
    size: tuple[int, int] = (24, 80),
    environment: Mapping[str, str] | None = None,
    binary: bool = False,
    connect_timeout: float | None = CONNECT_TIMEOUT,
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Connect to a telnet server and open a conversation with it.

    Nothing is negotiated until the server asks (but for `binary`), so that one which speaks
    no telnet can be talked to as well. Telnet hides nothing from who listens on the way.

    `send_secret` waits until the server says that it ECHOes, which is what it says to hide a
    password. One that never does shows no password either, and needs `allow_echo=True`.

    Args:
        host: Its name or address.
        port: Where it listens.
        encoding: What the bytes mean; `None`: the session holds bytes.
        terminal_type: What terminal to be; several are offered in turn.
        size: The window's rows and columns, which `Session.resize` changes.
        environment: The variables to tell if the server asks, `USER` for one. None of this
            process's own is ever told.
        binary: Ask for eight bits without meaning, both ways.
        connect_timeout: Seconds until there has to be a connection; `None`: no limit.
        options: Further options of `Session`: timeout, quiet, view, log …

    Raises:
        ConnectRefused: Nobody listens there.
        ConnectTimeout: There was no answer in time.
        HostNotFound: The host's name has no address.
        ConnectFailed: It could not be connected to for another reason, which is named.
        TypeError, ValueError, LookupError: An option is not one.
    """
    names = (terminal_type,) if isinstance(terminal_type, str) else tuple(terminal_type)
    settings = Client(
        terminal_types=names,
        size=WindowSize(*size),
        environment=dict(environment or {}),
        binary=binary,
    )
    transport = _connect(host, port, connect_timeout)
    return telnet_session(transport, settings, encoding=encoding, **options)


def telnet_session(
    transport: Transport,
    settings: Settings | None = None,
    *,
    encoding: str | None = "utf-8",
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Open a conversation over telnet on a connection that is there, as either side.

    Args:
        transport: The connection. It is closed if this fails.
        settings: Which side this is, and how it behaves: a `Client` if left out. To a
            `Server`, a line ends in `"\\n"` both ways unless `newline` says otherwise.
        encoding: As of any session, like the other options.

    Raises:
        TypeError, ValueError, LookupError: An option is not one.
    """
    try:
        if isinstance(settings, Server) and options.get("newline") is None:
            options["newline"] = b"\n" if encoding is None else "\n"
        return Session(TelnetTransport(transport, settings), encoding=encoding, **options)
    except BaseException:
        transport.close()
        raise


def _connect(host: str, port: int, timeout: float | None) -> Transport:
    target = f"telnet://{host}:{port}"
    try:
        connection = socket.create_connection((host, port), timeout)
    except ConnectionRefusedError as error:
        raise ConnectRefused(target, "nobody listens there", code=error.errno) from error
    except TimeoutError as error:
        raise ConnectTimeout(target, f"no answer within {seconds(timeout)}") from error
    except (socket.gaierror, UnicodeError) as error:
        raise HostNotFound(target, f"there is no host {host!r}") from error
    except OSError as error:
        raise ConnectFailed(target, error.strerror or str(error), code=error.errno) from error
    return DescriptorTransport(connection.detach())
