"""TLS, from the start and from some point on, with the library's own servers as peers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest

import chat
from tests.opening.conftest import PATIENCE, reset


@pytest.fixture
def serve_tls(serve_once, certificates):
    """Have a function talk within TLS to the first who calls; gives the URL to call."""

    def serve(talk, which="good", *, ask=False, host="localhost"):
        context = certificates.server_side(getattr(certificates, which), ask=ask)

        def run(connection):
            # What goes wrong with the handshake is the caller's to say.
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                secure = context.wrap_socket(connection, server_side=True)
                with secure:
                    talk(secure)

        url = serve_once(run)
        return url.replace("tcp://127.0.0.1", f"tls://{host}")

    return serve


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.unwrap()


def test_a_conversation_within_tls(serve_tls, certificates):
    url = serve_tls(echo)
    with chat.connect(url, ca_file=certificates.authority, timeout=PATIENCE) as s:
        assert s.ask("grüezi", "\n") == "grüezi"
        assert s.peer == url
        s.sendeof()
        assert s.read() == ""


def test_much_each_way_within_tls_cannot_lock_up(serve_tls, certificates):
    options = {"ca_file": certificates.authority, "timeout": PATIENCE}
    with chat.connect(serve_tls(echo), encoding=None, **options) as s:
        data = bytes(range(256)) * 8192
        s.send(data)
        assert s.read(len(data)) == data


def test_a_greeting_of_any_length_is_never_stuck(serve_tls, certificates):
    """What is decrypted already is heard, though the descriptor may have nothing more."""
    for size in (1, 16384, 16385, 65536, 200_001):
        url = serve_tls(
            lambda secure, size=size: secure.sendall(b"x" * size + b"!") or echo(secure)
        )
        options = {"ca_file": certificates.authority, "timeout": PATIENCE}
        with chat.connect(url, **options) as s:
            assert len(s.expect("!").before) == size


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("stranger", "its certificate is rejected: unable to get local issuer certificate"),
        ("expired", "its certificate is rejected: certificate has expired"),
        ("other_host", "its certificate is rejected: Hostname mismatch, .* not valid for"),
    ],
)
def test_a_certificate_that_is_wrong_is_refused(
    serve_tls, serve_once, certificates, descriptors, which, said
):
    url = serve_tls(echo, which)
    before = descriptors()
    with pytest.raises(chat.CertificateRejected, match=said) as refused:
        chat.connect(url, ca_file=certificates.authority, timeout=PATIENCE)
    assert {ValueError, OSError} < set(type(refused.value).__mro__)
    assert refused.value.target == url
    serve_once.wait()
    assert descriptors() == before


def test_authorities_are_the_system_s_unless_given(serve_tls):
    with pytest.raises(chat.CertificateRejected):
        chat.connect(serve_tls(echo), timeout=PATIENCE)


def test_it_can_be_left_unverified_if_that_is_said(serve_tls):
    with chat.connect(serve_tls(echo, "stranger"), verify=False, timeout=PATIENCE) as s:
        assert s.ask("x", "\n") == "x"


def test_another_name_can_be_looked_for(serve_tls, certificates):
    options = {"ca_file": certificates.authority, "timeout": PATIENCE}
    url = serve_tls(echo, "other_host")
    with chat.connect(url, server_name="elsewhere.example", **options) as s:
        assert s.ask("x", "\n") == "x"


def test_an_address_is_a_name_too(serve_tls, certificates):
    url = serve_tls(echo, host="127.0.0.1")
    with chat.connect(url, ca_file=certificates.authority, timeout=PATIENCE) as s:
        assert s.ask("x", "\n") == "x"


def test_a_certificate_of_ours_is_shown(serve_tls, certificates):
    seen = []
    url = serve_tls(
        lambda secure: seen.append(secure.getpeercert()["subjectAltName"]), ask=True
    )
    options = {"ca_file": certificates.authority, "timeout": PATIENCE}
    with (
        chat.connect(url, cert_file=certificates.client, **options) as s,
        contextlib.suppress(chat.ConnectionLost),
    ):
        s.read()
    assert seen == [(("email", "somebody@example.org"),)]


def test_a_certificate_of_ours_that_is_wanted_and_not_shown_is_said(serve_tls, certificates):
    """TLS 1.3 tells the caller only once it believes to be connected."""
    options = {"ca_file": certificates.authority, "timeout": PATIENCE}
    with (
        chat.connect(serve_tls(echo, ask=True), **options) as s,
        pytest.raises(chat.ConnectionLost, match="certificate required"),
    ):
        s.expect("x")


def test_who_does_not_speak_tls_is_said(serve_once):
    def talk(connection):
        connection.recv(1000)
        connection.sendall(b"220 mail.example.com ESMTP\r\n")
        with contextlib.suppress(ConnectionError):
            connection.recv(1000)

    url = serve_once(talk).replace("tcp", "tls")
    with pytest.raises(
        chat.HandshakeFailed, match=r"no TLS with tls://.*: it does not speak TLS"
    ):
        chat.connect(url, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda connection: None, "closed during the handshake"),
        (reset, "Connection reset by peer"),
    ],
)
def test_who_goes_during_the_handshake_is_said(serve_once, end, said):
    def talk(connection):
        connection.recv(10_000)
        end(connection)

    url = serve_once(talk).replace("tcp", "tls")
    with pytest.raises(chat.HandshakeFailed, match=said):
        chat.connect(url, timeout=PATIENCE)


def test_who_stalls_during_the_handshake_is_a_timeout(serve_once):
    done = threading.Event()
    url = serve_once(lambda connection: done.wait(PATIENCE)).replace("tcp", "tls")
    with pytest.raises(chat.ConnectTimeout, match="handshake was not done in time"):
        chat.connect(url, connect_timeout=0.05)
    done.set()


def test_an_end_that_nobody_said_is_a_failure(serve_tls, certificates):
    url = serve_tls(lambda secure: secure.sendall(b"cut he"))
    options = {"ca_file": certificates.authority, "timeout": PATIENCE}
    with (
        chat.connect(url, **options) as s,
        pytest.raises(chat.ConnectionLost, match="closed without ending TLS") as lost,
    ):
        s.expect(chat.EOF)
    assert lost.value.before == "cut he"
    url = serve_tls(lambda secure: secure.sendall(b"all"))
    with chat.connect(url, allow_truncation=True, **options) as s:
        assert s.read() == "all"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ca_file": "/none"}, "the authorities in '/none': No such file"),
        ({"cert_file": "/none"}, "the certificate in '/none': No such file"),
        ({"cert_file": "{ca}"}, "cannot use the certificate in"),
        ({"cert_file": "{ca}", "key_file": "/none"}, "and the key in '/none'"),
        ({"ca_file": "{text}"}, "cannot use the authorities in"),
    ],
)
def test_a_file_that_cannot_be_used_is_said(certificates, tmp_path, options, said):
    (tmp_path / "text").write_text("no certificate")
    names = {"ca": certificates.authority, "text": tmp_path / "text"}
    options = {name: value.format(**names) for name, value in options.items()}
    with pytest.raises(chat.CertificateUnusable, match=said):
        chat.connect("tls://127.0.0.1:1", **options)


# ── from some point on ────────────────────────────────────────────────────────────────────


AGREED = b"220 go on\r\n"


@pytest.fixture
def serve_mail(serve_once, certificates):
    """A server that goes over to TLS when it is asked to; gives the URL to call."""

    def serve(answer=AGREED, which="good"):
        context = certificates.server_side(getattr(certificates, which))

        def talk(connection):
            connection.sendall(b"220 hello\r\n")
            assert connection.recv(100) == b"STARTTLS\n"
            connection.sendall(answer)
            if answer != AGREED:
                with contextlib.suppress(ConnectionError):
                    connection.recv(1)  # it goes, rather than go over
                return
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                secure = context.wrap_socket(connection, server_side=True)
                with secure:
                    echo(secure)

        return serve_once(talk).replace("127.0.0.1", "localhost")

    return serve


def test_a_conversation_goes_over_to_tls(serve_mail, certificates):
    log: list[object] = []
    with chat.connect(serve_mail(), timeout=PATIENCE) as s:
        s.subscribe(log.append)
        assert s.readline() == "220 hello\r\n"
        s.sendline("STARTTLS")
        s.expect("220 go on\r\n")
        chat.start_tls(s, ca_file=certificates.authority)
        assert s.ask("in private", "\n") == "in private"
        s.sendeof()
        assert s.read() == ""
    assert [event.text for event in log if isinstance(event, chat.events.Sent)] == [
        "STARTTLS\n",
        "in private\n",
    ]


@pytest.mark.parametrize("consumed", ["220 go on\r\n", "220 go"])
def test_what_was_slipped_in_before_is_not_taken_for_said_within(
    serve_mail, certificates, consumed
):
    """CVE-2011-0411 and its many sisters: what is said in the clear must not count later."""
    url = serve_mail(b"220 go on\r\n250 all is well\r\n")
    with chat.connect(url, timeout=PATIENCE) as s:
        s.sendline("STARTTLS")
        s.expect(consumed)
        with pytest.raises(chat.UnreadPlaintext, match=r"250 all is well.*in the clear"):
            chat.start_tls(s, ca_file=certificates.authority)
        assert s.peek().endswith("250 all is well\r\n")  # nothing was changed


def test_half_a_character_is_something_too(serve_mail, certificates):
    with chat.connect(serve_mail(b"220 go on\r\n\xc3"), timeout=PATIENCE) as s:
        s.sendline("STARTTLS")
        s.expect("220 go on\r\n")
        with pytest.raises(chat.UnreadPlaintext, match="a part of a character"):
            chat.start_tls(s, ca_file=certificates.authority)


def test_a_listener_refuses_what_a_caller_said_too_early(certificates):
    """The same, the other way round: a command said in the clear."""
    with (
        chat.listen("tcp://:0", timeout=PATIENCE) as listener,
        socket.create_connection(listener.address) as caller,
        listener.accept(PATIENCE) as s,
    ):
        caller.sendall(b"STARTTLS\r\nDELETE everything\r\n")
        assert s.readline() == "STARTTLS\r\n"
        s.sendline("220 go on")
        with pytest.raises(chat.UnreadPlaintext):
            chat.start_tls(s, server_side=True, cert_file=certificates.good)


def test_both_sides_can_be_ours(certificates):
    with chat.listen("tcp://localhost:0", timeout=PATIENCE) as listener:

        def handle(s):
            s.expect("STARTTLS\n")
            s.sendline("220 go on")
            chat.start_tls(s, server_side=True, cert_file=certificates.good)
            for line in s:
                s.send(line.upper())
            listener.stop()

        serving = threading.Thread(target=listener.serve, args=(handle,))
        serving.start()
        with chat.connect(listener.url, timeout=PATIENCE) as s:
            s.sendline("STARTTLS")
            s.expect("220 go on\n")
            chat.start_tls(s, ca_file=certificates.authority, server_name="localhost")
            assert s.ask("hello", "\n") == "HELLO"
        serving.join(PATIENCE)


def test_if_tls_does_not_come_about_nothing_goes_on_in_the_clear(serve_mail, certificates):
    with chat.connect(serve_mail(which="other_host"), timeout=PATIENCE) as s:
        s.expect("hello\r\n")
        s.sendline("STARTTLS")
        s.expect("220 go on\r\n")
        with pytest.raises(chat.CertificateRejected):
            chat.start_tls(s, ca_file=certificates.authority)
        assert s.closed
        with pytest.raises(chat.SessionClosed):
            s.sendline("PASSWORD")


def test_what_cannot_go_over_to_tls_is_said(serve_tls, certificates):
    with chat.spawn(["cat"]) as s, pytest.raises(chat.NotSupported, match="stream socket"):
        chat.start_tls(s, server_name="x")
    with chat.connect(serve_tls(echo), ca_file=certificates.authority, timeout=PATIENCE) as s:
        with pytest.raises(chat.NotSupported):
            chat.start_tls(s)
        assert s.ask("x", "\n") == "x"


def test_a_name_to_look_for_is_needed(tmp_path):
    with (
        chat.listen(f"unix://{tmp_path}/s") as listener,
        chat.connect(listener.url) as s,
        pytest.raises(ValueError, match="whose certificate is it to be"),
    ):
        chat.start_tls(s)
