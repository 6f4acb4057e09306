"""Sending: whole or not at all, in time, and without locking anybody up."""

from __future__ import annotations

import contextlib
import threading

import pytest

import chat
from chat.testing import MemoryPeer, python_child

RAW = "import os, sys, time, tty\ntty.setraw(0)\nprint('ready', end='')\n"
"""The beginning of a program that takes every byte as it comes."""

NEVER_READS = RAW + "time.sleep(600)"


def test_what_is_sent_goes_as_it_is():
    peer = MemoryPeer()
    with peer.session() as s:
        assert s.send("ä\x03") == 3
    assert peer.sent == b"\xc3\xa4\x03"


def test_nothing_can_be_sent():
    peer = MemoryPeer()
    with peer.session() as s:
        assert s.send("") == 0
        assert s.sendline() == 1
    assert peer.sent == b"\n"


def test_a_line_ends_as_the_session_says():
    peer = MemoryPeer()
    with peer.session(newline="\r\n") as s:
        assert s.newline == "\r\n"
        s.sendline("a")
    assert peer.sent == b"a\r\n"


def test_a_line_to_a_terminal_ends_as_the_enter_key_does():
    with python_child(RAW + "print(os.read(0, 9))") as s:
        assert s.newline == "\r"
        s.expect("ready")
        s.sendline("a")
        assert s.read() == "b'a\\r'\n"


def test_bytes_are_sent_by_a_session_of_bytes():
    peer = MemoryPeer()
    with peer.session(encoding=None) as s:
        assert s.newline == b"\n"
        s.sendline(b"\xff")
        s.press("Up")
        s.sendcontrol("c")
    assert peer.sent == b"\xff\n\x1b[A\x03"


def test_text_is_sent_in_the_session_s_encoding():
    peer = MemoryPeer()
    with peer.session(encoding="latin-1") as s:
        s.send("ä")
        with pytest.raises(UnicodeEncodeError):
            s.send("x€")
    assert peer.sent == b"\xe4"


def test_undecodable_bytes_can_be_sent_back():
    peer = MemoryPeer([b"\xff\xfe|"])
    with peer.session() as s:
        s.send(s.expect("|").before)
    assert peer.sent == b"\xff\xfe"


@pytest.mark.parametrize("wrong", [b"x", 3, ["x"], chat.Secret("not sent like that")])
def test_what_is_no_text_is_refused(wrong):
    peer = MemoryPeer()
    with peer.session() as s:
        for call in (s.send, s.sendline):
            with pytest.raises(TypeError):
                call(wrong)
        with pytest.raises(TypeError):
            s.ask(wrong, "x", timeout=0)
    assert peer.sent == b""


def test_text_is_refused_by_a_session_of_bytes():
    with MemoryPeer().session(encoding=None) as s:
        with pytest.raises(TypeError, match="sends bytes, not str"):
            s.send("x")
        with pytest.raises(TypeError, match="sends bytes, not str"):
            s.sendline("x")


def test_a_line_end_of_the_wrong_kind_is_refused_when_the_session_is_made():
    peer = MemoryPeer()
    with contextlib.closing(peer.transport):
        with pytest.raises(TypeError, match="newline"):
            peer.session(newline=b"\n")
        with pytest.raises(TypeError, match="newline"):
            peer.session(encoding=None, newline="\n")


# ── keys ──────────────────────────────────────────────────────────────────────────────────


def test_keys_are_sent_by_their_names():
    peer = MemoryPeer()
    with peer.session() as s:
        assert s.press("Ctrl-C", "q", "F10", "PageDown", "Alt-f", "Enter") > 0
    assert peer.sent == b"\x03q\x1b[21~\x1b[6~\x1bf\r"


@pytest.mark.parametrize("name", ["Contrl-C", "F99", "", "ab", "Ctrl-", "Ctrl-5"])
def test_an_unknown_key_sends_nothing_and_says_its_name(name):
    peer = MemoryPeer()
    with peer.session() as s, pytest.raises(chat.UnknownKey) as caught:
        s.press("q", name)
    assert (name.removeprefix("Ctrl-") or name) in str(caught.value)
    assert isinstance(caught.value, LookupError)
    assert peer.sent == b""


@pytest.mark.parametrize(
    ("name", "byte"), [("c", 3), ("C", 3), ("[", 27), ("?", 127), ("@", 0), ("]", 29)]
)
def test_control_characters_are_sent_by_their_letters(name, byte):
    peer = MemoryPeer()
    with peer.session() as s:
        s.sendcontrol(name)
    assert peer.sent == bytes([byte])


@pytest.mark.parametrize("name", ["5", "", "cc", "ä"])
def test_an_unknown_control_character_sends_nothing(name):
    peer = MemoryPeer()
    with peer.session() as s, pytest.raises(chat.UnknownKey):
        s.sendcontrol(name)
    assert peer.sent == b""


# ── lines that a terminal would cut ───────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def gathering():
    """A program whose terminal gathers lines, as it does unless told otherwise."""
    with python_child("import sys\nfor line in sys.stdin: print(len(line))", echo=False) as s:
        yield s


def test_the_longest_line_that_arrives_is_sent(gathering):
    gathering.send("x" * 4094 + "\n")
    assert gathering.expect("4095\r\n")


@pytest.mark.parametrize(
    "text",
    ["x" * 4096 + "\n", "short\n" + "x" * 100_000, "x" * 4096, "x\n" + "x" * 4096 + "\ry"],
)
def test_a_line_that_the_terminal_would_cut_is_refused_before_it_is_sent(gathering, text):
    with pytest.raises(chat.LineTooLong) as caught:
        gathering.send(text)
    assert caught.value.sent == 0
    assert caught.value.total == len(text)
    assert "4095" in str(caught.value)
    assert isinstance(caught.value, ValueError)
    gathering.sendline("ok")
    assert gathering.expect("3\r\n", timeout=20).before == ""


def test_a_line_sent_in_pieces_is_counted_as_one(gathering):
    gathering.send("x" * 2000)
    gathering.send("x" * 2000)
    with pytest.raises(chat.LineTooLong):
        gathering.send("x" * 96)
    gathering.sendline("x" * 90)
    assert gathering.expect("4091\r\n").before == ""
    gathering.sendline("x" * 4000)
    assert gathering.expect("4001\r\n").before == ""


def test_many_lines_may_be_longer_together(gathering):
    gathering.send(("x" * 80 + "\n") * 200, timeout=20)
    for _ in range(200):
        assert gathering.expect("81\r\n", timeout=20).before == ""


def test_in_raw_mode_there_are_no_lines_to_cut():
    code = RAW + "n = 0\nwhile n < 50_000: n += len(os.read(0, 65536))\nprint(n)"
    with python_child(code) as s:
        s.expect("ready")
        assert s.send("x" * 50_000, timeout=20) == 50_000
        assert s.expect("50000", timeout=20)


# ── time, and two sides that both talk ────────────────────────────────────────────────────


def test_a_program_that_does_not_read_is_a_timeout_that_says_how_much_went():
    with python_child(NEVER_READS) as s:
        s.expect("ready")
        with pytest.raises(chat.SendTimeout) as caught:
            s.send("x" * 1_000_000, timeout=0.1)
        sent = caught.value.sent
        assert 0 < sent < 1_000_000
        assert caught.value.total == 1_000_000
        first, second = str(caught.value).split("\n")
        assert first == (f"sent {sent} of 1000000 bytes in 0.1 s: the other side does not read")
        assert second.startswith("the program runs (")
        assert isinstance(caught.value, TimeoutError)


def test_sending_has_the_session_s_time_limit_unless_told_otherwise():
    peer = MemoryPeer(room=10)
    with peer.session(timeout=5) as s:
        with pytest.raises(chat.SendTimeout, match="sent 10 of 20 bytes in 5 s"):
            s.send("x" * 20)
        assert peer.clock.now() == 5
        with pytest.raises(chat.SendTimeout, match="sent 0 of 1 bytes in 2 s"):
            s.sendline("", timeout=2)
        with pytest.raises(chat.SendTimeout, match="in 0 s"):
            s.press("q", timeout=0)
        with pytest.raises(chat.SendTimeout, match="in 3 s"):
            s.sendcontrol("c", timeout=3)
        with pytest.raises(chat.SendTimeout, match="in 4 s"):
            s.send_secret("a secret to be sent", timeout=4)
        assert peer.clock.now() == 14


def test_an_answer_has_the_time_that_is_left_for_the_wait():
    peer = MemoryPeer([2, "name? "], room=10)
    with peer.session() as s, pytest.raises(chat.SendTimeout, match="in 3 s"):
        s.expect("never", respond={"name? ": "x" * 20}, timeout=5)
    assert peer.clock.now() == 5


def test_what_is_taken_late_is_sent_all_the_same():
    peer = MemoryPeer(room=10)
    for second in (1, 2, 3):
        peer.clock.call_at(second, lambda: peer.receive(10))
    with peer.session() as s:
        assert s.send("x" * 40, timeout=3.5) == 40
        assert peer.clock.now() == 3


def test_two_sides_that_both_want_to_be_heard_first_are_both_heard():
    code = RAW + (
        "os.set_blocking(1, True)\n"
        "left = b'y' * 1048576\n"
        "while left: left = left[os.write(1, left):]\n"
        "n = 0\n"
        "while n < 1048576: n += len(os.read(0, 65536))\n"
        "print('got', n)"
    )
    with python_child(code) as s:
        s.expect("ready")
        assert s.send("x" * 1048576, timeout=40) == 1048576
        assert s.expect("got 1048576", timeout=40).before == "y" * 1048576


def test_a_program_that_dies_while_it_is_sent_to_is_told_from_one_that_sleeps():
    code = RAW + "os.read(0, 1)\ntime.sleep(.05)\nos._exit(3)"
    with python_child(code) as s:
        s.expect("ready")
        with pytest.raises(chat.PeerGone) as caught:
            s.send("x" * 1_000_000, timeout=20)
        assert 0 < caught.value.sent < caught.value.total == 1_000_000
        assert str(caught.value).endswith("\nthe program exited with status 3")
        assert isinstance(caught.value, BrokenPipeError)


def test_sending_to_a_program_that_has_ended_says_how_it_ended():
    with python_child("print('bye'); raise SystemExit(4)") as s:
        s.wait()
        with pytest.raises(chat.PeerGone, match=r"sent 0 of 2 bytes.*\n.*status 4"):
            s.sendline("x")
        assert s.read() == "bye\r\n"


def test_a_far_side_that_closes_while_it_is_sent_to_is_gone():
    peer = MemoryPeer([1, chat.EOF], room=10)
    with peer.session() as s, pytest.raises(chat.PeerGone) as caught:
        s.send("x" * 20)
    assert caught.value.sent == 10


def test_what_comes_while_sending_is_kept_for_reading():
    peer = MemoryPeer([1, "news", 1, lambda: peer.receive(10)], room=10)
    with peer.session() as s:
        s.send("x" * 20)
        assert s.read(4) == "news"


def test_a_closed_session_sends_nothing():
    peer = MemoryPeer()
    s = peer.session()
    s.close()
    for call in (
        lambda: s.send("x"),
        lambda: s.sendline("x"),
        lambda: s.press("q"),
        lambda: s.sendcontrol("c"),
        lambda: s.send_secret("a secret for nobody"),
        s.sendeof,
    ):
        with pytest.raises(chat.SessionClosed):
            call()
    assert peer.sent == b""


def test_a_thread_may_send_while_another_waits():
    with python_child("print(input()[::-1])", echo=False) as s:
        sender = threading.Thread(target=s.sendline, args=("abc",))
        sender.start()
        assert s.expect("cba", timeout=20)
        sender.join(20)


# ── the end of input, and the interruption ────────────────────────────────────────────────


def test_the_end_of_input_is_told():
    with python_child("import sys; print(len(sys.stdin.read()))", echo=False) as s:
        s.sendline("abc")
        s.sendeof()
        assert s.read() == "4\r\n"


def test_the_end_of_input_is_the_terminal_s_own_character():
    code = """
        import sys, termios
        modes = termios.tcgetattr(0)
        modes[6][termios.VEOF] = b'\\x18'
        termios.tcsetattr(0, termios.TCSANOW, modes)
        print('ready')
        print(len(sys.stdin.read()))
    """
    with python_child(code, echo=False) as s:
        s.expect("ready")
        s.sendeof()
        assert s.expect("0", timeout=20)


def test_a_far_side_without_an_end_of_input_says_so():
    with MemoryPeer().session() as s:
        with pytest.raises(chat.NotSupported, match="writing side"):
            s.sendeof()
        with pytest.raises(chat.NotSupported, match="no process"):
            s.sendintr()


def test_the_program_is_interrupted():
    code = """
        import time
        try:
            print('ready')
            time.sleep(600)
        except KeyboardInterrupt:
            print('interrupted')
    """
    with python_child(code) as s:
        s.expect("ready")
        s.sendintr()
        assert s.expect("interrupted", timeout=20)
