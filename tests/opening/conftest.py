"""Peers that are plain sockets in threads, and certificates of every kind."""

from __future__ import annotations

import datetime as dt
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

import chat

PATIENCE = 20.0
"""Seconds until a test gives up on a peer: long, because nothing waits for it to pass."""


class ServeOnce:
    """Has functions talk, each in a thread, to the first who calls."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._listeners: list[socket.socket] = []
        self._failures: list[BaseException] = []

    def __call__(self, talk: Callable[[socket.socket], object], host: str = "127.0.0.1") -> str:
        """Start one; the URL to call.

        The function is given the accepted socket, blocking, which is closed behind it.
        """
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.settimeout(PATIENCE)
        listener.bind((host, 0))
        listener.listen(5)
        self._listeners.append(listener)
        thread = threading.Thread(target=self._run, args=(listener, talk), daemon=True)
        thread.start()
        self._threads.append(thread)
        port = listener.getsockname()[1]
        return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    def _run(self, listener: socket.socket, talk: Callable[[socket.socket], object]) -> None:
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE)
                talk(connection)
        except BaseException as error:  # noqa: BLE001  raised by `end`
            self._failures.append(error)

    def wait(self) -> None:
        """Wait until all have talked."""
        for thread in self._threads:
            thread.join(PATIENCE)

    def end(self) -> None:
        """Wait, close, and raise what went wrong."""
        self.wait()
        for listener in self._listeners:
            listener.close()
        for failure in self._failures:
            raise failure


@pytest.fixture
def serve_once() -> Iterator[ServeOnce]:
    """Have a function talk, in a thread, to the first who calls; gives the URL to call."""
    made = ServeOnce()
    yield made
    made.end()


def reset(connection: socket.socket) -> None:
    """Close so that the other side sees a reset and not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def socket_of(session: chat.Session[Any]) -> socket.socket:
    """The socket that a session is over."""
    transport: Any = session._channel.transport
    found: socket.socket = transport._connection
    return found


@pytest.fixture
def descriptors() -> Callable[[], set[str]]:
    """The descriptors this process has open."""
    return lambda: set(os.listdir("/proc/self/fd"))  # noqa: PTH208  names


@dataclass(frozen=True)
class Certificates:
    """Certificates as PEM files, each with its key where it has one.

    Attributes:
        authority: Who has signed all of them.
        good: For localhost and 127.0.0.1.
        expired: For the same, until yesterday.
        other_host: For another.
        client: For a caller.
        stranger: Signed by an authority nobody knows.
    """

    authority: Path
    good: Path
    expired: Path
    other_host: Path
    client: Path
    stranger: Path

    def server_side(self, which: Path, *, ask: bool = False) -> ssl.SSLContext:
        """What the library's own server needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(which)
        if ask:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    directory = tmp_path_factory.mktemp("certificates")
    authority, stranger = trustme.CA(), trustme.CA()
    today = dt.datetime.now(dt.UTC)
    past = {
        "not_before": today - dt.timedelta(days=9),
        "not_after": today - dt.timedelta(days=1),
    }
    names = ("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(directory / "authority"))
    made = {
        "good": authority.issue_cert(*names),
        "expired": authority.issue_cert(*names, **past),
        "other_host": authority.issue_cert("elsewhere.example"),
        "client": authority.issue_cert("somebody@example.org"),
        "stranger": stranger.issue_cert(*names),
    }
    for name, each in made.items():
        each.private_key_and_cert_chain_pem.write_to_path(str(directory / name))
    return Certificates(directory / "authority", *(directory / name for name in made))
