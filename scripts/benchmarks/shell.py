"""A cell of a hundred lines in a bash that waits for the next."""

from __future__ import annotations

from scripts.benchmarks.measure import Job, Runner
from scripts.benchmarks.report import Report
from scripts.benchmarks.work import cell_of_lines

LINES = 100


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    path, expected = cell_of_lines(runner.directory, LINES)
    peers = ("chat", "pexpect", "pexpect tuned")
    jobs = [Job(peer, "shell", {"cell": path}, expected, 1) for peer in peers]
    report = Report("shell", f"a cell of {LINES} lines in bash", "cells")
    comparison = runner.compare(f"{LINES} lines", jobs)
    report.comparisons.append(comparison)
    report.claim_faster(comparison, "pexpect", 50, "speed against pexpect's replwrap")
    report.notes.append("pexpect is its replwrap, which sends a line and awaits a prompt.")
    return report
