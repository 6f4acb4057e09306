"""Real telnet servers and real telnet clients on the loopback."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest

import chat

pytestmark = pytest.mark.slow

PROMPT = "ready> "
PROMPTS = (PROMPT, "# ", "$ ")
SHELL = {**os.environ, "PS1": PROMPT, "ENV": "", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
SERVERS: dict[str, list[str]] = {
    "inetutils": ["/usr/sbin/telnetd", "--no-hostinfo", "--exec-login", "/bin/sh"],
    "busybox": ["busybox", "telnetd", "-i", "-l", "/bin/sh"],
}
CLIENTS: dict[str, list[str]] = {
    "inetutils": ["telnet", "-E"],
    "busybox": ["busybox", "telnet"],
}


@pytest.fixture(params=SERVERS)
def server(request) -> Iterator[int]:
    """The port of a real telnetd, which is handed one connection as inetd would."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = (
            "import os, socket, sys;"
            "listener = socket.socket(fileno=int(sys.argv[1]));"
            "connection, _ = listener.accept();"
            "os.dup2(connection.fileno(), 0); os.dup2(0, 1);"
            "os.execvp(sys.argv[2], sys.argv[2:])"
        )
        number = str(listener.fileno())
        running = subprocess.Popen(
            ["python3", "-c", command, number, *SERVERS[request.param]],
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=SHELL,
        )
        yield listener.getsockname()[1]
        running.kill()
        running.wait()


def login(port: int, **options) -> chat.Session[str]:
    session = chat.connect(f"telnet://127.0.0.1:{port}", timeout=20, **options)
    session.expect(*PROMPTS)
    return session


def ask(session: chat.Session[str], question: str) -> str:
    """The shell's answer, whatever its prompt is."""
    session.sendline(f"{question}; echo en''d")
    session.expect("\n")
    return session.expect("end\r\n").before


def test_a_command_is_answered(server):
    with login(server) as s:
        assert ask(s, "echo $((6 * 7))") == "42\r\n"
        assert not s.echo, "the server shows what is typed"


def test_the_window_is_the_size_that_was_asked_for_and_follows(server):
    with login(server, size=(30, 100)) as s:
        assert ask(s, "stty size") == "30 100\r\n"
        s.resize(50, 132)
        assert ask(s, "stty size") == "50 132\r\n"


def test_every_byte_value_that_a_terminal_passes_on_comes_back(server):
    with login(server, encoding="latin-1") as s:
        show = "head -c 256 | od -An -tx1 -v | tr -d ' \\n'"
        s.sendline(f"stty raw -echo; echo g''o; {show}; stty sane; echo; echo en''d")
        s.expect("go\n")
        s.send("".join(map(chr, range(256))))
        shown = s.expect("end\r\n").before
        assert shown.strip() == bytes(range(256)).hex()


def start_cat(session: chat.Session[str]) -> None:
    session.sendline("cat")
    session.expect("cat\r\n")
    session.sendline("mirror")
    session.expect("mirror\r\nmirror\r\n")


def answers_again(session: chat.Session[str]) -> bool:
    """Whether the shell is back.

    With the interrupt, the terminal throws away what is on its way in both directions, the
    shell's next prompt included, so it is asked until it answers.
    """
    for _ in range(20):
        session.sendline("echo en''d")
        if session.expect("end\r\n", chat.TIMEOUT, timeout=1).index == 0:
            return True
    return False


def test_ctrl_c_interrupts(server):
    with login(server) as s:
        start_cat(s)
        s.sendintr()
        assert answers_again(s)


def test_the_end_is_the_end(server):
    with login(server) as s:
        s.sendline("exit")
        s.expect(chat.EOF)


def test_many_lines_come_whole(server):
    with login(server) as s:
        lines = ask(s, "seq 20000").split("\r\n")
        assert lines[:-1] == [str(number) for number in range(1, 20001)]


@pytest.mark.parametrize("server", ["inetutils"], indirect=True)
def test_the_terminal_is_what_was_said(server):
    with login(server, terminal_type=("vt220", "vt100")) as s:
        assert ask(s, "echo $TERM") == "vt220\r\n"


@pytest.mark.parametrize("server", ["inetutils"], indirect=True)
def test_no_variable_of_this_process_is_told(server, monkeypatch):
    monkeypatch.setenv("DISPLAY", "leaked:0")
    with login(server, environment={"PRINTER": "told"}) as s:
        assert "leaked" not in ask(s, "env")


@pytest.mark.parametrize("server", ["inetutils"], indirect=True)
def test_a_break_reaches_the_program(server):
    """The server makes it the terminal's quit character."""
    with login(server) as s:
        start_cat(s)
        s.sendbreak()
        assert answers_again(s)


@pytest.fixture(params=CLIENTS)
def meet(request) -> Iterator[Callable[..., tuple[chat.Session[str], chat.Session[str]]]]:
    """Our server's side of a conversation, and a person at a real client."""
    opened: list[chat.Session[str]] = []

    def make(*, characters: bool = False) -> tuple[chat.Session[str], chat.Session[str]]:
        with chat.listen("telnet://127.0.0.1:0", characters=characters) as listener:
            command = [*CLIENTS[request.param], *map(str, listener.address)]
            person = chat.spawn(command, timeout=20, size=(33, 111))
            opened.append(person)
            ours = listener.accept(timeout=20)
            ours.timeout = 20
            opened.append(ours)
        return ours, person

    yield make
    for each in opened:
        each.close()


def test_a_person_types_a_line_and_reads_the_answer(meet):
    ours, person = meet()
    ours.send("name?\n")
    person.expect("name?\r")
    person.sendline("ada")
    assert ours.readline() == "ada\n"
    ours.send("hello\n")
    person.expect("hello\r")


def test_a_person_types_by_characters(meet):
    ours, person = meet(characters=True)
    ours.send("go> ")
    person.expect("go> ")
    person.send("x")
    assert ours.read(1) == "x"
    person.press("Enter")
    assert ours.read(1) == "\r"
    assert ours.size == chat.WindowSize(33, 111)


def test_a_password_is_hidden_from_a_person(meet):
    ours, person = meet()
    ours.echo = False
    ours.send("Password: ")
    person.expect("Password: ")
    person.send_secret(chat.Secret("s3cret-w0rd"))
    ours.expect("s3cret-w0rd")
    ours.echo = True
    ours.send("\nthanks\n")
    assert "s3cret-w0rd" not in person.expect("thanks").before
