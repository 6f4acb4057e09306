"""`chat.compat.telnetlib` beside the standard library's, and where it is to be better."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chat
from chat.compat import telnetlib
from chat.transports.telnet.negotiation import TURNS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        import telnetlib as theirs  # what Python had until 3.12
    except ImportError:
        theirs = None  # type: ignore[assignment]  # there is nothing to compare with

IAC, SB, SE = telnetlib.IAC, telnetlib.SB, telnetlib.SE
beside_theirs = pytest.mark.skipif(theirs is None, reason="Python has no telnetlib since 3.13")


@contextmanager
def connected(*said: bytes, close: bool = True) -> Iterator[tuple[telnetlib.Telnet, Any]]:
    """A connection on which something was said."""
    near, far = socket.socketpair()
    near.settimeout(20)
    far.settimeout(20)
    with telnetlib.Telnet() as connection, far:
        connection.sock = near
        for each in said:
            far.sendall(each)
        if close:
            far.shutdown(socket.SHUT_WR)
        yield connection, far


# ── beside the standard library's ─────────────────────────────────────────────────────────


@beside_theirs
def test_every_public_name_is_there_with_its_value():
    names = {name for name in dir(theirs) if not name.startswith("_")}
    modules = {"socket", "selectors", "sys", "warnings"}
    assert names - modules - set(dir(telnetlib)) == set()
    for name in names - modules:
        value = getattr(theirs, name)
        if isinstance(value, bytes | int):
            assert getattr(telnetlib, name) == value, name
    methods = {name for name in dir(theirs.Telnet) if not name.startswith("_")}
    assert methods - {"rawq_getchar"} - set(dir(telnetlib.Telnet)) == set()


@beside_theirs
@pytest.mark.slow
def test_the_old_tests_of_the_standard_library_pass():
    code = """
        import sys, unittest
        from chat.compat import telnetlib
        sys.modules["telnetlib"] = telnetlib
        unittest.main("test.test_telnetlib")
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "\n".join(map(str.strip, code.split("\n")))],
        capture_output=True,
        text=True,
        check=False,
    )
    if "No module named 'test.test_telnetlib'" in done.stderr:
        pytest.skip("this Python came without its tests")
    assert done.returncode == 0, done.stderr
    assert re.search(r"Ran [1-9]\d tests", done.stderr)


class Wire:
    """A socket on which the bytes come in given pieces, and then the end."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = list(pieces)
        self.sent = b""

    def recv(self, size: int) -> bytes:
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if len(piece) > size:
            self._pieces.insert(0, piece[size:])
        return piece[:size]

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


TEXT = st.lists(st.sampled_from(b"abc\r\n\0\x11match\xff")).map(bytes)
# NUL and XON within a subnegotiation are kept here, and were not there.
INSIDE = st.lists(st.sampled_from(b"ab\x18\x1f\xff")).map(bytes)
OPTIONS = st.integers(0, 255).map(lambda number: bytes([number]))
WIRE = st.lists(
    st.one_of(
        TEXT.map(lambda text: text.replace(IAC, IAC + IAC)),
        st.sampled_from([telnetlib.NOP, telnetlib.AYT, telnetlib.GA]).map(IAC.__add__),
        st.tuples(st.sampled_from([telnetlib.DO, telnetlib.WILL]), OPTIONS).map(
            lambda said: IAC + said[0] + said[1]
        ),
        INSIDE.map(lambda text: IAC + SB + text.replace(IAC, IAC + IAC) + IAC + SE),
    )
).map(b"".join)


def in_pieces(wire: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(wire[:size])
        wire = wire[size:]
    return [each for each in (*pieces, wire) if each]


def heard(module: Any, pieces: list[bytes], *, call_back: bool) -> tuple[Any, ...]:
    """All that a connection says of what came: text, commands with their data, answers."""
    connection, wire, told = module.Telnet(), Wire(pieces), []
    connection.sock = wire

    def note(sock: object, command: bytes, option: bytes) -> None:
        assert sock is wire
        told.append((command, option, connection.read_sb_data() if command == SE else b""))

    if call_back:
        connection.set_option_negotiation_callback(note)
    return connection.read_all(), told, wire.sent, connection.read_sb_data()


@beside_theirs
@given(WIRE, st.lists(st.integers(1, 9)))
def test_the_same_is_heard_as_by_theirs(wire, sizes):
    pieces = in_pieces(wire, sizes)
    assert heard(telnetlib, pieces, call_back=True) == heard(theirs, pieces, call_back=True)


@beside_theirs
@given(WIRE, st.lists(st.integers(1, 9)))
def test_the_same_is_answered_as_by_theirs(wire, sizes):
    pieces = in_pieces(wire, sizes)
    ours = heard(telnetlib, pieces, call_back=False)
    assert ours == heard(theirs, pieces, call_back=False)


class Ready:
    """A selector that finds everything ready, for sockets that are none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def register(self, *_: object) -> None:
        pass

    def select(self, timeout: float | None = None) -> list[object]:
        return [self]


PATTERNS = st.lists(
    st.sampled_from(
        [b"a", b"ab", b"c$", b"^a", b"b*c", rb"(m)atch", b"x?", rb"\n", b"(?<=a)b"]
    ),
    min_size=1,
    max_size=4,
)


def talked(module: Any, pieces: list[bytes], waits: list[Any]) -> list[Any]:
    """What a series of waits gives, each with what it was for."""
    connection, given = module.Telnet(), []
    connection.sock = Wire(pieces)
    kept, module._TelnetSelector = module._TelnetSelector, Ready
    try:
        for wait in waits:
            try:
                if isinstance(wait, bytes):
                    given.append(connection.read_until(wait))
                else:
                    index, match, text = connection.expect(wait)
                    given.append((index, match and match.span(), match and match[0], text))
            except EOFError:
                given.append(EOFError)
    finally:
        module._TelnetSelector = kept
    return given


@beside_theirs
@given(
    st.lists(TEXT, max_size=6),
    st.lists(st.one_of(PATTERNS, st.sampled_from([b"match", b"ab", b"\n"])), max_size=6),
)
def test_the_same_is_found_as_by_theirs(pieces, waits):
    pieces = [each.replace(IAC, IAC + IAC) for each in pieces if each]
    assert talked(telnetlib, pieces, waits) == talked(theirs, pieces, waits)


# ── by itself ─────────────────────────────────────────────────────────────────────────────


def test_it_connects_and_talks_and_closes():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with telnetlib.Telnet("127.0.0.1", port, timeout=20) as connection:
            far, _ = listener.accept()
            with far:
                far.settimeout(20)
                assert connection.get_socket().gettimeout() == 20
                assert connection.fileno() == connection.get_socket().fileno()
                far.sendall(b"login: ")
                assert connection.read_until(b"login: ") == b"login: "
                connection.write(b"ada\n" + IAC)
                assert far.recv(100) == b"ada\n" + IAC + IAC
        assert connection.get_socket() is None
        connection.close()


def test_what_was_not_asked_for_stays():
    with connected(b"one two three") as (connection, _):
        assert connection.read_until(b"two") == b"one two"
        assert connection.expect([b"(th)ree"])[1][1] == b"th"
        with pytest.raises(EOFError):
            connection.read_until(b"more")


def test_out_of_time_all_that_has_come_is_given():
    with connected(b"login", close=False) as (connection, _):
        assert connection.read_until(b"login:", 0.05) == b"login"
        assert connection.read_until(b":", 0) == b""
        assert connection.expect([b":"], 0) == (-1, None, b"")


def test_at_the_end_expect_gives_the_rest_and_then_an_error():
    with connected(b"rest") as (connection, _):
        assert connection.expect([b":"]) == (-1, None, b"rest")
        with pytest.raises(EOFError):
            connection.expect([b":"])


def test_the_first_pattern_in_the_list_wins():
    with connected(b"one two") as (connection, _):
        connection.fill_rawq()
        index, match, text = connection.expect([re.compile(b"two"), b"one"])
        assert (index, match.span(), text) == (0, (4, 7), b"one two")


def test_whatever_can_search_is_a_pattern():
    class Even:
        @staticmethod
        def search(text: bytes) -> re.Match[bytes] | None:
            return re.search(b"[02468]", text)

    with connected(b"13579 8 7") as (connection, _):
        assert connection.expect([b"x", Even()])[::2] == (1, b"13579 8")


def test_the_eager_do_not_wait():
    with connected(b"some", close=False) as (connection, far):
        assert connection.sock_avail()
        assert connection.read_very_lazy() == connection.read_lazy() == b""
        assert connection.read_eager() == b"some"
        assert connection.read_very_eager() == b""
        far.sendall(b"more")
        far.close()
        assert connection.read_some() == b"more"
        assert connection.read_some() == b""
        for read in (connection.read_eager, connection.read_very_eager, connection.read_lazy):
            with pytest.raises(EOFError):
                read()


@pytest.mark.parametrize("call", [lambda c: c.write(b"x"), lambda c: c.fileno()])
def test_without_a_connection_there_is_an_error_that_says_so(call):
    with pytest.raises(OSError, match="not connected"):
        call(telnetlib.Telnet())


def test_a_debug_level_shows_what_is_said_but_no_secret(capsys):
    secret = chat.Secret("s3cret-w0rd")
    with connected(IAC + telnetlib.DO + telnetlib.ECHO) as (connection, _):
        connection.set_debuglevel(1)
        connection.write(secret.reveal().encode() + b"\n")
        connection.read_all()
    shown = capsys.readouterr().out
    assert "IAC DO 1\n" in shown and "recv b''\n" in shown
    assert "s3cret" not in shown and "send" in shown


# ── where theirs hung or lost something ───────────────────────────────────────────────────


class Flood:
    """A socket on which the same comes for ever, and can be waited for."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self._zeros = open("/dev/zero", "rb")  # noqa: PTH123, SIM115  closed below

    def recv(self, size: int) -> bytes:
        return self._said * (size // len(self._said))

    def fileno(self) -> int:
        return self._zeros.fileno()

    def sendall(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        self._zeros.close()


@pytest.mark.parametrize("said", [b"never ", IAC + telnetlib.NOP])
@pytest.mark.parametrize(
    "read",
    [
        lambda c: c.expect([b"ends"], 0.02),
        lambda c: c.read_until(b"ends", 0.02),
        lambda c: c.expect([b"ends"], 0),
        lambda c: c.read_very_eager(),
        lambda c: c.read_eager(),
    ],
)
def test_one_that_talks_without_a_pause_does_not_hold_a_read_up(said, read):
    with telnetlib.Telnet() as connection:
        connection.sock = Flood(said)
        read(connection)


def test_a_subnegotiation_keeps_all_its_bytes():
    size = b"\x1f\0\x50\0\x11"
    with connected(IAC + SB + size + IAC + SE) as (connection, _):
        assert connection.read_all() == b""
        assert connection.read_sb_data() == size


def test_what_came_is_kept_if_a_callback_raises():
    def fail(*_: object) -> None:
        raise RuntimeError

    with connected(b"before" + IAC + telnetlib.NOP + b"after") as (connection, _):
        connection.set_option_negotiation_callback(fail)
        with pytest.raises(RuntimeError):
            connection.read_all()
        assert connection.read_all() == b"beforeafter"


def test_what_came_is_kept_if_nobody_takes_the_answer():
    with connected(b"before" + IAC + telnetlib.DO + b"\x18" + b"after") as (connection, far):
        far.close()
        assert connection.read_until(b"after") == b"beforeafter"


def test_a_refusal_is_not_answered_with_one_and_nothing_is_for_ever():
    with connected(
        IAC + telnetlib.WONT + b"\1" + IAC + telnetlib.DONT + b"\1",
        (IAC + telnetlib.DO + b"\2") * 1000,
    ) as (connection, far):
        connection.read_all()
        connection.close()
        said = b"".join(iter(lambda: far.recv(65536), b""))
        assert said == (IAC + telnetlib.WONT + b"\2") * TURNS


@pytest.mark.slow
def test_a_long_wait_does_not_search_the_same_bytes_again():
    with connected(close=False) as (connection, far):
        speaker = threading.Thread(
            target=lambda: [far.sendall(b"x" * 1000) for _ in range(8000)] + [far.close()]
        )
        speaker.start()
        index, _, text = connection.expect([b"never", rb"n[aeiou]ver"], 20)
        speaker.join()
        assert (index, len(text)) == (-1, 8_000_000)


# ── a person ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def person(monkeypatch) -> Iterator[Callable[[bytes], None]]:
    """Somebody who types; the end of typing is the end of the pipe."""
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as typed, os.fdopen(writer, "wb", 0) as keys:
        monkeypatch.setattr(sys, "stdin", typed)
        yield lambda text: keys.write(text) if text else keys.close()


def test_a_person_can_talk(person, capsys):
    with connected("grüß dich\n".encode(), close=False) as (connection, far):
        talk = threading.Thread(target=connection.interact)
        talk.start()
        person(b"one\ntwo\n")
        assert far.recv(100) == b"one\ntwo\n"
        far.shutdown(socket.SHUT_WR)
        talk.join(20)
        assert not talk.is_alive()
    assert capsys.readouterr().out == f"grüß dich\n{telnetlib.CLOSED_BY_THEM}\n"


def test_a_person_may_stop(person):
    with connected(close=False) as (connection, _):
        person(b"")
        connection.interact()


def test_a_person_can_talk_with_two_threads(monkeypatch, capsys):
    with connected(b"hello\n", close=False) as (connection, far):
        monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo\n"))
        connection.mt_interact()
        said = b""
        while len(said) < 8:
            said += far.recv(100)
        assert said == b"one\ntwo\n"
        far.close()
        for thread in threading.enumerate():
            if thread.name.endswith("(listener)"):
                thread.join(20)
    assert "hello\n" in capsys.readouterr().out
