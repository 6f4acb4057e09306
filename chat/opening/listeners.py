"""Being called: `listen`, and what it gives, a listener that accepts conversations."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, AnyStr, Final, Generic, Literal, Self, TypeAlias, cast, final, overload

from chat.errors import AcceptTimeout, SessionClosed, UrlError, join_alternatives, seconds
from chat.opening.bell import Bell
from chat.opening.options import SessionOptions
from chat.opening.sockets import unix_path
from chat.opening.urls import Url, option_values
from chat.session import DEFAULT_TIMEOUT, GRACE, Session
from chat.timing import READABLE, SYSTEM_CLOCK, check_seconds, deadline_after, seconds_until
from chat.transports import Transport
from chat.transports.accepting import (
    BACKLOG,
    PRIVATE,
    Endpoint,
    caller_name,
    listen_tcp,
    listen_unix,
)
from chat.transports.addresses import port_number, resolve
from chat.transports.sockets import SocketTransport, TcpOptions

Mode: TypeAlias = Literal["thread", "fork", "task"]
"""How clients are served at once; see `Listener.serve`."""

Adopt: TypeAlias = "Callable[[socket.socket, str, float | None], Transport]"
"""Makes a transport of an accepted socket, given who called and a deadline. The socket is
closed if there is none."""

LOOPBACK: Final = "127.0.0.1"
"""Where a listener is that names no host: nobody else's machine can call."""

EVERYWHERE: Final = {"*": "0.0.0.0"}  # noqa: S104  only for whoever writes the asterisk


@final
class Listener(Generic[AnyStr]):
    """Somewhere to be called. Made by `listen`.

    Whoever makes one closes it; `with` does that.

    Args:
        endpoint: The socket that is listened on, which it owns.
        adopt: Makes a transport of an accepted socket.
        encoding: What the bytes mean in its sessions; `None`: they hold bytes.
        options: Further options of its sessions.

    Attributes:
        url: Where it can be called; of port 0, the one that the system has chosen.
        address: The same as the system has it: host and port, or a path.
        encoding: What the bytes mean in its sessions.
        endpoint: The socket that is listened on.
        bell: What wakes those who wait for callers.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        adopt: Adopt,
        encoding: str | None,
        options: SessionOptions,
    ) -> None:
        self.url: Final = endpoint.url
        self.address: Final[Any] = endpoint.address  # a tuple, a path, or an abstract name
        self.encoding: Final = encoding
        self.endpoint: Final = endpoint
        self._adopt: Final = adopt
        self._options: Final = options
        self._stopped = False
        self.bell: Final = Bell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        closed = self.endpoint.fileno() < 0
        state = "closed" if closed else "stopped" if self._stopped else "listening"
        return f"<Listener: {state} on {self.url}>"

    def fileno(self) -> int:
        """The descriptor that becomes readable when somebody calls, for `select` and its like.

        Raises:
            SessionClosed: The listener is closed.
        """
        self._check_open()
        return self.endpoint.fileno()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop, or is closed."""
        return self._stopped

    def accept(self, timeout: float | None = None) -> Session[AnyStr]:
        """Wait until somebody calls, and open a conversation with them.

        Args:
            timeout: Seconds to wait, for a TLS handshake too. None: no limit. 0: do not wait.

        Raises:
            AcceptTimeout: Nobody called in time.
            HandshakeFailed, ConnectTimeout: Somebody did, and no TLS came about.
            SessionClosed: The listener is closed, or was told to stop.
            OSError: The system has no room for another connection.
        """
        check_seconds("timeout", timeout)
        deadline = deadline_after(SYSTEM_CLOCK.now(), timeout)
        while True:
            self._check_open()
            interest = {self.endpoint.fileno(): READABLE, self.bell.fileno(): READABLE}
            left = seconds_until(deadline, SYSTEM_CLOCK.now())
            if not SYSTEM_CLOCK.waiter(interest)(left):
                raise AcceptTimeout(f"nobody called {self.url} within {seconds(timeout)}")
            try:
                connection = self.endpoint.accept()
            except BlockingIOError:
                continue  # they have hung up since, or it was the bell
            return self.open(connection, deadline)

    def caller(self, connection: socket.socket) -> str:
        """Who is at the other end of an accepted socket, for people to read."""
        return caller_name(connection, self.url)

    def open(self, connection: socket.socket, deadline: float | None) -> Session[AnyStr]:
        """Open a conversation over an accepted socket, which is closed if there is none.

        Args:
            deadline: When to give up, on the monotonic clock; `None`: never.

        Raises:
            HandshakeFailed, ConnectTimeout: No TLS came about.
        """
        try:
            transport = self._adopt(connection, self.caller(connection), deadline)
            made: Session[Any] = Session(transport, encoding=self.encoding, **self._options)
        except BaseException:
            connection.close()
            raise
        return cast("Session[AnyStr]", made)

    def serve(
        self,
        handler: Callable[[Session[AnyStr]], object],
        *,
        mode: Mode = "thread",
        at_most: int = 64,
        grace: float = GRACE,
    ) -> None:
        """Serve whoever calls, many at once, until `stop`.

        The handler is called with a session for each client, which is closed behind it. What
        it raises is logged (logger `chat.listener`) with the client's name, and the others
        are served on. Beyond `at_most` clients, callers wait to be accepted.

        Args:
            handler: What to do with a client.
            mode: `"thread"`: each client in a thread of this process. `"fork"`: each in a
                child of its own, which is reaped; for programs without other threads.
            at_most: Clients served at once.
            grace: Seconds that handlers are given, once it has been told to stop, to end;
                then their clients are hung up on (thread) or they are ended (fork).

        Raises:
            SessionClosed: The listener is closed.
            NotSupported: This kind of serving is not there.
            ValueError: There is no such mode, or `at_most` is less than one.
        """
        from chat.opening.serving import serve  # most listeners only accept

        self._check_open()
        serve(self, handler, mode=mode, at_most=at_most, grace=grace)

    def stop(self) -> None:
        """Have `serve` and `accept` end, from any thread, a handler, or a signal's.

        What is being served is given its time; see `serve`. The address stays taken until
        `close`.
        """
        self._stopped = True
        self.bell.ring()

    def close(self) -> None:
        """Listen no more, and let go of the address. Twice is once.

        Sessions that were accepted go on. Not while `serve` runs: that is `stop`.
        """
        self._stopped = True
        self.endpoint.close()
        self.bell.close()

    def _check_open(self) -> None:
        if self._stopped:
            raise SessionClosed(f"the listener on {self.url} is stopped or closed")


@overload
def listen(
    url: str, *, encoding: str = ..., backlog: int = ..., **options: Any
) -> Listener[str]: ...
@overload
def listen(
    url: str, *, encoding: None, backlog: int = ..., **options: Any
) -> Listener[bytes]: ...
def listen(
    url: str,
    *,
    encoding: str | None = "utf-8",
    backlog: int = BACKLOG,
    **options: Any,  # the sessions', and the scheme's own
) -> Listener[Any]:
    """Be there to be called.

        with chat.listen("tcp://127.0.0.1:0") as listener:
            print(listener.url)
            with listener.accept(timeout=60) as client:
                client.sendline("hello")

    `tcp://host:port`
        Port 0 is one that the system chooses. Without a host (`tcp://:2345`), this machine
        alone can call; `tcp://*:2345` is every address, for which it has to be asked.
        Options for each connection: `keepalive`, `nodelay`.
    `tls://host:port`
        The same within TLS. Options: also `cert_file` (needed), `key_file`, `key_password`;
        `ca_file`, for callers to show a certificate of theirs.
    `unix:///path`
        A Unix-domain socket for its owner alone, or with other permissions (`mode=0o660`).
        One left behind by a program that has ended is replaced. `unix://@name` has no path
        (Linux), and is for processes of this user.

    Args:
        url: Where.
        encoding: What the bytes mean; `None`: its sessions hold bytes.
        backlog: Callers that may wait to be accepted.
        options: Options of its sessions (timeout, view, log …) and the scheme's own.

    Raises:
        UrlError: The scheme is unknown, or a part of the URL is missing or wrong.
        HostNotFound: The host's name has no address.
        ListenFailed: The address is in use, or may not be had.
        CertificateUnusable: A file that an option names cannot be used.
        TypeError, ValueError: An option is not one.
    """
    parts = Url.parse(url)
    make = _LISTENERS.get(parts.scheme)
    if make is None:
        known = join_alternatives([f"{scheme}://" for scheme in _LISTENERS])
        raise UrlError(f"{parts.scheme}:// cannot be listened on; known are {known}")
    names = SessionOptions.__optional_keys__ & options.keys()
    kept = cast("SessionOptions", {name: options.pop(name) for name in names})
    endpoint, adopt = make(parts, backlog, options)
    try:
        return Listener(endpoint, adopt, encoding, kept)
    except BaseException:
        endpoint.close()
        raise


def _listen_tcp(url: Url, backlog: int, options: dict[str, Any]) -> tuple[Endpoint, Adopt]:
    (tcp,) = option_values("tcp", _without_source(options), TcpOptions)

    def adopt(connection: socket.socket, who: str, _: float | None) -> Transport:
        tcp.apply(connection)
        return SocketTransport(connection, peer=who)

    return _tcp_endpoint(url, backlog), adopt


def _listen_tls(url: Url, backlog: int, options: dict[str, Any]) -> tuple[Endpoint, Adopt]:
    from chat.opening.securing import secured  # start-up cost: `ssl`
    from chat.transports.tls import TlsOptions

    tcp, tls = option_values("tls", _without_source(options), TcpOptions, TlsOptions)
    context = tls.server_context()

    def adopt(connection: socket.socket, who: str, deadline: float | None) -> Transport:
        tcp.apply(connection)
        return secured(connection, tls, context, deadline=deadline, peer=who)

    return _tcp_endpoint(url, backlog), adopt


def _without_source(options: dict[str, Any]) -> dict[str, Any]:
    if "source" in options:
        raise TypeError("source is for who calls; a listener's address is in its URL")
    return options


def _tcp_endpoint(url: Url, backlog: int) -> Endpoint:
    url.check_nothing_else()
    if not url.port:
        raise UrlError(f"{url.text!r} names no port; 0 is one that the system chooses")
    port = port_number(url.port, "tcp")
    host = EVERYWHERE.get(url.host, url.host or LOOPBACK)
    deadline = SYSTEM_CLOCK.now() + DEFAULT_TIMEOUT
    addresses = resolve(url.text, host, port, socket.SOCK_STREAM, deadline)
    return listen_tcp(url.text, url.scheme, addresses, backlog=backlog)


def _listen_unix(url: Url, backlog: int, options: dict[str, Any]) -> tuple[Endpoint, Adopt]:
    mode = options.pop("mode", PRIVATE)
    option_values("unix", options)

    def adopt(connection: socket.socket, who: str, _: float | None) -> Transport:
        return SocketTransport(connection, peer=who)

    return listen_unix(url.text, unix_path(url), mode=mode, backlog=backlog), adopt


_LISTENERS: Final = {"tcp": _listen_tcp, "tls": _listen_tls, "unix": _listen_unix}
"""For each scheme, what makes an endpoint, and transports of those who call there."""
