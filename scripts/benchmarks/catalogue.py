"""The benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scripts.benchmarks import dotall, drop_in, lines, many, roundtrip, scan, shell, spawn
from scripts.benchmarks.measure import Runner
from scripts.benchmarks.report import Report

BENCHMARKS: Final[dict[str, Callable[[Runner], Report]]] = {
    "roundtrip": roundtrip.run,
    "spawn": spawn.run,
    "scan": scan.run,
    "many": many.run,
    "dotall": dotall.run,
    "lines": lines.run,
    "shell": shell.run,
    "pexpect": drop_in.run,
}
