"""Descriptors that become readable when a process ends (Linux 5.3 and later)."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence

from chat.timing import milliseconds


def open_pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends.

    `None` where the system has none, and when no descriptor is left: waiting must not
    fail for want of one. Also when the process is gone, which the caller sees by itself.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def poll_ends(pidfds: Sequence[int], seconds: float | None) -> set[int]:
    """Wait until one of the processes has ended, or so many seconds; those that have."""
    if not pidfds:
        return set()
    poller = select.poll()
    for pidfd in pidfds:
        poller.register(pidfd, select.POLLIN)
    return {ready for ready, _ in poller.poll(milliseconds(seconds))}
