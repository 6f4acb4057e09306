"""A block with a time limit that does nothing, beside a block that is nothing."""

from __future__ import annotations

import math
import statistics

from scripts.benchmarks.measure import Comparison, Job, Runner
from scripts.benchmarks.report import Claim, Report

MOST = 10.0
"""Microseconds that a time limit may add to a block."""


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    report = Report("timeout", "enter and leave a block that does nothing", "blocks")
    count = 20_000 if runner.quick else 100_000
    jobs = [
        Job(peer, "blocks", {"count": count}, str(count), count)
        for peer in ("chat", "raw loop")
    ]
    comparison = runner.compare("with …: pass", jobs)
    report.comparisons.append(comparison)
    words = "microseconds that chat.timeout adds to a block"
    report.claims.append(Claim(words, "most", MOST, _added(comparison) * 1e6))
    report.notes.append("raw loop: an empty context manager of the standard library.")
    return report


def _added(comparison: Comparison) -> float:
    """Seconds by which chat's block took longer than the empty one, in the middle round."""
    ours, empty = (comparison.series[name].wall for name in ("chat", "raw loop"))
    if not ours or len(ours) != len(empty):
        return math.nan
    return statistics.median(a - b for a, b in zip(ours, empty, strict=True))
