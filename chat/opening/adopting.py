"""Conversations that somebody else has begun: `attach` goes on with them as a session."""

from __future__ import annotations

import os
import sys
from typing import Any, Unpack

from chat.errors import SessionClosed
from chat.opening.options import SessionOptions
from chat.session import Session
from chat.transports.forking import slave_name
from chat.transports.held_child import HeldChild
from chat.transports.pty import PtyTransport
from chat.values import UNSET, Unset


def attach(
    target: object, *, encoding: str | None | Unset = UNSET, **options: Unpack[SessionOptions]
) -> Session[Any]:
    """Go on with a conversation that was begun by other means.

    What had come and was not consumed is the first that the session reads. The target is not
    to be used any more: the session owns what it held.

    Args:
        target: A child of pexpect's: a `pexpect.spawn` that is not closed.
        encoding: What the bytes mean; `None`: the session holds bytes. Left out: what the
            target had.
        options: Further options of `Session`; its timeout is the target's unless given.

    Raises:
        TypeError: The target is nothing that can be taken over.
        SessionClosed: It is closed.
        LookupError: There is no such encoding.
    """
    # Whoever has a spawn object has imported pexpect; nobody else is to wait for it.
    pexpect = sys.modules.get("pexpect")
    if pexpect is not None and isinstance(target, pexpect.spawn):
        return _attach_spawn(target, encoding, options)
    raise TypeError(f"a {type(target).__name__} cannot be taken over as a session")


# `child` is pexpect's, which has no types.
def _attach_spawn(
    child: Any, encoding: str | None | Unset, options: SessionOptions
) -> Session[Any]:
    if child.closed:
        raise SessionClosed("the spawn object is closed")
    unread = child.buffer if len(child.buffer) > len(_before(child)) else _before(child)
    if child.encoding is not None:
        unread = unread.encode(child.encoding, child.codec_errors) + _incomplete(child)
    if encoding is UNSET:
        encoding = child.encoding
    if child.encoding is not None:
        options.setdefault("errors", child.codec_errors)
    options.setdefault("timeout", child.timeout)
    held = HeldChild.taken_over(child.ptyproc)
    os.set_blocking(held.fd, False)
    transport = PtyTransport(held, [os.fsdecode(each) for each in child.args], slave_name(held))
    child.closed, child.child_fd = True, -1
    assert not isinstance(encoding, Unset)
    return Session(transport, encoding=encoding, unread=unread, **options)


def _before(child: Any) -> Any:
    """All that was not consumed: pexpect's `buffer` may be only the end of it."""
    return child._before.getvalue()  # noqa: SLF001  (it has no other name)


def _incomplete(child: Any) -> bytes:
    """The bytes of a character whose rest has not come."""
    kept: bytes = child._decoder.getstate()[0]  # noqa: SLF001  (as above)
    return kept
