"""Locks between processes: how many may use a device at once on this machine.

A lock is a file for each slot, held by `flock`. The kernel lets go of it when its holder
dies, however it dies, so that no lock is ever left over. The files stay where they are: to
remove one would let two processes hold two files of the same name.

They lie in a directory that only their user can write to. A name given by a stranger in a
directory for all, such as /tmp, could be a link to anywhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import sys
import time
import weakref
from pathlib import Path
from typing import Final, Literal, Protocol, Self, TypeAlias, final

from chat.deadlines import shortened, waited
from chat.errors import LockFailed, LockTimeout
from chat.timing import check_seconds, try_until
from chat.values import redact

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds to wait for a lock unless told otherwise: what a session's operations have."""

NAME_LIMIT: Final = 200
"""Bytes of a name that go into a file's name, of which Linux takes 255."""

ALONE: Final = 0o600
TOGETHER: Final = 0o660

Method: TypeAlias = Literal["flock", "semaphore"]


class _Slots(Protocol):
    """What holds a slot: files, or a semaphore."""

    def take(self, timeout: float | None) -> bool:
        """Hold a slot; whether there was one in time."""

    def give(self) -> None:
        """Let go of it."""

    def holders(self) -> list[str]:
        """Who holds slots, in words."""


@final
class Lock:
    """A lock to be held in a `with` block, or between `acquire` and `release`.

    Args:
        name: What it is for.
        slots: What holds it.
        count: How many may hold it.
        timeout: Seconds to wait for it.
    """

    def __init__(self, name: str, slots: _Slots, count: int, timeout: float | None) -> None:
        self.name: Final = name
        self._slots: Final = slots
        self._count: Final = count
        self._timeout: Final = timeout
        self._is_held = False

    def __repr__(self) -> str:
        return f"<Lock {self.name!r}: {'held' if self._is_held else 'not held'}>"

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def held(self) -> bool:
        """Whether it is held through this object."""
        return self._is_held

    def acquire(self) -> None:
        """Hold it.

        Raises:
            LockTimeout: Others held it all that time; the message says who, where known.
            LockFailed: It is held through this object already, or cannot be held safely.
        """
        if self._is_held:
            raise LockFailed(f"the lock {self.name!r} is held already, through this object")
        if not self._slots.take(shortened(self._timeout)):
            slots = "the only slot" if self._count == 1 else f"one of {self._count} slots"
            raise LockTimeout(
                waited(f"{slots} of the lock {self.name!r}", self._timeout),
                holders=self._slots.holders(),
            )
        self._is_held = True

    def release(self) -> None:
        """Let go of it. Twice is once."""
        if self._is_held:
            self._is_held = False
            self._slots.give()


def lock(
    name: str,
    *,
    slots: int = 1,
    timeout: float | None = DEFAULT_TIMEOUT,
    directory: str | os.PathLike[str] | None = None,
    method: Method = "flock",
) -> Lock:
    """Limit how many processes of this machine use something at once.

        with chat.lock("router-7", slots=2, timeout=60):
            with chat.spawn(["ssh", "admin@router-7"]) as s: ...

    It is let go of when its holder dies, however that happens. Children that this process
    forks do not hold it; nor do programs that it starts.

    Args:
        name: What is used: any text. Each name is a lock of its own, for each user.
        slots: How many may use it at once; all who use it say the same.
        timeout: Seconds to wait. `None`: no limit. 0: do not wait.
        directory: Where its files lie; left out: a directory of this user's alone. One that a
            group of users may write to makes the lock theirs together.
        method: `"flock"` by files; `"semaphore"` by one System V semaphore (extra `sysv`),
            which wakes the one who waits at once, and is not told who else does.

    Raises:
        ValueError, TypeError: An argument is not one.
        LockFailed: There is no safe place for its files.
        ImportError: The extra is not installed.
    """
    if not name:
        raise ValueError("a lock needs a name")
    if slots < 1:
        raise ValueError(f"a lock of {slots} slots")
    check_seconds("timeout", timeout)
    if method == "flock":
        folder = _private_directory() if directory is None else Path(directory)
        permissions = ALONE if directory is None else TOGETHER
        files = FileSlots(folder, name, slots, permissions)
        return Lock(name, files, slots, timeout)
    if method != "semaphore":
        raise ValueError(f"method is 'flock' or 'semaphore', not {method!r}")
    from chat.ipc import SemaphoreSlots  # an extra: only who asks for it needs it

    return Lock(name, SemaphoreSlots(name, slots), slots, timeout)


# ── files ─────────────────────────────────────────────────────────────────────────────────


@final
class FileSlots:
    """Slots that are files, each held by `flock`.

    Args:
        directory: Where they lie.
        name: What they are for.
        count: How many there are.
        permissions: Those of the files.
    """

    def __init__(self, directory: Path, name: str, count: int, permissions: int) -> None:
        stem = _file_name(name)
        self._paths: Final = [directory / f"{stem}.{number}.lock" for number in range(count)]
        self._permissions: Final = permissions
        self._held: int | None = None
        self._holder: int | None = None  # the process that holds it: its children do not

    def take(self, timeout: float | None) -> bool:
        """Hold the first slot that is free; whether there was one in time.

        Raises:
            LockFailed: Its file cannot be opened.
        """
        # The kernel can wait for one lock, but neither for the first of several nor for so
        # long only.
        taken = try_until(self._take_nowait, timeout)
        if taken is None:
            return False
        self._held, self._holder = taken, os.getpid()
        _held.add(self)
        return True

    def _take_nowait(self) -> int | None:
        for path in self._paths:
            descriptor = _open_slot(path, self._permissions)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, _self_description().encode(), 0)
            except BlockingIOError:
                os.close(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            else:
                return descriptor
        return None

    def give(self) -> None:
        """Let go of it; in a forked child, only of the copy of its descriptor."""
        descriptor, self._held = self._held, None
        _held.discard(self)
        if descriptor is None:
            return
        if self._holder == os.getpid():
            os.ftruncate(descriptor, 0)
            # A program that starts at this moment has a copy of the descriptor until the
            # kernel closes it there, a moment after `posix_spawn` has returned here.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def holders(self) -> list[str]:
        """Who holds slots, in words, as far as they say."""
        return [f"held by {said}" for path in self._paths if (said := _read_holder(path))]


_held: Final[weakref.WeakSet[FileSlots]] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A lock belongs to the open file, which a fork shares: it would outlive its holder."""
    for each in tuple(_held):
        each.give()


os.register_at_fork(after_in_child=_let_go_in_child)


def _open_slot(path: Path, permissions: int) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, permissions)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise LockFailed(f"the lock file {str(path)!r} cannot be opened: {reason}") from error
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, permissions)  # whatever the umask was
    return descriptor


def _self_description() -> str:
    words = " ".join(sys.argv) or sys.executable
    moment = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"pid {os.getpid()} since {moment}: {redact(words)[:200]}"


def _read_holder(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        said = os.read(descriptor, 1000).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
    # It may be a stranger's: only what can be shown on one line.
    return "".join(each for each in said if each.isprintable())


def _file_name(name: str) -> str:
    """A name that can be a file's, different for different names."""
    from urllib.parse import quote  # start-up cost: few take locks

    quoted = quote(name, safe="")
    if len(quoted) <= NAME_LIMIT and not quoted.startswith("."):
        return quoted
    import hashlib

    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{quoted[: NAME_LIMIT - 70].lstrip('.')}-{digest}"


def _private_directory() -> Path:
    """A directory that this user alone can write to.

    Raises:
        LockFailed: What is there is a link, or others could write to it.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        folder = Path(runtime) / "chat-locks"
    else:
        folder = Path("/tmp") / f"chat-locks-{os.geteuid()}"  # noqa: S108  (checked below)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise LockFailed(f"{str(folder)!r} is not a directory of this user's own")
    if stat.S_IMODE(found.st_mode) & 0o022:
        raise LockFailed(f"{str(folder)!r} can be written to by others")
    return folder
