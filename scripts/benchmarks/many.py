"""Fifty alternatives over four megabytes: one pass should do for all of them."""

from __future__ import annotations

from typing import Final

from scripts.benchmarks.measure import COMMANDS, Job, Runner
from scripts.benchmarks.report import Claim, Report
from scripts.benchmarks.work import make_log, make_patterns

# None of these is in the log but the last, in its last line.
ALTERNATIVES: Final = [
    *(("literal", f"fatal error {number} in module") for number in range(25)),
    *(("regex", rf"exception-{number}: [a-z]+ at \d+") for number in range(24)),
    ("regex", r"ERR disk code=(\d{4})"),
]

MEGABYTES: Final = 4


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    log = make_log(runner.directory, MEGABYTES)
    path = make_patterns(runner.directory, "many", ALTERNATIVES)
    names = {"via": "pty", "patterns": path, "size": log.size}
    expected = log.result(len(ALTERNATIVES) - 1, "4711")
    jobs = [
        Job(
            peer,
            "scan",
            names,
            log.unsearched() if peer == "raw loop" else expected,
            log.size / 2**20,
            log.sender("pty"),
        )
        for peer in COMMANDS
    ]
    report = Report("many", f"fifty alternatives over {MEGABYTES} MB", "MB")
    comparison = runner.compare(f"{MEGABYTES} MB, pty", jobs)
    report.comparisons.append(comparison)
    share = comparison.ratio("raw loop", "chat")
    report.claims.append(Claim("share of the raw loop's rate", "least", 0.65, share))
    report.claim_faster(comparison, "pexpect tuned", 4)
    report.claim_faster(comparison, "Tcl Expect", 20)
    return report
