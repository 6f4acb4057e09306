"""perlipc, "Signals": trap, ignore for a while, send to a group, ask with signal zero, reap."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import chat


class Zapped(Exception):
    """Somebody sent a signal."""


def catch_zap(number: int, _frame: object) -> None:
    raise Zapped(f"somebody sent me a {signal.Signals(number).name}")


@contextmanager
def ignoring(number: int) -> Iterator[None]:
    """Perl's `local $SIG{INT} = 'IGNORE'`: restored when the block is left."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def trap() -> None:
    signal.signal(signal.SIGINT, catch_zap)
    try:
        signal.raise_signal(signal.SIGINT)
    except Zapped as zapped:
        print(zapped)
    with ignoring(signal.SIGINT):
        signal.raise_signal(signal.SIGINT)
        print("nothing happened")


def say_names() -> None:
    print(f"signal #17 is {signal.Signals(17).name}, SIGALRM is {int(signal.SIGALRM)}")


def hang_up_a_group() -> None:
    """To a negative process id: to the whole group. A session does it by name."""
    with chat.open2(chat.shell_command("sleep 60 & sleep 60 & echo ready; wait")) as group:
        group.expect("ready")
        group.signal("HUP")
        print(f"the group was {group.wait()}")


def is_there(pid: int) -> bool:
    """Signal number zero affects nobody, and says whether there is somebody."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def reap() -> None:
    """What a SIGCHLD handler is for in Perl, a session does by itself: no zombie is left."""
    with chat.open2(["cat"]) as kid:
        assert kid.pid is not None
        print(f"the kid is there: {is_there(kid.pid)}")
    print(f"it has {kid.exit_status}; it is there: {is_there(kid.pid)}")


trap()
say_names()
hang_up_a_group()
reap()
signal.signal(signal.SIGINT, lambda *_: sys.exit("outta here!"))
signal.raise_signal(signal.SIGINT)
