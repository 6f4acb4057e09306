"""A cell of a hundred lines in a bash that waits for the next."""

from __future__ import annotations

import zlib

from scripts.benchmarks.measure import Job, Runner
from scripts.benchmarks.report import Report

LINES = 100


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    path = runner.directory / "cell"
    path.write_text("\n".join(f"echo line $(({n} + 1))" for n in range(LINES)), "ascii")
    output = "\n".join(f"line {n + 1}" for n in range(LINES))
    names = {"cell": path}
    peers = ("chat", "pexpect", "pexpect tuned")
    expected = str(zlib.crc32(output.encode()))
    jobs = [Job(peer, "shell", names, expected, 1) for peer in peers]
    report = Report("shell", f"a cell of {LINES} lines in bash", "cells")
    comparison = runner.compare(f"{LINES} lines", jobs)
    report.comparisons.append(comparison)
    report.claim_faster(comparison, "pexpect", 50, "speed against pexpect's replwrap")
    report.notes.append("pexpect is its replwrap, which sends a line and awaits a prompt.")
    return report
