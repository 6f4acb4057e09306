"""What Python's `telnetlib` was until 3.12, in the same names:

    from chat.compat import telnetlib

It is a face over `chat`'s telnet scanner and stream, and differs where `telnetlib` hung or
lost something:

- A search does not begin again with every 50 bytes: it goes on where it stopped.
- `expect` keeps its timeout also while the other side talks without a pause, and finds what
  had come before the end.
- `read_very_eager` and `read_eager` return though the other side talks without a pause.
- Bytes of a subnegotiation are all there (NUL and XON were left out), none is counted twice,
  and a command within one, which is against RFC 855, ends it.
- What was read is kept if a callback raises, or if an answer finds nobody to take it.
- A refusal is not answered with one: RFC 854 forbids it, because two can do that for ever.
- `listener` waits for data where it used the whole processor to look; `interact` shows bytes
  that are not ASCII, and sends each line of several that come at once.
- With a debug level, a `chat.Secret` is masked in what is shown.

As ever, NUL and XON are left out of the text, and what had come is consumed when
`read_until` or `expect` runs out of time: that is what scripts are written for.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import selectors
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, Self, TypeVar

from chat.compat._telnet_names import *  # noqa: F403  a module of names, for its users
from chat.compat._telnet_names import NOOPT
from chat.compat._telnet_parts import Search, Shown, Tried
from chat.core.listening import Reader
from chat.core.stream import Stream
from chat.transports.telnet.codes import TELNET_PORT, Command, Verb
from chat.transports.telnet.negotiation import Side
from chat.transports.telnet.scanner import (
    Negotiation,
    Order,
    Scanned,
    Scanner,
    Text,
    escape,
    negotiation,
)
from chat.values import UNSET, redact

__all__ = ["TELNET_PORT", "Telnet"]

DEBUGLEVEL = 0
"""The debug level that a new connection has."""

CLOSED_BY_THEM: Final = "*** Connection closed by remote host ***"

_READ_SIZE: Final = 65536
_EAGER: Final = 1 << 20  # bytes after which the eager return, though there may be more
_LEFT_OUT: Final = b"\0\x11"  # of text: NUL, which means nothing there (RFC 854), and XON

_TelnetSelector: Any = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""What waits; a test may put its own in this place, as it could in telnetlib's."""

_Found = TypeVar("_Found")
_Callback = Callable[[Any, bytes, bytes], object]


class Telnet:
    """A connection to a telnet server.

    Args:
        host: Where to connect to, at once; left out: nowhere, until `open`.
        port: The port; 0: 23.
        timeout: Seconds for connecting and for each blocking call; left out: the default of
            `socket`.

    Attributes:
        sock: The socket; `None` while there is no connection.
        eof: Whether the other side, or this one, has closed.
        rawq: What has come and was not looked at.
    """

    def __init__(self, host: str | None = None, port: int = 0, timeout: Any = UNSET) -> None:
        self.debuglevel = DEBUGLEVEL
        self.host, self.port, self.timeout = host, port, timeout
        self.sock: Any = None  # a socket, or what a test gives in its place
        self.eof = False
        self.rawq = b""
        self.option_callback: _Callback | None = None
        self._subnegotiated = bytearray()
        self._stream: Final[Stream[bytes]] = Stream(b"", limit=sys.maxsize)
        self._reader: Final[Reader[bytes]] = Reader(self._stream)
        self._begin()
        if host is not None:
            self.open(host, port, timeout)

    def _begin(self) -> None:
        self._scanner = Scanner()
        self._scanned: deque[Scanned] = deque()
        self._ours = Side(frozenset(), Verb.WILL, Verb.WONT)
        self._theirs = Side(frozenset(), Verb.DO, Verb.DONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── the connection ────────────────────────────────────────────────────────────────────

    def open(self, host: str, port: int = 0, timeout: Any = UNSET) -> None:
        """Connect.

        Raises:
            OSError: There was no connection.
        """
        self.eof = False
        self._begin()
        self.host, self.port, self.timeout = host, port or TELNET_PORT, timeout
        sys.audit("telnetlib.Telnet.open", self, host, self.port)
        given = () if timeout is UNSET else (timeout,)
        self.sock = socket.create_connection((host, self.port), *given)

    def close(self) -> None:
        """Close the connection. Twice is once."""
        connection, self.sock = self.sock, None
        self.eof = True
        if connection is not None:
            connection.close()

    def get_socket(self) -> Any:
        """The socket; `None` while there is no connection."""
        return self.sock

    def fileno(self) -> int:
        """The socket's descriptor.

        Raises:
            OSError: There is no connection.
        """
        number: int = self._connected().fileno()
        return number

    def _connected(self) -> Any:
        if self.sock is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return self.sock

    def set_debuglevel(self, debuglevel: int) -> None:
        """Show what is sent and received, if the level is above 0."""
        self.debuglevel = debuglevel

    def msg(self, msg: str, *args: object) -> None:
        """Show a message, if the debug level is above 0."""
        if self.debuglevel > 0:
            said = msg % args if args else msg
            sys.stdout.write(f"Telnet({self.host},{self.port}): {redact(said)}\n")

    def write(self, buffer: bytes) -> None:
        """Send it all, IAC doubled; line ends are the caller's business.

        Raises:
            OSError: The connection is closed.
        """
        said = escape(buffer)
        sys.audit("telnetlib.Telnet.write", self, said)
        self.msg("send %r", said)
        self._connected().sendall(said)

    # ── reading ───────────────────────────────────────────────────────────────────────────

    @property
    def cookedq(self) -> bytes:
        """The text that has come and is not consumed."""
        return self._reader.unread()

    @cookedq.setter
    def cookedq(self, text: bytes) -> None:
        self._take_all()
        self._stream.append(text)

    def read_until(self, match: bytes, timeout: float | None = None) -> bytes:
        """Read up to and including a text; all that has come, if it does not in time.

        Raises:
            EOFError: The other side has closed, and there is nothing left.
        """
        if not match:
            return b""
        sought = self._reader.seek(match)
        found = self._await(sought.scan, timeout)
        return self.read_very_lazy() if found is None else found.before + found.text

    def expect(self, list: Any, timeout: float | None = None) -> Tried:  # noqa: A002
        """Read until one of several regular expressions matches.

        Of those that match in what has come, the one listed first wins, so that the answer
        may depend on the timing; `chat.Session.expect` has a rule that does not.

        Args:
            list: Regular expressions, as bytes or compiled.
            timeout: Seconds to wait in all; `None`: no limit.

        Returns:
            Which one, its match object, and all text up to the match's end; -1, `None` and
            all that has come, if none matches in time.

        Raises:
            EOFError: The other side has closed, and there is nothing left.
        """
        patterns = [each if hasattr(each, "search") else re.compile(each) for each in list]
        search = Search(patterns, self._reader)
        found = self._await(search.scan, timeout)
        return (-1, None, self.read_very_lazy()) if found is None else found

    def _await(self, scan: Callable[[], _Found | None], timeout: float | None) -> _Found | None:
        """Read until something is found; `None`: the end came first, or the time ran out."""
        deadline = None if timeout is None else monotonic() + timeout
        self.process_rawq()
        found = scan() if self._has_text() or not self.eof else None
        is_late = False
        while found is None and not self.eof and not is_late:
            left = None if deadline is None else max(0.0, deadline - monotonic())
            is_late = left == 0  # one last look
            if not self._is_readable(left):
                break
            found = scan() if self._receive() else None
        return found

    def _receive(self) -> bool:
        """Receive once, and look at it; `False`: it was the end."""
        self.fill_rawq()
        self.process_rawq()
        return not self.eof

    def read_all(self) -> bytes:
        """Read all up to the end."""
        self.process_rawq()
        while not self.eof:
            self._receive()
        return self._take_all()

    def read_some(self) -> bytes:
        """Read at least one byte, waiting for it; `b""` at the end."""
        self.process_rawq()
        while not self._has_text() and not self.eof:
            self._receive()
        return self._take_all()

    def read_very_eager(self) -> bytes:
        """Read all that has come, without waiting.

        Raises:
            EOFError: The other side has closed, and there is nothing left.
        """
        return self._read_eagerly(lambda: False)

    def read_eager(self) -> bytes:
        """Read some of what has come, without waiting; raises as `read_very_eager`."""
        return self._read_eagerly(self._has_text)

    def _read_eagerly(self, is_enough: Callable[[], bool]) -> bytes:
        self.process_rawq()
        came = 0
        while not is_enough() and came < _EAGER and not self.eof and self.sock_avail():
            self.fill_rawq()
            came += len(self.rawq)
            self.process_rawq()
        return self.read_very_lazy()

    def read_lazy(self) -> bytes:
        """Read what was received already; raises as `read_very_eager`."""
        self.process_rawq()
        return self.read_very_lazy()

    def read_very_lazy(self) -> bytes:
        """Read what was received and looked at already; raises as `read_very_eager`."""
        text = self._take_all()
        if not text and self.eof and not self.rawq:
            raise EOFError("telnet connection closed")
        return text

    def _has_text(self) -> bool:
        return self._reader.cursor.position < self._stream.end

    def _take_all(self) -> bytes:
        return self._reader.take(self._stream.end)

    def sock_avail(self) -> bool:
        """Whether there is something to receive, or the end."""
        return self._is_readable(0)

    def _is_readable(self, seconds: float | None) -> bool:
        with _TelnetSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def fill_rawq(self) -> None:
        """Receive once, waiting for it; `eof` says if it was the end.

        Raises:
            OSError: The connection failed.
        """
        data = self._connected().recv(_READ_SIZE)
        self.msg("recv %r", data)
        self.eof = not data
        self.rawq += data

    # ── commands ──────────────────────────────────────────────────────────────────────────

    def set_option_negotiation_callback(self, callback: _Callback | None) -> None:
        """Have a function called with each command, which then is not answered otherwise.

        It is given the socket, the command and the option (`NOOPT` if there is none), and
        finds what a subnegotiation said in `read_sb_data` when SE has come.
        """
        self.option_callback = callback

    def read_sb_data(self) -> bytes:
        """What the last subnegotiation has said, its option first; only once."""
        said = bytes(self._subnegotiated)
        self._subnegotiated.clear()
        return said

    def process_rawq(self) -> None:
        """Look at what was received: text is kept, commands are answered."""
        data, self.rawq = self.rawq, b""
        self._scanned.extend(self._scanner.feed(data))
        while self._scanned:
            each = self._scanned.popleft()
            if isinstance(each, Order):
                self._heard_order(each.code)
            elif isinstance(each, Negotiation):
                self._heard_negotiation(*each)
            else:
                self._heard_text(each)

    def _heard_text(self, text: Text) -> None:
        if text.inside:
            self._subnegotiated += text.data
        else:
            self._stream.append(text.data.translate(None, _LEFT_OUT))

    def _heard_order(self, code: int) -> None:
        if code == Command.SB:
            self._subnegotiated.clear()
        if self.option_callback is None:
            self.msg("IAC %d not recognized", code)
        else:
            self.option_callback(self.sock, bytes([code]), NOOPT)

    def _heard_negotiation(self, verb: Verb, option: int) -> None:
        self.msg("IAC %s %d", verb.name, option)
        if self.option_callback is not None:
            self.option_callback(self.sock, bytes([verb]), bytes([option]))
            return
        side = self._theirs if verb in (Verb.WILL, Verb.WONT) else self._ours
        refusal = side.hear(option, positive=verb in (Verb.WILL, Verb.DO))
        if refusal is not None:
            # That nobody takes it will show when more is read, behind what has come.
            with contextlib.suppress(OSError):
                self._connected().sendall(negotiation(refusal, option))

    # ── a person ──────────────────────────────────────────────────────────────────────────

    def interact(self) -> None:
        """Pass on what a person types, line by line, and show what comes, to either's end.

        `chat.Session.interact` gives the whole terminal over.
        """
        shown = Shown()
        with _TelnetSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(sys.stdin, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is not self:
                        line = os.read(sys.stdin.fileno(), _READ_SIZE)
                        if not line:
                            return
                        self.write(line)
                    elif not self._show(shown, self.read_eager):
                        return

    def mt_interact(self) -> None:
        """The same with a thread for what comes."""
        threading.Thread(target=self.listener, daemon=True).start()
        for line in sys.stdin:
            self.write(line.encode())

    def listener(self) -> None:
        """Show what comes, to the end."""
        shown = Shown()
        while self._show(shown, self.read_some):
            pass

    def _show(self, shown: Shown, read: Callable[[], bytes]) -> bool:
        """Show what is read; whether there may be more."""
        try:
            text = read()
        except EOFError:
            text = b""
        if text:
            shown.write(text)
        elif self.eof:
            sys.stdout.write(CLOSED_BY_THEM + "\n")
            return False
        return True


def test() -> None:
    """Let a person talk to a host: `python -m chat.compat.telnetlib [-d] [host [port]]`."""
    arguments = sys.argv[1:]
    level = arguments.count("-d")
    named = [each for each in arguments if each != "-d"]
    host, port = (*named, *("localhost", "0")[len(named) :])[:2]
    with Telnet() as connection:
        connection.set_debuglevel(level)
        number = int(port) if port.isdecimal() else socket.getservbyname(port, "tcp")
        connection.open(host, number, timeout=0.5)
        connection.interact()


if __name__ == "__main__":
    test()
