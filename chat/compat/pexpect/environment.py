"""The environment that a child inherits: the process's own, not Python's copy of it.

A child that pexpect forks gets the C library's environment. `os.putenv`, and libraries in C,
change that and leave `os.environ` as it was, which is what `posix_spawn` would be given.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any


def inherited_environment() -> dict[str, str]:
    """Every variable of this process's environment, as the C library has it."""
    try:
        entries = _entries()
    except (ImportError, OSError, ValueError):  # no ctypes here, or no `environ` to be seen
        return dict(os.environ)
    found: dict[str, str] = {}
    for entry in entries:
        if entry is None:
            break
        name, separator, value = os.fsdecode(entry).partition("=")
        if name and separator:
            found.setdefault(name, value)
    return found


def _entries() -> Any:
    """The C library's `environ`, whose last member is `None`; no pointer if it was cleared."""
    library, kind = _library()
    return kind.in_dll(library, "environ") or ()


@lru_cache(maxsize=1)
def _library() -> tuple[Any, Any]:
    import ctypes  # 6 ms, which only a child with an inherited environment needs

    return ctypes.CDLL(None), ctypes.POINTER(ctypes.c_char_p)
