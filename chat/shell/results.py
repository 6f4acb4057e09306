"""What a command in a shell came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from chat.errors import last_text
from chat.values import ExitStatus


@final
@dataclass(frozen=True, slots=True)
class ShellResult:
    """What a command said, and how it ended.

    Attributes:
        output: What came on the terminal from the command's start to its end, exactly: half
            a line stays half a line. The terminal's `\\r\\n` is the program's `\\n` again.
        exit_status: How it ended; `code` is what the shell says (above 128: a signal), and
            `None` where the REPL has no such thing.
        duration: Seconds from sending the command to hearing its end.
    """

    output: str
    exit_status: ExitStatus
    duration: float

    @property
    def ok(self) -> bool:
        """Whether its status is 0, or the REPL has no statuses."""
        return not self.exit_status.code

    @property
    def lines(self) -> list[str]:
        """The lines of the output, without their ends."""
        return self.output.removesuffix("\n").split("\n") if self.output else []

    def __repr__(self) -> str:
        return f"<ShellResult: {self.exit_status}, output {last_text(self.output, 60)}>"
