"""`chat.compat.comm`: what each function of Comm.pl does, and where it is to be better."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import chat
from chat.compat import comm
from chat.compat.comm import (
    accept_it,
    close_it,
    close_noshutdown,
    expect,
    init,
    interact,
    open_dupprochandle,
    open_dupsockethandle,
    open_listen,
    open_port,
    open_proc,
    open_udp_port,
    recv_from,
    select_it,
    send_to,
    sockaddr_struct,
    stty_ioctl,
    stty_raw,
    stty_sane,
    wait_hang,
    wait_nohang,
)

PATIENCE = 20.0
ROOT = Path(__file__).parents[2]


@pytest.fixture
def proc() -> Iterator[comm.Proc]:
    """`cat`, on a terminal of its own."""
    made = open_proc("cat")
    yield made
    close_it(made)


@contextmanager
def called():
    """Both ends of a connection."""
    listener = open_listen(0)
    assert listener is not None
    caller = open_port("127.0.0.1", listener.address[1], PATIENCE)
    accepted, _ = accept_it(listener)
    yield caller, accepted
    close_it(caller, accepted, listener)


def copy_of(handle):
    """The socket below a handle, as a child that was forked would have it."""
    return socket.socket(fileno=os.dup(handle.fileno()))


# ── init ──────────────────────────────────────────────────────────────────────────────────


def test_init_gives_what_comm_pl_exports_or_what_is_named():
    assert set(init()) == set(comm.EXPORTED) and len(init()) == 15
    assert init(1.8, "expect") == {"expect": comm.expect}
    assert init("wait_hang") == {"wait_hang": comm.wait_hang}


def test_init_warns_of_another_version_and_refuses_what_there_is_not():
    with pytest.warns(UserWarning, match="version 1.8 of Comm.pl, not 1.7"):
        init(1.7)
    with pytest.raises(LookupError, match="no 'getpty'"):
        init("getpty")


def test_every_name_is_there():
    assert [name for name in comm.__all__ if not callable(getattr(comm, name))] == []
    assert set(comm.EXPORTED) <= set(comm.__all__)


# ── TCP ───────────────────────────────────────────────────────────────────────────────────


def test_a_port_is_connected_to_and_heard():
    with called() as (caller, accepted):
        caller.send("hello\n")
        assert expect(accepted, PATIENCE, "hel+o\n").match == "hello\n"
        accepted.send("and\nbye\n")
        assert next(iter(caller)) == "and\n"


def test_a_port_where_nobody_listens_is_none_and_the_log_says_why(caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert open_port("127.0.0.1", port, 5) is None
    assert "Connection refused" in caplog.text
    assert open_port("no.such.host.invalid", 1, 5) is None


def test_a_port_that_does_not_answer_is_none_when_the_time_is_up(caplog):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        callers = [socket.socket() for _ in range(4)]
        for each in callers:
            each.setblocking(False)
            each.connect_ex(place)
        assert open_port("127.0.0.1", place[1], 0.1) is None
        for each in callers:
            each.close()
    assert "no answer within 0." in caplog.text


def test_a_listener_is_of_this_machine_unless_it_says_another_host():
    alone, named, everywhere = open_listen(0), open_listen("127.0.0.1", 0), open_listen("*", 0)
    assert [each.address[0] for each in (alone, named)] == ["127.0.0.1"] * 2
    assert everywhere.address[0] == "0.0.0.0"
    port = alone.address[1]
    assert open_listen(port) is None
    close_it(alone, named, everywhere)
    again = open_listen("localhost", port)
    assert again is not None
    close_it(again)


def test_a_connection_is_asked_after_and_the_listener_s_address_is_reused():
    listener = open_listen(0)
    caller = open_port("127.0.0.1", listener.address[1])
    accepted, _ = accept_it(listener)
    with copy_of(accepted) as here:
        assert here.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert here.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER) == 0
    with copy_of(listener) as here:
        assert here.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
    close_it(caller, accepted, listener)


@pytest.mark.parametrize(("known", "name"), [(True, "client.example"), (False, "127.0.0.1")])
def test_who_calls_is_named_or_else_numbered(monkeypatch, known, name):
    def look_up(address):
        if not known:
            raise socket.herror(1, "Unknown host")
        return "client.example", [], [address]

    monkeypatch.setattr(socket, "gethostbyaddr", look_up)
    listener = open_listen(0)
    caller = open_port("127.0.0.1", listener.address[1])
    accepted, remote = accept_it(listener)
    assert remote == name
    close_it(caller, accepted, listener)


# ── UDP ───────────────────────────────────────────────────────────────────────────────────


def test_messages_go_both_ways():
    anybody = open_udp_port("127.0.0.1", 0)
    port = anybody.getsockname()[1]
    one = open_udp_port("", 0, "127.0.0.1", port)
    one.send("by print")
    buf = bytearray(b"what was there is gone")
    _, callers = recv_from(anybody, buf, 100, 0)
    assert buf == b"by print"
    send_to(anybody, "an answer", 0, "127.0.0.1", callers)
    assert recv_from(one, buf, 2, 0).port == port
    assert buf == b"an"
    send_to(one, b"by send_to", 0, "127.0.0.1", port)
    assert recv_from(anybody, buf, 100) == (recv_name(), callers)
    assert buf == b"by send_to"
    send_to(one, "to who was looked up", 0, sockaddr_struct("localhost", port))
    recv_from(anybody, buf, 7)
    assert buf == b"to who "
    close_it(one, anybody)


def recv_name():
    try:
        return socket.gethostbyaddr("127.0.0.1")[0]
    except OSError:
        return "127.0.0.1"


def test_a_udp_port_without_an_address_is_every_one():
    anybody = open_udp_port("", 0)
    assert anybody.getsockname()[0] == "0.0.0.0"
    assert anybody.getsockname()[1] > 0
    close_it(anybody)


def test_a_udp_port_has_the_address_that_is_asked_for():
    with open_udp_port("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert open_udp_port("127.0.0.1", port) is None
    one = open_udp_port("127.0.0.1", port, "127.0.0.1", 9)
    with copy_of(one) as here:
        assert here.getsockname() == ("127.0.0.1", port)
    close_it(one)


def test_a_message_that_cannot_be_sent_is_an_error():
    with open_udp_port("127.0.0.1", 0) as anybody:
        with pytest.raises(chat.SendError, match="was not sent: Message too long"):
            send_to(anybody, b"x" * 70000, 0, "127.0.0.1", 9)
        with pytest.raises(chat.HostNotFound):
            send_to(anybody, b"x", 0, "no.such.host.invalid", 9)


# ── select_it ─────────────────────────────────────────────────────────────────────────────


def test_those_are_selected_that_have_something_to_say(proc):
    listener = open_listen(0)
    caller = open_port("127.0.0.1", listener.address[1])
    assert select_it(PATIENCE, proc, listener, caller) == [listener]
    accepted, _ = accept_it(listener)
    assert select_it(0, proc, listener, caller, accepted) == []
    accepted.send("one two")
    assert select_it(PATIENCE, proc, listener, caller) == [caller]
    assert expect(caller, PATIENCE, "one ").after == "two"
    assert select_it(PATIENCE, proc, caller) == [caller]
    caller.read_nowait()
    assert select_it(0.05, proc, caller) == []
    close_it(accepted)
    assert select_it(PATIENCE, proc, caller) == [caller]
    assert (caller.read_nowait(), caller.ended) == ("", True)
    close_it(caller, listener)


def test_files_and_sockets_of_others_are_selected_too():
    read, write = os.pipe()
    near, far = socket.socketpair()
    with near, far, os.fdopen(read) as reader, os.fdopen(write, "w") as writer:
        assert select_it(0, reader, near) == []
        writer.write("x")
        writer.flush()
        assert select_it(PATIENCE, reader, near) == [reader]
        far.send(b"x")
        assert select_it(PATIENCE, reader, near) == [reader, near]


# ── open_proc ─────────────────────────────────────────────────────────────────────────────


def test_a_program_leads_a_session_on_a_terminal_where_newline_is_newline():
    pty, tty, pid = open_proc("stty -a; tty; echo $$")
    assert pty is tty
    said = expect(pty, PATIENCE).before
    assert "-icrnl" in said and "-onlcr" in said
    assert "/dev/" in said and "\r" not in said
    assert said.endswith(f"\n{pid}\n")
    close_it(pty)


def test_several_words_are_a_command_and_no_shell_sees_them():
    pty = open_proc("printf", "%s", "$HOME; echo `id`").pty
    assert expect(pty, PATIENCE) == (None, "EOF", "$HOME; echo `id`", "")
    close_it(pty)


def test_a_program_that_there_is_not_is_an_end_that_says_so():
    pty = open_proc("no-such-program", "at all").pty
    assert "no-such-program: not found" in expect(pty, PATIENCE).before
    close_it(pty)
    with pytest.raises(chat.CommandError):
        open_proc()


def test_perlipc_s_own_example_works():
    handle = open_proc("cat -n").pty
    handle.echo = False
    for number in range(1, 11):
        handle.sendline("a line")
        assert handle.readline() == f"{number:6}\ta line\n"
    close_it(handle)


# ── expect ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pair() -> Iterator[tuple[chat.Session[str], socket.socket]]:
    """A handle, and who talks to it."""
    near, far = socket.socketpair()
    with near, far:
        handle = open_dupsockethandle(near)
        yield handle, far
        close_it(handle)


def test_the_first_pattern_listed_wins_wherever_it_matches(pair):
    handle, far = pair
    far.sendall(b"two one three")
    assert expect(handle, PATIENCE, "o.e", "two") == ("one", "", "two ", " three")
    assert expect(handle, PATIENCE, re.compile("THREE", re.IGNORECASE)).match == "three"


def test_what_has_accumulated_is_tried_before_anything_is_awaited(pair):
    handle, far = pair
    far.sendall(b"login: password: ")
    assert expect(handle, PATIENCE, "login:").after == " password: "
    assert expect(handle, 0, "word:") == ("word:", "", " pass", " ")


def test_a_pattern_that_matches_nothing_waits_for_something(pair):
    handle, far = pair
    assert expect(handle, 0, ".*") == (None, "TIMEOUT", "", "")
    far.sendall(b"something")
    assert expect(handle, PATIENCE, ".*").match == "something"


def test_a_timeout_keeps_what_has_come_and_an_end_does_not(pair):
    handle, far = pair
    far.sendall(b"so far")
    assert expect(handle, 0.01, "more", "else") == (None, "TIMEOUT", "so far", "")
    assert expect(handle, 0.01, "more") == (None, "TIMEOUT", "so far", "")
    far.close()
    assert expect(handle, PATIENCE, "more") == (None, "EOF", "so far", "")
    assert expect(handle, PATIENCE, "more") == (None, "EOF", "", "")


def test_the_timeout_may_be_a_time(pair):
    handle, far = pair
    began = time.monotonic()
    assert expect(handle, time.time() + 0.05, "x").err == "TIMEOUT"
    assert expect(handle, time.time() - 10, "x").err == "TIMEOUT"
    assert time.monotonic() - began < PATIENCE
    far.sendall(b"x")
    assert expect(handle, time.time() + PATIENCE, "x").match == "x"
    assert expect(handle, 0, "x").err == "TIMEOUT"
    far.close()
    assert expect(handle, None, "x").err == "EOF"


def test_a_connection_that_failed_is_no_end(pair):
    handle, far = pair
    handle.send("unread")
    far.close()  # with something unread, this resets
    with pytest.raises(chat.ConnectionLost):
        expect(handle, PATIENCE, "x")


def test_the_end_of_a_program_is_seen_though_its_terminal_is_held():
    pty = open_proc("sleep 60 & echo started").pty
    expect(pty, PATIENCE, "started\n")
    wait_hang(pty.pid)
    began = time.monotonic()
    assert expect(pty, PATIENCE, "more").err == "EOF"
    assert time.monotonic() - began < PATIENCE / 2
    close_it(pty)


def test_any_handle_will_do():
    with subprocess.Popen(["echo", "one two"], stdout=subprocess.PIPE) as process:
        assert expect(process.stdout, PATIENCE, "one").after == " two\n"
        assert expect(process.stdout, PATIENCE, "two").before == " "
        close_it(process.stdout)
    with chat.open3(["sh", "-c", "echo out; echo err >&2"]) as streams:
        assert expect(streams, PATIENCE, "out").match == "out"
        assert expect(streams.err, PATIENCE, "err").match == "err"
    with pytest.raises(TypeError, match="open_dupprochandle"):
        expect(0, 1, "x")
    with pytest.raises(TypeError, match="could not be opened"):
        expect(None, 1, "x")


# ── interact ──────────────────────────────────────────────────────────────────────────────

PERSON = """
import sys, termios
from chat.compat.comm import *
pty = open_proc("cat").pty
pty.echo = False
before = termios.tcgetattr(0)
print("go", flush=True)
try:
    {act}
finally:
    print("same modes:", termios.tcgetattr(0) == before, flush=True)
close_it(pty)
"""


def at_terminal(act):
    """A terminal, at which a program in Comm.pl's words runs."""
    program = [sys.executable, "-c", PERSON.format(act=act)]
    return chat.spawn(program, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=PATIENCE)


def person(act):
    """A person at one, whose keys are passed on from now on."""
    made = at_terminal(act)
    made.expect("go\r\n")
    assert made.wait_no_echo()
    return made


@pytest.mark.slow
def test_a_string_that_is_typed_ends_it_and_the_program_is_not_told():
    with person("print(interact('~.', '\\x03', pty)); print(interact('~.', pty))") as typist:
        typist.send("hello~x\r")
        typist.expect("hello~x\r\n")
        typist.sendcontrol("c")
        typist.expect("match='\\x03', err=''")
        assert typist.wait_no_echo()
        typist.send("one\rtwo")
        typist.expect("one\r\n")
        typist.send("~.")
        typist.expect("match='~.', err=''")
        typist.expect("same modes: True")


@pytest.mark.slow
def test_what_may_become_a_string_is_held_back():
    with person("print(interact('ab\\r', pty)); print(expect(pty, 20, 'b\\n'))") as typist:
        typist.send("a")
        typist.send("a\r")  # the first cannot be one any more, the second neither
        typist.expect("aa\r\n")
        typist.send("ab\r")
        typist.expect("match='ab\\r', err=''")
        assert "ab" not in typist.peek()


@pytest.mark.slow
def test_what_the_program_says_ends_it_and_the_rest_is_kept():
    act = "print(interact(pty, 'n.w')); print(expect(pty, 20, 'and.*'))"
    with person(act) as typist:
        typist.send("not\r")
        typist.expect("not\r\n")
        typist.send("well now and then\r")
        said = typist.expect("Interacted(match='now', err='')\r\n").before
        assert said == "well now"
        typist.expect("match='and then'")
        typist.expect("same modes: True")


@pytest.mark.slow
def test_a_match_is_within_one_line():
    with person("print(interact(pty, r'one\\s*two', 'end'))") as typist:
        typist.send("one\rtwo\rend\r")
        typist.expect("match='end'")


@pytest.mark.slow
def test_what_is_typed_behind_a_string_is_there_afterwards():
    act = "print(interact('~.', pty)); print('line:', input())"
    with person(act) as typist:
        typist.send("x" * 3000 + "~.rest\n")
        typist.expect("line: rest")


@pytest.mark.slow
def test_an_error_leaves_the_terminal_as_it_was():
    with person("interact('~.', pty)") as typist:
        typist.send("x" * 5000)  # more than a line of the program's terminal can be
        typist.expect("same modes: True")
        typist.expect("LineTooLong")


@pytest.mark.slow
def test_the_program_s_end_is_the_end():
    with at_terminal("pty.sendeof(); print(interact(pty, 'x'))") as typist:
        typist.expect("Interacted(match=None, err='EOF')")
        typist.expect("same modes: True")


def over_pipes(program, typed):
    """What is shown of an interaction without a terminal."""
    code = f"from chat.compat.comm import *\npty = open_proc({program!r}).pty\n"
    code += "pty.echo = False\nprint(interact('~.', pty, 'stop'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=typed,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=PATIENCE,
    )
    return done.stdout


@pytest.mark.slow
def test_over_pipes_all_is_passed_on_to_both_ends():
    said = over_pipes("cat", "one\ntwo and ~")
    assert said == "one\ntwo and ~Interacted(match=None, err='EOF')\n"


@pytest.mark.slow
def test_over_pipes_strings_and_patterns_count_as_well():
    assert over_pipes("cat >/dev/null", "x~.y").endswith("Interacted(match='~.', err='')\n")
    assert over_pipes("echo stop here", "").endswith("Interacted(match='stop', err='')\n")


@pytest.mark.slow
def test_a_program_that_leaves_its_terminal_to_others_has_ended():
    said = over_pipes("sleep 60 & echo done", "")
    assert said.endswith("done\nInteracted(match=None, err='EOF')\n")


def test_there_must_be_a_handle():
    with pytest.raises(TypeError, match="needs a handle"):
        interact("~.")


# ── modes ─────────────────────────────────────────────────────────────────────────────────


def local_modes(handle):
    return termios.tcgetattr(handle.pty.fileno())[3]


def test_modes_are_set_as_stty_does(proc):
    stty_raw(proc.tty)
    assert local_modes(proc) & (termios.ECHO | termios.ICANON | termios.ISIG) == 0
    stty_sane(proc)
    wanted = termios.ECHO | termios.ICANON | termios.ISIG
    assert local_modes(proc) & wanted == wanted
    stty_ioctl(proc, "stty intr '^x'")
    assert termios.tcgetattr(proc.pty.fileno())[6][termios.VINTR] == b"\x18"


def test_stty_runs_once_for_the_modes_that_it_finds(proc, monkeypatch):
    for _ in range(2):
        stty_raw(proc)
        stty_sane(proc)
    stty_raw(proc)
    monkeypatch.setattr(subprocess, "run", None)
    stty_sane(proc)
    stty_raw(proc)
    assert local_modes(proc) & termios.ECHO == 0


def test_what_has_no_modes_says_so(proc):
    with called() as (caller, _), pytest.raises(chat.NotSupported, match="ioctl"):
        stty_raw(caller)
    with pytest.raises(chat.NotSupported, match="invalid argument"):
        stty_ioctl(proc, "stty no-such-mode")


# ── closing and waiting ───────────────────────────────────────────────────────────────────


def test_closing_shuts_a_connection_down_for_all_who_have_it():
    with called() as (caller, accepted), copy_of(accepted) as child_s:
        close_it(accepted)
        child_s.setblocking(True)
        assert child_s.recv(1) == b""
        assert expect(caller, PATIENCE, "x").err == "EOF"


def test_closing_without_shutdown_leaves_it_to_a_child():
    with called() as (caller, accepted), copy_of(accepted) as child_s:
        close_noshutdown(accepted)
        assert accepted.closed
        child_s.sendall(b"still here")
        assert expect(caller, PATIENCE, "still here").match


@pytest.mark.slow
def test_closing_ends_a_program_with_its_group_whatever_it_traps(held):
    before = held()
    pty, _, pid = open_proc("trap '' HUP TERM; sleep 60 & echo $!; wait; wait; sleep 60")
    other = int(expect(pty, PATIENCE, r"\d+\n").match)
    close_it(pty)
    assert pty.exit_status is not None and pty.exit_status.signal == "SIGKILL"
    for each in (pid, other):
        assert not Path(f"/proc/{each}/root").exists()
    close_it(pty, None)
    assert held() == before


def test_closing_takes_whatever_is_a_handle():
    with socket.socket() as one, open(os.devnull) as two:  # noqa: PTH123
        close_it(one, two)
        assert one.fileno() < 0 and two.closed
    near, far = socket.socketpair()
    with far:
        expect(near, 0, "x")
        close_noshutdown(near)
        assert near.fileno() < 0
        assert far.recv(1) == b""  # nobody else had it


def test_a_program_is_waited_for(proc):
    assert wait_nohang(proc.pid) == (0, None)
    handle = open_proc("exit 3").pty
    pid, status = wait_hang(handle.pid)
    assert (pid, status.code) == (handle.pid, 3)
    assert wait_nohang(handle.pid) == (pid, status)
    close_it(handle)
    assert wait_nohang(handle.pid) == (pid, status)


ANY_CHILD = """
import subprocess, chat
from chat.compat.comm import close_it, open_proc, wait_hang, wait_nohang
with chat.open2(["cat"]):  # one that runs, and is nobody's business
    foreign = subprocess.Popen(["sh", "-c", "kill -TERM $$"])
    pid, status = wait_hang()
    assert (pid, status.signal) == (foreign.pid, "SIGTERM")
    foreign.wait()
    handle = open_proc("exit 4").pty
    pid, status = wait_hang(-1)
    assert (pid, status.code) == (handle.pid, 4)
    assert wait_nohang() == (0, None)
    close_it(handle)
assert wait_hang() == (0, None)
"""


def test_any_child_is_waited_for():
    """In a process of its own: another test may have left a child that comes first."""
    done = subprocess.run(
        [sys.executable, "-c", ANY_CHILD],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# ── handles of others ─────────────────────────────────────────────────────────────────────


def test_a_copy_of_a_socket_is_a_handle():
    near, far = socket.socketpair()
    with near, far:
        handle = open_dupsockethandle(near)
        far.sendall(b"hello")
        assert expect(handle, PATIENCE, "hello").match
        handle.send("bye")
        assert far.recv(3) == b"bye"
        close_it(handle)
        assert near.fileno() >= 0
        assert far.recv(1) == b""
    with open(os.devnull) as file, pytest.raises(OSError, match="socket"):  # noqa: PTH123
        open_dupsockethandle(file)


def test_a_copy_of_a_pipe_or_a_process_taken_over_is_a_handle():
    read, write = os.pipe()
    handle = open_dupprochandle(read)
    os.close(read)
    os.write(write, b"hello")
    assert expect(handle, PATIENCE, "hello").match
    os.close(write)
    close_it(handle)
    pipe = subprocess.PIPE
    handle = open_dupprochandle(subprocess.Popen(["cat"], stdin=pipe, stdout=pipe))
    handle.send("hello")
    assert expect(handle, PATIENCE, "hello").match
    close_it(handle)
    assert handle.exit_status is not None
