"""A conversation with a program."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, AnyStr, Final, Generic, Self, TypeVar, cast, final

from chat.channel import Channel
from chat.core import dialogues
from chat.core.decoder import Codec, TextCodec, make_codec
from chat.core.dialogues import Answering, Arrival, Limits, Receive, Request
from chat.core.keys import control, key
from chat.core.listening import Listening, Reader, check_view
from chat.core.match import Match
from chat.core.matcher import OrderMaker, stream_order
from chat.core.patterns import EOF, PatternLike
from chat.core.stream import DEFAULT_LIMIT, Mark, Overflow, Stream
from chat.core.views import ViewName
from chat.deadlines import earliest, shortened, waited
from chat.driver import Driver
from chat.errors import (
    ConnectionLost,
    EndedBy,
    ExpectError,
    ExpectTimeout,
    NotSupported,
    UnexpectedEOF,
    UnreadPlaintext,
    WaitTimeout,
    last_text,
)
from chat.events import Closed, Listener, Matched, Resized, TimedOut
from chat.ladder import LadderLike, Rung, Termination, as_ladder, limited, up_to_kill
from chat.pacing import Pace, as_pace
from chat.signals import number
from chat.timing import SYSTEM_CLOCK, Clock, check_seconds
from chat.transports import (
    Process,
    SerialLine,
    Terminal,
    Transport,
    line_of,
    peer_of,
    remark_of,
    serial_line_of,
)
from chat.values import UNSET, ExitStatus, Secret, Unset, WindowSize, redact

if TYPE_CHECKING:
    import pexpect

    from chat.sinks import SinkLike
    from chat.waiting.pending import PendingExpect

TransportT = TypeVar("TransportT")

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds a wait lasts unless told otherwise, as in pexpect; Tcl Expect waits 10."""

DEFAULT_QUIET: Final = 0.1
"""Seconds of silence after which what has come counts as all there is, for a pattern that
could still grow or looks at the end. A program that writes a prompt in two pieces leaves
far less between them; a person does not notice more."""

NO_LIMITS: Final = Limits()

GRACE: Final = 1.0
"""Seconds a program is given to end after each signal of `close` and `terminate`."""


@final
@dataclass(frozen=True, slots=True)
class Detached(Generic[TransportT]):
    """What `Session.detach` lets go of.

    Attributes:
        transport: How the program is reached. Whoever has this ends it.
        unread: Bytes that had come and were not consumed.
        encoding: What they mean; `None`: they are bytes.
        errors: What becomes of undecodable ones.
    """

    transport: TransportT
    unread: bytes
    encoding: str | None
    errors: str


@final
class Session(Generic[AnyStr]):
    """A conversation with a program over a transport. Made by `chat.spawn` and its like.

    Whoever makes a session ends it; `with` does that. Nothing a program said is lost: what
    no `expect` consumed stays for the next one.

    Args:
        transport: How the program is reached. The session owns it from now on.
        encoding: What the bytes mean; `None`: the session holds bytes.
        errors: What becomes of undecodable bytes; by default they stay recoverable.
        timeout: Seconds each operation may take unless told otherwise. `None`: no limit.
        quiet: Seconds of silence after which what has come counts as all there is.
        idle: Seconds of silence that end a wait. `None`: as long as the timeout allows.
        stall: Seconds that end a wait in which the other side is silent and its processes
            use no processor time and do no input or output (of a program of this machine).
        view: `"raw"`, or `"text"` to match as if there were no escape sequences.
        newline: What ends a line that is sent: by default what the Enter key sends
            (`"\\r"`) to a terminal, and `"\\n"` elsewhere.
        limit: Characters kept that nobody took.
        overflow: Beyond that, `"error"` or `"drop"` the oldest, which `Match.dropped` says.
        log: Where to log what the program says; see `log_to`.
        pace: Seconds from one byte that is sent to the next, or a `chat.Pace`, for what
            cannot take them any faster. A send lasts as long as that takes.
        unread: Bytes that have come already, before the transport was the session's.
        clock: What to ask about time; for tests.
        order: How patterns are decided between, for those who port what was written for
            another order (`chat.core.policies`).

    Raises:
        LookupError: There is no such encoding.
        ValueError, TypeError: An option is not one; the message says which.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        encoding: str | None = "utf-8",
        errors: str = "surrogateescape",
        timeout: float | None = DEFAULT_TIMEOUT,
        quiet: float = DEFAULT_QUIET,
        idle: float | None = None,
        stall: float | None = None,
        view: ViewName = "raw",
        newline: AnyStr | None = None,
        limit: int = DEFAULT_LIMIT,
        overflow: Overflow = "error",
        log: SinkLike | None = None,
        pace: Pace | float | None = None,
        unread: bytes = b"",
        clock: Clock = SYSTEM_CLOCK,
        order: OrderMaker = stream_order,
    ) -> None:
        check_seconds("timeout", timeout)
        check_seconds("idle", idle)
        check_seconds("stall", stall)
        _checked_quiet(quiet)
        check_view(view)
        codec: Codec[AnyStr] = make_codec(encoding, errors)
        kind = type(codec.empty)
        if newline is not None and not isinstance(newline, kind):
            raise TypeError(f"newline is {kind.__name__} here, not {type(newline).__name__}")
        self.timeout = timeout
        self.quiet = quiet
        self.idle = idle
        self.stall = stall
        self.view: Final[ViewName] = view
        stream = Stream(codec.empty, limit=limit, overflow=overflow)
        self._stream: Final[Stream[AnyStr]] = stream
        self._kind: Final[type[Any]] = type(codec.empty)
        self._reader: Final[Reader[AnyStr]] = Reader(stream, order)
        self._channel: Final[Channel[AnyStr]] = Channel(transport, codec, stream, clock)
        self._driver: Final[Driver[AnyStr]] = Driver(
            self._channel,
            self._default_newline() if newline is None else newline,
            as_pace(pace),
        )
        stream.append(codec.decode(unread))
        if log is not None:
            self.log_to(log)

    def _default_newline(self) -> AnyStr:
        terminal = self._channel.terminal
        line_end = "\n" if terminal is None else getattr(terminal, "newline", "\r")
        made: Any = line_end.encode() if self._kind is bytes else line_end
        return cast("AnyStr", made)

    @property
    def newline(self) -> AnyStr:
        """What ends a line that is sent."""
        return self._driver.newline

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Session: {self._channel.state()}>"

    # ── waiting ───────────────────────────────────────────────────────────────────────────

    def expect(
        self,
        *patterns: PatternLike,
        timeout: float | None | Unset = UNSET,
        quiet: float | Unset = UNSET,
        idle: float | None | Unset = UNSET,
        stall: float | None | Unset = UNSET,
        respond: Mapping[Any, Answering] | None = None,
        view: ViewName | None = None,
    ) -> Match[AnyStr]:
        """Wait until one of the patterns has come, and consume up to its end.

        What matches first in the stream wins, however it arrived; of two that end at the
        same place, the one listed first.

        Args:
            patterns: What to wait for; text stands for itself. Also lists of patterns.
            timeout: Seconds to wait in all. Left out: the session's own. None: no limit.
                0: look at what has come, do not wait.
            quiet: Seconds of silence after which what has come counts as all there is.
                Left out: the session's own.
            idle: Seconds of silence that end the wait. Left out: the session's own.
            stall: Seconds that end it in which the other side is silent and its processes
                do nothing. Left out: the session's own.
            respond: Prompts to answer on the way, with what to answer: a text or a
                `Secret`, sent as a line, or a function of the match that returns one of
                them, or None to send nothing.
            view: `"raw"` or `"text"`. Left out: the session's own.

        Returns:
            What has matched.

        Raises:
            ExpectTimeout: The time ran out; `ended_by` says which. `before` holds what did
                come; nothing is consumed, so a later call can still match it.
            UnexpectedEOF: The other side closed. The same, with `exit_status`.
            ConnectionLost: The connection failed, which is no `EOF`. The same.
            StreamOverflow: More came than the session may keep.
            NotSupported: A stall was to be noticed where that cannot be seen.
            PatternTypeError: Something is not a pattern, or not of this session's kind.
            PatternError: There is nothing to wait for, or a text is empty.
            SessionClosed: This side has closed the session.
            SendError: An answer could not be sent.
        """
        limit = self.timeout if timeout is UNSET else _checked("timeout", timeout)
        silence = self.quiet if quiet is UNSET else _checked_quiet(quiet)
        mute = self.idle if idle is UNSET else _checked("idle", idle)
        stuck = self.stall if stall is UNSET else _checked("stall", stall)
        if len(patterns) == 1 and not respond and (view or self.view) == "raw":
            text: Any = patterns[0]
            if isinstance(text, self._kind) and text and mute is stuck is None:
                return self._expect_text(text, limit)
        listening = self._listen(patterns, respond, view)
        answers = list(respond.values()) if respond else ()
        limits = Limits(self._channel.deadline(limit), mute, stuck)
        flow = dialogues.expect(listening, answers, limits=limits, quiet=silence)
        return self._conclude(flow, listening, limit, limits)

    def begin_expect(
        self,
        *patterns: PatternLike,
        quiet: float | Unset = UNSET,
        view: ViewName | None = None,
    ) -> PendingExpect[AnyStr]:
        """Begin to wait without waiting, for whoever waits for several sessions at once.

        Args and errors are those of `expect`. Nothing else may be awaited of this session,
        or read from it, until the wait has ended or is given up.
        """
        from chat.waiting.pending import PendingExpect  # start-up cost: most wait for one alone

        silence = self.quiet if quiet is UNSET else _checked_quiet(quiet)
        return PendingExpect(self._listen(patterns, None, view), silence, self._matched)

    def _expect_text(self, text: AnyStr, timeout: float | None) -> Match[AnyStr]:
        """Wait for a text alone: the same as any wait, with nothing to it but the text."""
        channel, deadline = self._channel, None
        channel.check_open()
        sought = self._reader.seek(text)
        while (match := sought.scan()) is None:
            if deadline is None:
                deadline = channel.deadline(timeout)
            arrival = channel.receive_by(deadline)
            if arrival is not Arrival.DATA:
                raise self._unmet(arrival, (repr(text),), timeout)
        return self._matched(match)

    def ask(
        self,
        question: AnyStr,
        prompt: PatternLike,
        *,
        timeout: float | None | Unset = UNSET,
        quiet: float | Unset = UNSET,
        idle: float | None | Unset = UNSET,
        stall: float | None | Unset = UNSET,
        respond: Mapping[Any, Answering] | None = None,
        view: ViewName | None = None,
    ) -> AnyStr:
        """Send a line, wait for the prompt, and return what came between.

        The echo of the line and the end of the last line are taken off. Of prompts that
        `respond` answered on the way, the answer is what came behind the last one.

        Args:
            question: What to send.
            prompt: What follows the answer.
            timeout: Seconds for all of it; see `expect`, as for the rest.

        Raises:
            ExpectTimeout, UnexpectedEOF, SendError, TypeError: As `expect` and `send`.
        """
        self._driver.checked(question)
        limit = self._limit(timeout)
        listening = self._listen((prompt,), respond, view)
        limits = Limits(
            self._channel.deadline(limit),
            self.idle if idle is UNSET else _checked("idle", idle),
            self.stall if stall is UNSET else _checked("stall", stall),
        )
        flow = dialogues.ask(
            listening,
            question,
            list(respond.values()) if respond else (),
            limits=limits,
            quiet=self.quiet if quiet is UNSET else _checked_quiet(quiet),
        )
        match = self._conclude(flow, listening, limit, limits)
        return dialogues.answer_text(match.before, question)

    def _limit(self, timeout: float | None | Unset) -> float | None:
        return self.timeout if timeout is UNSET else _checked("timeout", timeout)

    def _listen(
        self,
        patterns: tuple[PatternLike, ...],
        respond: Mapping[Any, Answering] | None,
        view: ViewName | None,
    ) -> Listening[AnyStr]:
        self._channel.check_open()
        prompts = tuple(respond) if respond else ()
        return self._reader.listen(patterns, prompts, view or self.view)

    def _conclude(
        self,
        flow: Generator[Request[AnyStr], Any, Match[AnyStr] | Arrival],
        listening: Listening[AnyStr],
        timeout: float | None,
        limits: Limits,
    ) -> Match[AnyStr]:
        """Carry a dialogue out, and raise what it did not expect."""
        outcome = self._driver.drive(flow)
        if isinstance(outcome, Arrival):
            awaited = tuple(listening.awaited.descriptions)
            raise self._unmet(outcome, awaited, timeout, limits)
        return self._matched(outcome)

    def _matched(self, match: Match[AnyStr]) -> Match[AnyStr]:
        if self._channel.listeners:
            self._channel.emit(Matched(match))
        return match

    def _unmet(
        self,
        outcome: Arrival,
        awaited: tuple[str, ...],
        timeout: float | None,
        limits: Limits = NO_LIMITS,
    ) -> ExpectError:
        """The error of a wait that ended otherwise than awaited; listeners are told."""
        kind = _ERRORS.get(outcome, ExpectTimeout)
        if kind is ExpectTimeout and self._channel.listeners:
            self._channel.emit(TimedOut(tuple(map(redact, awaited))))
        ended_by, limit = _what_ended(outcome, timeout, limits)
        state = self._channel.state()
        remark = remark_of(self._channel.transport) if kind is ExpectTimeout else None
        error = kind(
            awaited,
            self._reader.unread(),
            timeout=limit,
            state=state if remark is None else f"{state}\n{remark}",
            exit_status=self.exit_status,
            ended_by=ended_by,
        )
        error.__cause__ = self._channel.failure
        return error

    # ── sending ───────────────────────────────────────────────────────────────────────────

    def send(self, text: AnyStr, *, timeout: float | None | Unset = UNSET) -> int:
        """Send text as it is; see `sendline` for a line.

        While the other side does not take it, what it says is read, so that neither waits
        for the other.

        Returns:
            The bytes that went: all of them.

        Raises:
            SendTimeout: Not everything was taken in time; `sent` says how much was.
            LineTooLong: The terminal would lose a part of a line; nothing was sent.
            PeerGone: The other side is gone.
            TypeError: It is text in a session of bytes, or the reverse.
            UnicodeEncodeError: The session's encoding has no such character.
            SessionClosed: This side has closed the session.
        """
        return self._driver.send(self._driver.checked(text), self._limit(timeout))

    def sendline(
        self, text: AnyStr | None = None, *, timeout: float | None | Unset = UNSET
    ) -> int:
        """Send text and the end of a line (`newline`). Returns and raises as `send`."""
        line = self.newline if text is None else self._driver.checked(text) + self.newline
        return self._driver.send(line, self._limit(timeout))

    def press(self, *names: str, timeout: float | None | Unset = UNSET) -> int:
        """Send keys by name: `"Ctrl-C"`, `"F10"`, `"PageDown"`, `"Alt-f"`, `"q"`.

        Raises:
            UnknownKey: There is no key of that name; nothing was sent.
        """
        return self._send_codes("".join(map(key, names)), timeout)

    def sendcontrol(self, name: str, *, timeout: float | None | Unset = UNSET) -> int:
        """Send a control character: `sendcontrol("c")` is Ctrl-C.

        Raises:
            UnknownKey: There is no such control character; nothing was sent.
        """
        return self._send_codes(control(name), timeout)

    def sendeof(self) -> None:
        """Tell the program that its input has ended.

        On a terminal this is its end-of-file character, which counts at the beginning of a
        line only; elsewhere the writing side is closed.

        Raises:
            NotSupported: The transport cannot close its writing side alone.
        """
        channel = self._channel
        channel.check_open()
        if channel.terminal is not None:
            channel.transmit(channel.terminal.control("eof"), self.timeout)
        elif channel.writer is not None:
            channel.writer.close()
        else:
            raise NotSupported("this transport cannot close its writing side alone")

    def sendintr(self) -> None:
        """Interrupt the program as Ctrl-C does: the terminal's own character, or SIGINT.

        Raises:
            NotSupported: There is neither a terminal nor a process.
        """
        terminal = self._channel.terminal
        if terminal is None:
            self.signal("INT")
        else:
            self._channel.check_open()
            self._channel.transmit(terminal.control("intr"), self.timeout)

    def sendbreak(self) -> None:
        """Send a break, which some devices take for an interrupt before all else.

        Raises:
            NotSupported: The transport has no such signal; telnet and a serial line have.
        """
        self._channel.check_open()
        line = line_of(self._channel.transport)
        if line is None:
            raise NotSupported("this transport has no break to send")
        line.send_break()

    def send_secret(
        self,
        secret: Secret | str,
        *,
        allow_echo: bool = False,
        timeout: float | None | Unset = UNSET,
    ) -> None:
        """Send a secret as a line, once the terminal does not show what is typed.

        From here on it is masked in logs, errors and reports, also where the program
        prints it back.

        Args:
            allow_echo: Send it even if the terminal shows it.
            timeout: Seconds to wait for the terminal, and for the program to take it.

        Raises:
            EchoStillOn: The terminal would have shown it all that time; nothing was sent.
            SendError: As `send`.
        """
        kept = secret if isinstance(secret, Secret) else Secret(secret)
        self._driver.send_secret(kept, self._limit(timeout), allow_echo=allow_echo)

    def _send_codes(self, codes: str, timeout: float | None | Unset) -> int:
        said: Any = codes.encode() if self._kind is bytes else codes
        return self._driver.send(said, self._limit(timeout))

    def _deadline(self, timeout: float | None | Unset) -> float | None:
        return self._channel.deadline(self._limit(timeout))

    # ── reading ───────────────────────────────────────────────────────────────────────────

    def read(self, size: int = -1, *, timeout: float | None | Unset = UNSET) -> AnyStr:
        """Take so many characters, or everything up to the end.

        Args:
            size: Characters (bytes in a session of bytes); negative: up to the end.
            timeout: Seconds to wait for them in all.

        Returns:
            Them; fewer only if the other side closed, `""` behind its end.

        Raises:
            ExpectTimeout: They did not come in time. Nothing is consumed.
            ConnectionLost: The connection failed before. Nothing is consumed.
            StreamOverflow: More came than the session may keep.
        """
        limit = self._limit(timeout)
        wanted = f"{size} characters" if size >= 0 else "EOF"
        stop = self._reader.cursor.position + size if size >= 0 else None
        self._fill_until(lambda: stop is not None and self._stream.end >= stop, limit, wanted)
        return self._reader.take(
            self._stream.end if stop is None else min(stop, self._stream.end)
        )

    def readline(self, *, timeout: float | None | Unset = UNSET) -> AnyStr:
        """Take a line with its end, as it came; what is left behind the last; then `""`.

        Raises:
            ExpectTimeout: No line was completed in time. Nothing is consumed.
            StreamOverflow: More came than the session may keep.
        """
        newline: Any = b"\n" if self._kind is bytes else "\n"
        match = self.expect(newline, EOF, timeout=timeout)
        return match.before + match.text

    def receive(self, *, timeout: float | None | Unset = UNSET) -> AnyStr:
        """Take the next message whole, where messages come: a datagram.

        Of one that `expect` took a part of, this is the rest.

        Raises:
            NotSupported: The transport has a stream, without messages.
            ExpectTimeout: None came in time.
            ConnectionLost: The connection failed: nobody listens at the other side.
            StreamOverflow: More came than the session may keep.
        """
        channel, cursor = self._channel, self._reader.cursor
        if channel.messages is None:
            raise NotSupported("this transport has a stream, without messages")
        limit = self._limit(timeout)

        def end() -> int | None:
            return channel.message_end(cursor.position)

        self._fill_until(lambda: end() is not None, limit, "a message")
        stop = end()
        if stop is None:
            raise self._unmet(Arrival.ENDED, ("a message",), limit)
        return self._reader.take(stop)

    def __iter__(self) -> Iterator[AnyStr]:
        """The lines with their ends, as they come, to the end of the program's output.

        Raises:
            ExpectTimeout: No line was completed within the session's timeout.
            StreamOverflow: A line is longer than the session may keep.
        """
        newline: Any = b"\n" if self._kind is bytes else "\n"
        stream, cursor = self._stream, self._reader.cursor
        while True:
            # Complete lines that are there already need no search of their own.
            text, base = stream.window(cursor.position, cursor.position)
            start = cursor.position - base
            while (stop := text.find(newline, start) + 1) > 0:
                stream.consume(cursor, base + stop)
                yield text[start:stop]
                if cursor.position != base + stop:
                    break  # the caller has read on meanwhile
                start = stop
            else:
                line = self.readline()
                if not line:
                    return
                yield line

    def read_nowait(self) -> AnyStr:
        """Take what has come, without waiting; `""` if nothing has."""
        self._channel.check_open()
        self._channel.drain()
        return self._reader.take(self._stream.end)

    def peek(self) -> AnyStr:
        """Look at what has come and is not consumed, without waiting or consuming it."""
        if not self._channel.closed:
            self._channel.drain()
        return self._reader.unread()

    def take_in(self) -> bool:
        """Read in once what has come, without waiting, and keep it for later.

        Returns:
            Whether that brought anything: more, or the end.

        Raises:
            StreamOverflow: More came before than the session may keep. Nothing is read.
        """
        channel = self._channel
        channel.check_open()
        if channel.ended:
            return False
        if self._stream.crowded:
            self._stream.check_room()
        return channel.fill() is not None

    def mark(self) -> Mark:
        """Note the place up to which this session has been consumed; see `since`.

        What comes behind it is kept as long as the mark is, within the session's limit;
        with `overflow="drop"`, `mark.dropped` says how much of it is not there any more.
        """
        return self._stream.mark(self._reader.cursor.position)

    def since(self, mark: Mark) -> AnyStr:
        """All that was consumed since the mark: the transcript of a stretch of dialogue."""
        return self._stream.slice(mark.offset, self._reader.cursor.position)

    def _fill_until(
        self, enough: Callable[[], bool], timeout: float | None, wanted: str
    ) -> None:
        self._channel.check_open()
        deadline = self._channel.deadline(timeout)
        while not enough():
            arrival = self._channel.receive(Receive(deadline))
            if arrival is Arrival.ENDED:
                return
            if arrival in (Arrival.EXPIRED, Arrival.FAILED):
                raise self._unmet(arrival, (wanted,), timeout)

    # ── the program ───────────────────────────────────────────────────────────────────────

    @property
    def pid(self) -> int | None:
        """The program's process id; `None` if the transport has none."""
        process = self._channel.process
        return None if process is None else process.pid

    @property
    def exit_status(self) -> ExitStatus | None:
        """How the program ended; `None` while it runs, or if the transport has none.

        Behind the end of its output it is there, unless the program has closed its terminal
        and runs on.
        """
        process = self._channel.process
        if process is None:
            return None
        return process.wait_exit(GRACE if self._channel.ended else 0)

    @property
    def state(self) -> str:
        """The other side's state in words, as errors say it."""
        return self._channel.state()

    @property
    def ended(self) -> bool:
        """Whether the other side has closed and everything it said has come."""
        return self._channel.ended

    @property
    def closed(self) -> bool:
        """Whether this side has closed the session."""
        return self._channel.closed

    def is_alive(self) -> bool:
        """Whether the program runs. A question: it changes nothing."""
        process = self._channel.process
        return not self._channel.ended if process is None else process.is_alive()

    def wait(self, *, timeout: float | None | Unset = UNSET) -> ExitStatus | None:
        """Wait until the program has ended; what it says meanwhile is kept for reading.

        Returns:
            How it ended; `None` if the transport has no process, and the other side closed.

        Raises:
            WaitTimeout: It still runs.
            ConnectionLost: The connection failed.
            StreamOverflow: It says more than the session may keep.
        """
        limit = self._limit(timeout)
        self._channel.check_open()
        status = self._channel.wait_exit(self._channel.deadline(limit))
        if self._channel.failure is not None:
            raise self._unmet(Arrival.FAILED, ("the end",), limit)
        if status is None and not (self._channel.process is None and self._channel.ended):
            raise WaitTimeout(f"{waited('the program to end', limit)}\n{self._channel.state()}")
        return status

    def signal(self, which: str | int, *, foreground: bool = False) -> None:
        """Send a signal, by name or number, to the program's process group.

        Args:
            foreground: Send it to the group in its terminal's foreground, as the keys of a
                terminal do: of a shell, to the job that runs. Without a terminal, as ever.

        Raises:
            ValueError: There is no such signal.
            NotSupported: The transport has no process.
        """
        self._process("signals").signal(number(which), foreground=foreground)

    def terminate(
        self, *, grace: float = GRACE, ladder: LadderLike | None = None
    ) -> ExitStatus:
        """End the program, and keep the session open to read what it said.

        Args:
            grace: Seconds it is given after each step before the next.
            ladder: The steps, `"EOF"` and names of signals, with their own seconds if they
                are pairs or a dictionary: `{"EOF": 2, "INT": 5, "KILL": 1}`. Left out: SIGHUP,
                SIGTERM and SIGKILL, and the end of its input before, where that is a pipe.
                `chat.ladder.LADDER` has them all.

        Returns:
            How it ended; `termination` says what it took.

        Raises:
            NotSupported: The transport has no process.
            WaitTimeout: The last step did not end it.
            ValueError, TypeError: That is no ladder.
        """
        self._channel.check_open()
        process = self._process("programs to end")
        patience = shortened(grace) or 0.0
        status = process.end(patience, _rungs(ladder, patience))
        self._channel.wait_exit(self._deadline(grace))
        return status

    @property
    def termination(self) -> Termination | None:
        """What it took to end the program; `None`: nobody has asked for that."""
        return None if self._channel.process is None else self._channel.process.termination

    def close(
        self, *, grace: float = GRACE, ladder: LadderLike | None = None
    ) -> ExitStatus | None:
        """End the program with all its process group, and let go of it. Twice is once.

        What was not read is gone; `terminate` keeps it.

        Args:
            grace: Seconds it is given after each step before the next.
            ladder: The steps, as in `terminate`; SIGKILL is always the last one.

        Returns:
            How the program ended, `termination` says what it took; `None` if the transport
            has none.

        Raises:
            WaitTimeout: Not even SIGKILL ended it.
            ValueError, TypeError: That is no ladder; nothing was done.
        """
        channel = self._channel
        if channel.closed:
            return self.exit_status
        patience = shortened(grace) or 0.0
        rungs = _rungs(ladder, patience)
        if rungs is not None:
            rungs = up_to_kill(rungs, patience)
        try:
            process = channel.process
            status = None if process is None else process.end(patience, rungs)
        finally:
            channel.closed = True
            if channel.writer is not None:
                channel.writer.close()
            channel.transport.close()
        if channel.listeners:
            channel.emit(Closed(status))
        return status

    def let_go(self) -> None:
        """Close this side's descriptors, and do nothing else. Twice is once.

        No connection is shut down and no program is ended: for a parent whose forked child
        goes on with the conversation. A program on a terminal is hung up all the same, by
        the kernel, if nobody else has that terminal.
        """
        channel = self._channel
        if channel.closed:
            return
        channel.closed = True
        channel.transport.close()
        if channel.listeners:
            channel.emit(Closed(None))

    def detach(self, kind: type[TransportT]) -> Detached[TransportT]:
        """Let go of the program without ending it, for another to go on with.

        The session is closed afterwards.

        Args:
            kind: What the transport must be, for the other to know what to do with it.

        Raises:
            NotSupported: It is not of that kind; the session goes on.
            SessionClosed: The session was closed already.
        """
        channel = self._channel
        channel.check_open()
        transport: object = channel.transport
        if not isinstance(transport, kind):
            raise NotSupported(f"the transport is no {kind.__name__}: {transport!r}")
        channel.closed = True
        codec: object = channel.codec
        unread = channel.codec.encode(self._reader.unread())
        if isinstance(codec, TextCodec):
            unread += codec.incomplete()
            return Detached(transport, unread, codec.encoding, codec.errors)
        return Detached(transport, unread, None, "strict")

    def as_pexpect(self) -> pexpect.spawn:
        """The program as a child of pexpect's kind, what was not consumed in its buffer.

        The session is closed afterwards; `chat.attach` goes the other way. This is for code
        that is moved from pexpect one function at a time.

        Returns:
            A `chat.compat.pexpect.spawn`, which is a `pexpect.spawn` to everybody.

        Raises:
            NotSupported: The program is not on a pseudo-terminal of ours.
            SessionClosed: The session was closed already.
        """
        # The one call upwards, made by name when somebody asks for it: nothing here depends
        # on pexpect's words, which stand on the session.
        return import_module("chat.compat.pexpect.moving").from_session(self)

    def _process(self, what: str) -> Process:
        if self._channel.process is None:
            raise NotSupported(f"this transport has no process, and so no {what}")
        return self._channel.process

    # ── the connection ────────────────────────────────────────────────────────────────────

    @property
    def peer(self) -> str | None:
        """Where the other side is, mostly as a URL; `None` if the transport cannot say."""
        return peer_of(self._channel.transport)

    def upgrade(self, make: Callable[[Transport], Transport]) -> None:
        """Go on over a transport that is made of this one; `chat.start_tls` does.

        What was said before must not count as said after, so all of it has to be consumed.

        Args:
            make: Makes the new transport, which owns the old one's descriptors from then on.

        Raises:
            UnreadPlaintext: Something has come and is not consumed; nothing was changed.
            SessionClosed: This side has closed the session.
        """
        channel = self._channel
        channel.check_open()
        unread = self._reader.unread()
        if unread or channel.codec.waits:
            came = last_text(unread) if unread else "a part of a character"
            raise UnreadPlaintext(
                f"{came} has come and is not consumed: it was said in the clear,"
                " and must not count as said within what follows"
            )
        channel.replace(make(channel.transport))

    # ── the terminal ──────────────────────────────────────────────────────────────────────

    @property
    def echo(self) -> bool:
        """Whether the terminal shows what is typed. Without a terminal, nothing does."""
        terminal = self._channel.terminal
        return False if terminal is None else terminal.echo

    @echo.setter
    def echo(self, on: bool) -> None:
        self._terminal().echo = on

    def wait_no_echo(self, *, timeout: float | None | Unset = UNSET) -> bool:
        """Wait until the terminal does not show what is typed: a password is asked for.

        Returns:
            Whether it came to that in time.
        """
        self._channel.check_open()
        return self._channel.wait_no_echo(self._deadline(timeout))

    @property
    def size(self) -> WindowSize:
        """The terminal's rows and columns.

        Raises:
            NotSupported: There is no terminal.
        """
        return self._terminal().size

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size; the program gets SIGWINCH.

        Raises:
            NotSupported: There is no terminal.
            ValueError: That is no size.
        """
        size = WindowSize(rows, columns)
        self._terminal().resize(size)
        if self._channel.listeners:
            self._channel.emit(Resized(size))

    def _terminal(self) -> Terminal:
        self._channel.check_open()
        if self._channel.terminal is None:
            raise NotSupported("this transport has no terminal")
        return self._channel.terminal

    @property
    def line(self) -> SerialLine:
        """The serial line: its speed, break, and the wires beside the data.

        Raises:
            NotSupported: There is none.
        """
        self._channel.check_open()
        line = serial_line_of(self._channel.transport)
        if line is None:
            raise NotSupported("this transport has no serial line")
        return line

    # ── listeners ─────────────────────────────────────────────────────────────────────────

    def fileno(self) -> int:
        """The descriptor that becomes readable when more has come, for `select` and its like.

        Raises:
            SessionClosed: This side has closed the session.
        """
        self._channel.check_open()
        return self._channel.transport.fileno()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have a function called with every event (`chat.events`).

        Returns:
            A function that ends it.
        """
        self._channel.listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._channel.listeners:
                self._channel.listeners.remove(listener)

        return unsubscribe

    def log_to(
        self, target: SinkLike, *, received: bool = True, sent: bool = False
    ) -> Callable[[], None]:
        """Log what is said, secrets masked, until the session closes.

        Args:
            target: A path to append to, a text or binary file, or a `logging.Logger`.
            received: Log what the program says, which on a terminal includes its echo.
            sent: Log what is sent.

        Returns:
            A function that ends it.

        Raises:
            TypeError: It is none of these.
            OSError: The file cannot be opened.
        """
        from chat.sinks import Log, make_sink  # start-up cost: most sessions keep no log

        log = Log(make_sink(target), received=received, sent=sent)
        unsubscribe = self.subscribe(log)

        def stop() -> None:
            unsubscribe()
            log.close()

        return stop


_ERRORS: Final = {Arrival.ENDED: UnexpectedEOF, Arrival.FAILED: ConnectionLost}


def _what_ended(
    outcome: Arrival, timeout: float | None, limits: Limits
) -> tuple[EndedBy, float | None]:
    """What ended a wait, and its length in seconds."""
    if outcome in _ERRORS:
        return "end", timeout
    if outcome is Arrival.IDLE:
        return "idle", limits.idle
    if outcome is Arrival.STALLED:
        return "stall", limits.stall
    scope = earliest()
    if scope is not None and scope.passed:
        return "deadline", scope.seconds
    return "timeout", timeout


def _rungs(ladder: LadderLike | None, grace: float) -> tuple[Rung, ...] | None:
    """A ladder's steps, under the deadline in force; `None`: the usual ones."""
    if ladder is None:
        return None
    left = shortened(None)
    rungs = as_ladder(ladder, grace)
    return rungs if left is None else limited(rungs, left)


def _checked(name: str, limit: float | None | Unset) -> float | None:
    assert not isinstance(limit, Unset)
    check_seconds(name, limit)
    return limit


def _checked_quiet(quiet: float | Unset) -> float:
    assert not isinstance(quiet, Unset)
    if quiet is None:
        raise TypeError("quiet is seconds, not None")
    check_seconds("quiet", quiet)
    return quiet
