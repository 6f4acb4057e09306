"""perlipc, "Named Pipes": a .signature file that is different each time it is read.

fifo_signature.py [PATH [TIMES]]     by default ~/.signature, for ever
"""

import itertools
import os
import random
import sys
from pathlib import Path

import chat

FORTUNES = [
    "The early bird gets the worm; the second mouse gets the cheese.",
    "Any given program, when running, is obsolete.",
    "You are in a maze of twisty little pipes, all alike.",
]


def renew(path: Path) -> None:
    """Put a fresh FIFO in place, also where anyone has removed the last one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    os.mkfifo(fresh, 0o600)
    fresh.replace(path)


def serve(path: Path, times: int | None) -> None:
    if not path.is_fifo():
        renew(path)
    for _ in itertools.count() if times is None else range(times):
        with chat.open_fifo(path, "w", timeout=None) as reader:  # once there is a reader
            # Whoever reads from now on waits for the next: nobody gets two, and Perl's
            # `sleep 2` is not needed.
            renew(path)
            reader.send(f"John Smith (smith@host.org)\n{random.choice(FORTUNES)}\n")  # noqa: S311


def main(words: list[str]) -> None:
    path = Path(words[0]) if words else Path.home() / ".signature"
    if path.exists() and not path.is_fifo():
        sys.exit(f"{path} is there, and no FIFO: it is left alone")
    serve(path, int(words[1]) if len(words) > 1 else None)


main(sys.argv[1:])
