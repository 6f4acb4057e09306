"""What all kinds of children have in common: the text that came, and waiting in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

import pexpect.spawnbase
from pexpect.exceptions import EOF, TIMEOUT

from chat.compat.pexpect.expect import Default, Expecter, searcher_re, searcher_string
from chat.compat.pexpect.unread import Unread
from chat.timing import READABLE, SYSTEM_CLOCK, Ready

DELAYS: Final = (
    "delaybeforesend", "delayafterread", "delayafterclose", "delayafterterminate",
)  # fmt: skip

# What pexpect's methods take is what its documentation says, in no types of its own: a
# text or bytes by the child's encoding, patterns of five kinds, -1 for "the child's own".
Patterns: TypeAlias = Any
Text: TypeAlias = Any


class SpawnBase(pexpect.spawnbase.SpawnBase):  # type: ignore[misc]  # an untyped base
    """pexpect's `SpawnBase`, whose text is kept and searched by `chat`."""

    _unread: Unread
    _readable: tuple[int, Callable[[float | None], Ready]] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._take_delays_as_defaults()

    def _take_delays_as_defaults(self) -> None:
        """Mark pexpect's own delays, so that a script's can be told from them."""
        for name in DELAYS:
            setattr(self, name, Default(getattr(self, name)))

    # ── the text that has come ────────────────────────────────────────────────────────────

    @property
    def buffer(self) -> Text:
        """What has come and is not consumed. It may be set."""
        return self._unread.text()

    @buffer.setter
    def buffer(self, text: Text) -> None:
        self._unread = Unread(text)

    def _get_unread(self) -> Any:
        made = self.buffer_type()
        made.write(self._unread.text())
        return made

    def _set_unread(self, kept: Any) -> None:
        self._unread = Unread(kept.getvalue())

    # pexpect keeps two files for this, the searched and the whole. Scripts that look into
    # either see what is there; one put in their place takes effect.
    _buffer = property(_get_unread, _set_unread)
    _before = property(_get_unread, _set_unread)

    # ── reading ───────────────────────────────────────────────────────────────────────────

    def _wait_readable(self, seconds: float | None) -> bool:
        """Wait in the kernel until there is something to read, or the end."""
        descriptor = self.child_fd
        if self._readable is None or self._readable[0] != descriptor:
            self._readable = descriptor, SYSTEM_CLOCK.waiter({descriptor: READABLE})
        return bool(self._readable[1](seconds))

    def _received(self, data: bytes) -> Text:
        """What was read, decoded and logged."""
        text = self._decoder.decode(data, final=False)
        if self.logfile is not None or self.logfile_read is not None:
            self._log(text, "read")
        return text

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> Text:
        """Read once, at most so many bytes.

        Raises:
            EOF: The other side has closed.
        """
        return self._received(self._read_bytes(size))

    def _read_bytes(self, size: int) -> bytes:
        raise NotImplementedError

    def _ended(self, how: str) -> EOF:
        self.flag_eof = True
        return EOF(f"End Of File (EOF). {how} style platform.")

    # ── waiting ───────────────────────────────────────────────────────────────────────────

    def compile_pattern_list(self, patterns: Patterns) -> list[Any]:
        """Regular expressions of the child's kind, from patterns of any kind; see pexpect.

        They may also be in a tuple, a set or an iterator.

        Raises:
            TypeError: One of them is no pattern.
        """
        if patterns is None:
            return []
        if not isinstance(patterns, list | tuple | set | frozenset | Iterator):
            patterns = [patterns]
        flags = re.DOTALL | re.IGNORECASE if self.ignorecase else re.DOTALL
        return [self._compiled(each, flags) for each in patterns]

    def _compiled(self, pattern: Any, flags: re.RegexFlag) -> Any:
        if isinstance(pattern, self.allowed_string_types):
            return re.compile(self._coerce_expect_string(pattern), flags)
        if pattern is EOF or pattern is TIMEOUT:
            return pattern
        if isinstance(pattern, re.Pattern):
            return self._coerce_expect_re(pattern)
        return self._pattern_type_err(pattern)

    def _coerce_expect_re(self, compiled: re.Pattern[Any]) -> re.Pattern[Any]:
        """A regular expression of the child's kind, with its flags kept."""
        source: Any = compiled.pattern
        if self.encoding is None and not isinstance(source, bytes):
            return re.compile(source.encode("utf-8"), compiled.flags & ~re.UNICODE)
        if self.encoding is not None and isinstance(source, bytes):
            return re.compile(source.decode("utf-8"), compiled.flags & ~re.LOCALE)
        return compiled

    def expect_list(
        self,
        pattern_list: list[Any],
        timeout: float | None = -1,
        searchwindowsize: int | None = -1,
        async_: bool = False,
        **kw: Any,
    ) -> Any:
        """Wait for compiled patterns; see pexpect. With `async_`, a coroutine."""
        return self._wait(
            searcher_re(pattern_list), timeout, searchwindowsize, _flag(async_, kw)
        )

    def expect_exact(
        self,
        pattern_list: Patterns,
        timeout: float | None = -1,
        searchwindowsize: int | None = -1,
        async_: bool = False,
        **kw: Any,
    ) -> Any:
        """Wait for plain texts; see pexpect. With `async_`, a coroutine."""
        flag = _flag(async_, kw)
        kinds = self.allowed_string_types
        if isinstance(pattern_list, kinds) or pattern_list in (EOF, TIMEOUT):
            pattern_list = [pattern_list]
        elif not isinstance(pattern_list, Iterable):
            self._pattern_type_err(pattern_list)
        texts = []
        for each in pattern_list:
            if isinstance(each, kinds):
                texts.append(self._coerce_expect_string(each))
            elif each is EOF or each is TIMEOUT:
                texts.append(each)
            else:
                self._pattern_type_err(each)
        return self._wait(searcher_string(texts), timeout, searchwindowsize, flag)

    def expect_loop(
        self, searcher: Any, timeout: float | None = -1, searchwindowsize: int | None = -1
    ) -> int:
        """Wait for what a searcher looks for; see pexpect."""
        return Expecter(self, searcher, searchwindowsize).expect_loop(timeout)

    def _wait(
        self, searcher: Any, timeout: float | None, window: int | None, is_async: bool
    ) -> Any:
        if timeout == -1:
            timeout = self.timeout
        expecter = Expecter(self, searcher, window)
        if is_async:
            from chat.compat.pexpect.asynchronous import expect_async  # it loads asyncio

            return expect_async(expecter, timeout)
        return expecter.expect_loop(timeout)

    # ── lines ─────────────────────────────────────────────────────────────────────────────

    def readline(self, size: int = -1) -> Text:
        """Take a line with its end; what is left behind the last; then nothing."""
        if size != 0 and self.delimiter is EOF and not self._is_expect_changed():
            line = self._line_at_hand()
            if line is not None:
                return line
        return super().readline(size)

    def _is_expect_changed(self) -> bool:
        """Whether somebody has put an `expect` of his own in place of pexpect's."""
        ours = SpawnBase.expect
        return type(self).expect is not ours or "expect" in self.__dict__

    def _line_at_hand(self) -> Text | None:
        """Take a line that has come whole, which needs no waiting and so no patterns."""
        unread, end = self._unread, self.crlf
        stream, cursor = unread.stream, unread.cursor
        text, base = stream.window(cursor.position, cursor.position)
        start = cursor.position - base
        stop = text.find(end, start)
        if stop < 0 or self.searchwindowsize:
            return None
        line = text[start : stop + len(end)]
        self.before, self.after = text[start:stop], end
        self.match, self.match_index = re.compile(end).match(line, stop - start), 0
        stream.consume(cursor, base + stop + len(end))
        return line


def _flag(async_: bool, others: dict[str, Any]) -> bool:
    """Whether a coroutine is wanted: `async_`, or `async` as it was called once."""
    wanted = others.pop("async", async_)
    if others:
        raise TypeError(f"Unknown keyword arguments: {others}")
    return bool(wanted)
