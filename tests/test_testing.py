"""What `chat.testing` promises to those who test with it."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from types import SimpleNamespace

import pytest

import chat
from chat.testing import (
    BrokenRule,
    FakeClock,
    MemoryPeer,
    MemoryTransport,
    WaitsForEver,
    check_transport,
    fifo_ends,
    memory_ends,
    open2_ends,
    pipe_ends,
    pty_ends,
    python_child,
    socket_ends,
)
from chat.testing.rules import MESSAGE_RULES, RULES
from chat.timing import READABLE, WRITABLE, SystemClock

# ── conformance ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", [memory_ends, socket_ends, pipe_ends, fifo_ends])
def test_every_transport_keeps_the_rules(make):
    check_transport(make)


@pytest.mark.slow
@pytest.mark.parametrize("make", [pty_ends, open2_ends])
def test_programs_keep_the_rules(make):
    check_transport(make)


class Faulty:
    """A transport in memory that keeps every rule but those a subclass breaks."""

    def __init__(self):
        self.inner, self.far = memory_ends()

    def read(self, size=65536):
        return self.inner.read(size)

    def write(self, data):
        return self.inner.write(data)

    def close(self):
        self.inner.close()

    def fileno(self):
        return self.inner.fileno()


class TellsTheEndTooEarly(Faulty):
    def read(self, size=65536):
        try:
            return self.inner.read(size)
        except BlockingIOError:
            return b""


class Blocks(Faulty):
    def read(self, size=65536):
        while True:
            try:
                return self.inner.read(size)
            except BlockingIOError:
                select.select([self.inner], [], [])


class ChangesItsDescriptor(Faulty):
    def __init__(self):
        super().__init__()
        self.other = os.dup(self.inner.fileno())
        self.asked = 0

    def fileno(self):
        self.asked += 1
        return self.inner.fileno() if self.asked < 4 else self.other

    def close(self):
        super().close()
        if self.other >= 0:
            os.close(self.other)
            self.other = -1


class AlwaysReadable(Faulty):
    def __init__(self):
        super().__init__()
        self.null = os.open(os.devnull, os.O_RDWR)

    def fileno(self):
        return self.null

    def close(self):
        super().close()
        if self.null >= 0:
            os.close(self.null)
            self.null = -1


class IgnoresTheSize(Faulty):
    def read(self, size=65536):
        return self.inner.read()


class EatsOneByteValue(Faulty):
    def write(self, data):
        return self.inner.write(data.replace(b"\xff", b"."))


class EndsOnce(Faulty):
    ended = False

    def read(self, size=65536):
        if self.ended:
            raise BlockingIOError
        data = self.inner.read(size)
        self.ended = not data
        return data


class MiscountsWhatItTook(Faulty):
    def write(self, data):
        return max(1, self.inner.write(data) - 1)


class TakesNothingWithoutSaying(Faulty):
    def write(self, data):
        try:
            return self.inner.write(data)
        except BlockingIOError:
            return 0


class ThrowsAwayWhatHasNoRoom(Faulty):
    def write(self, data):
        try:
            return self.inner.write(data)
        except BlockingIOError:
            return len(data)


class HidesThatNobodyIsThere(Faulty):
    def write(self, data):
        try:
            return self.inner.write(data)
        except BrokenPipeError:
            return len(data)


class ClosesOnce(Faulty):
    closed = False

    def close(self):
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True
        super().close()


class ClosesAStrangersDescriptor(Faulty):
    def close(self):
        number = -1
        with contextlib.suppress(ValueError):
            self.number = self.inner.fileno()
        super().close()
        number = getattr(self, "number", -1)
        if getattr(self, "again", False):
            with contextlib.suppress(OSError):
                os.close(number)
        self.again = True


class EndsWhenClosed(Faulty):
    def read(self, size=65536):
        try:
            return self.inner.read(size)
        except chat.SessionClosed:
            return b""


class WritesWhenClosed(Faulty):
    def write(self, data):
        try:
            return self.inner.write(data)
        except chat.SessionClosed:
            return len(data)


class Leaks(Faulty):
    def __init__(self, held):
        super().__init__()
        held.append(os.open(os.devnull, os.O_RDONLY))


class TiresAfterHalfAMebibyte(Faulty):
    came = 0

    def read(self, size=65536):
        data = self.inner.read(size)
        self.came += len(data)
        return data if self.came < 1 << 19 else b"?" * len(data)


(
    _VERBS, NOTHING_CAME, STAYS, POLLS, AT_MOST, UNHARMED, END, PARTIAL, NOBODY_READS, GONE,
    TWICE, AFTER_CLOSE, NO_LEAK, BOTH_WAYS,
) = RULES  # fmt: skip

FAULTS = [
    (TellsTheEndTooEarly, NOTHING_CAME),
    (ChangesItsDescriptor, STAYS),
    (AlwaysReadable, POLLS),
    (IgnoresTheSize, AT_MOST),
    (EatsOneByteValue, UNHARMED),
    (EndsOnce, END),
    (MiscountsWhatItTook, PARTIAL),
    (TakesNothingWithoutSaying, NOBODY_READS),
    (ThrowsAwayWhatHasNoRoom, NOBODY_READS),
    (HidesThatNobodyIsThere, GONE),
    (ClosesOnce, TWICE),
    (EndsWhenClosed, AFTER_CLOSE),
    (WritesWhenClosed, AFTER_CLOSE),
    (ClosesAStrangersDescriptor, AFTER_CLOSE),
    (TiresAfterHalfAMebibyte, BOTH_WAYS),
]


def made(kind):
    def make():
        faulty = kind()
        return faulty, faulty.far

    return make


@pytest.mark.parametrize(("kind", "rule"), FAULTS)
def test_a_broken_transport_is_told_which_rule_it_breaks(kind, rule):
    with pytest.raises(BrokenRule) as caught:
        check_transport(made(kind))
    assert caught.value.rule == rule
    assert str(caught.value) == f"broken rule: {rule}\n{caught.value.seen}"


def test_a_transport_that_leaks_a_descriptor_is_told_so():
    held: list[int] = []
    try:
        with pytest.raises(BrokenRule) as caught:
            check_transport(made(lambda: Leaks(held)))
        assert caught.value.rule == NO_LEAK
    finally:
        for descriptor in held:
            os.close(descriptor)


def test_a_transport_without_a_verb_is_told_so():
    def make():
        transport, far = memory_ends()
        lacking = SimpleNamespace(read=transport.read, write=0, close=transport.close)
        return lacking, far

    with pytest.raises(BrokenRule, match=r"has the four verbs.*\nit has no write\(\)"):
        check_transport(make)


@pytest.mark.slow
def test_a_transport_that_blocks_is_told_so():
    with pytest.raises(BrokenRule, match=r"raises BlockingIOError.*\nnot done after 1 s"):
        check_transport(made(Blocks), patience=1.0)


class Holds(Faulty):
    """Keeps back what it has taken, and has a `flush` that is to hand it over."""

    def __init__(self):
        super().__init__()
        self.held = b""

    def write(self, data):
        self.flush()
        self.held = data[:1000]
        return len(self.held)

    def flush(self):
        while self.held:
            self.held = self.held[self.inner.write(self.held) :]

    def close(self):
        self.held = b""
        super().close()


class HoldsForEver(Holds):
    def flush(self):
        if len(self.held) > 1:
            super().flush()


def test_a_transport_may_hold_back_what_it_hands_over_when_asked():
    from chat.testing.rules import Ends, _partial, _unharmed

    for check in (_partial, _unharmed):
        ends = Ends(made(Holds), 10)
        check(ends)
        ends.close()


def test_a_transport_that_hands_over_less_than_it_holds_is_told_so():
    with pytest.raises(BrokenRule) as caught:
        check_transport(made(HoldsForEver), patience=0.3)
    assert caught.value.rule == STAYS


class Messages(Faulty):
    """Keeps messages apart, as memory does: a chunk comes in one read."""


class JoinsMessages(Messages):
    def read(self, size=65536):
        data = self.inner.read(size)
        with contextlib.suppress(BlockingIOError):
            while more := self.inner.read(size):
                data += more
        return data


class CutsMessages(Messages):
    def write(self, data):
        return self.inner.write(data[:1500])


def test_messages_are_kept_apart():
    check_transport(made(Messages), messages=True)


@pytest.mark.parametrize("kind", [JoinsMessages, CutsMessages])
def test_a_transport_that_does_not_keep_messages_apart_is_told_so(kind):
    with pytest.raises(BrokenRule) as caught:
        check_transport(made(kind), messages=True)
    (rule,) = set(MESSAGE_RULES) - set(RULES)
    assert caught.value.rule == rule


def test_every_rule_has_a_transport_that_breaks_it():
    assert {rule for _, rule in FAULTS} | {_VERBS, NO_LEAK} == set(RULES)


# ── the clock ─────────────────────────────────────────────────────────────────────────────


def test_fake_time_stands_still_until_somebody_waits():
    clock = FakeClock(start=5)
    assert clock.now() == clock.now() == 5
    assert clock.waiter({})(3600) == []
    assert clock.now() == 3605


def test_a_wait_in_fake_time_goes_only_as_far_as_what_comes():
    clock = FakeClock()
    reader, writer = os.pipe()
    try:
        clock.call_at(2, lambda: os.write(writer, b"x"))
        ready = clock.waiter({reader: READABLE})(10)
        assert [descriptor for descriptor, _ in ready] == [reader]
        assert clock.now() == 2
    finally:
        os.close(reader)
        os.close(writer)


def test_what_is_ready_takes_no_time():
    clock = FakeClock()
    reader, writer = os.pipe()
    try:
        assert clock.waiter({writer: WRITABLE})(None)
        assert clock.now() == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_what_is_scheduled_happens_in_order():
    clock, happened = FakeClock(), []
    for name, when in [("b", 2), ("a", 1), ("c", 2), ("never", 9)]:
        clock.call_at(when, lambda name=name: happened.append((name, clock.now())))
    clock.advance(5)
    assert happened == [("a", 1), ("b", 2), ("c", 2)]
    assert clock.now() == 5


def test_what_is_due_already_happens_at_once():
    clock, happened = FakeClock(start=5), []
    clock.call_at(5, lambda: happened.append(1))
    assert happened == [1]


def test_a_wait_for_ever_for_nothing_is_an_error_and_not_a_hang():
    with pytest.raises(WaitsForEver):
        FakeClock().waiter({})(None)


def test_fake_time_does_not_go_back():
    with pytest.raises(ValueError, match="does not go back"):
        FakeClock().advance(-1)


# ── the peer in memory ────────────────────────────────────────────────────────────────────


def test_each_thing_a_peer_says_comes_in_one_read():
    peer = MemoryPeer(["one", b"two", 0, "three"])
    with peer.session() as s:
        assert peer.transport.read() == b"one"
        assert peer.transport.read(2) == b"tw"
        assert peer.transport.read() == b"o"
        assert s.read(5) == "three"


def test_a_peer_lets_time_pass_and_closes():
    peer = MemoryPeer(["a", 3600, "b", 0.5, chat.EOF])
    with peer.session(timeout=None) as s:
        assert s.expect("b").before == "a"
        assert peer.clock.now() == 3600
        assert s.expect(chat.EOF).before == ""
        assert peer.clock.now() == 3600.5


def test_a_peer_answers_what_is_sent_behind_what_it_was_going_to_say():
    def answer(data):
        return [1.0, b"<" + data + b">"]

    peer = MemoryPeer(["hello", 2.0, "still talking"], answer=answer)
    with peer.session() as s:
        s.expect("hello")
        s.sendline("me")
        assert s.expect("<me\n>").before == "still talking"
        assert peer.clock.now() == 3
        assert peer.sent == b"me\n"


def test_a_peer_may_not_answer():
    peer = MemoryPeer(answer=lambda data: None)
    with peer.session(encoding=None) as s:
        s.send(b"x")
        assert peer.sent == b"x"
        assert s.peek() == b""


def test_a_peer_does_what_a_function_does():
    happened = []
    peer = MemoryPeer(["a", 1, lambda: happened.append(peer.clock.now()), "b"])
    with peer.session() as s:
        s.expect("b")
    assert happened == [1]


def test_a_peer_with_little_room_is_written_to_bit_by_bit():
    peer = MemoryPeer(room=4)
    with peer.session() as s:
        with pytest.raises(chat.SendTimeout) as caught:
            s.send("abcdefgh", timeout=10)
        assert (caught.value.sent, caught.value.total) == (4, 8)
        assert peer.receive(10) == b"abcd"
        assert s.send("ef") == 2
    assert peer.receive(10) == b"ef"
    assert peer.receive(10) == b""


def test_what_no_far_side_does_is_refused():
    with pytest.raises(TypeError, match="nothing that a far side does"):
        MemoryPeer([["a list"]])
    with pytest.raises(TypeError, match="nothing that a far side does"):
        MemoryPeer([chat.TIMEOUT])


def test_a_far_side_in_another_thread_is_waited_for():
    transport, peer = memory_ends()
    threading.Timer(0.01, peer.send, (b"x",)).start()
    assert SystemClock.waiter({transport.fileno(): READABLE})(10)
    assert transport.read() == b"x"
    transport.close()


def test_a_memory_transport_says_how_it_is():
    transport, peer = memory_ends()
    peer.send(b"x")
    assert repr(transport) == "<MemoryTransport: open, 1 chunks to read>"
    peer.close()
    assert repr(transport).startswith("<MemoryTransport: ended")
    transport.close()
    assert repr(transport).startswith("<MemoryTransport: closed")
    assert isinstance(transport, MemoryTransport)


# ── children ──────────────────────────────────────────────────────────────────────────────


def test_a_python_child_is_this_interpreter_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('not hermetic')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    code = """
        import json, sys
        print(sys.executable, sys.stdout.encoding, 'ä')
    """
    with python_child(code, cwd=tmp_path) as s:
        assert s.read() == f"{sys.executable} utf-8 ä\r\n"
        assert s.exit_status.ok


def test_a_python_child_may_speak_bytes_and_have_its_own_window():
    code = "import os; print(*os.get_terminal_size())"
    with python_child(code, encoding=None, size=(30, 100)) as s:
        assert s.read() == b"100 30\r\n"
