"""Shells and REPLs in which commands are run one after the other, each told apart.

    with chat.shell("bash") as bash:
        bash.run("cd /etc")
        print(bash.run("ls | head -3").lines)

Beyond the known kinds any program with a prompt will do, and if it can print a given text,
a fence keeps output that looks like its prompt from doing harm.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final, Literal, TypeAlias, Unpack

from chat.core.patterns import PatternLike
from chat.errors import CommandError
from chat.opening.options import Command, SessionOptions, command_line
from chat.opening.programs import spawn
from chat.session import Session
from chat.shell.conversation import Shell
from chat.shell.fenced import Dialect, Fenced, Start
from chat.shell.language import Countdown, Language
from chat.shell.posix import BASH, SH, ZSH
from chat.shell.prompted import Prompted
from chat.shell.python import Python
from chat.shell.results import ShellResult
from chat.timing import SYSTEM_CLOCK, Clock

__all__ = ["Shell", "ShellResult", "shell"]

Kind: TypeAlias = Literal["bash", "sh", "zsh", "python"]

DIALECTS: Final[Mapping[str, Dialect]] = {
    "bash": BASH,
    "sh": SH,
    "zsh": ZSH,
    "python": Python(),
}

PROGRAMS: Final[Mapping[str, Kind]] = {
    "bash": "bash",
    "sh": "sh",
    "dash": "sh",
    "ash": "sh",
    "zsh": "zsh",
    "python": "python",
    "pypy": "python",
}
"""The kind of a program by its name, less the version at its end."""


def shell(
    program: Command | Session[str] = "bash",
    *,
    kind: Kind | None = None,
    prompt: PatternLike | None = None,
    fence: str | None = None,
    replace: bool = False,
    rc: bool = False,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
    encoding: str = "utf-8",
    **options: Unpack[SessionOptions],
) -> Shell:
    """Start a shell or REPL, and wait until it is ready for commands.

        chat.shell()                                          # bash
        chat.shell("python3")
        chat.shell(["ssh", "-tt", "admin@host", "bash"], kind="bash")
        chat.shell("sqlite3", prompt="sqlite> ", fence="SELECT '{nonce}';")

    Args:
        program: The name or path of a shell alone, which is started with what suits it; or a
            command with its arguments, started as given, which comes to its prompt without
            asking anything; or a session in which a shell or REPL waits at its prompt (after
            a login, say), which the shell owns from now on.
        kind: How it is talked to; left out: what its name says.
        prompt: Instead, for a REPL of another kind, what its prompt looks like.
        fence: A line that makes such a REPL print the text at `{nonce}`: output that looks
            like the prompt does no harm then.
        replace: The session holds some shell, which may not even have come to its prompt:
            after a login. Have it replaced by one of the kind, in its environment.
        rc: Have bash, sh or zsh read the user's own start-up files.
        cwd, env, size, encoding: As in `chat.spawn`. A REPL known by its prompt gets
            `TERM=dumb` in its environment unless this is given.
        options: Further options of `Session`; `timeout` is for each command, too.

    Returns:
        The shell. Close it, or use it in a `with` block.

    Raises:
        CommandError: The kind is not known and there is no prompt, or there are both; a
            command or a fence is malformed.
        SpawnFailed: It could not be started; CommandNotFound: what was to replace the shell
            of a session is not there.
        ExpectTimeout: It did not become ready.
        UnexpectedEOF, PeerGone: It ended before it was ready.
        SendTimeout: It took nothing.
    """
    known = _dialect(program, kind, prompt)
    language: Language
    if known is None:
        assert prompt is not None, "one of the two is there"
        language = Prompted(prompt, fence)
    elif fence is not None:
        raise CommandError("a fence belongs to a prompt; a shell that is known has its own")
    else:
        language = Fenced(known, _start(program, replace=replace))
    if isinstance(program, Session):
        session = program
    else:
        own = known is not None and _start(program, replace=False) is Start.OURS
        session = spawn(
            [*command_line(program), *(known.arguments(rc=rc) if known and own else [])],
            cwd=cwd,
            env=_environment(env, rc=rc, dumb=known is None),
            size=size,
            encoding=encoding,
            echo=False,
            **options,
        )
    return _opened(session, language, options.get("clock", SYSTEM_CLOCK))


def _dialect(
    program: Command | Session[str], kind: Kind | None, prompt: PatternLike | None
) -> Dialect | None:
    """How the program is talked to; `None`: by its prompt."""
    if kind is not None and prompt is not None:
        raise CommandError("a shell has a kind or a prompt, not both")
    if prompt is not None:
        return None
    if kind is None:
        if isinstance(program, Session):
            raise CommandError("say the kind of shell that the session holds, or its prompt")
        name = PurePath(command_line(program)[0]).name
        kind = PROGRAMS.get(name.rstrip("0123456789."))
        if kind is None:
            raise CommandError(
                f"{name!r} is no shell that is known: say its kind or its prompt"
            )
    if kind not in DIALECTS:
        raise CommandError(f"the kinds of shell are {', '.join(DIALECTS)}, not {kind!r}")
    return DIALECTS[kind]


def _start(program: Command | Session[str], *, replace: bool) -> Start:
    """A program without arguments gets those that suit it."""
    if isinstance(program, Session):
        return Start.REPLACING if replace else Start.WAITING
    if replace:
        raise CommandError("only the shell in a session can be replaced")
    return Start.OURS if len(command_line(program)) == 1 else Start.GIVEN


def _environment(
    given: Mapping[str, str] | None, *, rc: bool, dumb: bool
) -> Mapping[str, str] | None:
    if given is not None:
        return given
    if dumb:
        return {**os.environ, "TERM": "dumb"}
    # The start-up file of an interactive sh.
    return None if rc else {name: each for name, each in os.environ.items() if name != "ENV"}


def _opened(session: Session[str], language: Language, clock: Clock) -> Shell:
    try:
        language.open(session, Countdown(session.timeout, clock))
    except BaseException:
        session.close()
        raise
    return Shell(session, language, clock=clock)
