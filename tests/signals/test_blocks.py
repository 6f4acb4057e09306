"""`chat.signals.local`: handlers for the length of a block."""

from __future__ import annotations

import faulthandler
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

import chat
from chat.signals import DEFAULT, IGNORE, local


class Struck(Exception):
    """What a handler raises."""


def strike(*_: object) -> None:
    raise Struck


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    watched = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(each) for each in watched]
    yield
    assert [signal.getsignal(each) for each in watched] == before


def test_handlers_hold_for_the_block_and_are_put_back():
    came = []
    before = signal.getsignal(signal.SIGINT)
    with local(INT=IGNORE, USR1=lambda number, frame: came.append(number)):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGUSR1)
        assert signal.getsignal(signal.SIGINT) is IGNORE
    assert came == [signal.SIGUSR1]
    assert signal.getsignal(signal.SIGINT) is before


def test_blocks_nest():
    came: list[str] = []
    with local(USR1=lambda *_: came.append("outer")):
        with local(USR1=lambda *_: came.append("inner")):
            signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
    assert came == ["inner", "outer"]


def test_what_the_body_raises_changes_nothing():
    with pytest.raises(Struck), local(USR1=strike):
        signal.raise_signal(signal.SIGUSR1)


def test_a_function_can_be_decorated_and_may_call_itself():
    seen = []

    @local(USR1=IGNORE)
    def work(depth: int) -> None:
        seen.append(signal.getsignal(signal.SIGUSR1))
        if depth:
            work(depth - 1)

    work(2)
    assert seen == [IGNORE] * 3


def test_names_that_are_no_keywords_and_numbers_are_taken_too():
    real_time = signal.SIGRTMIN + 1
    with local({"RTMIN+1": IGNORE, signal.SIGUSR1: IGNORE}, USR2=IGNORE):
        for each in (real_time, signal.SIGUSR1, signal.SIGUSR2):
            signal.raise_signal(each)
    assert signal.getsignal(real_time) is DEFAULT


@pytest.mark.parametrize(
    ("handlers", "error"),
    [
        ({"NOPE": IGNORE}, ValueError),
        ({"KILL": IGNORE}, ValueError),
        ({"STOP": strike}, ValueError),
        ({"USR1": IGNORE, "SIGUSR1": IGNORE}, ValueError),
        ({"USR1": "no handler"}, TypeError),
        ({"USR1": None}, TypeError),
    ],
)
def test_what_cannot_be_handled_is_refused_before_anything_is_set(handlers, error):
    with pytest.raises(error):
        local(handlers)


def test_a_block_cannot_be_entered_within_itself():
    block = local(USR1=IGNORE)
    with block:
        with pytest.raises(RuntimeError):
            block.__enter__()
        assert signal.getsignal(signal.SIGUSR1) is IGNORE
    with block:
        pass


def test_another_thread_is_refused():
    errors: list[BaseException] = []

    def run() -> None:
        try:
            local(USR1=IGNORE).__enter__()
        except chat.NotSupported as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_a_handler_that_could_not_be_put_back_is_left_alone(tmp_path):
    with (tmp_path / "trace").open("w") as file:
        faulthandler.register(signal.SIGUSR2, file)  # in C, unseen by Python's table
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(signal, "getsignal", lambda _: None)
                with pytest.raises(chat.NotSupported, match=r"SIGUSR2.*not set in Python"):
                    local(USR2=IGNORE).__enter__()
        finally:
            faulthandler.unregister(signal.SIGUSR2)


ALARMS = """
import signal
from chat.signals import DEFAULT, IGNORE, local

class Struck(Exception): pass
def strike(*_): raise Struck

struck = 0
for round in range(5000):
    with local(ALRM=IGNORE):
        try:
            signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + round % 80))
            with local(USR1=IGNORE, ALRM=strike, USR2=IGNORE):
                sum(range(100))
        except Struck:
            struck += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    for each in ("USR1", "USR2", "ALRM"):
        assert signal.getsignal(getattr(signal, "SIG" + each)) is DEFAULT, (round, each)
print(struck)
"""


@pytest.mark.slow
def test_all_is_put_back_wherever_a_handler_raises():
    """An alarm at every microsecond of entering, of the body and of leaving."""
    done = subprocess.run(
        [sys.executable, "-c", ALARMS], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) > 100
    assert done.stderr == ""  # Python says so if it has lost one


def test_leaving_a_block_puts_back_what_those_within_have_not():
    """Python does not call `__exit__` if a handler raises right before it."""
    with local(USR1=strike):
        local(USR1=IGNORE, USR2=IGNORE).__enter__()
    assert signal.getsignal(signal.SIGUSR1) is DEFAULT
    assert signal.getsignal(signal.SIGUSR2) is DEFAULT


def test_leaving_goes_on_when_a_handler_raises(monkeypatch):
    """`signal.signal` raises what a handler raises that was on its way."""
    real, raises = signal.signal, iter([True, True, False, True, False, False])

    def interrupted(number: Any, handler: Any) -> Any:
        if next(raises):
            raise Struck
        return real(number, handler)

    with pytest.raises(Struck), local(USR1=IGNORE, USR2=IGNORE):
        monkeypatch.setattr(signal, "signal", interrupted)


def test_what_came_before_the_end_is_the_block_s(monkeypatch):
    """A signal that is on its way when the block ends is handled by the block's handler."""
    came: list[Any] = []
    with local(USR1=lambda *_: came.append("outer")):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        try:
            with local(USR1=lambda *_: came.append("inner")):
                signal.raise_signal(signal.SIGUSR1)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    assert came == ["inner"]
