"""The rules every transport keeps, each with a check that says how it is broken."""

from __future__ import annotations

import gc
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias, final

from chat.errors import SessionClosed
from chat.testing.ends import FarEnd
from chat.timing import READABLE, WRITABLE
from chat.transports import Transport, flush_of, writer_of

Make: TypeAlias = "Callable[[], tuple[Transport, FarEnd]]"

MEGABYTE: Final = 1 << 20

TOO_MUCH: Final = 64 * MEGABYTE
"""Bytes that no transport takes while nobody reads. The buffers of both ends of a Linux TCP
connection grow to 10 MiB together (tcp_wmem, tcp_rmem); every other kind has less."""

LEAP: Final = 8
"""Descriptors taken by strangers after a close: more than a transport has."""


class Unlike(Exception):
    """Something is not as the rule at hand has it."""


@final
class Ends:
    """A transport and its far end, with the patience that tests need.

    Args:
        make: Makes them.
        patience: Seconds for each wait.
    """

    def __init__(self, make: Make, patience: float) -> None:
        self.make: Final = make
        self.patience: Final = patience
        self.transport, self.far = make()
        self._is_closed = False

    def close(self) -> None:
        """Close both, whatever state they are in."""
        if not self._is_closed:
            self._is_closed = True
            for close in (self.far.close, self.transport.close, self.far.close):
                with suppress(Exception):  # a broken one; it has its own rules
                    close()

    def writer_descriptor(self) -> int:
        """The descriptor to wait on before writing."""
        writer = writer_of(self.transport)
        return (self.transport if writer is None else writer).fileno()

    def is_ready(self, descriptor: int, events: int, seconds: float) -> bool:
        """Whether a descriptor is ready, or becomes so within the seconds."""
        poller = select.poll()
        poller.register(descriptor, events)
        ready = poller.poll(seconds * 1000)
        if any(seen & select.POLLNVAL for _, seen in ready):
            raise Unlike(f"descriptor {descriptor} is not open")
        return bool(ready)

    def is_either_ready(self, writing: bool) -> bool:
        """Whether something can be read, or written if that is wanted, in time."""
        poller = select.poll()
        reader, writer = self.transport.fileno(), self.writer_descriptor()
        if writing:
            poller.register(writer, WRITABLE)
        poller.register(reader, READABLE | (WRITABLE if writing and writer == reader else 0))
        return bool(poller.poll(self.patience * 1000))

    def read(self) -> bytes:
        """Wait until something can be read, and read it."""
        while True:
            if not self.is_ready(self.transport.fileno(), READABLE, self.patience):
                raise Unlike("its descriptor never became readable, though something came")
            with suppress(BlockingIOError):
                return self.transport.read()

    def read_exactly(self, size: int) -> bytes:
        """Read so many bytes, or up to the end."""
        got = bytearray()
        while len(got) < size and (more := self.read()):
            got += more
        return bytes(got)

    def write_all(self, data: bytes) -> None:
        """Write all of it, waiting as needed."""
        while data:
            if not self.is_ready(self.writer_descriptor(), WRITABLE, self.patience):
                raise Unlike("its descriptor never became writable, though the far end reads")
            with suppress(BlockingIOError):
                data = data[self.write(data) :]

    def write(self, data: bytes) -> int:
        """Write once, and check the answer."""
        taken: Any = self.transport.write(data)  # a broken one returns anything
        if not isinstance(taken, int) or not 0 < taken <= len(data):
            raise Unlike(f"write() of {len(data)} bytes returned {taken!r}")
        return taken

    def receive_exactly(self, size: int) -> bytes:
        """Take so many bytes at the far end, or up to the end.

        What the transport has taken and still holds is handed over meanwhile.
        """
        flushing = threading.Thread(target=self.flush, daemon=True)
        flushing.start()
        try:
            return self.receive_flushed(size)
        finally:
            flushing.join(self.patience)

    def flush(self) -> None:
        """Have the transport hand over what it has taken and still holds."""
        flush = flush_of(self.transport)
        with suppress(OSError):  # it is gone, which has rules of its own
            while flush is not None and self.is_ready(
                self.writer_descriptor(), WRITABLE, self.patience
            ):
                with suppress(BlockingIOError):
                    flush()
                    return

    def receive_flushed(self, size: int) -> bytes:
        """The same, while somebody else sees to what the transport holds."""
        got = bytearray()
        while len(got) < size and (more := self.far.receive(size - len(got))):
            got += more
        return bytes(got)

    def fill(self) -> int:
        """Write until nothing more is taken; how many bytes were."""
        sent = 0
        try:
            while sent < TOO_MUCH:
                sent += self.write(_pattern(sent, MEGABYTE))
        except BlockingIOError:
            return sent
        raise Unlike(f"it took {sent} bytes that nobody read, and would take more")


Check: TypeAlias = Callable[[Ends], None]


def _pattern(start: int, size: int) -> bytes:
    """Bytes that tell their place in the stream: one lost or doubled shows."""
    first = start % 251
    return (bytes(range(251)) * (size // 251 + 2))[first : first + size]


def _raises(kinds: tuple[type[Exception], ...], call: Callable[[], object], what: str) -> None:
    try:
        returned = call()
    except kinds:
        return
    except Exception as error:
        raise Unlike(f"{what} raised {type(error).__name__}: {error}") from error
    raise Unlike(f"{what} returned {returned!r:.80}")


def _same(got: bytes, wanted: bytes, where: str) -> None:
    if got != wanted:
        shorter = min(len(got), len(wanted))
        at = next((i for i in range(shorter) if got[i] != wanted[i]), shorter)
        raise Unlike(
            f"{len(got)} of {len(wanted)} bytes came at {where}; at {at} came"
            f" {got[at : at + 8]!r} and not {wanted[at : at + 8]!r}"
        )


# ── the rules ─────────────────────────────────────────────────────────────────────────────


def _four_verbs(ends: Ends) -> None:
    for verb in ("read", "write", "close", "fileno"):
        if not callable(getattr(ends.transport, verb, None)):
            raise Unlike(f"it has no {verb}()")


def _nothing_came(ends: Ends) -> None:
    _raises((BlockingIOError,), ends.transport.read, "read()")


def _descriptor_stays(ends: Ends) -> None:
    seen: list[Any] = [ends.transport.fileno()]
    ends.far.send(b"a")
    ends.read_exactly(1)
    seen.append(ends.transport.fileno())
    ends.write_all(b"b")
    ends.receive_exactly(1)
    seen.append(ends.transport.fileno())
    if not isinstance(seen[0], int) or len(set(seen)) != 1:
        raise Unlike(f"fileno() was {', '.join(map(repr, seen))}")


def _descriptor_polls(ends: Ends) -> None:
    if ends.is_ready(ends.transport.fileno(), select.POLLIN, 0):
        raise Unlike("it is readable though nothing has come")
    if not ends.is_ready(ends.writer_descriptor(), WRITABLE, ends.patience):
        raise Unlike("it is not writable though nothing was written")
    ends.far.send(b"a")
    _same(ends.read(), b"a", "the near end")
    if ends.is_ready(ends.transport.fileno(), select.POLLIN, 0):
        raise Unlike("it is readable though everything was read")


def _at_most(ends: Ends) -> None:
    ends.far.send(b"abcdefgh")
    got = b""
    while len(got) < 8:
        ends.is_ready(ends.transport.fileno(), READABLE, ends.patience)
        with suppress(BlockingIOError):
            more = ends.transport.read(3)
            if not 0 < len(more) <= 3:
                raise Unlike(f"read(3) gave {more!r}")
            got += more
    _same(got, b"abcdefgh", "the near end")


def _unharmed(ends: Ends) -> None:
    every = bytes(range(256))
    data = b"".join(every[n:] + every[:n] for n in (0, 1, 10, 13, 128)) + every[::-1]
    ends.far.send(data)
    _same(ends.read_exactly(len(data)), data, "the near end")
    ends.write_all(data)
    _same(ends.receive_exactly(len(data)), data, "the far end")


def _end(ends: Ends) -> None:
    ends.far.send(b"last words")
    ends.far.close()
    _same(ends.read_exactly(1000), b"last words", "the near end")
    for _ in range(3):
        if (more := ends.transport.read()) != b"":
            raise Unlike(f"behind the end, read() gave {more!r}")


def _partial(ends: Ends) -> None:
    data = _pattern(0, 200_000)
    sent = ends.write(data)
    _same(ends.receive_exactly(sent), data[:sent], "the far end")
    ends.write_all(b"!")
    _same(ends.receive_exactly(1), b"!", "the far end behind a partial write")


def _nobody_reads(ends: Ends) -> None:
    sent = ends.fill()
    _same(ends.receive_exactly(sent), _pattern(0, sent), "the far end")
    ends.write_all(b"!")
    _same(ends.receive_exactly(1), b"!", "the far end once it had read")


def _far_gone(ends: Ends) -> None:
    ends.far.close()
    ends.read_exactly(1)
    pause = threading.Event()
    sent = 0
    while sent < TOO_MUCH:
        try:
            sent += ends.write(bytes(MEGABYTE))
        except BrokenPipeError:
            return
        except BlockingIOError:
            pause.wait(0.001)  # the system may take a moment to see that nobody is there
    raise Unlike(f"{sent} bytes were taken, though the far end is closed")


def _close_twice(ends: Ends) -> None:
    for _ in range(3):
        ends.transport.close()


def _after_close(ends: Ends) -> None:
    ends.transport.close()
    strangers = [os.pipe() for _ in range(LEAP)]
    try:
        for _, writer in strangers:
            os.write(writer, b"a stranger's")
        kinds = (SessionClosed, OSError)
        _raises(kinds, ends.transport.read, "after close(), read()")
        _raises(kinds, lambda: ends.transport.write(b"a"), "after close(), write()")
        ends.transport.close()
        for descriptor in (each for pair in strangers for each in pair):
            with suppress(OSError):
                os.fstat(descriptor)
                continue
            raise Unlike("a second close() closed a descriptor that was a stranger's by then")
    finally:
        for descriptor in (each for pair in strangers for each in pair):
            with suppress(OSError):
                os.close(descriptor)


def _no_leak(ends: Ends) -> None:
    ends.close()
    gc.collect()  # what others have left must not be closed between the two looks
    before = _open_descriptors()
    for _ in range(3):
        Ends(ends.make, ends.patience).close()
    left = _open_descriptors() - before
    if left:
        raise Unlike(f"{len(left)} descriptors stay open after three: {sorted(left)}")


def _open_descriptors() -> set[int]:
    found = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208  names
        with suppress(OSError):
            os.fstat(int(name))  # not: the one that this very list was read through
            found.add(int(name))
    return found


def _both_ways(ends: Ends) -> None:
    data = _pattern(0, MEGABYTE)
    received: list[bytes] = []
    speaker = threading.Thread(target=ends.far.send, args=(data,), daemon=True)
    hearer = threading.Thread(
        target=lambda: received.append(ends.receive_flushed(len(data))), daemon=True
    )
    speaker.start()
    hearer.start()
    got, sent = bytearray(), 0
    while len(got) < len(data) or sent < len(data):
        if not ends.is_either_ready(sent < len(data)):
            raise Unlike(f"stuck after {len(got)} bytes came and {sent} went")
        with suppress(BlockingIOError):
            got += ends.transport.read()
        with suppress(BlockingIOError):
            sent += ends.write(data[sent:]) if sent < len(data) else 0
    ends.flush()
    hearer.join(ends.patience)
    _same(bytes(got), data, "the near end")
    _same(b"".join(received), data, "the far end")


def _whole_messages(ends: Ends) -> None:
    for message in (b"one", b"two" * 1000, b"three"):
        ends.far.send(message)
    for message in (b"one", b"two" * 1000, b"three"):
        _same(ends.read(), message, "the near end, in one read")
    for message in (b"four" * 1000, b"five"):
        if ends.write(message) != len(message):
            raise Unlike(f"it took a part of a message of {len(message)} bytes")
        _same(ends.far.receive(65536), message, "the far end, in one piece")


RULES: Final[dict[str, Check]] = {
    "it has the four verbs read, write, close and fileno": _four_verbs,
    "read() raises BlockingIOError when nothing has come": _nothing_came,
    "fileno() stays the same until close()": _descriptor_stays,
    "fileno() is readable when something can be read, and only then": _descriptor_polls,
    "read(size) gives at least one byte and at most size": _at_most,
    "every byte value goes both ways unharmed": _unharmed,
    'read() gives what was said before the end, then b"" again and again': _end,
    "write() says how many bytes it took, and those arrive": _partial,
    "write() raises BlockingIOError when the far end does not read, and loses nothing": (
        _nobody_reads
    ),
    "write() raises BrokenPipeError when the far end is gone": _far_gone,
    "close() twice is once": _close_twice,
    "after close(), read() and write() raise SessionClosed or OSError": _after_close,
    "close() lets go of every descriptor": _no_leak,
    "a mebibyte goes both ways at once": _both_ways,
}
"""Every rule, as a sentence, with its check."""


_OF_STREAMS: Final = frozenset({_at_most, _end, _partial, _nobody_reads, _far_gone, _both_ways})
"""Messages are whole whatever is asked for, get lost where nobody reads, and have no end."""

MESSAGE_RULES: Final[dict[str, Check]] = {
    **{rule: check for rule, check in RULES.items() if check not in _OF_STREAMS},
    "each message comes whole in one read, and goes whole in one write": _whole_messages,
}
"""The rules for a transport of messages (`Transport.messages`)."""
