"""What `scripts/demo` shows: chat with real programs, and who says what.

The programs are on the left of the bar, `you` is this script. A secret is shown as dots,
whoever says it.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Final

import chat
from chat.events import Event, Received, Sent
from chat.values import MASK, redact

ENVIRONMENT: Final = {
    **os.environ,
    "TERM": "vt100",  # a terminal without colours, to keep what is shown here plain
    "LESS": "",
    "PS1": "$ ",
    "PYTHON_BASIC_REPL": "1",
}

ESCAPE_SEQUENCE: Final = re.compile(
    r"\x1b(?:[\[(][0-?]*[ -/]*[@-~B0]|[=>78M])|.\x08|[\r\x07\x0f]"
)


class Narrator:
    """A listener that prints a dialogue as it happens, line by line."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = ""
        self._echo = ""

    def __call__(self, event: Event) -> None:
        """Print what was said, but not what the terminal repeats of what was sent."""
        if isinstance(event, Received):
            *lines, self._line = (self._line + str(event.text)).split("\n")
            for line in lines:
                self._print(self._name, line)
        elif isinstance(event, Sent):
            self.finish()
            said = MASK if event.secret else str(event.text).strip()
            self._print("you", said)
            self._echo = said

    def finish(self) -> None:
        """Print a line that has not ended, such as a prompt."""
        self._print(self._name, self._line)
        self._line = ""

    def _print(self, name: str, line: str) -> None:
        plain = ESCAPE_SEQUENCE.sub("", redact(line)).rstrip()
        if plain and plain != self._echo:
            print(f"{name:>12} │ {plain}", flush=True)
        self._echo = ""


def narrated(*command: str, rows: int = 24) -> tuple[chat.Session[str], Narrator]:
    """Start a program whose dialogue is printed."""
    session = chat.spawn(command, env=ENVIRONMENT, size=(rows, 80), timeout=20)
    narrator = Narrator(Path(command[0]).name)
    session.subscribe(narrator)
    return session, narrator


def title(text: str) -> None:
    """Announce the next part."""
    print(f"\n── {text} ".ljust(80, "─"), flush=True)


def check(claim: str, *, holds: bool) -> None:
    """Say that something was seen to be so, or end the demo."""
    if not holds:
        sys.exit(f"✗ not so: {claim}")
    print(f"✓ {claim}", flush=True)


def make_key(key: Path, passphrase: chat.Secret) -> None:
    """Answer both of ssh-keygen's prompts with a secret."""
    title("ssh-keygen asks for a passphrase, twice")
    session, narrator = narrated("ssh-keygen", "-t", "ed25519", "-C", "demo", "-f", str(key))
    with session:
        prompts = {"no passphrase): ": passphrase, "passphrase again: ": passphrase}
        session.expect(chat.EOF, respond=prompts)
        narrator.finish()
        status = session.wait()
    check(f"ssh-keygen {status}", holds=status is not None and status.ok)


def open_key(key: Path, passphrase: chat.Secret) -> bool:
    """Whether the key opens with the passphrase; ssh-keygen then prints its public half."""
    session, narrator = narrated("ssh-keygen", "-y", "-f", str(key))
    with session:
        mark = session.mark()
        session.expect(chat.EOF, respond={chat.regex(r"passphrase[^\n]*: "): passphrase})
        narrator.finish()
        status = session.wait()
        public = key.with_suffix(".pub").read_text("ascii").split()[1]
        return status is not None and status.ok and public in session.since(mark)


def talk_to_python() -> None:
    """Ask a REPL something, and have it end with a status."""
    title("a Python REPL")
    session, narrator = narrated(sys.executable, "-q")
    with session:
        session.expect(">>> ")
        answer = session.ask("6 * 7", prompt=">>> ")
        check("6 * 7 is 42", holds=answer == "42")
        session.sendline("raise SystemExit(3)")
        session.expect(chat.EOF)
        narrator.finish()
        status = session.wait()
    check(f"python {status}", holds=status is not None and status.code == 3)


def talk_to_bash() -> None:
    """Run commands in a shell that remembers, each with its own exit status."""
    title("a bash, command by command")
    with chat.shell("bash") as bash:
        for command, output, code in (
            ("cd /usr && pwd", "/usr", 0),
            ("pwd | tr a-z A-Z", "/USR", 0),
            ("printf 'half a line'", "half a line", 0),
            ("echo '$ '; false", "$ ", 1),
            ("(exit 42)", "", 42),
        ):
            done = bash.run(command)
            print(f"{'you':>12} │ {command}")
            print(f"{'bash':>12} │ {done.output!r}, status {done.exit_status.code}")
            right = (done.output.strip("\n"), done.exit_status.code) == (output, code)
            check("output and status are told apart", holds=right)


def search_in_less(directory: Path) -> None:
    """Take a pager through a search, matching as if there were no escape sequences."""
    title("less, and a search in it")
    book = directory / "book"
    book.write_text("".join(f"page {page}\n" for page in range(1, 2001)), "ascii")
    session, narrator = narrated("less", str(book), rows=5)
    with session:
        session.expect("page 4", view="text")
        session.send("/17..\n")
        match = session.expect(chat.regex(r"page 17\d\d"), view="text")
        check(f"less went to {match.text!r}", holds=match.text == "page 1700")
        session.expect("page 1703", view="text")
        session.press("q")
        session.expect(chat.EOF)
        narrator.finish()
        status = session.wait()
    check(f"less {status}", holds=status is not None and status.ok)


def main() -> None:
    """Show all of it."""
    passphrase = chat.Secret(secrets.token_urlsafe(12))
    with tempfile.TemporaryDirectory(prefix="chat-demo-") as name:
        directory = Path(name)
        key = directory / "key"
        make_key(key, passphrase)
        title("the key opens with that passphrase, and with no other")
        check("the key opens", holds=open_key(key, passphrase))
        other = chat.Secret(secrets.token_urlsafe(12))
        check("with another it does not", holds=not open_key(key, other))
        talk_to_python()
        talk_to_bash()
        search_in_less(directory)
    print("\nAll of this was so.")


if __name__ == "__main__":
    main()
