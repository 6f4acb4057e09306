"""What happens in a session, as values that listeners are given.

A listener is a function of one event. It is called where the event happens, in the thread
that caused it, and must not wait: what takes long belongs in a queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from chat.values import ExitStatus, WindowSize


@dataclass(frozen=True, slots=True)
class Received:
    """The program said something (text, or bytes in a session of bytes).

    It is as it came, secrets included; who writes it anywhere masks it.
    """

    text: str | bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """Something was sent. Of a secret, only that it was one."""

    text: str | bytes
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """A wait ended with a match (`chat.Match`)."""

    match: Any  # a Match of text or of bytes; this module lies below it


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A wait ended with its deadline."""

    awaited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resized:
    """The terminal was given another size."""

    size: WindowSize


@dataclass(frozen=True, slots=True)
class Ended:
    """The other side has closed: nothing more will come."""


@dataclass(frozen=True, slots=True)
class Closed:
    """This side has closed the session."""

    exit_status: ExitStatus | None


Event: TypeAlias = "Received | Sent | Matched | TimedOut | Resized | Ended | Closed"
Listener: TypeAlias = Callable[[Event], None]
