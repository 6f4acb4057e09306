"""`chat.signals.reaper`, and children of sessions that nobody has closed."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

import chat
from chat.signals import Life, alive, children, dispatch, local, reaper
from chat.transports.adopted import AdoptedProcess


@pytest.fixture(autouse=True)
def nothing_is_left_behind(held):
    before, handler = held(), signal.getsignal(signal.SIGCHLD)
    yield
    gc.collect()
    children.reap_dropped()
    assert held() == before
    assert signal.getsignal(signal.SIGCHLD) is handler


def fork(work: Callable[[], int]) -> int:
    """Fork off a child that ends with what the work returns."""

    def run() -> NoReturn:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)

    return os.fork() or run()


def ended(pid: int) -> None:
    """Wait for a child's end, and leave it to be reaped; it may have been."""
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def pause() -> int:
    signal.pause()
    return 0


def test_a_child_is_reaped_as_it_ends_and_told_of():
    told = []
    with reaper(on_exit=lambda pid, status: told.append((pid, status.code))) as block:
        pid = block.add(fork(lambda: 7))
        while not told:
            dispatch(timeout=20)
        assert told == [(pid, 7)]
        assert alive(pid) is Life.GONE
        assert block.pids == frozenset()


def test_it_is_reaped_before_anybody_is_told():
    """The status is taken in the handler: there is no zombie while the program computes."""
    told = []
    with reaper(on_exit=lambda pid, _: told.append(pid)) as block:
        reader, writer = os.pipe()
        pid = block.add(fork(lambda: len(os.read(reader, 1))))
        os.write(writer, b"x")
        ended(pid)
        while alive(pid):  # the handler runs between two steps of this
            pass
        while block.pids:
            pass
        assert told == []
    assert told == [pid]
    os.close(reader)
    os.close(writer)


def test_without_a_function_the_exits_are_kept():
    with reaper() as block:
        killed = block.add(fork(pause))
        quick = block.add(fork(lambda: 3))
        os.kill(killed, signal.SIGKILL)
        ended(killed)
        ended(quick)
    assert block.exits[killed].signal == "SIGKILL"
    assert block.exits[quick].code == 3
    assert block.exits[quick].usage is not None


def test_one_that_ended_before_it_was_added_is_reaped_too():
    pid = fork(lambda: 5)
    ended(pid)
    with reaper() as block:
        assert block.add(pid) == pid
        assert block.exits[pid].code == 5


def test_many_that_end_at_once_are_all_told_of_once():
    """The system tells of several ends with one SIGCHLD."""
    told: list[int] = []
    reader, writer = os.pipe()

    def wait_for_the_end() -> int:
        os.close(writer)
        os.read(reader, 1)
        return 0

    with reaper(on_exit=lambda pid, _: told.append(pid)) as block:
        pids = [block.add(fork(wait_for_the_end)) for _ in range(50)]
        os.close(writer)  # all of them see the end of the pipe in the same moment
        while len(told) < len(pids):
            dispatch(timeout=20)
    os.close(reader)
    assert sorted(told) == sorted(pids)


def test_nobody_else_s_status_is_stolen():
    with reaper() as block:
        mine = block.add(fork(lambda: 1))
        theirs = fork(lambda: 2)
        done = subprocess.run([sys.executable, "-c", "exit(3)"], check=False)
        with chat.spawn(["sh", "-c", "exit 4"]) as s:
            assert s.wait(timeout=20).code == 4
        assert done.returncode == 3
        ended(mine)
        assert os.waitstatus_to_exitcode(os.waitpid(theirs, 0)[1]) == 2
    assert {pid: status.code for pid, status in block.exits.items()} == {mine: 1}


def test_a_session_s_child_is_the_session_s():
    with chat.spawn(["cat"]) as s, reaper() as block:
        assert s.pid is not None
        with pytest.raises(ValueError, match="session"):
            block.add(s.pid)


def test_one_that_somebody_else_has_reaped_ended_nobody_knows_how():
    pid = fork(lambda: 0)
    os.waitpid(pid, 0)
    with reaper() as block:
        block.add(pid)
    assert block.exits[pid] == chat.ExitStatus(None)


def test_a_handler_that_was_there_is_called_as_well():
    came: list[int] = []
    with local(CHLD=lambda number, _: came.append(number)), reaper() as block:
        block.add(fork(lambda: 0))
        while block.pids:
            dispatch(timeout=0.01)
    assert came


def test_those_that_still_run_at_the_end_are_the_program_s():
    with reaper() as block:
        pid = block.add(fork(pause))
    assert block.pids == {pid} and block.exits == {}
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[0] == pid


def test_another_thread_is_refused():
    errors: list[BaseException] = []

    def run() -> None:
        try:
            reaper().__enter__()
        except chat.NotSupported as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(errors) == 1


forgetful = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
"""Who forgets a session is warned, by Python, that its terminal was never closed."""


# ── sessions that nobody has closed ───────────────────────────────────────────────────────


@forgetful
def test_the_child_of_a_dropped_session_is_reaped_when_the_next_is_started():
    s = chat.spawn(["cat"])
    pid = s.pid
    assert pid is not None
    del s  # its terminal is closed with it, which hangs it up
    gc.collect()
    ended(pid)
    assert alive(pid) is Life.ZOMBIE
    with chat.spawn(["true"]):
        assert alive(pid) is Life.GONE


@forgetful
def test_one_that_still_runs_is_asked_again():
    s = chat.spawn(["sh", "-c", "trap '' HUP; echo ready; exec sleep 60"])
    s.expect("ready")
    pid = s.pid
    assert pid is not None
    del s
    gc.collect()
    assert children.reap_dropped() == 1
    os.kill(pid, signal.SIGKILL)
    ended(pid)
    assert children.reap_dropped() == 0
    assert alive(pid) is Life.GONE


def test_a_popen_that_was_adopted_stays_its_owner_s():
    """Dropping what stands for it does not take the status from who holds the `Popen`."""
    with subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE) as popen:
        process = AdoptedProcess(popen, None)
        del process
        gc.collect()
        popen.kill()
        ended(popen.pid)
        children.reap_dropped()
    assert popen.returncode == -signal.SIGKILL


def test_a_child_that_is_forked_off_has_none_of_its_parent_s():
    with chat.spawn(["cat"]) as s:
        assert s.pid is not None and children.is_owned(s.pid)
        pid = fork(lambda: int(children.is_owned(s.pid or 0)))
        assert os.waitpid(pid, 0)[1] == 0


ROUNDS = 150
"""How many children each thread starts. They are killed, closed, awaited or forgotten."""


def start_and_end(chance: random.Random) -> str | None:
    """Start a child, end it in one way or another; what was wrong with that."""
    code = chance.randrange(1, 100)
    s = chat.spawn(["sh", "-c", f"exit {code}"])
    way = chance.choice(("wait", "kill", "close", "forget"))
    if way == "forget":
        return None
    with s:
        if way == "close":
            return None
        if way == "kill":
            s.signal("KILL")
        found = s.wait(timeout=20)
    right = found.code == code or (way == "kill" and found.signal == "SIGKILL")
    return None if right else f"{way}: {found}"


@forgetful
@pytest.mark.slow
def test_children_that_end_anyhow_in_four_threads_are_all_reaped_and_none_is_stolen():
    wrong: list[object] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(ROUNDS):
            code = chance.randrange(1, 100)
            wrong.append(start_and_end(chance))
            own = subprocess.run(["sh", "-c", f"exit {code}"], check=False)
            wrong.append(None if own.returncode == code else own)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    forked: dict[int, int] = {}
    with reaper() as block:
        for thread in threads:
            thread.start()
        for code in range(50):
            pid = os.spawnvp(os.P_NOWAIT, "sh", ["sh", "-c", f"exit {code}"])
            forked[block.add(pid)] = code
        for thread in threads:
            thread.join()
        for pid in block.pids:
            ended(pid)
    gc.collect()
    while children.reap_dropped():
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    assert wrong == [None] * (2 * 4 * ROUNDS)
    assert {pid: status.code for pid, status in block.exits.items()} == forked
