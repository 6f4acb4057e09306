"""Conversations over named pipes: `open_fifo`, and `open_fifo_pair` for both ways."""

from __future__ import annotations

import os
from typing import Any, Literal, Unpack, overload

from chat.deadlines import shortened
from chat.opening.beginning import begin
from chat.opening.options import SessionOptions
from chat.opening.urls import Opening
from chat.session import DEFAULT_TIMEOUT, Session
from chat.timing import SYSTEM_CLOCK, check_seconds, seconds_until
from chat.transports.fifo import FifoTransport, connect_fifo

Mode = Literal["r", "w"]
MODES = ("r", "w")


@overload
def open_fifo(
    path: str | os.PathLike[str],
    mode: Mode = ...,
    *,
    encoding: str = ...,
    create: bool = ...,
    stay: bool = ...,
    **options: Unpack[SessionOptions],
) -> Session[str]: ...
@overload
def open_fifo(
    path: str | os.PathLike[str],
    mode: Mode = ...,
    *,
    encoding: None,
    create: bool = ...,
    stay: bool = ...,
    **options: Unpack[SessionOptions],
) -> Session[bytes]: ...
def open_fifo(
    path: str | os.PathLike[str],
    mode: Mode = "r",
    *,
    encoding: str | None = "utf-8",
    create: bool = False,
    stay: bool = False,
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Open a named pipe to read what others write to it, or to write to who reads it.

        with chat.open_fifo("/run/door", create=True) as door:
            door.expect("knock\\n", timeout=20)

    To read, it is opened at once, and the waits of the session are for a writer as well. To
    write, it is opened once somebody reads. Closing leaves it in its place.

    Args:
        path: Where it is.
        mode: `"r"` to read, `"w"` to write.
        encoding: What the bytes mean; `None`: the session holds bytes.
        create: Whether to make it if it is not there, for this user alone (0600). One that is
            there must be this user's.
        stay: To read on when a writer has gone: others may come, and there is no end.
        options: Further options of `Session`. `timeout` is also how many seconds to wait for
            a reader.

    Raises:
        PeerAbsent: Nobody opened it for reading in time.
        FifoFailed: There is none, or none any more; or it may not be opened.
        TypeError, ValueError, LookupError: An option is not one.
    """
    transport = _connect(path, mode, create, stay, _patience(options))
    return begin(transport, encoding, **options)


def _connect(
    path: str | os.PathLike[str], mode: str, create: bool, stay: bool, timeout: float | None
) -> FifoTransport:
    if mode not in MODES:
        raise ValueError(f"mode is 'r' or 'w', not {mode!r}")
    name = os.fspath(path)
    reading = mode == "r"
    return connect_fifo(
        name if reading else None,
        None if reading else name,
        timeout=timeout,
        create=create,
        stay=stay,
    )


def _patience(options: SessionOptions) -> float | None:
    timeout = options.get("timeout", DEFAULT_TIMEOUT)
    check_seconds("timeout", timeout)
    return shortened(timeout)


@overload
def open_fifo_pair(
    incoming: str | os.PathLike[str],
    outgoing: str | os.PathLike[str],
    *,
    encoding: str = ...,
    create: bool = ...,
    **options: Unpack[SessionOptions],
) -> Session[str]: ...
@overload
def open_fifo_pair(
    incoming: str | os.PathLike[str],
    outgoing: str | os.PathLike[str],
    *,
    encoding: None,
    create: bool = ...,
    **options: Unpack[SessionOptions],
) -> Session[bytes]: ...
def open_fifo_pair(
    incoming: str | os.PathLike[str],
    outgoing: str | os.PathLike[str],
    *,
    encoding: str | None = "utf-8",
    create: bool = False,
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Open two named pipes for a conversation both ways, as QEMU's consoles have it.

    Args:
        incoming: The one to read from.
        outgoing: The one to write to. It is opened once somebody reads it.
        encoding, create, options: As in `open_fifo`.

    Raises:
        PeerAbsent, FifoFailed, TypeError, ValueError, LookupError: As `open_fifo`.
    """
    transport = connect_fifo(
        os.fspath(incoming), os.fspath(outgoing), timeout=_patience(options), create=create
    )
    return begin(transport, encoding, **options)


def open_fifo_url(
    opening: Opening, *, create: bool = False, stay: bool = False
) -> Session[Any]:
    """The scheme `fifo:///path`, or `fifo:///path?mode=w` to write; see `open_fifo`."""
    left = seconds_until(opening.deadline, SYSTEM_CLOCK.now())
    mode = opening.url.query.get("mode", "r")
    return opening.session(_connect(opening.url.path, mode, create, stay, left))
