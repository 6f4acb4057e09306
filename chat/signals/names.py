"""Signals by name and number, both ways."""

from __future__ import annotations

import signal
from typing import Final

NUMBERS: Final = {each.name: int(each) for each in signal.Signals}
"""Signal numbers by name: `{"SIGHUP": 1, …}`, of this system."""

NAMES: Final = {number: name for name, number in reversed(NUMBERS.items())}
"""Signal names by number; where two names share one, the first defined."""

_REAL_TIME: Final = "SIGRTMIN+"


def number(which: str | int) -> int:
    """The number of a signal given as `"TERM"`, `"SIGTERM"`, `"RTMIN+3"` or its number.

    Raises:
        ValueError: There is no such signal here.
    """
    if isinstance(which, str):
        name = which.upper()
        name = name if name.startswith("SIG") else f"SIG{name}"
        found = NUMBERS.get(name) or _real_time(name)
        if found is None:
            raise ValueError(f"there is no signal {which!r} on this system")
        return found
    if which not in NAMES and not 0 < which < signal.NSIG:
        raise ValueError(f"there is no signal {which} on this system")
    return int(which)


def _real_time(name: str) -> int | None:
    beyond = name.removeprefix(_REAL_TIME)
    if beyond == name or not beyond.isdecimal() or not hasattr(signal, "SIGRTMIN"):
        return None  # macOS has none of these
    found = signal.SIGRTMIN + int(beyond)
    return found if found <= signal.SIGRTMAX else None


def name(number: int) -> str:
    """The name of a signal by number; real-time ones are `SIGRTMIN+n`."""
    known = NAMES.get(number)
    return known if known is not None else f"{_REAL_TIME}{number - signal.SIGRTMIN}"
