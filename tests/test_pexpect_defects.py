"""What goes wrong with pexpect 4.9, row by row, and goes right here.

Each test is named after what is right; its docstring has the number of the row. Where it
costs little, the same situation is also put to pexpect, so that the comparison stays
honest: when a later pexpect does it right, that test fails and the claim is taken back.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import warnings
import weakref
from pathlib import Path

import pexpect
import pexpect.fdpexpect
import pexpect.pxssh
import pexpect.replwrap
import pexpect.socket_pexpect
import pytest

import chat
from chat.ssh.destination import Destination, Invocation
from chat.testing import FakeClock, MemoryPeer, python_child, python_command
from chat.transports.descriptor import DescriptorTransport

RAW_AND_DEAF = "import time, tty; tty.setraw(0); print('ready', end=''); time.sleep(600)"


@pytest.fixture
def peer_program():
    """Start a command under pexpect, without its pauses, and end it with the test."""
    started = []

    def start(command, *arguments, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its fork in a program with threads: row 26
            child = pexpect.spawn(command, list(arguments), timeout=10, **options)
        child.delaybeforesend = None
        child.ptyproc.delayafterclose = child.ptyproc.delayafterterminate = 0.001
        started.append(child)
        return child

    yield start
    for child in started:
        if child.isalive():
            child.kill(signal.SIGKILL)
            child.ptyproc.wait()
        child.close()


def python_under_pexpect(start, code, **options):
    command, *arguments = python_command(code)
    return start(command, *arguments, **options)


# ── matching ──────────────────────────────────────────────────────────────────────────────


def test_the_flags_of_a_compiled_regex_are_kept():
    """Row 1."""
    with MemoryPeer([b"HELLO\r\n"]).session(encoding=None) as s:
        assert s.expect(re.compile(b"hello", re.IGNORECASE)).text == b"HELLO"
    with MemoryPeer(["HELLO\r\n"]).session() as s:
        assert s.expect(re.compile("hello", re.IGNORECASE)).text == "HELLO"


def test_pexpect_loses_the_flags_of_a_compiled_regex(peer_program):
    """Row 1: a text pattern is compiled anew for bytes, without its flags."""
    child = peer_program("echo", "HELLO")
    with pytest.raises(pexpect.EOF):
        child.expect(re.compile("hello", re.IGNORECASE))


def test_the_same_program_always_gives_the_same_answer():
    """Row 14: `foo` ends first, in one read or in six."""
    for said in (["foobar"], list("foobar"), ["foo", "bar"], ["fo", "obar"]):
        with MemoryPeer(said).session() as s:
            assert s.expect("foobar", "foo").index == 1


def test_pexpect_answers_by_how_the_bytes_were_cut():
    """Row 14."""
    answers = []
    for first in (b"foobar", b"foo"):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            child = pexpect.socket_pexpect.SocketSpawn(ours, timeout=5)
            theirs.sendall(first)
            answers.append(child.expect([b"foobar", b"foo"]))
            theirs.sendall(b"foobar"[len(first) :])
    assert answers == [0, 1]


def test_any_iterable_of_patterns_will_do():
    """Row 24."""
    for pair in (("a", "b"), ["a", "b"], {"a": 0, "b": 1}, iter(["a", "b"])):
        with MemoryPeer(["b"]).session() as s:
            assert s.expect(pair).index == 1


def test_pexpect_takes_a_tuple_in_one_method_and_not_in_the_other(peer_program):
    """Row 24."""
    child = peer_program("echo", "b")
    assert child.expect_list([re.compile(b"b")]) == 0
    with pytest.raises(TypeError):
        child.expect((b"a", b"b"))


def test_colour_in_the_middle_of_a_word_does_not_hide_it():
    """Row 25."""
    with MemoryPeer(["pass\x1b[1mword\x1b[0m: "]).session() as s:
        assert s.expect("password: ", view="text").index == 0


def test_pexpect_does_not_see_a_word_with_colour_in_it(peer_program):
    """Row 25."""
    child = peer_program("printf", r"pass\033[1mword\033[0m: ")
    with pytest.raises(pexpect.EOF):
        child.expect(b"password: ")


PATTERNS = [rf"never-{number}: (\d+) [a-z]+ (error|warning) \w*$" for number in range(5)]


@pytest.mark.slow
def test_much_output_is_searched_once():
    """Row 20: eight times as much takes about eight times as long, and not 64 times."""
    seconds = [search_time(size) for size in (1 << 19, 1 << 22)]
    assert seconds[1] < 24 * seconds[0]


def search_time(size):
    """The least processor time of three that it takes to wait behind so much output."""
    piece = (b"all is well, nothing to see here " * 128)[:4095] + b"\n"
    times = []
    for _ in range(3):
        with MemoryPeer([piece] * (size // 4096) + [b"the end"]).session() as s:
            began = time.process_time()
            s.expect(*[re.compile(each) for each in PATTERNS], "the end")
            times.append(time.process_time() - began)
    return min(times)


# ── sending ───────────────────────────────────────────────────────────────────────────────


def test_a_line_that_the_terminal_would_cut_is_refused_before_sending():
    """Row 5."""
    with python_child("import sys; print(len(sys.stdin.readline()))", echo=False) as s:
        with pytest.raises(chat.LineTooLong, match="4095"):
            s.sendline("x" * 100_000)
        s.sendline("x" * 4000)
        assert s.read() == "4001\r\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the number is that of Linux")
def test_pexpect_says_that_it_sent_what_the_terminal_cut(peer_program):
    """Row 5."""
    code = "import sys; print(); print(len(sys.stdin.readline()))"
    child = python_under_pexpect(peer_program, code, echo=False)
    child.expect(b"\n")
    assert child.sendline(b"x" * 100_000) == 100_001
    child.expect(rb"(\d+)\r\n")
    assert child.match[1] == b"4096"


def test_sending_to_who_does_not_read_ends_and_says_how_much_went():
    """Row 6."""
    with python_child(RAW_AND_DEAF) as s:
        s.expect("ready")
        with pytest.raises(chat.SendTimeout) as caught:
            s.send("x" * 1_000_000, timeout=0.05)
        assert 0 < caught.value.sent < 1_000_000


@pytest.mark.slow
def test_pexpect_sends_for_ever_to_who_does_not_read(peer_program):
    """Row 6: only a signal gets it out."""
    child = python_under_pexpect(peer_program, RAW_AND_DEAF)
    child.expect(b"ready", timeout=20)
    child.timeout = 0.1
    with pytest.raises(Rescued), rescued_after(0.5):
        child.send(b"x" * 1_000_000)


class Rescued(Exception):
    """What would have gone on for ever was interrupted by a signal."""


@contextlib.contextmanager
def rescued_after(seconds):
    """Raise `Rescued` in the body after so many seconds."""

    def rescue(*_):
        raise Rescued

    before = signal.signal(signal.SIGALRM, rescue)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_unknown_control_character_is_an_error_that_names_it():
    """Row 21."""
    peer = MemoryPeer()
    with peer.session() as s, pytest.raises(chat.UnknownKey, match="'5'"):
        s.sendcontrol("5")
    assert peer.sent == b""


def test_pexpect_sends_nothing_for_an_unknown_control_character(peer_program):
    """Row 21."""
    assert peer_program("cat").sendcontrol("5") == 0


# ── waiting ───────────────────────────────────────────────────────────────────────────────


def test_waiting_for_the_echo_to_go_off_may_be_without_limit():
    """Row 2."""
    with python_child("import getpass; getpass.getpass()") as s:
        assert s.wait_no_echo(timeout=None)


def test_pexpect_cannot_wait_without_limit_for_the_echo_to_go_off(peer_program):
    """Row 2."""
    child = peer_program("cat")
    with pytest.raises(TypeError):
        child.waitnoecho(timeout=None)


def test_waiting_for_the_end_reads_what_is_still_said():
    """Row 15."""
    with python_child("print('x' * 300_000)") as s:
        status = s.wait(timeout=30)
        assert status is not None and status.ok
        assert len(s.read()) == 300_002


@pytest.mark.slow
def test_pexpect_waits_for_ever_for_the_end_of_who_still_talks(peer_program):
    """Row 15."""
    child = python_under_pexpect(peer_program, "print('x' * 300_000)")
    with pytest.raises(Rescued), rescued_after(0.5):
        child.wait()


@pytest.mark.slow
def test_a_run_that_takes_too_long_says_so_and_is_ended():
    """Row 18."""
    began = time.monotonic()
    with pytest.raises(chat.RunTimeout) as caught:
        chat.run(["sh", "-c", "echo $$; exec sleep 600"], timeout=1)
    assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int(caught.value.output), 0)


@pytest.mark.slow
def test_pexpect_hides_that_a_run_took_too_long():
    """Row 18."""
    output = pexpect.run("sh -c 'echo $$; exec sleep 600'", timeout=1)
    assert output.strip().isdigit()  # and no word of the time
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(output), signal.SIGKILL)


def test_a_stepped_system_clock_moves_no_deadline(monkeypatch):
    """Row 19: what decides is the monotonic clock, and nothing asks the other."""

    def wall_clock():
        raise AssertionError("somebody asked for the time of day")

    monkeypatch.setattr(time, "time", wall_clock)
    with python_child("print(input())", echo=False) as s:
        with pytest.raises(chat.ExpectTimeout):
            s.expect("x", timeout=0.01)
        s.sendline("y")
        s.expect("y")
        assert s.wait() is not None


def test_pexpect_asks_for_the_time_of_day():
    """Row 19."""
    assert "time.time()" in inspect.getsource(pexpect.expect)


def test_more_than_1024_descriptors_are_no_matter(peer_program):
    """Row 11; to pexpect they are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with chat.spawn(["echo", "hello"]) as s:
            assert s.fileno() > 1024
            assert s.expect("hello")
        child = peer_program("echo", "hello")
        with pytest.raises(ValueError, match="out of range"):
            child.expect(b"hello")
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ── ending ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def sleepless(monkeypatch):
    """Let nobody sleep."""

    def refuse(seconds):
        raise AssertionError(f"slept {seconds} s")

    monkeypatch.setattr(time, "sleep", refuse)


def test_there_are_no_delays_to_switch_off(sleepless):
    """Rows 9 and 10: neither in closing, nor in sending, nor where nobody can see them."""
    with python_child("print(input())", echo=False) as s:
        assert not [name for name in dir(s) if "delay" in name]
        s.sendline("hello")
        assert s.expect("hello")
    chat.spawn(["sleep", "600"]).close()


def test_a_finished_session_is_free_to_forget(sleepless):
    """Row 10: it goes with its last name, and nobody sleeps over it."""
    s = chat.spawn(["true"])
    s.wait()
    s.close()
    gone = weakref.ref(s)
    del s
    assert gone() is None
    assert "__del__" not in vars(chat.Session)


def test_pexpect_sleeps_when_a_finished_session_is_forgotten():
    """Row 10: 100 ms, from ptyprocess, which also ignores that it was told not to (row 9)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = pexpect.spawn("true")
    child.delayafterclose = 0
    child.expect(pexpect.EOF)
    child.ptyproc.wait()
    began = time.perf_counter()
    child.close()
    assert time.perf_counter() - began >= 0.1


def test_starting_a_program_costs_no_copy_of_this_one_and_warns_of_nothing():
    """Row 26: the same whatever this process holds, and with threads too.

    The promise is of time, which is measured elsewhere; here it is of how it is done.
    """
    code = """
        import os, threading, warnings
        warnings.simplefilter('error')
        def refuse(): raise SystemExit('it forked')
        os.register_at_fork(before=refuse)
        import chat
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        try:
            with chat.spawn(['echo', 'hello']) as s:
                assert s.expect('hello')
                print(s.wait())
        finally:
            stop.set()
            thread.join()
    """
    root = str(Path(chat.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert (done.stdout, done.stderr) == ("exited with status 0\n", "")


def test_pexpect_forks():
    """Row 26."""
    forked = []
    os.register_at_fork(before=lambda: forked.append(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = pexpect.spawn("true")
    child.expect(pexpect.EOF)
    child.close()
    assert forked


# ── secrets and errors ────────────────────────────────────────────────────────────────────


def test_a_password_that_the_program_shows_is_masked_in_the_error():
    """Row 13."""
    with python_child("print('you said', input('password: '))") as s:
        s.expect("password: ")
        s.send_secret(chat.Secret("row-13-password"), allow_echo=True)
        with pytest.raises(chat.UnexpectedEOF) as caught:
            s.expect("welcome", timeout=20)
        assert "row-13-password" not in str(caught.value)
        assert "you said ••••" in str(caught.value)


def test_pexpect_shows_a_password_in_the_error(peer_program):
    """Row 13."""
    child = peer_program("echo", "you said row-13-pexpect")
    with pytest.raises(pexpect.EOF, match="row-13-pexpect"):
        child.expect("welcome")


# ── transports other than a pseudo-terminal ───────────────────────────────────────────────


def test_any_transport_may_have_an_encoding_and_a_log():
    """Row 3."""
    ours, theirs = socket.socketpair()
    log = io.StringIO()
    with theirs, chat.Session(DescriptorTransport(ours.detach()), log=log) as s:
        theirs.sendall("grüezi\n".encode())
        assert s.readline() == "grüezi\n"
    assert log.getvalue() == "grüezi\n"


def test_a_connection_has_an_encoding_and_a_log_too():
    """Row 3, as its users meet it."""
    log = io.StringIO()
    with (
        chat.listen("tcp://localhost:0") as listener,
        chat.connect(listener.url, log=log, timeout=20) as s,
    ):
        with listener.accept(timeout=20) as far:
            far.send("grüezi ")
            assert s.expect("ezi ").before == "grü"
        assert s.read() == ""
    assert log.getvalue() == "grüezi "


def test_pexpect_takes_no_encoding_for_a_socket():
    """Row 3."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = pexpect.socket_pexpect.SocketSpawn(ours, encoding="utf-8", timeout=5)
        theirs.sendall(b"hello")
        with pytest.raises(TypeError):
            child.expect("hello")


def test_waiting_on_a_pipe_costs_nothing_and_it_closes():
    """Row 4."""
    reader, far_writer = os.pipe()
    far_reader, writer = os.pipe()
    with chat.Session(DescriptorTransport(reader, writer)) as s:
        began = time.process_time()
        with pytest.raises(chat.ExpectTimeout):
            s.expect("x", timeout=0.2)
        assert time.process_time() - began < 0.1
    assert os.read(far_reader, 1) == b""
    for descriptor in (far_reader, far_writer):
        os.close(descriptor)


def test_a_system_that_has_poll_is_not_asked_with_select():
    """Rows 4 and 11: one wait in the kernel for each that is asked for, none in between."""
    looked = []
    clock = FakeClock()
    real = clock.waiter

    def counting(interest):
        wait = real(interest)

        def count(seconds):
            looked.append(seconds)
            return wait(seconds)

        return count

    clock.waiter = counting  # type: ignore[method-assign]  # that is what is counted
    peer = MemoryPeer(clock=clock)
    with peer.session() as s, pytest.raises(chat.ExpectTimeout):
        s.expect("x", timeout=60)
    assert looked == [60]


def test_threads_that_wait_on_sessions_of_their_own_are_all_served():
    """Row 7, as far as blocking sessions go: nobody starves."""
    got = []

    def converse(number):
        with python_child("print(input()[::-1])", echo=False) as s:
            s.sendline(f"a{number}")
            got.append(s.expect(f"{number}a", timeout=40).text)

    threads = [threading.Thread(target=converse, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert sorted(got) == ["0a", "1a", "2a", "3a"]


# ── shells ────────────────────────────────────────────────────────────────────────────────


def test_a_command_may_print_the_shell_s_prompt():
    """Row 12."""
    with chat.shell("bash") as bash:
        prompt = bash.run('printf %s "$PS1"').output
        for said in (prompt, "$ ", "bash-5.2$ ", "[PEXPECT_PROMPT>"):
            done = bash.run(f"printf '%s\\n' {shlex.quote(said)} again")
            assert done.output == f"{said}\nagain\n"
        assert bash.run("echo in step").output.strip() == "in step"


@pytest.mark.slow
def test_pexpect_is_out_of_step_after_a_command_that_prints_the_prompt():
    """Row 12."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bash = pexpect.replwrap.bash()
    bash.run_command("echo '[PEXPECT''_PROMPT>'")
    assert bash.run_command("echo in step").strip() != "in step"
    bash.child.close(force=True)


# ── ssh ───────────────────────────────────────────────────────────────────────────────────


OPTION = "-oProxyCommand=touch /nonexistent/made"


def test_the_name_of_a_host_never_becomes_an_option_of_ssh():
    """Row 22."""
    for destination in (OPTION, f"me@{OPTION}", "ssh://-oProxyCommand=id"):
        with pytest.raises(ValueError, match="not the name of a host"):
            chat.ssh(destination)


def test_pexpect_passes_the_name_of_a_host_on_as_an_option():
    """Row 22."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        command = pexpect.pxssh.pxssh(debug_command_string=True).login(OPTION, "me")
    assert command.split()[-2:] == OPTION.split()


def test_an_unknown_key_of_a_host_is_refused_unless_told_otherwise():
    """Row 23; against a real server in tests/ssh."""
    assert "StrictHostKeyChecking=yes" in Invocation(Destination("host")).arguments("/log")


def test_pexpect_accepts_an_unknown_key_of_a_host():
    """Row 23 (read)."""
    source = inspect.getsource(pexpect.pxssh.pxssh.login)
    question = source.partition("if i==0:")[2]
    assert 'self.sendline("yes")' in question.partition("if i==1")[0]
