"""A program whose errors are a stream of their own: `open3`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, AnyStr, Final, Generic, Self, Unpack, final, overload

from chat.core.dialogues import Arrival
from chat.core.patterns import PatternLike, unnest
from chat.core.stream import Overflow
from chat.core.views import ViewName
from chat.errors import ExpectError, ExpectTimeout, PatternError, UnexpectedEOF, last_text
from chat.opening.beginning import begin
from chat.opening.options import Command, SessionOptions
from chat.opening.pipes import start
from chat.session import GRACE, Session
from chat.timing import SYSTEM_CLOCK, check_seconds
from chat.transports import remark_of
from chat.transports.one_way import ReadingTransport
from chat.transports.pipes import LineBuffered, Plan
from chat.values import UNSET, ExitStatus, Unset
from chat.waiting.beside import ClockBeside
from chat.waiting.together import Arrivals, Heard, Part, WaitTogether

ERRORS_LIMIT: Final = 1024 * 1024
"""Characters of a program's errors that are kept unread. Whoever reads none of them wants, if
anything, the last."""

SHARED: Final = ("errors", "timeout", "quiet", "view")
"""The options of a session that are for both of `open3`'s."""


@final
class TwoStreams(Generic[AnyStr]):
    """A program with its output and its errors apart. Made by `chat.open3`.

    Whichever of the two is waited for, what comes on the other is taken in as well, so that
    the program is never held up by it. Both belong to one thread at a time.

    Attributes:
        out: The conversation: what is sent goes to the program's input, what it answers
            comes from its output.
        err: What it says on its standard error. It can only be read.
    """

    def __init__(
        self, out: Session[AnyStr], err: Session[AnyStr], remark: Callable[[], str | None]
    ) -> None:
        self.out: Final[Session[AnyStr]] = out
        self.err: Final[Session[AnyStr]] = err
        self._remark: Final = remark
        self._arrivals: Final = Arrivals(out, err)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<TwoStreams: {self.out.state}>"

    # ── waiting ───────────────────────────────────────────────────────────────────────────

    def expect(
        self,
        *patterns: PatternLike,
        out: PatternLike = (),
        err: PatternLike = (),
        timeout: float | None | Unset = UNSET,
        quiet: float | Unset = UNSET,
        view: ViewName | None = None,
    ) -> Heard[AnyStr]:
        """Wait for the first of the patterns to come on either stream.

            heard = make.expect("done\\n", err="warning: ")

        A pattern is sought within each stream; none matches across the two. What comes first
        wins, and two pipes have no order of their own: the order is that in which the reads
        saw what came. What a program says on both within the same instant may be seen in
        either order. Only the stream that matched is consumed.

        Args:
            patterns: What to wait for on both. `EOF` is the end of both of them.
            out: What to wait for on the output alone, a pattern or several; `EOF` is its end.
            err: What to wait for on the errors alone; `EOF` is their end.
            timeout: Seconds to wait in all. Left out: that of `self.out`.
            quiet: Seconds of silence after which what has come counts as all there is.
            view: `"raw"` or `"text"`.

        Returns:
            Which stream it was, and what has matched there. `match.index` counts `patterns`
            and then those for that stream.

        Raises:
            ExpectTimeout: The time ran out. `before` is the output that did come.
            UnexpectedEOF: No stream on which something is awaited is open any more.
            StreamOverflow: More came than one of the sessions may keep.
            PatternTypeError, PatternError, SessionClosed: As `Session.expect`.
        """
        limit = self.out.timeout if timeout is UNSET else timeout
        assert not isinstance(limit, Unset)
        check_seconds("timeout", limit)
        common, on_out, on_err = unnest(patterns), unnest([out]), unnest([err])
        if not (common or on_out or on_err):
            raise PatternError("there is nothing to wait for")
        parts = [
            Part("out", self.out, common, on_out, quiet, view),
            Part("err", self.err, common, on_err, quiet, view),
        ]
        outcome = WaitTogether(parts, self._arrivals).carry_out(limit)
        if isinstance(outcome, Arrival):
            raise self._unmet(outcome, len(common), parts, limit)
        return outcome

    def _unmet(
        self,
        outcome: Arrival,
        common: int,
        parts: list[Part[AnyStr]],
        timeout: float | None,
    ) -> ExpectError:
        kind = ExpectTimeout if outcome is Arrival.EXPIRED else UnexpectedEOF
        said = self.err.peek()
        words = [
            f"on stderr last came {last_text(said)}" if said else "on stderr nothing came",
            self.out.state,
        ]
        if kind is ExpectTimeout and (remark := self._remark()):
            words.append(remark)
        return kind(
            _descriptions(common, parts),
            self.out.peek(),
            timeout=timeout,
            state="\n".join(words),
            exit_status=self.exit_status,
        )

    # ── the program ───────────────────────────────────────────────────────────────────────

    def send(self, text: AnyStr, *, timeout: float | None | Unset = UNSET) -> int:
        """Send text to the program; see `Session.send`."""
        return self.out.send(text, timeout=timeout)

    def sendline(
        self, text: AnyStr | None = None, *, timeout: float | None | Unset = UNSET
    ) -> int:
        """Send a line to the program; see `Session.sendline`."""
        return self.out.sendline(text, timeout=timeout)

    def sendeof(self) -> None:
        """Close the program's input."""
        self.out.sendeof()

    @property
    def pid(self) -> int | None:
        """The program's process id."""
        return self.out.pid

    @property
    def exit_status(self) -> ExitStatus | None:
        """How the program ended; `None` while it runs."""
        return self.out.exit_status

    def wait(self, *, timeout: float | None | Unset = UNSET) -> ExitStatus | None:
        """Wait until the program has ended; what it says on both is kept for reading.

        Raises:
            WaitTimeout: It still runs.
            StreamOverflow: It says more than one of the sessions may keep.
        """
        status = self.out.wait(timeout=timeout)
        self.err.peek()  # what it said last is in the pipe
        return status

    def close(self, *, grace: float = GRACE) -> ExitStatus | None:
        """End the program as `Session.close` does, and let go of both streams."""
        try:
            return self.out.close(grace=grace)
        finally:
            self.err.close()


def _descriptions(common: int, parts: list[Part[Any]]) -> list[str]:
    """What was awaited in words: on both, and on each alone."""
    listed = {part.name: part.awaited for part in parts}
    shared = next((awaited[:common] for awaited in listed.values() if common), ())
    own = [f"{text} on {name}" for name, awaited in listed.items() for text in awaited[common:]]
    return [*shared, *own]


# ── opening ───────────────────────────────────────────────────────────────────────────────


class StreamsOptions(SessionOptions, total=False):
    """What `open3` takes, beside what all sessions do."""

    cwd: str | os.PathLike[str] | None
    env: Mapping[str, str] | None
    line_buffered: LineBuffered | None
    stderr_limit: int
    stderr_overflow: Overflow


@overload
def open3(
    command: Command, *, encoding: str = ..., **options: Unpack[StreamsOptions]
) -> TwoStreams[str]: ...
@overload
def open3(
    command: Command, *, encoding: None, **options: Unpack[StreamsOptions]
) -> TwoStreams[bytes]: ...
def open3(
    command: Command,
    *,
    encoding: str | None = "utf-8",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    line_buffered: LineBuffered | None = None,
    stderr_limit: int = ERRORS_LIMIT,
    stderr_overflow: Overflow = "drop",
    **options: Unpack[SessionOptions],
) -> TwoStreams[Any]:
    """Start a program with pipes to its input, from its output, and from its errors.

        with chat.open3(["make"]) as make:
            heard = make.expect(chat.EOF, err="warning: ")
            print(heard.stream, make.err.readline())

    Neither stream holds up the other, whichever is waited for and however much comes. What
    nobody reads of the errors is dropped from the oldest on, beyond `stderr_limit`; the next
    `Match.dropped` on that stream says how much. With `stderr_overflow="error"`, a wait on
    either stream raises `StreamOverflow` instead, and the program blocks until it is read.

    Args:
        command: As in `open2`, like the other arguments.
        stderr_limit: Characters of its errors that are kept unread.
        stderr_overflow: `"drop"` or `"error"`.
        options: Further options of both sessions; `limit`, `overflow`, `newline` and `log`
            are for the output's alone.

    Raises:
        SpawnFailed, CommandError, TypeError, ValueError, LookupError: As `open2`.
    """
    started = start(command, cwd, env, Plan(errors="pipe", line_buffered=line_buffered))
    assert started.errors is not None
    errors = ReadingTransport(started.errors)
    transport = started.transport()
    clock = options.get("clock", SYSTEM_CLOCK)
    out_clock, err_clock = ClockBeside(clock, "stderr"), ClockBeside(clock, "stdout")
    given: dict[str, Any] = dict(options)  # what each is, Session knows
    shared: dict[str, Any] = {name: given[name] for name in SHARED if name in given}
    shared |= {"limit": stderr_limit, "overflow": stderr_overflow, "clock": err_clock}
    with ExitStack() as undo:
        undo.callback(errors.close)
        out = begin(transport, encoding, **{**given, "clock": out_clock})
        undo.callback(out.close, grace=0)
        err = begin(errors, encoding, **shared)
        undo.pop_all()
    out_clock.see_to(err)
    err_clock.see_to(out)
    errors.remark = lambda: f"these are the errors of a program: {out.state}"
    return TwoStreams(out, err, partial(remark_of, transport))
