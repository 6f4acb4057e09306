"""`pxssh`, on this package's `spawn`."""

from __future__ import annotations

from typing import Any

import pexpect.pxssh
from pexpect.pxssh import ExceptionPxssh

from chat.compat.pexpect.pty_spawn import spawn

__all__ = ["ExceptionPxssh", "pxssh"]


class pxssh(pexpect.pxssh.pxssh, spawn):  # type: ignore[misc]
    """pexpect's, in which a host is never taken for an option of ssh.

    Whether an unknown host key is accepted is ssh's own to say:
    `options={"StrictHostKeyChecking": "yes"}` refuses it, and then `login` raises. Without
    it, `login` says yes, as pexpect documents.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._take_delays_as_defaults()  # pexpect's constructor goes past ours

    def login(self, server: str, *arguments: Any, **options: Any) -> Any:
        """Log in; see pexpect.

        Raises:
            ExceptionPxssh: The host's name, or the user's, would be an option of ssh; or
                as in pexpect.
        """
        username = options.get("username", arguments[0] if arguments else None)
        for name in (server, username):
            if name is not None and any(word.startswith("-") for word in name.split()):
                raise ExceptionPxssh(f"{name!r} would be taken for an option of ssh")
        return super().login(server, *arguments, **options)
