"""A program on a pseudo-terminal, as pexpect's `spawn`."""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pexpect.pty_spawn
from pexpect.exceptions import EOF, TIMEOUT, ExceptionPexpect
from ptyprocess import PtyProcessError

from chat.compat.pexpect import sending
from chat.compat.pexpect.child import Child
from chat.compat.pexpect.environment import inherited_environment
from chat.compat.pexpect.expect import Default
from chat.compat.pexpect.interacting import Filter, Relay, raw_keyboard
from chat.compat.pexpect.spawnbase import SpawnBase, Text
from chat.timing import READABLE
from chat.transports import READ_SIZE
from chat.transports.spawning import Command
from chat.transports.starting import start_child
from chat.transports.terminal import PtyTerminal
from chat.values import WindowSize, redact


class spawn(SpawnBase, pexpect.pty_spawn.spawn):  # type: ignore[misc]  # an untyped base
    """pexpect's `spawn`: the same constructor, methods, attributes and errors.

    Beneath it, the child is started by `chat.transports` without a fork, except with a
    `preexec_fn`, which needs one; and nothing sleeps, unless a script has set a delay itself.
    `use_poll` changes nothing: `poll` is always used.
    """

    ptyproc: Child
    _preexec_fn: Callable[[], object] | None = None
    _terminal: PtyTerminal | None = None
    _typed_ahead = b""

    # ── starting ──────────────────────────────────────────────────────────────────────────

    def _spawn(
        self,
        command: Any,
        args: Any = [],  # noqa: B006  (pexpect's signature; it is not changed)
        preexec_fn: Callable[[], object] | None = None,
        dimensions: tuple[int, int] | None = None,
    ) -> None:
        self._preexec_fn = preexec_fn
        super()._spawn(command, args, preexec_fn, dimensions)

    def _spawnpty(self, args: list[Any], **options: Any) -> Child:
        """Start the child: pexpect's own hook for that.

        Args:
            args: The command and its arguments, as text or encoded.
            options: env, cwd, echo, dimensions, and preexec_fn, in which pexpect has put
                the ignoring of SIGHUP.

        Raises:
            OSError: It could not be started.
        """
        rows, columns = options.get("dimensions", (24, 80))
        if self._preexec_fn is not None or min(rows, columns) < 1:
            forked: Child = Child.spawn(args, **options)
            return forked
        env = options["env"]
        command = Command.checked(
            [os.fsdecode(each) for each in args],
            options["cwd"],
            inherited_environment() if env is None else _decoded(env),
        )
        held, path = start_child(
            command,
            size=WindowSize(rows, columns),
            echo=bool(options["echo"]),
            ignore_sighup=bool(self.ignore_sighup),
        )
        # Scripts that read and write the descriptor themselves expect it to block.
        os.set_blocking(held.fd, True)
        self._terminal = PtyTerminal(held.fd, path)
        child = Child.taken_over(held)
        child.argv = args
        return child

    def go_on_with(self, child: Child, argv: Sequence[str]) -> None:
        """Be the spawn object of a child that is running already.

        Args:
            argv: The command it was started with.
        """
        os.set_blocking(child.fd, True)
        self.ptyproc, self.pid, self.child_fd = child, child.pid, child.fd
        self.command, self.args = argv[0], list(argv)
        self.name = f"<{' '.join(argv)}>"
        self.terminated = self.closed = False

    def __str__(self) -> str:
        """The state of the child, in which no password shows that was sent to it."""
        return redact(super().__str__())

    def _seen_terminal(self) -> PtyTerminal:
        if self._terminal is None:
            self._terminal = PtyTerminal(self.child_fd, None)
        return self._terminal

    # ── reading ───────────────────────────────────────────────────────────────────────────

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> Text:
        """Read what has come, at most so many bytes, once something has; see pexpect.

        Raises:
            TIMEOUT: Nothing came in time.
            EOF: The child has closed its terminal, or has ended.
            ValueError: This side has closed it.
        """
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if timeout == -1:
            timeout = self.timeout
        if not self._wait_readable(timeout):
            if self.isalive():
                raise TIMEOUT("Timeout exceeded.")
            raise self._ended("Braindead")
        return self._received(self._read_bytes(size))

    def _read_bytes(self, size: int) -> bytes:
        """What has come, up to `size` bytes. To be called when there is something."""
        data = self._read_once(size)
        if not data:
            ending = self._ended("Exception")
            self.isalive()  # how it ended is in the attributes from here on
            raise ending
        if len(data) < size:
            pieces, got = [data], len(data)
            while got < size and self._wait_readable(0):
                piece = self._read_once(size - got)
                if not piece:
                    break  # the end is there again at the next read
                pieces.append(piece)
                got += len(piece)
            data = b"".join(pieces)
        return data

    def _read_once(self, size: int) -> bytes:
        try:
            return os.read(self.child_fd, size)
        except OSError as error:
            if error.errno == errno.EIO:  # Linux's way to say that the terminal is closed
                return b""
            raise

    def _hear(self, seconds: float = 0) -> bool:
        """Take in what the child says; whether it said something."""
        try:
            text = self.read_nonblocking(READ_SIZE, seconds)
        except (EOF, TIMEOUT):
            return False
        self._unread.stream.append(text)
        return True

    # ── sending ───────────────────────────────────────────────────────────────────────────

    def send(self, s: Text) -> int:
        """Send a text, and return how many bytes that was: all of them.

        Behind a prompt for a password it waits for the echo to go off. While the child does
        not take it, what it says is kept for the next `expect`.

        Raises:
            TIMEOUT: The child did not take it all within `self.timeout` seconds.
            ExceptionPexpect: A line is longer than its terminal takes; nothing was sent.
        """
        text = self._coerce_send_string(s)
        self._pause_before(text)
        if self.logfile is not None or self.logfile_send is not None:
            self._log(text, "send")
        data = self._encoder.encode(text, final=False)
        if len(data) >= sending.SHORT:
            sending.check_lines(self._seen_terminal(), data)
        return sending.write_all(self.child_fd, data, self.timeout, self.child_fd, self._hear)

    def _pause_before(self, text: Text) -> None:
        """Wait for what pexpect's delay is for, or as long as the script has asked for."""
        delay = self.delaybeforesend
        if delay is None:
            return
        if not isinstance(delay, Default):
            time.sleep(delay)
            return
        if sending.asks_for_secret(self._last_words()):
            sending.wait_until_unseen(self._seen_terminal(), self._hear)
            sending.keep_secret(text)

    def sendeof(self) -> None:
        """Send the end-of-file character, once the program reads; see pexpect."""
        self._wait_until_read(sending.END_PATIENCE)
        super().sendeof()

    def sendintr(self) -> None:
        """Send the interrupt character; see pexpect."""
        self._wait_until_read(sending.INTERRUPT_PATIENCE)
        super().sendintr()

    def kill(self, sig: int) -> None:
        """Send the child a signal, if it runs; see pexpect."""
        if sig == signal.SIGINT and not self.closed:
            self._wait_until_read(sending.INTERRUPT_PATIENCE)
        super().kill(sig)

    def _wait_until_read(self, seconds: float) -> None:
        sending.wait_until_read(self._seen_terminal(), self._hear, seconds)

    def _last_words(self) -> Text:
        """The end of all that the child has said, in so far as it is still known."""
        unread, after = self._unread, self.after
        stream = unread.stream
        begin = max(unread.cursor.position, stream.end - sending.PROMPT)
        said = stream.slice(begin, stream.end)
        if isinstance(after, type(said)) and self.before is not None:
            said = self.before[-sending.PROMPT :] + after + said
        return said

    # ── the child's end ───────────────────────────────────────────────────────────────────

    def close(self, force: bool = True) -> None:
        """Hang up, and wait until the child has ended.

        Args:
            force: End it if it does not by itself.

        Raises:
            ExceptionPexpect: It has not ended.
        """
        self.flush()
        self._hand_delays_on()
        with _as_pexpect_has_it():
            self.ptyproc.close(force=force)
        self.isalive()
        if self._terminal is not None:
            self._terminal.release()
        self.child_fd = -1
        self.closed = True

    def terminate(self, force: bool = False) -> bool:
        """Ask the child to end, with `force` make it; whether it has ended."""
        self._hand_delays_on()
        with _as_pexpect_has_it():
            ended = self.ptyproc.terminate(force)
        return ended and not self.isalive()

    def _hand_delays_on(self) -> None:
        self.ptyproc.delayafterclose = self.delayafterclose or 0
        self.ptyproc.delayafterterminate = self.delayafterterminate or 0

    def wait(self) -> int | None:
        """Wait for the child's end, taking in what it says; return what it returned.

        Raises:
            ExceptionPexpect: Somebody else has taken its status.
        """
        with _as_pexpect_has_it():
            self._wait_reading()
            code = self.ptyproc.wait()
        self.isalive()
        return code

    def _wait_reading(self) -> None:
        ended = None if self.closed else self.ptyproc.process.exit_fileno()
        if ended is None:
            return
        poller = select.poll()
        poller.register(ended, READABLE)
        poller.register(self.child_fd, READABLE)
        while ended not in (ready := dict(poller.poll())):
            if self.child_fd in ready and not self._hear():
                return  # its terminal is closed: there is nothing more to take in

    def interact(
        self,
        escape_character: str | None = chr(29),
        input_filter: Filter | None = None,
        output_filter: Filter | None = None,
    ) -> None:
        """Let a person at the keyboard talk to the child, until the escape is typed.

        What is typed behind the escape is sent first by the next call.
        """
        self.write_to_stdout(self.buffer)
        self.stdout.flush()
        self.buffer = self.string_type()
        escape = None if escape_character is None else escape_character.encode("latin-1")
        end = self._seen_terminal().control("eof")
        relay = Relay(self, end, escape, input_filter, output_filter)
        os.set_blocking(self.child_fd, False)
        try:
            with raw_keyboard(self.STDIN_FILENO):
                self._typed_ahead = relay.run(self._typed_ahead)
        finally:
            os.set_blocking(self.child_fd, True)

    def waitnoecho(self, timeout: float | None = -1) -> bool:
        """Wait until the terminal does not show what is typed; whether it came to that."""
        return self.ptyproc.waitnoecho(self.timeout if timeout == -1 else timeout)


def _decoded(env: Mapping[Any, Any]) -> dict[str, str]:
    return {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}


@contextmanager
def _as_pexpect_has_it() -> Iterator[None]:
    try:
        yield
    except PtyProcessError as error:
        raise ExceptionPexpect(*error.args) from error


def spawnu(*args: Any, **kwargs: Any) -> spawn:
    """A `spawn` of text in UTF-8, unless an encoding is given."""
    kwargs.setdefault("encoding", "utf-8")
    return spawn(*args, **kwargs)
