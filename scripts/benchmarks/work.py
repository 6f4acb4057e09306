"""The files that peers work on, made once and the same for all, and what is in them."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1 << 20

MATCHED: Final = "ERR disk code=4711"
"""What the last line of a log ends in, and every set of patterns awaits."""

AWAITS: Final = "printf READY; head -c1 >/dev/null; "
"""Shell: says READY, and goes on when it has been sent a character."""


@dataclass(frozen=True)
class Log:
    """A file of log lines whose last one has what is awaited.

    Attributes:
        size: Bytes in all.
    """

    path: Path
    size: int

    def result(self, index: int, group: str = "-", match: str = MATCHED) -> str:
        """What a peer has to say that has found `match` in its last line."""
        before = self.path.read_bytes()[: -len(match) - 1]
        return f"{index} {group} {len(before)} {zlib.crc32(before)}"

    def unsearched(self) -> str:
        """What the loop has to say that does not search."""
        return f"-1 - {self.size} {zlib.crc32(self.path.read_bytes())}"

    def sender(self, via: str) -> tuple[str, ...]:
        """A command that sends it, the bytes as they are, when told to."""
        raw = "stty raw -echo; " if via == "pty" else ""
        return ("sh", "-c", f"{raw}{AWAITS}exec cat '{self.path}'")


def make_log(directory: Path, megabytes: int, first: str = "") -> Log:
    """Make a log of that size; `first` is what it begins with."""
    path = directory / f"log-{megabytes}-{zlib.crc32(first.encode())}"
    if not path.exists():
        block = "".join(_log_lines(MEGABYTE))
        text = first + block * megabytes + f"2026-01-02T03:04:05.678 {MATCHED}\n"
        path.write_text(text, "ascii")
    return Log(path, path.stat().st_size)


def _log_lines(size: int) -> Iterable[str]:
    """Log lines of a web service, one in a hundred an error that is not the awaited one."""
    chance = random.Random(1)
    while size > 0:
        level = "ERR disk slow" if chance.random() < 0.01 else "INFO"
        request, item = chance.randrange(10**8), chance.randrange(10**5)
        line = (
            f"2026-01-02T03:04:05.678 {level} worker-{chance.randrange(9)}"
            f" request={request:08} path=/api/v1/items/{item}"
            f" status=200 took={chance.randrange(900)}ms"
        )[: size - 1] + "\n"
        size -= len(line)
        yield line


def make_lines(directory: Path, count: int) -> tuple[Path, str]:
    """Make a file of short lines; also says how many bytes are in them without their ends."""
    path = directory / f"lines-{count}"
    lines = [f"line {number}" for number in range(count)]
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    return path, f"{count} {sum(map(len, lines))}"


def cell_of_lines(directory: Path, count: int) -> tuple[Path, str]:
    """Write commands for a shell; also gives what a peer has to say of their output."""
    path = directory / f"cell-{count}"
    path.write_text("\n".join(f"echo line $(({n} + 1))" for n in range(count)), "ascii")
    output = "\n".join(f"line {n + 1}" for n in range(count))
    return path, str(zlib.crc32(output.encode()))


def make_patterns(directory: Path, name: str, patterns: Iterable[tuple[str, str]]) -> Path:
    """Write patterns, as pairs of kind and text, in the way that peers read."""
    path = directory / f"patterns-{name}"
    path.write_text("".join(f"{kind}\t{text}\n" for kind, text in patterns), "ascii")
    return path
