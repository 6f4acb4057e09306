"""`interact`, as a person has it: in a terminal, and with a pipe for a keyboard."""

from __future__ import annotations

import subprocess
import sys

import chat

CAT = """
from chat.compat import pexpect
child = pexpect.spawn("cat", echo=False, timeout=20)
child.interact()
print("back", flush=True)
"""


def in_a_terminal(script):
    return chat.spawn([sys.executable, "-c", script], timeout=20, newline="\r")


def test_a_person_talks_to_the_child_and_takes_the_keyboard_back():
    with in_a_terminal(CAT) as s:
        assert s.wait_no_echo()  # the keyboard is raw
        s.send("hello\r")
        s.expect("hello\r\n")
        s.sendcontrol("]")
        s.expect("back\r\n")
        assert s.wait().ok


def test_the_terminal_is_put_back_as_it_was():
    script = "import termios\nbefore = termios.tcgetattr(0)\n" + CAT
    with in_a_terminal(script + "print(termios.tcgetattr(0) == before)") as s:
        assert s.wait_no_echo()
        s.sendcontrol("]")
        s.expect("True")


def test_what_comes_with_the_escape_in_one_paste_is_not_lost():
    script = """
from chat.compat import pexpect
child = pexpect.spawn("sh", ["-c", "stty raw -echo; echo ready; head -c 100004 | wc -c"])
child.expect("ready")
child.interact()
print("once", flush=True)
child.interact()
print("twice", flush=True)
"""
    with in_a_terminal(script) as s:
        assert s.wait_no_echo()
        s.send("x" * 100_000 + "\x1d" + "rest")
        s.expect("once")
        s.expect("100004")
        s.expect("twice")


def test_filters_see_what_passes():
    script = CAT.replace(
        "interact()",
        "interact('x', lambda s: s.upper().replace(b'X', b'x'), lambda s: b'<' + s)",
    )
    with in_a_terminal(script) as s:
        assert s.wait_no_echo()
        s.send("hello\r")
        s.expect("<HELLO\r\n")
        s.send("X")
        s.expect("back")


def test_a_pipe_will_do_for_a_keyboard():
    done = subprocess.run(
        [sys.executable, "-c", CAT],
        input=b"hello\n",
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == b"hello\r\nback\n"


def test_the_child_s_end_is_the_end():
    script = CAT.replace('"cat"', '"echo", ["bye"]')
    with in_a_terminal(script) as s:
        s.expect("bye\r\n")
        s.expect("back\r\n")
