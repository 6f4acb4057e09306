"""A secret never shows: not where it is sent, not where a program prints it back."""

from __future__ import annotations

import io
import itertools
import logging
import pickle
import time
import traceback

import pytest

import chat
from chat.events import Event, Sent, TimedOut
from chat.testing import MemoryPeer, python_child
from chat.values import MASK

_numbers = itertools.count()


@pytest.fixture
def secret():
    """A new one for each test, so that none can be masked for another's sake."""
    return chat.Secret(f"swörd-{next(_numbers)}-fish")


# ── sending ───────────────────────────────────────────────────────────────────────────────

ASKS = """
    import getpass, sys
    word = getpass.getpass('password: ')
    print('you said', word)
    print('and again:', word[::-1])
"""


def test_a_secret_is_sent_once_the_terminal_does_not_show_it(secret):
    with python_child(ASKS) as s:
        s.expect("password: ")
        s.send_secret(secret)
        assert s.expect("and again: ").before == f"\r\nyou said {secret.reveal()}\r\n"


def test_a_secret_waits_for_the_echo_to_go_off(secret):
    """The program asks first and switches echo off later: no one sleeps in between."""
    code = """
        import sys, termios
        print('password: ', end='')
        sys.stdin.buffer.raw.read(1)
        modes = termios.tcgetattr(0)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, modes)
        print(ascii(input()))
    """
    with python_child(code) as s:
        s.expect("password: ")
        assert s.echo
        s.send("\n")
        s.send_secret(secret, timeout=20)
        came = s.read()
        assert came.count("fish") == 1
        assert came.endswith(ascii(secret.reveal()) + "\r\n")


def test_a_secret_is_not_sent_while_the_terminal_would_show_it(secret):
    with python_child("print('go'); print(len(input()))") as s:
        s.expect("go\r\n")
        with pytest.raises(chat.EchoStillOn, match="was not sent") as caught:
            s.send_secret(secret, timeout=0.05)
        assert isinstance(caught.value, TimeoutError)
        with pytest.raises(chat.EchoStillOn):
            s.send_secret(secret, timeout=0)
        s.sendline("abc")
        assert s.expect("3").before == "abc\r\n"


def test_a_secret_is_sent_all_the_same_if_told_so(secret):
    with python_child("print('go'); print(len(input()))") as s:
        s.expect("go")
        s.send_secret(secret, allow_echo=True)
        s.expect(str(len(secret.reveal())))


@pytest.mark.slow
def test_a_secret_as_an_answer_waits_for_the_echo_too(secret):
    with python_child(ASKS) as s:
        s.expect(chat.EOF, respond={"password: ": secret})
        assert s.exit_status == s.wait()
    with python_child("print('go'); input('password: ')") as s:
        s.expect("go")
        with pytest.raises(chat.EchoStillOn):
            s.expect(chat.EOF, respond={"password: ": secret}, timeout=1)


def test_a_secret_for_a_program_that_is_gone_is_not_sent(secret):
    with python_child("pass") as s:
        s.wait()
        with pytest.raises((chat.PeerGone, chat.EchoStillOn)):
            s.send_secret(secret, timeout=1)


def test_text_becomes_a_secret_by_being_sent_as_one():
    word = f"plain-{next(_numbers)}-word"
    with MemoryPeer(answer=lambda data: [b"you said " + data]).session() as s:
        s.send_secret(word)
        assert MASK in repr(s.expect("\n"))


def test_bytes_sessions_send_secrets_too(secret):
    peer = MemoryPeer()
    with peer.session(encoding=None) as s:
        s.send_secret(secret)
    assert peer.sent.decode() == secret.reveal() + "\n"


def test_a_listener_learns_only_that_a_secret_was_sent(secret):
    events: list[Event] = []
    with MemoryPeer().session() as s:
        s.subscribe(events.append)
        s.send_secret(secret)
    assert Sent("", secret=True) in events
    assert secret.reveal() not in repr(events)


@pytest.mark.parametrize("wrong", [None, b"bytes", 3])
def test_what_is_no_secret_is_refused(wrong):
    peer = MemoryPeer()
    with peer.session() as s, pytest.raises(TypeError):
        s.send_secret(wrong)
    assert peer.sent == b""


def test_an_empty_secret_is_refused():
    with MemoryPeer().session() as s, pytest.raises(ValueError, match="empty"):
        s.send_secret("")


# ── not showing ───────────────────────────────────────────────────────────────────────────


def telling(secret):
    return MemoryPeer([f"you said {secret.reveal()}, right?"])


def test_a_secret_does_not_show_in_a_timeout(secret):
    with telling(secret).session() as s:
        with pytest.raises(chat.ExpectTimeout) as caught:
            s.expect(secret.reveal() + "!", chat.regex(secret.reveal() + "x"), timeout=1)
        check_hidden(secret, caught.value)
        assert f"last came 'you said {MASK}, right?'" in str(caught.value)
        assert secret.reveal() in caught.value.before


def test_a_secret_does_not_show_in_an_end_that_was_not_awaited(secret):
    peer = telling(secret)
    peer.close()
    with peer.session() as s:
        with pytest.raises(chat.UnexpectedEOF) as caught:
            s.expect("x")
        check_hidden(secret, caught.value)


def test_a_secret_that_is_cut_by_the_length_of_a_message_does_not_show(secret):
    with MemoryPeer([secret.reveal() + "x" * 235]).session() as s:
        with pytest.raises(chat.ExpectTimeout) as caught:
            s.expect("y", timeout=1)
        assert "fish" not in str(caught.value)


def test_a_secret_with_characters_that_messages_escape_does_not_show():
    secret = chat.Secret(f"back\\slash'quote\"{next(_numbers)}\ttab")
    with telling(secret).session() as s:
        with pytest.raises(chat.ExpectTimeout) as caught:
            s.expect(secret.reveal() + "!", chat.regex("(" + secret.reveal() + "x)"), timeout=1)
        for part in ("slash", "quote", "tab"):
            assert part not in str(caught.value)
            assert part not in repr(caught.value)


def test_a_secret_does_not_show_in_a_session_of_bytes(secret):
    peer = telling(secret)
    with peer.session(encoding=None) as s:
        with pytest.raises(chat.ExpectTimeout) as caught:
            s.expect(secret.reveal().encode() + b"!", timeout=1)
        check_hidden(secret, caught.value)
        assert f"you said {MASK}" in str(caught.value)
        check_hidden(secret, s.expect(b"right"))


def test_a_secret_does_not_show_in_a_match(secret):
    with telling(secret).session() as s:
        shown = repr(s.expect(", right"))
        assert f"you said {MASK}" in shown
        assert "fish" not in shown
    with telling(secret).session() as s:
        match = s.expect(secret.reveal())
        assert match.text == secret.reveal()
        check_hidden(secret, match)


def test_a_secret_does_not_show_in_the_error_about_its_own_pattern(secret):
    with MemoryPeer().session(encoding=None) as s:
        with pytest.raises(chat.PatternTypeError) as caught:
            s.expect(secret.reveal())
        check_hidden(secret, caught.value)
    with pytest.raises(chat.PatternError) as unmade:
        chat.regex("(" + secret.reveal())
    check_hidden(secret, unmade.value)


@pytest.mark.slow
def test_a_secret_does_not_show_in_a_run(secret):
    done = chat.run(["echo", "it is", secret.reveal()])
    assert done.output == f"it is {secret.reveal()}\r\n"
    check_hidden(secret, done)
    with pytest.raises(chat.RunTimeout) as caught:
        chat.run(["sh", "-c", f"echo {secret.reveal()}; exec sleep 60"], timeout=1)
    check_hidden(secret, caught.value)
    assert secret.reveal() in caught.value.output


def test_a_secret_does_not_show_in_the_error_about_a_command(secret):
    for command in (f"echo '{secret.reveal()}", [f"/{secret.reveal()}"]):
        with pytest.raises(chat.ChatError) as caught:
            chat.spawn(command)
        check_hidden(secret, caught.value)


def test_a_secret_does_not_show_in_events(secret):
    events: list[Event] = []
    with MemoryPeer().session() as s:
        s.subscribe(events.append)
        with pytest.raises(chat.ExpectTimeout):
            s.expect(secret.reveal(), timeout=1)
    assert any(isinstance(event, TimedOut) for event in events)
    check_hidden(secret, events)


def test_a_secret_shows_nowhere_by_itself(secret):
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}"):
        assert "fish" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def check_hidden(secret, shown):
    said = [repr(shown), str(shown)]
    if isinstance(shown, BaseException):
        said += [*map(repr, shown.args), *traceback.format_exception_only(shown)]
    for each in said:
        assert secret.reveal() not in each
        assert ascii(secret.reveal())[1:-1] not in each
        assert "fish" not in each


# ── logs ──────────────────────────────────────────────────────────────────────────────────


def said_in_pieces(secret):
    """Chunks that cut the secret at every place, also within a character."""
    data = secret.reveal().encode()
    for cut in range(len(data) + 1):
        yield from (b"<" + data[:cut], data[cut:] + b">")


@pytest.mark.parametrize("encoding", ["utf-8", None])
@pytest.mark.parametrize("kind", ["path", "text", "binary", "logger"])
def test_a_secret_does_not_show_in_a_log_however_it_was_cut(
    secret, kind, encoding, tmp_path, caplog
):
    peer = MemoryPeer([*said_in_pieces(secret), b"\n"])
    target, read_back = make_target(kind, tmp_path, caplog)
    with peer.session(encoding=encoding, log=target) as s:
        s.expect(b"\n" if encoding is None else "\n")
    pieces = len(secret.reveal().encode()) + 1
    assert read_back() == f"<{MASK}>" * pieces + "\n"


@pytest.mark.parametrize("kind", ["path", "text", "binary", "logger"])
def test_a_secret_does_not_show_in_a_log_of_what_is_sent(secret, kind, tmp_path, caplog):
    target, read_back = make_target(kind, tmp_path, caplog)
    with MemoryPeer().session() as s:
        s.log_to(target, received=False, sent=True)
        s.sendline("hello")
        s.send_secret(secret)
        s.sendline(f"it is {secret.reveal()}.")
        s.send(secret.reveal()[:4])
        s.send(secret.reveal()[4:] + "\n")
    assert read_back() == f"hello\n{MASK}\nit is {MASK}.\n{MASK}\n"


def test_the_beginning_of_a_secret_is_logged_when_it_turns_out_to_be_none(secret):
    log = io.StringIO()
    with MemoryPeer([secret.reveal()[:5], 1, "!", 1, secret.reveal()[:3]]).session() as s:
        s.log_to(log)
        s.expect(chat.Quiet(10))
    assert log.getvalue() == secret.reveal()[:5] + "!" + secret.reveal()[:3]


def test_a_secret_within_a_longer_secret_leaves_nothing_of_it(secret):
    longer = chat.Secret(secret.reveal() + "-and-more")
    data = longer.reveal().encode()
    for cut in range(1, len(data)):
        log = io.StringIO()
        with MemoryPeer([data[:cut], data[cut:], b"."]).session(log=log) as s:
            s.expect(".")
        assert log.getvalue() == MASK + "."


def make_target(kind, directory, caplog):
    """A place for a log, and a way to read it back."""
    if kind == "path":
        path = directory / "log"
        return path, lambda: path.read_text("utf-8")
    if kind == "text":
        text = io.StringIO()
        return text, text.getvalue
    if kind == "binary":
        binary = io.BytesIO()
        return binary, lambda: binary.getvalue().decode()
    caplog.set_level(logging.DEBUG)
    return (
        logging.getLogger(f"test.{next(_numbers)}"),
        lambda: "".join(record.getMessage() + "\n" for record in caplog.records),
    )


def test_nothing_here_takes_long_because_of_many_secrets(secret):
    """Masking looks for all of them at once; a hundred cost no hundred times as much."""
    secrets = [chat.Secret(f"one-of-many-{next(_numbers)}-{each}") for each in range(100)]
    log = io.StringIO()
    began = time.perf_counter()
    with MemoryPeer([b"x" * 65536] * 20 + [b"!"]).session(log=log) as s:
        s.expect("!")
    assert len(secrets) == 100
    assert time.perf_counter() - began < 5
