"""Making a session over a transport that was just opened for it."""

from __future__ import annotations

from typing import Any, Unpack

from chat.opening.options import SessionOptions
from chat.session import Session
from chat.transports import Transport, process_of


def begin(
    transport: Transport, encoding: str | None, **options: Unpack[SessionOptions]
) -> Session[Any]:
    """Make a session, or undo the opening: the program is ended, the transport closed.

    Raises:
        TypeError, ValueError, LookupError: An option is not one.
    """
    try:
        return Session(transport, encoding=encoding, **options)
    except BaseException:
        process = process_of(transport)
        if process is not None:
            process.end(0)
        transport.close()
        raise
