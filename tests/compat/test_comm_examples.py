"""The example programs of Comm.pl do what they say, those in company with one another."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

import chat

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

pytestmark = pytest.mark.slow


def command(name, *words):
    script = ROOT / "examples" / "comm" / name
    return [sys.executable, "-W", "error", "-u", str(script), *map(str, words)]


def play(name, *words):
    """One that is on a terminal, with a person at it."""
    return chat.spawn(command(name, *words), env=ENVIRONMENT, timeout=30)


def perform(name, *words):
    """What one says to nobody, errors included."""
    done = chat.capture(command(name, *words), env=ENVIRONMENT, stderr="merge", timeout=30)
    return done.output, done.exit_status.code


def test_what_one_client_says_all_clients_hear():
    with play("rebroadcast_server.py", 0) as server:
        port = server.expect(chat.regex(r"Listening on port (\d+)\r\n")).groups[0]
        with (
            play("rebroadcast_client.py", "127.0.0.1", port) as one,
            play("rebroadcast_client.py", "127.0.0.1", port) as other,
        ):
            for client in (one, other):
                client.expect("Connected to host 127.0.0.1")
                server.expect("New connection from localhost")
            one.sendline("hello")
            one.expect("localhost: hello\r\n")
            other.expect("localhost: hello\r\n")
            one.sendeof()
            one.expect("Server connection broken")
            assert one.wait().ok
            server.expect("Closing localhost")
            other.sendline("anybody?")
            other.expect("localhost: anybody?\r\n")
            server.signal("TERM")
            other.expect("Server connection broken")
        assert server.wait().ok


def test_a_client_without_a_server_says_so():
    said, code = perform("rebroadcast_client.py", "127.0.0.1", 1)
    assert "open_port failed on host 127.0.0.1, port 1" in said
    assert "Connection refused" in said
    assert code == 1


def test_three_messages_are_sent_and_received():
    with play("udp_receive.py", 0) as receiver:
        port = receiver.expect(chat.regex(r"Waiting on port (\d+)\r\n")).groups[0]
        assert perform("udp_send.py", "127.0.0.1", port) == ("", 0)
        for way in ("print", "send", "send_to"):
            receiver.expect(chat.regex(r"From port=\d+, addr=localhost\r\n"))
            receiver.expect(f"testing with {way}\r\n")
        receiver.signal("TERM")
        receiver.expect("Closing udp port")


def test_telnet_is_logged_in_to_and_handed_over():
    with play("telnet_expect.py") as person:
        person.expect(chat.regex("ada pts/0\r+\n"))
        person.expect("$ ")
        person.sendline("who")
        person.expect(chat.regex("ada pts/0\r+\n"))
        person.press("Ctrl-]")
        person.expect("Exited interact(): match(\x1d), err()")
        assert person.wait().ok


def test_a_person_uses_a_shell_until_control_c():
    with play("sh_interact.py") as person:
        person.expect("^C to break out\r\n")
        assert person.wait_no_echo()  # each key is passed on from now on
        person.sendline("echo $((6 * 7)), && tty")
        person.expect(chat.regex(r"42,\r+\n/dev/pts/\d+"))
        person.sendcontrol("c")
        person.expect("Got control-C\r\nDisconnected\r\n")
        assert person.wait().ok


def test_a_shell_is_used_by_a_pipe():
    with chat.open2(command("sh_interact.py"), env=ENVIRONMENT, timeout=30) as pipe:
        pipe.send("echo $((6 * 7)),\n")
        pipe.sendeof()
        assert re.search(r"42,\r?\n", pipe.read())
        assert pipe.wait().ok


def test_handles_that_others_have_opened():
    assert perform("open3_expect.py") == ("(one)\n(two)\n(three)\n(four)\nEOF\n", 0)
