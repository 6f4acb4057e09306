"""Conversations over serial lines."""

from __future__ import annotations

import threading
import time

import pytest

import chat
from chat.opening.serial import taken_apart


def test_a_console_is_talked_to(device):
    with chat.open_serial(f"serial://{device.path}?baudrate=115200", timeout=20) as console:
        device.send(b"\r\nlogin: ")
        console.expect("login: ")
        console.sendline("root")
        assert device.until(b"\r") == b"root\r"
        device.send(b"root\r\n# ")
        console.expect("# ")
        assert console.line.baudrate == 115200


def test_settings_may_be_keywords_and_go_before_those_of_the_url(device):
    url = f"{device.path}?baudrate=1200&stopbits=2"
    with chat.open_serial(url, baudrate=57600, encoding=None, timeout=20) as line:
        assert line.line.baudrate == 57600
        line.sendline(b"\xff")
        assert device.until(b"\r") == b"\xff\r"


@pytest.mark.slow
def test_a_line_of_another_machine_is_talked_to(served):
    with chat.open_serial(f"{served.server.url}?baudrate=38400", timeout=20) as console:
        served.device.send(b"router> ")
        console.expect("router> ")
        console.sendline("\xff show", timeout=20)  # RFC 2217 doubles what would be a command
        assert served.device.until(b"\r") == "\xff show\r".encode()
        assert served.server.port.baudrate == 38400


def test_a_device_that_is_unplugged_ends_the_conversation(device):
    with chat.open_serial(device.path, timeout=20) as console:
        device.send(b"half a pro")
        console.expect("half")
        device.unplug()
        with pytest.raises(EOFError, match="prompt"):
            console.expect("prompt")
        with pytest.raises(chat.PeerGone):
            console.sendline("anybody?")


def test_what_has_no_line_says_so():
    with chat.spawn(["cat"]) as cat, pytest.raises(chat.NotSupported, match="no serial line"):
        cat.line.send_break()


def test_a_url_reaches_it_too(device):
    for encoding, said in (("utf-8", "there"), (None, b"there")):
        url = f"serial://{device.path}?stopbits=2"
        with chat.connect(url, baudrate=19200, encoding=encoding, timeout=20) as line:
            device.send(b"there")
            line.expect(said)
            assert line.line.baudrate == 19200


def test_so_do_those_that_pyserial_knows():
    with chat.connect("loop://", timeout=20) as loop:
        loop.sendline("round")
        loop.expect("round\r")


@pytest.mark.slow
def test_a_break_is_sent_as_on_any_line_that_has_one(served):
    with chat.open_serial(served.server.url, timeout=20) as console:
        console.sendbreak()
        assert served.server.port.breaks == 1


def test_a_line_ends_as_it_is_told(device):
    with chat.open_serial(device.path, newline="\r\n") as console:
        console.sendline("x")
        assert device.until(b"\n") == b"x\r\n"


# ── URLs ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "port", "settings"),
    [
        ("/dev/ttyS0", "/dev/ttyS0", {}),
        ("serial:///dev/ttyUSB0?baudrate=115200", "/dev/ttyUSB0", {"baudrate": 115200}),
        ("SERIAL:///dev/my%20line", "/dev/my line", {}),
        ("/dev/ttyS0?parity=e&rtscts=yes", "/dev/ttyS0", {"parity": "E", "rtscts": True}),
        ("loop://?logging=debug&baudrate=50", "loop://?logging=debug", {"baudrate": 50}),
        ("rfc2217://host:7000?stopbits=1.5", "rfc2217://host:7000", {"stopbits": 1.5}),
        ("socket://[::1]:23", "socket://[::1]:23", {}),
    ],
)
def test_a_url_is_taken_apart(url, port, settings):
    assert taken_apart(url) == (port, settings)


@pytest.mark.parametrize(
    "url",
    [
        "", "ttyUSB0", "serial://ttyUSB0", "serial:///dev/x?baudrate=fast", "serial:///dev/x?a=b",
        "/dev/x?exclusive=maybe", "serial://",
    ],
)  # fmt: skip
def test_what_is_none_is_refused(url):
    with pytest.raises(chat.UrlError):
        taken_apart(url)


# ── pace ──────────────────────────────────────────────────────────────────────────────────


def test_a_pace_is_kept_and_what_comes_meanwhile_is_heard(device):
    """The far end answers each byte; the send goes on all the while."""

    def echo():
        for _ in range(6):
            device.send(device.receive(1).upper())

    far = threading.Thread(target=echo)
    far.start()
    with chat.open_serial(device.path, timeout=20, pace=0.02) as console:
        began = time.monotonic()
        console.sendline("hello")
        assert time.monotonic() - began >= 0.1  # five pauses between six bytes
        console.expect("HELLO\r")
    far.join()
