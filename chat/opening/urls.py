"""Conversations by URL: `connect`, and the schemes that it knows.

A scheme is one line of `OPENERS`, or an entry point of the group `chat.transports` in
another package. Both name a function, which is imported when it is first asked for:

    def open_it(opening: Opening, **options) -> Session:
        return opening.session(MyTransport(opening.url.host, …))

It is given the URL in parts, the deadline, and what the session is to be like; options of
`connect` that are not a session's are the scheme's own, and come as keywords.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, Final, TypeAlias, cast, final, overload
from urllib.parse import parse_qsl, unquote

from chat.deadlines import due_after
from chat.errors import UrlError, join_alternatives
from chat.opening.options import SessionOptions
from chat.session import DEFAULT_TIMEOUT, Session
from chat.timing import check_seconds
from chat.transports import Transport
from chat.values import UNSET, Unset

OPENERS: Final[dict[str, str]] = {
    "fifo": "chat.opening.fifos:open_fifo_url",
    "loop": "chat.opening.serial:open_url",
    "rfc2217": "chat.opening.serial:open_url",
    "serial": "chat.opening.serial:open_url",
    "socket": "chat.opening.serial:open_url",
    "ssh": "chat.ssh:open_url",
    "tcp": "chat.opening.sockets:open_tcp",
    "telnet": "chat.opening.telnet:open_telnet",
    "tls": "chat.opening.sockets:open_tls",
    "udp": "chat.opening.sockets:open_udp",
    "unix": "chat.opening.sockets:open_unix",
}
"""For each scheme, where the function is that opens it: `"module:function"`."""

ENTRY_POINTS: Final = "chat.transports"
"""The group of entry points by which other packages add schemes. Ours come first."""


@final
@dataclass(frozen=True, slots=True)
class Url:
    """A URL in parts. What a part means is the scheme's business.

    Attributes:
        text: All of it, as given.
        scheme: What stands before `://`, in small letters.
        authority: What stands between `://` and the path, as given.
        user: Of the authority, what stands before an `@`; `None` without one.
        host: Of the authority, the host, without the brackets of IPv6.
        port: Of the authority, the number or service behind the colon; `""` without one.
        path: The path, escapes resolved, with its `/`; `""` without one.
        query: What stands behind a `?`, by name.
    """

    text: str
    scheme: str
    authority: str
    user: str | None
    host: str
    port: str
    path: str
    query: Mapping[str, str]

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Url:
        """Take a URL apart.

        Raises:
            UrlError: It is none; or it holds a password, which does not belong there.
        """
        scheme, separator, rest = text.partition("://")
        if not separator or not scheme:
            raise UrlError(f"{text!r} is no URL: {_examples()}")
        rest, _, query = rest.partition("?")
        authority, slash, path = rest.partition("/")
        userinfo, at, place = authority.rpartition("@")
        if ":" in userinfo:
            # Not shown: it is in every list of processes and in many logs already.
            raise UrlError(f"a {scheme}:// URL holds a password; give it as a Secret instead")
        host, port = _host_and_port(text, place)
        return cls(
            text,
            scheme.lower(),
            authority,
            unquote(userinfo) if at else None,
            unquote(host),
            unquote(port),
            unquote(slash + path),
            dict(parse_qsl(query, keep_blank_values=True)),
        )

    def check_host_and_port(self) -> None:
        """Refuse what is not `scheme://host:port` and nothing else.

        Raises:
            UrlError: A part is missing, or there is one too many.
        """
        if not self.host:
            raise UrlError(f"{self.text!r} names no host: {self.scheme}://host:port")
        if not self.port:
            raise UrlError(f"{self.text!r} names no port: {self.scheme}://host:port")
        self.check_nothing_else()

    def check_nothing_else(self) -> None:
        """Refuse a user, a path and a query.

        Raises:
            UrlError: There is one.
        """
        extra = {"user": self.user, "path": self.path.removeprefix("/"), "query": self.query}
        for name, value in extra.items():
            if value:
                raise UrlError(f"{self.text!r} has a {name}, and {self.scheme}:// has none")


def _host_and_port(text: str, place: str) -> tuple[str, str]:
    if place.startswith("["):  # RFC 3986, section 3.2.2
        host, bracket, rest = place[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise UrlError(f"{text!r} has a bracket that is not closed behind its address")
        return host, rest.removeprefix(":")
    host, _, port = place.partition(":")
    if ":" in port:
        raise UrlError(f"{text!r} has an IPv6 address, which stands in brackets: [{place}]")
    return host, port


@final
@dataclass(frozen=True, slots=True)
class Opening:
    """What is to be opened: where to, until when, and what the session is to be like.

    Attributes:
        url: Where to.
        deadline: When to give up, on the monotonic clock; `None`: never.
        encoding: What the bytes mean; `None`: the session holds bytes.
        options: The session's other options.
    """

    url: Url
    deadline: float | None
    encoding: str | None
    options: SessionOptions

    def session(self, transport: Transport) -> Session[Any]:
        """A session over a transport, which is closed if there cannot be one.

        Raises:
            TypeError, ValueError, LookupError: An option of the session is not one.
        """
        try:
            return Session(transport, encoding=self.encoding, **self.options)
        except BaseException:
            transport.close()
            raise


Opener: TypeAlias = Callable[..., Session[Any]]
"""Given an `Opening` and the scheme's own options as keywords, opens a session."""


@overload
def connect(
    url: str,
    *,
    encoding: str = ...,
    connect_timeout: float | None | Unset = ...,
    **options: Any,
) -> Session[str]: ...
@overload
def connect(
    url: str,
    *,
    encoding: None,
    connect_timeout: float | None | Unset = ...,
    **options: Any,
) -> Session[bytes]: ...
def connect(
    url: str,
    *,
    encoding: str | None = "utf-8",
    connect_timeout: float | None | Unset = UNSET,
    **options: Any,  # the session's, and the scheme's own
) -> Session[Any]:
    """Open a conversation with whoever a URL stands for.

        with chat.connect("tcp://mail.example.com:smtp", timeout=20) as s:
            s.expect("220 ")

    `tcp://host:port`
        Host by name or address (IPv6 in brackets), port by number or service. Options:
        `source`, `keepalive`, `nodelay` (`TcpOptions`).
    `tls://host:port`
        The same within TLS, the host's certificate verified. Options: also `ca_file`,
        `cert_file`, `key_file`, `key_password`, `server_name`, `verify`, `allow_truncation`
        (`TlsOptions`). `start_tls` goes over to TLS later.
    `telnet://host`
        A telnet server, at port 23 unless the URL has another. Options: `terminal_type`,
        `size`, `environment`, `binary` (`chat.transports.telnet.settings.Client`), and those
        of `tcp`. The user of `telnet://user@host` is told to a server that asks. Telnet
        hides nothing from who listens on the way.
    `unix:///path`
        A Unix-domain socket, or `unix://@name` for one without a path (Linux).
    `udp://host:port`
        Messages: what each `send` says is one, and `receive` takes one, whole. `expect` sees
        them one behind the other. Option: `source`.

    `ssh://user@host:port`
        Whatever is behind an ssh login. Options: those of `open_ssh`.
    `serial:///dev/ttyUSB0`, `rfc2217://host:port`, `socket://host:port`, `loop://`
        A serial line, by pyserial. Options: its settings (`SerialSettings`).

    Args:
        url: Where to.
        encoding: What the bytes mean; `None`: the session holds bytes.
        connect_timeout: Seconds for everything up to the conversation, looking the name up
            included. Left out: `timeout`. None: no limit.
        options: Further options of `Session` (timeout, quiet, view, log …) and the scheme's.

    Returns:
        The session. End it with `close()`, or use it in a `with` block.

    Raises:
        UrlError: The scheme is unknown, or a part of the URL is missing or wrong.
        HostNotFound, ConnectRefused, ConnectTimeout, ConnectFailed: No connection came
            about; each address that was tried is named.
        CertificateRejected, HandshakeFailed: No TLS came about.
        CertificateUnusable: A file that an option names cannot be used.
        TypeError, ValueError, LookupError: An option is not one.
    """
    parts = Url.parse(url)
    opener = find_opener(parts.scheme)
    known = SessionOptions.__optional_keys__
    kept = {name: options.pop(name) for name in known & options.keys()}
    limit = connect_timeout
    if isinstance(limit, Unset):
        limit = kept.get("timeout", DEFAULT_TIMEOUT)
    check_seconds("connect_timeout", limit)
    deadline = due_after(limit)
    opening = Opening(parts, deadline, encoding, cast("SessionOptions", kept))
    return opener(opening, **options)


def find_opener(scheme: str) -> Opener:
    """The function that opens a scheme.

    Raises:
        UrlError: There is none.
    """
    if scheme in OPENERS:
        module, _, name = OPENERS[scheme].partition(":")
        ours: Opener = getattr(import_module(module), name)
        return ours
    added = _added_schemes()
    if scheme not in added:
        raise UrlError(f"{scheme}:// is unknown; known are {_listed({*OPENERS, *added})}")
    theirs: Opener = added[scheme].load()
    return theirs


def _added_schemes() -> dict[str, Any]:
    """The entry points of other packages, by scheme."""
    from importlib.metadata import entry_points  # start-up cost: few have any

    return {each.name: each for each in entry_points(group=ENTRY_POINTS)}


def _listed(schemes: set[str]) -> str:
    return join_alternatives([f"{scheme}://" for scheme in sorted(schemes)])


def _examples() -> str:
    return f"it begins with {_listed(set(OPENERS))}"


def option_values(scheme: str, options: Mapping[str, Any], *kinds: type[Any]) -> list[Any]:
    """A scheme's options as values of the frozen classes that hold them.

    Raises:
        TypeError: None of them has an option of that name.
    """
    names = [{field.name for field in fields(kind)} for kind in kinds]
    known = set().union(*names)
    for name in options:
        if name not in known:
            others = join_alternatives(sorted(known)) if known else "none"
            raise TypeError(f"{scheme}:// takes no option {name!r}; it takes {others}")
    return [
        kind(**{name: value for name, value in options.items() if name in own})
        for kind, own in zip(kinds, names, strict=True)
    ]
