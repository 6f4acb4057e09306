"""Much output, and then what is awaited; everything before it is kept."""

from __future__ import annotations

from typing import Final

from scripts.benchmarks.measure import COMMANDS, Comparison, Job, Runner, growth
from scripts.benchmarks.report import Claim, Report
from scripts.benchmarks.work import MATCHED, Log, make_log, make_patterns

UNBOUNDED: Final = r"ERR.*code=(\d+)"

# Patterns, and what a peer says has matched: the pattern's index and its group.
AWAITED: Final = {
    "literal": ([("literal", MATCHED)], 0, "-"),
    "bounded regex": ([("regex", r"ERR disk code=(\d{4})")], 0, "4711"),
    "set with an unbounded regex": (
        [("literal", "never there"), ("regex", "panic: [a-z]{1,8}!"), ("regex", UNBOUNDED)],
        2,
        "4711",
    ),
}

GROWTH_SIZES: Final = (1, 2, 4, 8, 16, 32)


ROUNDS: Final = 5
"""A round of all peers takes a minute here, and its figures do not scatter like short ones'."""


def over_pty(runner: Runner) -> Report:
    """Measure on a pseudo-terminal, and compare with what was promised."""
    return _over(runner, "pty")


def over_pipe(runner: Runner) -> Report:
    """Measure on a pair of pipes, and compare with what was promised."""
    return _over(runner, "pipe")


def growing(runner: Runner) -> Report:
    """Measure how chat's time grows with the size of what comes."""
    report = Report("growth", "log lines, then a match: chat, by size", "MB")
    for awaited in AWAITED:
        _measure_growth(runner, report, awaited)
    report.notes += [
        "What a wait costs once flatters the exponents; the rates at each size do not lie.",
    ]
    return report


def _over(runner: Runner, via: str) -> Report:
    report = Report(f"scan-{via}", f"log lines over a {via}, then a match", "MB")
    for awaited in AWAITED:
        _compare_sizes(runner, report, via, awaited)
    report.notes += [
        "The raw loop does not search: it reads everything and joins it.",
        "pexpect tuned would lose a match longer than its window of 16384 bytes.",
        "What takes a fifth of the limit is done once, and not asked for at the larger size.",
    ]
    if via == "pipe":
        report.notes.append("pexpect holds pipes by fdspawn, which is faster than PopenSpawn.")
    return report


def _compare_sizes(runner: Runner, report: Report, via: str, awaited: str) -> None:
    peers = list(COMMANDS)
    for size in (2, 8) if runner.quick else (8, 32):
        log = make_log(runner.directory, size)
        jobs = [_job(runner, peer, log, via, awaited) for peer in peers]
        rounds = min(runner.rounds, ROUNDS)
        comparison = runner.compare(f"{size} MB, {via}, {awaited}", jobs, rounds=rounds)
        report.comparisons.append(comparison)
        _claim(report, comparison, via)
        peers = [peer for peer in peers if _is_quick(runner, comparison, peer)]


def _is_quick(runner: Runner, comparison: Comparison, peer: str) -> bool:
    """Whether a peer that chat is compared with can do four times the work in time."""
    if peer in ("chat", "raw loop"):
        return True
    series = comparison.series[peer]
    return not series.failure and series.median("wall") * series.job.units < runner.limit / 5


def _claim(report: Report, comparison: Comparison, via: str) -> None:
    share = comparison.ratio("raw loop", "chat")
    target = 0.75 if via == "pty" else 0.3
    words = f"{comparison.case}: share of the raw loop's rate"
    report.claims.append(Claim(words, "least", target, share))
    for peer in comparison.series:
        if peer not in ("chat", "raw loop"):
            faster = 1.4 if (via, peer) == ("pipe", "pexpect tuned") else 1
            report.claim_faster(comparison, peer, faster)


def _measure_growth(runner: Runner, report: Report, awaited: str) -> None:
    sizes = GROWTH_SIZES[:4] if runner.quick else GROWTH_SIZES
    took = []
    for size in sizes:
        job = _job(runner, "chat", make_log(runner.directory, size), "pipe", awaited)
        comparison = runner.compare(f"growth, {awaited}, {size} MB", [job], rounds=ROUNDS)
        report.comparisons.append(comparison)
        took.append(comparison.series["chat"].median("wall") * size)
    words = f"growth of chat's time from {sizes[0]} to {sizes[-1]} MB, {awaited}"
    report.claims.append(Claim(words, "most", 1.2, growth(sizes, took)))


def _job(runner: Runner, peer: str, log: Log, via: str, awaited: str) -> Job:
    patterns, index, group = AWAITED[awaited]
    path = make_patterns(runner.directory, awaited.replace(" ", "-"), patterns)
    names = {"via": via, "patterns": path, "size": log.size}
    expected = log.unsearched() if peer == "raw loop" else log.result(index, group)
    return Job(peer, "scan", names, expected, log.size / 2**20, log.sender(via))
