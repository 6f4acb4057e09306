"""From pexpect's children to sessions and back, one function at a time."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pexpect as theirs
import pytest

import chat
from chat.compat import pexpect as ours
from chat.testing import MemoryPeer


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.parametrize("pexpect", [theirs, ours], ids=["pexpect", "ours"])
def test_a_live_child_becomes_a_session_with_what_was_unread(pexpect):
    child = pexpect.spawn("cat", encoding="utf-8", timeout=7, echo=False)
    child.sendline("one two three")
    child.expect("one")
    with chat.attach(child) as session:
        assert session.timeout == 7
        assert session.expect("two").before == " "
        session.sendline("four")
        assert session.expect("four").before == " three\r\n"
        assert (child.closed, child.child_fd) == (True, -1)
        assert session.pid == child.pid
    assert session.exit_status.signal == "SIGHUP"
    child.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_the_searched_end_of_pexpects_buffer_is_not_taken_for_all_of_it():
    child = theirs.spawn("sh", ["-c", "echo beginning and end; read x"], echo=False)
    child.expect([theirs.TIMEOUT, "never"], timeout=0.1, searchwindowsize=4)
    attached: Any = chat.attach(child)  # of bytes, as the child was
    with attached as session:
        assert session.readline() == b"beginning and end\r\n"


def test_half_a_character_is_not_lost(start):
    child = start(
        "sh", "-c", r"stty -echo; printf 'a\303'; read x; printf '\244'", encoding="utf-8"
    )
    child.expect("a")
    with chat.attach(child, timeout=5, newline="\n") as session:
        session.sendline("")
        assert session.expect("ä").text == "ä"


def test_a_session_becomes_a_child_with_what_was_unread():
    session = chat.spawn(["cat"], timeout=7)
    session.sendline("one two")
    session.expect("one")
    child = session.as_pexpect()
    assert isinstance(child, theirs.spawn)
    assert (child.timeout, child.encoding, child.command) == (7, "utf-8", "cat")
    assert session.closed
    assert child.expect(["x", "t(w)o"]) == 1
    child.sendline("three")
    child.expect("three")
    child.close()
    assert child.signalstatus == 1


def test_bytes_go_there_and_back():
    session = chat.spawn(["cat"], encoding=None)
    session.sendline(b"\xff one")
    session.expect(b"\xff")
    again: Any = chat.attach(session.as_pexpect())  # of bytes, as the session was
    with again:
        assert again.expect(b"one").before == b" "


def test_what_cannot_be_moved_is_refused_and_goes_on(start):
    peer = MemoryPeer()
    session = chat.Session(peer.transport)
    with pytest.raises(chat.NotSupported, match="PtyTransport"):
        session.as_pexpect()
    assert not session.closed
    session.close()
    with pytest.raises(chat.SessionClosed):
        session.as_pexpect()
    with pytest.raises(TypeError, match=r"or a pexpect\.spawn, not object"):
        chat.attach(object())
    child = start("cat")
    child.close()
    with pytest.raises(chat.SessionClosed):
        chat.attach(child)


def test_to_attach_costs_no_import_of_pexpect():
    program = "import chat, sys; chat.attach; print('pexpect' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
