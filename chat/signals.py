"""Signals by name and number."""

from __future__ import annotations

import signal
from typing import Final

NUMBERS: Final = {each.name: int(each) for each in signal.Signals}
"""Signal numbers by name: `{"SIGHUP": 1, …}`, of this system."""

NAMES: Final = {number: name for name, number in reversed(NUMBERS.items())}
"""Signal names by number; where two names share one, the first defined."""


def number(which: str | int) -> int:
    """The number of a signal given as `"TERM"`, `"SIGTERM"` or its number.

    Raises:
        ValueError: There is no such signal here.
    """
    if isinstance(which, str):
        name = which.upper()
        found = NUMBERS.get(name if name.startswith("SIG") else f"SIG{name}")
        if found is None:
            raise ValueError(f"there is no signal {which!r} on this system")
        return found
    if which not in NAMES and not 0 < which < signal.NSIG:
        raise ValueError(f"there is no signal {which} on this system")
    return int(which)


def name(number: int) -> str:
    """The name of a signal by number; real-time ones are `SIGRTMIN+n`."""
    known = NAMES.get(number)
    return known if known is not None else f"SIGRTMIN+{number - signal.SIGRTMIN}"
