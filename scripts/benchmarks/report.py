"""What was measured, as tables for people and as JSON for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from scripts.benchmarks.measure import Comparison, Quantity, Series


@dataclass(frozen=True)
class Claim:
    """Something the project says of itself, and what this run has to say to it.

    Attributes:
        at: Whether the measured value must be at least or at most the target.
        bound: Whether the measured value is only a lower bound: the peer was ended.
    """

    text: str
    at: Literal["least", "most"]
    target: float
    measured: float
    bound: bool = False

    @property
    def verdict(self) -> str:
        """`met`, `NOT MET`, or that nothing can be said."""
        if math.isnan(self.measured):
            return "no measurement"
        if self.at == "most":
            return "met" if self.measured <= self.target else "NOT MET"
        if self.measured >= self.target:
            return "met"
        return "not known: the peer was ended" if self.bound else "NOT MET"

    def cells(self) -> list[str]:
        """The row of a table."""
        sign = "≥" if self.at == "least" else "≤"
        measured = ("over " if self.bound and not math.isnan(self.measured) else "") + number(
            self.measured
        )
        return [self.text, f"{sign} {number(self.target)}", measured, self.verdict]


@dataclass
class Report:
    """One benchmark's outcome.

    Attributes:
        unit: What is counted, in the plural.
        subject: Whose speed is claimed.
    """

    name: str
    title: str
    unit: str
    comparisons: list[Comparison] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    subject: str = "chat"

    def claim_faster(
        self, comparison: Comparison, peer: str, target: float, words: str = ""
    ) -> None:
        """Claim that the subject takes `target` times less of the wall's time than a peer."""
        self.claims.append(
            Claim(
                words or f"{comparison.case}: speed against {peer}",
                "least",
                target,
                comparison.ratio(peer, self.subject),
                comparison.series[peer].too_slow,
            )
        )

    def claim_cpu(self, comparison: Comparison, peer: str, target: float) -> None:
        """Claim that the subject takes at most `target` times a peer's processor time.

        Alone, and together with the program's: a tool that wakes the program at better times
        makes it cheaper, and one that costs little may still vanish beside a dear program.
        """
        quantities: dict[str, Quantity] = {"own": "own", "with the program's": "cpu"}
        for words, quantity in quantities.items():
            self.claims.append(
                Claim(
                    f"{comparison.case}: processor time against {peer}, {words}",
                    "most",
                    target,
                    comparison.ratio(self.subject, peer, quantity),
                )
            )

    def show(self) -> str:
        """All of it, for a person."""
        header = [
            "case",
            "tool",
            "wall",
            "own cpu",
            "all cpu",
            "rate",
            f"speed of {self.subject}",
        ]
        parts = [f"\n{self.name}: {self.title}\n", table(header, self._rows())]
        if self.claims:
            rows = [claim.cells() for claim in self.claims]
            parts += ["", table(["claim", "target", "measured", "verdict"], rows)]
        return "\n".join(parts + [f"· {note}" for note in self.notes])

    def _rows(self) -> list[list[str]]:
        return [
            [comparison.case, *self._cells(comparison, series)]
            for comparison in self.comparisons
            for series in comparison.series.values()
        ]

    def _cells(self, comparison: Comparison, series: Series) -> list[str]:
        title = series.job.title
        if not series.wall or series.too_slow:
            return [title, "", "", "", series.failure.partition(":")[0], ""]
        wall = series.median("wall")
        known = self.subject in comparison.series
        times = comparison.ratio(title, self.subject) if known else math.nan
        return [
            title,
            duration(wall),
            duration(series.median("own")),
            duration(series.median("cpu")),
            f"{number(1 / wall)} {self.unit}/s",
            "" if title == self.subject or math.isnan(times) else f"{number(times)}×",
        ]

    def as_data(self) -> dict[str, object]:
        """All of it, for a machine: every round of every job."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "cases": [
                {
                    "case": comparison.case,
                    "jobs": {
                        title: {
                            "wall": series.wall,
                            "own": series.own,
                            "cpu": series.cpu,
                            "failure": series.failure,
                        }
                        for title, series in comparison.series.items()
                    },
                }
                for comparison in self.comparisons
            ],
            "claims": [asdict(claim) | {"verdict": claim.verdict} for claim in self.claims],
            "notes": self.notes,
        }


SCALES: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def duration(seconds: float) -> str:
    """A length of time with three digits: `51.2 ms`."""
    if math.isnan(seconds):
        return ""
    scale, unit = next((pair for pair in SCALES if seconds >= pair[0]), SCALES[-1])
    return f"{number(seconds / scale)} {unit}"


def number(value: float) -> str:
    """A number with three digits, and never in powers of ten."""
    if math.isnan(value):
        return "?"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; a first cell that repeats is left out."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["─" * width for width in widths]]
    previous = ""
    for row in rows:
        lines.append(["" if row[0] == previous else row[0], *row[1:]])
        previous = row[0]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
