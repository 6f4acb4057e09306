"""Comm.pl 1.8 by Eric Arnold, to which Perl's *perlipc* sends its readers, in its own words:

    from chat.compat.comm import close_it, expect, interact, open_proc

    pty, tty, pid = open_proc("telnet somehost")
    match, err, before, after = expect(pty, 10, "login:")

It is a face over `chat`: a handle is a session, which prints by `send`, and whose lines are
there by `for line in handle`. `open_listen` gives a `chat.Listener`, and `open_udp_port` with
two arguments a `socket.socket`. `expect`, `interact` and `select_it` take whatever has a
descriptor. What differs from Comm.pl is meant:

- Where Perl returns a list or its first member, as is wanted, this returns the list, with
  names: `expect(...).match`, `open_proc(...).pty`. An undefined value is `None`.
- Opening says why it failed to the logger `chat.compat.comm`, and gives `None`.
- `open_listen` without a host listens on this machine alone: `"*"` is every address.
- A connection that *failed* raises `chat.ConnectionLost`, where Comm.pl saw an end.
- Nothing sleeps or polls: `close_it` waits for the program's end, `interact` for a key.
- `interact` sets the terminal's modes itself, and puts back what was there. What is typed
  behind a string, and what a program says behind a match, is there afterwards.
- `init` need not be called. Patterns are Python's regular expressions.

Its private functions (`getpty`, `do_tty_child` …) are what `chat.spawn` is for.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from chat.compat._comm_handles import (
    Handle,
    Proc,
    close_it,
    close_noshutdown,
    descriptor_of,
    known_session,
    open_dupprochandle,
    open_dupsockethandle,
    session_of,
)
from chat.compat._comm_interact import Relay
from chat.compat._comm_network import (
    Accepted,
    Sender,
    accept_it,
    open_listen,
    open_port,
    open_udp_port,
    recv_from,
    send_to,
    sockaddr_struct,
)
from chat.compat._comm_programs import (
    Waited,
    open_proc,
    stty_ioctl,
    stty_raw,
    stty_sane,
    wait_hang,
    wait_nohang,
)
from chat.core.patterns import EOF, TIMEOUT, Regex, regex
from chat.timing import READABLE, SYSTEM_CLOCK, deadline_after, seconds_until

__all__ = [
    "Accepted",
    "Expected",
    "Interacted",
    "Proc",
    "Sender",
    "Waited",
    "accept_it",
    "close_it",
    "close_noshutdown",
    "expect",
    "init",
    "interact",
    "open_dupprochandle",
    "open_dupsockethandle",
    "open_listen",
    "open_port",
    "open_proc",
    "open_udp_port",
    "recv_from",
    "select_it",
    "send_to",
    "sockaddr_struct",
    "stty_ioctl",
    "stty_raw",
    "stty_sane",
    "wait_hang",
    "wait_nohang",
]

VERSION: Final = 1.8

EXPORTED: Final = (
    *("open_port", "open_listen", "open_udp_port", "open_proc", "send_to", "recv_from"),
    *("accept_it", "select_it", "expect", "interact", "close_noshutdown", "close_it"),
    *("stty_sane", "stty_raw", "stty_ioctl"),
)
"""What `init` exports unless it is told what to."""

ABSOLUTE: Final = 600_000_000
"""From here on, a number of seconds is a time since 1970, and below it one from now."""


def init(*wanted: float | str) -> dict[str, Callable[..., Any]]:
    """Comm.pl's functions by name: `globals().update(init())` exports them.

    Args:
        wanted: A version, which draws a warning if it is another; and names, if not all that
            Comm.pl exports are wanted.

    Raises:
        LookupError: There is no function of such a name.
    """
    names = [str(each) for each in wanted]
    if names and re.fullmatch(r"[\d.-]+", names[0]):
        version = names.pop(0)
        if float(version) != VERSION:
            said = f"this is version {VERSION} of Comm.pl, not {version}"
            warnings.warn(said, stacklevel=2)
    unknown = [name for name in names if name not in __all__]
    if unknown:
        raise LookupError(f"Comm.pl has no {unknown[0]!r}")
    return {name: globals()[name] for name in names or EXPORTED}


class Expected(NamedTuple):
    """What `expect` has to say.

    Attributes:
        match: What matched; `None` if nothing did.
        err: `""`, `"TIMEOUT"` or `"EOF"`.
        before: What had come before the match, or all that had if there was none.
        after: What has come behind it, and is kept.
    """

    match: str | None
    err: str
    before: str
    after: str


def expect(fh: Handle, timeout: float | None, *patterns: Any) -> Expected:
    """Wait until one of several regular expressions matches in what has come.

    The first in their order that matches wins, wherever, so that the answer may depend on
    how much had come; `chat.Session.expect` has a rule that does not. That goes for handles
    of this module; a session of `chat`'s own keeps its order.

    A match takes what was before it along; a timeout takes nothing, an end everything. If the
    program has ended, and others still hold its terminal, a timeout counts as the end.

    Args:
        fh: Where. A file or a socket of somebody else's is adopted as `chat.attach` does.
        timeout: Seconds; or when to give up, in seconds since 1970. `None`: no limit.
        patterns: Regular expressions, as text or compiled.

    Raises:
        ConnectionLost: The connection failed.
        StreamOverflow: More came than is kept.
        PatternError: A regular expression does not compile.
    """
    session = session_of(fh)
    seconds = timeout
    if timeout is not None and timeout >= ABSOLUTE:
        seconds = max(0.0, timeout - time.time())
    if not session.is_alive():
        seconds = 0  # all that it said is here, or will never be
    match = session.expect(*_regexes(patterns), EOF, TIMEOUT, timeout=seconds)
    if match.pattern is EOF:
        return Expected(None, "EOF", match.before, "")
    if match.pattern is not TIMEOUT:
        return Expected(match.text, "", match.before, session.peek())
    if session.is_alive():
        return Expected(None, "TIMEOUT", match.before, "")
    return Expected(None, "EOF", session.read_nowait(), "")


class Interacted(NamedTuple):
    """What ended it: what matched, and `""`; or `None`, and `"EOF"`."""

    match: str | None
    err: str


def interact(*arguments: Any) -> Interacted:
    """Connect the person at this process's standard input and output with a program.

    `interact(string, ..., handle, pattern, ...)`: what stands before the handle is text that
    ends it when it is typed, which the program is not told; what may become one is held back
    until it is clear that it does not. What stands behind are regular expressions that end it
    when the program says it, within a line. When standard input ends, the program is told.

    Raises:
        TypeError: There is no handle among the arguments.
        SendError: What was typed could not be sent.
    """
    place = next((n for n, each in enumerate(arguments) if not isinstance(each, str)), None)
    if place is None:
        raise TypeError("interact needs a handle between its strings and its patterns")
    compiled = [each.compiled for each in _regexes(arguments[place + 1 :])]
    relay = Relay(session_of(arguments[place]), arguments[:place], compiled)
    return Interacted(*relay.run())


def _regexes(patterns: Iterable[Any]) -> list[Regex]:
    return [regex(each) if isinstance(each, str) else Regex(each) for each in patterns]


def select_it(timeout: float | None, *handles: Handle) -> list[Handle]:
    """Wait until there is something to read, to accept, or an end.

    Args:
        timeout: Seconds; `None`: no limit.
        handles: Sessions, listeners, sockets, files. What a session has taken in already
            counts.

    Returns:
        Those that are ready; none if the time ran out.
    """
    deadline = deadline_after(SYSTEM_CLOCK.now(), timeout)
    wait = SYSTEM_CLOCK.waiter(dict.fromkeys(map(descriptor_of, handles), READABLE))
    while True:
        left = seconds_until(deadline, SYSTEM_CLOCK.now())
        told = any(known_session(each) is not None and _has_news(each) for each in handles)
        seen = {descriptor for descriptor, _ in wait(0 if told else left)}
        ready = [
            each
            for each in handles
            if (known_session(each) is None and descriptor_of(each) in seen) or _has_news(each)
        ]
        if ready or left == 0:
            return ready


def _has_news(handle: Handle) -> bool:
    """Whether the session behind a handle, if there is one, has something to say."""
    session = known_session(handle)
    return session is not None and (bool(session.peek()) or session.ended)
