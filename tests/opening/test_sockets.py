"""Conversations over sockets, with peers that are plain sockets, good and bad."""

from __future__ import annotations

import io
import os
import resource
import socket
import threading
import time

import pytest

import chat
from chat.timing import SYSTEM_CLOCK
from chat.transports import addresses, dialing
from chat.transports.addresses import Address, in_turn
from chat.transports.dialing import dial
from tests.opening.conftest import PATIENCE, reset


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


# ── TCP ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_conversation_over_tcp(serve_once, host):
    url = serve_once(echo, host)
    with chat.connect(url, timeout=PATIENCE) as s:
        assert s.peer == url
        assert s.ask("hello", "\n") == "hello"
        assert s.pid is None and s.exit_status is None
        s.sendeof()
        assert s.read() == ""
        assert repr(s) == f"<Session: {url} has closed>"


def test_text_is_decoded_and_logged_as_everywhere(serve_once):
    log = io.StringIO()
    url = serve_once(echo)
    with chat.connect(url, timeout=PATIENCE, log=log) as s:
        for byte in "grüezi €\n".encode():
            s._channel.transmit(bytes([byte]), None)
        assert s.readline() == "grüezi €\n"
    assert log.getvalue() == "grüezi €\n"


def test_a_session_of_bytes(serve_once):
    with chat.connect(serve_once(echo), encoding=None, timeout=PATIENCE) as s:
        s.send(bytes(range(256)))
        assert s.read(256) == bytes(range(256))


def test_closing_the_writing_side_is_heard_and_the_answer_comes(serve_once):
    def answer(connection):
        said = b""
        while data := connection.recv(100):
            said += data
        connection.sendall(said[::-1])

    with chat.connect(serve_once(answer), timeout=PATIENCE) as s:
        s.send("abc")
        s.sendeof()
        s.sendeof()
        assert s.read() == "cba"
        with pytest.raises(chat.SessionClosed):
            s.send("more")


def test_a_megabyte_each_way_cannot_lock_up(serve_once):
    with chat.connect(serve_once(echo), encoding=None, timeout=PATIENCE) as s:
        data = os.urandom(1 << 20) * 8
        s.send(data)
        assert s.read(len(data)) == data


def test_a_service_by_name(serve_once, monkeypatch):
    url = serve_once(lambda connection: connection.sendall(b"today\r\n"))
    port = int(url.rpartition(":")[2])
    asked = []

    def service(name, protocol):
        asked.append((name, protocol))
        return port

    monkeypatch.setattr(socket, "getservbyname", service)
    with chat.connect("tcp://127.0.0.1:daytime", timeout=PATIENCE) as s:
        assert s.readline() == "today\r\n"
    assert asked == [("daytime", "tcp")]


def test_the_address_to_call_from_can_be_chosen(serve_once):
    callers = []
    url = serve_once(lambda connection: callers.append(connection.getpeername()[0]))
    with chat.connect(url, source="127.0.0.2", keepalive=60, timeout=PATIENCE) as s:
        assert s.read() == ""
    assert callers == ["127.0.0.2"]


def test_an_address_that_is_not_ours_is_said(descriptors):
    before = descriptors()
    with pytest.raises(chat.ConnectFailed, match="requested address") as failed:
        chat.connect("tcp://127.0.0.1:1", source="192.0.2.77", timeout=PATIENCE)
    assert failed.value.attempts == ("127.0.0.1:1: Cannot assign requested address",)
    assert descriptors() == before


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_nobody_there_is_refused(descriptors):
    before = descriptors()
    port = free_port()
    with pytest.raises(chat.ConnectRefused) as refused:
        chat.connect(f"tcp://127.0.0.1:{port}", timeout=PATIENCE)
    assert isinstance(refused.value, ConnectionRefusedError)
    assert str(refused.value) == (
        f"cannot connect to tcp://127.0.0.1:{port}: Connection refused\n"
        f"  127.0.0.1:{port}: Connection refused"
    )
    assert descriptors() == before


@pytest.fixture
def deaf():
    """An address that does not answer: a listener whose queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = []
        while True:  # until one is not answered
            caller = socket.socket()
            caller.setblocking(False)
            callers.append(caller)
            caller.connect_ex(listener.getsockname())
            if not SYSTEM_CLOCK.waiter({caller.fileno(): 4})(0.1):
                break
        yield listener
        for caller in callers:
            caller.close()


@pytest.mark.slow
def test_no_answer_is_a_timeout_that_names_what_was_tried(deaf, descriptors):
    before = descriptors()
    port = deaf.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(chat.ConnectTimeout) as late:
        chat.connect(f"tcp://127.0.0.1:{port}", connect_timeout=0.3)
    assert 0.3 <= time.monotonic() - began < 5
    assert isinstance(late.value, TimeoutError)
    assert late.value.reason == "no answer within 0.3 s"
    assert late.value.attempts == (f"127.0.0.1:{port}: no answer",)
    assert descriptors() == before


# ── several addresses ─────────────────────────────────────────────────────────────────────


def v4(port, host="127.0.0.1"):
    return Address(socket.AF_INET, (host, port))


def v6(port):
    return Address(socket.AF_INET6, ("::1", port, 0, 0))


def test_families_take_turns_beginning_with_the_first():
    ones = [v6(1), v6(2), v6(3)]
    others = [v4(1), v4(2)]
    assert in_turn(ones + others) == [v6(1), v4(1), v6(2), v4(2), v6(3)]
    assert in_turn(others + ones) == [v4(1), v6(1), v4(2), v6(2), v6(3)]
    assert in_turn([]) == []


def names(monkeypatch, *found):
    """Have the resolver answer so for any name that is none of an address."""
    real = socket.getaddrinfo

    def resolver(host, port, family=0, type=0, proto=0, flags=0):  # noqa: A002  its name
        if flags & socket.AI_NUMERICHOST:
            return real(host, port, family, type, proto, flags)
        return [(each.family, type, 6, "", each.place) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)


def test_an_address_that_refuses_makes_place_for_the_next_at_once(serve_once, monkeypatch):
    monkeypatch.setattr(dialing, "ATTEMPT_DELAY", PATIENCE)
    url = serve_once(echo)
    port = int(url.rpartition(":")[2])
    names(monkeypatch, v6(free_port()), v4(port))
    began = time.monotonic()
    with chat.connect(f"tcp://two.example:{port}", timeout=PATIENCE) as s:
        assert s.ask("x", "\n") == "x"
    assert time.monotonic() - began < PATIENCE / 2


@pytest.mark.slow
def test_an_address_that_does_not_answer_is_not_waited_for(deaf, serve_once, descriptors):
    """RFC 8305: the next one is tried beside it, and the one that answers first is taken."""
    port = int(serve_once(echo).rpartition(":")[2])
    before = descriptors()
    tried = [v4(deaf.getsockname()[1]), v4(port)]
    connection = dial("x", tried, lambda _: None, deadline=None, clock=SYSTEM_CLOCK)
    assert connection.getpeername()[1] == port
    connection.close()
    serve_once.wait()
    assert descriptors() == before


def test_if_all_fail_each_is_named(monkeypatch):
    port = free_port()
    names(monkeypatch, v6(port), v4(port), v4(port, "255.255.255.255"))
    with pytest.raises(chat.ConnectFailed) as failed:
        chat.connect(f"tcp://three.example:{port}", timeout=PATIENCE)
    assert not isinstance(failed.value, chat.ConnectRefused)
    assert failed.value.reason == "no address answers"
    assert [each.rpartition(": ")[0] for each in failed.value.attempts] == [
        f"[::1]:{port}",
        f"127.0.0.1:{port}",
        f"255.255.255.255:{port}",
    ]


# ── names ─────────────────────────────────────────────────────────────────────────────────


def test_a_name_without_address_is_said():
    with pytest.raises(chat.HostNotFound, match=r"no host .nobody\.invalid."):
        chat.connect("tcp://nobody.invalid:80", timeout=PATIENCE)


def test_a_name_that_is_none_is_said():
    with pytest.raises(chat.HostNotFound, match="is no name of a host"):
        chat.connect(f"tcp://{'x' * 70}.example:80", timeout=PATIENCE)


def test_a_resolver_that_cannot_be_asked_is_said(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(chat.HostNotFound, match="looking up 'a' failed: Temporary failure"):
        chat.connect("tcp://a:80", timeout=PATIENCE)


def test_a_resolver_that_does_not_answer_is_left_behind(monkeypatch):
    let_go = threading.Event()
    real = addresses._ask

    def hang(host, port, kind, flags=0):
        return real(host, port, kind, flags) if flags else let_go.wait(PATIENCE)

    monkeypatch.setattr(addresses, "_ask", hang)
    with pytest.raises(chat.ConnectTimeout, match=r"looking up .slow\.example. took too long"):
        chat.connect("tcp://slow.example:80", connect_timeout=0.05)
    let_go.set()


# ── what a peer may do ────────────────────────────────────────────────────────────────────


def test_a_reset_is_a_failure_and_no_end(serve_once):
    def talk(connection):
        connection.sendall(b"half a li")
        assert connection.recv(1) == b"?"  # it has read that
        reset(connection)

    url = serve_once(talk)
    with chat.connect(url, timeout=PATIENCE) as s:
        s.expect("half")
        s.send("?")
        with pytest.raises(chat.ConnectionLost) as lost:
            s.expect("line", chat.EOF)
        assert {ConnectionError, EOFError} < set(type(lost.value).__mro__)
        assert str(lost.value) == (
            "the connection failed while waiting for 'line' or EOF\n"
            "last came ' a li'\n"
            f"the connection to {url} failed: Connection reset by peer"
        )
        with pytest.raises(chat.PeerGone, match="the other side is gone"):
            s.send("x")


def test_a_peer_that_stalls_is_a_timeout_with_what_came(serve_once):
    done = threading.Event()

    def talk(connection):
        connection.sendall(b"wait")
        done.wait(PATIENCE)

    with chat.connect(serve_once(talk), timeout=PATIENCE) as s:
        s.expect("wa")
        with pytest.raises(chat.ExpectTimeout, match="last came 'it'"):
            s.expect("more", timeout=0.05)
    done.set()


def test_a_peer_that_does_not_read_is_a_timeout_that_says_how_much_went(serve_once):
    done = threading.Event()
    url = serve_once(lambda connection: done.wait(PATIENCE))
    with chat.connect(url, encoding=None, timeout=PATIENCE) as s:
        with pytest.raises(chat.SendTimeout) as late:
            s.send(bytes(64 << 20), timeout=0.1)
        assert 0 < late.value.sent < late.value.total == 64 << 20
    done.set()


def test_one_byte_at_a_time_is_all_the_same(serve_once):
    def talk(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in "login: €\r\n".encode():
            connection.sendall(bytes([byte]))

    with chat.connect(serve_once(talk), timeout=PATIENCE) as s:
        assert s.expect("€\r\n").before == "login: "


def test_garbage_is_kept_recoverable(serve_once):
    garbage = os.urandom(5000)
    url = serve_once(lambda connection: connection.sendall(garbage))
    with chat.connect(url, timeout=PATIENCE) as s:
        assert s.read().encode("utf-8", "surrogateescape") == garbage


def test_more_than_1024_descriptors_are_no_matter(serve_once):
    """Row 11 of the defects, for sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        with chat.connect(serve_once(echo), timeout=PATIENCE) as s:
            assert s.fileno() > 1024
            assert s.ask("x", "\n") == "x"
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ── Unix-domain sockets ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("abstract", [False, True])
def test_a_conversation_over_a_unix_domain_socket(tmp_path, abstract):
    name = f"@chat-test-{os.getpid()}" if abstract else str(tmp_path / "a b")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name.replace("@", "\0", 1) if abstract else name)
        listener.listen(1)
        url = f"unix://{name.replace(' ', '%20')}"
        with chat.connect(url, timeout=PATIENCE) as s:
            far, _ = listener.accept()
            with far:
                s.sendline("hello")
                assert far.recv(100) == b"hello\n"
                far.sendall(b"back\n")
                assert s.readline() == "back\n"
                s.sendeof()
                assert far.recv(1) == b""
            assert s.peer == url


def test_a_unix_domain_socket_that_is_not_there_is_said(tmp_path, descriptors):
    before = descriptors()
    with pytest.raises(chat.ConnectFailed, match="No such file"):
        chat.connect(f"unix://{tmp_path}/none")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "stale"))
    with pytest.raises(chat.ConnectRefused):
        chat.connect(f"unix://{tmp_path}/stale")
    with pytest.raises(chat.ConnectFailed, match="no path of a socket"):
        chat.connect(f"unix://{tmp_path}/{'x' * 200}")
    assert descriptors() == before


def test_a_unix_domain_listener_with_a_full_queue_is_waited_for(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen(0)
        url = f"unix://{tmp_path}/s"
        with chat.connect(url, timeout=PATIENCE):
            with pytest.raises(chat.ConnectTimeout, match="queue is full"):
                chat.connect(url, connect_timeout=0.01)

            def take():
                listener.accept()[0].close()

            taker = threading.Thread(target=take)
            taker.start()
            chat.connect(url, connect_timeout=PATIENCE).close()
            taker.join()


# ── UDP ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def datagrams():
    with socket.socket(type=socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.settimeout(PATIENCE)
        yield far, f"udp://127.0.0.1:{far.getsockname()[1]}"


def test_messages_stay_apart(datagrams):
    far, url = datagrams
    with chat.connect(url, timeout=PATIENCE) as s:
        s.send("question")
        said, caller = far.recvfrom(100)
        assert said == b"question"
        for message in (b"one", b"t\xc3", b"", b"\xbcwo" * 2000, b"three"):
            far.sendto(message, caller)
        assert s.receive() == "one"
        # Half a character at the end of a message does not wait for the next one.
        assert s.receive() == "t\udcc3"
        assert s.receive() == b"\xbcwo".decode("utf-8", "surrogateescape") * 2000
        assert s.expect("re").before == "th"
        assert s.receive() == "e"
        with pytest.raises(chat.ExpectTimeout, match=r"waited 0.01 s for a message"):
            s.receive(timeout=0.01)


def test_messages_can_be_waited_for_one_behind_the_other(datagrams):
    far, url = datagrams
    with chat.connect(url, timeout=PATIENCE, encoding=None) as s:
        s.send(b"?")
        _, caller = far.recvfrom(100)
        for message in (b"ab", b"cd", b"ef"):
            far.sendto(message, caller)
        assert s.expect(b"bc").before == b"a"
        assert [s.receive(), s.receive()] == [b"d", b"ef"]


def test_the_places_of_messages_are_not_kept_for_ever(datagrams):
    far, url = datagrams
    with chat.connect(url, timeout=PATIENCE) as s:
        s.send("?")
        _, caller = far.recvfrom(100)
        for _ in range(100):
            far.sendto(b"abc", caller)
            s.expect("abc")
        assert len(s._channel.messages) <= 2


def test_somebody_else_s_messages_are_not_heard(datagrams):
    far, url = datagrams
    with (
        chat.connect(url, timeout=PATIENCE) as s,
        socket.socket(type=socket.SOCK_DGRAM) as other,
    ):
        s.send("?")
        _, caller = far.recvfrom(100)
        other.sendto(b"forged", caller)
        far.sendto(b"genuine", caller)
        assert s.receive() == "genuine"


def test_nobody_there_is_said_once_the_network_has(datagrams):
    far, url = datagrams
    far.close()
    with chat.connect(url, timeout=PATIENCE) as s:
        s.send("?")
        with pytest.raises(chat.ConnectionLost, match="Connection refused"):
            s.receive()


def test_a_stream_has_no_messages(serve_once):
    with (
        chat.connect(serve_once(echo), timeout=PATIENCE) as s,
        pytest.raises(chat.NotSupported, match="without messages"),
    ):
        s.receive()


def test_a_message_too_large_is_refused(datagrams):
    _, url = datagrams
    with chat.connect(url) as s, pytest.raises(chat.SendError, match="larger than a datagram"):
        s.send("x" * 70_000)
