"""`chat.timeout`: blocks of any code with a time limit, and other people's alarms."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import chat
from chat.testing import MemoryPeer, python_child

LATE = 0.04
"""Seconds that an alarm may be late on a machine that does other things too. None is early."""


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """Each test ends with the handler that was there."""
    before = signal.getsignal(signal.SIGALRM)  # pytest-timeout's, for one
    yield
    assert signal.getsignal(signal.SIGALRM) is before


def block() -> None:
    """Block for ever in a call that knows of no time."""
    select.select([], [], [])


def test_what_blocks_is_interrupted():
    began = time.monotonic()
    with pytest.raises(chat.TimeRanOut) as caught, chat.timeout(0.05) as limit:
        block()
    assert 0.05 <= time.monotonic() - began < 0.05 + LATE * 5
    assert caught.value.limit is limit and limit.ran_out
    assert isinstance(caught.value, TimeoutError)
    assert str(caught.value) == "the time ran out that a block may take: 0.05 s"


def test_a_block_that_is_done_in_time_is_not():
    with chat.timeout(60) as limit:
        pass
    assert not limit.ran_out
    with chat.timeout(0.02):
        pass
    assert select.select([], [], [], 0.04) == ([], [], [])


def test_a_function_can_be_bounded():
    @chat.timeout(0.03)
    def stuck():
        block()

    for _ in range(3):
        with pytest.raises(chat.TimeRanOut):
            stuck()


@pytest.mark.parametrize(("inner", "outer"), [(0.03, 60), (60, 0.03), (0.03, 0.03)])
def test_the_error_tells_whose_time_ran_out(inner, outer):
    out, within = chat.timeout(outer), chat.timeout(inner)
    with pytest.raises(chat.TimeRanOut) as caught, out, within:
        block()
    assert caught.value.limit is (within if inner < outer else out)
    assert (within.ran_out, out.ran_out) == (inner < outer, inner >= outer)


def test_an_inner_block_does_not_use_up_the_outer_one_s_alarm():
    began = time.monotonic()
    with pytest.raises(chat.TimeRanOut) as caught, chat.timeout(0.15) as outer:
        for _ in range(3):
            with pytest.raises(chat.TimeRanOut), chat.timeout(0.02):
                block()
        block()
    assert caught.value.limit is outer
    assert time.monotonic() - began >= 0.15


@pytest.mark.slow
def test_an_alarm_that_strikes_while_a_block_is_entered_is_not_lost():
    for number in range(1500):
        outer, inner = chat.timeout(60), chat.timeout(number % 30 * 1e-6)
        with pytest.raises(chat.TimeRanOut), outer, inner:
            block()


# ── what it works around ──────────────────────────────────────────────────────────────────


@pytest.fixture
def locked(tmp_path):
    """A file that another process holds a lock on."""
    path = tmp_path / "lock"
    path.touch()
    code = (
        "import fcntl, sys\nfile = open(sys.argv[1])\nfcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == b"locked\n"
        yield path
        holder.communicate()


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.slow
def test_a_thousand_locks_that_another_process_holds(locked):
    with locked.open() as file:
        before = open_descriptors()
        for _ in range(1000):
            with pytest.raises(chat.TimeRanOut), chat.timeout(0.001):
                fcntl.flock(file, fcntl.LOCK_EX)
        assert open_descriptors() == before
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.slow
def test_a_thousand_fifos_that_nobody_answers(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    before = open_descriptors()
    for number in range(1000):
        flags = os.O_WRONLY if number % 2 else os.O_RDONLY
        with pytest.raises(chat.TimeRanOut), chat.timeout(0.001):
            os.open(tmp_path / "fifo", flags)
    assert open_descriptors() == before


def test_waiting_for_a_child_of_one_s_own():
    child = subprocess.Popen(["sleep", "60"])
    try:
        with pytest.raises(chat.TimeRanOut), chat.timeout(0.03):
            os.waitpid(child.pid, 0)
    finally:
        child.kill()
        child.wait()


def test_looking_up_a_name(monkeypatch):
    # A resolver that does not answer: a socket that is bound, and never read.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(chat.TimeRanOut), chat.timeout(0.03):
            silent.recvfrom(512)


def test_code_that_tries_again_when_it_is_interrupted():
    with pytest.raises(chat.TimeRanOut), chat.timeout(0.03):
        while True:
            try:
                block()
            except InterruptedError:
                continue


def test_a_loop_that_never_blocks():
    with pytest.raises(chat.TimeRanOut), chat.timeout(0.03):
        while True:
            pass


SILENT = "import signal\nsignal.pause()"

STUBBORN = """
import signal
for each in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(each, signal.SIG_IGN)
print("ready")
while True: signal.pause()
"""


def test_a_child_that_ignores_all_but_kill():
    began = time.monotonic()
    with python_child(STUBBORN) as s:
        s.expect("ready")
        with chat.timeout(0.1) as limit:
            status = s.close(grace=60)
    assert status.signal == "SIGKILL" and not limit.ran_out
    assert time.monotonic() - began < 10


# ── sessions ──────────────────────────────────────────────────────────────────────────────


def test_a_session_ends_its_wait_by_itself_and_says_what_came():
    with (
        python_child("print('so far')\nimport signal\nsignal.pause()") as s,
        pytest.raises(chat.ExpectTimeout) as caught,
        chat.timeout(0.2) as limit,
    ):
        s.expect("never", timeout=60)
    assert caught.value.ended_by == "deadline" and "so far" in caught.value.before
    assert limit.ran_out


@pytest.mark.slow
def test_nothing_that_was_read_is_lost_to_an_alarm():
    code = "for number in range(200_000): print(number)"
    came = []
    with python_child(code, timeout=60) as s:
        while True:
            try:
                with chat.timeout(0.002):
                    for line in s:
                        came.append(int(line))  # noqa: PERF401  (what came before the alarm)
                    break
            except (chat.TimeRanOut, chat.ExpectTimeout):
                continue
    # An alarm may strike between a line's being taken and its being noted here.
    assert len(came) > 199_000
    assert came == sorted(set(came))


def test_what_a_prompt_s_answer_calls_is_interrupted_too():
    limit = chat.timeout(0.05)
    with MemoryPeer(["name? "]).session() as s, pytest.raises(chat.TimeRanOut), limit:
        s.expect("never", respond={"name? ": lambda match: block()}, timeout=60)


def test_chat_itself_is_interrupted_if_it_hangs(monkeypatch):
    names: dict[str, Any] = {"__name__": "chat.something"}
    exec("import select\ndef stuck(): select.select([], [], [])", names)  # noqa: S102
    monkeypatch.setattr("chat.alarms.PATIENCE", 0.05)
    with pytest.raises(chat.TimeRanOut), chat.timeout(0.02):
        names["stuck"]()


# ── other threads ─────────────────────────────────────────────────────────────────────────


def in_a_thread(function):
    results: list[Any] = []

    def run():
        try:
            results.append(function())
        except Exception as error:  # noqa: BLE001  (looked at by the test)
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


def test_another_thread_is_refused_at_once():
    def refused():
        with chat.timeout(1):
            return "entered"

    error = in_a_thread(refused)
    assert isinstance(error, chat.NotSupported) and "cooperative=True" in str(error)


def test_another_thread_that_cooperates_bounds_its_sessions():
    def waited():
        with python_child(SILENT) as s, chat.timeout(0.05, cooperative=True):
            s.expect("never", timeout=60)

    error = in_a_thread(waited)
    assert isinstance(error, chat.ExpectTimeout) and error.ended_by == "deadline"


# ── other people's alarms ─────────────────────────────────────────────────────────────────


class Rang(Exception):
    """What a stranger's handler raises."""


@contextmanager
def a_stranger_s_alarm(seconds: float, handler: Any):
    """What careful code without `chat` does: it puts back what it has found."""
    began = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        if left:
            passed = time.monotonic() - began
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, left - passed))


def test_an_alarm_that_was_set_before_rings_in_the_block():
    def ring(*_: object) -> None:
        raise Rang

    with pytest.raises(Rang), a_stranger_s_alarm(0.03, ring), chat.timeout(60):
        block()


def test_it_goes_on_after_the_block_less_the_time_that_passed():
    rang = []
    with a_stranger_s_alarm(0.1, lambda *_: rang.append(time.monotonic())):
        began = time.monotonic()
        with pytest.raises(chat.TimeRanOut), chat.timeout(0.03):
            block()
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left <= 0.071 and interval == 0
        select.select([], [], [], 0.1)
    assert len(rang) == 1
    assert 0.0999 <= rang[0] - began < 0.1 + LATE * 5


def test_an_alarm_that_rings_again_and_again_goes_on_doing_so():
    rang = []
    with a_stranger_s_alarm(60, lambda *_: rang.append(time.monotonic())):
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        with pytest.raises(chat.TimeRanOut), chat.timeout(0.11):
            block()
        assert 4 <= len(rang) <= 5
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left <= 0.02 and interval == pytest.approx(0.02)


def test_a_plain_alarm_in_the_block_gets_to_the_handler_that_was_there():
    rang = []
    limit, alarm = chat.timeout(0.1), a_stranger_s_alarm(60, lambda *_: rang.append(1))
    with alarm, pytest.raises(chat.TimeRanOut), limit:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        block()
    assert rang == [1]


def test_an_alarm_without_a_handler_ends_the_process_as_it_would_have():
    code = (
        "import signal, chat\nsignal.setitimer(signal.ITIMER_REAL, .1)\n"
        "with chat.timeout(60): signal.pause()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGALRM


# ── nesting, as a property ────────────────────────────────────────────────────────────────


@dataclass
class Node:
    """A block with a limit, one with a stranger's alarm, or a wait; so many seconds long."""

    kind: str
    seconds: int
    inside: list[Node] = field(default_factory=list)


class Model:
    """What should happen to a tree of blocks: who rings when, and when all is over."""

    def __init__(self) -> None:
        self.now = 0
        self.rang: list[tuple[str, int]] = []
        self.blocks: list[Node] = []
        self.due: dict[int, int] = {}  # of blocks that have not rung, by their identity

    def run(self, node: Node) -> None:
        if node.kind == "wait":
            self.wait(self.now + node.seconds)
            return
        self.blocks.append(node)
        self.due[id(node)] = self.now + node.seconds
        try:
            for each in node.inside:
                self.run(each)
        except Hit as hit:
            if hit.node is not node:
                raise
        finally:
            self.due.pop(id(node), None)
            self.blocks.pop()
        self.wait(self.now)  # what could not ring in a stranger's block rings behind it

    def wait(self, end: int) -> None:
        while (first := self.first_in_force()) is not None and self.due[id(first)] <= end:
            self.now = max(self.now, self.due.pop(id(first)))
            self.rang.append((first.kind, self.now))
            if first.kind == "limit":
                where = [each is first for each in self.blocks].index(True)
                for each in self.blocks[where:]:
                    if each.kind == "limit":
                        self.due.pop(id(each), None)
                raise Hit(first)
        self.now = max(self.now, end)

    def first_in_force(self) -> Node | None:
        """In a stranger's own block only his alarm can ring; in a limit's, all limits too."""
        strangers = [each for each in self.blocks if each.kind == "stranger"][-1:]
        inside = self.blocks and self.blocks[-1].kind == "limit"
        limits = [each for each in self.blocks if each.kind == "limit"] if inside else []
        able = [each for each in limits + strangers if id(each) in self.due]
        times = [self.due[id(each)] for each in able]
        assume(len(times) == len(set(times)))  # who rings first of two is not promised
        return min(able, key=lambda each: self.due[id(each)], default=None)


@dataclass
class Hit(Exception):
    """Whose time ran out."""

    node: Node


class FakeSignals:
    """One timer and one handler, on a clock that only waiting moves."""

    SIG_DFL = signal.SIG_DFL

    def __init__(self) -> None:
        self.time = 0.0
        self.handler: Any = signal.SIG_DFL
        self.timer: tuple[float | None, float] = (None, 0.0)
        self.rang: list[tuple[str, float]] = []

    def now(self) -> float:
        return self.time

    def getsignal(self, number: int) -> Any:
        return self.handler

    def signal(self, number: int, handler: Any) -> Any:
        previous, self.handler = self.handler, handler
        return previous

    def setitimer(self, which: int, left: float, interval: float = 0.0) -> tuple[float, float]:
        due, previous = self.timer
        self.timer = (self.time + left if left else None), interval
        return (0.0 if due is None else max(1e-6, due - self.time)), previous

    def wait(self, end: float) -> None:
        while (due := self.timer[0]) is not None and due <= end:
            self.time = max(self.time, due)
            interval = self.timer[1]
            self.timer = (due + interval if interval else None), interval
            self.handler(signal.SIGALRM, sys._getframe())
        self.time = max(self.time, end)

    def run(self, node: Node) -> None:
        if node.kind == "wait":
            self.wait(self.time + node.seconds)
        elif node.kind == "stranger":
            self.be_a_stranger(node)
        else:
            limit = chat.timeout(node.seconds)
            try:
                with limit:
                    self.run_all(node)
            except chat.TimeRanOut as error:
                if error.limit is not limit:
                    raise
                self.rang.append(("limit", self.time))
        self.wait(self.time + 1e-5)  # what is due already rings a moment later

    def be_a_stranger(self, node: Node) -> None:
        """What careful code without `chat` does: it puts back what it has found."""
        began = self.time
        left, interval = self.setitimer(0, 0)
        previous = self.signal(0, lambda *_: self.rang.append(("stranger", self.time)))
        self.setitimer(0, node.seconds)
        try:
            self.run_all(node)
        finally:
            self.setitimer(0, 0)
            self.signal(0, previous)
            if left:
                self.setitimer(0, max(1e-6, left - (self.time - began)), interval)

    def run_all(self, node: Node) -> None:
        for each in node.inside:
            self.run(each)


WAITS = st.integers(1, 6).map(lambda seconds: Node("wait", 2 * seconds))
TREES = st.recursive(
    WAITS,
    lambda inside: st.builds(
        Node,
        st.sampled_from(["limit", "limit", "stranger"]),
        st.integers(0, 12).map(lambda seconds: 2 * seconds + 1),
        st.lists(inside, min_size=1, max_size=4),
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@example(Node("limit", 3, [Node("limit", 5, [Node("wait", 4)]), Node("wait", 2)]))
@example(Node("stranger", 3, [Node("limit", 9, [Node("wait", 4)])]))
@example(Node("limit", 3, [Node("stranger", 1, [Node("limit", 9, [Node("wait", 4)])])]))
@given(TREES)
def test_trees_of_limits_and_alarms_ring_when_they_should(tree: Node) -> None:
    model, reality = Model(), FakeSignals()
    model.run(tree)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chat.alarms._signal", reality)
        patch.setattr("chat.alarms._clock", reality)
        reality.run(tree)
    assert [(kind, round(when, 3)) for kind, when in reality.rang] == model.rang
    assert reality.time == pytest.approx(model.now, abs=0.001)
    assert (reality.handler, reality.timer[0]) == (signal.SIG_DFL, None)


@pytest.mark.slow
def test_a_tree_on_the_system_s_own_clock():
    rang = []
    began = time.monotonic()

    def passed() -> float:
        return time.monotonic() - began

    with pytest.raises(chat.TimeRanOut) as caught, chat.timeout(0.3) as outer:
        alarm = a_stranger_s_alarm(0.1, lambda *_: rang.append(passed()))
        with alarm, pytest.raises(chat.TimeRanOut) as inner, chat.timeout(0.2):
            block()
        with chat.timeout(60):
            block()
    assert 0.1 <= rang[0] < 0.3 <= passed()
    assert inner.value.limit.seconds == 0.2 and caught.value.limit is outer
