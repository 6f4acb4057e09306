"""`PopenSpawn`: a program on pipes."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import pexpect.popen_spawn
from pexpect.exceptions import EOF, TIMEOUT

from chat.compat.pexpect.sending import write_all
from chat.compat.pexpect.spawnbase import SpawnBase, Text
from chat.timing import READABLE
from chat.transports import READ_SIZE
from chat.transports.pidfds import open_pidfd

__all__ = ["PopenSpawn"]

GRACE: Final = 0.1
"""Seconds a program is given to end after its pipes are closed, and after each signal: as
pexpect's `spawn` gives."""


class PopenSpawn(SpawnBase, pexpect.popen_spawn.PopenSpawn):  # type: ignore[misc]
    """pexpect's, without its thread: it waits in the kernel, and it can be closed."""

    def __init__(
        self,
        cmd: Any,
        timeout: float | None = 30,
        maxread: int = 2000,
        searchwindowsize: int | None = None,
        logfile: Any = None,
        cwd: Any = None,
        env: Any = None,
        encoding: str | None = None,
        codec_errors: str = "strict",
        preexec_fn: Callable[[], object] | None = None,
    ) -> None:
        # pexpect's own constructor is left out: it starts a thread that reads.
        super(pexpect.popen_spawn.PopenSpawn, self).__init__(
            timeout, maxread, searchwindowsize, logfile, encoding, codec_errors
        )
        self._take_delays_as_defaults()
        self.crlf = self.string_type() + self.linesep  # a pipe translates nothing
        self.proc = subprocess.Popen(
            shlex.split(cmd) if isinstance(cmd, str) else cmd,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            preexec_fn=preexec_fn,  # noqa: PLW1509  (the script's own wish)
        )
        assert self.proc.stdout is not None
        self.pid = self.proc.pid
        self.child_fd = self.proc.stdout.fileno()
        self.closed = False

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> Text:
        """Read once, at most so many bytes, once something has come.

        Raises:
            TIMEOUT: Nothing came in time.
            EOF: The program has closed its output.
        """
        if not self._wait_readable(self.timeout if timeout == -1 else timeout):
            raise TIMEOUT("Timeout exceeded.")
        data = os.read(self.child_fd, size)
        if not data:
            self.flag_eof = True
            raise EOF("End Of File (EOF).")
        return self._received(data)

    def _hear(self) -> bool:
        try:
            self._unread.stream.append(self.read_nonblocking(READ_SIZE, 0))
        except (EOF, TIMEOUT):
            return False
        return True

    def send(self, s: Text) -> int:
        """Send a text, and return how many bytes that was: all of them.

        Raises:
            TIMEOUT: The program did not take it all within `self.timeout` seconds.
            BrokenPipeError: It has closed its input.
        """
        text = self._coerce_send_string(s)
        self._log(text, "send")
        data = self._encoder.encode(text, final=False)
        assert self.proc.stdin is not None
        return write_all(
            self.proc.stdin.fileno(), data, self.timeout, self.child_fd, self._hear
        )

    def wait(self) -> int:
        """Wait for the program's end, taking in what it says; return what it returned."""
        if not self.closed:
            self._take_in_to_the_end()
        status: int = super().wait()
        return status

    def _take_in_to_the_end(self) -> None:
        ended = open_pidfd(self.proc.pid)
        if ended is None or self.proc.poll() is not None:
            return
        try:
            poller = select.poll()
            poller.register(ended, READABLE)
            poller.register(self.child_fd, READABLE)
            while ended not in (ready := dict(poller.poll())):
                if self.child_fd in ready and not self._hear():
                    return
        finally:
            os.close(ended)

    def isalive(self) -> bool:
        """Whether the program runs."""
        if self.proc.poll() is None:
            return True
        super().wait()
        return False

    def close(self, force: bool = True) -> None:
        """Close the pipes, and wait until the program has ended.

        Args:
            force: End it if it does not by itself.
        """
        if self.closed:
            return
        self.closed = True
        for each in (self.proc.stdin, self.proc.stdout):
            assert each is not None
            with suppress(OSError):
                each.close()
        stages = (signal.SIGTERM, signal.SIGKILL) if force else ()
        for number in (None, *stages):
            if number is not None:
                self.proc.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.proc.wait(None if number == signal.SIGKILL else GRACE)
                break
        self.child_fd = -1
        self.isalive()
