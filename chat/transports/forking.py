"""Starting a child the portable way, where `posix_spawn` cannot: `PtyProcess.spawn`.

It forks this process, which costs time in proportion to our memory, and which Python
3.12 and later warn about when there are other threads.
"""

# Paths go to the system as they stand.
# ruff: noqa: PTH100, PTH115

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from typing import Final

from chat.errors import SpawnFailed
from chat.transports.executable import explain
from chat.transports.held_child import HeldChild
from chat.values import WindowSize

_UNTOUCHABLE: Final = frozenset({signal.SIGKILL, signal.SIGSTOP})


def fork_child(
    path: str,
    argv: Sequence[str],
    cwd: str | None,
    env: Mapping[str, str] | None,
    *,
    size: WindowSize,
    echo: bool,
    ignore_sighup: bool,
) -> tuple[HeldChild, str | None]:
    """Start a command as the leader of a session on a new pseudo-terminal, by forking.

    Args:
        path: The file to execute, as seen from this process.
        argv: The command; its first word becomes `path`, as `PtyProcess` does it.
        cwd: Where it starts; `None`: where this process is.
        env: Its whole environment; `None`: this process's.
        size: The terminal's rows and columns.
        echo: Whether the terminal shows what is typed.
        ignore_sighup: Start it with SIGHUP ignored.

    Returns:
        The child, with a master that does not block, and the slave's name if the
        system tells it.

    Raises:
        SpawnFailed: It could not be started (or `CommandNotFound`,
            `CommandNotPermitted`). No child, zombie or descriptor is left.
    """

    def prepare() -> None:
        # In the child. PtyProcess reports what this raises, and would let an error from
        # its own change of directory run on as a second copy of this program.
        for number in signal.valid_signals() - _UNTOUCHABLE:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if ignore_sighup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if cwd is not None:
            os.chdir(cwd)

    born: list[HeldChild] = []

    class NotedChild(HeldChild):
        def __init__(self, pid: int, fd: int) -> None:
            super().__init__(pid, fd)
            born.append(self)

    try:
        held = NotedChild.spawn(
            [os.path.abspath(path), *argv[1:]],
            env=None if env is None else dict(env),
            echo=echo,
            preexec_fn=prepare,
            dimensions=(size.rows, size.columns),
        )
    except Exception as error:
        for child in born:  # it has exited with the reason; PtyProcess leaves it to us
            child.let_go()
            os.waitpid(child.pid, 0)
        if isinstance(error, OSError) and error.errno:
            raise explain(argv[0], path, error) from error
        raise SpawnFailed(argv[0], str(error)) from error
    os.set_blocking(held.fd, False)
    return held, slave_name(held)


def slave_name(held: HeldChild) -> str | None:
    """The name of a child's terminal, where the system tells it."""
    try:
        if hasattr(os, "ptsname"):  # Python 3.13
            return str(os.ptsname(held.fd))
        name = os.readlink(f"/proc/{held.pid}/fd/0")
    except OSError:
        return None
    return name if name.startswith("/dev/") else None
