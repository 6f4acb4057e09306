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
        text = self._held + piece
        begun = _begun(text, secrets)
        self._held = text[begun:]
        return redact(text[:begun])

    def flush(self) -> str:
        """What is held back, when nothing more comes."""
        text, self._held = redact(self._held), ""
        return text


def _begun(text: str, secrets: tuple[str, ...], start: int = 0) -> int:
    """Where, from `start` on, the first secret begins that more text may complete."""
    rest = text[start:] if start else text
    begun = len(text) - max(_overlap(rest, secret) for secret in secrets)
    for secret in secrets:
        # A complete one that lies across that place comes before it.
        reach = len(secret) - 1
        found = text.find(secret, max(start, begun - reach), begun + reach)
        if found >= 0:
            return _begun(text, secrets, found + len(secret))
    return begun


def _overlap(text: str, secret: str) -> int:
    """How many characters at the end of the text are a beginning of the secret."""
    for length in range(min(len(secret) - 1, len(text)), 0, -1):
        if text.endswith(secret[:length]):
            return length
    return 0
