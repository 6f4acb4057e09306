"""What the system tells of a program's end, in our words."""

from __future__ import annotations

import os
import sys
from typing import Any

from chat.signals.names import name
from chat.values import ExitStatus, Usage

_RESIDENT_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of `ru_maxrss`: getrusage(2) counts kilobytes, but on macOS bytes."""


def exit_status(raw: int, duration: float, used: Any = None) -> ExitStatus:
    """Put into words what wait4(2) has told.

    Args:
        raw: The status.
        duration: Seconds from the program's start to its end.
        used: Its `struct_rusage`, a type that only the C side knows.
    """
    usage = None
    if used is not None:
        usage = Usage(used.ru_utime, used.ru_stime, used.ru_maxrss * _RESIDENT_UNIT)
    code = os.waitstatus_to_exitcode(raw)
    if code < 0:
        return ExitStatus(None, name(-code), duration, os.WCOREDUMP(raw), usage)
    return ExitStatus(code, None, duration, usage=usage)
