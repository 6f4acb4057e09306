"""Being called: addresses, privacy, and many clients at once."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import chat
from chat.opening import serving
from tests.opening.conftest import OVER_IPV6, PATIENCE, socket_of

MODES = ["thread", "fork"]


def url_of(path):
    return f"unix://{path}"


# ── addresses ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("tcp://:0", "127.0.0.1"),
        ("tcp://127.0.0.1:0", "127.0.0.1"),
        ("tcp://127.0.0.2:0", "127.0.0.2"),
        ("tcp://*:0", "0.0.0.0"),
    ],
)
def test_loopback_is_where_it_listens_unless_another_address_is_named(url, host):
    with chat.listen(url) as listener:
        assert listener.address[0] == host
        assert listener.url == f"tcp://{host}:{listener.address[1]}"
        assert repr(listener) == f"<Listener: listening on {listener.url}>"
        with socket.socket() as caller:
            caller.connect(listener.address)
    assert repr(listener) == f"<Listener: closed on {listener.url}>"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "udp://:0",
            "udp:// cannot be listened on; known are tcp://, tls://, telnet:// or unix://",
        ),
        ("tcp://host", "names no port; 0 is one that the system chooses"),
        ("tcp://:0/path", "has a path"),
        ("unix://path", "three slashes"),
    ],
)
def test_a_url_that_cannot_be_listened_on_is_refused(url, said):
    with pytest.raises(chat.UrlError, match=said):
        chat.listen(url)


@pytest.mark.parametrize("host", [OVER_IPV6])
def test_an_address_of_ipv6_stands_in_brackets(host):
    with chat.listen(f"tcp://[{host}]:0") as listener:
        assert listener.url == f"tcp://[{host}]:{listener.address[1]}"
        with chat.connect(listener.url, timeout=PATIENCE), listener.accept(PATIENCE) as far:
            assert far.peer.startswith(f"tcp://[{host}]:")


def test_a_name_of_this_machine_is_one_of_its_addresses():
    with chat.listen("tcp://localhost:0") as listener:
        assert listener.address[0] in ("127.0.0.1", "::1")


def test_an_address_in_use_is_said(descriptors):
    with chat.listen("tcp://:0") as listener:
        before = descriptors()
        with pytest.raises(chat.ListenFailed, match="Address already in use") as failed:
            chat.listen(listener.url)
        assert failed.value.target == listener.url
        assert descriptors() == before


def test_options_that_are_none_are_refused():
    with pytest.raises(TypeError, match="takes no option 'mod'"):
        chat.listen("tcp://:0", mod=1)
    with pytest.raises(TypeError, match="a listener's address is in its URL"):
        chat.listen("tcp://:0", source="127.0.0.1")
    with pytest.raises(chat.CertificateUnusable, match="give cert_file"):
        chat.listen("tls://:0")


# ── accepting ─────────────────────────────────────────────────────────────────────────────


def test_accepting_gives_a_session():
    with chat.listen("tcp://:0", timeout=PATIENCE) as listener:
        near = chat.connect(listener.url, timeout=PATIENCE)
        with near, listener.accept(PATIENCE) as far:
            far.sendline("hello")
            assert near.readline() == "hello\n"
            local = socket_of(near).getsockname()
            assert far.peer == f"tcp://127.0.0.1:{local[1]}"
        with chat.connect(listener.url) as near, listener.accept(PATIENCE) as far:
            near.close()
            assert far.read() == ""


def test_accepting_honours_its_timeout_and_says_where():
    with chat.listen("tcp://:0") as listener:
        with pytest.raises(
            chat.AcceptTimeout, match=f"nobody called {listener.url} within 0 s"
        ):
            listener.accept(0)
        with pytest.raises(TimeoutError):
            listener.accept(0.01)


def test_accepting_ends_when_it_is_stopped():
    with chat.listen("tcp://:0") as listener:
        threading.Thread(target=listener.stop).start()
        with pytest.raises(chat.SessionClosed, match="stopped or closed"):
            listener.accept(PATIENCE)
    with pytest.raises(chat.SessionClosed):
        listener.fileno()
    listener.close()


def test_accepting_within_tls(certificates, serve_once):
    options = {"cert_file": certificates.good, "ca_file": certificates.authority}
    with chat.listen("tls://127.0.0.1:0", **options, timeout=PATIENCE) as listener:
        near = []

        def call():
            options = {"ca_file": certificates.authority, "cert_file": certificates.client}
            near.append(chat.connect(listener.url, **options, timeout=PATIENCE))

        calling = threading.Thread(target=call)
        calling.start()
        with listener.accept(PATIENCE) as far:
            calling.join()
            far.sendline("hello")
            assert near[0].readline() == "hello\n"
            near[0].close()
            assert far.read() == ""


def test_a_caller_who_does_not_speak_tls_is_said(certificates, descriptors):
    with chat.listen("tls://:0", cert_file=certificates.good) as listener:
        before = descriptors()
        with socket.create_connection(listener.address) as caller:
            caller.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with pytest.raises(chat.HandshakeFailed, match="does not speak TLS, but HTTP"):
                listener.accept(PATIENCE)
        with (
            socket.create_connection(listener.address),
            pytest.raises(chat.ConnectTimeout),
        ):
            listener.accept(0.05)
        assert descriptors() == before


# ── Unix-domain sockets ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_a_unix_domain_socket_is_private_from_the_first_moment(tmp_path, umask, monkeypatch):
    path = tmp_path / "s"
    modes = []
    real = socket.socket.listen

    def listen(self, backlog):
        modes.append(stat.S_IMODE(path.stat().st_mode))
        real(self, backlog)

    monkeypatch.setattr(socket.socket, "listen", listen)
    before = os.umask(umask)
    try:
        with chat.listen(url_of(path)):
            assert modes == [0o600]
    finally:
        os.umask(before)
    assert not path.exists()


def test_it_can_be_opened_to_a_group(tmp_path):
    with chat.listen(url_of(tmp_path / "s"), mode=0o660):
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660


def test_one_that_is_listened_on_is_left_alone(tmp_path, descriptors):
    url = url_of(tmp_path / "s")
    with chat.listen(url) as first:
        before = descriptors()
        with pytest.raises(chat.ListenFailed, match="somebody listens there already"):
            chat.listen(url)
        assert descriptors() == before
        with chat.connect(url) as near, first.accept(PATIENCE):
            assert near.is_alive()


def test_a_stale_one_is_replaced(tmp_path):
    url = url_of(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "s"))
        gone.listen(1)
    with chat.listen(url) as listener, chat.connect(url), listener.accept(PATIENCE):
        pass
    assert list(tmp_path.iterdir()) == []


def test_whatever_else_is_there_is_left_alone(tmp_path):
    (tmp_path / "s").write_text("mine")
    with pytest.raises(chat.ListenFailed, match="something that is no socket"):
        chat.listen(url_of(tmp_path / "s"))
    assert (tmp_path / "s").read_text() == "mine"


def test_one_that_came_meanwhile_is_put_back(tmp_path, monkeypatch):
    """Between the look at a stale one and its removal, another program takes its place."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    real = Path.rename
    others: list[socket.socket] = []

    def rename(self, target):
        if not others:
            path.unlink()
            other = socket.socket(socket.AF_UNIX)
            other.bind(str(path))
            other.listen(1)
            others.append(other)
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(chat.ListenFailed, match="somebody listens there already"):
        chat.listen(url_of(path))
    with chat.connect(url_of(path)):
        others[0].close()


def test_a_file_that_is_not_ours_any_more_is_not_removed(tmp_path):
    path = tmp_path / "s"
    with chat.listen(url_of(path)):
        path.unlink()
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"


def test_a_place_that_cannot_be_had_is_said(tmp_path):
    with pytest.raises(chat.ListenFailed, match="No such file"):
        chat.listen(url_of(tmp_path / "none" / "s"))
    with pytest.raises(chat.ListenFailed, match="no path of a socket"):
        chat.listen(url_of(tmp_path / ("x" * 200)))


def test_an_abstract_name_is_for_this_user(monkeypatch):
    name = f"unix://@chat-test-{os.getpid()}"
    with chat.listen(name) as listener:
        assert listener.url == name
        with chat.connect(name), listener.accept(PATIENCE) as far:
            assert far.peer == f"{name} (process {os.getpid()} of user {os.geteuid()})"
        monkeypatch.setattr("chat.transports.accepting._is_ours", lambda _: False)
        with chat.connect(name, timeout=PATIENCE) as near:
            with pytest.raises(chat.AcceptTimeout):
                listener.accept(0)
            assert near.read() == ""  # it was sent away


# ── serving ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def served():
    """Serve in a thread; stop, and wait for the end, with the test."""
    started = []

    def serve(listener, handler, **options):
        thread = threading.Thread(target=listener.serve, args=(handler,), kwargs=options)
        thread.start()
        started.append((listener, thread))
        return thread

    yield serve
    for listener, thread in started:
        listener.stop()
        thread.join(PATIENCE)
        listener.close()
        assert not thread.is_alive()


def shout(s):
    for line in s:
        s.send(line.upper())


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("mode", MODES)
def test_many_clients_are_served_at_once(served, mode, children):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    before = children()
    thread = served(listener, shout, mode=mode)
    clients = [chat.connect(listener.url, timeout=PATIENCE) for _ in range(10)]
    for number, client in enumerate(clients):
        client.sendline(f"a{number}")
    for number, client in enumerate(clients):
        assert client.readline() == f"A{number}\n"
    for client in clients:
        client.close()
    listener.stop()
    thread.join(PATIENCE)
    assert children() == before


@pytest.fixture
def children():
    def look():
        found: set[int] = set()
        for task in Path("/proc/self/task").iterdir():
            found.update(map(int, (task / "children").read_text().split()))
        return found

    return look


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_children_are_reaped_while_it_serves(served, children):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    before = children()
    served(listener, shout, mode="fork", at_most=1)
    for _ in range(3):  # the second is accepted only once the first's child is gone
        with chat.connect(listener.url, timeout=PATIENCE) as client:
            assert client.ask("a", "\n") == "A"
            assert len(children() - before) == 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("mode", MODES)
def test_no_more_are_served_at_once_than_were_asked_for(served, mode):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    served(listener, shout, mode=mode, at_most=2)
    first, second, third = (chat.connect(listener.url, timeout=PATIENCE) for _ in range(3))
    assert first.ask("a", "\n") == "A"
    assert second.ask("b", "\n") == "B"
    third.sendline("c")
    with pytest.raises(chat.ExpectTimeout):
        third.readline(timeout=0.1)
    second.close()
    assert third.readline() == "C\n"
    for each in (first, third):
        each.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_handler_that_fails_is_logged_with_its_client_and_others_are_served(served, caplog):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)

    def handle(s):
        line = s.readline()
        if line == "exit\n":
            raise SystemExit(3)
        if line == "fail\n":
            raise RuntimeError("what a pity")
        s.sendline("well")

    served(listener, handle)
    with chat.connect(listener.url, timeout=PATIENCE) as bad:
        caller = f"tcp://127.0.0.1:{socket_of(bad).getsockname()[1]}"
        bad.sendline("fail")
        assert bad.read() == ""
    with chat.connect(listener.url, timeout=PATIENCE) as leaving:
        leaving.sendline("exit")
        assert leaving.read() == ""
    with chat.connect(listener.url, timeout=PATIENCE) as good:
        good.sendline("go on")
        assert good.read() == "well\n"
    (record,) = caplog.records
    assert record.name == "chat.listener" and record.levelno == logging.ERROR
    assert record.getMessage() == f"{caller}: the handler failed"
    assert "what a pity" in record.exc_text


def test_a_handshake_that_fails_takes_nobody_with_it(served, certificates, caplog):
    listener = chat.listen("tls://:0", cert_file=certificates.good, timeout=PATIENCE)
    served(listener, shout)
    with socket.create_connection(listener.address) as caller:
        caller.sendall(b"hello?\r\n\r\n")
        with socket.create_connection(listener.address):  # one that stalls holds nobody up
            with contextlib.suppress(ConnectionError):
                while caller.recv(100):
                    pass
            options = {"ca_file": certificates.authority, "timeout": PATIENCE}
            with chat.connect(listener.url, **options) as good:
                assert good.ask("a", "\n") == "A"
    assert "no TLS with" in caplog.records[0].getMessage()
    assert caplog.records[0].levelno == logging.WARNING


def test_it_stops_from_a_handler(served):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    thread = served(listener, lambda s: listener.stop())
    chat.connect(listener.url).close()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("mode", MODES)
def test_clients_that_go_on_are_hung_up_on_after_the_grace(served, mode):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    thread = served(listener, shout, mode=mode, grace=0.05)
    with chat.connect(listener.url, timeout=PATIENCE) as client:
        assert client.ask("a", "\n") == "A"
        listener.stop()
        assert client.read() == ""
    thread.join(PATIENCE)


def test_a_handler_that_does_not_end_is_left_behind_and_said(served, caplog):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    let_go, ended = threading.Event(), threading.Event()

    def handle(s):
        s.sendline("here")
        let_go.wait(PATIENCE)
        ended.set()

    thread = served(listener, handle, grace=0.02)
    with chat.connect(listener.url, timeout=PATIENCE) as client:
        client.readline()
        listener.stop()
        thread.join(PATIENCE)
    assert "does not end, and was left behind" in caplog.text
    let_go.set()
    assert ended.wait(PATIENCE)


def test_a_system_without_room_is_waited_for(served, monkeypatch, caplog):
    monkeypatch.setattr(serving, "RESPITE", 0.01)
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    real, failing = listener.endpoint.accept, [OSError(24, "Too many open files")] * 2

    def accept():
        if failing:
            raise failing.pop()
        return real()

    monkeypatch.setattr(listener.endpoint, "accept", accept)
    served(listener, shout)
    with chat.connect(listener.url, timeout=PATIENCE) as client:
        assert client.ask("a", "\n") == "A"
    assert [each.levelname for each in caplog.records] == ["WARNING"] * 2


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"mode": "task"}, chat.NotSupported, "is for asyncio"),
        ({"mode": "magic"}, ValueError, "mode is 'thread', 'fork' or 'task', not 'magic'"),
        ({"at_most": 0}, ValueError, "not even one"),
        ({"grace": -1}, ValueError, "grace is -1"),
    ],
)
def test_ways_to_serve_that_are_none_are_refused(options, kind, said):
    with chat.listen("tcp://:0") as listener, pytest.raises(kind, match=said):
        listener.serve(shout, **options)


def test_idle_it_costs_nothing(served):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    served(listener, shout)
    with chat.connect(listener.url, timeout=PATIENCE) as client:
        assert client.ask("a", "\n") == "A"
        began = time.process_time()
        with pytest.raises(chat.ExpectTimeout):
            client.readline(timeout=0.2)
        assert time.process_time() - began < 0.05


# ── a program of its own, with signals ────────────────────────────────────────────────────

SERVER = """
    import logging, signal, sys, chat

    def handle(s):
        for line in s:
            if line == "die\\n":
                signal.raise_signal(signal.SIGKILL)
            if line == "fail\\n":
                raise RuntimeError("what a pity")
            s.send(line.upper())

    with chat.listen(sys.argv[1], timeout=30) as listener:
        signal.signal(signal.SIGTERM, lambda *_: listener.stop())
        print(listener.url, flush=True)
        listener.serve(handle, mode=sys.argv[2], grace=0.2)
    print("done")
    """


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_server_stops_by_a_signal_and_leaves_nothing_behind(mode, tmp_path):
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    argv = [sys.executable, "-W", "error", "-c", textwrap.dedent(SERVER)]
    server = subprocess.Popen(
        [*argv, url_of(tmp_path / "s"), mode],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        url = server.stdout.readline().strip()
        with chat.connect(url, timeout=PATIENCE) as first:
            assert first.ask("a", "\n") == "A"
            if mode == "fork":
                with chat.connect(url, timeout=PATIENCE) as dying:
                    dying.sendline("die")
                    assert dying.read() == ""
            with chat.connect(url, timeout=PATIENCE) as failing:
                failing.sendline("fail")
                assert failing.read() == ""
            assert first.ask("b", "\n") == "B"
            server.send_signal(signal.SIGTERM)
            output, errors = server.communicate(timeout=PATIENCE)
            assert first.read() == ""
    assert (output, server.returncode) == ("done\n", 0), errors
    assert "the handler failed" in errors and "what a pity" in errors
    assert ("its child was killed by SIGKILL" in errors) is (mode == "fork")
    assert list(tmp_path.iterdir()) == []
