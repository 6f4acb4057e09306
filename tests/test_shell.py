"""Commands in real shells and REPLs: each told apart, whatever it says."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

import chat
from chat.events import Received, Sent
from chat.shell import Shell, ShellResult, shell
from chat.shell.posix import quoted

SH_FAMILY = ("bash", "sh", "zsh")
ALL = (*SH_FAMILY, "python3")

# What runs until it is interrupted, and says that it has begun.
WAIT_FOREVER = dict.fromkeys(SH_FAMILY, "echo on; while :; do sleep 1000; done") | {
    "python3": "print('on', flush=True)\nwhile True: __import__('time').sleep(1000)"
}


@pytest.fixture(scope="module")
def started():
    """Shells that tests may share, because they leave them as they were."""
    shells: dict[str, Shell] = {}

    def get(name: str) -> Shell:
        if name not in shells:
            shells[name] = chat.shell(name, timeout=20)
        return shells[name]

    yield get
    for each in shells.values():
        each.close()


@pytest.fixture(params=ALL)
def any_shell(request, started):
    return started(request.param), request.param


@pytest.fixture(params=SH_FAMILY)
def posix(request, started):
    return started(request.param)


@pytest.fixture
def bash(started):
    return started("bash")


@pytest.fixture
def python(started):
    return started("python3")


def still_works(sh, name="bash"):
    expression = "40 + 2" if name == "python3" else "echo $((40 + 2))"
    result = sh.run(expression)
    return (result.output, result.exit_status.code) == ("42\n", 0)


# ── what comes back ───────────────────────────────────────────────────────────────────────


def test_the_names_are_one():
    assert chat.shell is shell
    assert chat.Shell is Shell
    assert chat.ShellResult is ShellResult


def test_output_status_and_duration_come_back(posix):
    result = posix.run("echo one; echo two; (exit 3)")
    assert result.output == "one\ntwo\n"
    assert result.lines == ["one", "two"]
    assert result.exit_status.code == 3
    assert not result.ok
    assert 0 < result.duration < 20
    assert result.exit_status.duration > 0


def test_a_result_is_frozen_and_says_what_it_is(bash):
    result = bash.run("printf abc")
    assert repr(result) == "<ShellResult: exited with status 0, output 'abc'>"
    with pytest.raises(AttributeError):
        result.output = ""
    assert bash.run("").lines == []
    assert bash.run("printf '\\n'").lines == [""]


SAYINGS = {
    "nothing": "",
    "half a line": "half",
    "a prompt of bash": "bash-5.2# ",
    "a prompt of Python": ">>> ",
    "colours": "\x1b[31mred\x1b[0m",
    "a mark with another nonce": "\x1e0123456789abcdef 0\x1e",
    "half a mark": "\x1e0123456789abcdef ",
    "carriage returns": "one\r\ntwo\r\n\r",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f",
    "quotation marks": """'one' "two" `three` $(four) \\ ' " """,
    "other alphabets": "ż≥𐀀 é\u0301",
    "blank lines": "\n\n  \n\t\n",
    "a line longer than a terminal's": "x" * 100_000,
    "many quotation marks in a long line": "'" * 10_000,
}


@pytest.mark.parametrize("saying", SAYINGS.values(), ids=SAYINGS)
def test_whatever_is_said_comes_back_exactly(any_shell, saying):
    sh, name = any_shell
    command = f"print({saying!r}, end='')" if name == "python3" else say(saying)
    result = sh.run(command)
    assert result.output == saying
    assert result.ok


def say(text):
    """A command of sh that says exactly that."""
    return "printf %s '" + text.replace("'", "'\\''") + "'"


def test_bytes_that_are_no_text_come_back_recoverable(posix):
    output = posix.run(r"printf '\377\376\001\200'").output
    assert output.encode("utf-8", "surrogateescape") == b"\xff\xfe\x01\x80"


def test_a_file_of_junk_comes_back_exactly(bash, tmp_path):
    junk = bytes(range(256)) * 400
    path = tmp_path / "junk"
    path.write_bytes(junk)
    output = bash.run(f"cat {path}").output
    assert output.encode("utf-8", "surrogateescape") == junk


def test_a_nonce_that_the_command_looks_up_does_no_harm(posix):
    """The mark's own parts, printed without their status or with a wrong one's shape."""
    result = posix.run('printf \'%s\\n\' "$__chat_nonce" "$PS1"; set >/dev/null; echo end')
    assert result.output.endswith("end\n")
    assert still_works(posix)


def test_a_cell_of_a_hundred_lines(any_shell):
    sh, name = any_shell
    if name == "python3":
        cell = "".join(f"if {n} >= 0:\n    print('line', {n})\n" for n in range(100))
    else:
        cell = "\n".join(f"echo line {n}" for n in range(100))
    assert sh.run(cell).lines == [f"line {n}" for n in range(100)]


def test_a_command_of_many_kilobytes(any_shell):
    sh, name = any_shell
    numbers = " ".join(map(str, range(20_000)))
    command = (
        f"print(len('{numbers}'))" if name == "python3" else f"x='{numbers}'; echo ${{#x}}"
    )
    assert sh.run(command).output == f"{len(numbers)}\n"


@pytest.mark.parametrize("command", ["", "\n\n", "# nothing", "\n  # nothing\n"])
def test_an_empty_command_succeeds(any_shell, command):
    sh, name = any_shell
    sh.run("1/0" if name == "python3" else "false")
    result = sh.run(command)
    assert result.output == ""
    assert result.ok


# ── a shell remembers ─────────────────────────────────────────────────────────────────────


def test_directories_variables_and_functions_persist(posix, tmp_path):
    posix.run(
        f"here=$PWD; cd {tmp_path}; greeting='hello you'; greet() {{ echo \"$greeting\"; }}"
    )
    assert posix.run("pwd -P; greet").lines == [str(tmp_path.resolve()), "hello you"]
    posix.run('cd "$here"')


def test_declared_variables_persist(bash):
    bash.run("declare -A colour=([sky]=blue)")
    assert bash.run("echo ${colour[sky]}").output == "blue\n"


def test_the_last_status_is_visible(posix):
    posix.run("(exit 7)")
    assert posix.run("echo $?").output == "7\n"
    assert posix.run("echo $?").output == "0\n"


def test_here_documents_comments_and_continued_lines(posix):
    command = "cat <<END\n'$((1 + 1))\nEND\necho a\\\nb # it's a comment"
    assert posix.run(command).output == "'2\nab\n"


def test_history_is_not_expanded_or_written(bash):
    assert bash.run("echo '!!' \"!x\"; echo ${HISTFILE-none}; set -o | grep hist").lines[
        :2
    ] == [
        "!! !x",
        "none",
    ]


def test_a_job_in_the_background_does_not_hold_up_and_is_not_announced(posix, tmp_path):
    fifo = tmp_path / "fifo"
    posix.run(f"mkfifo {fifo}; cat {fifo} >/dev/null &")
    assert posix.run("echo now").output == "now\n"
    posix.run(f"echo >{fifo}; wait")
    assert posix.run("echo then").output == "then\n"


def test_what_a_job_says_between_commands_is_in_no_output(bash, tmp_path):
    fifo = tmp_path / "fifo"
    bash.run(f"mkfifo {fifo}; {{ read x <{fifo}; echo late; }} &")
    seen: list[str] = []
    stop = bash.session.subscribe(
        lambda event: seen.append(event.text) if isinstance(event, Received) else None
    )
    fifo.write_text("go\n")
    while "late" not in "".join(seen):
        bash.session.expect("late", timeout=10)
    stop()
    assert bash.run("wait; echo mine").output == "mine\n"


# ── commands that go wrong ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "command", ["echo 'open", 'echo "open', "if", "echo $(", "fi", "case x in", ")", "{", ";;"]
)
def test_a_syntax_error_is_the_commands_own(posix, command):
    result = posix.run(command)
    assert not result.ok
    assert result.output
    assert "\x1e" not in result.output
    assert "__chat" not in result.output
    assert still_works(posix)


def test_a_line_given_up_half_way_is_the_commands_own(posix):
    result = posix.run("echo before; echo ${missing?not there}; echo never")
    assert result.output.startswith("before\n")
    assert "not there" in result.output
    assert "never" not in result.output
    assert not result.ok
    assert still_works(posix)
    result = posix.run("set -u; echo $missing")
    assert "missing" in result.output
    assert not result.ok
    assert still_works(posix)
    assert posix.run("set +u").ok


def test_a_command_that_does_not_exist(posix):
    result = posix.run("no-such-command")
    assert result.exit_status.code == 127
    assert "no-such-command" in result.output


def test_a_trace_shows_the_command_and_not_the_fence(posix):
    posix.run("set -x")
    traced = posix.run("echo hi; (exit 4)")
    assert "__chat" not in traced.output
    assert "hi" in traced.lines
    assert traced.exit_status.code == 4
    posix.run("set +x")
    assert posix.run("echo hi").output == "hi\n"


def test_a_changed_prompt_does_no_harm(posix):
    posix.run("PS1='$ ' PS2='more '")
    assert posix.run("echo one\necho two").output == "one\ntwo\n"


def test_standard_output_sent_elsewhere_for_good_does_no_harm(posix, tmp_path):
    path = tmp_path / "out"
    assert posix.run(f"exec 5>&1 >{path}; echo hidden").output == ""
    assert posix.run("echo hidden; exec >&5 5>&-; echo seen").output == "seen\n"
    assert path.read_text() == "hidden\nhidden\n"


def test_check_raises_what_the_command_said(bash):
    with pytest.raises(chat.CommandFailed) as caught:
        bash.run("echo why; false", check=True)
    assert caught.value.output == "why\n"
    assert caught.value.exit_status.code == 1
    assert caught.value.command == "echo why; false"
    assert str(caught.value) == (
        "the command exited with status 1: 'echo why; false'\nlast came 'why\\n'"
    )
    assert bash.run("true", check=True).ok


def test_a_command_cannot_contain_nul(bash):
    with pytest.raises(chat.CommandError):
        bash.run("echo \0")
    assert still_works(bash)


# ── the end of a shell ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ALL)
def test_exit_is_a_clear_error_with_the_status(name):
    with chat.shell(name, timeout=20) as sh:
        with pytest.raises(chat.ShellExited) as caught:
            sh.run("print('bye'); exit(3)" if name == "python3" else "echo bye; exit 3")
        assert caught.value.exit_status == chat.ExitStatus(
            3, duration=caught.value.exit_status.duration
        )
        assert caught.value.output.startswith("bye\n")
        assert "exited with status 3" in str(caught.value)
        with pytest.raises(chat.SessionClosed):
            sh.run("")
        assert "ended" in repr(sh)


@pytest.mark.parametrize("name", SH_FAMILY)
def test_set_e_means_what_it_means(name):
    """The first failure ends the shell; what is no failure does not."""
    with chat.shell(name, timeout=20) as sh:
        sh.run("set -e")
        assert sh.run("if false; then :; fi; false || echo went on").output == "went on\n"
        with pytest.raises(chat.ShellExited) as caught:
            sh.run("echo before; false; echo never")
        assert caught.value.exit_status.code == 1
        assert "before" in caught.value.output
        assert "never" not in caught.value.output


def test_a_shell_that_is_killed_is_a_clear_error():
    with chat.shell(timeout=20) as sh:
        with pytest.raises(chat.ShellExited) as caught:
            sh.run("kill -KILL $$")
        assert caught.value.exit_status.signal == "SIGKILL"


def test_closing_ends_what_runs_in_it():
    sh = chat.shell(timeout=20)
    pid = int(sh.run("sleep 1000 & echo $!").lines[-1])
    sh.close()
    sh.close()
    assert sh.session.closed
    with pytest.raises(chat.SessionClosed):
        sh.run("echo")
    # Whoever inherits the orphan buries it; a dead process's state is Z until then.
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        state = "gone"
    assert state in ("gone", "Z", "X")


# ── time ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ALL)
def test_a_command_that_takes_too_long_is_interrupted(name):
    with chat.shell(name, timeout=20) as sh:
        began = time.monotonic()
        with pytest.raises(chat.RunTimeout) as caught:
            sh.run(WAIT_FOREVER[name], timeout=0.2)
        assert time.monotonic() - began < 5
        assert caught.value.output == "on\n"
        assert caught.value.exit_status.code == 130
        assert still_works(sh, name)


@pytest.mark.parametrize("name", ALL)
def test_a_busy_loop_can_be_interrupted(name):
    loop = "while True: pass" if name == "python3" else "while :; do :; done"
    with chat.shell(name, timeout=20) as sh:
        with pytest.raises(chat.RunTimeout):
            sh.run(loop, timeout=0.1)
        assert still_works(sh, name)


def test_a_flood_can_be_interrupted():
    with chat.shell(timeout=20, limit=1 << 20) as sh:
        with pytest.raises(chat.StreamOverflow):
            sh.run("yes")
        assert still_works(sh)


@pytest.mark.slow
def test_a_command_that_ignores_the_interrupt_leaves_a_clear_error(monkeypatch):
    monkeypatch.setattr(sys.modules["chat.shell.conversation"], "PATIENCE", 0.4)
    with chat.shell(timeout=20) as sh:
        with pytest.raises(chat.ShellDesynchronised, match="ignored the interrupt"):
            sh.run("trap '' INT; echo on; while :; do sleep 1000; done", timeout=0.1)
        with pytest.raises(chat.ShellDesynchronised):
            sh.run("echo")


def test_no_time_at_all_is_a_timeout(bash):
    with pytest.raises(chat.RunTimeout):
        bash.run("sleep 1000", timeout=0)
    assert still_works(bash)
    with pytest.raises(ValueError, match="negative"):
        bash.run("echo", timeout=-1)


@pytest.mark.parametrize("name", ALL)
def test_an_error_while_waiting_does_not_lose_the_step(name):
    """An answer that cannot be given, a Ctrl-C at our own keyboard: the next command works."""

    def refuse(_match):
        raise KeyboardInterrupt

    with chat.shell(name, timeout=20) as sh:
        with pytest.raises(KeyboardInterrupt):
            sh.run(WAIT_FOREVER[name], respond={"on": refuse})
        assert still_works(sh, name)


# ── commands that read ────────────────────────────────────────────────────────────────────


def test_a_command_that_reads_meets_the_end_of_its_input(posix):
    assert posix.run('read x; echo "$? [$x]"').output == "1 []\n"
    assert posix.run("cat").output == ""


def test_python_that_reads_meets_the_end_of_its_input(python):
    result = python.run("input()")
    assert result.lines[-1].startswith("EOFError")
    assert not result.ok


def test_prompts_are_answered_on_the_way(any_shell):
    sh, name = any_shell
    ask = {
        "python3": "a = input('name? '); b = input('more? '); print(a, b)",
        "posix": "printf 'name? '; read a; printf 'more? '; read b; echo $a $b",
    }["python3" if name == "python3" else "posix"]
    result = sh.run(
        ask, respond={"name? ": "Ada", "more? ": lambda match: match.text.strip().upper()}
    )
    assert result.output == "name? more? Ada MORE?\n"
    assert result.ok
    assert still_works(sh, name)


def test_with_answers_a_command_has_the_terminal(posix):
    assert posix.run("test -t 0; echo $?", respond={}).output == "0\n"
    assert posix.run("test -t 0; echo $?").output == "1\n"


def test_a_secret_is_answered_and_not_shown(python):
    secret = chat.Secret("unlikely-to-be-said")
    said: list[object] = []
    stop = python.session.subscribe(
        lambda event: said.append(event) if isinstance(event, Sent) else None
    )
    result = python.run(
        "from getpass import getpass\nprint(len(getpass('secret: ')))",
        respond={"secret: ": secret},
    )
    stop()
    assert result.lines[-1] == str(len(secret.reveal()))
    assert secret.reveal() not in result.output
    assert Sent("", secret=True) in said


# ── Python ────────────────────────────────────────────────────────────────────────────────


def test_a_cell_shows_the_value_at_its_end(python):
    assert python.run("x = 20\nx * 2 + 2").output == "42\n"
    assert python.run("_").output == "42\n"
    assert python.run("x").output == "20\n"
    assert python.run("None").output == ""


def test_an_exception_is_printed_and_is_status_1(python):
    result = python.run("def broken():\n    return 1 / 0\nbroken()")
    assert result.exit_status.code == 1
    assert re.sub(r"\n[ ~^]*(?=\n)", "", result.output) == (
        "Traceback (most recent call last):\n"
        '  File "<cell N>", line 3, in <module>\n    broken()\n'
        '  File "<cell N>", line 2, in broken\n    return 1 / 0\n'
        "ZeroDivisionError: division by zero\n"
    ).replace("<cell N>", re.search(r"<cell \d+>", result.output)[0])


@pytest.mark.parametrize("cell", ["1 +", "return 1", "'open", "\0", "print('\\udc80'"])
def test_a_cell_that_is_no_python_is_status_1(python, cell):
    result = python.run(cell)
    assert result.exit_status.code == 1
    assert "Error" in result.lines[-1]
    assert "compile" not in result.output
    assert still_works(python, "python3")


def test_cells_share_the_main_module(python):
    python.run("import pickle\nclass Point: pass")
    assert python.run("type(pickle.loads(pickle.dumps(Point()))).__module__").output == (
        "'__main__'\n"
    )


def test_python_that_loses_its_streams_stays_in_step():
    with chat.shell("python3", timeout=20) as python:
        python.run("import sys, os\nkept = os.dup(1)\nsys.stdout = None\nos.close(1)")
        assert python.run("print('nowhere')").ok
        python.run("os.dup2(kept, 1)\nsys.stdout = sys.__stdout__")
        assert still_works(python, "python3")


def test_a_handler_of_ctrl_c_is_the_cells_own():
    with chat.shell("python3", timeout=20) as python:
        python.run(
            "import signal\nold = signal.signal(signal.SIGINT, lambda *_: print('mine'))"
        )
        assert python.run("import os\nos.kill(os.getpid(), signal.SIGINT)").output == "mine\n"
        python.run("signal.signal(signal.SIGINT, old)")
        with pytest.raises(chat.RunTimeout):
            python.run("while True: pass", timeout=0.1)
        assert still_works(python, "python3")


# ── how shells are started ────────────────────────────────────────────────────────────────


def test_a_directory_and_an_environment(tmp_path):
    env = {"PATH": "/usr/bin:/bin", "GREETING": "hello"}
    with chat.shell("sh", cwd=tmp_path, env=env, size=(30, 100), timeout=20) as sh:
        assert sh.run("pwd -P; echo $GREETING").lines == [str(tmp_path.resolve()), "hello"]
        assert sh.run("stty size", respond={}).output == "30 100\n"


def test_start_up_files_are_read_when_asked_for(tmp_path):
    (tmp_path / ".bashrc").write_text("PS1='mine> '; greeting='from my file'; echo loud\n")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    with chat.shell("bash", env=env, rc=True, timeout=20) as sh:
        assert sh.run("echo $greeting").output == "from my file\n"
    with chat.shell("bash", env=env, timeout=20) as sh:
        assert sh.run("echo $greeting").output == "\n"


@pytest.mark.parametrize("editing", ["", "--noediting"])
def test_a_command_with_arguments_is_started_as_given(editing):
    """Also with the line editor that an interactive shell has."""
    command = ["bash", "--norc", *editing.split(), "-i"]
    with chat.shell(command, timeout=20) as sh:
        assert sh.run("echo $0; stty -a", respond={}).lines[0] == "bash"
        assert still_works(sh)


@pytest.mark.parametrize("inner", [["bash", "--norc"], ["zsh", "-f"], ["sh"]])
def test_a_shell_behind_another_terminal(inner):
    """As with `ssh -tt`: ours is raw, and the one over there echoes until it is told."""
    relay = f"import pty; pty.spawn({inner!r})"
    with chat.shell([sys.executable, "-c", relay], kind=inner[0], timeout=20) as sh:
        long = "x" * 9000
        assert sh.run(f"echo '{long}' \\\n; (exit 3)").output == long + "\n"
        assert sh.run("printf 'name? '; read n; echo $n", respond={"? ": "Ada"}).ok
        with pytest.raises(chat.RunTimeout):
            sh.run("sleep 1000", timeout=0.2)
        assert still_works(sh)
        with pytest.raises(chat.ShellExited):
            sh.run("exit")


def test_a_session_becomes_a_shell():
    session = chat.spawn(["env", "PS1=ready> ", "sh"], timeout=20)
    session.expect("ready> ")
    with chat.shell(session, kind="sh") as sh:
        assert still_works(sh)
        assert sh.session is session
    assert session.closed


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}, {"PYTHON_BASIC_REPL": "1"}])
def test_a_python_at_its_own_prompt_becomes_a_shell(environment):
    env = {"PATH": "/usr/bin:/bin", "TERM": "xterm", **environment}
    session = chat.spawn([sys.executable, "-q"], env=env, timeout=20)
    session.expect(">>> ")
    with chat.shell(session, kind="python") as python:
        assert still_works(python, "python3")
        assert python.run("input('? ')", respond={"? ": "yes"}).output == "? 'yes'\n"
        with pytest.raises(chat.ShellExited) as caught:
            python.run("raise SystemExit(5)")
        assert caught.value.exit_status.code == 5


def test_paths_and_versions_name_the_kind():
    with chat.shell([sys.executable], timeout=20) as python:
        assert still_works(python, "python3")
    with chat.shell("/bin/dash", timeout=20) as sh:
        assert still_works(sh)


@pytest.mark.parametrize(
    ("program", "options"),
    [
        ("cat", {}),
        ("bash", {"kind": "fish"}),
        ("bash", {"kind": "bash", "prompt": "$ "}),
        ("bash", {"fence": "echo {nonce}"}),
        ("cat", {"prompt": "> ", "fence": "no place"}),
        ("", {}),
    ],
)
def test_an_unclear_request_is_refused(program, options):
    with pytest.raises(chat.CommandError):
        chat.shell(program, **options)


def test_a_program_that_is_no_shell_is_a_clear_error_and_is_ended():
    with pytest.raises((chat.UnexpectedEOF, chat.PeerGone)):
        chat.shell(["true"], kind="bash", timeout=20)
    with pytest.raises(chat.ExpectTimeout, match=r"a prompt|the shell's mark"):
        chat.shell(["sleep", "1000"], kind="bash", timeout=0.1)
    with pytest.raises(chat.CommandNotFound):
        chat.shell(["no-such-shell"], kind="bash")


@pytest.mark.parametrize("text", ["", "plain", "it's", "x" * 5000, "\x03\x04\r\x7f", "'" * 999])
def test_no_physical_line_is_longer_than_any_terminal_takes(text):
    assert max(map(len, quoted(text).split("\n"))) < 1000


# ── REPLs known by their prompt ───────────────────────────────────────────────────────────

REPL = r"""
import sys, termios
echo = "echo" in sys.argv
mode = termios.tcgetattr(0)
mode[3] = mode[3] | termios.ECHO if echo else mode[3] & ~termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, mode)
total = 0
while True:
    sys.stdout.write("calc> ")
    sys.stdout.flush()
    try:
        line = sys.stdin.readline()
        if not line:
            break
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "say":
            sys.stdout.write(rest.encode().decode("unicode_escape"))
        elif word == "add":
            total += int(rest)
            print(total)
        elif word == "ask":
            sys.stdout.write("which? ")
            sys.stdout.flush()
            print("so", sys.stdin.readline().strip())
        elif word == "hang":
            print("hanging", flush=True)
            while True:
                __import__("signal").pause()
        elif word == "quit":
            sys.exit(int(rest))
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.fixture(params=["silent", "echo"])
def calculator(request):
    command = [sys.executable, "-c", REPL, request.param]
    with chat.shell(command, prompt="calc> ", fence="say <{nonce}>\\n", timeout=20) as repl:
        yield repl


def test_a_repl_with_a_fence_comes_back_exactly(calculator):
    assert calculator.run("add 40").output == "40\n"
    assert calculator.run("add 2").output == "42\n"
    result = calculator.run(r"say one\ncalc> two\ncalc> ")
    assert result.output == "one\ncalc> two\ncalc> "
    assert calculator.run("say half").output == "half"
    assert calculator.run("say").output == ""
    assert result.exit_status.code is None
    assert result.ok


def test_a_repl_with_a_fence_is_answered_and_interrupted(calculator):
    assert "so this" in calculator.run("ask", respond={"which? ": "this"}).output
    with pytest.raises(chat.RunTimeout) as caught:
        calculator.run("hang", timeout=0.2)
    assert "hanging\n" in caught.value.output
    assert caught.value.exit_status.code is None
    assert calculator.run("add 1\nadd 2").output == "1\n3\n"


def test_a_repl_that_ends_is_a_clear_error(calculator):
    with pytest.raises(chat.ShellExited) as caught:
        calculator.run("quit 4")
    assert caught.value.exit_status.code == 4


def test_a_repl_without_a_fence_is_known_by_its_prompt_alone():
    command = [sys.executable, "-c", REPL]
    with chat.shell(command, prompt=chat.regex(r"^c\w+> ", re.MULTILINE), timeout=20) as repl:
        assert repl.run("add 40\nadd 2").output == "40\n42\n"
        with pytest.raises(chat.RunTimeout):
            repl.run("hang", timeout=0.2)
        assert repl.run("add 1").output == "43\n"


def test_pythons_own_prompt_as_any_other():
    prompt = chat.any_of(">>> ", "... ")
    fence = "print('{nonce}')"
    with chat.shell([sys.executable, "-q"], prompt=prompt, fence=fence, timeout=20) as python:
        assert python.run("6 * 7").output == "42\n"
        assert python.run("print('>>> ')").output == ">>> \n"
        assert python.run("for n in 1, 2:\n    print(n)\n").output == "1\n2\n"


# ── replacing whatever is there ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", SH_FAMILY)
@pytest.mark.parametrize("there", ["bash", "sh", "zsh -f", "bash --noediting"])
def test_whatever_shell_is_there_is_replaced(there, kind):
    session = chat.spawn(f"env LEFT=behind PS1=# {there}", timeout=20)
    with chat.shell(session, kind=kind, replace=True) as replaced:
        assert replaced.run("echo $0 $LEFT; false").lines == [f"{kind} behind"]
        assert replaced.run("(exit 7)").exit_status.code == 7
        modes = replaced.run("stty -a", respond={}).output.split()
        assert "-echo" in modes


@pytest.mark.slow
def test_a_shell_without_a_prompt_is_replaced_too():
    session = chat.spawn("env PS1= sh", timeout=20)
    with chat.shell(session, kind="bash", replace=True) as replaced:
        assert replaced.run("echo $0").output == "bash\n"


def test_what_is_not_there_replaces_nothing(tmp_path):
    (tmp_path / "sh").symlink_to("/bin/sh")
    (tmp_path / "stty").symlink_to("/bin/stty")
    session = chat.spawn("/bin/bash --norc", timeout=20, env={"PATH": str(tmp_path)})
    with pytest.raises(chat.CommandNotFound, match="no such shell"):
        chat.shell(session, kind="zsh", replace=True)
    assert session.closed


def test_only_a_session_s_shell_is_replaced_and_only_by_a_shell():
    with pytest.raises(chat.CommandError, match="in a session"):
        chat.shell("bash", replace=True)
    session = chat.spawn("bash", timeout=20)
    with pytest.raises(chat.CommandError, match="not by Python"):
        chat.shell(session, kind="python", replace=True)
    assert session.closed
