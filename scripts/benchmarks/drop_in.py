"""pexpect and chat.compat.pexpect, side by side: the same program, one import apart."""

from __future__ import annotations

from typing import Final

from scripts.benchmarks.measure import Comparison, Job, Runner, growth
from scripts.benchmarks.report import Claim, Report
from scripts.benchmarks.roundtrip import PROGRAMS, Program
from scripts.benchmarks.shell import LINES
from scripts.benchmarks.work import (
    AWAITS,
    MATCHED,
    cell_of_lines,
    make_lines,
    make_log,
    make_patterns,
)

OURS: Final = "chat.compat"
PEERS: Final = (OURS, "pexpect", "pexpect tuned")

LITERAL: Final = [("literal", MATCHED)]
FIVE: Final = [
    ("regex", "never there"),
    ("regex", r"panic: [a-z]{1,8}!"),
    ("regex", r"WARN.*lost (\d+)"),
    ("regex", r"[A-Z]+ [a-z]+ failed with \d+"),
    ("regex", r"ERR.*code=(\d+)"),
]

RESIDENT: Final = 1000
"""MiB that a process has in memory that starts children: a web server, or a notebook."""


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    report = Report("pexpect", "one import changed", "units", subject=OURS)
    for name, program in PROGRAMS.items():
        jobs = [_round_trips(runner, peer, program) for peer in PEERS]
        _compare(runner, report, f"round trip, {name}", jobs, {"pexpect": 100})
    jobs = [_cell(runner, peer) for peer in PEERS]
    _compare(runner, report, f"REPL cell of {LINES} lines", jobs, {"pexpect": 50})
    for ballast in (0, RESIDENT):
        jobs = [_spawn(runner, peer, ballast) for peer in PEERS]
        case = "spawn and close" + (", 1 GiB resident" if ballast else "")
        target = {"pexpect": 30, "pexpect tuned": 10 if ballast else 1.2}
        _compare(runner, report, case, jobs, target)
    jobs = [_lines(runner, peer) for peer in PEERS]
    _compare(runner, report, "lines", jobs, {"pexpect": 2, "pexpect tuned": 2})
    for name, patterns in (("literal", LITERAL), ("five regexes", FIVE)):
        _scan_sizes(runner, report, name, patterns)
    report.notes.append("A unit is a trip, a cell, a spawn, a line, or 1 MB.")
    return report


def _compare(
    runner: Runner, report: Report, case: str, jobs: list[Job], targets: dict[str, float]
) -> Comparison:
    comparison = runner.compare(case, jobs, rounds=min(5, runner.rounds))
    report.comparisons.append(comparison)
    for peer, target in targets.items():
        report.claim_faster(comparison, peer, target)
    return comparison


def _scan_sizes(
    runner: Runner, report: Report, name: str, patterns: list[tuple[str, str]]
) -> None:
    """Output of growing size; a peer that took long at one size is not asked at the next."""
    sizes = (1, 2, 4, 8) if runner.quick else (1, 2, 4, 8, 16, 32)
    took: dict[str, dict[int, float]] = {peer: {} for peer in PEERS}
    asked = list(PEERS)
    for size in sizes:
        jobs = [_scan(runner, peer, size, name, patterns) for peer in asked]
        comparison = _compare(runner, report, f"scan {size} MB, {name}", jobs, {})
        for peer in tuple(asked):
            series = comparison.series[peer]
            if series.failure or series.median("wall") * size > runner.patience:
                asked.remove(peer)
            if not series.failure:
                took[peer][size] = series.median("wall") * size
        if "pexpect" in comparison.series:
            # Where pexpect is quadratic, it is so from the first megabyte on.
            report.claim_faster(comparison, "pexpect", 1 if patterns is LITERAL else 10)
    for peer, times in took.items():
        if len(times) > 1:
            exponent = growth(list(times), list(times.values()))
            words = f"{name}: growth of {peer}'s time from {min(times)} to {max(times)} MB"
            if peer == OURS:
                report.claims.append(Claim(words, "most", 1.2, exponent))
            else:
                report.notes.append(f"{words}: {exponent:.2f}")


def _round_trips(runner: Runner, peer: str, program: Program) -> Job:
    count = 10 if peer == "pexpect" else program.count // (4 if runner.quick else 1)
    names = {
        "count": count,
        "ready": program.ready,
        "send": program.send,
        "awaited": program.awaited,
        "reply": program.reply,
    }
    return Job(peer, "roundtrip", names, str(count), count, program.command)


def _cell(runner: Runner, peer: str) -> Job:
    path, expected = cell_of_lines(runner.directory, LINES)
    return Job(peer, "shell", {"cell": path}, expected)


def _spawn(runner: Runner, peer: str, ballast: int) -> Job:
    count = 5 if peer == "pexpect" else 30 if runner.quick else 100
    names = {"count": count, "ballast": ballast}
    return Job(peer, "spawn", names, str(count), count, ("/bin/true",))


def _lines(runner: Runner, peer: str) -> Job:
    count = 20_000 if runner.quick else 200_000
    path, expected = make_lines(runner.directory, count)
    command = ("sh", "-c", f"stty raw -echo; {AWAITS}exec cat '{path}'")
    return Job(peer, "lines", {"count": count}, expected, count, command)


def _scan(
    runner: Runner, peer: str, size: int, name: str, patterns: list[tuple[str, str]]
) -> Job:
    log = make_log(runner.directory, size)
    path = make_patterns(runner.directory, name.replace(" ", "-"), patterns)
    names = {"via": "pty", "patterns": path, "size": log.size}
    index, group = len(patterns) - 1, "4711" if patterns is FIVE else "-"
    return Job(peer, "scan", names, log.result(index, group), size, log.sender("pty"))
