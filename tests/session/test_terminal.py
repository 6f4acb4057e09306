"""The terminal: its size, its echo, and what a session without one says."""

from __future__ import annotations

import pytest

import chat
from chat.testing import MemoryPeer, python_child


def test_a_new_size_reaches_the_program():
    code = """
        import os, signal
        signal.signal(signal.SIGWINCH, lambda *_: print(*os.get_terminal_size(), 'now'))
        print(*os.get_terminal_size())
        while True: signal.pause()
    """
    with python_child(code, size=(30, 100)) as s:
        s.expect("100 30")
        assert s.size == chat.WindowSize(30, 100)
        s.resize(50, 132)
        assert s.expect("now", timeout=20).before.endswith("132 50 ")
        assert s.size == chat.WindowSize(50, 132)


@pytest.mark.parametrize("size", [(0, 80), (24, 0), (-1, 80), (24, 65536)])
def test_what_is_no_size_is_refused(size):
    with python_child("input()") as s, pytest.raises(ValueError, match="a window of"):
        s.resize(*size)


def test_echo_can_be_seen_and_set():
    with python_child("while True: print('got', input())") as s:
        assert s.echo
        s.echo = False
        assert not s.echo
        s.sendline("quiet")
        assert s.expect("got quiet\r\n", timeout=20).before == ""
        s.echo = True
        s.sendline("loud")
        assert s.expect("got loud\r\n", timeout=20).before == "loud\r\n"


def test_echo_may_be_off_from_the_beginning():
    with python_child("print(input())", echo=False) as s:
        assert not s.echo
        s.sendline("once")
        assert s.read() == "once\r\n"


def test_that_echo_goes_off_can_be_waited_for():
    with python_child("import getpass; getpass.getpass(); input()") as s:
        assert s.wait_no_echo(timeout=20)
        s.expect("Password: ")
        s.sendline("x")
        s.expect("\n")
        assert not s.wait_no_echo(timeout=0.05)
        assert not s.wait_no_echo(timeout=0)


def test_that_echo_goes_off_can_be_waited_for_without_limit():
    with python_child("import getpass; getpass.getpass()") as s:
        assert s.wait_no_echo(timeout=None)


def test_a_program_that_ends_never_switches_its_echo_off():
    with python_child("pass") as s:
        assert s.wait_no_echo(timeout=20) in (True, False)
        assert s.ended


def test_what_comes_while_waiting_for_the_echo_is_kept():
    with python_child("print('words'); import getpass; getpass.getpass()") as s:
        assert s.wait_no_echo(timeout=20)
        assert s.expect("words", timeout=20).before == ""


def test_without_a_terminal_nothing_is_shown_and_nothing_can_be_set():
    with MemoryPeer().session() as s:
        assert not s.echo
        assert s.wait_no_echo(timeout=0)
        for call in (
            lambda: s.size,
            lambda: s.resize(24, 80),
            lambda: setattr(s, "echo", True),
        ):
            with pytest.raises(chat.NotSupported, match="no terminal"):
                call()


def test_keys_reach_a_program_as_a_terminal_sends_them():
    code = """
        import os, tty
        tty.setraw(0)
        print('ready', end='')
        print(os.read(0, 99))
    """
    with python_child(code) as s:
        s.expect("ready")
        s.press("Up", "Ctrl-C", "F5")
        assert s.read() == r"b'\x1b[A\x03\x1b[15~'" + "\n"


def test_input_wait_is_seen_at_one_look():
    with python_child("input('> ')") as s:
        s.expect("> ")
        s.expect(chat.INPUT_WAIT)
        s.expect(chat.INPUT_WAIT, timeout=0)
