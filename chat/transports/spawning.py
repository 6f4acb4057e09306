"""Starting a child without copying this process: one `posix_spawn`.

The C library makes it with CLONE_VFORK on Linux: the child borrows our memory until it
executes, so the cost does not grow with ours, and no Python runs between fork and exec, so
other threads' locks are no danger. The child leads a session of its own (`setsid=True`), and
has every signal set to its default and none blocked.

Descriptors of ours that would be inherited are closed in it. Python makes its own
non-inheritable, so there are few; which, we see in /proc/self/fd.

`posix_spawn` cannot change the directory. With `cwd`, a thread that lives only for this
takes its working directory out of the process's (`unshare(CLONE_FS)`), changes it, and
spawns. Some containers forbid unshare; there, and on systems other than Linux, another way
has to be found, which is what `CannotSpawn` says.
"""

# A path is text to execute as it stands: Path would take "./" away.
# ruff: noqa: PTH118, PTH208

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, final

from chat.errors import CommandError, SpawnFailed
from chat.transports.executable import check_folder, explain, find_executable
from chat.values import redact

DEFAULTED: Final = frozenset(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}
"""The signals a child starts with at their default. Python itself ignores SIGPIPE and
SIGXFSZ, and whoever started us may have had more ignored (`nohup`: SIGHUP; a shell's
background job: SIGINT and SIGQUIT), which would make the terminal's keys do nothing."""

CLONE_FS: Final = 0x200
"""From <linux/sched.h>; `os.CLONE_FS` is there since Python 3.12."""


class CannotSpawn(Exception):
    """This system has not what starting without a fork takes."""


@final
@dataclass(frozen=True, slots=True)
class Command:
    """What to start: already checked, and looked up.

    Attributes:
        argv: The command and its arguments.
        cwd: Where it starts; `None`: where this process is.
        env: Its whole environment; `None`: this process's.
        path: The file to execute, as seen from `cwd`.
    """

    argv: tuple[str, ...]
    cwd: str | None
    env: Mapping[str, str] | None
    path: str

    @classmethod
    def checked(
        cls,
        argv: Sequence[str],
        cwd: str | os.PathLike[str] | None,
        env: Mapping[str, str] | None,
    ) -> Self:
        """Check a command and find its file.

        Raises:
            CommandError: The command, or the environment, is malformed.
            CommandNotFound: There is no such command.
            CommandNotPermitted: It may not be executed.
            SpawnFailed: `cwd` is no directory that can be entered.
        """
        checked = _check_argv(argv)
        if env is not None:
            _check_env(env)
        folder = None
        if cwd is not None:
            folder = _check_text("the working directory", os.fspath(cwd))
            check_folder(checked[0], folder)
        return cls(checked, folder, env, find_executable(checked[0], cwd=folder, env=env))

    def path_from_here(self) -> str:
        """The file to execute, as seen from this process."""
        return self.path if self.cwd is None else os.path.join(self.cwd, self.path)


def _check_argv(argv: Sequence[str]) -> tuple[str, ...]:
    if isinstance(argv, str | bytes):
        raise CommandError("a command is a list of arguments, not one text")
    checked = tuple(argv)
    if not checked or checked[0] == "":
        raise CommandError("a command cannot be empty")
    for argument in checked:
        _check_text("an argument", argument)
    return checked


def _check_env(env: Mapping[str, str]) -> None:
    for name, value in env.items():
        _check_text("the name of an environment variable", name)
        _check_text("an environment variable", value)
        if not name or "=" in name:
            raise CommandError(f"no environment variable can be called {name!r}")


def _check_text(what: str, text: str) -> str:
    if not isinstance(text, str):
        raise CommandError(f"{what} is text, not {type(text).__name__}")
    if "\0" in text:
        raise CommandError(f"{what} cannot contain a NUL character: {redact(text)!r}")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise CommandError(f"{what} cannot be encoded: {redact(text)!r}") from error
    return text


def spawn_process(command: Command, actions: Sequence[tuple[object, ...]]) -> int:
    """Start a command as the leader of a session of its own, and give its process id.

    Args:
        actions: What `posix_spawn` does to the descriptors in the child (`file_actions`);
            those above 2 that it would inherit are closed behind them.

    Raises:
        CannotSpawn: See the top of the module.
        OSError: It could not be started; `translated` says why. No child is left.
    """
    every = [*actions, *_closing()]

    def spawn() -> int:
        return os.posix_spawn(
            command.path,
            command.argv,
            _our_environment() if command.env is None else command.env,
            file_actions=every,
            setsid=True,
            setsigmask=(),
            setsigdef=DEFAULTED,
        )

    return spawn() if command.cwd is None else _call_in(command.cwd, spawn)


def translated(command: Command, error: Exception) -> SpawnFailed:
    """Say in words why a command could not be started."""
    if isinstance(error, SpawnFailed):
        return error
    if command.cwd is not None:
        check_folder(command.argv[0], command.cwd)  # it may be gone by now
    if isinstance(error, OSError):
        return explain(command.argv[0], command.path_from_here(), error)
    return SpawnFailed(command.argv[0], f"its terminal cannot be set up: {error}")


def _our_environment() -> Mapping[bytes, bytes] | Mapping[str, str]:
    # posix_spawn wants bytes, and `os.environ` keeps bytes, in a plain dictionary. To go
    # through its front door decodes every name and value in Python and encodes them again,
    # 35 microseconds of the 700 a child costs. An `os.environ` without it is as good.
    inside: Mapping[bytes, bytes] | Mapping[str, str] = getattr(os.environ, "_data", os.environ)
    return inside


def _closing() -> list[tuple[int, ...]]:
    """File actions that close what the child would inherit beyond its terminal."""
    if hasattr(os, "POSIX_SPAWN_CLOSEFROM"):  # Python 3.14
        return [(os.POSIX_SPAWN_CLOSEFROM, 3)]
    try:
        descriptors = os.listdir("/proc/self/fd")
    except FileNotFoundError as error:
        raise CannotSpawn from error
    return [
        (os.POSIX_SPAWN_CLOSE, descriptor)
        for descriptor in map(int, descriptors)
        if descriptor > 2 and _is_inheritable(descriptor)
    ]


def _is_inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False  # closed since: the one that listed the descriptors, for instance


def _call_in(folder: str, call: Callable[[], int]) -> int:
    """Call something that runs in another directory, for it alone.

    Raises:
        CannotSpawn: The system does not let a thread have a directory of its own.
        Exception: Whatever the call raises.
    """
    results: list[int] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            _unshare_directory()
            os.chdir(folder)
            results.append(call())
        except Exception as error:  # noqa: BLE001  (raised again where the caller waits)
            errors.append(error)

    try:
        thread = threading.Thread(target=run, name="chat: starting a child")
        thread.start()
    except RuntimeError as error:
        raise CannotSpawn from error
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _unshare_directory() -> None:
    try:
        if hasattr(os, "unshare"):  # Python 3.12
            os.unshare(CLONE_FS)
            return
        _unshare_by_ctypes()
    except (ImportError, AttributeError) as error:
        raise CannotSpawn from error
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOSYS, errno.EINVAL):
            raise
        raise CannotSpawn from error


def _unshare_by_ctypes() -> None:
    import ctypes  # start-up cost: only Python 3.11, and only with `cwd`

    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_FS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
