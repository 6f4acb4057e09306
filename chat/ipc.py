"""System V shared memory and semaphores (extra `sysv`).

    with SharedMemory.create(2000) as memory:
        memory.write(b"Message #1")
        print(memory.read(10))

    gate = Semaphore.open(1234, create=True)
    gate.take()
    gate.give()

The one door to `sysv_ipc`, whose errors become ours. What is made here is for its user
alone unless told otherwise, and stays until it is removed, as System V has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self, final

from chat.errors import IpcFailed, LockTimeout, seconds
from chat.timing import check_seconds, try_until

PRIVATE: Final = 0o600


def _library() -> Any:  # an extra without types
    try:
        import sysv_ipc
    except ImportError as error:
        raise ImportError("System V IPC needs the extra: pip install ipc-chat[sysv]") from error
    return sysv_ipc


@contextmanager
def _translating(what: str) -> Iterator[Any]:
    """Turn the library's errors into ours."""
    library = _library()
    try:
        yield library
    except library.ExistentialError as error:
        raise IpcFailed(f"{what}: {error}") from error
    except library.PermissionsError as error:
        raise IpcFailed(f"{what} may not be used: {error}") from error
    except (library.InternalError, ValueError, OSError) as error:
        raise IpcFailed(f"{what}: {error}") from error


@final
class SharedMemory:
    """A piece of memory that several processes have in common.

    Made by `create`, found by `open`.
    """

    def __init__(self, memory: Any, *, ours: bool) -> None:
        self._memory: Final = memory
        self._is_ours: Final = ours
        self._is_gone = False

    @classmethod
    def create(cls, size: int, key: int | None = None, *, permissions: int = PRIVATE) -> Self:
        """Make a new piece, zeroed; a `with` block removes it.

        Args:
            size: Bytes.
            key: The number by which others find it; left out: they are told its `id`.
            permissions: Who may use it.

        Raises:
            IpcFailed: There is one with this key; or the system has no more.
        """
        with _translating("shared memory") as library:
            made = library.SharedMemory(
                key, library.IPC_CREX, mode=permissions, size=size, init_character=b"\0"
            )
        return cls(made, ours=True)

    @classmethod
    def open(cls, key: int | None = None, *, id: int | None = None) -> Self:  # noqa: A002
        """Find a piece that is there, by its key or its id.

        Raises:
            IpcFailed: There is none, or this user may not use it.
            ValueError: It is not exactly one of the two.
        """
        if (key is None) == (id is None):
            raise ValueError("a piece of memory is found by its key, or by its id")
        with _translating("shared memory") as library:
            if id is not None:
                return cls(library.attach(id), ours=False)
            return cls(library.SharedMemory(key), ours=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        if self._is_ours:
            self.remove()

    @property
    def id(self) -> int:
        """The number that stands for this piece, whatever its key."""
        found: int = self._memory.id
        return found

    @property
    def size(self) -> int:
        """Bytes in it."""
        found: int = self._memory.size
        return found

    def read(self, size: int, offset: int = 0) -> bytes:
        """Read so many bytes.

        Raises:
            ValueError: There are not so many.
        """
        self._check(offset, size)
        with _translating("shared memory"):
            found: bytes = self._memory.read(size, offset)
        return found

    def write(self, data: bytes, offset: int = 0) -> None:
        """Write bytes, without any order towards other processes: that is a semaphore's task.

        Raises:
            ValueError: They do not fit.
        """
        self._check(offset, len(data))
        with _translating("shared memory"):
            self._memory.write(data, offset)

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise ValueError(f"bytes {offset} to {offset + size} of {self.size}")

    def close(self) -> None:
        """Let go of it; it stays for others. Twice is once."""
        if self._memory.attached:
            with _translating("shared memory"):
                self._memory.detach()

    def remove(self) -> None:
        """Remove it, once nobody has it attached any more. Twice is once."""
        if not self._is_gone:
            self._is_gone = True
            with _translating("shared memory"):
                self._memory.remove()


@final
class Semaphore:
    """A count that processes take from and give to, and wait for while it is 0."""

    def __init__(self, semaphore: Any, asking: Any) -> None:
        self._semaphore: Final = semaphore
        # The same one, through which taking does not wait: how it does is an attribute, which
        # threads would change under each other.
        self._asking: Final = asking
        asking.block = False

    @classmethod
    def open(
        cls,
        key: int,
        *,
        create: bool = False,
        value: int = 1,
        undo: bool = False,
        permissions: int = PRIVATE,
    ) -> Self:
        """Find a semaphore, or make it.

        Args:
            key: The number by which processes find it.
            create: Whether to make it if it is not there.
            value: Its count when it is made.
            undo: Whether what this process has taken is given back when it dies.
            permissions: Who may use it.

        Raises:
            IpcFailed: There is none, or this user may not use it.
        """
        with _translating(f"the semaphore {key}") as library:
            if not create:
                made = library.Semaphore(key)
            else:
                made = _made_or_found(library, key, value, permissions)
            asking = library.Semaphore(key)
            made.undo = asking.undo = undo
        return cls(made, asking)

    @property
    def value(self) -> int:
        """Its count now."""
        with _translating("the semaphore"):
            found: int = self._semaphore.value
        return found

    @property
    def last_pid(self) -> int:
        """The process that took or gave last."""
        with _translating("the semaphore"):
            found: int = self._semaphore.last_pid
        return found

    def take(self, *, timeout: float | None = None) -> None:
        """Take one, waiting while there is none.

        Args:
            timeout: Seconds to wait. `None`: no limit. 0: do not wait.

        Raises:
            LockTimeout: There was none all that time.
            IpcFailed: It was removed meanwhile.
        """
        check_seconds("timeout", timeout)
        with _translating("the semaphore"):
            # Not every system can wait for so long only.
            taken = self._wait() if timeout is None else try_until(self._take_nowait, timeout)
        if not taken:
            raise LockTimeout(
                f"waited {seconds(timeout)} for the semaphore {self._semaphore.key}",
                holders=[f"process {self.last_pid} was the last to use it"],
            )

    def _take_nowait(self) -> bool | None:
        try:
            self._asking.acquire()
        except _library().BusyError:
            return None
        return True

    def _wait(self) -> bool:
        library = _library()
        while True:
            try:
                self._semaphore.acquire()
            except library.Error as error:
                if type(error) is not library.Error:
                    raise
                # A signal came, and its handler has had its say: go on.
            else:
                return True

    def give(self) -> None:
        """Give one back."""
        with _translating("the semaphore"):
            self._semaphore.release()

    def remove(self) -> None:
        """Remove it; who waits for it gets an error."""
        with _translating("the semaphore"):
            self._semaphore.remove()


def _made_or_found(library: Any, key: int, value: int, permissions: int) -> Any:
    try:
        return library.Semaphore(key, library.IPC_CREX, permissions, value)
    except library.ExistentialError:
        # Between its making and its first value it counts 0, so that nobody comes too early.
        return library.Semaphore(key)


@final
class SemaphoreSlots:
    """Slots of `chat.lock` that are one semaphore's count, given back by the kernel.

    Args:
        name: What they are for.
        count: How many there are, if this is the first to say.
    """

    def __init__(self, name: str, count: int) -> None:
        self._semaphore: Final = Semaphore.open(
            _key_for(name), create=True, value=count, undo=True
        )

    def take(self, timeout: float | None) -> bool:
        """Hold a slot; whether there was one in time."""
        try:
            self._semaphore.take(timeout=timeout)
        except LockTimeout:
            return False
        return True

    def give(self) -> None:
        """Let go of it."""
        self._semaphore.give()

    def holders(self) -> list[str]:
        """Who used it last: a semaphore knows no more."""
        return [f"process {self._semaphore.last_pid} was the last to use it"]

    def remove(self) -> None:
        """Remove the semaphore."""
        self._semaphore.remove()


def _key_for(name: str) -> int:
    """A key for a name and this user; two names may share one, once in two thousand million."""
    import hashlib

    text = f"chat.lock {os.geteuid()} {name}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") % 0x7FFFFFFE + 1
