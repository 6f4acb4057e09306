"""The command line of the benchmarks; `scripts/bench` calls it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.benchmarks.catalogue import BENCHMARKS
from scripts.benchmarks.measure import Runner, say
from scripts.benchmarks.report import Report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run benchmarks; 1 if a peer's result was wrong or a claim was not met."""
    options = _parse(arguments)
    if options.list:
        print(*BENCHMARKS, sep="\n")
        return 0
    reports = []
    with tempfile.TemporaryDirectory(prefix="chat-bench-") as directory:
        for report in _reports(options, Path(directory)):
            say("")
            print(report.show(), flush=True)
            reports.append(report)
    if options.json:
        data = [report.as_data() for report in reports]
        options.json.write_text(json.dumps(data, indent=1), "utf-8")
    return _conclude(reports)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)} (all)"
    )
    parser.add_argument("--rounds", type=int, help="how often each is done (9; quick: 3)")
    parser.add_argument("--limit", type=float, help="seconds for one job (60; quick: 10)")
    parser.add_argument("--quick", action="store_true", help="less work: a first impression")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    parser.add_argument("--list", action="store_true", help="list the benchmarks")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return options


def _reports(options: argparse.Namespace, directory: Path) -> Iterator[Report]:
    runner = Runner(
        rounds=options.rounds or (3 if options.quick else 9),
        limit=options.limit or (10 if options.quick else 60),
        quick=options.quick,
        directory=directory,
    )
    for name in options.names or BENCHMARKS:
        yield BENCHMARKS[name](runner)


def _conclude(reports: Sequence[Report]) -> int:
    """Say what was not as it should be."""
    wrong = [
        f"{comparison.case}, {series.job.title}: {series.failure}"
        for report in reports
        for comparison in report.comparisons
        for series in comparison.series.values()
        if series.failure and not series.too_slow
    ]
    unmet = [
        f"{report.name}, {claim.text}: {claim.verdict}"
        for report in reports
        for claim in report.claims
        if claim.verdict != "met"
    ]
    total = sum(len(report.claims) for report in reports)
    print(f"\n{total - len(unmet)} of {total} claims met", *unmet, sep="\n  ")
    if wrong:
        print("\nfailures", *wrong, sep="\n  ")
    return 1 if wrong or unmet else 0


if __name__ == "__main__":
    sys.exit(main())
