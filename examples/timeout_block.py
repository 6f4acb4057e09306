"""Bound what a block of any code may take: a lock that another process holds, a FIFO."""

import fcntl
import os
import tempfile
from pathlib import Path

import chat

HOLDS = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print('held'); input()"


def wait_for_lock(path: Path) -> None:
    """perlipc's `eval { local $SIG{ALRM} = …; alarm 10; flock FH, 2; alarm 0 }`."""
    try:
        with path.open() as file, chat.timeout(0.2):
            fcntl.flock(file, fcntl.LOCK_EX)
    except chat.TimeRanOut as error:
        print(f"the lock: {error}")


@chat.timeout(0.2)
def open_fifo(path: Path) -> None:
    path.open()  # waits until somebody opens it for writing


def nest(path: Path) -> None:
    """The inner block never lengthens the outer one, and the error says whose time it was."""
    with chat.timeout(60) as outer:
        try:
            with chat.timeout(0.2) as inner:
                path.open()
        except chat.TimeRanOut as error:
            print(f"nested: it was the inner one's time: {error.limit is inner}")
        print(f"the outer block has {outer.left():.0f} s left")


with tempfile.TemporaryDirectory() as folder:
    lock, fifo = Path(folder, "lock"), Path(folder, "fifo")
    lock.touch()
    os.mkfifo(fifo)
    with chat.spawn(["python3", "-c", HOLDS, str(lock)], timeout=20) as holder:
        holder.expect("held")
        wait_for_lock(lock)
    try:
        open_fifo(fifo)
    except TimeoutError as error:  # a time limit's error is one of these, too
        print(f"the FIFO: {error}")
    nest(fifo)
