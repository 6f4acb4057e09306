"""What others have opened: descriptors of any direction, sockets, and `subprocess.Popen`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import IO, Final, final

from chat.errors import NotSupported, WaitTimeout
from chat.ladder import EOF, Rung, Termination, as_ladder
from chat.signals.names import name
from chat.timing import milliseconds
from chat.transports import READ_SIZE, Transport
from chat.transports.activity import process_activity
from chat.transports.descriptor import DescriptorTransport
from chat.transports.one_way import ReadingTransport, WritingTransport
from chat.values import ExitStatus, redact


def is_socket(target: object) -> bool:
    """Whether it is a socket."""
    return isinstance(target, socket.socket)


def is_popen(target: object) -> bool:
    """Whether it is a `subprocess.Popen`."""
    return isinstance(target, subprocess.Popen)


def over_descriptor(descriptor: int, *, close: bool) -> Transport:
    """The transport for a descriptor, according to what it was opened for.

    Raises:
        OSError: It is not open.
    """
    access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    if access == os.O_RDONLY:
        return ReadingTransport(descriptor, close=close)
    if access == os.O_WRONLY:
        return WritingTransport(descriptor, close=close)
    return DescriptorTransport(descriptor, close=close)


@final
class AdoptedSocket:
    """Bytes over a connected stream socket that somebody else has made.

    Args:
        connection: The socket. A copy of its descriptor is used; its timeout has no meaning
            for the copy.
        close: Whether it is taken over, or only borrowed.

    Attributes:
        writer: The writing side, which can be closed alone, if the socket was taken over.

    Raises:
        NotSupported: It is no connected stream socket, or one within TLS.
    """

    __slots__ = ("_connection", "_inner", "writer")

    def __init__(self, connection: socket.socket, *, close: bool) -> None:
        if hasattr(connection, "cipher"):
            raise NotSupported("a TLS socket has no descriptor to read plain text from")
        if connection.type != socket.SOCK_STREAM:
            raise NotSupported("only stream sockets can be adopted: datagrams are no stream")
        self._connection = connection
        self._inner = DescriptorTransport(connection.fileno(), close=False)
        self.writer = _HalfOf(connection) if close else None

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take what has come; see `Transport.read`."""
        return self._inner.read(size)

    def write(self, data: bytes) -> int:
        """Hand over what is taken at once; see `Transport.write`.

        Raises:
            BrokenPipeError: The other side is gone, or has reset the connection.
        """
        try:
            return self._inner.write(data)
        except ConnectionResetError as error:
            raise BrokenPipeError(*error.args) from error

    def close(self) -> None:
        """Close the socket if it was taken over, else give it back. Twice is once."""
        self._inner.close()
        if self.writer is not None:
            self._connection.close()

    def fileno(self) -> int:
        """The descriptor to wait on. Raises SessionClosed: the transport is closed."""
        return self._inner.fileno()


@final
class _HalfOf:
    """Capability `writer` of a socket: the way out."""

    __slots__ = ("_connection",)

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def fileno(self) -> int:
        """The descriptor to wait on before writing."""
        return self._connection.fileno()

    def close(self) -> None:
        """Shut the writing side: the other side sees the end."""
        with contextlib.suppress(OSError):  # not connected any more, or closed
            self._connection.shutdown(socket.SHUT_WR)


@final
class AdoptedProcess:
    """Capability `process` for a `subprocess.Popen`, which goes on to know how it ended.

    Args:
        popen: The process. It is reaped through `popen`, whose owner may ask it as before.
        close_input: Closes its input, if that is ours: what `end` does first.

    Attributes:
        termination: What it took to end it; `None`: nobody has asked for that.
    """

    __slots__ = (
        "_close_input", "_exit_descriptor", "_leads", "_popen", "_started",
        "_status", "argv", "pid", "termination",
    )  # fmt: skip

    def __init__(
        self,
        popen: subprocess.Popen[bytes] | subprocess.Popen[str],
        close_input: Callable[[], None] | None,
    ) -> None:
        self._popen = popen
        self._close_input = close_input
        self._exit_descriptor: int | None = None
        self._started = time.monotonic()
        self._status: ExitStatus | None = None
        self.termination: Termination | None = None
        self.pid: Final = popen.pid
        self.argv: Final = _words(popen.args)
        self._leads = _leads_group(popen.pid)

    def __repr__(self) -> str:
        return f"<AdoptedProcess {self.argv[0]!r} pid {self.pid}>"

    def is_alive(self) -> bool:
        """Whether it runs. `popen` notes it if not, and reaps it."""
        return self._popen.poll() is None

    def activity(self) -> object:
        """What it has done so far; see `chat.transports.activity`.

        Raises:
            NotSupported: This system does not tell.
        """
        done = process_activity(self.pid)
        if len(done) == 1 and self.is_alive():
            raise NotSupported("what a program does cannot be seen on this system")
        return done

    def exit_fileno(self) -> int | None:
        """A descriptor that becomes readable when it ends, where there is one.

        It is closed when `wait_exit` or `end` has seen the end.
        """
        if self._exit_descriptor is None and self._status is None:
            with contextlib.suppress(OSError, AttributeError):  # reaped; or no such thing here
                self._exit_descriptor = os.pidfd_open(self.pid)
        return self._exit_descriptor

    def wait_exit(self, seconds: float | None) -> ExitStatus | None:
        """Wait for its end; `None` if it still runs after the seconds."""
        if self._popen.poll() is None and seconds != 0:
            self._wait_end(seconds)
        code = self._popen.poll()
        if code is not None and self._status is None:
            self._note(code)
        return self._status

    def _note(self, code: int) -> None:
        duration = time.monotonic() - self._started
        if code < 0:
            self._status = ExitStatus(None, name(-code), duration)
        else:
            self._status = ExitStatus(code, None, duration)
        if self._exit_descriptor is not None:
            os.close(self._exit_descriptor)
            self._exit_descriptor = None

    def signal(self, number: int, *, foreground: bool = False) -> None:
        """Send a signal to its process group if it leads one, else to it alone."""
        if self._leads and self._popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)
        else:
            self._popen.send_signal(number)

    def end(self, grace: float, rungs: Sequence[Rung] | None = None) -> ExitStatus:
        """End it step by step: by default its input is closed, and then as `chat.ladder.USUAL`.

        Raises:
            WaitTimeout: The last step has not ended it.
        """
        began, status, taken = time.monotonic(), self.wait_exit(0), Termination(None)
        for rung in rungs or (Rung(EOF, grace), *as_ladder(None, grace)):
            if status is not None:
                break
            if rung.name == EOF:
                if self._close_input is None:
                    continue
                self._close_input()
            for number in rung.signals:
                self.signal(number)
            status = self.wait_exit(rung.seconds)
            step = None if status is None else rung.name
            taken = Termination(step, time.monotonic() - began, (*taken.steps, rung.name))
        self.termination = taken if self.termination is None else self.termination
        if status is not None:
            return status
        last = taken.steps[-1] if taken.steps else "the end of its input"
        raise WaitTimeout(f"{redact(self.argv[0])} (pid {self.pid}) did not end after {last}")

    def _wait_end(self, seconds: float | None) -> None:
        if not hasattr(os, "pidfd_open"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(seconds)
            return
        with contextlib.suppress(ProcessLookupError):
            pidfd = os.pidfd_open(self.pid)
            try:
                poller = select.poll()
                poller.register(pidfd, select.POLLIN)
                poller.poll(milliseconds(seconds))
            finally:
                os.close(pidfd)


def _words(args: object) -> tuple[str, ...]:
    given = args if isinstance(args, Sequence) and not isinstance(args, str | bytes) else [args]
    return tuple(os.fsdecode(each) if isinstance(each, bytes) else str(each) for each in given)


def _leads_group(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except OSError:
        return False


def over_popen(
    popen: subprocess.Popen[bytes] | subprocess.Popen[str],
) -> DescriptorTransport | ReadingTransport | WritingTransport:
    """The transport over a process's pipes, which are taken over with the process.

    Copies of the descriptors are used, and `popen`'s own files are closed: what they have
    gathered is written, so that nothing is lost and nothing is left open.

    Raises:
        NotSupported: Neither its input nor its output is a pipe.
    """
    made: DescriptorTransport | ReadingTransport | WritingTransport
    writer, reader = _taken(popen.stdin), _taken(popen.stdout)
    if reader is None and writer is None:
        raise NotSupported("neither its stdin nor its stdout is a pipe to this process")
    if writer is None:
        assert reader is not None
        made = ReadingTransport(reader)
    elif reader is None:
        made = WritingTransport(writer)
    else:
        made = DescriptorTransport(reader, writer)
    made.process = AdoptedProcess(popen, None if made.writer is None else made.writer.close)
    return made


def _taken(file: IO[bytes] | IO[str] | None) -> int | None:
    if file is None:
        return None
    descriptor = os.dup(file.fileno())
    file.close()
    return descriptor
