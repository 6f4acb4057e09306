"""`REPLWrapper` and the shells in it, on this package's `spawn`."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pexpect
import pexpect.replwrap
from pexpect.replwrap import PEXPECT_CONTINUATION_PROMPT, PEXPECT_PROMPT

from chat.compat.pexpect.pty_spawn import spawn

__all__ = [
    "PEXPECT_CONTINUATION_PROMPT", "PEXPECT_PROMPT", "REPLWrapper", "bash", "python", "zsh",
]  # fmt: skip

BASHRC = Path(pexpect.__file__).parent / "bashrc.sh"


class REPLWrapper(pexpect.replwrap.REPLWrapper):  # type: ignore[misc]  # an untyped base
    """pexpect's, which starts a command by this package's `spawn`."""

    def __init__(self, cmd_or_spawn: Any, *arguments: Any, **options: Any) -> None:
        if isinstance(cmd_or_spawn, str):
            cmd_or_spawn = spawn(cmd_or_spawn, echo=False, encoding="utf-8")
        super().__init__(cmd_or_spawn, *arguments, **options)


def _prompts() -> tuple[str, str]:
    """Prompts that no command can print, because nobody knows them before."""
    nonce = secrets.token_hex(4)
    first, second = PEXPECT_PROMPT, PEXPECT_CONTINUATION_PROMPT
    return f"{first[:-1]}{nonce}{first[-1]}", f"{second[:-1]}{nonce}{second[-1]}"


def python(command: str = sys.executable) -> REPLWrapper:
    """Start a Python and wrap it."""
    prompt, continuation = _prompts()
    change = "import sys; sys.ps1={0!r}; sys.ps2={1!r}"
    return REPLWrapper(
        command, ">>> ", change, new_prompt=prompt, continuation_prompt=continuation
    )


def bash(command: str = "bash") -> REPLWrapper:
    """Start a bash and wrap it."""
    return _shell(command, ["--rcfile", str(BASHRC)], "\\[\\]")


def zsh(command: str = "zsh", args: Sequence[str] = ("--no-rcs", "-V", "+Z")) -> REPLWrapper:
    """Start a zsh and wrap it."""
    return _shell(command, list(args), "%(!..)")


def _shell(command: str, args: list[str], unseen: str) -> REPLWrapper:
    """A shell whose prompts are set with something in them that the shell does not print.

    So its settings, where a command prints them, do not look like its prompt.
    """
    child = spawn(command, args, echo=False, encoding="utf-8")
    prompts = _prompts()
    first, second = (f"{each[:5]}{unseen}{each[5:]}" for each in prompts)
    return REPLWrapper(
        child,
        "\\$",
        f"PS1='{first}' PS2='{second}' PROMPT_COMMAND=''",
        new_prompt=prompts[0],
        continuation_prompt=prompts[1],
        extra_init_cmd="export PAGER=cat",
    )
