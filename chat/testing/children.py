"""Children for tests: a few lines of Python on a pseudo-terminal of their own."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, Unpack, overload

from chat.opening.options import SessionOptions
from chat.opening.programs import spawn
from chat.session import Session


class ChildOptions(SessionOptions, total=False):
    """The options of `chat.spawn` that do not depend on text or bytes."""

    cwd: str | os.PathLike[str] | None
    env: Mapping[str, str] | None
    size: tuple[int, int]
    echo: bool


def python_command(code: str) -> list[str]:
    """The command that runs some lines of Python as `python_child` does.

    The same interpreter as this one, unbuffered, in UTF-8, and isolated: neither the
    environment, nor the user's packages, nor the directory it starts in has a say.
    """
    return [sys.executable, "-I", "-X", "utf8", "-u", "-c", textwrap.dedent(code)]


@overload
def python_child(
    code: str, *, encoding: str = ..., **options: Unpack[ChildOptions]
) -> Session[str]: ...
@overload
def python_child(
    code: str, *, encoding: None, **options: Unpack[ChildOptions]
) -> Session[bytes]: ...
def python_child(
    code: str, *, encoding: str | None = "utf-8", **options: Unpack[ChildOptions]
) -> Session[Any]:
    """Start some lines of Python on a pseudo-terminal and open a conversation with them.

        with python_child("print(input('name? ')[::-1])") as s:
            s.sendline("ada")

    Args:
        code: The program; indentation common to all lines is taken off.
        encoding: What the bytes mean; `None`: the session holds bytes.
        options: Further options of `chat.spawn`.

    Returns:
        The session. End it with `close()`, or use it in a `with` block.

    Raises:
        SpawnFailed, TypeError, ValueError, LookupError: As `chat.spawn`.
    """
    return spawn(python_command(code), encoding=encoding, **options)
