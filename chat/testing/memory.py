"""A far side that is no program: a script of what it says, and of what it answers."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, TypeAlias, Unpack, final, overload

from chat.core.patterns import EOF, Condition
from chat.errors import SessionClosed
from chat.opening.options import SessionOptions
from chat.session import Session
from chat.testing.clock import FakeClock
from chat.transports import READ_SIZE

Action: TypeAlias = Callable[[], object]
Step: TypeAlias = "str | bytes | float | Condition | Action"
"""What a far side does next: says something, lets seconds pass, closes (`chat.EOF`), or
has a function called."""

Answerer: TypeAlias = Callable[[bytes], "Iterable[Step] | None"]


@final
class MemoryPeer:
    """The far side of a session in memory, in the virtual time of a `FakeClock`.

        peer = MemoryPeer(["login: ", 2.0, "too late"])
        with peer.session(timeout=1) as s:
            s.expect("login: ")

    Args:
        script: What it does: a text or bytes are said, and come in one read; a number is
            seconds that pass; `chat.EOF` closes; a function is called.
        answer: Given what is sent, each time something is, returns what it does then,
            which follows what it was going to do anyway.
        room: Bytes it takes without `receive`; left out, it takes everything.
        clock: Its time; left out, a new one.

    Attributes:
        clock: Its time, for the session too.
        transport: The near side.
        sent: Everything that was sent to it.
    """

    def __init__(
        self,
        script: Iterable[Step] = (),
        *,
        answer: Answerer | None = None,
        room: int | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock: Final = FakeClock() if clock is None else clock
        self.sent: Final = bytearray()
        self.room: Final = room
        self._answer: Final = answer
        self._busy_until = self.clock.now()
        self.transport: Final = MemoryTransport(self._hear, room)
        try:
            self.say(*script)
        except BaseException:
            self.transport.close()
            raise

    @overload
    def session(
        self, *, encoding: str = ..., **options: Unpack[SessionOptions]
    ) -> Session[str]: ...
    @overload
    def session(
        self, *, encoding: None, **options: Unpack[SessionOptions]
    ) -> Session[bytes]: ...
    def session(
        self, *, encoding: str | None = "utf-8", **options: Unpack[SessionOptions]
    ) -> Session[Any]:
        """A session with this far side, in its time.

        Args:
            encoding: What the bytes mean; `None`: the session holds bytes.
            options: Further options of `chat.Session`.
        """
        options.setdefault("clock", self.clock)
        return Session(self.transport, encoding=encoding, **options)

    def say(self, *steps: Step) -> None:
        """Do so, after what it was going to do already."""
        self._busy_until = max(self._busy_until, self.clock.now())
        for step in steps:
            if isinstance(step, int | float):
                self._busy_until += step
            else:
                self.clock.call_at(self._busy_until, self._action(step))

    def _action(self, step: str | bytes | Condition | Action) -> Action:
        if isinstance(step, str):
            return partial(self.send, step.encode())
        if isinstance(step, bytes):
            return partial(self.send, step)
        if step is EOF:
            return self.close
        if callable(step):
            return step
        raise TypeError(f"{step!r} is nothing that a far side does")

    def _hear(self, data: bytes) -> None:
        self.sent.extend(data)
        if self._answer is not None:
            self.say(*(self._answer(data) or ()))

    # The far end of `check_transport`.

    def send(self, data: bytes) -> None:
        """Say something now; it comes in one read."""
        self.transport.arrive(data)

    def receive(self, size: int) -> bytes:
        """Take what was sent, at most `size` bytes, waiting for it in real time.

        `b""`: the near side has closed.
        """
        return self.transport.take(size)

    def close(self) -> None:
        """Close: what was said comes, and then the end. Twice is once."""
        self.transport.hang_up()


@final
class MemoryTransport:
    """The near side of a `MemoryPeer`: a transport that reaches no further than memory.

    Its descriptor polls as a socket's would. It may be used from several threads.

    Args:
        hear: Called with what is written.
        room: Bytes it takes until the far side receives them; `None`: no limit.
    """

    def __init__(self, hear: Callable[[bytes], None], room: int | None = None) -> None:
        self._hear: Final = hear
        self._room: Final = room
        self._light: Final = _Light()
        self._arrived: Final[deque[bytes]] = deque()
        self._written = bytearray()  # and not yet taken by the far side
        self._ended = False  # the far side has closed
        self._closed = False
        self._changed: Final = threading.Condition()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ended" if self._ended else "open"
        return f"<MemoryTransport: {state}, {len(self._arrived)} chunks to read>"

    def read(self, size: int = READ_SIZE) -> bytes:
        """Take the next chunk, or `size` bytes of it; `b""` is the end, again and again.

        Raises:
            BlockingIOError: Nothing has come yet.
            SessionClosed: The transport is closed.
        """
        with self._changed:
            self._check_open()
            if not self._arrived:
                if self._ended:
                    return b""
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            chunk = self._arrived.popleft()
            if len(chunk) > size:
                self._arrived.appendleft(chunk[size:])
            self._show()
            return chunk[:size]

    def write(self, data: bytes) -> int:
        """Hand over what there is room for, and say how many bytes that was.

        Raises:
            BlockingIOError: There is no room.
            BrokenPipeError: The far side has closed.
            SessionClosed: The transport is closed.
        """
        with self._changed:
            self._check_open()
            if self._ended:
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
            room = len(data) if self._room is None else self._room - len(self._written)
            taken = data[:room]
            if data and not taken:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            self._written += taken
            self._show()
            self._changed.notify_all()
        self._hear(taken)
        return len(taken)

    def close(self) -> None:
        """Let go of the descriptors. Twice is once."""
        with self._changed:
            self._closed = True
            self._light.close()
            self._changed.notify_all()

    def fileno(self) -> int:
        """The descriptor to wait on.

        Raises:
            SessionClosed: The transport is closed.
        """
        self._check_open()
        return self._light.fileno()

    # What the far side does.

    def arrive(self, data: bytes) -> None:
        """Have a chunk come, unless this side has closed."""
        with self._changed:
            if data and not self._closed:
                self._arrived.append(bytes(data))
                self._show()

    def take(self, size: int) -> bytes:
        """Take what was written; waits for it. `b""`: this side has closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._written or self._closed or self._ended)
            taken = bytes(self._written[:size])
            del self._written[:size]
            self._show()
            return taken

    def hang_up(self) -> None:
        """Have the far side close."""
        with self._changed:
            self._ended = True
            self._show()
            self._changed.notify_all()

    def _show(self) -> None:
        if not self._closed:
            full = self._room is not None and len(self._written) >= self._room
            self._light.show(
                readable=bool(self._arrived) or self._ended, writable=self._ended or not full
            )

    def _check_open(self) -> None:
        if self._closed:
            raise SessionClosed("the memory transport is closed")


class _Light:
    """A descriptor that polls readable and writable as it is told to.

    It is one end of a socket pair. It is readable when a byte was put in at the other
    end, and not writable when it was filled until no more would go in.
    """

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._readable = False
        self._writable = True

    def fileno(self) -> int:
        return self._near.fileno()

    def show(self, *, readable: bool, writable: bool) -> None:
        if readable is not self._readable:
            self._readable = readable
            if readable:
                self._far.send(b"!")
            else:
                self._near.recv(1)
        if writable is not self._writable:
            self._writable = writable
            step = self._empty if writable else self._fill
            try:
                while step():
                    pass
            except BlockingIOError:
                pass

    def _fill(self) -> object:
        return self._near.send(bytes(READ_SIZE))

    def _empty(self) -> object:
        return self._far.recv(READ_SIZE)

    def close(self) -> None:
        self._near.close()
        self._far.close()
