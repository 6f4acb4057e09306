"""Imports point downward only: DESIGN's layers, held by reading every import there is."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Layer:
    """Modules that may import whatever is in the layers below, and one another.

    Attributes:
        parts: Module names; one stands for everything inside it too.
        strangers: Whether the parts must not import one another.
        imported: Whether a layer above may import it.
    """

    name: str
    parts: tuple[str, ...]
    strangers: bool = False
    imported: bool = True


# From the top down. `chat` alone is the package's own __init__, the list of its names.
LAYERS = (
    Layer("python -m chat", ("chat.__main__",), imported=False),
    Layer("faces", ("chat.cli", "chat.pytest_plugin", "chat.testing"), strangers=True),
    Layer("other people's words", ("chat.compat",)),
    Layer("the names of chat", ("chat",)),
    Layer(
        "features",
        (
            *("chat.runbook", "chat.record", "chat.shell", "chat.ssh", "chat.screen"),
            *("chat.interact", "chat.locking", "chat.ipc"),
        ),
    ),
    Layer("many sessions", ("chat.aio", "chat.group")),
    Layer(
        "session",
        (
            *("chat.session", "chat.opening", "chat.channel", "chat.driver", "chat.sinks"),
            *("chat.pacing", "chat.waiting"),
        ),
    ),
    Layer("siblings that never meet", ("chat.transports", "chat.core"), strangers=True),
    Layer(
        "words everyone may use",
        (
            *("chat.errors", "chat.values", "chat.timing", "chat.signals", "chat.events"),
            *("chat.deadlines", "chat.alarms", "chat.ladder"),
            "chat._version",
        ),
    ),
)

# Only `python -m chat` may import a face.
FACES = LAYERS[1].parts

# What would let the core touch the world.
NOT_IN_CORE = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "threading", "_thread"),
    *("fcntl", "io", "os", "pathlib", "pty", "shutil", "tempfile", "termios", "tty"),
    *("select", "selectors", "socket", "ssl", "subprocess"),
    *("datetime", "time", "signal", "logging", "random", "secrets", "ptyprocess", "pexpect"),
}

# What `import chat` must not cost.
NOT_AT_IMPORT = {
    *("pexpect", "pyte", "pytest", "_pytest", "argparse", "click", "typer", "rich"),
    *("asyncio", "keyring", "serial", "hypothesis"),
}


def sources() -> dict[str, str]:
    """The text of every module of chat, by its dotted name."""
    paths = sorted((ROOT / "chat").rglob("*.py"))
    return {module_name(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imported_names(source: str) -> Iterator[str]:
    """Every dotted name a text imports, wherever in it; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # ruff allows no relative import of a parent; one of a sibling is rewritten here.
            assert node.level == 0, "imports say their whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top_of(name: str) -> str:
    return name.partition(".")[0]


def place_of(name: str) -> tuple[int, str] | None:
    """The layer's number and the part that a dotted name belongs to, if it is of chat."""
    if top_of(name) != "chat":
        return None
    found = [
        (number, part)
        for number, layer in enumerate(LAYERS)
        for part in layer.parts
        if name == part or name.startswith(f"{part}.")
    ]
    return max(found, key=lambda place: len(place[1]))


def problem(importer: str, imported: str) -> str | None:
    """Say what is wrong with an import, or nothing."""
    if part_of(importer) == "chat.core" and top_of(imported) in NOT_IN_CORE:
        return f"{importer}: the core does no I/O, and imports {imported}"
    below, above = place_of(imported), place_of(importer)
    if below is None or above is None or below[1] == above[1]:
        return None
    layer = LAYERS[below[0]]
    if below[0] < above[0]:
        return f"{importer}: {imported} is above it, in {layer.name!r}"
    if below[0] == above[0] and layer.strangers:
        return f"{importer}: {imported} is a sibling that it must not know"
    if below[1] in FACES and above[1] != "chat.__main__":
        return f"{importer}: {imported} is a face, which nothing imports"
    return None


def part_of(name: str) -> str | None:
    place = place_of(name)
    return place[1] if place else None


def problems(modules: dict[str, str]) -> list[str]:
    found = (
        problem(importer, imported)
        for importer, source in modules.items()
        for imported in imported_names(source)
    )
    return [each for each in found if each]


def test_imports_point_downward():
    assert problems(sources()) == []


def test_every_module_has_a_place_in_the_table():
    listed = {part for layer in LAYERS for part in layer.parts}
    homeless = {name for name in sources() if name != "chat" and part_of(name) == "chat"}
    assert homeless == set(), f"say in LAYERS where these belong; known are {sorted(listed)}"


@pytest.mark.parametrize(
    ("importer", "statement"),
    [
        ("chat.errors", "from chat.session import Session"),
        ("chat.errors", "from chat import session"),
        ("chat.errors", "import chat"),
        ("chat.session", "import chat.shell"),
        ("chat.session", "from chat.shell import Shell"),
        ("chat.transports.pty", "def late():\n    import chat.core.stream"),
        ("chat.core.stream", "from chat.transports import Transport"),
        ("chat.core.stream", "from chat import transports"),
        ("chat.core.stream", "import os"),
        ("chat.core.stream", "import os.path"),
        ("chat.core.stream", "from time import monotonic"),
        ("chat.core", "if True:\n    import threading"),
        ("chat.core.a.b", "from concurrent.futures import Future"),
        ("chat.shell", "from chat.cli import main"),
        ("chat.shell", "from chat import testing"),
        ("chat.pytest_plugin", "from chat.testing import python_child"),
        ("chat.compat.pexpect", "import chat.testing"),
        ("chat.shell", "import chat.compat.pexpect"),
        ("chat", "from chat.testing import check_transport"),
    ],
)
def test_a_planted_violation_is_found(importer, statement):
    assert problems({importer: statement})


@pytest.mark.parametrize(
    ("importer", "statement"),
    [
        ("chat", "from chat.session import Session"),
        ("chat.__main__", "from chat.cli import main"),
        ("chat.cli", "import argparse, os, chat"),
        ("chat.testing", "import chat\nfrom chat import Session"),
        ("chat.cli.run", "from chat.cli.words import Words"),
        ("chat.compat.pexpect", "import pexpect\nfrom chat import screen, spawn"),
        ("chat.session", "from chat.core.matcher import Matcher\nimport chat.transports.pty"),
        ("chat.opening", "from chat.session import Session"),
        ("chat.core.matcher", "import re\nfrom chat.core import stream"),
        ("chat.transports.pty", "import os, time\nfrom chat.errors import SpawnFailed"),
        ("chat.errors", "from chat.values import redact"),
    ],
)
def test_a_downward_import_is_let_through(importer, statement):
    assert problems({importer: statement}) == []


def test_import_chat_costs_none_of_what_it_may_never_need():
    program = "import chat, sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    tops = {top_of(name) for name in done.stdout.split()}
    assert tops & NOT_AT_IMPORT == set()
