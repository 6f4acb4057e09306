"""Going on with pexpect's children: what `attach` does with a `pexpect.spawn`."""

from __future__ import annotations

import os
import sys
from typing import Any

from chat.errors import SessionClosed
from chat.opening.options import SessionOptions
from chat.session import Session
from chat.transports.forking import slave_name
from chat.transports.held_child import HeldChild
from chat.transports.pty import PtyTransport
from chat.values import UNSET, Unset


def is_spawn(target: object) -> bool:
    """Whether it is a `pexpect.spawn`, or one of a class made from it."""
    # Whoever has a spawn object has imported pexpect; nobody else is to wait for it.
    pexpect = sys.modules.get("pexpect")
    return pexpect is not None and isinstance(target, pexpect.spawn)


# `child` is pexpect's, which has no types.
def attach_spawn(
    child: Any, encoding: str | None | Unset, options: SessionOptions
) -> Session[Any]:
    """Go on with a child; it is not to be used any more.

    What had come and was not consumed is the first that the session reads. Its encoding and
    its timeout are the child's, unless others are given.

    Raises:
        SessionClosed: It is closed.
        LookupError: There is no such encoding.
    """
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
