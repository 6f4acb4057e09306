"""Sockets as transports: streams over TCP, Unix-domain sockets and TLS, and datagrams."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from functools import partial

import pytest
import trustme

from chat.errors import SendError, SessionClosed
from chat.testing import check_transport
from chat.testing.ends import SocketEnd
from chat.transports.sockets import DatagramTransport, SocketTransport, TcpOptions
from chat.transports.tls import RECORD, TlsOptions, TlsTransport

PATIENCE = 20.0


def tcp_pair(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen(1)
        near = socket.create_connection(listener.getsockname()[:2])
        far, _ = listener.accept()
    return near, far


def tcp_ends():
    near, far = tcp_pair()
    return SocketTransport(near), SocketEnd(far)


def tcp6_ends():
    near, far = tcp_pair(socket.AF_INET6, "::1")
    return SocketTransport(near), SocketEnd(far)


def unix_ends():
    near, far = socket.socketpair()
    return SocketTransport(near), SocketEnd(far)


@pytest.mark.slow
@pytest.mark.parametrize("make", [tcp_ends, tcp6_ends, unix_ends])
def test_a_stream_keeps_the_rules(make):
    check_transport(make)


# ── streams ───────────────────────────────────────────────────────────────────────────────


def wait_readable(transport):
    poller = select.poll()
    poller.register(transport.fileno(), select.POLLIN)
    assert poller.poll(PATIENCE * 1000)


def reset(far):
    """Close so that the other side sees the connection reset and not its end."""
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()


def test_a_reset_is_said_again_and_again():
    near, far = tcp_pair()
    transport = SocketTransport(near)
    reset(far)
    wait_readable(transport)
    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            transport.read()
    transport.close()


def test_a_reset_that_a_write_meets_is_no_quiet_end():
    near, far = tcp_pair()
    transport = SocketTransport(near)
    reset(far)
    wait_readable(transport)
    with pytest.raises(BrokenPipeError):
        transport.write(b"x")
    with pytest.raises(ConnectionResetError):
        transport.read()
    transport.close()


def test_the_writing_side_closes_alone():
    near, far = tcp_pair()
    transport = SocketTransport(near)
    transport.writer.close()
    transport.writer.close()
    assert far.recv(1) == b""
    far.sendall(b"still")
    wait_readable(transport)
    assert transport.read() == b"still"
    with pytest.raises(SessionClosed):
        transport.write(b"x")
    with pytest.raises(SessionClosed):
        transport.writer.fileno()
    transport.close()
    far.close()


def test_options_reach_the_socket():
    near, far = tcp_pair()
    TcpOptions(keepalive=7).apply(near)
    assert near.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert near.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert near.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7
    for each in (near, far):
        each.close()


def test_it_says_where_the_other_side_is():
    transport, far = tcp_ends()
    assert transport.peer == f"tcp://127.0.0.1:{far._socket.getsockname()[1]}"
    assert transport.peer in repr(transport)
    far.close()
    transport.close()


# ── datagrams ─────────────────────────────────────────────────────────────────────────────


def datagram_ends():
    near, far = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
    for each in (near, far):
        each.bind(("127.0.0.1", 0))
    near.connect(far.getsockname())
    far.connect(near.getsockname())
    return DatagramTransport(near), SocketEnd(far)


def test_datagrams_keep_the_rules_of_messages():
    check_transport(datagram_ends, messages=True)


def test_an_empty_message_is_passed_over():
    transport, far = datagram_ends()
    far.send(b"")
    with pytest.raises(BlockingIOError):
        transport.read()
    far.send(b"")
    far.send(b"more")
    assert transport.read() == b"more"
    far.close()
    transport.close()


def test_a_message_that_is_too_large_is_refused():
    transport, far = datagram_ends()
    with pytest.raises(SendError, match="70000 bytes is larger than a datagram"):
        transport.write(bytes(70_000))
    far.close()
    transport.close()


def test_writing_to_nobody_is_a_broken_pipe_once_the_network_has_said_so():
    transport, far = datagram_ends()
    far.close()
    transport.write(b"x")
    with pytest.raises(BrokenPipeError):
        transport.write(b"y")
    transport.close()


# ── TLS ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Certificates as files: (authorities, certificate with its key)."""
    directory = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    ca_file, cert_file = directory / "ca.pem", directory / "cert.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        str(cert_file)
    )
    return ca_file, cert_file


class TlsEnd:
    """The far end within TLS, usable from two threads at once."""

    def __init__(self, transport):
        self.transport = transport
        self.lock = threading.Lock()

    def _try(self, events, action):
        while True:
            with self.lock, contextlib.suppress(BlockingIOError):
                return action()
            poller = select.poll()
            poller.register(self.transport.fileno(), events)
            assert poller.poll(PATIENCE * 1000), "the near end does not go on"

    def send(self, data):
        while data:
            write = partial(self.transport.write, data)
            data = data[self._try(select.POLLOUT, write) :]
        self._try(select.POLLOUT, self.transport.flush)

    def receive(self, size):
        try:
            return self._try(select.POLLIN, lambda: self.transport.read(size))
        except ConnectionError:
            return b""

    def close(self):
        with self.lock:
            self.transport.close()


def unshaken(files, pair=socket.socketpair, version=ssl.TLSVersion.TLSv1_3, **options):
    ca_file, cert_file = files
    server = TlsOptions(cert_file=cert_file)
    client = TlsOptions(ca_file=ca_file, **options)
    contexts = client.client_context(), server.server_context()
    for each in contexts:
        each.maximum_version = version
    near, far = pair()
    for each in (near, far):
        each.setblocking(False)
    return (
        TlsTransport(near, client, contexts[0], peer="far", server_name="localhost"),
        TlsTransport(far, server, contexts[1], peer="near"),
    )


def shake_hands(near, far):
    busy = [near, far]
    while busy:
        busy = [each for each in busy if each.handshake() is not None]


def shaken(files, pair=socket.socketpair, **options):
    near, far = unshaken(files, pair, **options)
    shake_hands(near, far)
    with pytest.raises(BlockingIOError):
        near.read()  # takes what a server sends of its own accord: tickets (RFC 8446, 4.6.1)
    return near, far


@pytest.mark.slow
@pytest.mark.parametrize("pair", [socket.socketpair, tcp_pair])
def test_tls_keeps_the_rules(files, pair):
    def make():
        near, far = shaken(files, pair)
        return near, TlsEnd(far)

    check_transport(make)


def test_what_comes_with_the_handshake_shows_on_the_descriptor(files):
    """A server that greets at once: its words arrive with the end of its handshake."""
    near, far = unshaken(files, version=ssl.TLSVersion.TLSv1_2)  # the server ends it
    near.handshake()
    far.handshake()
    near.handshake()
    assert far.handshake() is None
    far.write(b"220 hello, and welcome")
    assert near.handshake() is None
    wait_readable(near)
    assert near.read(3) == b"220"
    wait_readable(near)
    assert near.read() == b" hello, and welcome"
    with pytest.raises(BlockingIOError):
        near.read()
    near.close()
    far.close()


@pytest.mark.parametrize("size", [1, 100, RECORD, 2 * RECORD, 65536])
def test_nothing_is_stuck_between_the_layers_whatever_is_asked_for(files, size):
    near, far = shaken(files)
    said = bytes(range(256)) * 20
    for start in range(0, len(said), 1500):
        far.write(said[start : start + 1500])
    got = b""
    while len(got) < len(said):
        wait_readable(near)  # and not: it is known to be there
        with contextlib.suppress(BlockingIOError):
            got += near.read(size)
    assert got == said
    with pytest.raises(BlockingIOError):
        near.read(size)
    near.close()
    far.close()


def test_one_byte_at_a_time_is_enough(files):
    """Whatever the network cuts a record into."""
    outer, inner = socket.socketpair()
    far_socket, wire = socket.socketpair()
    near, far = unshaken(files, lambda: (inner, far_socket))
    for each in (outer, wire):
        each.setblocking(False)
    got = []

    def go_on():
        with contextlib.suppress(BlockingIOError):
            if near.handshake() is None:
                got.append(near.read())

    go_on()
    pass_on(outer, wire, far.handshake)
    pass_on(wire, outer, go_on)
    pass_on(outer, wire, far.handshake)
    assert far.handshake() is None
    far.write(b"said")
    pass_on(wire, outer, go_on)
    assert got == [b"said"]
    for each in (near, far, outer, wire):
        each.close()


def pass_on(source, sink, see):
    """Pass bytes on one at a time, having each seen to."""
    for byte in source.recv(65536):
        sink.sendall(bytes([byte]))
        see()


def test_a_writing_side_that_is_closed_is_the_end_for_the_other_alone(files):
    near, far = shaken(files)
    near.write(b"all")
    near.writer.close()
    assert [far.read(), far.read(), far.read()] == [b"all", b"", b""]
    far.write(b"answer")
    wait_readable(near)
    assert near.read() == b"answer"
    with pytest.raises(SessionClosed):
        near.write(b"x")
    near.close()
    far.close()


def test_an_end_that_nobody_said_is_a_failure(files):
    near, far = shaken(files)
    far.write(b"cut he")
    far._connection.close()
    assert near.read() == b"cut he"
    for _ in range(2):
        with pytest.raises(ConnectionAbortedError, match="closed without ending TLS"):
            near.read()
    near.close()


def test_an_end_that_nobody_said_is_one_if_that_is_wanted(files):
    near, far = shaken(files, allow_truncation=True)
    far.write(b"all")
    far._connection.close()
    assert [near.read(), near.read()] == [b"all", b""]
    near.close()


def test_what_was_changed_on_the_way_is_a_failure(files):
    near, far = shaken(files)
    far.write(b"said")
    far._connection.send(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert near.read() == b"said"
    wait_readable(near)
    with pytest.raises(ConnectionAbortedError, match=r"^\[Errno \d+\] TLS: "):
        near.read()
    near.close()
    far.close()


def test_a_failure_of_the_connection_within_tls_is_said_again_and_again(files):
    near, far = shaken(files, tcp_pair)
    reset(far._connection)
    wait_readable(near)
    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            near.read()
    with pytest.raises(BrokenPipeError):
        near.write(b"x")
    near.close()
