"""Send a line over a socket and await its answer; and wait for one that does not come."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from scripts.benchmarks.measure import Job, Runner
from scripts.benchmarks.report import Claim, Report

PEERS: Final = ("chat", "raw loop", "pexpect", "pexpect tuned")

TRIPS: Final = 10_000

IDLE: Final = 1
"""Seconds of waiting for what does not come."""


def run(runner: Runner) -> Report:
    """Measure, and compare with what was promised."""
    report = Report("sockets", "send a line over a socket, await the answer", "trips")
    for via in ("tcp", "unix"):
        comparison = runner.compare(via, [_job(runner, peer, via) for peer in PEERS])
        report.comparisons.append(comparison)
        for peer in ("pexpect", "pexpect tuned"):
            report.claim_faster(comparison, peer, 1)
            report.claim_cpu(comparison, peer, 1)
    idle = runner.compare("tcp, idle", [_job(runner, "chat", "tcp", idle=IDLE)], rounds=3)
    report.comparisons.append(idle)
    cost = idle.series["chat"].median("own")
    report.claims.append(
        Claim("processor time of a second of waiting, in s", "most", 0.001, cost)
    )
    report.notes += [
        "pexpect is its SocketSpawn; tuned, it does not sleep 0.1 ms after each read.",
        "Processor time in claims is the tool's and the echo server's together.",
    ]
    return report


def _job(runner: Runner, peer: str, via: str, *, idle: int = 0) -> Job:
    count = TRIPS // (4 if runner.quick else 1)
    server = [sys.executable, "-m", "scripts.benchmarks.peers.echo_server", via]
    if via == "unix":
        # A new one for each job: a server leaves its own behind.
        server.append(str(Path(tempfile.mkdtemp(dir=runner.directory), "echo")))
    names = {
        "via": via,
        "idle": idle,
        "count": count,
        "send": "=@=\n",
        "awaited": "=@=\n",
        "reply": "",
    }
    result, units = ("1", IDLE) if idle else (str(count), count)
    return Job(peer, "socket", names, result, units, tuple(server))
