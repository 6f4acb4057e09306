"""Runs tests in a copy of somebody's source, file by file, several files at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

SECONDS: Final = 120
"""For one test. pexpect's longest takes 21 seconds, waiting."""

AT_ONCE: Final = 4
"""Files at a time. Nearly all of their time is waiting."""


@dataclass(frozen=True)
class Run:
    """What tests to run, and with what.

    Attributes:
        source: The copy of the source; the tests are run in it.
        swapped: Whether pexpect is replaced.
        arguments: For pytest.
        by_variable: Whether it is to be replaced by the environment variable; otherwise what
            stands in the source does it.
    """

    source: Path
    swapped: bool
    arguments: tuple[str, ...] = ()
    by_variable: bool = False


def run_files(run: Run, groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """Run groups of files or tests at the same time.

    Returns:
        The outcome of each test by its name: passed, failed or skipped.
    """
    outcomes: dict[str, str] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for some in pool.map(lambda group: _run(run, group), groups):
            outcomes |= some
    return outcomes


def _run(run: Run, tests: Sequence[str]) -> dict[str, str]:
    began = time.monotonic()
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        command = [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"),
            *("-p", "no:cacheprovider", f"--timeout={SECONDS}", f"--junitxml={report.name}"),
            *(*run.arguments, *tests),
        ]
        done = subprocess.run(
            command,
            cwd=run.source,
            env=_environment(by_variable=run.by_variable),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        outcomes = _outcomes(Path(report.name))
    took = time.monotonic() - began
    failed = sum(outcome == "failed" for outcome in outcomes.values())
    label = "ours" if run.swapped else "pexpect"
    names = " ".join(Path(each.partition("::")[0]).stem for each in tests)
    print(
        f"  {label}: {names}: {len(outcomes)} tests, {failed} failed, {took:.0f} s", flush=True
    )
    if failed or not outcomes:
        print(done.stdout[-4000:], done.stderr[-2000:])
    return outcomes


def _environment(*, by_variable: bool) -> dict[str, str]:
    environment = {**os.environ, "CHAT_COMPAT_PEXPECT": "1" if by_variable else ""}
    # What says that a person is at a terminal, or that nobody is, changes what shells say.
    for name in ("PS1", "PROMPT_COMMAND", "CI", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    return environment


def _outcomes(report: Path) -> dict[str, str]:
    try:
        tree = ET.parse(report)  # noqa: S314  (pytest has just written it)
    except ET.ParseError:
        return {}
    return {
        f"{case.get('classname')}::{case.get('name')}": _outcome(case)
        for case in tree.iter("testcase")
    }


def _outcome(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"
