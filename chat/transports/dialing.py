"""Connecting to an address, or to whichever of several answers first, under a deadline."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias, final

from chat.errors import ConnectFailed, ConnectRefused, ConnectTimeout, seconds
from chat.timing import WRITABLE, Clock, seconds_until
from chat.transports.addresses import Address

ATTEMPT_DELAY: Final = 0.25
"""Seconds until the next address is tried beside the last one (RFC 8305, section 5)."""

FULL_QUEUE: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds until a Unix-domain listener whose queue is full is tried again: nothing announces
that it has room. The last one goes on."""

Prepare: TypeAlias = Callable[[socket.socket], None]


def dial(
    target: str,
    addresses: Sequence[Address],
    prepare: Prepare,
    *,
    deadline: float | None,
    clock: Clock,
) -> socket.socket:
    """Connect over TCP to whichever address answers first (RFC 8305, "happy eyeballs").

    Each is given a moment before the next is tried beside it; one that fails makes place
    at once. Of those that were tried in vain nothing is left.

    Args:
        target: What the errors name.
        prepare: Called with each socket before it connects.
        deadline: When to give up, on the monotonic clock; `None`: never.

    Raises:
        ConnectRefused: Nobody listens at any of them.
        ConnectTimeout: None of them answered in time.
        ConnectFailed: They failed in several ways, each of which is said.
    """
    race = _Race(target, list(addresses), prepare, deadline, clock)
    try:
        return race.run()
    finally:
        race.close()


@final
class _Race:
    """Attempts to connect, several under way at once."""

    def __init__(
        self,
        target: str,
        addresses: list[Address],
        prepare: Prepare,
        deadline: float | None,
        clock: Clock,
    ) -> None:
        self._target: Final = target
        self._left: Final = addresses
        self._prepare: Final = prepare
        self._deadline: Final = deadline
        self._clock: Final = clock
        self._began: Final = clock.now()
        self._next_at = self._began
        self._running: Final[dict[int, tuple[socket.socket, Address]]] = {}
        self._failed: Final[list[tuple[Address, int]]] = []

    def close(self) -> None:
        for each, _ in self._running.values():
            each.close()
        self._running.clear()

    def run(self) -> socket.socket:
        while True:
            now = self._clock.now()
            if self._left and (now >= self._next_at or not self._running):
                self._start(self._left.pop(0))
                self._next_at = now + ATTEMPT_DELAY
            if not self._running:
                if not self._left:
                    raise self._failure()
                continue
            left = seconds_until(self._deadline, now)
            pause = max(0.0, self._next_at - now) if self._left else None
            patience = left if pause is None or (left is not None and left < pause) else pause
            ready = self._clock.waiter(dict.fromkeys(self._running, WRITABLE))(patience)
            for descriptor, _ in ready:
                connected = self._conclude(descriptor)
                if connected is not None:
                    return connected
            if not ready and patience == left:
                raise self._expiry()

    def _start(self, address: Address) -> None:
        attempt = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            attempt.setblocking(False)
            self._prepare(attempt)
            code = attempt.connect_ex(address.place)
        except OSError as error:  # the source address is not ours, or of the other family
            code = error.errno or errno.EINVAL
        except BaseException:
            attempt.close()
            raise
        if code in (0, errno.EINPROGRESS, errno.EINTR):
            self._running[attempt.fileno()] = attempt, address
        else:
            attempt.close()
            self._failed.append((address, code))

    def _conclude(self, descriptor: int) -> socket.socket | None:
        """What came of an attempt: the connection, or nothing."""
        attempt, address = self._running.pop(descriptor)
        code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0 and not _is_with_itself(attempt):
            return attempt
        attempt.close()
        self._failed.append((address, code or errno.ECONNREFUSED))
        self._next_at = self._clock.now()
        return None

    def _attempts(self) -> list[str]:
        failed = [f"{address}: {os.strerror(code)}" for address, code in self._failed]
        return failed + [f"{address}: no answer" for _, address in self._running.values()]

    def _failure(self) -> ConnectFailed:
        codes = {code for _, code in self._failed}
        code = codes.pop() if len(codes) == 1 else None
        kind = _KINDS.get(code, ConnectFailed)
        reason = "no address answers" if code is None else os.strerror(code)
        return kind(self._target, reason, self._attempts(), code=code)

    def _expiry(self) -> ConnectTimeout:
        waited = seconds(round((self._deadline or 0.0) - self._began, 3))
        untried = [f"{address}: not tried" for address in self._left]
        return ConnectTimeout(
            self._target,
            f"no answer within {waited}",
            self._attempts() + untried,
            code=errno.ETIMEDOUT,
        )


_KINDS: Final[dict[int | None, type[ConnectFailed]]] = {
    errno.ECONNREFUSED: ConnectRefused,
    errno.ETIMEDOUT: ConnectTimeout,
}


def _is_with_itself(connected: socket.socket) -> bool:
    """Whether both ends are one socket, as may happen where nobody listens on this machine.

    The system picks the port to call from among those that it might be called at, and a
    call to itself succeeds (simultaneous open: RFC 9293, section 3.5).
    """
    with suppress(OSError):
        return bool(connected.getsockname() == connected.getpeername())
    return False


def dial_unix(
    target: str, path: str | bytes, *, deadline: float | None, clock: Clock
) -> socket.socket:
    """Connect to a Unix-domain socket.

    Args:
        target: What the errors name.
        path: Its path, or its name behind a NUL (Linux's abstract ones).
        deadline: When to give up, on the monotonic clock; `None`: never.

    Raises:
        ConnectRefused: There is a socket, and nobody listens on it.
        ConnectTimeout: Its listener's queue was full all that time.
        ConnectFailed: There is none, it may not be used, or the path is none.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        _connect_unix(target, connection, path, deadline, clock)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_unix(
    target: str,
    connection: socket.socket,
    path: str | bytes,
    deadline: float | None,
    clock: Clock,
) -> None:
    step = 0
    while True:
        try:
            code = connection.connect_ex(path)
        except (OSError, ValueError) as error:  # too long, or a NUL within
            raise ConnectFailed(target, f"that is no path of a socket: {error}") from error
        if code == 0:
            return
        if code != errno.EAGAIN:
            raise _KINDS.get(code, ConnectFailed)(target, os.strerror(code), code=code)
        left = seconds_until(deadline, clock.now())
        if left == 0:
            raise ConnectTimeout(target, "its listener's queue is full", code=code)
        pause = FULL_QUEUE[min(step, len(FULL_QUEUE) - 1)]
        clock.waiter({})(pause if left is None else min(pause, left))
        step += 1
