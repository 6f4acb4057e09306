"""Sockets that are listened on: made private, found out to be in use, and taken away again."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from chat.errors import ListenFailed
from chat.transports.addresses import Address, host_and_port
from chat.transports.sockets import peer_url, unix_url

BACKLOG: Final = 128
"""Callers that may wait to be accepted; Linux allowed no more for long."""

PRIVATE: Final = 0o600
"""Permissions of a Unix-domain socket unless told otherwise: its owner alone."""

# The caller's connection failed before it was accepted: somebody else may be waiting.
_ITS_OWN_FAULT: Final = frozenset({errno.ECONNABORTED, errno.EPROTO, errno.EINTR})


@final
class Endpoint:
    """A socket that is listened on.

    Args:
        listening: The socket, which it owns.
        url: Its address, as callers may use it.
        path: Of a Unix-domain socket, its file, which is removed with it.
        owners_only: Whether callers of other users are sent away.
    """

    def __init__(
        self,
        listening: socket.socket,
        url: str,
        *,
        path: str | None = None,
        owners_only: bool = False,
    ) -> None:
        listening.setblocking(False)
        self._listening: Final = listening
        self.url: Final = url
        self.address: Final = listening.getsockname()
        self._path: Final = path
        self._file: Final = None if path is None else _identity(path)
        self._owners_only: Final = owners_only
        self._owner: Final = os.getpid()

    def fileno(self) -> int:
        """The descriptor that becomes readable when somebody calls; -1: it is closed."""
        return self._listening.fileno()

    def accept(self) -> socket.socket:
        """Take the next caller.

        Raises:
            BlockingIOError: Nobody is waiting.
            OSError: The system has no room for another.
        """
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError as error:
                if error.errno in _ITS_OWN_FAULT:
                    continue
                raise
            connection.setblocking(False)
            if not self._owners_only or _is_ours(connection):
                return connection
            connection.close()

    def close(self) -> None:
        """Listen no more; a file that is still ours is removed. Twice is once."""
        if self._listening.fileno() < 0:
            return
        # In a child that was forked, the socket is the parent's.
        if self._path is not None and os.getpid() == self._owner:
            with suppress(OSError):
                if _identity(self._path) == self._file:
                    Path(self._path).unlink()
        self._listening.close()


def _identity(path: str) -> tuple[int, int, int]:
    """What tells a file from another, also from one that has been given its number since."""
    status = os.lstat(path)
    return status.st_dev, status.st_ino, status.st_mtime_ns


# ── TCP ───────────────────────────────────────────────────────────────────────────────────


def listen_tcp(
    target: str, scheme: str, addresses: Sequence[Address], *, backlog: int
) -> Endpoint:
    """Listen on the first of the addresses that can be had.

    Args:
        target: What the errors name.
        scheme: What the endpoint's URL begins with.

    Raises:
        ListenFailed: None can be had.
    """
    failure: OSError | None = None
    for address in addresses:
        listening = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            # A listener that was ended a moment ago must not keep the next one from its port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address.place)
            listening.listen(backlog)
            url = f"{scheme}://{host_and_port(listening.getsockname())}"
            return Endpoint(listening, url)
        except OSError as error:
            listening.close()
            failure = error
    assert failure is not None
    raise _failed(target, failure) from failure


def _failed(target: str, error: OSError) -> ListenFailed:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return ListenFailed(target, reason, code=error.errno)


# ── Unix-domain sockets ───────────────────────────────────────────────────────────────────


def listen_unix(target: str, path: str, *, mode: int, backlog: int) -> Endpoint:
    """Listen on a path, or on an abstract name behind a NUL.

    The file has its permissions from its beginning, so that there is no moment in which a
    stranger can call. One that is there already is replaced if it is a socket on which
    nobody listens. An abstract name has no permissions: callers of other users are sent
    away, where the system tells who calls.

    Args:
        target: What the errors name.
        mode: The file's permissions.

    Raises:
        ListenFailed: Somebody listens there, something else is there, or it may not be had.
    """
    abstract = path.startswith("\0")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if abstract:
            listening.bind(path)
        else:
            _bind_file(target, listening, path, mode)
        listening.listen(backlog)
        where = None if abstract else path
        return Endpoint(listening, unix_url(path), path=where, owners_only=abstract)
    except (OSError, ValueError) as error:
        listening.close()
        if isinstance(error, ListenFailed):
            raise
        if isinstance(error, ValueError) or error.errno is None:
            raise ListenFailed(target, f"that is no path of a socket: {error}") from error
        raise _failed(target, error) from error


def _bind_file(target: str, listening: socket.socket, path: str, mode: int) -> None:
    try:
        _bind_private(listening, path, mode)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _take_away_stale(target, path)
        _bind_private(listening, path, mode)


def _bind_private(listening: socket.socket, path: str, mode: int) -> None:
    """Bind with permissions that are right from the first moment on."""
    try:
        # Linux gives the file the permissions that its socket has (unix(7)), less the umask.
        os.fchmod(listening.fileno(), mode)
        listening.bind(path)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # Elsewhere only the umask has a say, which all threads share.
        before = os.umask(0o777 & ~mode)
        try:
            listening.bind(path)
        finally:
            os.umask(before)
    Path(path).chmod(mode)  # what the umask had taken away


def _take_away_stale(target: str, path: str) -> None:
    """Remove a socket on which nobody listens, and nothing else.

    It is moved aside before it is removed, and looked at once more there: another program
    may have put its own in the place since it was found to be stale.
    """
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise ListenFailed(target, "something that is no socket is there already")
    found = _identity(path)
    if _is_listened_on(path):
        raise ListenFailed(target, "somebody listens there already", code=errno.EADDRINUSE)
    with tempfile.TemporaryDirectory(prefix=".stale-", dir=Path(path).parent) as directory:
        aside = str(Path(directory, "socket"))
        Path(path).rename(aside)
        if _identity(aside) != found or _is_listened_on(aside):
            Path(aside).rename(path)
            raise ListenFailed(target, "somebody listens there already", code=errno.EADDRINUSE)


def _is_listened_on(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        # Every answer but this one, a full queue included, is somebody's.
        return caller.connect_ex(path) != errno.ECONNREFUSED


_CREDENTIALS: Final = struct.Struct("3i")


def caller_of(connection: socket.socket) -> tuple[int, int] | None:
    """Process and user at the other end of a Unix-domain socket, where the system tells."""
    option: int | None = getattr(socket, "SO_PEERCRED", None)
    if option is None or connection.family != socket.AF_UNIX:
        return None
    told = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    process, user, _ = _CREDENTIALS.unpack(told)
    return process, user


def _is_ours(connection: socket.socket) -> bool:
    caller = caller_of(connection)
    return caller is None or caller[1] in (0, os.geteuid())


def caller_name(connection: socket.socket, url: str) -> str:
    """Who calls, for people: an address, or the process at a Unix-domain socket."""
    caller = caller_of(connection)
    if caller is not None:
        return f"{url} (process {caller[0]} of user {caller[1]})"
    return peer_url(connection) or url
