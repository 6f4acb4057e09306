"""Starting a child on a new pseudo-terminal.

On Linux this is one `posix_spawn` (see `spawning`). In this order:

1. The pseudo-terminal is opened, its size and echo are set, before the child exists.
2. The child makes a session of its own, then opens the slave *by name* as descriptor 0. A
   session leader without a terminal that opens one gets it as controlling terminal (Linux;
   see tty_open_proc_set_tty in drivers/tty/tty_io.c): that saves the ioctl posix_spawn has
   not.
3. It executes. If it cannot, `posix_spawn` has reaped it and tells us why.

Where that cannot be done, and to start with SIGHUP ignored, `PtyProcess.spawn` forks.
"""

from __future__ import annotations

import os
import sys
import termios

from chat.errors import SpawnFailed
from chat.transports.forking import fork_child
from chat.transports.held_child import HeldChild
from chat.transports.spawning import CannotSpawn, Command, spawn_process, translated
from chat.transports.terminal import set_echo, set_window_size
from chat.values import WindowSize


def start_child(
    command: Command, *, size: WindowSize, echo: bool, ignore_sighup: bool
) -> tuple[HeldChild, str | None]:
    """Start a command as the leader of a session on a new pseudo-terminal.

    Returns:
        The child, with a master that does not block, and the slave's name where the way
        it was started tells it.

    Raises:
        SpawnFailed: It could not be started (or `CommandNotFound`,
            `CommandNotPermitted`). No child, zombie or descriptor is left.
    """
    if sys.platform == "linux" and not ignore_sighup:
        try:
            return _spawn_child(command, size, echo)
        except CannotSpawn:
            pass
    return fork_child(
        command.path_from_here(), command.argv, command.cwd, command.env,
        size=size, echo=echo, ignore_sighup=ignore_sighup,
    )  # fmt: skip


def _spawn_child(command: Command, size: WindowSize, echo: bool) -> tuple[HeldChild, str]:
    try:
        master, slave = os.openpty()
    except OSError as error:
        reason = f"no pseudo-terminal can be opened: {os.strerror(error.errno or 0)}"
        raise SpawnFailed(command.argv[0], reason, code=error.errno) from error
    try:
        try:
            path = os.ttyname(slave)
            set_window_size(slave, size)
            if not echo:
                set_echo(slave, False)
            os.set_blocking(master, False)
            pid = _spawn_on(path, command)
        finally:
            os.close(slave)
        return HeldChild(pid, master), path
    except (OSError, termios.error) as error:
        os.close(master)
        raise translated(command, error) from error
    except BaseException:
        os.close(master)
        raise


def _spawn_on(terminal: str, command: Command) -> int:
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0),
        (os.POSIX_SPAWN_DUP2, 0, 1),
        (os.POSIX_SPAWN_DUP2, 0, 2),
    ]
    return spawn_process(command, actions)
