"""URLs in parts, and the schemes that `connect` knows."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint
from typing import Any

import pytest

import chat
from chat.opening import urls
from chat.opening.urls import OPENERS, Url, find_opener
from chat.testing import MemoryPeer


def parts(text):
    url = Url.parse(text)
    return url.scheme, url.user, url.host, url.port, url.path, dict(url.query)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://host:80", ("tcp", None, "host", "80", "", {})),
        ("TCP://host:daytime", ("tcp", None, "host", "daytime", "", {})),
        ("tcp://[::1]:80", ("tcp", None, "::1", "80", "", {})),
        ("tcp://[fe80::1%25eth0]:80", ("tcp", None, "fe80::1%eth0", "80", "", {})),
        ("ssh://me@host", ("ssh", "me", "host", "", "", {})),
        ("unix:///run/a%20b", ("unix", None, "", "", "/run/a b", {})),
        ("unix://@name", ("unix", "", "name", "", "", {})),
        ("serial:///dev/x?baudrate=9600&a=", (
            "serial", None, "", "", "/dev/x", {"baudrate": "9600", "a": ""}
        )),
    ],
)  # fmt: skip
def test_a_url_comes_apart(text, expected):
    assert parts(text) == expected
    assert str(Url.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("host:80", "no URL: it begins with .*tcp://"),
        ("://host:80", "no URL"),
        ("", "no URL"),
        ("tcp://", "names no host: tcp://host:port"),
        ("tcp://:80", "names no host"),
        ("tcp://host", "names no port"),
        ("tcp://host:", "names no port"),
        ("tcp://host:65536", "port 65536 is none: the last one is 65535"),
        ("tcp://host:-1", "'-1' is neither a port nor a service over tcp"),
        ("tcp://host:²", "is neither a port nor a service"),
        ("udp://host:no-such-service", "neither a port nor a service over udp"),
        ("tcp://::1:80", "stands in brackets: \\[::1:80\\]"),
        ("tcp://[::1:80", "bracket that is not closed"),
        ("tcp://[::1]80", "bracket that is not closed"),
        ("tcp://host:80/path", "has a path, and tcp:// has none"),
        ("tcp://me@host:80", "has a user"),
        ("tls://host:80?x=1", "has a query"),
        ("unix://path", "three slashes"),
        ("unix://", "three slashes"),
        ("unix:///", "three slashes"),
        ("unix:///a?x=1", "has a query"),
        ("unix:///a%00b", "NUL"),
        (
            "gopher://host:70",
            "gopher:// is unknown; known are .*tcp://, telnet://, tls://, udp:// or unix",
        ),
    ],
)
def test_what_is_no_url_is_refused_with_the_reason(text, said):
    with pytest.raises(chat.UrlError, match=said):
        chat.connect(text)


def test_a_password_does_not_belong_in_a_url_and_is_not_shown():
    with pytest.raises(ValueError, match="give it as a Secret") as refused:
        chat.connect("tcp://me:hunter2@host:80")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("scheme", OPENERS)
def test_every_scheme_of_the_table_is_there(scheme):
    assert callable(find_opener(scheme))


def test_a_scheme_is_not_imported_before_it_is_asked_for():
    program = "import sys, chat; chat.connect; print('ssl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"False\n"


@pytest.mark.parametrize(
    ("url", "option", "said"),
    [
        ("tcp://host:80", "sorce", "tcp:// takes no option 'sorce'; it takes keepalive, node"),
        ("tls://host:80", "ca", "tls:// takes no option 'ca'; it takes allow_truncation, ca_"),
        ("unix:///path", "source", "unix:// takes no option 'source'; it takes none"),
    ],
)
def test_an_option_that_is_none_is_refused_before_anything_is_tried(url, option, said):
    with pytest.raises(TypeError, match=said):
        connect: Any = chat.connect
        connect(url, **{option: 1})


def test_a_timeout_that_is_none_is_refused():
    with pytest.raises(ValueError, match="connect_timeout is -1"):
        chat.connect("tcp://127.0.0.1:1", connect_timeout=-1)


# ── schemes of other packages ─────────────────────────────────────────────────────────────


def open_memory(opening, *, greeting="hello"):
    peer = MemoryPeer([f"{greeting} {opening.url.host}\n"])
    return opening.session(peer.transport)


def test_an_entry_point_adds_a_scheme(monkeypatch):
    point = EntryPoint("memory", f"{__name__}:open_memory", urls.ENTRY_POINTS)
    monkeypatch.setattr(EntryPoint, "load", lambda self: open_memory)
    monkeypatch.setattr(urls, "_added_schemes", lambda: {"memory": point})
    with chat.connect("memory://ada", greeting="good day") as s:
        assert s.readline() == "good day ada\n"
    with chat.connect("memory://ada", encoding=None) as s:
        assert s.readline() == b"hello ada\n"
    with pytest.raises(chat.UrlError, match=r"known are .*memory://, .*tcp://"):
        chat.connect("nothing://")


PACKAGE = """
    import socket, chat
    from chat.transports.sockets import SocketTransport

    def open_loop(opening, *, times=1):
        ours, theirs = socket.socketpair()
        theirs.sendall(opening.url.path.encode() * times)
        theirs.close()
        return opening.session(SocketTransport(ours))
    """


@pytest.mark.slow
def test_an_installed_package_adds_a_scheme(tmp_path):
    """A real distribution, as pip leaves one behind."""
    (tmp_path / "loop_scheme.py").write_text(textwrap.dedent(PACKAGE))
    information = tmp_path / "loop_scheme-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: loop-scheme\n")
    (information / "entry_points.txt").write_text(
        "[chat.transports]\ncircle = loop_scheme:open_loop\n"
    )
    program = (
        "import chat, sys; print('loop_scheme' in sys.modules);"
        " print(chat.connect('circle:///round', times=2).read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(filter(None, sys.path))}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("False\n/round/round\n", 0), done.stderr


def test_options_of_the_session_that_are_wrong_leave_nothing_open(monkeypatch):
    closed: list[object] = []
    peer = MemoryPeer()
    real = peer.transport.close
    monkeypatch.setattr(peer.transport, "close", lambda: closed.append(real()))
    opening = chat.Opening(Url.parse("x://"), None, "utf-8", {"quiet": -1})
    with pytest.raises(ValueError, match="quiet is -1"):
        opening.session(peer.transport)
    assert closed
