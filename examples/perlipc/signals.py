"""perlipc, "Signals": trap, ignore for a while, send to a group, ask with signal zero, reap."""

import signal
import sys

import chat


class Zapped(Exception):
    """Somebody sent a signal."""


def catch_zap(number: int, _frame: object) -> None:
    raise Zapped(f"somebody sent me a {chat.signals.name(number)}")


def trap() -> None:
    signal.signal(signal.SIGINT, catch_zap)
    try:
        signal.raise_signal(signal.SIGINT)
    except Zapped as zapped:
        print(zapped)
    with chat.signals.local(INT=chat.signals.IGNORE):  # Perl's `local $SIG{INT} = 'IGNORE'`
        signal.raise_signal(signal.SIGINT)
        print("nothing happened")


def say_names() -> None:
    number = chat.signals.number("ALRM")
    print(f"signal #17 is {chat.signals.name(17)}, SIGALRM is {number}")


def hang_up_a_group() -> None:
    """To a negative process id, in Perl: to the whole group. A session's is meant as one."""
    with chat.open2(chat.shell_command("sleep 60 & sleep 60 & echo ready; wait")) as group:
        group.expect("ready")
        chat.signals.send("HUP", group)
        print(f"the group was {group.wait()}")


def reap() -> None:
    """What a SIGCHLD handler is for in Perl, a session does by itself: no zombie is left."""
    with chat.open2(["cat"]) as kid:
        assert kid.pid is not None
        print(f"the kid is there: {bool(chat.signals.alive(kid.pid))}")
    print(f"it has {kid.exit_status}; it is there: {bool(chat.signals.alive(kid.pid))}")


trap()
say_names()
hang_up_a_group()
reap()
signal.signal(signal.SIGINT, lambda *_: sys.exit("outta here!"))
signal.raise_signal(signal.SIGINT)
