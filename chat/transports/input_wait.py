"""Whether a program waits for input from its terminal, seen in `/proc` (Linux).

A program that wants input ends up blocked in one of a dozen system calls, and Linux shows
which, with its arguments, in `/proc/<pid>/task/<tid>/syscall`. So this can be known
without a prompt to recognise:

1. Look at every thread of every process in the terminal's foreground group.
2. Is it asleep in a call that waits for descriptors to be readable? `CALLS` says, for
   each architecture, which calls do and how to find their descriptors: in an argument,
   in an array in the process's memory, or in the kernel's list for an epoll descriptor.
3. Is one of these descriptors this terminal, or `/dev/tty`, which is this terminal for
   every process in its foreground group?

Such a view is always of the past. A program that has been sent a line may not have been
woken yet and look as if it waited, so no input may be pending, asked before and after.
Asking is done with `poll`, because that makes the kernel first move what is still on its
way to the terminal (n_tty_poll in drivers/tty/n_tty.c flushes the work queue): the reader
is awake from then on, and no longer looks blocked.

A program that watches its terminal all the time, whatever else it waits for, as ssh and
tmux do, always waits for input.

Nothing is guessed. What may not be looked at (another user's process, a hardened kernel)
or cannot be understood (a 32-bit program's calls are numbered differently) is an error,
unless another process of the group is plainly seen to wait.
"""

# Names under /proc, asked many times a second.
# ruff: noqa: PTH110, PTH116, PTH123, PTH208

from __future__ import annotations

import errno
import os
import select
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from chat.errors import NotSupported
from chat.transports.process_table import group_members

Arguments = tuple[int, ...]
Targets = Callable[[int, Arguments], Iterable[int]]

CONTROLLING_TERMINAL: Final = os.makedev(5, 0)
"""The device number of `/dev/tty` (Documentation/admin-guide/devices.txt)."""

_READABLE: Final = select.POLLIN | select.POLLRDNORM
_POLLFD: Final = struct.Struct("ihh")
_MOST_DESCRIPTORS: Final = 65536  # of one call; more would be a misread number
_INT: Final = 0xFFFF_FFFF  # an int's upper half of a register may hold anything
_COMPAT_STACK_END: Final = 1 << 32
_GONE: Final = frozenset({errno.ENOENT, errno.ESRCH, errno.EIO, errno.ENXIO})


def _first_argument(_pid: int, arguments: Arguments) -> Iterable[int]:
    """`read(descriptor, …)`."""
    return (arguments[0] & _INT,)


def _polled(pid: int, arguments: Arguments) -> Iterator[int]:
    """`poll(pointer to struct pollfd, how many, …)`."""
    pointer, count = arguments[:2]
    count = min(count & _INT, _MOST_DESCRIPTORS)
    array = _read_memory(pid, pointer, count * _POLLFD.size)
    whole = len(array) - len(array) % _POLLFD.size
    for descriptor, events, _ in _POLLFD.iter_unpack(array[:whole]):
        if descriptor >= 0 and events & _READABLE:
            yield descriptor


def _selected(pid: int, arguments: Arguments) -> Iterator[int]:
    """`select(highest descriptor + 1, pointer to the set to read, …)`."""
    count, pointer = arguments[:2]
    if pointer:
        count = min(count & _INT, _MOST_DESCRIPTORS)
        bits = int.from_bytes(_read_memory(pid, pointer, (count + 7) // 8), "little")
        yield from (descriptor for descriptor in range(count) if bits >> descriptor & 1)


def _watched(pid: int, arguments: Arguments) -> Iterator[int]:
    """`epoll_wait(epoll descriptor, …)`: the kernel lists what it watches."""
    with open(f"/proc/{pid}/fdinfo/{arguments[0] & _INT}", encoding="ascii") as lines:
        for line in lines:
            words = line.split()  # tfd: 0 events: 19 data: …
            if len(words) > 3 and words[0] == "tfd:" and int(words[3], 16) & _READABLE:
                yield int(words[1])


CALLS: Final[dict[str, dict[int, Targets]]] = {
    "x86_64": {
        0: _first_argument,  # read
        17: _first_argument,  # pread64
        19: _first_argument,  # readv
        295: _first_argument,  # preadv
        327: _first_argument,  # preadv2
        7: _polled,  # poll
        271: _polled,  # ppoll
        23: _selected,  # select
        270: _selected,  # pselect6
        232: _watched,  # epoll_wait
        281: _watched,  # epoll_pwait
        441: _watched,  # epoll_pwait2
    },
    "aarch64": {
        63: _first_argument,  # read
        65: _first_argument,  # readv
        67: _first_argument,  # pread64
        69: _first_argument,  # preadv
        286: _first_argument,  # preadv2
        73: _polled,  # ppoll
        72: _selected,  # pselect6
        22: _watched,  # epoll_pwait
        441: _watched,  # epoll_pwait2
    },
}
"""System calls that wait for input, by machine and number (the kernel's syscall_64.tbl
and include/uapi/asm-generic/unistd.h), each with the way to find its descriptors."""


def is_input_awaited(terminal: str, group: int) -> bool:
    """Whether a process of the group is blocked reading the terminal right now.

    Args:
        terminal: The terminal's name (`/dev/pts/…`).
        group: Its foreground process group.

    Raises:
        NotSupported: This system cannot tell, or may not look; the message says why.
    """
    calls = CALLS.get(os.uname().machine)
    if calls is None or not os.path.exists("/proc/self/syscall"):
        raise NotSupported(
            "whether a program waits for input cannot be seen on this system: it takes "
            f"Linux on {' or '.join(CALLS)}, and /proc/<pid>/syscall"
        )
    device = _quiet_device(terminal)
    if device is None or not _group_waits(group, device, calls):
        return False
    return _quiet_device(terminal) is not None


def _quiet_device(terminal: str) -> int | None:
    """The terminal's device number, or `None` if it has input that nobody has read yet.

    `None` also if it is gone: nobody waits there.
    """
    flags = os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        slave = os.open(terminal, flags)
    except OSError as error:
        if error.errno in _GONE:
            return None
        reason = os.strerror(error.errno or 0)
        raise NotSupported(f"{terminal} cannot be asked for unread input: {reason}") from error
    try:
        poller = select.poll()
        poller.register(slave, select.POLLIN)
        return None if poller.poll(0) else os.fstat(slave).st_rdev
    finally:
        os.close(slave)


def _group_waits(group: int, device: int, calls: dict[int, Targets]) -> bool:
    refused: NotSupported | None = None
    for pid in _likely_first(group):
        try:
            if _process_waits(pid, device, calls):
                return True
        except NotSupported as error:
            refused = error
        except OSError as error:
            if error.errno not in _GONE:
                refused = _unseen(pid, os.strerror(error.errno or 0))
    if refused is not None:
        raise refused
    return False


def _likely_first(group: int) -> Iterator[int]:
    # Most groups are one process, the leader: that spares looking for the others.
    yield group
    yield from (pid for pid in group_members(group) if pid != group)


def _process_waits(pid: int, device: int, calls: dict[int, Targets]) -> bool:
    for thread in os.listdir(f"/proc/{pid}/task"):
        call = _blocking_call(pid, thread)
        targets = None if call is None else calls.get(call[0])
        if call is not None and targets is not None:
            for descriptor in targets(pid, call[1]):
                if _is_terminal(pid, descriptor, device):
                    return True
    return False


def _blocking_call(pid: int, thread: str) -> tuple[int, Arguments] | None:
    """The number and arguments of the call a thread sleeps in; `None` if it does not."""
    words = _read_text(f"/proc/{pid}/task/{thread}/syscall").split()
    # "running"; "-1 stack counter" when blocked outside a call (a page fault)
    if len(words) < 9:
        return None
    # Stopped with Ctrl-Z inside a read, it still shows the read, and waits for nothing.
    state = _read_text(f"/proc/{pid}/task/{thread}/stat").rpartition(")")[2].split()[0]
    if state != "S":
        return None
    number, *arguments, stack, _ = (int(word, 0) for word in words)
    if stack < _COMPAT_STACK_END:
        raise _unseen(pid, "it is a 32-bit program, whose system calls are not known here")
    return number, tuple(arguments)


def _is_terminal(pid: int, descriptor: int, device: int) -> bool:
    try:
        found = os.stat(f"/proc/{pid}/fd/{descriptor}").st_rdev
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise
    return found in (device, CONTROLLING_TERMINAL)


def _read_text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _read_memory(pid: int, address: int, count: int) -> bytes:
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        try:
            return os.pread(memory.fileno(), count, address)
        except (OSError, OverflowError):
            return b""  # it has moved on and the address means nothing any more


def _unseen(pid: int, reason: str) -> NotSupported:
    try:
        name = _read_text(f"/proc/{pid}/comm").rstrip("\n")
    except OSError:
        name = "a process"
    return NotSupported(f"whether {name} (pid {pid}) waits for input cannot be seen: {reason}")
