"""Descriptors that are already there: pipes, sockets, a serial line, an adopted pair."""

from __future__ import annotations

import errno
import os
import signal
from typing import Final, NoReturn, final

from chat.errors import SessionClosed
from chat.transports import READ_SIZE, Process, Remark


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
        process: The child at the other end, if whoever made this says that there is one.
        remark: What to say when a wait runs out, if whoever made this knows something.

    Raises:
        OSError: A descriptor is not open.
    """

    __slots__ = ("_reader", "_writer", "process", "remark", "writer")

    def __init__(
        self, read_descriptor: int, write_descriptor: int | None = None, *, close: bool = True
    ) -> None:
        if write_descriptor is not None:
            os.get_blocking(write_descriptor)  # not open: an error before either is changed
        self._reader = Adopted(read_descriptor, close=close)
        self.process: Process | None = None
        self.remark: Remark | None = None
        if write_descriptor is None or write_descriptor == read_descriptor:
            self._writer = self._reader
            self.writer: DescriptorWriter | None = None
        else:
            self._writer = Adopted(write_descriptor, close=close)
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
        return self._reader.read(size)

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once, and say how many bytes that was.

        Raises:
            BlockingIOError: Nothing is taken now.
            BrokenPipeError: The other side is gone.
            SessionClosed: The transport, or its writing side, is closed.
            OSError: The connection failed.
        """
        return self._writer.write(data)

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

    def __init__(self, adopted: Adopted) -> None:
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


@final
class Adopted:
    """A descriptor made non-blocking, to be closed or given back.

    Args:
        number: The descriptor.
        close: Whether it is closed in the end, or given back as it was.

    Attributes:
        number: The descriptor, negative once it is let go of.
    """

    __slots__ = ("_close", "_was_blocking", "number")

    def __init__(self, number: int, *, close: bool) -> None:
        self.number = number
        self._close: Final = close
        self._was_blocking: Final = os.get_blocking(number)
        os.set_blocking(number, False)

    def __repr__(self) -> str:
        return "nothing (closed)" if self.number < 0 else f"descriptor {self.number}"

    def read(self, size: int) -> bytes:
        """Take what has come; see `DescriptorTransport.read`."""
        try:
            return os.read(self.number, size)
        except OSError as error:
            if error.errno == errno.EIO and os.isatty(self.number):
                return b""  # an adopted pseudo-terminal's other side has closed
            self.check_open()
            raise

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once; see `DescriptorTransport.write`."""
        try:
            if signal.getsignal(signal.SIGPIPE) == signal.SIG_DFL:
                return _write_without_signal(self.number, data)
            return os.write(self.number, data)
        except OSError as error:
            if error.errno == errno.EIO:
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
            self.check_open()
            raise

    def check_open(self) -> int:
        """The descriptor. Raises SessionClosed: it was let go of."""
        if self.number < 0:
            self.refuse()
        return self.number

    def refuse(self) -> NoReturn:
        """Raises SessionClosed: it was let go of."""
        raise SessionClosed("the descriptor is closed")

    def let_go(self) -> None:
        """Close it, or give it back as it was. Twice is once."""
        number, self.number = self.number, -1
        if number < 0:
            return
        if self._close:
            os.close(number)
        elif self._was_blocking:
            os.set_blocking(number, True)


def _write_without_signal(descriptor: int, data: bytes) -> int:
    """Write in a program that lets SIGPIPE end it, without being ended by it.

    The signal goes to the thread that writes. It is kept waiting, and taken back: one that
    was waiting before stays.
    """
    waited = signal.SIGPIPE in signal.sigpending()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        return os.write(descriptor, data)
    except BrokenPipeError:
        if not waited and signal.SIGPIPE in signal.sigpending():
            signal.sigwait({signal.SIGPIPE})
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
