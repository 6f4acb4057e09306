"""A million short lines, taken one at a time."""

from __future__ import annotations

from scripts.benchmarks.measure import COMMANDS, Job, Runner
from scripts.benchmarks.report import Report
from scripts.benchmarks.work import AWAITS, make_lines


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    count = 50_000 if runner.quick else 1_000_000
    path, expected = make_lines(runner.directory, count)
    command = ("sh", "-c", f"stty raw -echo; {AWAITS}exec cat '{path}'")
    names = {"count": count}
    jobs = [Job(peer, "lines", names, expected, count, command) for peer in COMMANDS]
    report = Report("lines", f"{count} short lines, one at a time, over a pty", "lines")
    comparison = runner.compare(f"{count} lines", jobs)
    report.comparisons.append(comparison)
    report.claim_faster(comparison, "pexpect tuned", 2.3)
    report.claim_faster(comparison, "Tcl Expect", 2)
    return report
