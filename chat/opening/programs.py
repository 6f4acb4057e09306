"""Programs on a pseudo-terminal of their own: `spawn`, and `run` to the end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, AnyStr, Generic, Unpack, final, overload

from chat.core.dialogues import Answering
from chat.core.patterns import EOF
from chat.deadlines import within
from chat.errors import ExpectTimeout, RunTimeout, WaitTimeout, seconds
from chat.opening.options import Command, SessionOptions, command_line
from chat.session import Session
from chat.timing import SYSTEM_CLOCK, deadline_after, seconds_until
from chat.values import ExitStatus, WindowSize, redact


@overload
def spawn(
    command: Command,
    *,
    encoding: str = ...,
    cwd: str | os.PathLike[str] | None = ...,
    env: Mapping[str, str] | None = ...,
    size: tuple[int, int] = ...,
    echo: bool = ...,
    subreaper: bool = ...,
    **options: Unpack[SessionOptions],
) -> Session[str]: ...
@overload
def spawn(
    command: Command,
    *,
    encoding: None,
    cwd: str | os.PathLike[str] | None = ...,
    env: Mapping[str, str] | None = ...,
    size: tuple[int, int] = ...,
    echo: bool = ...,
    subreaper: bool = ...,
    **options: Unpack[SessionOptions],
) -> Session[bytes]: ...
def spawn(
    command: Command,
    *,
    encoding: str | None = "utf-8",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
    echo: bool = True,
    subreaper: bool = False,
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Start a program on a pseudo-terminal of its own and open a conversation with it.

        with chat.spawn(["ssh", "admin@router"], timeout=20) as s:
            s.expect("assword: ")

    Args:
        command: The program and its arguments. Text is split with `shlex`; no shell runs.
        encoding: What the bytes mean; `None`: the session holds bytes.
        cwd: Where it starts; left out: where this process is.
        env: Its whole environment; left out: this process's.
        size: The terminal's rows and columns.
        echo: Whether the terminal shows what is typed, until the program changes that.
        subreaper: Have `close` and `terminate` end also those of its descendants that have
            left its session: daemons. They are known by a variable in their environment, and
            while the session lasts orphans become children of this process (Linux).
        options: Further options of `Session`: timeout, quiet, view, log …

    Returns:
        The session. End it with `close()`, or use it in a `with` block.

    Raises:
        CommandNotFound: There is no such program.
        CommandNotPermitted: It may not be executed.
        SpawnFailed: It could not be started for another reason, which is named.
        CommandError: The command is empty or malformed.
        NotSupported: `subreaper` is asked for where there is no such thing.
        TypeError, ValueError, LookupError: An option is not one.
    """
    from chat.transports.pty import PtyTransport  # the one that is needed here

    argv = command_line(command)
    transport = PtyTransport.start(
        argv, cwd=cwd, env=env, size=WindowSize(*size), echo=echo, tree=subreaper
    )
    try:
        return Session(transport, encoding=encoding, **options)
    except BaseException:
        transport.process.end(0)
        transport.close()
        raise


@final
@dataclass(frozen=True, slots=True)
class Finished(Generic[AnyStr]):
    """What `run` returns: what a program said, and how it ended.

    Attributes:
        output: All it said; with `overflow="drop"`, the last of it.
        exit_status: How it ended.
        dropped: Characters before `output` that were dropped to respect the limit.
    """

    output: AnyStr
    exit_status: ExitStatus
    dropped: int = 0

    @property
    def ok(self) -> bool:
        """Whether it returned 0."""
        return self.exit_status.ok

    def __repr__(self) -> str:
        return f"<Finished: {self.exit_status}, output {redact(self.output)[-60:]!r}>"


@overload
def run(
    command: Command,
    *,
    respond: Mapping[Any, Answering] | None = ...,
    encoding: str = ...,
    cwd: str | os.PathLike[str] | None = ...,
    env: Mapping[str, str] | None = ...,
    size: tuple[int, int] = ...,
    **options: Unpack[SessionOptions],
) -> Finished[str]: ...
@overload
def run(
    command: Command,
    *,
    respond: Mapping[Any, Answering] | None = ...,
    encoding: None,
    cwd: str | os.PathLike[str] | None = ...,
    env: Mapping[str, str] | None = ...,
    size: tuple[int, int] = ...,
    **options: Unpack[SessionOptions],
) -> Finished[bytes]: ...
def run(
    command: Command,
    *,
    respond: Mapping[Any, Answering] | None = None,
    encoding: str | None = "utf-8",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
    **options: Unpack[SessionOptions],
) -> Finished[Any]:
    """Run a program on a pseudo-terminal to its end, answering its prompts.

        done = chat.run(["passwd"], respond={"assword: ": secret}, timeout=30)

    Args:
        command: As in `spawn`, like the other arguments.
        respond: Prompts, with what to answer to each; see `Session.expect`.

    Returns:
        All that the program said, and how it ended.

    Raises:
        RunTimeout: It did not end in time; it was ended. `output` holds what it said.
        SpawnFailed, CommandError: As `spawn`.
        SendError: An answer could not be sent.
        StreamOverflow: It said more than the session may keep.
    """
    made = _started(command, encoding, cwd, env, size, options)
    with made as session:
        mark = session.mark()
        deadline = deadline_after(SYSTEM_CLOCK.now(), session.timeout)
        try:
            session.expect(EOF, respond=respond)
            # One that has closed its terminal may run on: the same time is for both.
            status = session.wait(timeout=seconds_until(deadline, SYSTEM_CLOCK.now()))
            assert status is not None, "a program on a terminal is a process"
            return Finished(session.since(mark), status, mark.dropped)
        except (ExpectTimeout, WaitTimeout) as error:
            how = _how_it_took_too_long(error, session.timeout)
        output = session.since(mark) + session.peek()
        ended = session.close()
    raise RunTimeout(
        f"{command_line(command)[0]!r} {how} and was ended", output=output, exit_status=ended
    )


def _how_it_took_too_long(error: ExpectTimeout | WaitTimeout, timeout: float | None) -> str:
    if isinstance(error, ExpectTimeout) and error.ended_by == "idle":
        return f"was silent for {seconds(error.timeout)}"
    if isinstance(error, ExpectTimeout) and error.ended_by == "stall":
        return f"did nothing for {seconds(error.timeout)}"
    return f"did not end {within(timeout)}"


def _started(
    command: Command,
    encoding: str | None,
    cwd: str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
    size: tuple[int, int],
    options: SessionOptions,
) -> Session[Any]:
    if encoding is None:
        return spawn(command, encoding=None, cwd=cwd, env=env, size=size, **options)
    return spawn(command, encoding=encoding, cwd=cwd, env=env, size=size, **options)
