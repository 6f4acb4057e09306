"""perlipc, "Signals": a time limit on a call that blocks, which perlipc does with `alarm`.

    python flock_alarm.py [file [seconds]]

Without a file it locks one of its own, twice: the second time somebody else has it.
"""

import fcntl
import sys
import tempfile
from pathlib import Path

import chat


def lock(path: Path, seconds: float) -> bool:
    """Get a write lock within so many seconds; whether that came to be."""
    with path.open("w") as file:
        # The alarm is cleared when the block is left, and other errors go their way: Perl's
        # `local $SIG{ALRM}`, `alarm 0`, and the look at `$@` behind the eval.
        try:
            with chat.timeout(seconds):
                fcntl.flock(file, fcntl.LOCK_EX)
        except chat.TimeRanOut:
            print(f"no lock within {seconds:g} s")
            return False
        print("locked")
        return True


if len(sys.argv) > 1:
    sys.exit(not lock(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 10))

with tempfile.NamedTemporaryFile() as somebody:
    assert lock(Path(somebody.name), 10)
    fcntl.flock(somebody, fcntl.LOCK_EX)
    assert not lock(Path(somebody.name), 0.2)
