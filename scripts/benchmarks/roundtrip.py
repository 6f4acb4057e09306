"""Send a line and await its answer: what most conversations are made of."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from scripts.benchmarks.measure import COMMANDS, Job, Runner
from scripts.benchmarks.report import Report


@dataclass(frozen=True)
class Program:
    """Somebody to talk to; `@` in what is said is the number of the round.

    Attributes:
        ready: What it says first.
        awaited: What it says last in each round.
        reply: What it says before that, so that an answer out of step is noticed.
    """

    command: tuple[str, ...]
    ready: str
    send: str
    awaited: str
    reply: str
    count: int


PROGRAMS: Final = {
    "cat": Program(
        ("sh", "-c", "stty -echo; printf READY; exec cat"),
        "READY",
        "=@=\n",
        "=@=\r\n",
        "",
        5000,
    ),
    "bash": Program(
        ("env", "TERM=dumb", "PS1=>>> ", "bash", "--norc", "--noprofile", "-i"),
        ">>> ",
        "echo =$((@))=\n",
        ">>> ",
        "\n=@=\r\n",
        1000,
    ),
    "python": Program(
        ("env", "TERM=dumb", "PYTHON_BASIC_REPL=1", sys.executable, "-q"),
        ">>> ",
        "print('=%d=' % @)\n",
        ">>> ",
        "\n=@=\r\n",
        1000,
    ),
}


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    report = Report("roundtrip", "send a line, await the answer", "trips")
    for name, program in PROGRAMS.items():
        comparison = runner.compare(name, [_job(runner, peer, program) for peer in COMMANDS])
        report.comparisons.append(comparison)
        report.claim_faster(comparison, "pexpect", 100)
        report.claim_cpu(comparison, "pexpect tuned", 0.85)
        report.claim_cpu(comparison, "Tcl Expect", 1)
        report.claim_cpu(comparison, "Expect.pm", 1)
        report.claim_cpu(comparison, "raw loop", 1.5)
    report.notes += [
        "In wall time, tools that do not sleep differ by little but the scheduler's moods.",
    ]
    return report


def _job(runner: Runner, peer: str, program: Program) -> Job:
    # pexpect at its defaults sleeps 50 ms before each send.
    count = 10 if peer == "pexpect" else program.count // (4 if runner.quick else 1)
    names = {
        "count": count,
        "ready": program.ready,
        "send": program.send,
        "awaited": program.awaited,
        "reply": program.reply,
    }
    return Job(peer, "roundtrip", names, str(count), count, program.command)
