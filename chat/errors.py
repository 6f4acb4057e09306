"""Every error `chat` raises on purpose.

Each one also inherits what a stranger to `chat` would catch:

    ChatError
    ├── ExpectError               a wait that ended without what was awaited
    │   ├── ExpectTimeout         · TimeoutError
    │   └── UnexpectedEOF         · EOFError
    ├── SendError                 not everything could be sent
    │   ├── SendTimeout           · TimeoutError
    │   ├── LineTooLong           · ValueError     (nothing was sent)
    │   ├── EchoStillOn           · TimeoutError   (nothing was sent)
    │   └── PeerGone              · BrokenPipeError
    ├── SpawnFailed               · OSError
    │   ├── CommandNotFound       · FileNotFoundError
    │   └── CommandNotPermitted   · PermissionError
    ├── WaitTimeout               · TimeoutError   (the program has not ended)
    ├── RunTimeout                · TimeoutError   (`chat.run` ended the program)
    ├── FifoFailed                · OSError        (a named pipe cannot be opened)
    │   └── PeerAbsent            · TimeoutError   (nobody opened its other end)
    ├── LockTimeout               · TimeoutError   (others hold what is to be held)
    ├── LockFailed                · OSError        (it cannot be held safely)
    ├── IpcFailed                 · OSError        (System V memory or semaphores)
    ├── StreamOverflow            · BufferError    (more came than may be kept)
    ├── SessionClosed             · ValueError
    ├── PatternError              · ValueError
    ├── PatternTypeError          · TypeError
    ├── UnknownKey                · LookupError
    ├── CommandError              · ValueError     (an empty or malformed command)
    ├── ShellDesynchronised       · RuntimeError
    ├── ShellExited               · EOFError       (a command has ended the shell)
    ├── CommandFailed             · RuntimeError   (asked for by `check`)
    └── NotSupported              · OSError        (this system or transport cannot)

A secret never shows: whatever text enters a message goes through
`chat.values.redact` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chat.values import ExitStatus, redact

TAIL_SHOWN: Final = 240
"""Characters of the last output shown in a message: three lines of a terminal."""


class ChatError(Exception):
    """The root of all errors of `chat`. Its message never shows a secret."""

    def __init__(self, *said: object) -> None:
        super().__init__(*(redact(each) if isinstance(each, str) else each for each in said))


def last_text(came: str | bytes, limit: int = TAIL_SHOWN) -> str:
    """Show the end of what came: secrets masked, escaped, and cut to `limit` characters."""
    # Masked before it is cut: a secret cut in half would no longer be recognised.
    shown = redact(came)
    return ("…" if len(shown) > limit else "") + repr(shown[-limit:])


def seconds(amount: float | None) -> str:
    """Say a length of time as a person would: `0.25 s`, `20 s`."""
    return "without limit" if amount is None else f"{amount:g} s"


def join_alternatives(awaited: Sequence[str]) -> str:
    """Join descriptions as English does: `a`, `a or b`, `a, b or c`."""
    if len(awaited) < 2:
        return "".join(awaited) or "anything"
    return ", ".join(awaited[:-1]) + " or " + awaited[-1]


class ExpectError(ChatError):
    """A wait ended without what was awaited.

    Attributes:
        awaited: A description of each pattern, in the caller's order.
        before: All that has come and is not consumed. It stays on the session: a later
            call can still match it.
        timeout: The seconds the caller gave, or `None` for no limit.
        exit_status: How the program ended, or `None` while it runs or if there is none.
        state: The other side's state, in words.
    """

    _verdict = "did not come"

    def __init__(
        self,
        awaited: Sequence[str],
        before: str | bytes,
        *,
        timeout: float | None,
        exit_status: ExitStatus | None,
        state: str,
    ) -> None:
        self.awaited: Final = tuple(map(redact, awaited))
        self.before: Final = before
        self.timeout: Final = timeout
        self.exit_status: Final = exit_status
        self.state: Final = state
        # No arguments: `args` would show what came, and OSError take two for its errno.
        super().__init__()

    def _headline(self) -> str:
        return f"{join_alternatives(self.awaited)} {self._verdict}"

    def __str__(self) -> str:
        came = f"last came {last_text(self.before)}" if self.before else "nothing came"
        return f"{self._headline()}\n{came}\n{redact(self.state)}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._headline()}>"


class ExpectTimeout(ExpectError, TimeoutError):
    """The time ran out before anything awaited came. Nothing was consumed."""

    def _headline(self) -> str:
        return f"waited {seconds(self.timeout)} for {join_alternatives(self.awaited)}"


class UnexpectedEOF(ExpectError, EOFError):
    """The other side closed before anything awaited came. Nothing was consumed."""

    def _headline(self) -> str:
        return f"the end came while waiting for {join_alternatives(self.awaited)}"


class SendError(ChatError):
    """Not everything could be sent.

    Attributes:
        sent: Bytes that went.
        total: Bytes that were to go.
    """

    def __init__(self, message: str, *, sent: int = 0, total: int = 0) -> None:
        super().__init__(message)
        self.sent: Final = sent
        self.total: Final = total


class SendTimeout(SendError, TimeoutError):
    """The other side did not take everything in time; `sent` bytes of `total` went."""


class LineTooLong(SendError, ValueError):
    """A line is longer than the terminal takes in canonical mode; nothing was sent."""


class EchoStillOn(SendError, TimeoutError):
    """A secret was to be sent while the terminal would have shown it; nothing was sent."""


class PeerGone(SendError, BrokenPipeError):
    """The other side is gone; `sent` bytes of `total` went before that."""


class SpawnFailed(ChatError, OSError):
    """A command could not be started. No child, zombie or descriptor is left.

    Attributes:
        command: The command's name, as given.
        reason: Why, in words.
    """

    def __init__(self, command: str, reason: str, *, code: int | None = None) -> None:
        super().__init__(f"cannot start {command!r}: {reason}")
        self.command: Final = command
        self.reason: Final = reason
        self.errno = code


class CommandNotFound(SpawnFailed, FileNotFoundError):
    """There is no such command."""


class CommandNotPermitted(SpawnFailed, PermissionError):
    """The command exists and may not be executed."""


class WaitTimeout(ChatError, TimeoutError):
    """The program has not ended in time; it runs on."""


class RunTimeout(ChatError, TimeoutError):
    """`chat.run` reached its time limit and ended the program.

    Attributes:
        output: What the program had said by then.
        exit_status: How it ended once it was told to.
    """

    def __init__(
        self, message: str, *, output: str | bytes, exit_status: ExitStatus | None
    ) -> None:
        super().__init__(message)
        self.output: Final = output
        self.exit_status: Final = exit_status


class FifoFailed(ChatError, OSError):
    """A named pipe cannot be opened: it is not there, or no pipe, or not ours.

    Attributes:
        path: Where it was to be.
    """

    def __init__(self, path: str, reason: str, *, code: int | None = None) -> None:
        super().__init__(f"cannot open the FIFO {path!r}: {reason}")
        self.path: Final = path
        self.errno = code


class PeerAbsent(FifoFailed, TimeoutError):
    """Nobody opened the other end of a named pipe in time."""


class LockTimeout(ChatError, TimeoutError):
    """Others held all there is to be held, for all that time.

    Attributes:
        holders: Who they are, in words, as far as it is known.
    """

    def __init__(self, message: str, *, holders: Sequence[str] = ()) -> None:
        super().__init__("\n".join([message, *holders]))
        self.holders: Final = tuple(holders)


class LockFailed(ChatError, OSError):
    """A lock cannot be held safely: its directory is not private, or it is held already."""


class IpcFailed(ChatError, OSError):
    """System V shared memory, or a semaphore, is not there, or may not be used."""


class StreamOverflow(ChatError, BufferError):
    """More came than the session may keep. What is kept stays and can be read."""


class SessionClosed(ChatError, ValueError):
    """The session was closed by this side."""


class PatternError(ChatError, ValueError):
    """A pattern cannot be used: it is empty, or a regular expression does not compile."""


class PatternTypeError(ChatError, TypeError):
    """Something is not a pattern, or is text where the session holds bytes, or the reverse."""


class UnknownKey(ChatError, LookupError):
    """No key or control character has this name."""


class CommandError(ChatError, ValueError):
    """A command is empty or cannot be split into arguments."""


class ShellDesynchronised(ChatError, RuntimeError):
    """A shell can no longer be told apart from its commands' output; start a new one."""


class ShellExited(ChatError, EOFError):
    """A shell has ended while it ran a command, by `exit` or otherwise. It is closed.

    Attributes:
        output: What the command had said.
        exit_status: How the shell ended; `None` if it is not a process of this machine.
    """

    def __init__(self, *, output: str, exit_status: ExitStatus | None) -> None:
        ending = "has ended" if exit_status is None else str(exit_status)
        came = f"last came {last_text(output)}" if output else "nothing came"
        super().__init__(f"the shell {ending} while it ran a command\n{came}")
        self.output: Final = output
        self.exit_status: Final = exit_status


class CommandFailed(ChatError, RuntimeError):
    """A command in a shell returned another status than 0.

    Attributes:
        command: The command, as given.
        output: What it said.
        exit_status: What it returned.
    """

    def __init__(self, command: str, *, output: str, exit_status: ExitStatus) -> None:
        came = f"last came {last_text(output)}" if output else "nothing came"
        super().__init__(f"the command {exit_status}: {last_text(command, 80)}\n{came}")
        self.command: Final = command
        self.output: Final = output
        self.exit_status: Final = exit_status


class NotSupported(ChatError, OSError):
    """This system, or this kind of transport, cannot do what was asked."""
