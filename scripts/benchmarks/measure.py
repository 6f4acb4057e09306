"""Run peers in turn and in rounds, check their results, and compare what they took.

Rounds are interleaved (A B C, A B C, …), so that a machine that is busy for a while slows
all of them, and ratios are taken within a round before their median is.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

ROOT: Final = Path(__file__).parents[2]
PEERS: Final = Path(__file__).parent / "peers"


def _python(name: str, *words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (sys.executable, "-m", f"scripts.benchmarks.peers.{name}"), words


# How each peer is called: the program, and what is added to the task's names.
COMMANDS: Final = {
    "chat": _python("chat_peer"),
    "raw loop": _python("raw_peer"),
    "pexpect": _python("pexpect_peer"),
    "pexpect tuned": _python("pexpect_peer", "tuned=1"),
    "Tcl Expect": (("expect", "-f", str(PEERS / "tcl_expect_peer.tcl")), ()),
    "Expect.pm": (("perl", str(PEERS / "perl_expect_peer.pl")), ()),
}

# Those that take part in their own benchmark only.
DROP_IN: Final = {"chat.compat": _python("drop_in_peer")}

Quantity: TypeAlias = Literal["wall", "own", "cpu"]


@dataclass(frozen=True)
class Job:
    """One piece of work for one peer.

    Attributes:
        label: Its name in tables; the peer's, unless a peer has two jobs.
        expected: The right result. A peer that says anything else has failed.
        units: How many of whatever is counted it does.
    """

    peer: str
    task: str
    names: Mapping[str, object]
    expected: str
    units: float = 1.0
    command: tuple[str, ...] = ()
    label: str = ""

    @property
    def title(self) -> str:
        """The name in tables."""
        return self.label or self.peer

    def argv(self) -> list[str]:
        """The command line that does it."""
        program, words = (COMMANDS | DROP_IN)[self.peer]
        names = [f"{name}={value}" for name, value in self.names.items()]
        return [*program, self.task, *words, *names, "--", *self.command]


@dataclass
class Series:
    """What one job took, in seconds for each unit, round by round.

    Attributes:
        failure: Why there are no more rounds: a wrong result, or too slow.
        too_slow: It was ended at the limit; what it took is at least that.
    """

    job: Job
    wall: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    failure: str = ""
    too_slow: bool = False

    def median(self, quantity: Quantity) -> float:
        """The middle round's; not a number if there is none."""
        values: list[float] = getattr(self, quantity)
        return statistics.median(values) if values else math.nan


@dataclass
class Comparison:
    """All jobs of one case."""

    case: str
    series: dict[str, Series]

    def ratio(self, one: str, other: str, quantity: Quantity = "wall") -> float:
        """How many times what `other` took `one` did: the median of the rounds' ratios.

        A job that was measured once is compared with the median of the other.
        """
        ones: list[float] = getattr(self.series[one], quantity)
        others: list[float] = getattr(self.series[other], quantity)
        if not ones or not others:
            return math.nan
        if len(ones) == len(others):
            return statistics.median(a / b for a, b in zip(ones, others, strict=True))
        return statistics.median(ones) / statistics.median(others)


@dataclass
class Runner:
    """Runs jobs.

    Attributes:
        rounds: How often each job is done.
        limit: Seconds one job may take before it is ended.
        quick: Whether smaller work will do.
        directory: Where files to work on can be made.
    """

    rounds: int
    limit: float
    quick: bool
    directory: Path

    @property
    def patience(self) -> float:
        """Seconds beyond which a job is done once and not in every round."""
        return self.limit / 5

    def compare(self, case: str, jobs: Sequence[Job], *, rounds: int = 0) -> Comparison:
        """Do all the jobs, round after round."""
        comparison = Comparison(case, {job.title: Series(job) for job in jobs})
        for number in range(rounds or self.rounds):
            for series in comparison.series.values():
                if number == 0 or not (series.failure or self._took_long(series)):
                    say(f"{case}: round {number + 1}, {series.job.title}")
                    self._do(series)
        return comparison

    def _took_long(self, series: Series) -> bool:
        return bool(series.wall) and series.wall[0] * series.job.units > self.patience

    def _do(self, series: Series) -> None:
        job = series.job
        try:
            done = subprocess.run(
                job.argv(),
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=self.limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            series.failure, series.too_slow = f"over {self.limit:g} s", True
            series.wall.append(self.limit / job.units)
            series.own.append(math.nan)
            series.cpu.append(math.nan)
            return
        if done.returncode:
            reason = (done.stderr.strip() or "said nothing").splitlines()[-1]
            series.failure = f"failed: {reason}"
            return
        said = json.loads(done.stdout.splitlines()[-1])
        if said["result"] != job.expected:
            series.failure = f"WRONG RESULT: {said['result']!r}, not {job.expected!r}"
            return
        series.wall.append(said["wall"] / job.units)
        series.own.append(said["own"] / job.units)
        series.cpu.append(said["cpu"] / job.units)


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The exponent with which time grows: the slope of both logarithms."""
    return statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(each) for each in seconds]
    ).slope


def say(progress: str) -> None:
    """Show what is going on: in one line of a terminal, else not at all."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{progress[:78]}")
        sys.stderr.flush()
