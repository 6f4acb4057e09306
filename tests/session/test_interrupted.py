"""A signal every millisecond, and children that nothing but SIGKILL ends: by the thousand."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

import chat
from chat.signals import handle, local
from chat.testing import python_child

pytestmark = pytest.mark.slow

MILLISECOND = 0.001

ROUNDS = 36_000
"""An hour of a dialogue with ten questions a second, without the waiting in between."""

ANSWERS = """
    import sys, tty
    tty.setraw(0)
    print('ready', end='', flush=True)
    for line in iter(sys.stdin.buffer.readline, b''):
        sys.stdout.buffer.write(b'<' + line[:-1][::-1] + b'>')
        sys.stdout.buffer.flush()
"""


@contextmanager
def rain(came: list[int]) -> Iterator[None]:
    """Send the main thread SIGUSR1 every millisecond; whoever handles it notes that it came."""
    over, main = threading.Event(), threading.main_thread().ident
    assert main is not None

    def send() -> None:
        while not over.wait(MILLISECOND):
            signal.pthread_kill(main, signal.SIGUSR1)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


KINDS: dict[str, Callable[[list[int]], AbstractContextManager[object]]] = {
    "a plain handler": lambda came: local(USR1=lambda number, _: came.append(number)),
    "a function that is called in waits": lambda came: handle(USR1=lambda _: came.append(1)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_hour_of_questions_is_answered_right(kind):
    came: list[int] = []
    with python_child(ANSWERS, newline="\n", echo=False) as s, KINDS[kind](came), rain(came):
        s.expect("ready")
        began = time.monotonic()
        for number in range(ROUNDS):
            question = f"question {number}"
            s.sendline(question)
            match = s.expect(f"<{question[::-1]}>", "<.*>", timeout=20)
            assert (match.index, match.before) == (0, "")
        lasted = time.monotonic() - began
    assert len(came) > lasted / MILLISECOND / 10


@pytest.mark.parametrize("kind", KINDS)
def test_all_else_a_session_does_is_done_right(kind):
    """Starting, sending more than is taken at once, silence, timeouts, waiting, ending."""
    came: list[int] = []
    with KINDS[kind](came), rain(came):
        for number in range(40):
            with chat.open2(["cat"]) as s:
                text = f"{number:9} " * 30_000
                s.send(text, timeout=20)
                assert s.read(len(text), timeout=20) == text
                began = time.monotonic()
                with pytest.raises(chat.ExpectTimeout):
                    s.expect("never", timeout=0.01)
                assert time.monotonic() - began >= 0.01
                s.sendline("word")
                assert s.expect(chat.regex(r"w\w+\n"), timeout=20).text == "word\n"
                s.sendeof()
                assert s.wait(timeout=20).code == 0
            assert chat.run(["sh", "-c", f"exit {number}"]).exit_status.code == number
            with chat.spawn(["sleep", "600"]) as s:
                pass
            assert s.exit_status.signal == "SIGHUP"
    assert came


STUBBORN = "trap '' HUP INT QUIT TERM; echo ready; exec sleep 600"
CLOSES = 1000
THREADS = 4


def test_a_thousand_that_only_a_kill_ends_are_ended_in_time(held):
    before = held()
    wrong: list[object] = []

    def work() -> None:
        for _ in range(CLOSES // THREADS):
            s = chat.spawn(["sh", "-c", STUBBORN], timeout=30)
            s.expect("ready")
            began = time.monotonic()
            status = s.close(grace=0.005)
            took = time.monotonic() - began
            steps = s.termination.steps
            if status.signal != "SIGKILL" or took > 5 or len(steps) != 3:
                wrong.append((status, took, s.termination))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert held() == before
