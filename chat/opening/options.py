"""What all ways to open a conversation take: a command, and the options of a session."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from chat.core.matcher import OrderMaker
from chat.core.stream import Overflow
from chat.core.views import ViewName
from chat.errors import CommandError
from chat.pacing import Pace
from chat.timing import Clock

if TYPE_CHECKING:
    from chat.sinks import SinkLike

Command: TypeAlias = "str | list[str] | tuple[str, ...] | Sequence[str]"


class SessionOptions(TypedDict, total=False):
    """The options of a `Session` that do not depend on whether it holds text or bytes."""

    errors: str
    timeout: float | None
    quiet: float
    idle: float | None
    stall: float | None
    view: ViewName
    newline: Any  # of the session's own kind
    limit: int
    overflow: Overflow
    log: SinkLike | None
    pace: Pace | float | None
    clock: Clock
    order: OrderMaker


def command_line(command: Command) -> list[str]:
    """A command as a list of arguments; text is split as a shell would, and runs in none.

    Raises:
        CommandError: It is empty, has an open quotation, or is not made of text.
    """
    if isinstance(command, str):
        import shlex  # start-up cost: lists need no splitting

        try:
            argv = shlex.split(command)
        except ValueError as error:
            raise CommandError(f"cannot split the command {command!r}: {error}") from error
    elif isinstance(command, list | tuple):
        argv = [os.fspath(each) if isinstance(each, os.PathLike) else each for each in command]
    else:
        raise CommandError(f"a command is text or a list, not a {type(command).__name__}")
    if not argv or not argv[0]:
        raise CommandError("the command is empty")
    return argv
