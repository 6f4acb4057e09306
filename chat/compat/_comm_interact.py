"""A person at this process's terminal and a program, until one of them says the word."""

from __future__ import annotations

import codecs
import os
import re
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, final

from chat.errors import NotSupported, PeerGone
from chat.session import Session
from chat.timing import READABLE, SYSTEM_CLOCK

Ending = tuple[str | None, str]
"""What ended it: the string or the text that matched and `""`, or `None` and `"EOF"`."""

LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")

TYPED_AT_ONCE: Final = 1024
"""Bytes of what is typed that are sent on together."""

LINE: Final = 4096
"""Characters of a line in which matches are looked for: as long as a terminal's can be."""

ASK_AGAIN: Final = 1.0
"""Seconds between looks at whether the program runs, where the system does not announce it."""


@final
class Relay:
    """Passes on what is typed, and shows what is said.

    Args:
        session: The program.
        strings: What ends it when it is typed.
        regexes: What ends it when the program says it, within one line.
    """

    def __init__(
        self, session: Session[str], strings: Sequence[str], regexes: Sequence[Any]
    ) -> None:
        self._session: Final = session
        self._strings: Final = [each.encode() for each in strings if each]
        self._regexes: Final = regexes
        self._decoder: Final = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = b""
        self._line = ""  # what has been shown of the current line
        self._typed: int | None = sys.stdin.fileno()
        self._at_line_start = True

    def run(self) -> Ending:
        """Relay until a string is typed, a regular expression matches, or the program ends.

        The terminal gives each key as it is pressed; afterwards it has its modes again.
        """
        session = self._session
        with ExitStack() as undo:
            if self._typed is not None:
                undo.enter_context(each_key(self._typed))
            ended = undo.enter_context(end_of(session))
            while True:
                found = self._show()
                if found is not None:
                    return found, ""
                if session.ended or not session.is_alive():
                    return self._last_words()
                typed = self._typed
                ready = self._wait(ended)
                if typed in ready:
                    string = self._pass_on()
                    if string is not None:
                        return string, ""

    def _wait(self, ended: int | None) -> set[int]:
        session = self._session
        sources = [session.fileno(), self._typed, ended]
        interest = {each: READABLE for each in sources if each is not None}
        unannounced = ended is None and session.pid is not None
        waiter = SYSTEM_CLOCK.waiter(interest)
        return {descriptor for descriptor, _ in waiter(ASK_AGAIN if unannounced else None)}

    # ── what the program says ─────────────────────────────────────────────────────────────

    def _show(self) -> str | None:
        """Show what has come, up to the end of a match; that, if there is one."""
        for piece in LINES.findall(self._session.peek()):
            line = (self._line + piece)[-LINE:]
            match = next(filter(None, (each.search(line) for each in self._regexes)), None)
            # What is behind the match stays for whoever waits for it.
            behind = 0 if match is None else len(line) - match.end()
            self._put(self._session.read(max(0, len(piece) - behind), timeout=0))
            if match is not None:
                return str(match.group())
            self._line = "" if line.endswith("\n") else line
        return None

    def _last_words(self) -> Ending:
        found = self._show()
        return (None, "EOF") if found is None else (found, "")

    @staticmethod
    def _put(text: str) -> None:
        sys.stdout.flush()
        data = text.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]

    # ── what is typed ─────────────────────────────────────────────────────────────────────

    def _pass_on(self) -> str | None:
        """Send on what was typed, but what may begin a string; the string, if one came."""
        said, string = self._read_typed()
        if said:
            self._send(said)
        if string is not None:
            return string.decode()
        if self._typed is None:
            self._send_end()
        return None

    def _read_typed(self) -> tuple[bytes, bytes | None]:
        """What goes to the program, and the string that came behind it, if one did."""
        assert self._typed is not None
        said, more = b"", SYSTEM_CLOCK.waiter({self._typed: READABLE})
        while len(said) < TYPED_AT_ONCE and more(0):
            # Where a string may come, nothing is read that is behind it: it is the script's.
            typed = os.read(self._typed, 1 if self._strings else TYPED_AT_ONCE)
            if not typed:
                self._typed = None
                return said + self._held, None
            held = self._held + typed
            string = next(filter(held.endswith, self._strings), None)
            going = len(held) - len(string or self._may_begin(held))
            said, self._held = said + held[:going], held[going:]
            if string is not None:
                return said, string
        return said, None

    def _may_begin(self, held: bytes) -> bytes:
        """The longest end of it that one of the strings begins with."""
        begins = (held[start:] for start in range(len(held)) if self._strings)
        return next((each for each in begins if self._begins_one(each)), b"")

    def _begins_one(self, held: bytes) -> bool:
        return any(each.startswith(held) for each in self._strings)

    def _send(self, said: bytes) -> None:
        """Send it, Enter as the end of a line."""
        text = self._decoder.decode(said).replace("\r", self._session.newline)
        with suppress(PeerGone):  # which will show in what it says
            self._session.send(text, timeout=None)
        self._at_line_start = text.endswith(("\n", "\r"))

    def _send_end(self) -> None:
        """Nobody types any more. On a terminal this counts at the beginning of a line."""
        with suppress(PeerGone, NotSupported):
            if not self._at_line_start:
                self._session.sendeof()
            self._session.sendeof()


@contextmanager
def each_key(descriptor: int) -> Iterator[None]:
    """Have a terminal give each key as it is pressed, and show none; elsewhere, nothing.

    How it shows output is left as it is.
    """
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    modes = termios.tcgetattr(descriptor)
    modes[0] &= ~(
        termios.BRKINT | termios.ICRNL | termios.IGNCR | termios.INLCR | termios.INPCK
        | termios.ISTRIP | termios.IXON
    )  # fmt: skip
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    try:
        termios.tcsetattr(descriptor, termios.TCSANOW, modes)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


@contextmanager
def end_of(session: Session[Any]) -> Iterator[int | None]:
    """A descriptor that becomes readable when the program ends, where there is one."""
    descriptor = None
    if session.pid is not None and hasattr(os, "pidfd_open"):
        with suppress(OSError):  # it has been reaped
            descriptor = os.pidfd_open(session.pid)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)
