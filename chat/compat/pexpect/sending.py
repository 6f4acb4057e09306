"""Sending to a child: all of it, in time, and a password not before the echo is off.

pexpect sleeps 50 ms before it sends anything, because a program may print its prompt for a
password before it switches the echo off. Here the prompt is looked at: behind one that asks
for a password, the terminal is watched until the echo is off, or until the program reads with
the echo on, which says that it will stay so. Everything else is sent at once.
"""

from __future__ import annotations

import errno
import os
import re
import select
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from pexpect.exceptions import TIMEOUT, ExceptionPexpect

from chat.errors import NotSupported
from chat.timing import READABLE, WRITABLE, milliseconds
from chat.transports.terminal import PtyTerminal
from chat.values import Secret

ASKS_FOR_SECRET: Final = re.compile(
    r"(?:pass(?:word|phrase|code)|\bpin\b|secret|token|verification code|otp)[^\n]{0,80}$",
    re.IGNORECASE,
)
"""What stands at the end of a text that asks for something nobody may see."""

PROMPT: Final = 160
"""Characters at the end of a text that are looked at for a prompt."""

PATIENCE: Final = 1.0
"""Seconds to wait for the echo to go off. A program that has asked does it at once; one that
neither does nor reads is busy, and gets its line as it did from pexpect."""

OUT_OF_SIGHT: Final = 0.05
"""Seconds to wait, behind a prompt for a password, where the terminal's own echo is off and
lines are not gathered: the echo is then another's, behind an ssh for instance, and cannot be
seen. It is what pexpect sleeps."""

END_PATIENCE: Final = 0.05
"""Seconds to wait for a program to read before it is sent an end-of-file character, which
otherwise waits for it."""

INTERRUPT_PATIENCE: Final = 0.01
"""The same before an interrupt, which is for programs at work as a rule."""

SHORT: Final = 1024
"""Bytes of which no system's terminal takes less in a line, so that less needs no question."""

SHORTEST_SECRET: Final = 4
"""Characters of an answer that is masked from then on. Shorter ones are no passwords, and to
mask them would mask half of every message."""


def asks_for_secret(text: str | bytes) -> bool:
    """Whether a text ends in a prompt for a password."""
    tail = text[-PROMPT:]
    shown = tail if isinstance(tail, str) else tail.decode("latin-1")
    return ASKS_FOR_SECRET.search(shown) is not None


def wait_until_unseen(terminal: PtyTerminal, hear: Callable[[float], bool]) -> None:
    """Wait, behind a prompt for a password, until what is typed does not show.

    Args:
        hear: Waits so many seconds for the child to say more; whether it did.
    """
    until, step = monotonic() + PATIENCE, 0.001
    with suppress(NotSupported):
        if not (terminal.echo or terminal.canonical):
            hear(OUT_OF_SIGHT)
        while _may_go_off(terminal) and monotonic() < until:
            if hear(step):
                return  # the prompt was not the end of what it has to say
            step = min(2 * step, 0.02)


def _may_go_off(terminal: PtyTerminal) -> bool:
    """Whether the echo is on, and the program does not yet read with it on."""
    if not terminal.echo:
        return False
    with suppress(NotSupported):
        return not terminal.input_wait()
    return True


def wait_until_read(
    terminal: PtyTerminal, hear: Callable[[float], bool], seconds: float
) -> None:
    """Wait a moment for the program to read its terminal.

    An end-of-file character means what it does to the mode in which it comes: one that comes
    between two reads of a program that edits lines itself is lost. So is an interrupt that
    reaches a shell between its prompt and its read. pexpect is slow enough for that to be rare.

    Args:
        hear: Waits so many seconds for the child to say more; whether it did.
        seconds: How long. A program that is at work does not read.
    """
    until, step = monotonic() + seconds, 0.001
    with suppress(NotSupported):
        while terminal.in_use() and not terminal.input_wait() and monotonic() < until:
            hear(step)
            step = min(2 * step, 0.01)


def keep_secret(text: str | bytes) -> None:
    """Mask what was answered to a prompt for a password, in messages from now on."""
    shown = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    plain = shown.strip("\r\n")
    if len(plain) >= SHORTEST_SECRET:
        Secret(plain)


def check_lines(terminal: PtyTerminal, data: bytes) -> None:
    """Refuse a line of which the terminal would lose the end, before anything is sent.

    Raises:
        ExceptionPexpect: There is one.
    """
    limit = terminal.line_limit()
    if len(data) < limit:
        return
    with suppress(NotSupported):
        if not terminal.canonical:
            return
        ended = data.replace(b"\r", b"\n").replace(terminal.control("eof"), b"\n")
        longest = max(map(len, ended.split(b"\n")))
        if longest >= limit:
            raise ExceptionPexpect(
                f"A line of {longest} bytes is longer than the {limit - 1} that the terminal"
                " takes in canonical mode. Nothing was sent."
            )


def write_all(
    descriptor: int,
    data: bytes,
    timeout: float | None,
    source: int,
    hear: Callable[[], bool],
) -> int:
    """Write all of it to a descriptor that may block, reading what is said meanwhile.

    Args:
        timeout: Seconds it may take; `None`: no limit.
        source: Where the other side is heard.
        hear: Reads what has come there; whether more may come.

    Returns:
        The number of bytes.

    Raises:
        TIMEOUT: The other side did not take it all in time.
        OSError: It is gone.
    """
    os.set_blocking(descriptor, False)
    try:
        sent = _write_some(descriptor, data)
        if sent < len(data):
            sent += _write_rest(descriptor, data, sent, timeout, source, hear)
        return sent
    finally:
        with suppress(OSError):
            os.set_blocking(descriptor, True)


def _write_some(descriptor: int, data: bytes) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:
        return 0


def _write_rest(
    descriptor: int,
    data: bytes,
    sent: int,
    timeout: float | None,
    source: int,
    hear: Callable[[], bool],
) -> int:
    began, first, listens = monotonic(), sent, True
    while sent < len(data):
        left = None if timeout is None else began + timeout - monotonic()
        if left is not None and left <= 0:
            raise TIMEOUT(f"Timeout exceeded. Sent {sent} of {len(data)} bytes.")
        poller = select.poll()
        poller.register(descriptor, WRITABLE)
        if listens:
            both = WRITABLE | READABLE if source == descriptor else READABLE
            poller.register(source, both)
        ready = dict(poller.poll(milliseconds(left)))
        if ready.get(source, 0) & READABLE and listens:
            listens = hear()
        if ready.get(descriptor, 0) & WRITABLE:
            sent += _write_some(descriptor, data[sent:])
        elif not listens:
            raise OSError(errno.EIO, "The other side is gone.")
    return sent - first
