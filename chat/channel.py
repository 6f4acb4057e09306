"""Between a transport and its stream: what comes is decoded and kept, what goes goes whole.

The channel is the blocking driver's hands. It waits in the kernel, under a deadline, and
whenever it waits to write it also reads, so that two sides that both want to be heard
first cannot lock each other up.
"""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from typing import AnyStr, Final, Generic, final

from chat.core.decoder import Codec
from chat.core.dialogues import Arrival, Receive
from chat.core.stream import Stream
from chat.deadlines import due_after, within
from chat.errors import (
    LineTooLong,
    NotSupported,
    PeerGone,
    SendTimeout,
    SessionClosed,
    StreamOverflow,
)
from chat.events import Ended, Event, Listener, Received
from chat.timing import (
    INCOMING,
    READABLE,
    WRITABLE,
    Clock,
    Ready,
    seconds_until,
)
from chat.transports import (
    READ_SIZE,
    Transport,
    flush_of,
    keeps_messages,
    peer_of,
    process_of,
    terminal_of,
    writer_of,
)
from chat.values import ExitStatus

LINE_ENDS: Final = (b"\n", b"\r")

WRITE_SIZE: Final = 65536
"""Bytes offered at once: as many as a pipe or a socket takes."""

FLOOD: Final = 2048
"""A read that brings this much is taken as one of many, and more is read at once."""

LOOK_AGAIN: Final = (0.001, 0.002, 0.005, 0.01, 0.02)
"""Seconds between looks at a state that no descriptor announces (a terminal's echo, a
process blocked in a read); the last one goes on. Whatever comes ends a look early."""

ONE_LOOK: Final = 1 << 20
"""Characters read at the most where nothing is waited for. What had come by then is less: a
pipe holds 64 KiB, and 1 MiB if asked to. Who talks without a pause is not read for ever."""

FRUITLESS: Final = 4096
"""What a look that brings nothing to show counts for in that: 256 of them at most."""

LAST_WORDS: Final = 0.05
"""Seconds to wait, behind a program's end, for the end of its output. It is there at once
unless a process in the background still holds the terminal."""


@final
class Channel(Generic[AnyStr]):
    """One transport with the stream that it feeds.

    Args:
        transport: What to read from and write to. The channel owns it from now on.
        codec: How bytes become what the stream holds.
        stream: Where what comes is kept.
        clock: What to ask about time.

    Attributes:
        ended: Whether nothing more will come, and everything that did is in the stream.
        failure: How the connection failed, if that is why it has ended.
        messages: Where the messages in the stream end; `None` if the transport has none.
        closed: Whether this side has closed.
        listeners: Functions that are given every event.
    """

    def __init__(
        self, transport: Transport, codec: Codec[AnyStr], stream: Stream[AnyStr], clock: Clock
    ) -> None:
        self.codec: Final[Codec[AnyStr]] = codec
        self.stream: Final[Stream[AnyStr]] = stream
        self.clock: Final = clock
        self._adopt(transport)
        self.process: Final = process_of(transport)
        self.terminal: Final = terminal_of(transport)
        self.messages: Final[deque[int] | None] = deque() if keeps_messages(transport) else None
        self.listeners: Final[list[Listener]] = []
        self.ended = False
        self.failure: OSError | None = None
        self.closed = False
        self._line_limit: Final = (
            sys.maxsize if self.terminal is None else self.terminal.line_limit()
        )
        self._line_sent = 0  # bytes sent since the last end of a line
        # The deadline that has passed while more was there, and how far to read all the same.
        self._late: tuple[float, int] | None = None

    def _adopt(self, transport: Transport) -> None:
        self.transport = transport
        self.writer = writer_of(transport)
        self._flush = flush_of(transport)
        self._descriptor = transport.fileno()
        self._wait_readable = self.clock.waiter({self._descriptor: READABLE})

    def replace(self, transport: Transport) -> None:
        """Go on over another transport, which has taken the place of this one."""
        self._adopt(transport)

    def emit(self, event: Event) -> None:
        """Tell the listeners."""
        for listener in tuple(self.listeners):
            listener(event)

    def check_open(self) -> None:
        """Raises SessionClosed: this side has closed."""
        if self.closed:
            raise SessionClosed("the session is closed")

    def deadline(self, timeout: float | None) -> float | None:
        """When what may take so many seconds has to end, also by a block's deadline."""
        return due_after(timeout, self.clock)

    def activity(self) -> object:
        """What the program's processes have done so far; equal to what it was: nothing since.

        Raises:
            NotSupported: There is no program, or this system does not tell.
        """
        if self.process is None:
            raise NotSupported("a stall is one of a program; this transport has none")
        return self.process.activity()

    # ── receiving ─────────────────────────────────────────────────────────────────────────

    def receive(self, request: Receive) -> Arrival:
        """Carry out a request to wait for more.

        Raises:
            StreamOverflow: More has come than may be kept.
        """
        deadline, silence, input_wait = request
        if not input_wait:
            return self.receive_by(deadline, silence)
        if self.ended:
            return self._ending()
        self.stream.check_room()
        return self._receive_until_input_wait(request)

    def receive_by(self, deadline: float | None, silence: float | None = None) -> Arrival:
        """Wait until more has come, the deadline has passed, or it was silent for so long.

        Raises:
            StreamOverflow: As `receive`.
        """
        if self.ended:
            return self._ending()
        if self.stream.crowded:
            self.stream.check_room()
        while True:
            left = patience = None if deadline is None else deadline - self.clock.now()
            if silence is not None:
                patience = silence if left is None else min(left, silence)
            if self._wait_readable(patience):
                if left is not None and left <= 0 and self._has_looked(deadline):
                    return Arrival.EXPIRED
                arrival = self.fill()
                if arrival is not None:
                    return arrival
                self._count_fruitless_look()
            elif left is None or (silence is not None and silence < left):
                return Arrival.SILENCE
            else:
                return Arrival.EXPIRED

    def _ending(self) -> Arrival:
        return Arrival.ENDED if self.failure is None else Arrival.FAILED

    def _has_looked(self, deadline: float | None) -> bool:
        """Whether, behind a deadline, all was read that can have come before it."""
        if self._late is None or self._late[0] != deadline:
            self._late = (deadline or 0.0, self.stream.end + ONE_LOOK)
        if self.stream.end < self._late[1]:
            return False
        self._late = None
        return True

    def _count_fruitless_look(self) -> None:
        """What shows nothing (a keep-alive, a negotiation) may come without end as well."""
        if self._late is not None:
            self._late = (self._late[0], self._late[1] - FRUITLESS)

    def _receive_until_input_wait(self, request: Receive) -> Arrival:
        if self.terminal is None:
            raise NotSupported("INPUT_WAIT needs a terminal; this transport has none")
        began, step = self.clock.now(), 0
        while True:
            # The answer counts only if everything that was said is here, so what has come
            # is taken in before the question and looked for again behind it.
            arrival = self.receive_by(self.clock.now())
            if arrival is not Arrival.EXPIRED:
                return arrival
            if self.terminal.input_wait() and not self._wait_readable(0):
                return Arrival.INPUT_WAIT
            passed = self.clock.now() - began
            if request.silence is not None and passed >= request.silence:
                return Arrival.SILENCE
            silence = None if request.silence is None else request.silence - passed
            patience = LOOK_AGAIN[min(step, len(LOOK_AGAIN) - 1)]
            arrival = self.receive_by(request.deadline, _least(silence, patience))
            if arrival is not Arrival.SILENCE:
                return arrival
            step += 1

    def fill(self) -> Arrival | None:
        """Read once, without waiting.

        Returns:
            `DATA`, `ENDED` or `FAILED`; `None` if nothing that can be shown came.
        """
        messages = self.messages
        try:
            data = self.transport.read()
            if len(data) >= FLOOD and messages is None:
                data = self._read_flood(data)
        except BlockingIOError:
            return None
        except OSError as error:
            self.failure = error
            data = b""
        text = self.codec.decode(data, messages is not None or not data)
        if text:
            self.stream.append(text)
        if messages is not None:
            self._note_message(messages)
        if self.listeners and (data or text):
            self.emit(Received(text, data))
        if data:
            return Arrival.DATA if text else None
        self.ended = True
        if self.listeners:
            self.emit(Ended())
        return Arrival.DATA if text else self._ending()

    def _note_message(self, ends: deque[int]) -> None:
        """Remember where the one that has just come ends, and forget those let go."""
        while ends and ends[0] <= self.stream.begin:
            ends.popleft()
        ends.append(self.stream.end)

    def message_end(self, position: int) -> int | None:
        """Where the message at a position of the stream ends; `None`: it has not come."""
        return next((end for end in self.messages or () if end > position), None)

    def _read_flood(self, first: bytes) -> bytes:
        """Gather what else is there already: a terminal gives out 4 KiB at a time."""
        pieces, size = [first], len(first)
        read = self.transport.read
        try:
            while size < READ_SIZE:
                piece = read()
                if not piece:
                    break  # the end is there again at the next read
                pieces.append(piece)
                size += len(piece)
        except BlockingIOError:
            pass
        except OSError as error:  # what came is kept; some say a failure once, and then an end
            self.failure = error
        return b"".join(pieces)

    def drain(self) -> None:
        """Read what has come already, without waiting, as far as it may be kept."""
        stop = self.stream.end + ONE_LOOK
        with contextlib.suppress(StreamOverflow):
            while not self.ended and self.stream.end < stop and self._wait_readable(0):
                self.stream.check_room()
                if self.fill() is None:
                    stop -= FRUITLESS

    # ── sending ───────────────────────────────────────────────────────────────────────────

    def transmit(self, data: bytes, timeout: float | None) -> int:
        """Send all of it, or say how much went.

        Args:
            timeout: Seconds it may take; `None`: no limit.

        Raises:
            SessionClosed: This side has closed.
            LineTooLong: The terminal would lose a part; nothing was sent.
            SendTimeout: The other side did not take it all in time.
            PeerGone: The other side is gone.
            StreamOverflow: While it was not taken, more came than may be kept.
        """
        if self.closed:
            self.check_open()
        if self._line_sent + len(data) >= self._line_limit:
            self.check_lines(data)
        sent = self._write(data)
        if sent < len(data) or self._flush is not None:
            self._write_rest(data, sent, timeout)
        if data.endswith(LINE_ENDS):
            self._line_sent = 0
        else:
            self._count_line(data)
        return len(data)

    def _write_rest(self, data: bytes, sent: int, timeout: float | None) -> None:
        """Write on as the other side takes it, reading what it says meanwhile."""
        deadline = self.deadline(timeout)
        while sent < len(data) or not self._is_flushed(sent, len(data)):
            if not self._wait_to_write(deadline):
                self._count_line(data[:sent])
                raise SendTimeout(
                    f"sent {sent} of {len(data)} bytes {within(timeout)}:"
                    f" the other side does not read\n{self.state()}",
                    sent=sent,
                    total=len(data),
                )
            if sent < len(data):
                sent += self._write(data, sent)

    def _is_flushed(self, sent: int, total: int) -> bool:
        """Whether the transport holds nothing back; it is asked to."""
        try:
            if self._flush is not None:
                self._flush()
        except BlockingIOError:
            return False
        except BrokenPipeError as error:
            raise self._peer_gone(sent, total) from error
        return True

    def _peer_gone(self, sent: int, total: int) -> PeerGone:
        return PeerGone(
            f"sent {sent} of {total} bytes: {self._name()} is gone\n{self.state()}",
            sent=sent,
            total=total,
        )

    def _count_line(self, sent: bytes) -> None:
        line_end = max(sent.rfind(b"\n"), sent.rfind(b"\r"))
        self._line_sent = len(sent) - line_end - 1 + (self._line_sent if line_end < 0 else 0)

    def _write(self, data: bytes, sent: int = 0) -> int:
        """Write what is taken at once; 0 if that is nothing."""
        try:
            return self.transport.write(data[sent : sent + WRITE_SIZE] if sent else data)
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            raise self._peer_gone(sent, len(data)) from error

    def _wait_to_write(self, deadline: float | None) -> bool:
        """Wait until more can be written, reading what comes; `False`: the time is up."""
        descriptor = self._descriptor if self.writer is None else self.writer.fileno()
        interest = {descriptor: WRITABLE}
        if not self.ended:
            self.stream.check_room()
            interest[self._descriptor] = interest.get(self._descriptor, 0) | READABLE
        ready = self._wait(interest, seconds_until(deadline, self.clock.now()))
        writable = False
        for which, events in ready:
            if which == self._descriptor and events & READABLE and not self.ended:
                self.fill()
            writable = writable or (which == descriptor and bool(events & ~INCOMING))
        # One that only talks, and does not listen, is not heard beyond the deadline.
        return writable or (bool(ready) and seconds_until(deadline, self.clock.now()) != 0)

    def _wait(self, interest: dict[int, int], patience: float | None) -> Ready:
        return self.clock.waiter(interest)(patience)

    def check_lines(self, data: bytes) -> None:
        """Refuse a line that the terminal would cut, before anything is sent."""
        terminal, limit = self.terminal, self._line_limit
        if terminal is None or not terminal.canonical:
            return
        marked = data.replace(b"\r", b"\n").replace(terminal.control("eof"), b"\n")
        first, *others = marked.split(b"\n")
        longest = max(self._line_sent + len(first), *map(len, others), 0)
        if longest >= limit:
            raise LineTooLong(
                f"a line of {longest} bytes is longer than the {limit - 1} that the terminal"
                " takes while it gathers lines (canonical mode); nothing was sent",
                total=len(data),
            )

    def wait_no_echo(self, deadline: float | None) -> bool:
        """Wait until the terminal shows no more what is typed; `False`: the time is up."""
        step = 0
        while self.terminal is not None and self.terminal.echo:
            patience = LOOK_AGAIN[min(step, len(LOOK_AGAIN) - 1)]
            arrival = self.receive_by(deadline, patience)
            if arrival not in (Arrival.DATA, Arrival.SILENCE):
                return not self.terminal.echo
            step += 1
        return True

    # ── the program's end ─────────────────────────────────────────────────────────────────

    def wait_exit(self, deadline: float | None) -> ExitStatus | None:
        """Wait for the program's end, taking in what it says; `None`: it still runs."""
        process = self.process
        if process is None:
            while self.receive(Receive(deadline)) is Arrival.DATA:
                pass
            return None
        status = process.wait_exit(0)
        step = 0
        while status is None:
            left = seconds_until(deadline, self.clock.now())
            self._wait_for_exit_or_output(process.exit_fileno(), left, step)
            status = process.wait_exit(0)
            if status is None and left == 0:
                return None
            step += 1
        self._hear_last_words()
        return status

    def _wait_for_exit_or_output(
        self, exit_descriptor: int | None, left: float | None, step: int
    ) -> None:
        interest = {} if exit_descriptor is None else {exit_descriptor: READABLE}
        if not self.ended:
            self.stream.check_room()
            interest[self._descriptor] = READABLE
        if exit_descriptor is None:
            left = _least(left, LOOK_AGAIN[min(step, len(LOOK_AGAIN) - 1)])
        for which, _ in self._wait(interest, left):
            if which == self._descriptor:
                self.fill()

    def _hear_last_words(self) -> None:
        stop = self.stream.end + ONE_LOOK
        while not self.ended and self.stream.end < stop and self._wait_readable(LAST_WORDS):
            self.stream.check_room()
            self.fill()

    def _name(self) -> str:
        """The other side by its name, if it has one."""
        process = self.process
        return "the other side" if process is None else f"{process.argv[0]} (pid {process.pid})"

    def state(self) -> str:
        """The other side, in words."""
        if self.closed:
            return "the session is closed"
        if self.process is None:
            who = peer_of(self.transport) or "the other side"
            if self.failure is not None:
                reason = self.failure.strerror or type(self.failure).__name__
                return f"the connection to {who} failed: {reason}"
            return f"{who} has closed" if self.ended else f"{who} is there"
        status = self.process.wait_exit(LAST_WORDS if self.ended else 0)
        if status is not None:
            return (
                f"the program {status}"
                if status.signal is None
                else f"the program was {status}"
            )
        name = self.process.argv[0]
        return f"the program runs ({name}, pid {self.process.pid})"


def _least(one: float | None, other: float | None) -> float | None:
    """The shorter of two lengths of time, `None` being no limit."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
