"""What ssh says of itself, apart from what its terminal shows.

ssh writes its log into a named pipe of ours (`-E`), so that its own words (whether the login
succeeded, why it did not) cannot be confused with what the other side prints on the same
terminal: a banner or a greeting may look like anything.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final, Self, final


@final
class Notes:
    """A named pipe that ssh logs into, and the lines that have come through it.

    It is there until `close`. After that, ssh finds nobody to read, and goes on without.

    Attributes:
        path: Where it is: in a new directory that nobody else may enter.
    """

    def __init__(self) -> None:
        self._directory: Final = tempfile.mkdtemp(prefix="chat-ssh-")
        self.path: Final = str(Path(self._directory, "log"))
        self._begun = b""
        try:
            os.mkfifo(self.path, 0o600)
            # Open for both: a pipe without a writer would look as if its end had come.
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        except BaseException:
            shutil.rmtree(self._directory)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor that becomes readable when more has come."""
        return self._descriptor

    def read_nowait(self) -> list[str]:
        """The lines that have come since the last time."""
        lines: list[str] = []
        while True:
            try:
                data = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return lines
            *whole, self._begun = (self._begun + data).split(b"\n")
            lines += [each.decode("utf-8", "replace").rstrip("\r") for each in whole]

    def close(self) -> None:
        """Close the pipe and take it away. Twice is once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            shutil.rmtree(self._directory)
