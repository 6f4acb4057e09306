"""One command under `sudo`, in a shell that goes on as it was.

This is what the shell is given for `id`, as user `root`:

    sudo -p '\\036chat 4f1c…\\036' -u root -- sh -c 'printf …; exec </dev/null; id'

The prompt carries a nonce, so that nothing but this `sudo` can ask for the secret; and the
command begins by printing another, so that its output, and its status, are told apart from
what `sudo` has to say itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

from chat.core.dialogues import Answering
from chat.core.match import Match
from chat.errors import CommandFailed, RunTimeout, SudoFailed
from chat.session import Session
from chat.shell.language import fresh_nonce
from chat.shell.results import ShellResult
from chat.values import Secret

REASONS: Final[tuple[tuple[str, str], ...]] = (
    ("is not in the sudoers file", "the user is not in the sudoers file"),
    ("is not allowed to", "the user is not allowed to run it"),
    ("may not run sudo", "the user may not run sudo"),
    ("must have a tty", "it wants a terminal, and there is none"),
    ("terminal is required", "it wants a terminal to ask for a password, and there is none"),
    ("no tty present", "it wants a terminal to ask for a password, and there is none"),
    ("unknown user", "there is no such user"),
    (
        "account validation failure",
        "the account may not be used",
    ),
    ("not found", "there is no sudo"),
)
"""Why it refused, by a part of what it says (in English; in another language, what it says
last stands for itself)."""


class Asking:
    """Answers the prompt of one `sudo`, once.

    Args:
        session: Where it asks.
        secret: What to answer, if there is anything.

    Attributes:
        refused: Why the prompt was answered by the end of input, if it was.
    """

    def __init__(self, session: Session[str], secret: Secret | None) -> None:
        self._session: Final = session
        self._secret: Final = secret
        self._asked = False
        self.refused: str | None = None

    def __call__(self, match: Match[Any]) -> Secret | None:
        """The secret; the second time it was wrong, and is not tried again: some systems
        lock the account.
        """
        again, self._asked = self._asked, True
        if self._secret is not None and not again:
            return self._secret
        self.refused = "the password was not accepted" if again else NOT_GIVEN
        # Not an interrupt: one that comes just before sudo blocks in reading is lost to it.
        self._session.sendcontrol("d")
        return None


NOT_GIVEN: Final = "it asks for a password, and none was given"


def sudo(
    run: Callable[..., ShellResult],
    session: Session[str],
    command: str,
    secret: Secret | None,
    *,
    user: str,
    respond: Mapping[Any, Answering] | None,
    check: bool,
    **options: Any,  # `run`'s own
) -> ShellResult:
    """Run a command under `sudo`; see `Shell.sudo`.

    Args:
        run: Runs a command in the shell.
        session: The shell's.
    """
    asks, runs = (f"chat {fresh_nonce()}" for _ in range(2))
    asking = Asking(session, secret)
    line = _line(command, user, asks, runs, reads=respond is not None)
    # The line has the marks in it, but not as they are printed.
    respond = {f"\x1e{asks}\x1e": asking, **(respond or {})}
    began = f"\x1e{runs}\x1e"
    try:
        result = run(line, respond=respond, **options)
    except RunTimeout as error:
        output = str(error.output).rpartition(began)[2]
        raise RunTimeout(
            str(error), output=output, exit_status=error.exit_status
        ) from error.__cause__
    before, ran, output = result.output.partition(began)
    if not ran:
        said = before.replace(f"\x1e{asks}\x1e", "").strip()
        raise SudoFailed(asking.refused or _reason(said), output=said)
    result = ShellResult(output, result.exit_status, result.duration)
    if check and not result.ok:
        raise CommandFailed(command, output=output, exit_status=result.exit_status)
    return result


def _line(command: str, user: str, asks: str, runs: str, *, reads: bool) -> str:
    script = f"printf '\\036{runs}\\036';" + ("" if reads else "exec </dev/null;\n") + command
    prompt = f"\"$(printf '\\036{asks}\\036')\""
    return f"sudo -p {prompt} -u {shlex.quote(user)} -- sh -c {shlex.quote(script)}"


def _reason(said: str) -> str:
    for part, reason in REASONS:
        if part in said:
            return reason
    return said.rpartition("\n")[2] or "it said nothing"
