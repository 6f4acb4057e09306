"""Programs on pipes: `open2`, one way by `pipe_from` and `pipe_to`, and `capture`.

No shell runs unless `shell_command` asks for one by name.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any, Unpack, overload

from chat.deadlines import due_after
from chat.errors import CommandFailed, PeerGone, RunTimeout, seconds
from chat.opening.beginning import begin
from chat.opening.options import Command, SessionOptions, command_line
from chat.opening.programs import Finished
from chat.session import DEFAULT_TIMEOUT, Session
from chat.timing import SYSTEM_CLOCK, seconds_until
from chat.transports import pipes, spawning
from chat.transports.pipes import ErrorOutput, LineBuffered, Plan

SHELL = "/bin/sh"


class PipeOptions(SessionOptions, total=False):
    """What the openings in this module take, beside what all sessions do."""

    cwd: str | os.PathLike[str] | None
    env: Mapping[str, str] | None
    stderr: ErrorOutput
    line_buffered: LineBuffered | None


class InputOptions(SessionOptions, total=False):
    """The same for a program that only listens."""

    cwd: str | os.PathLike[str] | None
    env: Mapping[str, str] | None
    stderr: ErrorOutput


def shell_command(line: str) -> list[str]:
    """The command that has a shell run a line: the only way a shell gets to see one here.

        chat.pipe_to(chat.shell_command("cat -v | lpr -h 2>/dev/null"))

    Whatever is put into the line is the shell's to interpret: quote with `shlex.quote`.
    """
    return [SHELL, "-c", line]


# ── both ways ─────────────────────────────────────────────────────────────────────────────


@overload
def open2(
    command: Command, *, encoding: str = ..., **options: Unpack[PipeOptions]
) -> Session[str]: ...
@overload
def open2(
    command: Command, *, encoding: None, **options: Unpack[PipeOptions]
) -> Session[bytes]: ...
def open2(
    command: Command,
    *,
    encoding: str | None = "utf-8",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    stderr: ErrorOutput = "inherit",
    line_buffered: LineBuffered | None = None,
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Start a program with a pipe to its input and one from its output.

        with chat.open2(["cat", "-u", "-n"]) as cat:
            cat.sendline("stuff")
            cat.expect("1\\tstuff\\n")

    However much goes either way, neither side waits for the other for ever: a send that is
    not taken reads meanwhile. `sendeof` closes the program's input. Closing the session does
    too, and waits for the program's end before it signals; see `Session.close`.

    Programs gather what they say to a pipe in blocks, so that an answer may not come until
    much more was said. A wait that runs out says so; `line_buffered` may help, and
    `chat.spawn` gives the program a terminal.

    Args:
        command: The program and its arguments. Text is split with `shlex`; no shell runs.
        encoding: What the bytes mean; `None`: the session holds bytes.
        cwd: Where it starts; left out: where this process is.
        env: Its whole environment; left out: this process's.
        stderr: Where its errors go: `"inherit"`: where this process's go; `"merge"`: along
            with its output; `"null"`: nowhere. For a stream of their own, see `open3`.
        line_buffered: How to have it say each line at once: `"stdbuf"` through coreutils'
            program, which most programs in C obey; `"pty"` by making its output alone a
            terminal, so that it may also show colours and columns.
        options: Further options of `Session`: timeout, quiet, view, log …

    Raises:
        CommandNotFound: There is no such program, or no `stdbuf`.
        CommandNotPermitted: It may not be executed.
        SpawnFailed: It could not be started for another reason, which is named.
        CommandError: The command is empty or malformed.
        TypeError, ValueError, LookupError: An option is not one.
    """
    plan = Plan(errors=stderr, line_buffered=line_buffered)
    started = start(command, cwd, env, plan)
    return begin(started.transport(), encoding, **options)


def start(
    command: Command,
    cwd: str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
    plan: Plan,
) -> pipes.Started:
    """Start a command on pipes, for whoever makes sessions of them."""
    checked = spawning.Command.checked(command_line(command), cwd, env)
    return pipes.start_on_pipes(checked, plan)


# ── one way ───────────────────────────────────────────────────────────────────────────────


@overload
def pipe_from(
    command: Command, *, encoding: str = ..., **options: Unpack[PipeOptions]
) -> Session[str]: ...
@overload
def pipe_from(
    command: Command, *, encoding: None, **options: Unpack[PipeOptions]
) -> Session[bytes]: ...
def pipe_from(
    command: Command,
    *,
    encoding: str | None = "utf-8",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    stderr: ErrorOutput = "inherit",
    line_buffered: LineBuffered | None = None,
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Start a program to read from: Perl's `open(STATUS, "netstat -an |")`.

        with chat.pipe_from(["netstat", "-an"]) as status:
            for line in status: ...

    Its input is empty. Leaving the block before its end ends it.

    Args:
        command: As in `open2`, like the other arguments.

    Raises:
        SpawnFailed, CommandError, TypeError, ValueError, LookupError: As `open2`.
    """
    plan = Plan(send=False, errors=stderr, line_buffered=line_buffered)
    started = start(command, cwd, env, plan)
    return begin(started.transport(), encoding, **options)


@overload
def pipe_to(
    command: Command, *, encoding: str = ..., **options: Unpack[InputOptions]
) -> Session[str]: ...
@overload
def pipe_to(
    command: Command, *, encoding: None, **options: Unpack[InputOptions]
) -> Session[bytes]: ...
def pipe_to(
    command: Command,
    *,
    encoding: str | None = "utf-8",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    stderr: ErrorOutput = "inherit",
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Start a program to write to: Perl's `open(SPOOLER, "| lpr -h")`.

        with chat.pipe_to(["lpr", "-h"]) as spooler:
            spooler.sendline("stuff")
        assert spooler.exit_status.ok

    Its output goes where this process's goes. Closing the session closes its input, and
    gives it the session's timeout to do its work and end by itself before it is signalled.
    The only thing ever to be read is the end, which comes when it reads no more.

    Args:
        command: As in `open2`, like the other arguments.

    Raises:
        SpawnFailed, CommandError, TypeError, ValueError, LookupError: As `open2`.
    """
    started = start(command, cwd, env, Plan(receive=False, errors=stderr))
    patience = options.get("timeout", DEFAULT_TIMEOUT)
    return begin(started.transport(patience=patience), encoding, **options)


# ── to the end ────────────────────────────────────────────────────────────────────────────


@overload
def capture(
    command: Command,
    *,
    text: str | None = ...,
    check: bool = ...,
    encoding: str = ...,
    **options: Unpack[PipeOptions],
) -> Finished[str]: ...
@overload
def capture(
    command: Command,
    *,
    text: bytes | None = ...,
    check: bool = ...,
    encoding: None,
    **options: Unpack[PipeOptions],
) -> Finished[bytes]: ...
def capture(
    command: Command,
    *,
    text: str | bytes | None = None,
    check: bool = False,
    encoding: str | None = "utf-8",
    **options: Unpack[PipeOptions],
) -> Finished[Any]:
    """Run a program to its end and take what it says: Perl's backticks, without a shell.

        done = chat.capture(["git", "rev-parse", "HEAD"])
        print(done.output, done.exit_status)

    Args:
        command: As in `open2`, like the other arguments.
        text: What it is given to read. It need not read it all. Left out: nothing.
        check: Whether another exit status than 0 is an error.

    Returns:
        All it said, and how it ended.

    Raises:
        RunTimeout: It did not end in time; it was ended. `output` holds what it said.
        CommandFailed: `check` was asked for, and it failed.
        StreamOverflow: It said more than the session may keep.
        SpawnFailed, CommandError, TypeError, ValueError, LookupError: As `open2`.
    """
    opening: Any = pipe_from if text is None else open2  # the overloads, seen from within
    with opening(command, encoding=encoding, **options) as session:
        done = _finish(session, text, command_line(command)[0])
    return _checked(done, command) if check else done


def _finish(session: Session[Any], text: str | bytes | None, name: str) -> Finished[Any]:
    mark = session.mark()
    deadline = due_after(session.timeout)

    def left() -> float | None:
        return seconds_until(deadline, SYSTEM_CLOCK.now())

    try:
        if text is not None:
            with suppress(PeerGone):
                session.send(text, timeout=left())
            session.sendeof()
        output = session.read(timeout=left())
        status = session.wait(timeout=left())
    except TimeoutError as error:
        status = session.close()
        limit = seconds(session.timeout)
        raise RunTimeout(
            f"{name!r} did not end in {limit} and was ended",
            output=session.since(mark) + session.peek(),
            exit_status=status,
        ) from error
    assert status is not None, "it is a process of ours"
    return Finished(output, status, mark.dropped)


def _checked(done: Finished[Any], command: Command) -> Finished[Any]:
    if done.ok:
        return done
    raise _failure(command, done)


@overload
def capture_lines(
    command: Command,
    *,
    check: bool = ...,
    encoding: str = ...,
    **options: Unpack[PipeOptions],
) -> Generator[str, None, None]: ...
@overload
def capture_lines(
    command: Command,
    *,
    check: bool = ...,
    encoding: None,
    **options: Unpack[PipeOptions],
) -> Generator[bytes, None, None]: ...
def capture_lines(
    command: Command,
    *,
    check: bool = False,
    encoding: str | None = "utf-8",
    **options: Unpack[PipeOptions],
) -> Generator[Any, None, None]:
    """Take what a program says line by line, as it comes, ends of lines included.

    The program starts with the first line that is asked for, and is ended if the loop is
    left early (its `close()`, which a `for` loop that ends otherwise leaves to Python).

    Args:
        command: As in `open2`, like the other arguments.
        check: Whether another exit status than 0 is an error, behind the last line.

    Raises:
        ExpectTimeout: No line came within the session's timeout.
        CommandFailed: `check` was asked for, and it failed.
        SpawnFailed, CommandError, TypeError, ValueError, LookupError: As `open2`.
    """
    opening: Any = pipe_from  # the overloads, seen from within
    with opening(command, encoding=encoding, **options) as session:
        line = session.read(0)  # empty, of the session's kind
        for line in session:
            yield line
        status = session.wait()
    if check and not status.ok:
        raise _failure(command, Finished(line, status))


def _failure(command: Command, done: Finished[Any]) -> CommandFailed:
    import shlex  # start-up cost: most commands do not fail

    output = done.output
    said = output if isinstance(output, str) else output.decode("utf-8", "backslashreplace")
    line = shlex.join(command_line(command))
    return CommandFailed(line, output=said, exit_status=done.exit_status)
