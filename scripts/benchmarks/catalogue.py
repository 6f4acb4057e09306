"""The benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scripts.benchmarks import (
    dotall,
    drop_in,
    lines,
    many,
    pipes,
    roundtrip,
    scan,
    shell,
    sockets,
    spawn,
    timeout,
)
from scripts.benchmarks.measure import Runner
from scripts.benchmarks.report import Report

BENCHMARKS: Final[dict[str, Callable[[Runner], Report]]] = {
    "roundtrip": roundtrip.run,
    "spawn": spawn.run,
    "scan-pty": scan.over_pty,
    "scan-pipe": scan.over_pipe,
    "growth": scan.growing,
    "many": many.run,
    "dotall": dotall.run,
    "lines": lines.run,
    "shell": shell.run,
    "sockets": sockets.run,
    "pipes": pipes.run,
    "pexpect": drop_in.run,
    "timeout": timeout.run,
}
