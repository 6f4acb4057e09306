"""Programs on a pseudo-terminal: pexpect's words, and nothing sleeps, hangs or is lost."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
import warnings

import pexpect as theirs
import pytest

from chat.compat import pexpect
from chat.compat.pexpect import sending
from chat.compat.pexpect.environment import inherited_environment

DEAF = "import time, tty; tty.setraw(0); print('ready', end=''); time.sleep(600)"
CAT = "stty -echo; printf ready; exec cat"


def seconds(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_it_is_a_spawn_of_pexpects_to_everybody(start):
    child = start("cat", encoding="utf-8")
    assert isinstance(child, theirs.spawn)
    assert isinstance(child, theirs.spawnbase.SpawnBase)
    assert (child.delaybeforesend, child.maxread, child.terminated) == (0.05, 2000, False)
    assert "delaybeforesend: 0.05" in str(child)


def test_a_conversation(start):
    child = start("cat", encoding="utf-8")
    assert child.sendline("hello") == 6
    assert child.expect(["nothing", "h(e)llo"]) == 1
    assert (child.before, child.after, child.match.group(1)) == ("", "hello", "e")
    child.sendeof()
    child.expect(pexpect.EOF)
    assert not child.isalive()
    assert (child.exitstatus, child.signalstatus) == (0, None)


def test_a_send_does_not_sleep_unless_the_script_asks(start):
    child = start("sh", "-c", CAT)
    child.expect("ready")
    assert min(seconds(lambda: child.send("x\n")) for _ in range(5)) < 0.02
    child.delaybeforesend = 0.05
    assert seconds(lambda: child.send("x\n")) >= 0.05
    child.delaybeforesend = None
    assert min(seconds(lambda: child.send("x\n")) for _ in range(5)) < 0.02


def test_a_password_waits_for_the_echo_to_go_off(start_python):
    child = start_python(
        """
        import getpass, sys, termios, time
        print("Password: ", end="", flush=True)
        modes = termios.tcgetattr(0)
        time.sleep(0.15)  # pexpect would have sent it by now
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, modes)
        print("got", len(input()))
        """
    )
    child.expect("assword: ")
    child.sendline("sesame")
    child.expect(r"got \d")
    assert b"sesame" not in child.before
    assert child.after == b"got 6"


def test_a_prompt_that_is_read_with_echo_is_answered_at_once(start_python):
    child = start_python("print('again', input('Token: ')); input()")
    child.expect("oken: ")
    assert seconds(lambda: child.sendline("abcdef")) < 0.5
    child.expect("again abcdef")


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Password: ", True),
        ("[sudo] password for ada: ", True),
        (b"Enter passphrase for key '/x':", True),
        ("Verification code: ", True),
        ("PIN:", True),
        ("password changed\n$ ", False),
        ("$ ", False),
        ("", False),
    ],
)
def test_a_prompt_for_a_secret_is_known(text, asks):
    assert sending.asks_for_secret(text) is asks


def test_a_password_does_not_show_in_a_timeout(start_python):
    """Row 13."""
    child = start_python(
        "import getpass; word = getpass.getpass(); print('you said', word); input()",
        encoding="utf-8",
    )
    child.expect("assword: ")
    child.sendline("open sesame")
    child.expect("you")
    with pytest.raises(pexpect.TIMEOUT) as caught:
        child.expect("never", timeout=0.2)
    assert "open sesame" not in str(caught.value)
    assert "said" in str(caught.value)
    assert "open sesame" in child.before


def test_a_line_that_the_terminal_would_cut_is_refused(start):
    """Row 5."""
    child = start("cat")
    with pytest.raises(pexpect.ExceptionPexpect, match="longer than the 4095"):
        child.sendline("x" * 100_000)
    child.sendline("y" * 4000)
    child.expect("y{4000}")


def test_much_is_sent_whole_while_the_answer_is_read(start):
    child = start("sh", "-c", "stty raw -echo; printf ready; exec cat")
    child.expect("ready")
    assert child.send("z" * 300_000 + "end") == 300_003
    child.expect("end")
    assert len(child.before) == 300_000


def test_a_send_to_one_that_does_not_read_times_out(start_python):
    """Row 6."""
    child = start_python(DEAF)
    child.expect("ready")
    child.timeout = 0.2
    with pytest.raises(pexpect.TIMEOUT, match=r"Sent \d+ of 1000000 bytes"):
        child.send("x" * 1_000_000)


def test_waiting_for_the_end_takes_in_what_is_said(start_python):
    """Row 15."""
    child = start_python("print('x' * 200_000); raise SystemExit(3)")
    assert child.wait() == 3
    assert child.exitstatus == 3
    assert len(child.read()) >= 200_000


def test_waiting_for_no_echo_knows_no_limit_too(start):
    """Row 2."""
    child = start("sh", "-c", "stty -echo; sleep 10")
    assert child.waitnoecho(timeout=None)
    other = start("cat")
    assert not other.waitnoecho(timeout=0.01)
    other.setecho(False)
    assert other.waitnoecho()


def test_the_same_program_gets_the_same_answer(start_python):
    """Row 14: what had come by the first read decides, and it is read whole."""
    for _ in range(5):
        child = start_python("print('foobar'); input()")
        assert child.expect(["foobar", "foo"]) == 0


def test_closing_does_not_sleep(start):
    """Rows 9 and 10."""
    child = start("cat")
    assert seconds(child.close) < 0.09
    assert (child.closed, child.signalstatus) == (True, signal.SIGHUP)
    child.close()
    with pytest.raises(ValueError, match="closed file"):
        child.read_nonblocking(1, 0)


def test_one_that_ignores_everything_is_ended_by_force(start):
    code = "trap '' HUP INT; printf ready; while :; do sleep 9; done"
    child = start("sh", "-c", code)
    child.expect("ready")
    child.delayafterterminate = 0.01
    assert not child.terminate()
    assert child.terminate(force=True)
    assert child.signalstatus == signal.SIGKILL


def test_one_that_is_forgotten_is_hung_up_at_once_and_reaped_later():
    """Row 10."""
    child = pexpect.spawn("cat")
    pid = child.pid
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        def forget():
            nonlocal child
            del child

        assert seconds(forget) < 0.09
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    pexpect.spawn("true").close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_more_than_1024_descriptors_may_be_open(start):
    """Row 11."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip(f"this system allows {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
    held = []
    try:
        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
        child = start("echo", "hello")
        assert child.child_fd > 1024
        child.expect("hello")
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_system_clock_may_be_stepped(start, monkeypatch):
    """Row 19."""
    child = start("cat")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with pytest.raises(pexpect.TIMEOUT):
        child.expect("never", timeout=0.05)


def test_a_child_starts_without_a_fork_unless_it_needs_one(monkeypatch):
    """Row 26."""

    def refuse():
        raise AssertionError("forked")

    monkeypatch.setattr("pty.fork", refuse)
    child = pexpect.spawn("pwd", cwd="/", dimensions=(10, 20), env=dict(os.environ), echo=False)
    assert child.getwinsize() == (10, 20)
    assert child.read() == b"/\r\n"
    child.close()
    with pytest.raises(AssertionError, match="forked"):
        pexpect.spawn("true", preexec_fn=lambda: None)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_what_is_to_be_done_in_the_child_is(start):
    child = start("sh", "-c", "umask", preexec_fn=lambda: os.umask(0o77) and None)
    assert child.read() == b"0077\r\n"
    ignoring = start("sh", "-c", "kill -HUP $$; echo alive", ignore_sighup=True)
    assert ignoring.read() == b"alive\r\n"


def test_a_child_inherits_what_a_fork_would_have_given_it(start):
    os.putenv("CHAT_PUT_ASIDE", "seen")  # which Python's own copy does not know
    try:
        assert inherited_environment()["CHAT_PUT_ASIDE"] == "seen"
        child = start("sh", "-c", "echo $CHAT_PUT_ASIDE")
        assert child.read() == b"seen\r\n"
    finally:
        os.unsetenv("CHAT_PUT_ASIDE")


def test_errors_come_where_pexpects_come():
    with pytest.raises(pexpect.ExceptionPexpect, match="not found or was not executable"):
        pexpect.spawn("no-such-command-at-all")
    with pytest.raises(pexpect.ExceptionPexpect, match=r"fdpexpect\.fdspawn"):
        pexpect.spawn(1)
    with pytest.raises(TypeError, match="args, must be a list"):
        pexpect.spawn("ls", "-l")


def test_logs_are_kept_of_both_sides(start, tmp_path):
    with (tmp_path / "all").open("wb") as everything, (tmp_path / "in").open("wb") as read:
        child = start("sh", "-c", CAT, logfile=everything)
        child.logfile_read = read
        child.expect("ready")
        child.sendline("one")
        child.expect("one")
        child.readline()
        child.close()
    assert (tmp_path / "all").read_bytes() == b"readyone\none\r\n"
    assert (tmp_path / "in").read_bytes() == b"readyone\r\n"


def test_a_read_is_no_longer_than_asked_for(start):
    child = start("printf", "abcdef", maxread=1)
    assert child.expect(["abc", "b"]) == 1
    assert child.read_nonblocking(2, 5) == b"cd"
    assert child.read() == b"ef"


def test_run_ends_what_does_not_end_in_time():
    """Row 18."""
    assert pexpect.run("sh -c 'echo begun; sleep 600'", timeout=0.3) == b"begun\r\n"
    said, status = pexpect.run(
        "sh -c 'echo $$; sleep 600'", timeout=0.3, withexitstatus=True, encoding="utf-8"
    )
    assert status is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(said), 0)


def test_run_answers_what_is_asked():
    code = 'sh -c \'printf "name? "; read x; echo hello $x; printf "more? "; read y; exit 4\''
    known = []

    def more(given):
        known.append((given["event_count"], given["extra_args"]))
        return "no\n"

    said, status = pexpect.runu(
        code, events=[(r"name\? ", "ada\n"), (r"more\? ", more)], extra_args=9,
        withexitstatus=True,
    )  # fmt: skip
    assert "hello ada\r\n" in said
    assert (status, known) == (4, [(1, 9)])
    assert pexpect.run("cat", events={pexpect.TIMEOUT: lambda _: True}, timeout=0.1) == b""
    with pytest.raises(TypeError, match="must be a string, method, or function"):
        pexpect.run("echo x", events={"x": 1})
