"""The transport over a serial line keeps the rules, whatever kind of line it is."""

from __future__ import annotations

import os
import select
import socket
import sys
import threading

import pytest

import chat
from chat.testing import check_transport
from chat.transports.serial import SerialTransport


def opened(url, **settings):
    return SerialTransport.open(url, settings)


class Counted:
    """A transport that tells its far end how much it has read."""

    def __init__(self, transport, far):
        self.write, self.close, self.fileno = transport.write, transport.close, transport.fileno
        self._transport, self._far = transport, far

    def read(self, size=65536):
        data = self._transport.read(size)
        self._far.taken += len(data)
        return data


def test_a_device_keeps_the_rules(make_device):
    def ends():
        far = make_device()
        return Counted(opened(far.path), far), far

    check_transport(ends)


@pytest.mark.slow
def test_a_line_of_another_machine_keeps_the_rules(make_served):
    def ends():
        far = make_served()
        return opened(far.server.url), far

    check_transport(ends, patience=20)


def threads():
    return {each.name for each in threading.enumerate()} & {"port to chat", "chat to port"}


def test_what_is_written_to_a_loop_comes_back():
    loop = opened("loop://")
    poller = select.poll()
    poller.register(loop.fileno(), select.POLLIN)
    assert loop.write(bytes(range(256))) == 256
    came = b""
    while len(came) < 256:
        assert poller.poll(20_000)
        came += loop.read()
    assert came == bytes(range(256))
    with pytest.raises(BlockingIOError):
        loop.read()
    loop.close()
    assert threads() == set()
    with pytest.raises(chat.SessionClosed):
        loop.read()


@pytest.mark.slow
def test_a_loop_that_nobody_reads_can_be_closed():
    """The port is full, and so are both its sides: the writer within must be let go."""
    loop = opened("loop://")
    with pytest.raises(BlockingIOError):
        while True:
            loop.write(bytes(65536))
    loop.close()
    assert threads() == set()


@pytest.mark.slow
def test_a_socket_is_read_by_its_own_descriptor():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = opened(f"socket://127.0.0.1:{listener.getsockname()[1]}")
        far, _ = listener.accept()
        assert threads() == set()
        far.sendall(b"there")
        select.select([line.fileno()], [], [], 20)
        assert line.read() == b"there"
        far.close()
        select.select([line.fileno()], [], [], 20)
        assert line.read() == b""
        line.close()


# ── what cannot be opened ─────────────────────────────────────────────────────────────────


def test_no_such_device(tmp_path):
    with pytest.raises(chat.DeviceNotFound, match="there is no such device") as caught:
        opened(str(tmp_path / "ttyNone"))
    assert isinstance(caught.value, FileNotFoundError)
    assert caught.value.device == str(tmp_path / "ttyNone")


def test_what_is_no_serial_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(chat.DeviceFailed, match="it is no serial line"):
        opened(str(tmp_path / "file"))


@pytest.fixture
def nobody():
    """Without the rights of root, who may do everything."""
    opened("loop://").close()  # what has to be imported may be root's alone
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    yield
    os.seteuid(was)


def test_a_device_that_is_not_for_us(device_of_root, nobody):
    with pytest.raises(chat.DeviceNotPermitted, match="we may not use it") as caught:
        opened(device_of_root)
    assert isinstance(caught.value, PermissionError)


@pytest.fixture
def device_of_root(device):
    os.chmod(device.path, 0o000)  # noqa: PTH101  (a device)
    return device.path


def test_a_device_that_is_in_use(device):
    first = opened(device.path, exclusive=True)
    with pytest.raises(chat.DeviceFailed, match="another program uses it"):
        opened(device.path, exclusive=True)
    first.close()
    opened(device.path, exclusive=True).close()


@pytest.mark.parametrize(
    "settings", [{"baudrate": -1}, {"bytesize": 9}, {"parity": "X"}, {"stopbits": 7}]
)
def test_a_setting_that_is_none(device, settings):
    with pytest.raises(ValueError, match=device.path):
        opened(device.path, **settings)


@pytest.mark.parametrize("scheme", ["rfc2217", "socket"])
def test_a_port_where_nobody_listens(scheme):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(chat.ConnectFailed, match="Connection refused"):
            opened(url)


def test_a_scheme_that_pyserial_does_not_know():
    with pytest.raises(ValueError, match="protocol 'nonsense' not known"):
        opened("nonsense://x")


def test_without_pyserial_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(chat.MissingExtra, match=r"pip install 'ipc-chat\[serial\]'") as caught:
        opened("loop://")
    assert isinstance(caught.value, ImportError)


# ── the line beside the data ──────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_wires_of_a_line_of_another_machine_are_seen_and_set(served):
    near = opened(served.server.url, baudrate=9600)
    line = near.line
    line.rts, line.dtr = False, True
    served.server.manager.check_modem_lines(force_notification=True)
    assert (line.rts, line.dtr, line.carrier) == (False, True, True)
    line.baudrate = 115200
    assert served.server.port.baudrate == 115200
    assert served.server.port.rts is False
    line.send_break(0.01)
    assert served.server.port.breaks == 1
    with pytest.raises(ValueError, match="baud"):
        line.baudrate = -5
    near.close()


def test_a_device_takes_a_break_and_another_speed(device):
    near = opened(device.path)
    near.line.send_break(0.01)  # a pseudo-terminal takes it, and has no wire to show it on
    near.line.baudrate = 38400
    assert near.line.baudrate == 38400
    near.close()


def test_wires_that_are_not_there_are_said_to_be_none(device):
    near = opened(device.path)
    with pytest.raises(chat.NotSupported, match="Whether we may send"):
        assert near.line.cts
    near.close()
    with pytest.raises(chat.NotSupported):
        assert near.line.cts
