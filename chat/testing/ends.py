"""Transports with their far ends in the test's hand, for `check_transport` and by themselves.

Each function makes a new pair. Pipes, named or not, and a socket pair have their far end in
this process. A program's is a small child that relays what it hears and says to a Unix
socket.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeVar, final

from chat.testing.children import python_command
from chat.testing.memory import MemoryPeer, MemoryTransport
from chat.transports import Process
from chat.transports.descriptor import DescriptorTransport
from chat.transports.fifo import (
    FifoTransport,
    connect_fifo,
    make_fifo,
    open_for_reading,
    open_for_writing,
)
from chat.transports.pipes import Plan, start_on_pipes
from chat.transports.pty import PtyTransport
from chat.transports.spawning import Command

FAR_PATIENCE: Final = 20.0
"""Seconds a far end waits for the near one: long, because only a broken one needs them."""

MEMORY_ROOM: Final = 65536
"""Bytes the far end of `memory_ends` takes unread: what a Linux pipe holds."""


class FarEnd(Protocol):
    """The other end of a transport, as a test uses it. It may block."""

    def send(self, data: bytes) -> None:
        """Say all of it, waiting until it is taken."""

    def receive(self, size: int) -> bytes:
        """Take what has come, 1 to `size` bytes, waiting for it; `b""` is the end."""

    def close(self) -> None:
        """Close both ways: what was said still arrives, and then the end.

        It is called once more when the transport is closed; nothing may be left then.
        """


def memory_ends() -> tuple[MemoryTransport, MemoryPeer]:
    """A transport in memory, and its far end."""
    peer = MemoryPeer(room=MEMORY_ROOM)
    return peer.transport, peer


def socket_ends() -> tuple[DescriptorTransport, SocketEnd]:
    """A transport over one descriptor, half of a socket pair."""
    near, far = socket.socketpair()
    return DescriptorTransport(near.detach()), SocketEnd(far)


def pipe_ends() -> tuple[DescriptorTransport, PipeEnd]:
    """A transport over two descriptors, the ends of two pipes."""
    near_reader, far_writer = os.pipe()
    far_reader, near_writer = os.pipe()
    return DescriptorTransport(near_reader, near_writer), PipeEnd(far_reader, far_writer)


def pty_ends() -> tuple[PtyTransport, RelayedEnd]:
    """A transport to a child on a pseudo-terminal in raw mode, which relays it."""
    return _relayed(PtyTransport.start)


def open2_ends() -> tuple[DescriptorTransport, RelayedEnd]:
    """A transport to a child on two pipes, which relays them."""

    def start(argv: Sequence[str]) -> DescriptorTransport:
        started = start_on_pipes(Command.checked(argv, None, None), Plan())
        made = started.transport()
        assert isinstance(made, DescriptorTransport), "it goes both ways"
        return made

    return _relayed(start)


def fifo_ends() -> tuple[FifoTransport, PipeEnd]:
    """A transport over two named pipes, whose other ends are in this process."""
    with tempfile.TemporaryDirectory(prefix="chat-") as directory:
        inward, outward = (str(Path(directory, name)) for name in ("in", "out"))
        for path in (inward, outward):
            make_fifo(path)
        far_reader = open_for_reading(outward)
        try:
            near = connect_fifo(inward, outward, timeout=FAR_PATIENCE)
            return near, PipeEnd(far_reader, open_for_writing(inward, FAR_PATIENCE))
        except BaseException:
            os.close(far_reader)
            raise


Relaying = TypeVar("Relaying", PtyTransport, DescriptorTransport)


def _relayed(start: Callable[[Sequence[str]], Relaying]) -> tuple[Relaying, RelayedEnd]:
    """Start a child that relays what it hears and says to a socket, which is the far end."""
    directory = tempfile.mkdtemp(prefix="chat-")
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            path = str(Path(directory, "relay"))
            listener.bind(path)
            listener.listen(1)
            listener.settimeout(FAR_PATIENCE)
            transport = start([*python_command(_RELAY), path])
            process = transport.process
            assert process is not None, "it was started"
            try:
                relay, _ = listener.accept()
            except BaseException:
                process.end(0)
                transport.close()
                raise
    finally:
        shutil.rmtree(directory)
    relay.settimeout(None)
    return transport, RelayedEnd(relay, process)


_RELAY: Final = """
    import os, socket, sys, threading, tty

    relay = socket.socket(socket.AF_UNIX)
    relay.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    if os.isatty(0):
        tty.setraw(0)
    relay.connect(sys.argv[1])

    def say():
        while data := relay.recv(65536):
            while data:
                data = data[os.write(1, data):]
        os._exit(0)

    threading.Thread(target=say).start()
    while data := os.read(0, 65536):
        relay.sendall(data)
    """


@final
class SocketEnd:
    """The far end that is a socket."""

    def __init__(self, ours: socket.socket) -> None:
        self._socket: Final = ours
        self._socket.settimeout(FAR_PATIENCE)

    def send(self, data: bytes) -> None:
        """Say all of it."""
        self._socket.sendall(data)

    def receive(self, size: int) -> bytes:
        """Take what has come; `b""` is the end."""
        try:
            return self._socket.recv(size)
        except ConnectionError:
            return b""

    def close(self) -> None:
        """Close. Twice is once."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@final
class PipeEnd:
    """The far end that is two pipes.

    Args:
        reader: What to read from.
        writer: What to write to. Both belong to it from now on.
    """

    def __init__(self, reader: int, writer: int) -> None:
        os.set_blocking(writer, False)
        self._reader: Final = os.fdopen(reader, "rb", buffering=0)
        self._writer: Final = os.fdopen(writer, "wb", buffering=0)

    def send(self, data: bytes) -> None:
        """Say all of it."""
        while data:
            _wait_for(self._writer.fileno(), select.POLLOUT)
            data = data[self._writer.write(data) or 0 :]

    def receive(self, size: int) -> bytes:
        """Take what has come; `b""` is the end."""
        _wait_for(self._reader.fileno(), select.POLLIN)
        return self._reader.read(size) or b""

    def close(self) -> None:
        """Close. Twice is once."""
        self._reader.close()
        self._writer.close()


@final
class RelayedEnd:
    """The far end that is a child's own side, reached through a relay.

    Args:
        relay: The connection to the child that relays.
        process: The child.
    """

    def __init__(self, relay: socket.socket, process: Process) -> None:
        self._relay: Final = SocketEnd(relay)
        self._process: Final = process
        self._closed = False

    def send(self, data: bytes) -> None:
        """Say all of it."""
        self._relay.send(data)

    def receive(self, size: int) -> bytes:
        """Take what has come; `b""` is the end."""
        return self._relay.receive(size)

    def close(self) -> None:
        """Close: the child says what is on its way, and ends. The second time, see to it."""
        self._relay.close()
        if self._closed:
            self._process.end(1.0)
        self._closed = True


def _wait_for(descriptor: int, events: int) -> None:
    poller = select.poll()
    poller.register(descriptor, events)
    if not poller.poll(FAR_PATIENCE * 1000):
        raise TimeoutError(f"waited {FAR_PATIENCE:g} s for the near end")
