"""The scheme `telnet`, to connect to and to listen on."""

from __future__ import annotations

import socket
import threading

import pytest

import chat
from chat.transports.telnet.codes import Option, Said, Verb
from chat.transports.telnet.scanner import negotiation, subnegotiation


@pytest.fixture
def far():
    """A listener that knows no telnet, to see the very bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


def accept(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    connection.settimeout(20)
    return connection


def url(listener: socket.socket, user: str = "") -> str:
    return f"telnet://{user}127.0.0.1:{listener.getsockname()[1]}"


def test_nothing_is_said_until_the_server_asks(far):
    with chat.connect(url(far), timeout=20) as s, accept(far) as server:
        server.sendall(b"220 no telnet\r\n")
        s.expect("220 no telnet\r\n")
        s.sendline("HELO")
        assert b"".join(server.recv(1) for _ in range(6)) == b"HELO\r\n"


def test_the_user_of_the_url_is_told_to_a_server_that_asks(far):
    with chat.connect(url(far, "ada@"), timeout=20) as s, accept(far) as server:
        server.sendall(
            negotiation(Verb.DO, Option.NEW_ENVIRON)
            + subnegotiation(Option.NEW_ENVIRON, bytes([Said.SEND]))
            + b"login: "
        )
        s.expect("login: ")
        told = negotiation(Verb.WILL, Option.NEW_ENVIRON)
        told += subnegotiation(Option.NEW_ENVIRON, b"\0\0USER\1ada")
        assert b"".join(server.recv(1) for _ in told) == told


def test_bytes_without_meaning_are_asked_for(far):
    with chat.connect(url(far), binary=True, encoding=None), accept(far) as server:
        asked = negotiation(Verb.WILL, 0) + negotiation(Verb.DO, 0)
        assert b"".join(server.recv(1) for _ in asked) == asked


def test_the_port_is_telnets_own_unless_another_is_given():
    with pytest.raises(chat.ConnectFailed) as caught:
        chat.connect("telnet://127.0.0.1", source="127.0.0.1", timeout=20).close()
    assert any(":23: " in attempt for attempt in caught.value.attempts)


@pytest.mark.parametrize(
    ("place", "options", "kind"),
    [
        ("telnet://127.0.0.1:1/path", {}, chat.UrlError),
        ("telnet://127.0.0.1:1?binary=1", {}, chat.UrlError),
        ("telnet://ada:secret@127.0.0.1:1", {}, chat.UrlError),
        ("telnet://127.0.0.1:1", {"speed": 9600}, TypeError),
        ("telnet://127.0.0.1:1", {"size": (0, 0)}, ValueError),
        ("telnet://127.0.0.1:1", {"terminal_type": ""}, ValueError),
    ],
)
def test_what_is_no_place_or_option_is_refused(place, options, kind):
    with pytest.raises(kind):
        chat.connect(place, **options)


def test_a_line_ends_alike_at_both_sides():
    with chat.listen("telnet://127.0.0.1:0") as listener:
        assert listener.url.startswith("telnet://127.0.0.1:")
        client = chat.connect(listener.url, timeout=20)
        with client, listener.accept(timeout=20) as server:
            client.sendline("one")
            assert server.readline(timeout=20) == "one\n"
            server.sendline("two")
            assert client.readline() == "two\r\n"


def test_much_goes_both_ways_at_once():
    text = "line\n" * 200_000

    def echo(client: chat.Session[str]) -> None:
        client.send(client.read(len(text)))
        client.expect(chat.EOF)

    with chat.listen("telnet://127.0.0.1:0", timeout=20) as listener:
        serving = threading.Thread(target=listener.serve, args=(echo,))
        serving.start()
        with chat.connect(listener.url, binary=True, timeout=20) as s:
            s.send(text)
            assert s.read(len(text)) == text
        listener.stop()
        serving.join()


@pytest.mark.slow
def test_a_program_is_served_by_characters():
    with chat.listen("telnet://127.0.0.1:0", encoding=None, characters=True) as listener:
        serving = threading.Thread(
            target=chat.serve_program, args=(["cat"], listener), daemon=True
        )
        serving.start()
        with chat.connect(listener.url, timeout=20) as s:
            assert s.wait_no_echo(), "the pseudo-terminal shows what is typed"
            s.sendline("mirror")
            s.expect("mirror\r\nmirror\r\n")
        listener.stop()
        serving.join(20)
