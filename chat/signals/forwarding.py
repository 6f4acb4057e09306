"""Passing the signals that come to us on to a program, as a shell's `exec` would have it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from chat.errors import NotSupported, SessionClosed
from chat.signals.blocks import DEFAULT, by_number, local
from chat.signals.handling import Handling
from chat.signals.names import number

FORWARDED: Final = ("INT", "QUIT", "TSTP", "CONT", "WINCH", "TERM")
"""What `forward` passes on unless told otherwise."""


class Recipient(Protocol):
    """What signals are passed on to: a session."""

    def signal(self, which: str | int, *, foreground: bool = False) -> None:
        """Send a signal to its program's process group, or to the one in the foreground."""

    def resize(self, rows: int, columns: int) -> None:
        """Give its terminal another size."""


Passing: TypeAlias = Callable[[Recipient, str], None]


def forward(session: Recipient, *signals: str | int) -> Handling:
    """Pass signals on to a session's program, for a block, instead of acting on them.

        with chat.spawn(["vim", "notes"]) as s, chat.signals.forward(s):
            s.wait(timeout=None)

    As with `chat.signals.handle`, that happens while the program waits in `chat`, by
    `dispatch`, and at the end of the block.

    * SIGINT and SIGQUIT go to whatever is in the foreground of the session's terminal.
    * SIGTSTP stops the program and then this one. Once this one is continued, so is the
      program.
    * SIGCONT wakes the program.
    * SIGWINCH gives the session's terminal the size of ours.
    * All others, SIGTERM among them, go to the program's process group.

    That the program has ended is no error: there is nobody to pass anything on to.

    Args:
        session: Whose program it is.
        signals: Which, by name or number. Left out: `FORWARDED`.

    Raises:
        ValueError, NotSupported: As `chat.signals.local`.
    """
    numbers = {number(which): DEFAULT for which in signals or FORWARDED}

    def pass_on(which: str) -> None:
        # It may be another user's by now, or closed: whoever waits for it hears of that.
        with contextlib.suppress(PermissionError, SessionClosed):
            _PASSING.get(which, _to_the_group)(session, which)

    return Handling(dict.fromkeys(by_number(numbers), pass_on))


def _to_the_group(session: Recipient, which: str) -> None:
    session.signal(which)


def _to_the_foreground(session: Recipient, which: str) -> None:
    session.signal(which, foreground=True)


def _to_both(session: Recipient, which: str) -> None:
    """The foreground first: a shell that wakes finds its job as it was."""
    session.signal(which, foreground=True)
    session.signal(which)


def _stop(session: Recipient, which: str) -> None:
    """Stop the program, then ourselves; and go on together.

    SIGTSTP itself would not stop it: the kernel drops that, unless it is handled, for a
    process group whose parents are all in other sessions, as they are of a session's.
    """
    session.signal("STOP")
    session.signal("STOP", foreground=True)
    with local({which: DEFAULT}):
        signal.raise_signal(number(which))
        # Here somebody has continued us; or nobody could have, and the kernel did not stop us.
    _to_both(session, "CONT")


def _resize(session: Recipient, _which: str) -> None:
    size = _our_size()
    if size is not None:
        with contextlib.suppress(NotSupported):  # it has no terminal
            session.resize(size.lines, size.columns)


def _our_size() -> os.terminal_size | None:
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(descriptor)
            if size.lines and size.columns:
                return size
    return None


_PASSING: Final[dict[str, Passing]] = {
    "SIGINT": _to_the_foreground,
    "SIGQUIT": _to_the_foreground,
    "SIGTSTP": _stop,
    "SIGCONT": _to_both,
    "SIGWINCH": _resize,
}
