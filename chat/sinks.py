"""Where the log of a session goes: a path, a file, or a logger. Secrets never get there."""

from __future__ import annotations

import codecs
import io
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TextIO, TypeAlias, final

from chat.core.masking import StreamMasker
from chat.events import Closed, Ended, Event, Received, Sent
from chat.values import MASK

SinkLike: TypeAlias = "str | os.PathLike[str] | TextIO | BinaryIO | logging.Logger"


class Sink(Protocol):
    """Somewhere that text can be written to."""

    def write(self, text: str) -> None:
        """Write it, and let it be seen."""

    def close(self) -> None:
        """Write what is held back; close what this sink itself has opened."""


@final
class FileSink:
    """A file, of text or of bytes.

    Args:
        file: Where to write.
        owned: Whether to close it in the end.
    """

    def __init__(self, file: Any, *, owned: bool = False) -> None:
        self._file: Final = file
        self._owned: Final = owned
        self._bytes: Final = not isinstance(file, io.TextIOBase) and _wants_bytes(file)

    def write(self, text: str) -> None:
        """Write it and flush."""
        if self._bytes:
            self._file.write(text.encode("utf-8", "surrogateescape"))
        else:
            self._file.write(_printable(text))
        flush: Callable[[], object] | None = getattr(self._file, "flush", None)
        if flush is not None:
            flush()

    def close(self) -> None:
        """Close the file if this sink opened it."""
        if self._owned:
            self._file.close()


@final
class LoggerSink:
    """A logger, which gets each line as one record at level DEBUG."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger: Final = logger
        self._line = ""

    def write(self, text: str) -> None:
        """Log the lines that are complete."""
        *lines, self._line = (self._line + text).replace("\r\n", "\n").split("\n")
        for line in lines:
            self._logger.debug("%s", _printable(line))

    def close(self) -> None:
        """Log the last line, if it was never completed."""
        if self._line:
            self._logger.debug("%s", _printable(self._line))
            self._line = ""


def make_sink(target: SinkLike) -> Sink:
    """A sink for what the caller gave.

    A path is appended to; a file that does not exist is created readable by its owner only.

    Raises:
        TypeError: It is neither a path, a file nor a logger.
        OSError: The file cannot be opened.
    """
    if isinstance(target, logging.Logger):
        return LoggerSink(target)
    if isinstance(target, str | os.PathLike):
        return FileSink(_open_private(Path(target)), owned=True)
    if not callable(getattr(target, "write", None)):
        raise TypeError(f"a log is a path, a file or a Logger, not a {type(target).__name__}")
    return FileSink(target)


@final
class Log:
    """A listener that writes what is said to a sink, secrets masked.

    Args:
        sink: Where to.
        received: Write what the program says.
        sent: Write what is sent.
    """

    def __init__(self, sink: Sink, *, received: bool, sent: bool) -> None:
        self._sink: Final = sink
        self._received: Final = received
        self._sent: Final = sent
        self._masker: Final = StreamMasker()
        # What is sent has its own: what comes meanwhile is not what completes a secret.
        self._sent_masker: Final = StreamMasker()
        # Of a session of bytes: a character, too, may come in pieces.
        self._decoder: Final = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Received) and self._received:
            text = event.text
            text = text if isinstance(text, str) else self._decoder.decode(text)
            self._write(self._masker.feed(text))
        elif isinstance(event, Sent) and self._sent:
            self._take_sent(event)
        elif isinstance(event, Ended):
            self._flush()
        elif isinstance(event, Closed):
            self.close()

    def _take_sent(self, event: Sent) -> None:
        if event.secret:
            self._write(self._sent_masker.flush() + MASK + "\n")
        else:
            text = event.text
            text = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
            self._write(self._sent_masker.feed(text))

    def _flush(self) -> None:
        rest = self._decoder.decode(b"", final=True)
        self._write(self._masker.feed(rest) + self._masker.flush())
        self._write(self._sent_masker.flush())

    def _write(self, text: str) -> None:
        if text:
            self._sink.write(text)

    def close(self) -> None:
        """Write what is held back, and close."""
        self._flush()
        self._sink.close()


def _printable(text: str) -> str:
    """The text with what was undecodable replaced, so that every file takes it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _wants_bytes(file: object) -> bool:
    """Whether a file takes bytes: by its mode, or by what kind of file it is."""
    if isinstance(file, io.RawIOBase | io.BufferedIOBase):
        return True
    mode = getattr(file, "mode", "")
    return isinstance(mode, str) and "b" in mode


def _open_private(path: Path) -> BinaryIO:
    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    return open(path, "ab", opener=opener)
