"""Serial lines to try things on: a pseudo-terminal as a device, and a real RFC 2217 server."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import serial.rfc2217

PATIENCE = 20.0


class Device:
    """The far end of a line: the master of a pseudo-terminal whose slave is the device."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self.path = os.ttyname(slave)
        os.set_blocking(self.master, False)
        # While nobody has it open, the master would report a hang-up.
        self._slave = slave
        self.said = self.taken = 0  # bytes, the latter by whom tells
        self._closing: threading.Thread | None = None
        self._gone = threading.Event()

    def _wait(self, events: int) -> None:
        poller = select.poll()
        poller.register(self.master, events)
        if not poller.poll(PATIENCE * 1000):
            raise TimeoutError(f"waited {PATIENCE:g} s for the near end")

    def send(self, data: bytes) -> None:
        """Say all of it."""
        self.said += len(data)
        while data:
            self._wait(select.POLLOUT)
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self.master, data) :]

    def receive(self, size: int) -> bytes:
        """Take what has come; `b""` is the end."""
        self._wait(select.POLLIN)
        try:
            return os.read(self.master, size)
        except OSError:
            return b""

    def until(self, wanted: bytes) -> bytes:
        """Take all up to a text."""
        came = b""
        while not came.endswith(wanted):
            more = self.receive(1)
            assert more, f"{wanted!r} did not come behind {came!r}"
            came += more
        return came

    def unplug(self) -> None:
        """Take it away now. A hang-up throws away what is not read."""
        self._gone.set()
        self.close()
        self.close()

    def close(self) -> None:
        """Unplug it once what was said is read; the second time, whatever is."""
        if self._closing is None:
            self._closing = threading.Thread(target=self._unplug)
            self._closing.start()
        else:
            self._gone.set()
            self._closing.join()

    def _unplug(self) -> None:
        while self.taken < self.said and not self._gone.wait(0.001):
            pass
        os.close(self._slave)
        os.close(self.master)


class Port(serial.Serial):
    """A device that has the wires a pseudo-terminal lacks: looped, and broken on request."""

    breaks = 0

    def _update_rts_state(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        pass

    def _update_break_state(self) -> None:
        self.breaks += bool(self._break_state)

    cts = property(lambda self: self.rts)
    dsr = property(lambda self: self.dtr)
    ri = property(lambda self: False)
    cd = property(lambda self: True)


class Rfc2217Server:
    """One client of RFC 2217 to one device, as pyserial's own example of a server does it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.port = Port(device.path, timeout=None)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def write(self, data: bytes) -> None:
        """What the manager writes to the client."""
        self._near.sendall(data)

    def _serve(self) -> None:
        try:
            self._near, _ = self._listener.accept()
        except OSError:
            return
        self._near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.manager = serial.rfc2217.PortManager(self.port, self)
        self._threads.append(threading.Thread(target=self._pass_on))
        self._threads[1].start()
        with contextlib.suppress(OSError, serial.SerialException):
            while data := self._near.recv(65536):
                self.port.write(b"".join(self.manager.filter(data)))
        self.port.cancel_read()

    def _pass_on(self) -> None:
        with contextlib.suppress(OSError, TypeError, serial.SerialException):
            while data := self.port.read(max(1, self.port.in_waiting)):
                self.write(b"".join(self.manager.escape(data)))
                self.device.taken += len(data)
        with contextlib.suppress(OSError):
            self._near.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with contextlib.suppress(OSError, AttributeError):
            self._near.shutdown(socket.SHUT_RDWR)
        for each in self._threads:
            each.join(PATIENCE)
        with contextlib.suppress(AttributeError):
            self._near.close()
        self.port.close()


class ServedDevice:
    """A far end that is a device with a server before it."""

    def __init__(self) -> None:
        self.device = Device()
        self.server = Rfc2217Server(self.device)
        self.send = self.device.send
        self.receive = self.device.receive
        self._closed = False

    def close(self) -> None:
        self.device.close()
        if self._closed:
            self.server.close()
        self._closed = True


@pytest.fixture
def make_device() -> Callable[[], Device]:
    """Make devices that somebody else closes."""
    return Device


@pytest.fixture
def make_served() -> Callable[[], ServedDevice]:
    """Make devices behind servers, that somebody else closes."""
    return ServedDevice


@pytest.fixture
def device() -> Iterator[Device]:
    made = Device()
    yield made
    made.close()
    made.close()


@pytest.fixture
def served() -> Iterator[ServedDevice]:
    made = ServedDevice()
    yield made
    made.close()
    made.close()
