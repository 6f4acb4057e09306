"""A regex that spans lines and whose beginning has come, and whose end never does."""

from __future__ import annotations

from typing import Final

from scripts.benchmarks.measure import Job, Runner, growth
from scripts.benchmarks.report import Claim, Report
from scripts.benchmarks.work import MATCHED, make_log, make_patterns

BEGINNING: Final = "ERR begins here\n"
PATTERNS: Final = [("dotall", r"ERR begins.*and ends=(\d+)"), ("literal", MATCHED)]


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    sizes = (1, 2, 4, 8) if runner.quick else (1, 2, 4, 8, 16, 32)
    report = Report("dotall", "an unbounded regex that never ends, then a literal", "MB")
    took = []
    for size in sizes:
        # pexpect without a window is quadratic here; with one, it forgets the beginning.
        peers = ("chat", "pexpect") if size <= 2 else ("chat",)
        jobs = [_job(runner, peer, size) for peer in peers]
        comparison = runner.compare(f"{size} MB, pipe", jobs, rounds=min(5, runner.rounds))
        report.comparisons.append(comparison)
        took.append(comparison.series["chat"].median("wall") * size)
    words = f"growth of chat's time from {sizes[0]} to {sizes[-1]} MB (n log n is 1.07)"
    report.claims.append(Claim(words, "most", 1.1, growth(sizes, took)))
    return report


def _job(runner: Runner, peer: str, size: int) -> Job:
    log = make_log(runner.directory, size, BEGINNING)
    path = make_patterns(runner.directory, "dotall", PATTERNS)
    names = {"via": "pipe", "patterns": path, "size": log.size}
    return Job(peer, "scan", names, log.result(1), log.size / 2**20, log.sender("pipe"))
