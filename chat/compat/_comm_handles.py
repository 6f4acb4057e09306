"""Comm.pl's handles: sessions, and what sessions are made over; how they are closed."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from chat.core.matcher import Found
from chat.core.policies import FirstListed
from chat.core.stream import Stream
from chat.opening.adopting import attach
from chat.opening.two_streams import TwoStreams
from chat.session import Session

GRACE: Final = 0.5
"""Seconds that a program is given to end: five times a tenth."""

Handle: TypeAlias = Any
"""A session, a listener, or whatever else has a descriptor: a socket, a file, a `Popen`."""

_adopted: Final[WeakKeyDictionary[Any, Session[str]]] = WeakKeyDictionary()


class AsAccumulated(FirstListed):
    """Patterns as Comm.pl tries them: in their order, on what has come, once something has."""

    __slots__ = ()

    def scan(self, stream: Stream[Any]) -> Found | None:
        """The answer, if what has come decides it."""
        return super().scan(stream) if stream.end > self.begin else None


class Proc(NamedTuple):
    """A program on a terminal. Whatever takes a handle takes this for its `pty`.

    Attributes:
        pty: The conversation with it.
        tty: The same: the terminal's modes are seen and set from this side too, and nobody
            but the program holds the terminal open, so that its end is seen.
        pid: Its process id.
    """

    pty: Session[str]
    tty: Session[str]
    pid: int


def known_session(handle: Handle) -> Session[str] | None:
    """The session that a handle is, or that was made over it."""
    if isinstance(handle, Session):
        return handle
    if isinstance(handle, Proc):
        return handle.pty
    if isinstance(handle, TwoStreams):
        return handle.out
    return None if isinstance(handle, int | None) else _adopted.get(handle)


def session_of(handle: Handle) -> Session[str]:
    """The same; over what somebody else has opened, one is made and remembered.

    Raises:
        TypeError: It is a number, which another file may have tomorrow; or no handle at all,
            as if nobody had looked whether it could be opened.
    """
    known = known_session(handle)
    if known is None:
        if handle is None:
            raise TypeError("None is no handle: it could not be opened, and the log says why")
        if isinstance(handle, int):
            raise TypeError("a descriptor alone is no handle: open_dupprochandle makes one")
        known = _adopted[handle] = attach(handle, order=AsAccumulated)
    return known


def descriptor_of(handle: Handle) -> int:
    """The descriptor to wait on."""
    session = known_session(handle)
    if session is not None:
        return session.fileno()
    number: int = handle if isinstance(handle, int) else handle.fileno()
    return number


@contextmanager
def socket_of(handle: Handle) -> Iterator[socket.socket]:
    """The socket that a handle is, or is about.

    Raises:
        OSError: It is none.
    """
    if isinstance(handle, socket.socket):
        yield handle
        return
    descriptor = os.dup(descriptor_of(handle))
    try:
        made = socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        raise
    with made:
        yield made


def open_dupsockethandle(fh: Handle) -> Session[str]:
    """A handle over a connected socket of somebody else's, of which it has a copy.

    Closing it shuts the connection down, for both.

    Raises:
        OSError: It is no socket.
        NotSupported: It is one of datagrams.
    """
    with socket_of(fh) as connection:
        return attach(connection.dup(), close=True, order=AsAccumulated)


def open_dupprochandle(fh: Handle) -> Session[str]:
    """A handle over a file, pipe or terminal of somebody else's, of which it has a copy.

    A `subprocess.Popen` is taken over, with its process, which `close_it` then ends.

    Raises:
        TypeError, OSError: It is none of these, or not open.
    """
    if hasattr(fh, "communicate"):
        return attach(fh, order=AsAccumulated)
    return attach(os.dup(descriptor_of(fh)), close=True, order=AsAccumulated)


def close_it(*handles: Handle) -> None:
    """Close handles: connections are shut down, programs ended with all their group.

    A program is told to hang up, then to terminate, then killed, after half a second each.
    Others that have a connection too, such as a child that was forked, lose it. What could
    not be opened, and is `None`, is closed already.
    """
    for each in handles:
        session = known_session(each)
        if session is not None:
            _end(session)
        elif isinstance(each, socket.socket):
            _shut_down(each)
        if hasattr(each, "close"):
            each.close()


def close_noshutdown(*handles: Handle) -> None:
    """Close handles here alone: a child that was forked goes on with the connection."""
    for each in handles:
        session = known_session(each)
        if session is not None:
            session.let_go()
        if session is not each and hasattr(each, "close"):
            each.close()


def _end(session: Session[str]) -> None:
    if session.closed:
        return
    if not stat.S_ISSOCK(os.fstat(session.fileno()).st_mode):
        session.close(grace=GRACE)
        return
    with socket_of(session) as connection:
        session.close(grace=GRACE)
        _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # it is not connected any more, or never was
        connection.shutdown(socket.SHUT_RDWR)
