"""Start a program, await its end, reap it, close: in small and in large processes."""

from __future__ import annotations

from scripts.benchmarks.measure import COMMANDS, Comparison, Job, Runner
from scripts.benchmarks.report import Claim, Report

SMALL, LARGE = "20 MiB resident", "1 GiB resident"
BALLAST = {SMALL: 0, LARGE: 1000}


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    report = Report("spawn", "start, await the end, reap, close", "spawns")
    comparison = runner.compare("/bin/true", [_job(runner, peer) for peer in COMMANDS])
    report.comparisons.append(comparison)
    report.claim_faster(comparison, "pexpect", 50)
    report.claim_faster(comparison, "pexpect tuned", 4)
    report.claim_faster(comparison, "Tcl Expect", 1.8)
    report.claim_faster(comparison, "Expect.pm", 1.8)
    for peer in ("chat", "pexpect tuned"):
        report.comparisons.append(_by_size(runner, peer))
    flat = report.comparisons[1].ratio(f"chat, {LARGE}", f"chat, {SMALL}")
    report.claims.append(Claim("chat: time at 1 GiB against 20 MiB", "most", 1.2, flat))
    report.notes += [
        "pexpect tuned: delayafterclose is 0 where it has an effect, on the ptyprocess object.",
        "Expect.pm: the program is reaped in an eof hook, or one close in ten sleeps a second.",
    ]
    return report


def _by_size(runner: Runner, peer: str) -> Comparison:
    jobs = [_job(runner, peer, size) for size in BALLAST]
    return runner.compare(f"{peer}, small and large", jobs)


def _job(runner: Runner, peer: str, size: str = "") -> Job:
    # pexpect at its defaults sleeps 100 ms in each close.
    count = 5 if peer == "pexpect" else 30 if runner.quick else 100
    names = {"count": count, "ballast": BALLAST.get(size, 0)}
    label = f"{peer}, {size}" if size else ""
    return Job(peer, "spawn", names, str(count), count, ("/bin/true",), label)
