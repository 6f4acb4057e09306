"""Reading: by size, by line, by looking; marks; and what is kept."""

from __future__ import annotations

import re
import subprocess

import pytest

import chat
from chat.testing import MemoryPeer, memory_ends, python_child
from chat.transports.descriptor import DescriptorTransport

# ── by size and to the end ────────────────────────────────────────────────────────────────


def test_so_many_characters_are_read():
    with MemoryPeer(["häl", 1, "lo wor", 1, "ld", chat.EOF]).session() as s:
        assert s.read(5) == "hällo"
        assert s.read(0) == ""
        assert s.read() == " world"
        assert s.read() == s.read(3) == ""


def test_fewer_characters_are_read_only_at_the_end():
    with MemoryPeer(["abc", 1, chat.EOF]).session() as s:
        assert s.read(10) == "abc"


def test_reading_that_is_not_done_in_time_consumes_nothing():
    peer = MemoryPeer(["abc"])
    with peer.session() as s:
        with pytest.raises(chat.ExpectTimeout, match="waited 2 s for 10 characters") as caught:
            s.read(10, timeout=2)
        assert caught.value.before == "abc"
        with pytest.raises(chat.ExpectTimeout, match="for EOF"):
            s.read(timeout=2)
        assert peer.clock.now() == 4
        assert s.read(3) == "abc"


def test_bytes_are_read_from_a_session_of_bytes():
    with MemoryPeer([b"\xff\n\xfe", chat.EOF]).session(encoding=None) as s:
        assert s.read(1) == b"\xff"
        assert list(s) == [b"\n", b"\xfe"]
        assert s.read() == b""


def test_undecodable_bytes_stay_recoverable():
    with MemoryPeer([b"a\xffb\xc3", chat.EOF]).session() as s:
        assert s.read().encode("utf-8", "surrogateescape") == b"a\xffb\xc3"


def test_undecodable_bytes_may_be_replaced_or_refused():
    with MemoryPeer([b"a\xff", chat.EOF]).session(errors="replace") as s:
        assert s.read() == "a\N{REPLACEMENT CHARACTER}"
    with (
        MemoryPeer([b"a\xff", chat.EOF]).session(errors="strict") as s,
        pytest.raises(UnicodeDecodeError),
    ):
        s.read()


class Failing:
    """A transport that brings much and then fails, as a connection that is reset does."""

    def __init__(self):
        self.inner = memory_ends()[0]
        self.inner.arrive(b"x" * 4096)
        self.inner.arrive(b"y" * 4096)
        self.inner.arrive(b"!")

    def read(self, size=65536):
        data = self.inner.read(size)
        if data == b"!":
            self.inner.arrive(data)  # readable, and failing, for ever
            raise ConnectionResetError
        return data

    def write(self, data):
        return len(data)

    def close(self):
        self.inner.close()

    def fileno(self):
        return self.inner.fileno()


def test_what_came_before_a_connection_failed_is_kept():
    with chat.Session(Failing()) as s:
        with pytest.raises(chat.ConnectionLost, match="failed: ConnectionResetError") as lost:
            s.expect("z", timeout=20)
        assert isinstance(lost.value.__cause__, ConnectionResetError)
        assert s.read(8192) == "x" * 4096 + "y" * 4096


@pytest.mark.parametrize(
    "wait",
    [
        lambda s: s.expect(chat.EOF),
        lambda s: s.read(),
        lambda s: s.readline(),
        list,
        lambda s: s.wait(),
    ],
)
def test_a_connection_that_failed_has_not_ended(wait):
    with chat.Session(Failing(), timeout=20) as s:
        for _ in range(2):
            with pytest.raises(chat.ConnectionLost):
                wait(s)
        assert s.peek() == "x" * 4096 + "y" * 4096
        assert s.ended and not s.is_alive()


# ── lines ─────────────────────────────────────────────────────────────────────────────────


def test_lines_come_with_their_ends_as_they_came():
    with MemoryPeer(["a\r\nb\n", 1, "c", 1, "d\n\n", "rest", chat.EOF]).session() as s:
        lines = [s.readline() for _ in range(7)]
    assert lines == ["a\r\n", "b\n", "cd\n", "\n", "rest", "", ""]


def test_a_line_that_is_not_complete_in_time_stays():
    with MemoryPeer(["abc", 5, "\n"]).session() as s:
        with pytest.raises(chat.ExpectTimeout):
            s.readline(timeout=1)
        assert s.readline() == "abc\n"


def test_lines_can_be_gone_through():
    with MemoryPeer(["a\nb", 1, "b\n\nc", chat.EOF]).session() as s:
        assert list(s) == ["a\n", "bb\n", "\n", "c"]
        assert list(s) == []


def test_going_through_lines_can_be_mixed_with_the_rest():
    with MemoryPeer(["a\nb\nc\nd\ne\n", chat.EOF]).session() as s:
        seen = []
        for line in s:
            seen.append(line)
            if line == "b\n":
                assert s.expect("d").before == "c\n"
                assert s.readline() == "\n"
        assert seen == ["a\n", "b\n", "e\n"]


def test_a_loop_over_lines_can_be_left_and_taken_up():
    with MemoryPeer(["a\nb\nc\n", chat.EOF]).session() as s:
        assert next(iter(s)) == "a\n"
        assert list(s) == ["b\n", "c\n"]


def test_a_line_that_never_ends_is_a_timeout_in_a_loop():
    peer = MemoryPeer(["a\nb"])
    with peer.session(timeout=3) as s:
        lines = iter(s)
        assert next(lines) == "a\n"
        with pytest.raises(chat.ExpectTimeout):
            next(lines)
        assert s.peek() == "b"


# ── looking ───────────────────────────────────────────────────────────────────────────────


def test_looking_consumes_nothing():
    peer = MemoryPeer(["abc", 1, "d"])
    with peer.session() as s:
        assert s.peek() == s.peek() == "abc"
        assert peer.clock.now() == 0
        assert s.expect("c").before == "ab"
        assert s.peek() == ""
    assert s.peek() == ""


def test_reading_what_has_come_does_not_wait():
    peer = MemoryPeer(["abc", "d", 1, "e"])
    with peer.session() as s:
        assert s.read_nowait() == "abcd"
        assert s.read_nowait() == ""
        assert peer.clock.now() == 0


def test_a_session_can_be_waited_for_from_outside():
    peer = MemoryPeer(["x"])
    with peer.session() as s:
        assert s.fileno() == peer.transport.fileno()
    with pytest.raises(chat.SessionClosed):
        s.fileno()


# ── marks ─────────────────────────────────────────────────────────────────────────────────


def test_a_mark_gives_the_transcript_since():
    with MemoryPeer(["zero one two three"]).session() as s:
        s.expect("zero ")
        mark = s.mark()
        s.expect("one")
        s.expect("two")
        assert s.since(mark) == "one two"
        later = s.mark()
        s.read_nowait()
        assert s.since(later) == " three"
        assert s.since(mark) == "one two three"
        assert mark.offset == 5


def test_a_mark_holds_what_came_only_while_it_is_kept():
    with MemoryPeer().session() as s:
        mark = s.mark()
        s._channel.stream.append("x" * 500_000)
        s.read_nowait()
        assert len(s.since(mark)) == 500_000
        del mark
        s._channel.stream.append("y" * 100_000)
        s.read_nowait()
        assert s._channel.stream.begin >= 500_000


# ── the limit on what is kept ─────────────────────────────────────────────────────────────


def test_more_than_may_be_kept_is_an_error_that_loses_nothing():
    with MemoryPeer(["x" * 1000] * 10).session(limit=3000) as s:
        with pytest.raises(chat.StreamOverflow, match="more than 3000 characters"):
            s.expect("y")
        with pytest.raises(BufferError):
            s.read()
        taken = len(s.read_nowait())
        assert taken > 3000
        with pytest.raises(chat.StreamOverflow):
            s.expect("y")
        while taken < 10_000:
            taken += len(s.read_nowait())
        assert taken == 10_000


def test_what_is_taken_does_not_count():
    with MemoryPeer(["x" * 1000 + "\n"] * 10).session(limit=3000) as s:
        assert [len(s.readline()) for _ in range(10)] == [1001] * 10


def test_the_oldest_may_be_dropped_and_the_match_says_how_much():
    with MemoryPeer(["x" * 1000] * 10 + ["end"]).session(limit=3000, overflow="drop") as s:
        match = s.expect("end")
        assert len(match.before) + match.dropped == 10_000
        assert len(match.before) <= 3000
        assert match.start == 10_000
        assert s.expect(chat.TIMEOUT, timeout=0).dropped == 0


def test_dropping_does_not_confuse_a_search():
    pieces = [f"{number:04d}|" for number in range(2000)]
    with MemoryPeer([*pieces, "end"]).session(limit=50, overflow="drop") as s:
        match = s.expect(re.compile(r"19\d\d\|.*\|en(d)", re.DOTALL))
        assert match[1] == "d"
        assert match.end == 2000 * 5 + 3
        assert len(match.before + match.text) <= 50


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": -1}, {"overflow": "forget"}])
def test_a_limit_that_is_none_is_refused(options):
    peer = MemoryPeer()
    with pytest.raises(ValueError, match=r"limit|overflow"):
        peer.session(**options)
    peer.transport.close()


GIGABYTES = 2 << 30
"""Bytes of the flood: more than a session may keep, and than this process should ever have."""


def resident():
    """Bytes of memory that this process has."""
    with open("/proc/self/status", encoding="ascii") as lines:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


@pytest.fixture
def flood():
    """A session with a program that says very much, over pipes, and then that it is done."""
    command = f"head -c {GIGABYTES} /dev/zero; printf 'the end'"
    started = []

    def start(overflow):
        program = subprocess.Popen(
            ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        started.append(program)
        transport = DescriptorTransport(
            program.stdout.fileno(), program.stdin.fileno(), close=False
        )
        return chat.Session(
            transport, encoding=None, limit=1 << 20, overflow=overflow, timeout=300
        )

    yield start
    for program in started:
        program.stdin.close()
        program.stdout.close()
        program.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_gigabytes_are_dropped_in_bounded_memory(flood):
    with flood("drop") as s:
        before = resident()
        match = s.expect(b"the end")
        assert resident() - before < 32 << 20
        assert match.dropped + len(match.before) == GIGABYTES
        assert len(match.before) <= 1 << 20


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_gigabytes_are_an_error_in_bounded_memory_and_nothing_is_lost(flood):
    with flood("error") as s:
        before = resident()
        taken, match = 0, None
        while match is None:
            try:
                match = s.expect(b"the end")
            except chat.StreamOverflow:
                taken += len(s.read_nowait())
        assert taken + len(match.before) == GIGABYTES
        assert taken > 0
        assert resident() - before < 32 << 20


@pytest.mark.slow
@pytest.mark.parametrize("overflow", ["drop", "error"])
def test_a_flood_from_a_terminal_stays_in_bounded_memory(overflow):
    code = """
        import os
        piece = b'0123456789abcde\\n' * 4096
        for _ in range(400): os.write(1, piece)
        os.write(1, b'the end')
    """
    with python_child(code, limit=1 << 20, overflow=overflow) as s:
        before, taken, match = resident(), 0, None
        while match is None:
            try:
                match = s.expect("the end", timeout=60)
            except chat.StreamOverflow:
                taken += len(s.read_nowait())
        assert resident() - before < 32 << 20
        assert taken + match.dropped + len(match.before) == 400 * 4096 * 17
