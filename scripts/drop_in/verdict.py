"""What passes with pexpect must pass with ours, save what is known to assert a defect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

KNOWN: Final = Path(__file__).parent / "known.txt"

Outcomes: TypeAlias = Mapping[str, str]


def known_defects(text: str) -> dict[str, str]:
    """The reasons of `known.txt`, by test."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {name: reason.strip() for name, _, reason in pairs}


def problems(
    ours: Outcomes, baseline: Callable[[list[str]], Outcomes], known: Mapping[str, str]
) -> list[str]:
    """Say what is not as it should be.

    Args:
        ours: The outcomes with ours.
        baseline: Gives the outcomes of tests with pexpect.
        known: Why tests that fail with ours do so.
    """
    failed = [name for name, outcome in ours.items() if outcome == "failed"]
    theirs = baseline(failed) if failed else {}
    found = [
        f"{name}: passes with pexpect and fails with ours"
        for name in failed
        if theirs.get(name) == "passed" and name not in known
    ]
    for name, reason in known.items():
        if not reason:
            found.append(f"{name}: listed without a reason")
        if ours.get(name) == "passed":
            found.append(f"{name}: listed as a defect of pexpect's, and passes")
        elif name not in ours:
            found.append(f"{name}: listed, and there is no such test")
    if not any(outcome == "passed" for outcome in ours.values()):
        found.append("no test passed: nothing was shown")
    return found
