"""How a conversation ends: exit statuses, waiting, terminating, closing, and `run`."""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import time
import warnings
from pathlib import Path

import pytest

import chat
from chat.events import Closed
from chat.testing import MemoryPeer, python_child

STUBBORN = """
    import signal, time
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('ready')
    while True: time.sleep(600)
"""


def is_alive(pid):
    """Whether a process is there that has not ended; a zombie has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


# ── the exit status ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_behind_the_end_the_exit_status_is_there(code):
    with python_child(f"print('bye'); raise SystemExit({code})") as s:
        s.expect(chat.EOF)
        status = s.exit_status
        assert status is not None
        assert (status.code, status.signal, status.ok) == (code, None, code == 0)
        assert 0 < status.duration < 60
        assert str(status) == f"exited with status {code}"
        assert s.exit_status == s.wait() == s.close() == s.exit_status == status


def test_a_signal_that_ended_it_has_a_name():
    with python_child("import os; os.kill(os.getpid(), 15)") as s:
        s.expect(chat.EOF)
        status = s.exit_status
        assert status is not None
        assert (status.code, status.signal, status.ok) == (None, "SIGTERM", False)
        assert str(status) == "killed by SIGTERM"


def test_while_it_runs_there_is_no_exit_status():
    with python_child("input()") as s:
        assert s.exit_status is None
        assert s.is_alive()
        assert not s.ended
        s.sendeof()
        s.read()
        assert s.exit_status is not None
        assert not s.is_alive()
        assert s.ended


def test_a_far_side_without_a_process_has_no_exit_status():
    with MemoryPeer(["x", 1, chat.EOF]).session() as s:
        assert s.pid is None
        assert s.is_alive()
        assert s.wait() is None
        assert not s.is_alive()
        assert s.exit_status is None
        assert s.read() == "x"
        assert s.close() is None
        with pytest.raises(chat.NotSupported, match="no process"):
            s.signal("TERM")


# ── waiting ───────────────────────────────────────────────────────────────────────────────


def test_waiting_takes_in_what_the_program_says():
    with python_child("print('x' * 1_000_000); raise SystemExit(5)") as s:
        status = s.wait(timeout=40)
        assert status is not None and status.code == 5
        assert s.read() == "x" * 1_000_000 + "\r\n"


def test_waiting_ends_with_its_time():
    with python_child("input()") as s:
        with pytest.raises(chat.WaitTimeout, match=r"waited 0\.01 s .*\nthe program runs"):
            s.wait(timeout=0.01)
        with pytest.raises(chat.WaitTimeout):
            s.wait(timeout=0)
        assert s.is_alive()


def test_a_background_job_that_holds_the_terminal_does_not_hold_up_the_wait():
    with chat.spawn(["sh", "-c", "trap '' HUP; sleep 600 & echo $!; exit 3"]) as s:
        status = s.wait(timeout=20)
        assert status is not None and status.code == 3
        job = int(s.readline())
        assert not is_alive(job) or s.close(grace=0.1) is not None
        assert not is_alive(job)


def test_waiting_for_what_may_not_be_kept_is_an_error():
    with (
        python_child("print('x' * 100_000)", limit=1000) as s,
        pytest.raises(chat.StreamOverflow),
    ):
        s.wait(timeout=20)


# ── terminating and closing ───────────────────────────────────────────────────────────────


def test_terminating_keeps_what_was_said():
    with python_child("import time; print('words', end=''); time.sleep(600)") as s:
        s.expect("w")
        status = s.terminate()
        assert status.signal == "SIGHUP"
        assert s.read() == "ords"
        assert s.exit_status == status
        assert not s.closed


def test_terminating_becomes_more_and_more_insistent():
    with python_child(STUBBORN) as s:
        s.expect("ready")
        assert s.terminate(grace=0.1).signal == "SIGKILL"


def test_closing_ends_the_program_once():
    s = python_child("print('hi'); input()")
    s.expect("hi")
    status = s.close()
    assert status is not None and status.signal == "SIGHUP"
    assert s.close() == s.exit_status == status
    assert s.closed
    assert repr(s) == "<Session: the session is closed>"


def test_closing_ends_the_whole_process_group():
    code = """
        import subprocess, sys
        children = [subprocess.Popen(['sleep', '600']) for _ in range(3)]
        print(*(child.pid for child in children), flush=True)
        input()
    """
    with python_child(code) as s:
        pids = [int(word) for word in s.readline().split()]
        assert all(map(is_alive, pids))
    assert not any(map(is_alive, pids))


@pytest.mark.slow
def test_an_exception_in_the_body_ends_the_program_too(children):
    before = children()
    with pytest.raises(ZeroDivisionError), python_child(STUBBORN) as s:
        s.expect("ready")
        s.timeout = 0
        raise ZeroDivisionError
    assert s.closed
    assert children() == before


def test_closing_right_away_is_fine(children):
    before = children()
    for _ in range(20):
        chat.spawn(["sleep", "600"]).close()
    assert children() == before


def test_a_stubborn_program_is_closed_within_its_grace():
    s = python_child(STUBBORN)
    s.expect("ready")
    status = s.close(grace=0.05)
    assert status is not None and status.signal == "SIGKILL"


def test_signals_are_sent_by_name_or_number():
    code = """
        import signal
        def tell(number, frame): print('got', number)
        for each in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
            signal.signal(each, tell)
        print('ready')
        while True: signal.pause()
    """
    with python_child(code) as s:
        s.expect("ready")
        for which, seen in [("USR1", 10), ("SIGUSR2", 12), (signal.SIGUSR1, 10)]:
            s.signal(which)
            s.expect(f"got {int(getattr(signal, str(which), seen))}\r", f"got {seen}\r")
        with pytest.raises(ValueError, match="no signal 'NOPE'"):
            s.signal("NOPE")


def test_a_signal_for_a_program_that_has_ended_is_no_error():
    with python_child("pass") as s:
        s.wait()
        s.signal("TERM")
        s.expect(chat.EOF)


def test_letting_go_of_a_connection_leaves_it_to_others_who_have_it():
    near, far = socket.socketpair()
    with far, near.dup() as child_s:
        s = chat.attach(near, close=True)
        events: list[object] = []
        s.subscribe(events.append)
        s.let_go()
        s.let_go()
        assert s.closed and near.fileno() < 0
        assert events == [Closed(None)]
        child_s.setblocking(True)
        child_s.sendall(b"still here")
        assert far.recv(100) == b"still here"


def test_every_use_of_a_closed_session_says_so():
    s = python_child("print('hi')")
    s.close()
    for call in (
        lambda: s.expect("x"),
        s.read,
        s.readline,
        lambda: list(s),
        s.read_nowait,
        s.wait,
        s.terminate,
        lambda: s.send("x"),
        s.sendintr,
        lambda: s.resize(1, 1),
        lambda: s.size,
        s.wait_no_echo,
        s.fileno,
    ):
        with pytest.raises(chat.SessionClosed, match="closed"):
            call()


@pytest.mark.slow
def test_nothing_is_left_of_many_sessions(children):
    def held():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    python_child("pass").close()
    before, descriptors = children(), held()
    for _ in range(10):
        with python_child("print('x')") as s:
            s.expect("x")
    assert (children(), held()) == (before, descriptors)


@pytest.mark.slow
def test_more_descriptors_than_select_can_take_are_no_matter():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.fail("this test needs a hard limit of 2000 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1200)]
    try:
        with python_child(
            "print(input('name? ')); import os; print(os.listdir('/proc/self/fd'))"
        ) as s:
            assert s.fileno() > 1024
            s.expect("name? ")
            s.sendline("ada")
            s.expect("ada\r\nada\r\n")
            assert len(s.readline()) < 30
            assert s.wait() is not None
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ── run ───────────────────────────────────────────────────────────────────────────────────


def test_a_run_returns_what_was_said_and_how_it_ended():
    done = chat.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert done.output == "out\r\nerr\r\n"
    assert (done.exit_status.code, done.ok) == (3, False)
    assert repr(done) == r"<Finished: exited with status 3, output 'out\r\nerr\r\n'>"
    assert chat.run("true").ok


def test_a_run_in_bytes_returns_bytes():
    assert chat.run(["printf", r"\377"], encoding=None).output == b"\xff"


def test_a_run_answers_prompts():
    code = """
        import getpass
        print('hello', input('name? '))
        print(len(getpass.getpass('password: ')))
    """
    from chat.testing import python_command

    done = chat.run(
        python_command(code),
        respond={"name? ": "ada", "password: ": chat.Secret("twelve chars")},
        timeout=20,
    )
    assert done.output == "name? ada\r\nhello ada\r\npassword: \r\n12\r\n"


@pytest.mark.slow
def test_a_run_that_takes_too_long_is_ended_and_says_so(children):
    before = children()
    with pytest.raises(chat.RunTimeout) as caught:
        chat.run(["sh", "-c", "echo started; sleep 600"], timeout=1)
    error = caught.value
    assert str(error) == "'sh' did not end in 1 s and was ended"
    assert error.output == "started\r\n"
    assert error.exit_status is not None and error.exit_status.signal == "SIGHUP"
    assert isinstance(error, TimeoutError)
    assert children() == before


@pytest.mark.slow
def test_a_run_that_closes_its_terminal_and_goes_on_takes_too_long(children):
    before = children()
    began = time.monotonic()
    with pytest.raises(chat.RunTimeout):
        chat.run(["sh", "-c", "exec <&- >&- 2>&-; exec sleep 600"], timeout=0.3)
    assert time.monotonic() - began < 20
    assert children() == before


def test_a_run_whose_answer_cannot_be_sent_ends_the_program(children):
    before = children()
    with pytest.raises(TypeError):
        chat.run(["sh", "-c", "echo 'name? '; read x"], respond={"name? ": b"wrong"})
    assert children() == before


def test_a_run_that_says_too_much_is_an_error(children):
    before = children()
    with pytest.raises(chat.StreamOverflow):
        chat.run(["seq", "1000000"], limit=1000)
    assert children() == before


def test_a_run_has_the_place_and_the_environment_it_is_given(tmp_path):
    done = chat.run(
        ["/bin/sh", "-c", "pwd; echo $WORD; stty size"],
        cwd=tmp_path,
        env={"WORD": "x", "PATH": os.environ["PATH"]},
        size=(33, 99),
    )
    assert done.output.split("\r\n") == [str(tmp_path), "x", "33 99", ""]


def test_starting_from_a_program_with_threads_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chat.run("true").ok
