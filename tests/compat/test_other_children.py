"""Children on pipes, descriptors and sockets, in shells, and behind ssh."""

from __future__ import annotations

import io
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path

import pexpect as theirs
import pytest

from chat.compat import pexpect
from chat.compat.pexpect import fdpexpect, popen_spawn, pxssh, replwrap, socket_pexpect


def test_a_program_on_pipes():
    with popen_spawn.PopenSpawn("cat", timeout=5, encoding="utf-8") as child:
        assert isinstance(child, theirs.popen_spawn.PopenSpawn)
        assert child.sendline("hello") == 6
        assert child.expect("l+o") == 0
        assert child.readline() == "\n"
        child.sendeof()
        assert child.expect(pexpect.EOF) == 0
        assert child.wait() == 0
    assert child.closed
    assert not child.isalive()


def test_one_on_pipes_waits_without_burning_the_processor():
    """Row 4."""
    with popen_spawn.PopenSpawn("cat") as child:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        with pytest.raises(pexpect.TIMEOUT):
            child.expect("never", timeout=0.3)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.1
    assert child.signalstatus is None or child.signalstatus == signal.SIGTERM


def test_much_goes_through_pipes_both_ways():
    with popen_spawn.PopenSpawn("cat", timeout=10) as child:
        child.send(b"x" * 1_000_000 + b"end")
        child.expect(b"end")
        assert len(child.before) == 1_000_000
        child.sendeof()
        assert child.wait() == 0


def test_one_on_pipes_that_does_not_end_is_made_to():
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('ready'); signal.pause()"
    child = popen_spawn.PopenSpawn([sys.executable, "-uc", code], timeout=10)
    child.expect("ready\n")  # whole: the rest of it would meet a closed pipe
    child.close()
    assert child.signalstatus == signal.SIGKILL


def test_a_loud_one_on_pipes_is_waited_for():
    child = popen_spawn.PopenSpawn([sys.executable, "-c", "print('x' * 500_000)"])
    assert child.wait() == 0
    assert len(child.read()) == 500_001
    child.close()


def test_a_descriptor_is_read_as_pexpect_reads_it(tmp_path):
    (tmp_path / "text").write_text("one\ntwo\n")
    with (tmp_path / "text").open() as file:
        child = fdpexpect.fdspawn(file)
        assert isinstance(child, theirs.fdpexpect.fdspawn)
        assert child.expect(["two", "one"]) == 1
        assert child.read() == b"\ntwo\n"
    near, far = os.pipe()
    child = fdpexpect.fdspawn(near)
    with pytest.raises(pexpect.TIMEOUT):
        child.expect("x", timeout=0)
    os.close(far)
    with pytest.raises(pexpect.EOF):
        child.expect("x")
    child.close()
    with pytest.raises(pexpect.ExceptionPexpect, match="not an int"):
        fdpexpect.fdspawn("ls")


def test_a_socket_decodes_and_logs():
    """Row 3."""
    near, far = socket.socketpair()
    with near, far:
        log = io.StringIO()
        child = socket_pexpect.SocketSpawn(near, encoding="utf-8", logfile=log, timeout=5)
        far.sendall("grüße, welt".encode())
        child.expect("ü(.)e")
        assert child.match.group(1) == "ß"
        assert log.getvalue() == "grüße, welt"
        child.sendline("hallo")
        assert far.recv(99) == b"hallo\n"
        with pytest.raises(pexpect.TIMEOUT):
            child.expect("x", timeout=0.01)
        assert near.gettimeout() is None
        far.shutdown(socket.SHUT_RDWR)
        with pytest.raises(pexpect.EOF):
            child.expect("x")


@pytest.mark.slow
@pytest.mark.parametrize("make", [replwrap.bash, replwrap.zsh])
def test_a_command_that_prints_the_prompt_does_no_harm(make, monkeypatch):
    """Row 12."""
    monkeypatch.setenv("PS1", "$ ")  # what both wrappers wait for, also where root is asked
    repl = make()
    try:
        said = repl.run_command(f"echo '{replwrap.PEXPECT_PROMPT}'; echo after")
        assert said.split() == [replwrap.PEXPECT_PROMPT, "after"]
        assert repl.run_command("echo next").split() == ["next"]
    finally:
        repl.child.close()


@pytest.mark.slow
def test_an_open_command_is_interrupted_and_the_shell_goes_on():
    repl = replwrap.bash()
    try:
        for _ in range(3):
            with pytest.raises(ValueError, match="Continuation prompt"):
                repl.run_command("echo 'open")
            assert repl.run_command("echo again").split() == ["again"]
    finally:
        repl.child.close()


@pytest.mark.slow
def test_python_is_wrapped():
    repl = replwrap.python()
    try:
        assert repl.run_command("print(6 * 7)").strip() == "42"
        assert isinstance(repl, theirs.replwrap.REPLWrapper)
        assert isinstance(repl.child, pexpect.spawn)
    finally:
        repl.child.close()


@pytest.mark.parametrize("name", ["-oProxyCommand=id", "host -oProxyCommand=id"])
def test_a_host_is_never_an_option(name):
    """Row 22."""
    session = pxssh.pxssh(debug_command_string=True)
    with pytest.raises(pxssh.ExceptionPxssh, match="option of ssh"):
        session.login(name, "ada")
    with pytest.raises(pxssh.ExceptionPxssh, match="option of ssh"):
        session.login("host", username="-oProxyCommand=id")
    assert session.login("host", "ada").split() == ["ssh", "-q", "-l", "ada", "host"]
    assert isinstance(session, theirs.pxssh.pxssh) and isinstance(session, pexpect.spawn)


@pytest.mark.slow
def test_an_unknown_host_key_is_for_ssh_to_refuse(tmp_path, monkeypatch):
    """Row 23: the caller's policy reaches ssh, which ends when it is to refuse."""
    fake = tmp_path / "ssh"
    fake.write_text(
        "#!/bin/sh\n"
        'case "$*" in *StrictHostKeyChecking=yes*)'
        " echo 'Host key verification failed.'; exit 255;; esac\n"
        "printf 'Are you sure you want to continue connecting (yes/no)? '; read answer\n"
    )
    Path(fake).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    session = pxssh.pxssh(options={"StrictHostKeyChecking": "yes"})
    began = time.monotonic()
    with pytest.raises(pxssh.ExceptionPxssh, match="Could not establish"):
        session.login("host", "ada")
    assert time.monotonic() - began < 5
