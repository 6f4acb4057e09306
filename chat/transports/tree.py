"""Those who descend from a child, also once they have left its session: daemons.

A process that forks, leaves its session and forks again has nothing to do with its origin any
more, as far as the system knows. Two things find it again. This process becomes the parent of
orphans (`chat.signals.subreaper`), so that what ends can be reaped here. And the child is
started with a mark in its environment, which descends to all it starts, and to nobody else:
children of this program's own never have it.

Out of reach is who has thrown away the environment and left the session (`env -i setsid x`),
and what belongs to another user, unless we are root. One that began a session of its own and
has ended is reaped if its parent was seen to be of the tree while both were there; it looks
just like a child of this program's own that nobody has reaped, which is not ours to take.
"""

# One directory, listed often; its files are read in one go.
# ruff: noqa: PTH123, PTH208

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Final, final

from chat.errors import NotSupported
from chat.signals import children
from chat.signals.subreaping import Subreaper

NAME: Final = "CHAT_TREE"
"""The environment variable that is the mark."""


@final
class Tree:
    """The descendants of one child; from its making until `leave`, orphans become ours.

    Raises:
        NotSupported: This system has neither `/proc` nor such a parent.
    """

    __slots__ = ("_mark", "_seen", "_subreaper")

    def __init__(self) -> None:
        if not os.path.exists("/proc/self/environ"):  # noqa: PTH110  (a path as it stands)
            raise NotSupported("descendants cannot be found on this system: it has no /proc")
        self._mark: Final = f"{os.getpid()}-{os.urandom(8).hex()}"
        self._seen: Final[dict[int, bytes]] = {}  # when each was started, by process id
        self._subreaper: Subreaper | None = Subreaper().__enter__()

    def environment(self, env: Mapping[str, str] | None) -> dict[str, str]:
        """The environment to start the child with."""
        return {**(os.environ if env is None else env), NAME: self._mark}

    def members(self) -> list[int]:
        """Those who descend from the child, itself included, and live."""
        found = _all_processes()
        living = {pid for pid in found if self.has(pid)}
        for pid in found:
            stat = _stat(pid)
            # What has ended has no environment any more, but a parent that has.
            if stat is not None and stat[_STATE] == b"Z" and int(stat[_PARENT]) in living:
                self._seen[pid] = stat[_STARTED]
        return sorted(living)

    def has(self, pid: int) -> bool:
        """Whether a living process descends from the child."""
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                marked = f"\0{NAME}={self._mark}\0".encode() in b"\0" + file.read()
        except OSError:  # gone, or another user's
            return False
        if marked:
            stat = _stat(pid)
            if stat is None:
                return False
            self._seen[pid] = stat[_STARTED]
        return marked

    def leave(self) -> None:
        """Reap those that have ended, and let orphans be as they were. Twice is once."""
        if self._subreaper is None:
            return
        for pid in _all_processes():
            if self._is_ended_orphan(pid):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
        self._subreaper.__exit__()
        self._subreaper = None

    def _is_ended_orphan(self, pid: int) -> bool:
        stat = _stat(pid)
        if stat is None or stat[_STATE] != b"Z" or int(stat[_PARENT]) != os.getpid():
            return False
        if children.is_owned(pid):
            return False
        # A child of this program's own is in our session, unless it has begun one, which it
        # then leads. One that is in another's was born there.
        session = int(stat[_SESSION])
        return self._seen.get(pid) == stat[_STARTED] or session not in (os.getsid(0), pid)


# Where things are in /proc/<pid>/stat behind the command's name; see proc(5).
_STATE, _PARENT, _SESSION, _STARTED = 0, 1, 3, 19


def _all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _stat(pid: int) -> list[bytes] | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return None
