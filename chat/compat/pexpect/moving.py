"""From a session of `chat` to a child of pexpect's kind; `chat.attach` goes the other way."""

from __future__ import annotations

from typing import Any

from chat.compat.pexpect.child import Child
from chat.compat.pexpect.pty_spawn import spawn
from chat.session import Session
from chat.transports.pty import PtyTransport


def from_session(session: Session[Any]) -> spawn:
    """Go on with a session's conversation as a `spawn`; see `Session.as_pexpect`.

    Raises:
        NotSupported: The program is not on a pseudo-terminal of ours.
        SessionClosed: The session was closed already.
    """
    timeout, echo = session.timeout, session.echo
    detached = session.detach(PtyTransport)
    options: dict[str, Any] = {"timeout": timeout, "echo": echo}
    if detached.encoding is not None:
        options |= {"encoding": detached.encoding, "codec_errors": detached.errors}
    child = spawn(None, **options)
    argv = detached.transport.process.argv
    child.go_on_with(Child.taken_over(detached.transport.hand_over_child()), argv)
    child.buffer = child._decoder.decode(detached.unread)
    return child
