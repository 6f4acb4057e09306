"""How a command is put to bash, sh and zsh so that its beginning and end are certain.

The shell is interactive: only then does Ctrl-C end a command and not the shell. It has
neither echo nor line editing nor job control, and this is what it is sent for `ls`:

    __chat 4f1c… 90ab…&&:;eval '__chat;ls' </dev/null;{ __chat -&&:;} 2>/dev/null

`__chat` with two halves of a nonce remembers it and marks the beginning. Without arguments,
inside `eval`, it marks it once more, so that the trace of `set -x` shows the command and not
this line. With `-` it marks the end, with the status, and puts the prompt right that the
command may have changed: the prompt is another such mark, for the lines that the shell gives
up half-way (an unset variable under `set -u`, an interrupt). It always returns the status it
met, so that a command sees its predecessor's `$?`; and `&&:` keeps that from counting as a
failure under `set -e`.

`eval` contains syntax errors, and runs the command outside of any function, so that
`declare` and the like have their usual reach. All marks are written by `printf`, from pieces
that are apart in what is sent: no echo of it looks like a mark.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Final, final

from chat.errors import CommandError

PIECE: Final = 160
"""Characters of a command on one physical line. A terminal that gathers lines takes 4095
bytes on Linux and 1024 elsewhere; a character becomes at most five by quoting."""

MARKER: Final = (
    "__chat_mark(){ printf '\\036%s\\036' \"$1\">/dev/tty||printf '\\036%s\\036' \"$1\";};"
    "__chat(){ { __chat_status=$?;case $# in"
    " 2)__chat_nonce=$1$2;__chat_mark $1$2;;"
    ' 1)PS1=$__chat_prompt;PS2=;__chat_mark "$__chat_nonce $__chat_status";;'
    ' *)__chat_mark "$__chat_nonce";;'
    "esac;return $__chat_status;} 2>/dev/null;};"
    "__chat_prompt=$(printf '\\036$__chat_nonce $?\\036')"
)
"""Defines `__chat`. The mark goes to the terminal even if the command has redirected the
shell's own output for good."""

CONTROL: Final = re.compile(r"([\x01-\x08\x0b-\x1f\x7f]+)")
"""What a terminal would act on instead of passing it on. Tab and newline it passes on."""


CODE: Final = re.compile(r"\s*[^\s#]")
"""A line that is more than a comment."""


@final
@dataclass(frozen=True, slots=True)
class Posix:
    """A shell of the sh family.

    Attributes:
        program: Its name.
        options: Arguments that start it without editing and without anybody's settings.
        settings: Commands that switch off what would come between.
        own_settings: The arguments to take out if the user's start-up files are wanted.
        evaluate: The command that runs a text, and survives a syntax error in it.
    """

    program: str
    options: tuple[str, ...]
    settings: str
    own_settings: frozenset[str] = frozenset()
    evaluate: str = "eval"

    def arguments(self, *, rc: bool) -> list[str]:
        """Arguments to start it with."""
        return [each for each in self.options if not (rc and each in self.own_settings)]

    def introduction(self, nonce: str, newline: str) -> str:
        """What is typed first if it was started by somebody else; it ends with a mark.

        A line editor takes in all that was typed before it is switched off, so this is
        one line, and its end is awaited.
        """
        half = len(nonce) // 2
        mark = f"printf '\\036%s%s 0\\036' {nonce[:half]} {nonce[half:]}"
        return f"{self.settings};stty -echo 2>/dev/null;{mark}{newline}"

    def replacement(self, nonce: str, newline: str) -> str:
        """What makes any shell become this one: one line, which bash, zsh, dash, fish and csh
        understand alike. The mark carries 0 if it is there.

        The space in front keeps the line out of the history of most.
        """
        half = len(nonce) // 2
        script = (
            f"unset ENV;stty -echo;command -v {self.program} >/dev/null 2>&1;"
            f'printf "\\036%s%s %s\\036" {nonce[:half]} {nonce[half:]} $?;'
            f"exec {' '.join((self.program, *self.options))}"
        )
        return f" exec sh -c '{script}'{newline}"

    def greeting(self, nonce: str, newline: str) -> str:
        """What makes it mark the end of this greeting, and be ready for `cell`."""
        half = len(nonce) // 2
        lines = (self.settings, MARKER, f"__chat {nonce[:half]} {nonce[half:]};__chat -")
        return "".join(line + newline for line in lines)

    def cell(self, command: str, nonce: str, *, terminal: bool) -> str:
        """What runs a command between marks.

        Args:
            terminal: Let it read the terminal; otherwise its standard input is empty.

        Raises:
            CommandError: It contains a NUL character, which no command can.
        """
        half = len(nonce) // 2
        if not any(map(CODE.match, command.splitlines())):
            command += "\n:"  # or its status would be its predecessor's
        source = "" if terminal else " </dev/null"
        return (
            f"__chat {nonce[:half]} {nonce[half:]}&&:;"
            f"{self.evaluate} {quoted('__chat;' + command)}{source};"
            "{ __chat -&&:;} 2>/dev/null\n"
        )


def quoted(text: str) -> str:
    """Quote a text for a shell, over several lines where a terminal needs that.

    Raises:
        CommandError: It contains a NUL character.
    """
    if "\0" in text:
        raise CommandError("a command cannot contain a NUL character")
    if len(text) <= PIECE and not CONTROL.search(text):
        return shlex.quote(text)
    pieces: list[str] = []
    for number, part in enumerate(CONTROL.split(text)):
        quote = _quoted_control if number % 2 else shlex.quote
        pieces += [quote(part[at : at + PIECE]) for at in range(0, len(part), PIECE)]
    return "\\\n".join(pieces)


def _quoted_control(characters: str) -> str:
    """Have the shell make characters that a terminal would act on."""
    octal = "".join(f"\\{ord(each):03o}" for each in characters)
    return f"\"$(printf '{octal}')\""


BASH: Final = Posix(
    program="bash",
    options=("--norc", "--noprofile", "--noediting"),
    settings=(
        "set +o emacs +o vi +o histexpand +o history +m;unset HISTFILE PROMPT_COMMAND MAILCHECK"
    ),
    own_settings=frozenset({"--norc"}),
)
SH: Final = Posix(
    program="sh",
    options=(),
    settings="set +o emacs +o vi +m;unset HISTFILE MAILCHECK",
    # In dash, a syntax error in a bare eval ends the line that holds it.
    evaluate="command eval",
)
ZSH: Final = Posix(
    program="zsh",
    options=("-f", "-o", "NO_ZLE"),
    settings=(
        "setopt NO_ZLE PROMPT_SUBST NO_PROMPT_CR NO_PROMPT_SP NO_BANG_HIST"
        " INTERACTIVE_COMMENTS NO_MONITOR NO_BEEP;unset HISTFILE"
    ),
    own_settings=frozenset({"-f"}),
)
