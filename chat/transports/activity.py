"""What the processes of a session have done so far, read from `/proc`.

A program that says nothing may be working (an installer that compiles) or hang (one that
waits for a lock). The kernel knows: proc(5) gives the processor time of each process in
`stat`, to 10 ms, that of its first thread in `schedstat`, to the nanosecond, and what it has
read and written, through whatever descriptor, in `io`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from chat.errors import NotSupported
from chat.transports.process_table import session_members

_FILES: Final = ("stat", "schedstat", "io")

# Of `stat`, counted behind the command's name, which may hold spaces: utime and stime. What
# else is in it may change while a process sleeps (the page faults of somebody who looks).
_TIMES: Final = slice(11, 13)


def session_activity(session: int) -> tuple[tuple[int, ...], ...]:
    """The process ids of a session's processes, each with counters that grow as it works.

    Equal to what it was before: none has used processor time, read or written, begun or
    ended since.

    Raises:
        NotSupported: There is no `/proc` that tells.
    """
    members = session_members(session)
    if not members:
        raise NotSupported("what a program's processes do cannot be seen on this system")
    return tuple(process_activity(pid) for pid in sorted(members))


def process_activity(pid: int) -> tuple[int, ...]:
    """The same of one process, its id first."""
    return (pid, *_counters(pid))


def _counters(pid: int) -> list[int]:
    """As many as may be seen: a process of another user's hides its `io`."""
    found: list[int] = []
    for name in _FILES:
        try:
            text = Path(f"/proc/{pid}/{name}").read_text("ascii", "replace")
        except OSError:
            continue
        words = text.rpartition(")")[2].split()[_TIMES] if name == "stat" else text.split()
        found += [int(word) for word in words if word.isdecimal()]
    return found
