"""Which file a command means, and why one could not be started.

The kernel has the last word on whether a file can be executed; what is looked at here
beforehand makes a typing error an error at once and without a new process, and what is
looked at afterwards turns an error number into a reason a person can act on.
"""

# A path is text to execute as it stands: Path would take "./" away.
# ruff: noqa: PTH110, PTH112, PTH116, PTH118, PTH123

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping

from chat.errors import CommandNotFound, CommandNotPermitted, SpawnFailed

_NO_SUCH_FILE = frozenset({errno.ENOENT, errno.ENOTDIR})
_REASONS = {
    errno.ENOEXEC: "it is neither a program for this machine nor a script that begins with #!",
    errno.E2BIG: "its arguments and environment are longer than the system takes",
    errno.EAGAIN: "no more processes may be started now",
    errno.ETXTBSY: "it is open for writing",
}


def find_executable(name: str, *, cwd: str | None, env: Mapping[str, str] | None) -> str:
    """Find the file a command's name means, as the command itself would see it.

    Args:
        name: With a `/` in it, it is a path; else it is looked for in PATH.
        cwd: Where relative paths start; `None` for this process's directory.
        env: Where PATH is taken from; `None` for this process's environment.

    Returns:
        A path that can be executed from `cwd`, relative if `name` or PATH is.

    Raises:
        CommandNotFound: There is no such file.
        CommandNotPermitted: There is one, and it may not be executed.
    """
    if "/" in name:
        candidates = [name]
    else:
        search = (os.environ if env is None else env).get("PATH", os.defpath)
        candidates = [os.path.join(folder, name) for folder in search.split(os.pathsep)]
    for candidate in candidates:
        seen_from_here = candidate if cwd is None else os.path.join(cwd, candidate)
        if os.access(seen_from_here, os.X_OK) and not os.path.isdir(seen_from_here):
            return candidate
    raise _why_not_found(name, candidates, cwd)


def _why_not_found(name: str, candidates: list[str], cwd: str | None) -> SpawnFailed:
    for candidate in candidates:
        seen_from_here = candidate if cwd is None else os.path.join(cwd, candidate)
        try:
            mode = os.stat(seen_from_here).st_mode
        except OSError as error:
            if error.errno not in _NO_SUCH_FILE and "/" in name:
                return _refusal(name, error.errno, os.strerror(error.errno or 0))
            continue
        if stat.S_ISDIR(mode) and "/" not in name:
            continue  # a folder in PATH that happens to have the name
        what = "is a directory" if stat.S_ISDIR(mode) else "is not executable"
        return _refusal(name, errno.EACCES, f"{candidate} {what}")
    where = "there is no such file" if "/" in name else "it is not in PATH"
    return CommandNotFound(name, where, code=errno.ENOENT)


def check_folder(name: str, cwd: str) -> None:
    """Refuse to start a command where there is no directory.

    Raises:
        SpawnFailed: `cwd` is no directory, or may not be entered.
    """
    try:
        if not stat.S_ISDIR(os.stat(cwd).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(cwd, os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        reason = f"its working directory {cwd!r}: {os.strerror(error.errno or 0)}"
        raise SpawnFailed(name, reason, code=error.errno) from error


def explain(name: str, path: str, error: OSError) -> SpawnFailed:
    """Say in words why the kernel did not execute a file.

    Args:
        name: The command as it was given.
        path: The file, seen from this process.
        error: What the system said.
    """
    if error.errno in _NO_SUCH_FILE:
        if not os.path.exists(path):
            return CommandNotFound(name, "there is no such file", code=error.errno)
        return SpawnFailed(name, _missing_interpreter(path), code=error.errno)
    reason = _REASONS.get(error.errno or 0) or os.strerror(error.errno or 0)
    return _refusal(name, error.errno, reason)


def _refusal(name: str, code: int | None, reason: str) -> SpawnFailed:
    permitted = code not in (errno.EACCES, errno.EPERM)
    return (SpawnFailed if permitted else CommandNotPermitted)(name, reason, code=code)


def _missing_interpreter(path: str) -> str:
    # The file is there, so what the kernel missed is what the file asks to be run by.
    try:
        with open(path, "rb") as file:
            first_line = file.readline(256)
    except OSError:
        first_line = b""
    if first_line.startswith(b"#!"):
        words = first_line[2:].split(None, 1)
        interpreter = os.fsdecode(words[0]) if words else ""
        return f"its interpreter {interpreter!r} does not exist"
    return "the loader or interpreter it asks for does not exist"
