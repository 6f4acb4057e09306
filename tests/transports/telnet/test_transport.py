"""Telnet over sockets, pipes and memory."""

from __future__ import annotations

import os
import socket
import struct

import pytest

import chat
from chat.testing import FarEnd, MemoryPeer, check_transport, memory_ends, socket_ends
from chat.testing.rules import Make
from chat.transports import Transport
from chat.transports.descriptor import DescriptorTransport
from chat.transports.telnet.codes import Command, Option, Verb
from chat.transports.telnet.endpoint import Endpoint
from chat.transports.telnet.scanner import negotiation, order, subnegotiation
from chat.transports.telnet.settings import Client, Server, Settings
from chat.transports.telnet.transport import TelnetTransport
from chat.values import WindowSize

WILL_ECHO = negotiation(Verb.WILL, Option.ECHO)
WONT_ECHO = negotiation(Verb.WONT, Option.ECHO)
BY_CHARACTERS = Server(characters=True)


class TelnetEnd:
    """A far end that speaks telnet over another far end."""

    def __init__(self, far: FarEnd, settings: Settings) -> None:
        self.endpoint = Endpoint(settings)
        self._far = far

    def send(self, data: bytes) -> None:
        self._far.send(self.endpoint.encoding.encode(data))

    def receive(self, size: int) -> bytes:
        while raw := self._far.receive(size):
            if text := self.endpoint.receive(raw):
                return text
        return b""

    def close(self) -> None:
        self._far.close()


def telnet_ends(make: Make, near: Settings, far: Settings) -> tuple[TelnetTransport, TelnetEnd]:
    """A transport with its far end, once they have come to terms."""
    transport, end = make()
    made, other = TelnetTransport(transport, near), TelnetEnd(end, far)
    if opening := Endpoint(near).take_answers():
        assert end.receive(len(opening)) == opening
    said = opening, other.endpoint.take_answers()
    while any(said):
        assert other.endpoint.receive(said[0]) == made.endpoint.receive(said[1]) == b""
        said = made.endpoint.take_answers(), other.endpoint.take_answers()
    return made, other


@pytest.mark.slow
def test_a_client_keeps_the_contract():
    check_transport(lambda: telnet_ends(socket_ends, Client(), BY_CHARACTERS))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("near", "far"),
    [(Client(binary=True), Server(binary=True)), (Server(binary=True), Client(binary=True))],
)
def test_either_side_keeps_the_contract_in_binary(near, far):
    check_transport(lambda: telnet_ends(socket_ends, near, far))


@pytest.mark.slow
def test_it_keeps_the_contract_over_memory():
    check_transport(lambda: telnet_ends(memory_ends, Client(), BY_CHARACTERS))


def over_memory(*script, settings=None, **options):
    """A session with a far side in memory."""
    peer = MemoryPeer(script)
    transport = TelnetTransport(peer.transport, settings)
    return peer, chat.Session(transport, clock=peer.clock, **options)


def test_a_session_sees_text_alone():
    peer, s = over_memory(WILL_ECHO + b"lo" + order(Command.NOP) + b"gin: ")
    with s:
        assert s.expect("login: ").before == ""
        assert bytes(peer.sent) == negotiation(Verb.DO, Option.ECHO)


@pytest.mark.parametrize("at", range(1, 14))
def test_a_command_may_be_cut_anywhere(at):
    wire = b"a" + WILL_ECHO + b"b\xff\xffc" + order(Command.GA) + b"d"
    peer, s = over_memory(wire[:at], 1.0, wire[at:], chat.EOF, encoding=None)
    with s:
        assert s.read(timeout=10) == b"ab\xffcd"
        assert bytes(peer.sent) == negotiation(Verb.DO, Option.ECHO)


def test_a_line_ends_as_the_network_has_it():
    peer, s = over_memory()
    with s:
        s.sendline("ls")
        peer.send(negotiation(Verb.WILL, Option.SGA))
        assert s.read_nowait() == ""
        s.sendline("ls")
        assert bytes(peer.sent) == b"ls\r\n" + negotiation(Verb.DO, Option.SGA) + b"ls\r\0"


def test_a_secret_waits_until_the_server_hides_what_is_typed():
    peer, s = over_memory(b"Password: ", 2.0, WILL_ECHO)
    with s:
        s.expect("Password: ")
        assert s.echo
        s.send_secret("s3cret-w0rd")
        assert peer.clock.now() >= 2.0
        assert not s.echo
        assert bytes(peer.sent).endswith(b"s3cret-w0rd\r\0")


def test_a_secret_is_not_sent_to_a_server_that_does_not_hide_it():
    peer, s = over_memory(b"Password: ")
    with s:
        s.expect("Password: ")
        with pytest.raises(chat.EchoStillOn):
            s.send_secret("s3cret-w0rd", timeout=5)
        assert bytes(peer.sent) == b""
        s.send_secret("s3cret-w0rd", allow_echo=True)
        assert bytes(peer.sent) == b"s3cret-w0rd\r\n"


def test_echo_can_be_asked_for_and_given_back():
    peer, s = over_memory()
    with s:
        s.echo = False
        peer.say(WILL_ECHO)
        assert s.wait_no_echo(timeout=1)
        s.echo = True
        assert s.echo is True
        assert bytes(peer.sent) == negotiation(Verb.DO, 1) + negotiation(Verb.DONT, 1)


def test_a_break_and_a_new_size_go_between_the_text():
    peer, s = over_memory(negotiation(Verb.DO, Option.NAWS))
    with s:
        assert s.read_nowait() == ""
        del peer.sent[:]
        s.send("a")
        s.sendbreak()
        s.resize(50, 132)
        s.send("b")
        assert s.size == WindowSize(50, 132)
        size = subnegotiation(Option.NAWS, b"\0\x84\0\x32")
        assert bytes(peer.sent) == b"a" + order(Command.BRK) + size + b"b"


def test_control_characters_are_the_usual_ones():
    peer, s = over_memory()
    with s:
        s.sendintr()
        s.sendeof()
        assert bytes(peer.sent) == b"\x03\x04"
        terminal = TelnetTransport(peer.transport).terminal
        with pytest.raises(chat.UnknownKey, match="has no 'start'"):
            terminal.control("start")


def test_that_a_program_waits_for_input_cannot_be_told():
    _, s = over_memory()
    with s, pytest.raises(chat.NotSupported, match="telnet does not tell"):
        s.expect(chat.INPUT_WAIT)


def test_a_transport_without_a_line_has_no_break():
    with MemoryPeer().session() as s, pytest.raises(chat.NotSupported, match="no break"):
        s.sendbreak()


def test_a_server_knows_the_window_and_does_not_set_it():
    told = negotiation(Verb.WILL, Option.NAWS) + subnegotiation(Option.NAWS, b"\0\x84\0\x32")
    _, s = over_memory(told, settings=Server())
    with s:
        assert s.size == WindowSize(24, 80)
        assert s.read_nowait() == ""
        assert s.size == WindowSize(50, 132)
        with pytest.raises(chat.NotSupported, match="the client's"):
            s.resize(24, 80)


def test_a_server_hides_what_is_typed():
    peer, s = over_memory(settings=Server())
    with s:
        s.sendline("Password:")
        s.echo = False
        peer.say(negotiation(Verb.DO, Option.ECHO) + b"s3cret\r\n")
        assert s.readline() == "s3cret\n"
        assert bytes(peer.sent).endswith(b"Password:\r\n" + WILL_ECHO)


# ── faults ────────────────────────────────────────────────────────────────────────────────


def test_a_violation_is_told_behind_the_text_before_it():
    _, s = over_memory(b"text" + order(Command.SB) + bytes(70000))
    with s:
        s.expect("text")
        for _ in range(2):
            with pytest.raises(chat.ConnectionLost, match="no end in 65536 bytes") as caught:
                s.expect("more")
            assert isinstance(caught.value.__cause__, chat.ProtocolError)


def test_a_subnegotiation_that_does_not_end_is_a_timeout_and_no_more():
    _, s = over_memory(order(Command.SB) + b"text", 1.0, b"text", 1.0, b"text")
    with s, pytest.raises(chat.ExpectTimeout):
        s.expect("text", timeout=10)


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_one_that_sends_commands_without_a_pause_does_not_hold_a_wait_up(timeout):
    with open("/dev/zero", "rb") as zeros:  # noqa: PTH123
        flood = _Flood(zeros.fileno())
        with chat.Session(TelnetTransport(flood)) as s:
            with pytest.raises(chat.ExpectTimeout):
                s.expect("text", timeout=timeout)
            assert s.read_nowait() == ""


class _Flood:
    """A transport on which keep-alives come for ever, as fast as they are read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, size: int = 65536) -> bytes:
        return order(Command.NOP) * (min(size, 4096) // 2)

    def write(self, data: bytes) -> int:
        return len(data)

    def close(self) -> None:
        pass

    def fileno(self) -> int:
        return self._descriptor


def loopback() -> tuple[DescriptorTransport, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    far.settimeout(20)
    return DescriptorTransport(near.detach()), far


def test_what_came_before_a_reset_is_not_lost():
    transport, far = loopback()
    with chat.Session(TelnetTransport(transport), timeout=20) as s, far:
        far.sendall(WILL_ECHO + b"last words")
        s.expect("last words")
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with pytest.raises((chat.UnexpectedEOF, ConnectionResetError)):
            s.expect("more")


def test_a_question_from_one_that_has_gone_does_not_hide_what_it_said():
    transport, far = loopback()
    with far:
        far.sendall(b"bye" + negotiation(Verb.DO, Option.TTYPE) * 3)
        far.shutdown(socket.SHUT_RDWR)
    with chat.Session(TelnetTransport(transport), timeout=20) as s:
        assert s.expect("bye").before == ""


def test_what_comes_late_does_not_cost_the_last_words():
    transport, far = loopback()
    made = TelnetTransport(transport)
    with far:
        far.sendall(order(Command.NOP))
        said = made.write(b"x" * 60000) + made.write(b"x" * 60000)
        made.close()
        assert len(b"".join(iter(lambda: far.recv(65536), b""))) == said


def test_an_urgent_data_mark_stays_in_its_place():
    """Were the mark taken out of the stream, its IAC would take the text's first byte."""
    transport, far = loopback()
    with chat.Session(TelnetTransport(transport), timeout=20) as s, far:
        far.sendall(b"before\xff")
        far.send(bytes([Command.DM]), socket.MSG_OOB)
        far.sendall(b"after")
        assert s.expect("after").before == "before"


def test_a_descriptor_that_is_no_socket_is_spoken_over_too():
    mine, yours = os.pipe(), os.pipe()
    with chat.Session(TelnetTransport(DescriptorTransport(mine[0], yours[1]))) as s:
        os.write(mine[1], b"hello\xff\xff" + negotiation(Verb.DO, 99))
        s.expect("hello")
        s.send("x")
        assert os.read(yours[0], 100) == negotiation(Verb.WONT, 99) + b"x"
    os.close(mine[1])
    os.close(yours[0])


class _Narrow:
    """A transport that takes so many bytes, and then none, and then so many again."""

    def __init__(self, inner: Transport, takes: int) -> None:
        self._inner = inner
        self._takes = takes
        self._turn = 0

    def read(self, size: int = 65536) -> bytes:
        return self._inner.read(size)

    def write(self, data: bytes) -> int:
        self._turn += 1
        if self._turn % 2:
            raise BlockingIOError
        return self._inner.write(data[: self._takes])

    def close(self) -> None:
        self._inner.close()

    def fileno(self) -> int:
        return self._inner.fileno()


@pytest.mark.parametrize("takes", [1, 2, 3])
def test_of_text_that_goes_in_part_nothing_is_lost_or_doubled(takes):
    peer = MemoryPeer()
    text = b"\xff\xffa\rb\r\nc\xff\r" * 10
    transport = TelnetTransport(_Narrow(peer.transport, takes))
    transport.endpoint.receive(negotiation(Verb.WILL, Option.SGA))
    with chat.Session(transport, encoding=None) as s:
        assert s.send(text, timeout=20) == len(text)
        heard = Endpoint(BY_CHARACTERS).receive(bytes(peer.sent))
        assert heard == text.replace(b"\r\n", b"\r")


def test_what_was_given_up_on_does_not_harm_what_follows():
    peer = MemoryPeer(room=2)
    transport = TelnetTransport(peer.transport)
    assert transport.write(b"a\xff") == 1, "one half of the doubled byte has gone"
    with pytest.raises(BlockingIOError):
        transport.flush()
    assert peer.receive(2) == b"a\xff"
    assert transport.write(b"b") == 1
    assert bytes(peer.sent) == b"a\xff\xffb"
    transport.close()
