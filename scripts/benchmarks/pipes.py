"""Programs on pipes: a round trip, idleness, and 64 MiB in while 64 MiB come out."""

from __future__ import annotations

import zlib

from scripts.benchmarks.measure import Comparison, Job, Runner
from scripts.benchmarks.report import Claim, Report

COUNT = 5000
SIZE = 64
"""MiB: with less, it is the scheduler that is measured."""

IDLE_SECONDS = 1.0

PEERS = ("chat", "raw loop", "pexpect")
"""pexpect's pipes are its `PopenSpawn`, which has no tuned form: nothing it sleeps in can be
switched off."""


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    report = Report("pipes", "programs on pipes", "units")
    trips = _roundtrips(runner)
    report.comparisons.append(trips)
    report.claim_faster(trips, "pexpect", 1, "cat: speed against pexpect's PopenSpawn")
    report.claim_cpu(trips, "pexpect", 1)
    idle = _idleness(runner)
    report.comparisons.append(idle)
    spent = idle.series["chat"].median("own")
    report.claims.append(Claim("idle: processor time for each second", "most", 0.001, spent))
    flood = _flood(runner)
    report.comparisons.append(flood)
    for title in ("chat, bytes", "chat"):
        ratio = flood.ratio(title, "subprocess")
        words = f"{flood.case}, {title}: time against subprocess.communicate"
        report.claims.append(Claim(words, "most", 1.5, ratio))
    report.notes += [
        "pexpect is its PopenSpawn, which reads in a thread and asks every millisecond.",
        "The raw loop is a bare os.write and os.read; subprocess is Popen.communicate.",
        "'chat' decodes UTF-8 in the flood; 'chat, bytes' and subprocess do not.",
    ]
    return report


def _roundtrips(runner: Runner) -> Comparison:
    count = COUNT // (4 if runner.quick else 1)
    names = {"count": count}
    jobs = [Job(peer, "pipe_roundtrip", names, str(count), count, ("cat",)) for peer in PEERS]
    return runner.compare("cat", jobs)


def _idleness(runner: Runner) -> Comparison:
    names = {"seconds": IDLE_SECONDS}
    command = ("sleep", "60")
    peers = ("chat", "pexpect")
    jobs = [Job(peer, "pipe_idle", names, "idle", IDLE_SECONDS, command) for peer in peers]
    return runner.compare("idle, for each second", jobs)


def _flood(runner: Runner) -> Comparison:
    expected = str(zlib.crc32(b"x" * (SIZE << 20)))
    jobs = [
        Job("chat", "pipe_flood", {"size": SIZE, **names}, expected, SIZE, ("cat",), label)
        for label, names in (("chat", {}), ("chat, bytes", {"bytes": 1}))
    ]
    jobs.append(
        Job("raw loop", "pipe_flood", {"size": SIZE}, expected, SIZE, ("cat",), "subprocess")
    )
    return runner.compare(f"{SIZE} MiB both ways, for each MiB", jobs)
