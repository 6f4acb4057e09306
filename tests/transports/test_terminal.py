"""The terminal's modes, size and control characters, seen through the master."""

from __future__ import annotations

import os
import sys
import termios

import pytest

from chat.errors import NotSupported, UnknownKey
from chat.transports import terminal as terminal_module
from chat.values import WindowSize

RAW = "import sys, tty; tty.setraw(0); print('raw', flush=True); sys.stdin.read(1)"


def test_size_is_what_it_was_started_with_and_what_it_was_set_to(start_peer):
    peer = start_peer(["cat"], size=WindowSize(31, 99))
    assert peer.terminal.size == WindowSize(31, 99)
    peer.terminal.resize(WindowSize(5, 6))
    assert peer.terminal.size == WindowSize(5, 6)


def test_resizing_tells_the_program(start_peer):
    peer = start_peer(
        "import os, signal\n"
        "tell = lambda *_: print(*os.get_terminal_size(), flush=True)\n"
        "signal.signal(signal.SIGWINCH, tell)\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    peer.until(b"ready\r\n")
    peer.terminal.resize(WindowSize(40, 132))
    assert peer.until(b"\r\n") == b"132 40"


def test_echo_is_seen_and_set(start_peer):
    peer = start_peer(["cat"])
    assert peer.terminal.echo
    peer.terminal.echo = False
    assert not peer.terminal.echo
    peer.write(b"once\n")
    assert peer.until(b"once\r\n") == b""
    peer.terminal.echo = True
    peer.write(b"twice\n")
    peer.until(b"twice\r\n")
    assert peer.until(b"twice\r\n") == b""


def test_echo_going_off_in_the_child_is_seen(start_peer):
    peer = start_peer("import getpass; getpass.getpass('Secret: ')")
    peer.until(b"Secret: ")
    assert not peer.terminal.echo


def test_a_raw_terminal_is_not_canonical(start_peer):
    peer = start_peer(["cat"])
    assert peer.terminal.canonical
    peer = start_peer(RAW)
    peer.until(b"raw")
    assert not peer.terminal.canonical


def test_the_longest_line_arrives_and_one_byte_more_does_not(start_peer):
    peer = start_peer("import os; print(len(os.read(0, 9999))); os.read(0, 1)", echo=False)
    limit = peer.terminal.line_limit()
    for sent, arrived in ((limit - 1, limit), (limit, limit)):
        peer = start_peer("import os; print(len(os.read(0, 9999)))", echo=False)
        peer.write(b"x" * sent + b"\n")
        assert peer.rest() == b"%d\r\n" % arrived


def test_the_line_limit_elsewhere_is_what_the_system_says(start_peer, monkeypatch):
    peer = start_peer(["cat"])
    monkeypatch.setattr(terminal_module, "LINE_LIMITS", {})
    assert peer.terminal.line_limit() == os.fpathconf(peer.transport.fileno(), "PC_MAX_CANON")


@pytest.mark.parametrize(
    ("name", "byte"),
    [
        ("intr", b"\x03"),
        ("quit", b"\x1c"),
        ("erase", b"\x7f"),
        ("kill", b"\x15"),
        ("eof", b"\x04"),
        ("susp", b"\x1a"),
    ],
)
def test_control_characters_have_their_usual_bytes(start_peer, name, byte):
    assert start_peer(["cat"]).terminal.control(name) == byte


def test_control_characters_follow_the_terminal(start_peer):
    peer = start_peer(["sh", "-c", "stty eof ^E susp undef; echo set; exec cat"])
    peer.until(b"set")
    assert peer.terminal.control("eof") == b"\x05"
    with pytest.raises(NotSupported, match="'susp' character is switched off"):
        peer.terminal.control("susp")


def test_an_unknown_control_character_is_an_error(start_peer):
    with pytest.raises(UnknownKey, match="'min'"):
        start_peer(["cat"]).terminal.control("min")


def test_the_foreground_group_is_the_childs(start_peer):
    peer = start_peer(["cat"])
    assert peer.terminal.foreground_group() == peer.process.pid


def test_it_is_in_use_until_the_last_program_lets_go(start_peer):
    peer = start_peer(["cat"])
    assert peer.terminal.in_use()
    peer.process.end(10)
    assert not peer.terminal.in_use()
    assert peer.terminal.foreground_group() is None


def test_modes_can_be_seen_after_the_program_has_ended(start_peer):
    peer = start_peer(["true"])
    peer.rest()
    assert peer.terminal.echo in (True, False)
    assert peer.terminal.size == WindowSize()


def test_a_refusal_is_ours_and_names_the_reason(start_peer, monkeypatch):
    peer = start_peer(["cat"])

    def refuse(*_):
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(termios, "tcgetattr", refuse)
    with pytest.raises(NotSupported, match="tell its modes: Input/output error"):
        _ = peer.terminal.echo
    with pytest.raises(NotSupported, match="change its echo"):
        peer.terminal.echo = False


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_asking_opens_nothing(start_peer, held):
    peer = start_peer(["cat"])
    assert peer.until_wait()
    before = held()
    _ = (peer.terminal.size, peer.terminal.echo, peer.terminal.canonical)
    peer.terminal.input_wait()
    assert held() == before
