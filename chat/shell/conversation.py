"""A shell that commands are run in, one after the other."""

from __future__ import annotations

import enum
from typing import Final, Self, final

from chat.errors import (
    CommandError,
    CommandFailed,
    ExpectError,
    ExpectTimeout,
    PeerGone,
    RunTimeout,
    SessionClosed,
    ShellDesynchronised,
    ShellExited,
    UnexpectedEOF,
    seconds,
)
from chat.session import Session
from chat.shell.language import Countdown, Language, Respond
from chat.shell.results import ShellResult
from chat.shell.sudo import sudo
from chat.timing import SYSTEM_CLOCK, Clock, check_seconds
from chat.values import UNSET, ExitStatus, Secret, Unset

PATIENCE: Final = 3.0
"""Seconds an interrupted command is given to end. A person would press Ctrl-C again by then;
what needs longer to clean up is better given a longer timeout to begin with."""


class State(enum.Enum):
    """Where the conversation stands."""

    READY = "the shell waits for a command"
    BEHIND = "a command may still run: its end was not seen"
    LOST = "the shell could not be brought in step again"
    ENDED = "the shell has ended, or was closed"


@final
class Shell:
    """A shell or REPL in which commands are run; made by `chat.shell`.

    It remembers: directories, variables, functions, the status of the last command. Close
    it, or use it in a `with` block.

    Args:
        session: The conversation with it, which the shell owns from now on.
        language: How it is talked to.
        clock: What to ask about time; for tests.

    Attributes:
        session: The session below, for what is not a command; a listener or a log, say.
    """

    def __init__(
        self, session: Session[str], language: Language, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self.session: Final = session
        self._language: Final = language
        self._clock: Final = clock
        self._state = State.READY

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Shell: {self._state.value}, on {self.session!r}>"

    def run(
        self,
        command: str,
        *,
        timeout: float | None | Unset = UNSET,
        respond: Respond = None,
        check: bool = False,
    ) -> ShellResult:
        """Run a command, or several lines of them, and wait for the end.

        What jobs in the background say between two commands is in neither's output.

        Args:
            command: What to run: any text in the shell's language.
            timeout: Seconds it may take. Left out: the session's own. None: no limit.
            respond: Prompts to answer, as in `Session.expect`. With it, even if it is empty,
                the command's standard input is the terminal; without it, a shell's or
                Python's command reads nothing but the end of its input.
            check: Raise if the command failed.

        Returns:
            Its output, status and duration.

        Raises:
            RunTimeout: It did not end in time, and was interrupted. `output` holds what it
                had said. The shell is ready for the next command.
            ShellDesynchronised: The same, and it ignored that. The shell is of no more use.
            ShellExited: The shell has ended, by `exit` or otherwise, and is closed.
            CommandFailed: Its status is not 0, and `check` was asked for.
            CommandError: No shell can be given such a command.
            SendError: It could not be sent.
            StreamOverflow: It said more than the session may keep; the next command
                interrupts it.
            SessionClosed: The shell has been closed, or ended before.
        """
        limit = self._limit(timeout)
        self._get_ready()
        session, time = self.session, Countdown(limit, self._clock)
        mark = session.mark()
        try:
            self._state = State.BEHIND
            output, code = self._language.exchange(session, command, time, respond)
        except CommandError:
            self._state = State.READY  # it was not sent
            raise
        except ExpectTimeout:
            said = self._language.said(session.since(mark) + session.peek())
            del mark  # and what it holds
            raise self._interrupt(said, limit) from None
        except (UnexpectedEOF, PeerGone) as error:
            said = self._language.said(session.since(mark) + session.peek())
            raise self._ended(said) from error
        self._state = State.READY
        result = ShellResult(output, ExitStatus(code, duration=time.passed), time.passed)
        if check and not result.ok:
            raise CommandFailed(command, output=output, exit_status=result.exit_status)
        return result

    def sudo(
        self,
        command: str,
        secret: Secret | str | None = None,
        *,
        user: str = "root",
        timeout: float | None | Unset = UNSET,
        respond: Respond = None,
        check: bool = False,
    ) -> ShellResult:
        """Run a command as another user, by `sudo`, and wait for the end.

        It is run by `sh`; of what the shell knows, it knows what `sudo` lets through.

        Args:
            command: What to run, in the language of `sh`.
            secret: The password that `sudo` asks for, if it does. It is sent once, to this
                `sudo` only.
            user: Whom to run it as.
            timeout, respond, check: As in `run`.

        Returns:
            The command's own output, status and duration.

        Raises:
            SudoFailed: `sudo` did not run it: the password was wrong, or is not there, or
                the user may not do this. The shell goes on.
            RunTimeout, ShellExited, CommandFailed and others: As `run`.
        """
        kept = Secret(secret) if isinstance(secret, str) else secret
        return sudo(
            self.run,
            self.session,
            command,
            kept,
            user=user,
            respond=respond,
            check=check,
            timeout=timeout,
        )

    def close(self) -> ExitStatus | None:
        """End the shell with all that runs in it. Twice is once.

        Returns:
            How it ended; `None` if it is not a process of this machine.
        """
        self._state = State.ENDED
        return self.session.close()

    def _limit(self, timeout: float | None | Unset) -> float | None:
        if isinstance(timeout, Unset):
            return self.session.timeout
        check_seconds("timeout", timeout)
        return timeout

    def _get_ready(self) -> None:
        """See that a command can be run now."""
        if self._state is State.ENDED:
            raise SessionClosed(self._state.value)
        if self._state is State.LOST:
            raise ShellDesynchronised(self._state.value)
        if self._state is State.BEHIND:
            self._recover("a command before this one did not end")

    def _interrupt(self, said: str, limit: float | None) -> RunTimeout:
        code = self._recover(f"the command did not end in {seconds(limit)}")
        return RunTimeout(
            f"the command did not end in {seconds(limit)} and was interrupted;"
            " the shell goes on",
            output=said,
            exit_status=ExitStatus(code),
        )

    def _recover(self, reason: str) -> int | None:
        try:
            code = self._language.recover(self.session, Countdown(PATIENCE, self._clock))
        except (UnexpectedEOF, PeerGone) as error:
            raise self._ended("") from error
        except ExpectError as error:
            self._state = State.LOST
            raise ShellDesynchronised(f"{reason}, and ignored the interrupt") from error
        self._state = State.READY
        return code

    def _ended(self, said: str) -> ShellExited:
        status = self.session.exit_status
        self.close()
        return ShellExited(output=said, exit_status=status or self.session.exit_status)
