"""Comm.pl's sockets: TCP connections, listeners, and messages."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, overload
from urllib.parse import quote

from chat.compat._comm_handles import AsAccumulated, Handle, socket_of
from chat.errors import ConnectFailed, ListenFailed, SendError
from chat.opening.listeners import Listener, listen
from chat.opening.urls import Url, connect
from chat.session import Session
from chat.transports.addresses import Address, host_and_port, resolve

BACKLOG: Final = 1

KEEPALIVE: Final = 7200
"""Seconds of silence after which a connection is asked after: what RFC 1122 (4.2.3.6) has the
system do where, as in Comm.pl, only the option is set."""

PortNumber: TypeAlias = "int | str"
"""A port, or the name of a service."""

_Opened = TypeVar("_Opened")

_log: Final = logging.getLogger("chat.compat.comm")


def open_port(host: str, port: PortNumber, timeout: float | None = None) -> Session[str] | None:
    """Connect over TCP.

    Args:
        host: Where to.
        port: Its port.
        timeout: Seconds it may take; `None` or 0: no limit.

    Returns:
        The handle; `None` if there is no connection.
    """
    url = _url("tcp", host, port)
    return _or_none(lambda: connect(url, connect_timeout=timeout or None, order=AsAccumulated))


@overload
def open_listen(host: PortNumber, /) -> Listener[str] | None: ...
@overload
def open_listen(host: str, port: PortNumber, /) -> Listener[str] | None: ...
def open_listen(*place: Any) -> Listener[str] | None:
    """Listen for TCP connections: `open_listen(port)`, `open_listen(host, port)`.

    Returns:
        The listener; `None` if the address cannot be had.
    """
    host, port = place if len(place) == 2 else ("", *place)
    url = _url("tcp", host, port)
    return _or_none(
        lambda: listen(url, backlog=BACKLOG, keepalive=KEEPALIVE, order=AsAccumulated)
    )


class Accepted(NamedTuple):
    """A connection, and the name, or else the address, of who called."""

    handle: Session[str]
    remote: str


def accept_it(handle: Listener[str]) -> Accepted:
    """Wait until somebody calls.

    Raises:
        SessionClosed: The listener is closed.
        OSError: The system has no room for another connection.
    """
    session = handle.accept()
    return Accepted(session, _name(Url.parse(session.peer or "").host))


def _url(scheme: str, host: str, port: PortNumber) -> str:
    return f"{scheme}://{host_and_port((quote(host, safe=':*'), port))}"


def _name(address: str) -> str:
    """The name that an address has, or else the address."""
    with suppress(OSError, UnicodeError):
        return socket.gethostbyaddr(address)[0]
    return address


def _or_none(open_it: Callable[[], _Opened]) -> _Opened | None:
    try:
        return open_it()
    except (ConnectFailed, ListenFailed) as error:
        _log.warning("%s", error)
        return None


# ── UDP ───────────────────────────────────────────────────────────────────────────────────


@overload
def open_udp_port(laddr: str, lport: int, /) -> socket.socket | None: ...
@overload
def open_udp_port(
    laddr: str, lport: int, raddr: str, rport: PortNumber, /
) -> Session[str] | None: ...
def open_udp_port(
    laddr: str, lport: int, raddr: str = "", rport: PortNumber = 0, /
) -> socket.socket | Session[str] | None:
    """Be ready for messages: with two arguments from anybody, with four from one other side.

    Args:
        laddr: An address of this machine; `""`: any of them.
        lport: A port; 0: the system chooses.
        raddr: The other side, to which `send` then goes.
        rport: Its port.

    Returns:
        The handle; `None` if the address cannot be had.
    """
    if raddr:
        source = host_and_port((laddr, lport)) if laddr or lport else None
        url = _url("udp", raddr, rport)
        return _or_none(lambda: connect(url, source=source, order=AsAccumulated))
    return _or_none(lambda: _bound(laddr, lport))


def _bound(address: str, port: int) -> socket.socket:
    family, place = (
        (socket.AF_INET, (address, port)) if not address else _address(address, port)
    )
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.bind(place)
    except OSError as error:
        made.close()
        where = f"udp://{host_and_port(place)}"
        raise ListenFailed(where, error.strerror or str(error), code=error.errno) from error
    return made


def _address(host: str, port: int, family: int = socket.AF_INET) -> tuple[int, Any]:
    """An address of a host, of this family if it has one."""
    found = resolve(_url("udp", host, port), host, port, socket.SOCK_DGRAM, None)
    best = next((each for each in found if each.family == family), found[0])
    return best.family, best.place


def sockaddr_struct(addr: str, port: int) -> Address:
    """An address looked up once, for `send_to` to take in the place of one.

    Raises:
        HostNotFound: There is no such host.
    """
    return Address(*_address(addr, port))


def send_to(handle: Handle, buf: str | bytes, flags: int, addr: Any, port: int = 0) -> int:
    """Send a message.

    Args:
        handle: Of `open_udp_port`, or any other socket of datagrams.
        buf: The message.
        flags: As of `socket.sendto`.
        addr: To which host; or what `sockaddr_struct` gave, and then no port.
        port: To which port of it.

    Returns:
        The bytes sent: all of them.

    Raises:
        SendError: It could not be sent.
        HostNotFound: There is no such host.
    """
    data = buf.encode("utf-8", "surrogateescape") if isinstance(buf, str) else buf
    with socket_of(handle) as datagrams:
        if isinstance(addr, Address):
            place = addr.place
        else:
            _, place = _address(addr, port, datagrams.family)
        try:
            return datagrams.sendto(data, flags, place)
        except OSError as error:
            raise SendError(
                f"the message to {host_and_port(place)} was not sent: {error.strerror}",
                total=len(data),
            ) from error


class Sender(NamedTuple):
    """Who sent a message: the name or else the address, and the port."""

    name: str
    port: int


def recv_from(handle: Handle, buf: bytearray, length: int, flags: int = 0) -> Sender:
    """Wait for a message.

    Args:
        handle: Of `open_udp_port`, or any other socket of datagrams.
        buf: Is filled with it.
        length: Bytes of it that are wanted; the rest is lost.
        flags: As of `socket.recvfrom`; of no meaning for a handle that is a session.

    Raises:
        OSError: The network says that nobody is there.
    """
    if isinstance(handle, Session):
        message = handle.receive(timeout=None)
        buf[:] = message.encode("utf-8", "surrogateescape")[:length]
        with socket_of(handle) as datagrams:
            place = datagrams.getpeername()
    else:
        buf[:], place = handle.recvfrom(length, flags)
    return Sender(_name(place[0]), place[1])
