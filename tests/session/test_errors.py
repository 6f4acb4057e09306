"""What an error says: what was awaited, what came, how the other side is, and no more."""

from __future__ import annotations

import pickle
import re

import pytest

import chat
from chat.testing import MemoryPeer, python_child


def timeout_of(session, *patterns, **options):
    with pytest.raises(chat.ExpectTimeout) as caught:
        session.expect(*patterns, **options)
    return caught.value


def every_error():
    def below(kind):
        return [kind, *(each for child in kind.__subclasses__() for each in below(child))]

    return [each for each in below(chat.ChatError) if each.__module__ == "chat.errors"]


ENDED = chat.ExitStatus(code=3)
MADE_WITH = {
    chat.ExpectError: lambda kind: kind(
        ("'x'",), "came", timeout=2, exit_status=ENDED, state="the program exited"
    ),
    chat.SendError: lambda kind: kind("sent 1 of 2 bytes", sent=1, total=2),
    chat.SpawnFailed: lambda kind: kind("ls", "it is not there", code=2),
    chat.ConnectFailed: lambda kind: kind("tcp://there:1", "refused", ["::1: refused"], code=3),
    chat.HostKeyRefused: lambda kind: kind("ssh://there", "unknown", fingerprint="SHA256:x"),
    chat.LoginFailed: lambda kind: kind("ssh://there", "denied"),
    chat.SudoFailed: lambda kind: kind("not in sudoers", output="said"),
    chat.DeviceFailed: lambda kind: kind("/dev/ttyS9", "it is not there", code=2),
    chat.MissingExtra: lambda kind: kind("serial lines", "pyserial", "serial"),
    chat.ListenFailed: lambda kind: kind("tcp://here:1", "in use", code=98),
    chat.FifoFailed: lambda kind: kind("/run/fifo", "it is not there", code=2),
    chat.LockTimeout: lambda kind: kind("waited", holders=["somebody"]),
    chat.RunTimeout: lambda kind: kind("did not end", output="said", exit_status=ENDED),
    chat.ShellExited: lambda kind: kind(output="said", exit_status=ENDED),
    chat.CommandFailed: lambda kind: kind("ls", output="said", exit_status=ENDED),
    chat.TimeRanOut: lambda kind: kind(chat.timeout(1)),
    chat.ChatError: lambda kind: kind("in words"),
}


@pytest.mark.parametrize("kind", every_error())
def test_every_error_comes_back_from_another_process_as_it_was(kind):
    make = next(MADE_WITH[base] for base in kind.__mro__ if base in MADE_WITH)
    error = make(kind)
    back = pickle.loads(pickle.dumps(error))  # noqa: S301  (made right here)
    assert type(back) is kind
    assert (str(back), repr(back), back.args) == (str(error), repr(error), error.args)
    assert repr(vars(back)) == repr(vars(error))
    assert getattr(back, "errno", None) == getattr(error, "errno", None)


def test_a_timeout_says_three_things():
    with MemoryPeer(["some\r\n", "text"]).session() as s:
        error = timeout_of(s, "login: ", timeout=2.5)
    assert str(error).split("\n") == [
        "waited 2.5 s for 'login: '",
        r"last came 'some\r\ntext'",
        "the other side is there",
    ]


def test_a_timeout_lists_all_that_was_awaited():
    patterns = [
        "a\tb",
        re.compile(r"\d+"),
        chat.glob("*.txt"),
        chat.any_of("x", "y"),
        chat.literal("$ ", name="prompt"),
        chat.Quiet(9),
        chat.EOF,
    ]
    with MemoryPeer().session() as s:
        error = timeout_of(s, *patterns, timeout=1)
    first, second, _ = str(error).split("\n")
    assert first == (
        r"waited 1 s for 'a\tb', regex '\\d+', regex '[\\s\\S]*\\.txt', any of 'x', 'y',"
        " prompt, 9 s of silence or EOF"
    )
    assert second == "nothing came"
    assert len(error.awaited) == len(patterns)


def test_an_error_has_fields_to_go_on_with():
    with MemoryPeer(["abc"]).session() as s:
        error = timeout_of(s, "x", timeout=2)
    assert error.awaited == ("'x'",)
    assert error.before == "abc"
    assert error.timeout == 2
    assert error.exit_status is None
    assert error.state == "the other side is there"
    assert error.errno is None and error.strerror is None
    assert repr(error) == "<ExpectTimeout: waited 2 s for 'x'>"


def test_only_the_end_of_what_came_is_shown():
    with MemoryPeer(["begin" + "x" * 1000 + "end"]).session() as s:
        error = timeout_of(s, "never", timeout=1)
    shown = str(error).split("\n")[1]
    assert shown.startswith("last came …'xxx")
    assert shown.endswith("xxxend'")
    assert len(shown) < 260
    assert len(error.before) == 1008


def test_what_came_is_escaped():
    with MemoryPeer([b"\x1b[2J\x07\xff\r\nd\xc3\xa4"]).session() as s:
        error = timeout_of(s, "never", timeout=1)
    assert r"last came '\x1b[2J\x07\udcff\r\ndä'" in str(error)
    str(error).encode()


def test_a_timeout_says_that_the_program_runs():
    with python_child("input()") as s:
        error = timeout_of(s, "x", timeout=0)
        assert re.search(rf"\nthe program runs \(.*python.*, pid {s.pid}\)$", str(error))
        assert error.exit_status is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(3)", "the program exited with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "the program was killed by SIGKILL"),
    ],
)
def test_an_end_says_how_the_program_ended(code, words):
    with python_child(code) as s:
        with pytest.raises(chat.UnexpectedEOF) as caught:
            s.expect("login: ", timeout=20)
        assert str(caught.value).split("\n") == [
            "the end came while waiting for 'login: '",
            "nothing came",
            words,
        ]
        assert caught.value.exit_status == s.exit_status


def test_errors_are_also_what_a_stranger_would_catch():
    with MemoryPeer([chat.EOF]).session() as s:
        with pytest.raises(EOFError):
            s.expect("x")
        with pytest.raises(chat.ExpectError):
            s.expect("x")
    with MemoryPeer().session() as s, pytest.raises(TimeoutError):
        s.expect("x", timeout=0)
    for kind, stranger in [
        (chat.ExpectTimeout, TimeoutError),
        (chat.UnexpectedEOF, EOFError),
        (chat.SendTimeout, TimeoutError),
        (chat.LineTooLong, ValueError),
        (chat.EchoStillOn, TimeoutError),
        (chat.PeerGone, BrokenPipeError),
        (chat.SpawnFailed, OSError),
        (chat.CommandNotFound, FileNotFoundError),
        (chat.CommandNotPermitted, PermissionError),
        (chat.WaitTimeout, TimeoutError),
        (chat.RunTimeout, TimeoutError),
        (chat.StreamOverflow, BufferError),
        (chat.SessionClosed, ValueError),
        (chat.PatternError, ValueError),
        (chat.PatternTypeError, TypeError),
        (chat.UnknownKey, LookupError),
        (chat.CommandError, ValueError),
        (chat.NotSupported, OSError),
    ]:
        assert issubclass(kind, stranger)
        assert issubclass(kind, chat.ChatError)


# ── commands ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["", "   ", [], [""], "''", "# only"[:0]])
@pytest.mark.parametrize("start", [chat.spawn, chat.run])
def test_an_empty_command_is_refused(start, command):
    with pytest.raises(chat.CommandError, match="empty"):
        start(command)


@pytest.mark.parametrize(
    "command", ["echo 'open", b"echo", ["echo", 3], ["echo", "a\0b"], 7, None]
)
def test_a_malformed_command_is_refused(command):
    with pytest.raises(chat.CommandError):
        chat.spawn(command)


def test_a_command_that_does_not_exist_is_named():
    with pytest.raises(chat.CommandNotFound, match="'no-such-command-anywhere'") as caught:
        chat.spawn(["no-such-command-anywhere", "x"])
    assert caught.value.command == "no-such-command-anywhere"
    assert isinstance(caught.value, FileNotFoundError)


def test_a_command_that_may_not_be_executed_is_named(tmp_path):
    (tmp_path / "data").write_text("no program")
    with pytest.raises(chat.CommandNotPermitted, match="data"):
        chat.spawn([str(tmp_path / "data")])


def test_a_command_is_split_as_a_shell_would_and_run_by_none():
    with chat.spawn("echo 'a  b' $HOME '*' \\; ls", timeout=20) as s:
        assert s.read() == "a  b $HOME * ; ls\r\n"


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"encoding": "no-such-encoding"}, LookupError),
        ({"errors": "no-such-handler"}, LookupError),
        ({"timeout": -1}, ValueError),
        ({"view": "html"}, ValueError),
        ({"limit": 0}, ValueError),
        ({"log": 3}, TypeError),
        ({"size": (0, 80)}, ValueError),
        ({"no_such_option": 1}, TypeError),
        ({"newline": b"\n"}, TypeError),
    ],
)
def test_a_wrong_option_is_refused_and_leaves_no_child(options, kind, children):
    before = children()
    with pytest.raises(kind):
        chat.spawn(["sleep", "600"], **options)
    assert children() == before
