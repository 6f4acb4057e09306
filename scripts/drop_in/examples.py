"""pexpect's examples that need no network, unchanged, each on a terminal of its own.

Not among them is `script.py`: it writes text into a binary file, which Python 3 refuses before
pexpect is asked for anything.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import chat


def _watch(session: chat.Session[str]) -> None:
    """It needs nobody."""


def _talk_to_python(session: chat.Session[str]) -> None:
    """`python.py` hands a Python over to a person, who leaves by Ctrl-]."""
    session.expect("Escape character is")
    session.wait_no_echo()  # what was typed before the keyboard is handed over is lost
    session.sendline("print(6 * 7)")
    session.expect("42")
    session.expect(">>> ")
    session.press("Ctrl-]")


DIALOGUES: Final[dict[str, Callable[[chat.Session[str]], None]]] = {
    "df.py": _watch,
    "python.py": _talk_to_python,
    "terminal_emulation.py": _watch,
    "uptime.py": _watch,
}


def problems(folder: Path) -> list[str]:
    """Run them with pexpect and with ours, and say where one does not do the same."""
    found = []
    for name, talk in DIALOGUES.items():
        theirs = _said([sys.executable, name], folder, talk)
        ours = _said([sys.executable, "-m", "chat.compat.pexpect", name], folder, talk)
        print(f"  {name}: {'the same' if ours == theirs else 'NOT THE SAME'}", flush=True)
        if ours != theirs:
            found.append(f"{name}: said {ours!r}\nand with pexpect {theirs!r}")
    return found


def _said(
    command: list[str], folder: Path, talk: Callable[[chat.Session[str]], None]
) -> tuple[int | None, str]:
    """How an example ended, and what it said, in which numbers are no matter."""
    with chat.spawn(command, cwd=folder, timeout=30) as session:
        mark = session.mark()
        talk(session)
        session.expect(chat.EOF)
        status = session.wait()
        said = session.since(mark)
    assert status is not None
    return status.code, re.sub(r"\s*[0-9][0-9.:,]*%?\s*", " # ", said)
