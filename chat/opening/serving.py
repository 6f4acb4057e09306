"""Many clients at once: each in a thread, or in a child that is reaped."""

from __future__ import annotations

import abc
import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, final

from chat.errors import ConnectFailed, NotSupported
from chat.session import Session
from chat.signals import name
from chat.timing import READABLE, SYSTEM_CLOCK, check_seconds, seconds_until

if TYPE_CHECKING:
    from chat.opening.listeners import Listener

Handler: TypeAlias = Callable[[Session[Any]], object]

LOG: Final = logging.getLogger("chat.listener")

HANDSHAKE: Final = 30.0
"""Seconds a client has for a TLS handshake; it takes a place from others meanwhile."""

NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

RESPITE: Final = 0.2
"""Seconds without accepting when the system has no room: nothing announces that it has."""

LOOK_AGAIN: Final = 0.05
"""Seconds between looks at children where no descriptor announces their end (no pidfd)."""


def serve(
    listener: Listener[Any], handler: Handler, *, mode: str, at_most: int, grace: float
) -> None:
    """Serve whoever calls until the listener is told to stop; see `Listener.serve`."""
    if mode == "task":
        raise NotSupported('mode "task" is for asyncio, which this listener does not serve')
    if mode not in _CREWS:
        raise ValueError(f"mode is 'thread', 'fork' or 'task', not {mode!r}")
    if at_most < 1:
        raise ValueError(f"at_most is {at_most}: not even one client could be served")
    check_seconds("grace", grace)
    crew = _CREWS[mode](listener, handler)
    try:
        while not listener.stopped:
            _serve_once(listener, crew, at_most)
    finally:
        crew.end(grace)


def _serve_once(listener: Listener[Any], crew: _Crew, at_most: int) -> None:
    """Wait until something happens, and see to it."""
    interest = {listener.bell.fileno(): READABLE, **dict.fromkeys(crew.watched(), READABLE)}
    if len(crew) < at_most:
        interest[listener.endpoint.fileno()] = READABLE
    SYSTEM_CLOCK.waiter(interest)(crew.patience)
    listener.bell.quieten()
    crew.reap()
    if len(crew) >= at_most or listener.stopped:
        return
    try:
        crew.start(listener.endpoint.accept())
    except BlockingIOError:
        pass  # nobody, or they have hung up since
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        LOG.warning("%s: cannot accept a client: %s", listener.url, error.strerror)
        SYSTEM_CLOCK.waiter({listener.bell.fileno(): READABLE})(RESPITE)


class _Crew(abc.ABC):
    """Those who serve: one for each client."""

    patience: float | None = None
    """Seconds until `reap` should be called though nothing announced an end."""

    def __init__(self, listener: Listener[Any], handler: Handler) -> None:
        self._listener: Final = listener
        self._handler: Final = handler

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many are at work."""

    @abc.abstractmethod
    def start(self, connection: socket.socket) -> None:
        """Have one serve a client."""

    @abc.abstractmethod
    def watched(self) -> list[int]:
        """Descriptors that become readable when one has ended."""

    @abc.abstractmethod
    def reap(self) -> None:
        """Count no more those who have ended."""

    @abc.abstractmethod
    def end(self, grace: float) -> None:
        """Wait for all to end, and after so many seconds see that they do."""

    def attend(self, connection: socket.socket, who: str) -> bool:
        """Serve a client to the end; `False`: it went wrong, and was logged."""
        try:
            deadline = SYSTEM_CLOCK.now() + HANDSHAKE
            with self._listener.open(connection, deadline) as session:
                self._handler(session)
        except ConnectFailed as error:
            LOG.warning("%s: %s", who, error)
            return False
        except Exception:
            LOG.exception("%s: the handler failed", who)
            return False
        finally:
            connection.close()
        return True


@final
class _Threads(_Crew):
    """Each in a thread of this process."""

    def __init__(self, listener: Listener[Any], handler: Handler) -> None:
        super().__init__(listener, handler)
        self._working: Final[dict[threading.Thread, socket.socket]] = {}
        self._done = threading.Event()

    def __len__(self) -> int:
        return len(self._working)

    def start(self, connection: socket.socket) -> None:
        who = self._listener.caller(connection)
        # One that hangs must not keep the program from ending.
        thread = threading.Thread(
            target=self._work, args=(connection, who), name=f"serve {who}", daemon=True
        )
        self._working[thread] = connection
        try:
            thread.start()
        except RuntimeError as error:  # the system has no room for another
            del self._working[thread]
            connection.close()
            LOG.error("%s: cannot be served: %s", who, error)  # noqa: TRY400  one line says it

    def _work(self, connection: socket.socket, who: str) -> None:
        try:
            self.attend(connection, who)
        except SystemExit:
            pass  # of this client's handler, not of the program
        finally:
            del self._working[threading.current_thread()]
            self._done.set()
            self._listener.bell.ring()

    def watched(self) -> list[int]:
        return []  # they ring

    def reap(self) -> None:
        pass  # they have signed off themselves

    def end(self, grace: float) -> None:
        self._wait(grace)
        for connection in list(self._working.values()):
            with suppress(OSError):  # it has ended meanwhile
                connection.shutdown(socket.SHUT_RDWR)
        self._wait(grace)
        for thread in list(self._working):
            LOG.warning("%s: its handler does not end, and was left behind", thread.name)

    def _wait(self, limit: float) -> None:
        deadline = SYSTEM_CLOCK.now() + limit
        while self._working and (left := seconds_until(deadline, SYSTEM_CLOCK.now())):
            self._done.wait(left)
            self._done.clear()


@final
class _Children(_Crew):
    """Each in a child of its own, by `fork`."""

    def __init__(self, listener: Listener[Any], handler: Handler) -> None:
        super().__init__(listener, handler)
        self._clients: Final[dict[int, str]] = {}
        self._ends: Final[dict[int, int]] = {}  # pidfds, by process id

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def patience(self) -> float | None:  # type: ignore[override]  # it is only read
        return LOOK_AGAIN if len(self._ends) < len(self._clients) else None

    def start(self, connection: socket.socket) -> None:
        who = self._listener.caller(connection)
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):  # there may be none
                stream.flush()  # else what waits in it would be written twice
        try:
            pid = os.fork()
            if pid == 0:
                self._run_child(connection, who)
        except OSError as error:  # the system has no room for another
            LOG.error("%s: cannot be served: %s", who, error)  # noqa: TRY400  one line says it
            return
        finally:
            connection.close()
        self._clients[pid] = who
        with suppress(AttributeError, OSError):  # this system has none
            self._ends[pid] = os.pidfd_open(pid)

    def _run_child(self, connection: socket.socket, who: str) -> NoReturn:
        """Serve a client, and end without running anything that is the parent's to run."""
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            for descriptor in self._ends.values():
                os.close(descriptor)
            self._listener.close()
            code = 0 if self.attend(connection, who) else 1
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def watched(self) -> list[int]:
        return list(self._ends.values())

    def reap(self) -> None:
        for pid in list(self._clients):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                self._bury(pid, status)

    def _bury(self, pid: int, status: int) -> None:
        who = self._clients.pop(pid)
        descriptor = self._ends.pop(pid, None)
        if descriptor is not None:
            os.close(descriptor)
        if os.WIFSIGNALED(status) and not self._listener.stopped:
            LOG.error("%s: its child was killed by %s", who, name(os.WTERMSIG(status)))

    def end(self, grace: float) -> None:
        self._wait(grace)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._clients:  # children that are not reaped: the numbers are theirs
                os.kill(pid, number)
            self._wait(grace)
        for pid in list(self._clients):
            self._bury(pid, os.waitpid(pid, 0)[1])

    def _wait(self, limit: float) -> None:
        deadline = SYSTEM_CLOCK.now() + limit
        self.reap()
        while self._clients and (left := seconds_until(deadline, SYSTEM_CLOCK.now())):
            patience = left if self.patience is None else min(left, self.patience)
            SYSTEM_CLOCK.waiter(dict.fromkeys(self.watched(), READABLE))(patience)
            self.reap()


_CREWS: Final[dict[str, Callable[[Listener[Any], Handler], _Crew]]] = {
    "thread": _Threads,
    "fork": _Children,
}
