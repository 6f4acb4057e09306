"""Bytes to text, a piece at a time, and back."""

from __future__ import annotations

import codecs
from typing import AnyStr, Final, Protocol, cast, final

ASCII_BASED: Final = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"})
"""Encodings without state in which ASCII bytes are ASCII: the short way is open to them."""


class Codec(Protocol[AnyStr]):
    """How a session turns bytes into what its user sees, and back."""

    empty: AnyStr

    @property
    def waits(self) -> bool:
        """Whether a part of a character has come, and the rest has not."""

    def decode(self, data: bytes, final: bool = False) -> AnyStr:
        """The next piece; an incomplete character waits for the rest, or for `final`."""

    def encode(self, text: AnyStr) -> bytes:
        """The bytes to send."""


@final
class TextCodec:
    """Text in an encoding, decoded incrementally.

    Args:
        encoding: The name of a codec: `"utf-8"`, `"latin-1"`.
        errors: What becomes of bytes that are not in the encoding. `surrogateescape`
            keeps them recoverable: `text.encode(encoding, errors)` gives them back.

    Raises:
        LookupError: There is no such encoding of text, or no such error handler.
    """

    def __init__(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> None:
        codecs.lookup_error(errors)
        "".encode(encoding)  # codecs that are not of text are refused here: rot13, zlib
        self.empty: Final = ""
        self.encoding: Final = codecs.lookup(encoding).name
        self.errors: Final = errors
        self._decoder: Final = codecs.getincrementaldecoder(encoding)(errors)
        self._is_ascii_based: Final = self.encoding in ASCII_BASED
        self.waits = False

    def decode(self, data: bytes, final: bool = False) -> str:
        """The next piece; an incomplete character waits for the rest, or for `final`."""
        if self._is_ascii_based and not self.waits and data.isascii():
            return data.decode("ascii")
        text = self._decoder.decode(data, final)
        self.waits = bool(self._decoder.getstate()[0])
        return text

    def incomplete(self) -> bytes:
        """The bytes of a character whose rest has not come."""
        return self._decoder.getstate()[0]

    def encode(self, text: str) -> bytes:
        """The bytes of a text to send.

        Raises:
            UnicodeEncodeError: The encoding has no such character.
        """
        return text.encode(self.encoding, self.errors)


@final
class BytesCodec:
    """Bytes as they are."""

    empty: Final = b""
    waits: Final = False

    @staticmethod
    def decode(data: bytes, final: bool = False) -> bytes:
        """The same bytes."""
        return data

    @staticmethod
    def encode(text: bytes) -> bytes:
        """The same bytes."""
        return text


def make_codec(encoding: str | None, errors: str = "surrogateescape") -> Codec[AnyStr]:
    """The codec for an encoding's name; `None` is bytes.

    Raises:
        LookupError: There is no such encoding or error handler.
    """
    made = BytesCodec() if encoding is None else TextCodec(encoding, errors)
    return cast("Codec[AnyStr]", made)
