"""Descriptors that are already there: pipes, sockets, a serial line, an adopted pair."""

from __future__ import annotations

import errno
import os
from typing import Final, final

from chat.errors import SessionClosed
from chat.transports import READ_SIZE


@final
class DescriptorTransport:
    """Bytes over one descriptor both ways, or over one for each way.

    Both are made non-blocking. That is a property of the open file, which other
    processes may share; `close=False` puts it back as it was.

    Args:
        read_descriptor: Where bytes come from.
        write_descriptor: Where they go; left out: the same.
        close: Whether `close` closes the descriptors, or leaves them to their owner.

    Attributes:
        writer: The writing side, if it has a descriptor of its own, else `None`.

    Raises:
        OSError: A descriptor is not open.
    """

    __slots__ = ("_reader", "_writer", "writer")

    def __init__(
        self, read_descriptor: int, write_descriptor: int | None = None, *, close: bool = True
    ) -> None:
        if write_descriptor is not None:
            os.get_blocking(write_descriptor)  # not open: an error before either is changed
        self._reader = _Adopted(read_descriptor, close=close)
        if write_descriptor is None or write_descriptor == read_descriptor:
            self._writer = self._reader
            self.writer: DescriptorWriter | None = None
        else:
            self._writer = _Adopted(write_descriptor, close=close)
            self.writer = DescriptorWriter(self._writer)

    def __repr__(self) -> str:
        return f"<DescriptorTransport reading {self._reader}, writing {self._writer}>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come, at most `size` bytes; `b""` is the end, again and again.

        Raises:
            BlockingIOError: Nothing has come yet.
            SessionClosed: The transport is closed.
            OSError: The connection failed.
        """
        try:
            return os.read(self._reader.number, size)
        except OSError as error:
            if error.errno == errno.EIO and os.isatty(self._reader.number):
                return b""  # an adopted pseudo-terminal's other side has closed
            self._reader.check_open()
            raise

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once, and say how many bytes that was.

        Raises:
            BlockingIOError: Nothing is taken now.
            BrokenPipeError: The other side is gone.
            SessionClosed: The transport, or its writing side, is closed.
            OSError: The connection failed.
        """
        try:
            return os.write(self._writer.number, data)
        except OSError as error:
            if error.errno == errno.EIO:
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
            self._writer.check_open()
            raise

    def close(self) -> None:
        """Let go of the descriptors. Twice is once."""
        self._reader.let_go()
        self._writer.let_go()

    def fileno(self) -> int:
        """The descriptor to wait on before reading.

        Raises:
            SessionClosed: The transport is closed.
        """
        return self._reader.check_open()


@final
class DescriptorWriter:
    """Capability `writer`: the writing side of a transport with two descriptors."""

    __slots__ = ("_adopted",)

    def __init__(self, adopted: _Adopted) -> None:
        self._adopted = adopted

    def fileno(self) -> int:
        """The descriptor to wait on before writing.

        Raises:
            SessionClosed: The writing side is closed.
        """
        return self._adopted.check_open()

    def close(self) -> None:
        """Close the writing side alone: the other side sees the end of its input.

        With `close=False`, where the owner's descriptor stays open, it does not.
        """
        self._adopted.let_go()


class _Adopted:
    """A descriptor made non-blocking, to be closed or given back."""

    __slots__ = ("_close", "_was_blocking", "number")

    def __init__(self, number: int, *, close: bool) -> None:
        self.number = number
        self._close: Final = close
        self._was_blocking: Final = os.get_blocking(number)
        os.set_blocking(number, False)

    def __repr__(self) -> str:
        return "nothing (closed)" if self.number < 0 else f"descriptor {self.number}"

    def check_open(self) -> int:
        if self.number < 0:
            raise SessionClosed("the descriptor is closed")
        return self.number

    def let_go(self) -> None:
        number, self.number = self.number, -1
        if number < 0:
            return
        if self._close:
            os.close(number)
        elif self._was_blocking:
            os.set_blocking(number, True)
