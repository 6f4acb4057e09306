"""Where ssh is to go, and the command line that takes it there.

Nothing of a destination can become an option of `ssh`, or mean something to a shell that a
`ProxyCommand` hands it to.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, final
from urllib.parse import unquote, urlsplit

from chat.errors import UrlError

DANGEROUS: Final = re.compile(r"""[\x00-\x20\x7f'"`$\\;&<>|(){}*?!#~]""")
"""What no host's name contains, and a shell acts on: OpenSSH refuses these since 9.6, when
it turned out that `%h` in a `ProxyCommand` was not quoted."""

IN_NO_USER: Final = re.compile(r"""[\x00-\x1f\x7f'"`$;&<>|(){}]|\\$""")
"""The same for users. Those of a Windows domain have a backslash."""

PUBLIC: Final = (
    "a password does not belong in an address, where it shows: give password=chat.Secret(…)"
)

FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")

OURS: Final[Mapping[str, str]] = {
    "stricthostkeychecking": "host_key",
    "proxyjump": "jump",
    "identityfile": "identity",
    "port": "the destination",
    "user": "the destination",
    "hostname": "the destination",
    "remotecommand": "command",
    "loglevel": "nothing: the login is followed in ssh's log",
    "requesttty": "nothing: there is always a terminal",
    "escapechar": "nothing: there is none",
    "batchmode": "nothing: questions are answered, or are errors",
}
"""Options of ssh that are not given as such, and what says it instead."""


@final
@dataclass(frozen=True, slots=True)
class Destination:
    """A host, with the user and port if they are given.

    Raises:
        UrlError: It could be taken for an option, or is no name of a host or user.
    """

    host: str
    user: str | None = None
    port: int | None = None

    def __post_init__(self) -> None:
        if not self.host or self.host.startswith("-") or DANGEROUS.search(self.host):
            raise UrlError(f"{self.host!r} is not the name of a host")
        if self.user is not None and (
            not self.user or self.user.startswith("-") or IN_NO_USER.search(self.user)
        ):
            raise UrlError(f"{self.user!r} is not the name of a user")
        if self.port is not None and not 0 < self.port < 65536:
            raise UrlError(f"there is no port {self.port}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ssh://user@host:port`, or `user@host` as ssh itself takes it.

        Raises:
            UrlError: It is neither, or has a password in it, which would show.
        """
        if "://" not in text:
            name, at, host = text.rpartition("@")
            if ":" in name:
                raise UrlError(PUBLIC)
            return cls(host, name if at else None)
        parts = urlsplit(text)
        if parts.scheme != "ssh":
            raise UrlError(f"an address of ssh begins with ssh://, not {parts.scheme}://")
        if parts.password is not None:
            raise UrlError(PUBLIC)
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise UrlError("an address of ssh is ssh://user@host:port, and ends there")
        user = None if parts.username is None else unquote(parts.username)
        try:
            port = parts.port
        except ValueError as error:
            raise UrlError(str(error)) from error
        return cls(unquote(_host_as_written(parts.netloc)), user, port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host and self.port is not None else self.host
        return (f"{self.user}@" if self.user is not None else "") + (
            host if self.port is None else f"{host}:{self.port}"
        )


def _host_as_written(netloc: str) -> str:
    """The host's name in its own case, which may be an alias of the user's config."""
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


@final
@dataclass(frozen=True, slots=True)
class Invocation:
    """How ssh is called.

    Attributes:
        destination: Where it goes.
        host_key: `"known"`, `"accept-new"`, or the fingerprint to see.
        identity: A file with a private key.
        jump: Hosts on the way, as `ssh -J` takes them.
        config: The configuration file instead of the user's own; `"none"`: none.
        options: Further options by their names in `ssh_config`.
        command: What to run there instead of the login shell.

    Raises:
        ValueError: One of them is not such a thing.
    """

    destination: Destination
    host_key: str = "known"
    identity: str | os.PathLike[str] | None = None
    jump: str | None = None
    config: str | os.PathLike[str] | None = None
    options: Mapping[str, str] | None = None
    command: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.host_key not in ("known", "accept-new") and self.pin is None:
            raise ValueError(
                "host_key is 'known', 'accept-new' or a fingerprint (SHA256:…),"
                f" not {self.host_key!r}"
            )
        for each in (self.jump or "").split(",") if self.jump is not None else ():
            Destination.parse(each if "://" in each else f"ssh://{each}")
        for name in self.options or ():
            if not name.isalnum():
                raise ValueError(f"{name!r} is not the name of an option of ssh")
            if name.lower() in OURS:
                raise ValueError(f"{name} is not for options: {OURS[name.lower()]} says it")

    @property
    def pin(self) -> str | None:
        """The fingerprint that the host must show, if one was given."""
        return self.host_key.rstrip("=") if FINGERPRINT.fullmatch(self.host_key) else None

    def arguments(self, log: str) -> list[str]:
        """The command line of ssh, behind its name.

        Args:
            log: The file to which it is to write what it does.
        """
        chosen = [*self._trust(), *self._chosen()]
        where = self.destination
        return [
            *("-tt", "-e", "none", "-E", log),
            *("-o", "LogLevel=DEBUG1", "-o", "FingerprintHash=sha256"),
            *(each for option in chosen for each in ("-o", option)),
            *(("-F", os.fspath(self.config)) if self.config is not None else ()),
            *(("-i", os.fspath(self.identity)) if self.identity is not None else ()),
            *(("-J", self.jump) if self.jump is not None else ()),
            *(("-p", str(where.port)) if where.port is not None else ()),
            *(("-l", where.user) if where.user is not None else ()),
            "--",
            where.host,
            *self._command(),
        ]

    def _trust(self) -> list[str]:
        """The options that decide on the host's key. Of several values, ssh takes the first.

        With a pin, what is known of the host is left aside, so that ssh asks in any case;
        and a connection that is already there, whose key nobody would see, is not shared.
        """
        if self.pin is None:
            wanted = "yes" if self.host_key == "known" else self.host_key
            return [f"StrictHostKeyChecking={wanted}"]
        return [
            "StrictHostKeyChecking=ask",
            "UserKnownHostsFile=/dev/null",
            "GlobalKnownHostsFile=/dev/null",
            "VerifyHostKeyDNS=no",
            "ControlPath=none",
        ]

    def _chosen(self) -> list[str]:
        return [f"{name}={value}" for name, value in (self.options or {}).items()]

    def _command(self) -> list[str]:
        if self.command is None:
            return []
        return [self.command if isinstance(self.command, str) else shlex.join(self.command)]
