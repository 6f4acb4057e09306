"""Named pipes, which two programs open that need not know each other.

Opening never blocks here. A FIFO can be opened for reading at any time; that nobody has
opened it for writing yet shows as an end of file without a hang-up, which is no end. It can
be opened for writing only while somebody reads, and the system announces to nobody when that
is: the opening is tried again, after pauses that cost next to nothing (`try_until`). Each
attempt also sees whether the FIFO is still there.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from typing import Final, final

from chat.errors import FifoFailed, NotSupported, PeerAbsent, seconds
from chat.timing import try_until
from chat.transports import READ_SIZE, Writer
from chat.transports.descriptor import Adopted
from chat.transports.one_way import WritingTransport

PRIVATE: Final = 0o600


def make_fifo(path: str, permissions: int = PRIVATE) -> None:
    """Make a FIFO, unless there is one that is ours.

    Raises:
        FifoFailed: It cannot be made; or there is something else, or somebody else's.
    """
    try:
        os.mkfifo(path, permissions)
    except FileExistsError:
        found = _look_at(path, follow=False)
        if found.st_uid not in (os.geteuid(), 0):
            raise FifoFailed(
                path, "it is there, and belongs to somebody else", code=errno.EPERM
            ) from None
    except OSError as error:
        raise _failure(path, error) from error


def open_for_reading(path: str) -> int:
    """Open a FIFO for reading, whoever may be at its other end.

    Raises:
        FifoFailed: There is none, or it may not be read.
    """
    return _open(path, os.O_RDONLY)


def open_for_writing(path: str, timeout: float | None) -> int:
    """Open a FIFO for writing, once somebody reads.

    Args:
        timeout: Seconds to wait for that. `None`: no limit. 0: look, do not wait.

    Raises:
        PeerAbsent: Nobody opened it for reading in time.
        FifoFailed: There is none, or none any more, or it may not be written.
    """

    def attempt() -> int | None:
        try:
            return _open(path, os.O_WRONLY)
        except FifoFailed as error:
            if error.errno != errno.ENXIO:
                raise
            return None

    descriptor = try_until(attempt, timeout)
    if descriptor is None:
        raise PeerAbsent(
            path,
            f"waited {seconds(timeout)} for somebody to open it for reading",
            code=errno.ETIMEDOUT,
        )
    return descriptor


def _open(path: str, access: int) -> int:
    _look_at(path)
    try:
        descriptor = os.open(path, access | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise _failure(path, error) from error
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):  # changed since it was looked at
        os.close(descriptor)
        raise FifoFailed(path, "it is not a FIFO", code=errno.EEXIST)
    return descriptor


def _look_at(path: str, *, follow: bool = True) -> os.stat_result:
    """See what is there: opening what is no FIFO may do something, as with a tape."""
    try:
        found = os.stat(path, follow_symlinks=follow)  # noqa: PTH116  (as it stands)
    except OSError as error:
        raise _failure(path, error) from error
    if not stat.S_ISFIFO(found.st_mode):
        raise FifoFailed(path, "it is there, and not a FIFO", code=errno.EEXIST)
    return found


def _failure(path: str, error: OSError) -> FifoFailed:
    return FifoFailed(path, os.strerror(error.errno or 0), code=error.errno)


@final
class FifoReader:
    """The reading end of a FIFO.

    Args:
        path: Where it is.
        stay: Whether the end of one writer is not the end: others may come, for ever.

    Raises:
        FifoFailed: There is none, or it may not be read.
    """

    def __init__(self, path: str, *, stay: bool = False) -> None:
        self._path: Final = path
        self._adopted: Final = Adopted(open_for_reading(path), close=True)
        self._ended = False
        self._was_met = False
        self._own_writer: Adopted | None = None
        if stay:
            # As long as this side could write itself, there is no end of file.
            try:
                self._own_writer = Adopted(_open(path, os.O_WRONLY), close=True)
            except BaseException:
                self._adopted.let_go()
                raise

    def read(self, size: int) -> bytes:
        """Take what has come; see `Transport.read`."""
        if self._ended:
            self._adopted.check_open()
            return b""
        data = self._adopted.read(size)
        if not data:
            if not self._is_hung_up():
                raise BlockingIOError("nobody has opened the FIFO for writing yet")
            data = self._adopted.read(size)  # who hung up may have spoken in between
            self._ended = not data
        self._was_met = True
        return data

    def _is_hung_up(self) -> bool:
        poller = select.poll()
        poller.register(self._adopted.number, 0)
        return bool(poller.poll(0))

    def remark(self) -> str | None:
        """Why nothing may have come."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  (as it stands)
            ours = os.fstat(self._adopted.check_open())
        except FileNotFoundError:
            return f"the FIFO {self._path!r} is not there any more"
        except OSError as error:
            return f"the FIFO {self._path!r} cannot be seen: {os.strerror(error.errno or 0)}"
        if not os.path.samestat(found, ours):
            return f"another file has taken the place of the FIFO {self._path!r}"
        return None if self._was_met else f"nobody has written to the FIFO {self._path!r} yet"

    def fileno(self) -> int:
        """The descriptor to wait on. Raises SessionClosed: it is closed."""
        return self._adopted.check_open()

    def close(self) -> None:
        """Close it. Twice is once."""
        self._adopted.let_go()
        if self._own_writer is not None:
            self._own_writer.let_go()


@final
class FifoTransport:
    """Bytes over a FIFO one way, or over two of them both ways.

    Args:
        incoming: The one to read from, if any.
        outgoing: The one to write to, if any.

    Attributes:
        writer: The writing side, where there is one.
    """

    __slots__ = ("_incoming", "_outgoing", "_reader", "writer")

    def __init__(self, incoming: FifoReader | None, outgoing: WritingTransport | None) -> None:
        reader = outgoing if incoming is None else incoming
        assert reader is not None, "a FIFO leads somewhere"
        self._incoming = incoming
        self._outgoing = outgoing
        self._reader: FifoReader | WritingTransport = reader
        self.writer: Writer | None = None if outgoing is None else outgoing.writer

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come; see `Transport.read`. Where nothing can, only the end does."""
        return self._reader.read(size)

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once; see `Transport.write`.

        Raises:
            NotSupported: This FIFO is only read.
        """
        if self._outgoing is None:
            self._reader.fileno()
            raise NotSupported("this FIFO is only read: nobody hears what is sent")
        return self._outgoing.write(data)

    def remark(self) -> str | None:
        """Why nothing may have come."""
        return None if self._incoming is None else self._incoming.remark()

    def close(self) -> None:
        """Let go of the descriptors. Twice is once. The FIFO stays where it is."""
        for end in (self._incoming, self._outgoing):
            if end is not None:
                end.close()

    def fileno(self) -> int:
        """The descriptor to wait on before reading. Raises SessionClosed: it is closed."""
        return self._reader.fileno()


def connect_fifo(
    incoming: str | None,
    outgoing: str | None,
    *,
    timeout: float | None,
    create: bool = False,
    stay: bool = False,
) -> FifoTransport:
    """Open a FIFO to read from, one to write to, or both.

    Args:
        incoming: Where the one to read from is.
        outgoing: Where the one to write to is.
        timeout: Seconds to wait for somebody to read. `None`: no limit.
        create: Whether to make what is not there, for the user alone.
        stay: See `FifoReader`.

    Raises:
        PeerAbsent: Nobody opened the one to write to in time.
        FifoFailed: There is none, or it may not be opened.
    """
    if create:
        for path in (incoming, outgoing):
            if path is not None:
                make_fifo(path)
    # First the one to read from: the other side may wait for that before it reads.
    reader = None if incoming is None else FifoReader(incoming, stay=stay)
    try:
        writer = None
        if outgoing is not None:
            writer = WritingTransport(open_for_writing(outgoing, timeout))
        return FifoTransport(reader, writer)
    except BaseException:
        if reader is not None:
            reader.close()
        raise
