"""Descriptors that only read or only write: one end of a pipe or a FIFO, half a file."""

from __future__ import annotations

import os
import select
from typing import Final, NoReturn, final

from chat.errors import NotSupported
from chat.transports import READ_SIZE, Process, Remark
from chat.transports.descriptor import Adopted


@final
class ReadingTransport:
    """Bytes that only come.

    Args:
        descriptor: Where they come from; it is made non-blocking.
        close: Whether `close` closes it, or leaves it to its owner.

    Attributes:
        writer: There is none.
        process: The child at the other end, if whoever made this says that there is one.
        remark: What to say when a wait runs out, if whoever made this knows something.
    """

    __slots__ = ("_reader", "process", "remark")

    writer: Final = None

    def __init__(self, descriptor: int, *, close: bool = True) -> None:
        self._reader = Adopted(descriptor, close=close)
        self.process: Process | None = None
        self.remark: Remark | None = None

    def __repr__(self) -> str:
        return f"<ReadingTransport: {self._reader}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come; see `Transport.read`."""
        return self._reader.read(size)

    def write(self, data: bytes) -> NoReturn:
        """Refuse.

        Raises:
            NotSupported: Nobody reads what this side would say.
            SessionClosed: The transport is closed.
        """
        self._reader.check_open()
        raise NotSupported("this session only reads: nobody hears what is sent")

    def close(self) -> None:
        """Let go of the descriptor. Twice is once."""
        self._reader.let_go()

    def fileno(self) -> int:
        """The descriptor to wait on. Raises SessionClosed: the transport is closed."""
        return self._reader.check_open()


@final
class WritingTransport:
    """Bytes that only go. Its end comes when nobody reads them any more.

    Args:
        descriptor: Where they go; it is made non-blocking.
        close: Whether `close` closes it, or leaves it to its owner.

    Attributes:
        writer: The writing side, which can be closed alone: behind that, this side has
            nothing more to say, and the other nothing to answer with, which is an end.
        process: The child at the other end, if whoever made this says that there is one.
        remark: What to say when a wait runs out, if whoever made this knows something.
    """

    __slots__ = ("_lent", "_writer", "process", "remark", "writer")

    def __init__(self, descriptor: int, *, close: bool = True) -> None:
        # Of a lent one a copy is used, which can be closed without its owner losing it.
        self._lent = None if close else Adopted(descriptor, close=False)
        self._writer = Adopted(descriptor if close else os.dup(descriptor), close=True)
        self.writer = ClosableWriter(self._writer)
        self.process: Process | None = None
        self.remark: Remark | None = None

    def __repr__(self) -> str:
        return f"<WritingTransport: {self._writer}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Nothing ever comes but the end.

        Raises:
            BlockingIOError: Somebody still reads what is said.
            SessionClosed: The transport is closed.
        """
        number = self._writer.check_open()
        if self.writer.closed or _is_nobody_reading(number):
            return b""
        raise BlockingIOError("this session only writes")

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once; see `Transport.write`."""
        self.writer.fileno()
        return self._writer.write(data)

    def close(self) -> None:
        """Let go of the descriptor. Twice is once."""
        self._writer.let_go()
        if self._lent is not None:
            self._lent.let_go()

    def fileno(self) -> int:
        """The descriptor to wait on. Raises SessionClosed: the transport is closed."""
        return self._writer.check_open()


@final
class ClosableWriter:
    """Capability `writer` where reading is waited for on the same descriptor.

    Closing it must leave a descriptor to wait on: the end of nothing takes its place.

    Attributes:
        closed: Whether it was closed.
    """

    __slots__ = ("_adopted", "closed")

    def __init__(self, adopted: Adopted) -> None:
        self._adopted = adopted
        self.closed = False

    def fileno(self) -> int:
        """The descriptor to wait on before writing.

        Raises:
            SessionClosed: The writing side is closed.
        """
        number = self._adopted.check_open()
        if self.closed:
            self._adopted.refuse()
        return number

    def close(self) -> None:
        """Close the writing side: the other side sees the end of its input. Twice is once."""
        if self.closed or self._adopted.number < 0:
            return
        self.closed = True
        try:
            nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # no descriptor is left: then there is nothing to wait on either
            self._adopted.let_go()
            return
        try:
            os.dup2(nothing, self._adopted.number, inheritable=False)
        finally:
            os.close(nothing)


def _is_nobody_reading(descriptor: int) -> bool:
    poller = select.poll()
    poller.register(descriptor, 0)  # errors are told unasked
    return bool(poller.poll(0))
