"""Drive real programs from end to end, and show who says what.

Scenes with ssh-keygen, Python, bash and less. The name left of the bar is a program's,
or `you` for this script; the number before it is the seconds since the scene began. Escape
sequences are shown as text, a secret as dots, and each claim is checked: the first one that
does not hold ends the demo.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import chat
from chat.events import Event, Received, Sent
from chat.values import MASK, redact

WIDTH = 80
SPOKEN = WIDTH - 23  # what is left of a line beside the time, the name and the bar

ENVIRONMENT = {
    **os.environ,
    "TERM": "xterm",
    "LESS": "",
    "PS1": "$ ",
    "PYTHON_BASIC_REPL": "1",  # from Python 3.13 on, the other prompt redraws itself
    "INPUTRC": "/dev/null",
}

BOLD, DIM, GREEN, CYAN, YELLOW = "1", "2", "32", "36;1", "33"


class UntrueError(Exception):
    """A claim does not hold."""


@dataclass
class Scene:
    title: str
    began: float
    claims: int = 0
    seconds: float = 0.0


class Stage:
    """Prints, and remembers all that it has printed."""

    def __init__(self) -> None:
        self.printed: list[str] = []
        self.scenes: list[Scene] = []
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def print(self, text: str = "") -> None:
        self.printed.append(text)
        print(text, flush=True)

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text

    def title(self, title: str) -> None:
        self.print("\n" + self.paint(f"── {title} ".ljust(WIDTH, "─"), BOLD))

    @contextmanager
    def scene(self, title: str) -> Iterator[None]:
        scene = Scene(title, time.monotonic())
        self.scenes.append(scene)
        self.title(f"{len(self.scenes)}. {title}")
        yield
        scene.seconds = time.monotonic() - scene.began

    def claim(self, claim: str, *, holds: bool) -> None:
        """Say that something was seen to be so, or end the demo."""
        if not holds:
            raise UntrueError(claim)
        self.scenes[-1].claims += 1
        self.print(f"{self.paint('✓', GREEN)} {claim}")

    def say(self, name: str, text: str) -> None:
        """Print what someone said, on as many lines as it needs."""
        ours = name == "you"
        stamp = f"{time.monotonic() - self.scenes[-1].began:7.3f}"
        for line in wrapped(text):
            speaker = self.paint(name.rjust(11), CYAN if ours else YELLOW)
            spoken = self.paint(line, CYAN) if ours else line
            self.print(f"{self.paint(stamp, DIM)} {speaker} │ {spoken}")
            stamp, name = " " * len(stamp), ""


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, SPOKEN, replace_whitespace=False, break_on_hyphens=False)


def harmless(text: str) -> str:
    """The text with signs for what a terminal would act on: ␛ for escape, and so on."""
    return "".join(
        chr(0x2400 + ord(each)) if each < " " else "␡" if each == "\x7f" else each
        for each in text
    )


class Narrator:
    """A listener that prints a dialogue as it happens, a line at a time."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name
        self._line = ""  # what the program has not ended yet
        self._echo = ""  # what the terminal is about to repeat

    def __call__(self, event: Event) -> None:
        if isinstance(event, Received):
            *lines, self._line = (self._line + str(event.text)).split("\n")
            for line in lines:
                self._hear(line.rstrip("\r"))
        elif isinstance(event, Sent):
            self.finish()
            said = MASK if event.secret else str(event.text)
            self._stage.say("you", harmless(said.rstrip("\r\n")))
            self._echo = said.rstrip("\r\n")

    def finish(self) -> None:
        """Print what has not ended, such as a prompt."""
        self._hear(self._line)
        self._line = ""

    def _hear(self, line: str) -> None:
        line = redact(line)  # a whole line: a secret may have come in two pieces
        if self._echo:
            line = line.removeprefix(self._echo)
            self._echo = ""
        if line.strip():
            self._stage.say(self._name, harmless(line))


@contextmanager
def conversation(
    stage: Stage, *command: str, cwd: Path | None = None, rows: int = 24
) -> Iterator[chat.Session[str]]:
    """A session whose dialogue is printed."""
    with chat.spawn(
        command, env=ENVIRONMENT, cwd=cwd, size=(rows, WIDTH), timeout=20
    ) as session:
        narrator = Narrator(stage, Path(command[0]).name)
        session.subscribe(narrator)
        yield session
        narrator.finish()


def ended(session: chat.Session[str]) -> chat.ExitStatus:
    """How the program ended, once it has."""
    session.expect(chat.EOF)
    status = session.wait()
    assert status is not None, "a program on a terminal has an end"
    return status


# ── the scenes ────────────────────────────────────────────────────────────────────────────


def make_key(stage: Stage, directory: Path, passphrase: chat.Secret) -> None:
    """Answer both of ssh-keygen's prompts with a secret."""
    command = ["ssh-keygen", "-t", "ed25519", "-C", "demo", "-f", "key"]
    with stage.scene("ssh-keygen asks for a passphrase, twice"):
        with conversation(stage, *command, cwd=directory) as session:
            prompts = {"no passphrase): ": passphrase, "passphrase again: ": passphrase}
            session.expect(chat.EOF, respond=prompts)
            status = ended(session)
        stage.claim(f"ssh-keygen {status}", holds=status.ok)
        private = (directory / "key").read_text("ascii")
        stage.claim("there is a private key", holds="OPENSSH PRIVATE KEY" in private)


def open_key(stage: Stage, directory: Path, passphrase: chat.Secret) -> str | None:
    """The public half that ssh-keygen gives for the key; `None` if it does not open it."""
    with conversation(stage, "ssh-keygen", "-y", "-f", "key", cwd=directory) as session:
        prompt = chat.regex(r"[Ee]nter passphrase[^\n]*: ")
        match = session.expect(chat.EOF, respond={prompt: passphrase})
        status = ended(session)
    return match.before if status.ok else None


def prove_key(stage: Stage, directory: Path, passphrase: chat.Secret) -> None:
    """Open the key with its passphrase, and fail to with another."""
    with stage.scene("the key opens with that passphrase, and with no other"):
        public = (directory / "key.pub").read_text("ascii").split()[1]
        found = open_key(stage, directory, passphrase)
        stage.claim("it opens, and is the key", holds=found is not None and public in found)
        other = chat.Secret(secrets.token_urlsafe(12))
        refused = open_key(stage, directory, other) is None
        stage.claim("with another passphrase it does not", holds=refused)


def talk_to_python(stage: Stage) -> None:
    """Ask a REPL something, and have it end with a status."""
    with stage.scene("a Python REPL"):
        with conversation(stage, sys.executable, "-q") as session:
            session.expect(">>> ")
            answer = session.ask("6 * 7", prompt=">>> ")
            failure = session.ask("1 / 0", prompt=">>> ")
            session.sendline("raise SystemExit(3)")
            status = ended(session)
        stage.claim("6 * 7 is 42", holds=answer == "42")
        stage.claim("1 / 0 is an error", holds="ZeroDivisionError" in failure)
        stage.claim(f"python {status}", holds=status.code == 3)


def talk_to_bash(stage: Stage) -> None:
    """Type into an interactive bash; then have the framework tell commands apart."""
    with stage.scene("bash, typed into as a person does"):
        with conversation(stage, "bash", "--norc", "--noediting") as session:
            session.expect("$ ")
            moved = session.ask("cd /usr; pwd", prompt="$ ")
            session.ask("(exit 42)", prompt="$ ")
            code = session.ask("echo $?", prompt="$ ")
            session.sendline("exit 7")
            status = ended(session)
        stage.claim("cd moved it", holds=moved == "/usr")
        stage.claim("it said that the last status was 42", holds=code == "42")
        stage.claim(f"bash {status}", holds=status.code == 7)
    with stage.scene("bash as chat.shell: output and status of each command"):
        run_commands(stage)


COMMANDS = (
    ("cd /usr && pwd", "/usr\n", 0),
    ("pwd | tr a-z A-Z", "/USR\n", 0),
    ("printf 'half a line'", "half a line", 0),
    ("echo 'bash-5.2$ '; false", "bash-5.2$ \n", 1),
    ("printf '\\033[31mred\\033[0m'", "\x1b[31mred\x1b[0m", 0),
    ("(exit 42)", "", 42),
)


def run_commands(stage: Stage) -> None:
    with chat.shell("bash", timeout=20) as bash:
        for command, output, code in COMMANDS:
            result = bash.run(command)
            stage.say("you", command)
            milliseconds = f"{result.duration * 1000:.1f} ms"
            stage.say(
                "bash", f"{result.output!r}, status {result.exit_status.code}, {milliseconds}"
            )
            if (result.output, result.exit_status.code) != (output, code):
                raise UntrueError(f"{command} gives {output!r} and status {code}")
        stage.claim("output and status are exact, whatever was said", holds=True)
        try:
            bash.run("sleep 1000", timeout=0.1)
        except chat.RunTimeout as error:
            stage.say("chat", f"{error}")
        again = bash.run("echo still here").output
        stage.claim("the shell survives a command without end", holds=again == "still here\n")


def search_in_less(stage: Stage, directory: Path) -> None:
    """Take a pager through a search, matching as if there were no escape sequences."""
    book = directory / "book"
    book.write_text("".join(f"page {page}\n" for page in range(1, 2001)), "ascii")
    with stage.scene("less, and a search in it"):
        with conversation(stage, "less", "book", cwd=directory, rows=5) as session:
            session.expect("page 4", view="text")
            session.send("/17.0\r")
            match = session.expect(chat.regex(r"page 17\d\d"), view="text")
            session.expect("page 1703", view="text")
            session.send("n")
            following = session.expect(chat.regex(r"page 17\d\d"), view="text")
            session.press("q")
            status = ended(session)
        stage.claim(f"the search found {match.text}", holds=match.text == "page 1700")
        stage.claim(f"and went on to {following.text}", holds=following.text == "page 1710")
        stage.claim(f"less {status}", holds=status.ok)


# ── all of it ─────────────────────────────────────────────────────────────────────────────


def summarise(stage: Stage, passphrase: chat.Secret) -> None:
    """Print what was seen, and see that the secret was not."""
    stage.title("what was seen")
    for number, scene in enumerate(stage.scenes, 1):
        claims = f"{scene.claims} claim{'s' if scene.claims > 1 else ' '}"
        mark = stage.paint("✓", GREEN)
        stage.print(f"{mark} {number}. {scene.title:<56} {claims}  {scene.seconds:5.2f} s")
    everything = "".join(stage.printed)
    squeezed = re.sub(r"\s|│", "", everything)  # a secret may have been cut into lines
    if passphrase.reveal() in squeezed or redact(squeezed) != squeezed:
        raise UntrueError("the secrets show nowhere")
    mark = stage.paint("✓", GREEN)
    stage.print(f"{mark} the secrets are nowhere in the {len(everything)} characters above")


def perform(stage: Stage) -> None:
    passphrase = chat.Secret(secrets.token_urlsafe(12))
    with tempfile.TemporaryDirectory(prefix="chat-demo-") as name:
        directory = Path(name)
        make_key(stage, directory, passphrase)
        prove_key(stage, directory, passphrase)
        talk_to_python(stage)
        talk_to_bash(stage)
        search_in_less(stage, directory)
    summarise(stage, passphrase)


def main() -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without these signs
    try:
        perform(Stage())
    except UntrueError as error:
        print(f"✗ not so: {error}", file=sys.stderr)
    except chat.ChatError as error:
        print(f"✗ it failed: {error}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
