"""Secrets out of a stream, also when one arrives in pieces."""

from __future__ import annotations

from typing import final

from chat.values import known_secrets, redact


@final
class StreamMasker:
    """Masks every known secret in a text that comes in pieces.

    What could be the beginning of a secret is held back until the next piece tells.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The next piece, masked, as far as it may be shown."""
        secrets = known_secrets()
        if not secrets:
            piece, self._held = self._held + piece, ""
            return piece
        text = redact(self._held + piece)
        keep = max(_overlap(text, secret) for secret in secrets)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """What is held back, when nothing more comes."""
        text, self._held = redact(self._held), ""
        return text


def _overlap(text: str, secret: str) -> int:
    """How many characters at the end of the text are a beginning of the secret."""
    for length in range(min(len(secret) - 1, len(text)), 0, -1):
        if text.endswith(secret[:length]):
            return length
    return 0
