"""`chat.signals.handle`: handlers that may do anything, because nothing is interrupted."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

import chat
from chat import timing
from chat.signals import IGNORE, dispatch, handle, local
from chat.testing import python_child


@pytest.fixture(autouse=True)
def nothing_is_left_behind(held):
    before, handler = held(), signal.getsignal(signal.SIGUSR1)
    yield
    assert held() == before
    assert timing.BESIDE == []
    assert signal.getsignal(signal.SIGUSR1) is handler


def soon(which: int, seconds: float = 0.05) -> threading.Timer:
    """Send this process a signal in a moment."""
    timer = threading.Timer(seconds, os.kill, [os.getpid(), which])
    timer.start()
    return timer


def test_a_function_is_called_where_nothing_is_interrupted():
    came: list[Any] = []
    with handle(USR1=came.append):
        signal.raise_signal(signal.SIGUSR1)
        assert came == []
        assert dispatch() == 1
        assert came == ["SIGUSR1"]
        assert dispatch() == 0


def test_what_came_in_the_block_is_handled_at_its_end():
    came: list[str] = []
    with handle(USR1=came.append):
        signal.raise_signal(signal.SIGUSR1)
    assert came == ["SIGUSR1"]


def test_also_if_the_body_raises():
    came: list[str] = []
    with pytest.raises(ZeroDivisionError), handle(USR1=came.append):
        signal.raise_signal(signal.SIGUSR1)
        raise ZeroDivisionError
    assert came == ["SIGUSR1"]


def test_inner_blocks_take_the_outer_ones_place():
    came: list[tuple[str, str]] = []
    with handle(USR1=lambda name: came.append(("outer", name))):
        with handle(USR1=lambda name: came.append(("inner", name))):
            signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
    assert came == [("inner", "SIGUSR1"), ("outer", "SIGUSR1")]


def test_dispatch_waits_if_asked_to():
    came: list[str] = []
    with handle(USR1=came.append):
        timer = soon(signal.SIGUSR1)
        assert dispatch(timeout=20) == 1
        timer.join()
        began = time.monotonic()
        assert dispatch(timeout=0.03) == 0
        assert time.monotonic() - began >= 0.03
        with chat.deadline(0.03):
            assert dispatch(timeout=None) == 0


def test_a_wait_in_chat_calls_it_and_goes_on():
    came: list[str] = []
    with python_child("print(input())") as s, handle(USR1=came.append):
        timer = soon(signal.SIGUSR1)

        def answer(name: str) -> None:
            came.append(name)
            s.sendline("word")  # a handler may use the very session that is waited for

        with handle(USR2=answer):
            soon(signal.SIGUSR2, 0.1).join()
            match = s.expect("word\r\nword\r\n", timeout=20)
        timer.join()
    assert match.text and came == ["SIGUSR1", "SIGUSR2"]


def test_a_wait_takes_as_long_as_it_was_to():
    with python_child("input()") as s, handle(USR1=lambda name: None):
        timer = soon(signal.SIGUSR1, 0.02)
        began = time.monotonic()
        with pytest.raises(chat.ExpectTimeout):
            s.expect("never", timeout=0.1)
        assert 0.1 <= time.monotonic() - began < 10
        timer.join()


def test_what_a_function_raises_comes_out_of_the_wait_which_has_lost_nothing():
    def stop(name: str) -> None:
        raise KeyboardInterrupt(name)

    with python_child("print('words'); input()") as s, handle(USR1=stop):
        soon(signal.SIGUSR1, 0.0).join()
        with pytest.raises(KeyboardInterrupt, match="SIGUSR1"):
            s.expect("never", timeout=20)
        assert s.expect("words", timeout=20).before == ""


def test_the_others_stay_due_when_one_raises():
    came: list[str] = []

    def fail(name: str) -> None:
        raise ZeroDivisionError

    with handle(USR1=fail, USR2=came.append) as handling:
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)
        with pytest.raises(ZeroDivisionError):
            dispatch()
        assert select.select([handling.fileno()], [], [], 0)[0]
        assert dispatch() == 1
    assert came == ["SIGUSR2"]


def test_functions_do_not_interrupt_one_another():
    came: list[str] = []

    def first(name: str) -> None:
        signal.raise_signal(signal.SIGUSR2)
        assert dispatch() == 0
        with python_child("print('x')") as s:  # it may wait, too
            s.expect("x")
        came.append(name)

    with handle(USR1=first, USR2=came.append):
        signal.raise_signal(signal.SIGUSR1)
        assert dispatch() == 2
    assert came == ["SIGUSR1", "SIGUSR2"]


def test_a_thousand_signals_do_not_fill_anything_up():
    came: list[str] = []
    with handle(USR1=came.append):
        for _ in range(100_000):
            signal.raise_signal(signal.SIGUSR1)
        assert dispatch() == 100_000


def test_other_threads_wait_as_ever_and_may_not_dispatch():
    came: list[str] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            with python_child("print('x')") as s:
                s.expect("x", timeout=20)
            dispatch()
        except BaseException as error:  # noqa: BLE001  (looked at below)
            errors.append(error)

    with handle(USR1=came.append):
        signal.raise_signal(signal.SIGUSR1)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert came == []
        assert [type(each) for each in errors] == [chat.NotSupported]
    assert came == ["SIGUSR1"]


def test_without_a_block_there_is_nothing_to_wait_for():
    assert dispatch() == 0
    with pytest.raises(ValueError, match="no block"):
        dispatch(timeout=1)
    handling = handle(USR1=print)
    with pytest.raises(ValueError, match="no block"):
        handling.fileno()


@pytest.mark.parametrize(
    ("functions", "error"),
    [
        ({"NOPE": print}, ValueError),
        ({"KILL": print}, ValueError),
        ({"USR1": IGNORE}, TypeError),
    ],
)
def test_what_cannot_be_handled_is_refused(functions, error):
    with pytest.raises(error):
        handle(functions)


def test_another_thread_cannot_set_handlers_and_leaves_nothing():
    errors: list[BaseException] = []

    def run() -> None:
        try:
            handle(USR1=print).__enter__()
        except chat.NotSupported as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(errors) == 1


def test_a_function_can_be_decorated():
    came: list[str] = []

    @handle(USR1=came.append)
    def work() -> int:
        signal.raise_signal(signal.SIGUSR1)
        return len(came)

    assert (work(), work()) == (0, 1)
    assert len(came) == 2


# ── beside others ─────────────────────────────────────────────────────────────────────────


def test_somebody_else_s_wakeup_descriptor_goes_on():
    near, far = socket.socketpair()
    with near, far:
        far.setblocking(False)
        before = signal.set_wakeup_fd(far.fileno())
        try:
            came: list[str] = []
            with handle(USR1=came.append):
                signal.raise_signal(signal.SIGUSR1)
                assert near.recv(16) == bytes([signal.SIGUSR1])
            assert came == ["SIGUSR1"]
        finally:
            assert signal.set_wakeup_fd(before) == far.fileno()


def test_asyncio_calls_them_if_told_to_and_keeps_its_own():
    came: list[str] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        both = asyncio.Event()

        def note(name: str) -> None:
            came.append(name)
            if len(came) == 2:
                both.set()

        loop.add_signal_handler(signal.SIGUSR2, note, "asyncio")
        try:
            with handle(USR1=note) as handling:
                loop.add_reader(handling.fileno(), dispatch)
                signal.raise_signal(signal.SIGUSR1)
                signal.raise_signal(signal.SIGUSR2)
                await asyncio.wait_for(both.wait(), 20)
                loop.remove_reader(handling.fileno())
        finally:
            loop.remove_signal_handler(signal.SIGUSR2)

    asyncio.run(work())
    assert sorted(came) == ["SIGUSR1", "asyncio"]


def test_a_plain_handler_within_has_its_way():
    came: list[Any] = []
    with handle(USR1=came.append), local(USR1=lambda number, _: came.append(number)):
        signal.raise_signal(signal.SIGUSR1)
        assert came == [signal.SIGUSR1]


def test_a_child_that_is_forked_off_has_a_pipe_of_its_own():
    code = (
        "import os, signal\n"
        "from chat.signals import dispatch, handle\n"
        "with handle(USR1=print) as handling:\n"
        "    signal.raise_signal(signal.SIGUSR1)\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        assert dispatch() == 0\n"
        "        signal.raise_signal(signal.SIGUSR1)\n"
        "        os._exit(dispatch() - 1)\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    assert dispatch() == 1 and dispatch() == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-u", "-W", "ignore::DeprecationWarning", "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "SIGUSR1\n" * 2


def test_a_function_in_a_child_of_chat_s_waits_without_being_woken_for_nothing():
    """There every descriptor leads to /dev/null, which is always ready."""

    def child() -> int:
        began = time.process_time()
        with chat.open2(["sleep", "0.3"]) as s:
            s.wait(timeout=20)
        return int(time.process_time() - began > 0.2)

    with handle(USR1=print), chat.pipe_open_self(child) as s:
        assert s.wait(timeout=20).code == 0
