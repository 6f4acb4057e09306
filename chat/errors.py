"""Every error `chat` raises on purpose.

Each one also inherits what a stranger to `chat` would catch:

    ChatError
    ├── ExpectError               a wait that ended without what was awaited
    │   ├── ExpectTimeout         · TimeoutError
    │   └── UnexpectedEOF         · EOFError
    │       └── ConnectionLost    · ConnectionError
    ├── SendError                 not everything could be sent
    │   ├── SendTimeout           · TimeoutError
    │   ├── LineTooLong           · ValueError     (nothing was sent)
    │   ├── EchoStillOn           · TimeoutError   (nothing was sent)
    │   └── PeerGone              · BrokenPipeError
    ├── ConnectFailed             · ConnectionError
    │   ├── ConnectTimeout        · TimeoutError
    │   ├── ConnectRefused        · ConnectionRefusedError
    │   ├── HostNotFound          · LookupError
    │   ├── HandshakeFailed       · ConnectionAbortedError
    │   │   └── CertificateRejected · ValueError
    │   └── HostKeyRefused                         (of ssh; nothing secret was sent)
    │       ├── HostKeyUnknown
    │       └── HostKeyChanged
    ├── ListenFailed              · OSError
    ├── AcceptTimeout             · TimeoutError   (nobody has called)
    ├── UrlError                  · ValueError     (an unknown scheme, no host, a bad port)
    ├── CertificateUnusable       · ValueError     (a file of ours: certificate, key, CAs)
    ├── UnreadPlaintext           · ConnectionError (said before TLS, and not consumed)
    ├── SpawnFailed               · OSError
    │   ├── CommandNotFound       · FileNotFoundError
    │   └── CommandNotPermitted   · PermissionError
    ├── DeviceFailed              · OSError
    │   ├── DeviceNotFound        · FileNotFoundError
    │   └── DeviceNotPermitted    · PermissionError
    ├── MissingExtra              · ImportError    (a library that is not installed)
    ├── LoginFailed               · PermissionError
    │   └── PasswordExpired
    ├── SudoFailed                · PermissionError
    ├── WaitTimeout               · TimeoutError   (the program has not ended)
    ├── RunTimeout                · TimeoutError   (`chat.run` ended the program)
    ├── TimeRanOut                · TimeoutError   (of a `chat.timeout` block)
    ├── SignalFailed              · OSError        (it could not be sent)
    │   ├── ProcessGone           · ProcessLookupError
    │   └── SignalNotPermitted    · PermissionError
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
    ├── ProtocolError             · ConnectionError  (the other side breaks its protocol)
    └── NotSupported              · OSError        (this system or transport cannot)

A secret never shows: whatever text enters a message goes through
`chat.values.redact` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from chat.values import ExitStatus, redact

if TYPE_CHECKING:
    from chat.alarms import TimeLimit

TAIL_SHOWN: Final = 240
"""Characters of the last output shown in a message: three lines of a terminal."""


EndedBy: TypeAlias = Literal["timeout", "deadline", "idle", "stall", "end"]
"""What ended a wait."""


class ChatError(Exception):
    """The root of all errors of `chat`. Its message never shows a secret.

    It can be pickled, and so comes back from another process as what it was.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*(redact(each) if isinstance(each, str) else each for each in said))

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own calls the class with `args`, which is not what it was made from.
        code = getattr(self, "errno", None)  # of an OSError: it is no attribute in its dict
        return _made_again, (type(self), self.args, code), self.__dict__


def _made_again(kind: type[ChatError], said: tuple[object, ...], code: int | None) -> ChatError:
    base: Any = kind  # down to the built-in class that decides how it lies in memory
    while base.__module__ != "builtins":
        base = base.__base__
    made: ChatError = base.__new__(kind)
    made.args = said
    if isinstance(made, OSError):
        made.errno = code
    return made


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
        timeout: The seconds of what ended the wait, or `None` for no limit.
        ended_by: What that was: the wait's own `"timeout"`, the `"deadline"` of a block, a
            silence longer than `"idle"` allows, a `"stall"` of the program; or its `"end"`.
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
        ended_by: EndedBy = "timeout",
    ) -> None:
        self.ended_by: Final[EndedBy] = ended_by
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
        awaited, limit = join_alternatives(self.awaited), seconds(self.timeout)
        if self.ended_by == "deadline":
            return f"waited for {awaited} until the deadline of {limit}"
        if self.ended_by == "idle":
            return f"nothing came for {limit} while waiting for {awaited}"
        if self.ended_by == "stall":
            return f"the program did nothing for {limit} while waiting for {awaited}"
        return f"waited {limit} for {awaited}"


class UnexpectedEOF(ExpectError, EOFError):
    """The other side closed before anything awaited came. Nothing was consumed."""

    def _headline(self) -> str:
        return f"the end came while waiting for {join_alternatives(self.awaited)}"


class ConnectionLost(UnexpectedEOF, ConnectionError):
    """The connection failed, which is not its end: something may be missing.

    What came before is not consumed. `state` says how it failed.
    """

    def _headline(self) -> str:
        return f"the connection failed while waiting for {join_alternatives(self.awaited)}"


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


class ConnectFailed(ChatError, ConnectionError):
    """No connection came about. No descriptor is left.

    Attributes:
        target: Where to, as a URL.
        reason: Why not, in words.
        attempts: Each address that was tried, with what came of it.
    """

    _verdict = "cannot connect to"

    def __init__(
        self, target: str, reason: str, attempts: Sequence[str] = (), *, code: int | None = None
    ) -> None:
        lines = [f"{self._verdict} {target}: {reason}", *attempts]
        super().__init__("\n  ".join(lines))
        self.target: Final = target
        self.reason: Final = reason
        self.attempts: Final = tuple(attempts)
        self.errno = code


class ConnectTimeout(ConnectFailed, TimeoutError):
    """No connection came about in time."""


class ConnectRefused(ConnectFailed, ConnectionRefusedError):
    """Nobody listens there."""


class HostNotFound(ConnectFailed, LookupError):
    """The host's name has no address."""


class HandshakeFailed(ConnectFailed, ConnectionAbortedError):
    """There is a connection, and TLS did not come about on it; it was closed."""

    _verdict = "no TLS with"


class CertificateRejected(HandshakeFailed, ValueError):
    """The other side's certificate is not to be trusted, has expired, or is for another."""


class ListenFailed(ChatError, OSError):
    """An address cannot be listened on: it is in use, or may not be had.

    Attributes:
        target: The address, as a URL.
        reason: Why not, in words.
    """

    def __init__(self, target: str, reason: str, *, code: int | None = None) -> None:
        super().__init__(f"cannot listen on {target}: {reason}")
        self.target: Final = target
        self.reason: Final = reason
        self.errno = code


class AcceptTimeout(ChatError, TimeoutError):
    """Nobody has called in time; the listener listens on."""


class UrlError(ChatError, ValueError):
    """A URL names no known scheme, or is not one of its scheme's."""


class CertificateUnusable(ChatError, ValueError):
    """A file of ours cannot be used: a certificate, its key, or a list of authorities."""


class UnreadPlaintext(ChatError, ConnectionError):
    """Something was said before TLS and is not consumed: it must not count as said within.

    Either a part of the other side's answer was not awaited, or somebody on the way has
    slipped it in. Nothing was changed.
    """


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


class HostKeyRefused(ConnectFailed):
    """The host did not show a key that is trusted. Nothing secret was sent to it.

    Attributes:
        fingerprint: The fingerprint of the key it showed, if ssh has said it.
    """

    def __init__(self, target: str, reason: str, *, fingerprint: str | None = None) -> None:
        super().__init__(target, reason)
        self.fingerprint: Final = fingerprint


class HostKeyUnknown(HostKeyRefused):
    """Nothing is known of the host's key: it may be the right one or not."""


class HostKeyChanged(HostKeyRefused):
    """The host's key is another one than is known, or pinned: somebody may be in between."""


class DeviceFailed(ChatError, OSError):
    """A device could not be opened.

    Attributes:
        device: Its path.
        reason: Why not, in words.
    """

    def __init__(self, device: str, reason: str, *, code: int | None = None) -> None:
        super().__init__(f"cannot open {device}: {reason}")
        self.device: Final = device
        self.reason: Final = reason
        self.errno = code


class DeviceNotFound(DeviceFailed, FileNotFoundError):
    """There is no such device."""


class DeviceNotPermitted(DeviceFailed, PermissionError):
    """There is such a device, and we may not open it."""


class MissingExtra(ChatError, ImportError):
    """What was asked for needs a library that is not installed.

    Attributes:
        extra: The extra of `ipc-chat` that brings it.
    """

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(f"{what} need {library}: pip install 'ipc-chat[{extra}]'")
        self.extra: Final = extra


class LoginFailed(ChatError, PermissionError):
    """The other side was reached, and did not let us in.

    Attributes:
        target: Where, as given.
        reason: Why not, in words.
    """

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"cannot log in to {target}: {reason}")
        self.target: Final = target
        self.reason: Final = reason


class PasswordExpired(LoginFailed):
    """The password was right, and must be changed before it is of use."""


class SudoFailed(ChatError, PermissionError):
    """`sudo` did not run the command.

    Attributes:
        reason: Why not, in words.
        output: What it said.
    """

    def __init__(self, reason: str, *, output: str) -> None:
        came = f"\nlast came {last_text(output)}" if output else ""
        super().__init__(f"sudo did not run the command: {reason}{came}")
        self.reason: Final = reason
        self.output: Final = output


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


class TimeRanOut(ChatError, TimeoutError):
    """A block has taken longer than `chat.timeout` allows, and was interrupted.

    Attributes:
        limit: The block's limit, as `with chat.timeout(…) as limit` gives it.
    """

    def __init__(self, limit: TimeLimit) -> None:
        super().__init__(f"the time ran out that a block may take: {seconds(limit.seconds)}")
        self.limit: Final = limit


class SignalFailed(ChatError, OSError):
    """A signal could not be sent; `errno` says why."""


class ProcessGone(SignalFailed, ProcessLookupError):
    """There is no such process, or no such process group."""


class SignalNotPermitted(SignalFailed, PermissionError):
    """The process belongs to another user."""


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


class ProtocolError(ChatError, ConnectionError):
    """The other side does not keep to its protocol, so that nothing can be made of it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.strerror = message  # as of any failure of a connection


class NotSupported(ChatError, OSError):
    """This system, or this kind of transport, cannot do what was asked."""
