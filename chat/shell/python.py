"""How a cell is put to Python: a loop of our own runs it and marks its beginning and end.

Python's own prompt says neither whether a statement failed nor where its output ends, and
wants blocks typed as a person types them.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final, final

from chat.errors import CommandError

PIECE: Final = 900
"""Bytes of a cell on one line: terminals take 1024 and more while they gather lines."""


@final
class Python:
    """A Python, of version 3.6 or later."""

    def arguments(self, *, rc: bool) -> list[str]:
        """Arguments to start it with: the loop. There are no start-up files."""
        return ["-c", _loop()]

    def introduction(self, nonce: str, newline: str) -> str:
        """What is typed first if Python waits at its own prompt: the loop.

        The last line ends with a mark of the loop's own: a line editor would take in what
        is typed behind it.
        """
        half = len(nonce) // 2
        code = _loop().encode("ascii").hex()
        lines = ['import os;_chat=""']
        lines += [f'_chat+="{code[at : at + PIECE]}"' for at in range(0, len(code), PIECE)]
        hello = f'{{"hello":"{nonce[:half]}"+"{nonce[half:]}"}}'
        lines.append(f'os.system("stty -echo");exec(bytes.fromhex(_chat).decode(),{hello})')
        return "".join(line + newline for line in lines)

    def replacement(self, nonce: str, newline: str) -> str:
        """A shell cannot be relied on to hand the loop over: it is too long for a line."""
        raise CommandError("a shell can be replaced by sh, bash or zsh, not by Python")

    def greeting(self, nonce: str, newline: str) -> str:
        """What makes the loop say that it is there."""
        return self.cell("", nonce, terminal=False).replace("\n", newline)

    def cell(self, command: str, nonce: str, *, terminal: bool) -> str:
        """What runs a cell between marks; see `chat.shell.cells`."""
        half = len(nonce) // 2
        text = command.encode("unicode_escape").decode("ascii")
        lines = [f"{nonce[:half]} {nonce[half:]} {'terminal' if terminal else 'nothing'}"]
        lines += ["+" + text[at : at + PIECE] for at in range(0, len(text), PIECE)]
        return "\n".join((*lines, ".\n"))


def _loop() -> str:
    return files("chat.shell").joinpath("cells.py").read_text("ascii")
