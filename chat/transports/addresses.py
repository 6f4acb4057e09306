"""Internet addresses: from names, under a deadline, in the order in which to try them."""

from __future__ import annotations

import os
import queue
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from chat.errors import ConnectTimeout, HostNotFound, UrlError
from chat.timing import SYSTEM_CLOCK, seconds_until

SocketAddress: TypeAlias = "tuple[Any, ...]"
"""What the socket calls take: host and port, of IPv6 also flow and scope."""

MAX_PORT: Final = 65535

_WITHOUT_ADDRESS: Final = frozenset(
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
)
"""What the resolver says of a name that has no address, as against one it cannot ask for."""


@final
@dataclass(frozen=True, slots=True)
class Address:
    """One address that a name stands for.

    Attributes:
        family: `AF_INET` or `AF_INET6`.
        place: What `connect` takes.
    """

    family: int
    place: SocketAddress

    def __str__(self) -> str:
        return host_and_port(self.place)


def host_and_port(place: SocketAddress) -> str:
    """An address as URLs have it: `127.0.0.1:80`, `[::1]:80`."""
    host, port = place[0], place[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def port_number(name: str, protocol: str) -> int:
    """A port from a number or the name of a service, as in `/etc/services`.

    Args:
        protocol: `"tcp"` or `"udp"`.

    Raises:
        UrlError: There is no such service or port.
    """
    if name.isdecimal() and name.isascii():
        if int(name) > MAX_PORT:
            raise UrlError(f"port {name} is none: the last one is {MAX_PORT}")
        return int(name)
    try:
        return socket.getservbyname(name, protocol)
    except (OSError, UnicodeError) as error:
        raise UrlError(f"{name!r} is neither a port nor a service over {protocol}") from error


def resolve(
    target: str, host: str, port: int, kind: socket.SocketKind, deadline: float | None
) -> list[Address]:
    """Look a host's addresses up.

    The system's resolver cannot be interrupted. It is asked in a thread of its own, which is
    left behind if it does not answer in time.

    Args:
        target: What the errors name.
        kind: `SOCK_STREAM` or `SOCK_DGRAM`.
        deadline: When to give up, on the monotonic clock; `None`: never.

    Returns:
        The addresses in the order in which to try them (RFC 8305, section 4): as the system
        sorts them, families in turn.

    Raises:
        HostNotFound: There is none, or the resolver cannot be asked.
        ConnectTimeout: The resolver did not answer in time.
    """
    try:
        found = _ask(host, port, kind, socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        found = _ask_in_time(target, host, port, kind, deadline)
    return in_turn(found)


def _ask(host: str, port: int, kind: socket.SocketKind, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=kind, flags=flags)
    known = (socket.AF_INET, socket.AF_INET6)
    made = (Address(family, place) for family, _, _, _, place in found if family in known)
    return list(dict.fromkeys(made))


def _ask_in_time(
    target: str, host: str, port: int, kind: socket.SocketKind, deadline: float | None
) -> list[Address]:
    answers: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_ask(host, port, kind))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds_until(deadline, SYSTEM_CLOCK.now()))
    except queue.Empty:
        raise ConnectTimeout(target, f"looking up {host!r} took too long") from None
    if isinstance(answer, Exception):
        raise HostNotFound(target, _reason(host, answer)) from answer
    if not answer:
        raise HostNotFound(target, f"{host!r} has no internet address")
    return answer


def _reason(host: str, error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        if error.errno in _WITHOUT_ADDRESS:
            return f"there is no host {host!r}"
        return f"looking up {host!r} failed: {error.strerror}"
    if isinstance(error, OSError) and error.errno:
        return f"looking up {host!r} failed: {os.strerror(error.errno)}"
    return f"{host!r} is no name of a host"


def in_turn(addresses: Sequence[Address]) -> list[Address]:
    """Addresses with their families in turn, beginning with the first one's."""
    if not addresses:
        return []
    first = addresses[0].family
    ones = [each for each in addresses if each.family == first]
    others = [each for each in addresses if each.family != first]
    pairs = zip(ones, others, strict=False)
    mixed = [each for pair in pairs for each in pair]
    shorter = len(mixed) // 2
    return mixed + ones[shorter:] + others[shorter:]
