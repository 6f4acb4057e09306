"""The command line of it; `scripts/pexpect-suite` calls it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.drop_in import examples
from scripts.drop_in.runs import Run, run_files
from scripts.drop_in.sources import CACHE, PEXPECT, pexpect_source, pytest_source
from scripts.drop_in.verdict import KNOWN, Outcomes, known_defects, problems

# These bind the same port, so they are run one after the other.
SHARING_A_PORT = ["tests/test_socket.py", "tests/test_socket_fd.py"]

PYTEST_TESTS = ["testing/test_debugging.py"]
"""pytest's own tests that drive a pytest through pexpect (`pytester.spawn`)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 if something is not as it should be."""
    parts: dict[str, Callable[[bool], list[str]]] = {
        "suite": check_suite,
        "pytest": check_pytest,
        "examples": lambda _: examples.problems(pexpect_source(swapped=False) / "examples"),
    }
    parser = argparse.ArgumentParser(prog="scripts/pexpect-suite", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"which: {', '.join(parts)} (all)")
    parser.add_argument(
        "--whole",
        action="store_true",
        help="run all tests with pexpect too, and not only those that fail with ours",
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    found = []
    for name in options.parts or parts:
        print(f"{name}:", flush=True)
        found += parts[name](options.whole)
    print(*(f"PROBLEM {each}" for each in found), sep="\n")
    print(f"{len(found)} problems")
    return 1 if found else 0


def check_suite(whole: bool) -> list[str]:
    """Pexpect's own suite, with ours in its place."""
    source = pexpect_source(swapped=True)
    ours = _timed(Run(source, swapped=True), _groups(source))
    if whole:
        theirs = _timed(Run(pexpect_source(swapped=False), swapped=False), _groups(source))
        return problems(ours, lambda _: theirs, known_defects(KNOWN.read_text("utf-8")))
    return problems(ours, _baseline, known_defects(KNOWN.read_text("utf-8")))


def _groups(source: Path) -> list[list[str]]:
    """The files of the suite, the longest first."""
    names = {path.relative_to(source).as_posix() for path in source.glob("tests/test_*.py")}
    first = ["tests/test_pxssh.py", "tests/test_expect.py", "tests/test_ctrl_chars.py"]
    rest = sorted(names - {*first, *SHARING_A_PORT})
    return [SHARING_A_PORT, *([name] for name in first), *([name] for name in rest)]


def _timed(run: Run, groups: list[list[str]]) -> Outcomes:
    began = time.monotonic()
    outcomes = run_files(run, groups)
    passed = sum(outcome == "passed" for outcome in outcomes.values())
    what = "ours" if run.swapped else "pexpect"
    print(f"  {what}: {passed} of {len(outcomes)} pass, {time.monotonic() - began:.0f} s")
    return outcomes


def _baseline(tests: list[str]) -> Outcomes:
    """How tests end with pexpect itself on this machine; kept for the next time."""
    kept = CACHE / f"baseline-{PEXPECT}-{sys.version.split()[0]}.json"
    known: dict[str, str] = json.loads(kept.read_text("ascii")) if kept.exists() else {}
    missing = [name for name in tests if name not in known]
    if missing:
        source = pexpect_source(swapped=False)
        known |= run_files(Run(source, swapped=False), [[_node(name)] for name in missing])
        kept.write_text(json.dumps(known, indent=1), "ascii")
    return known


def _node(name: str) -> str:
    """What pytest calls a test that its report calls `tests.test_x.Class::test`."""
    place, _, test = name.partition("::")
    folder, module, *classes = place.split(".")
    return "::".join([f"{folder}/{module}.py", *classes, test])


def check_pytest(whole: bool) -> list[str]:
    """Pytest's own tests that use pexpect."""

    def outcomes(*, swapped: bool) -> Outcomes:
        source = pytest_source(swapped=swapped)
        arguments = ("-c", "pyproject.toml", "-W", "ignore")
        return _timed(Run(source, swapped, arguments, by_variable=swapped), [PYTEST_TESTS])

    ours = outcomes(swapped=True)
    theirs = outcomes(swapped=False) if whole else None
    return problems(ours, lambda _: theirs or outcomes(swapped=False), {})


if __name__ == "__main__":
    sys.exit(main())
