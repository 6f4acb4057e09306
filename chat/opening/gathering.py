"""One question to many hosts over UDP, and whatever they answer in time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, AnyStr, Final, Generic, final

from chat.core.decoder import make_codec
from chat.errors import ConnectFailed, seconds
from chat.opening.bell import Bell
from chat.opening.urls import Url
from chat.timing import READABLE, SYSTEM_CLOCK, check_seconds, deadline_after, seconds_until
from chat.transports.addresses import Address, port_number, resolve
from chat.transports.sockets import MAX_DATAGRAM, source_place

LOOKUPS: Final = 32
"""Names looked up at once."""


@final
@dataclass(frozen=True, slots=True)
class UdpAnswer(Generic[AnyStr]):
    """What came of asking one host.

    Attributes:
        url: Where the question went, as given.
        answer: What came back; `None`: nothing did.
        elapsed: Seconds from the question to the answer.
        problem: Why there is no answer, in words; `""` if there is one.
    """

    url: str
    answer: AnyStr | None
    elapsed: float = 0.0
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.answer is not None


def gather_udp(
    urls: Iterable[str],
    question: AnyStr,
    *,
    timeout: float | None = 5.0,
    source: str | None = None,
) -> list[UdpAnswer[AnyStr]]:
    """Ask many hosts the same over UDP, and gather their answers until all have come.

        for each in chat.gather_udp(["udp://a:time", "udp://b:time"], b"\\n", timeout=3):
            print(each.url, each.answer or each.problem)

    All are asked at once. UDP promises nothing: a question or an answer may be lost.

    Args:
        urls: Whom to ask, as `udp://host:port`.
        question: What to ask, as text (UTF-8) or bytes; answers come as the same.
        timeout: Seconds after which whatever has come is all. None: no limit.
        source: The address to ask from; see `connect`.

    Returns:
        For each URL in turn, the first answer of that very host, or why there is none.

    Raises:
        UrlError: A URL is none of `udp://host:port`; nobody was asked.
        OSError: There are more hosts than this process may have descriptors.
    """
    check_seconds("timeout", timeout)
    targets = [_parsed(url) for url in urls]
    gathering = _Gathering(question, timeout)
    try:
        gathering.run(targets, source)
    finally:
        gathering.close()
    return gathering.results(targets)


def _parsed(text: str) -> tuple[Url, int]:
    url = Url.parse(text)
    url.check_host_and_port()
    return url, port_number(url.port, "udp")


@final
class _Gathering(Generic[AnyStr]):
    """Questions under way."""

    def __init__(self, question: AnyStr, timeout: float | None) -> None:
        asked: Any = question
        self._encoding: Final = None if isinstance(asked, bytes) else "utf-8"
        self._data: Final[bytes] = asked if isinstance(asked, bytes) else asked.encode()
        self._timeout: Final = timeout
        self._deadline: Final = deadline_after(SYSTEM_CLOCK.now(), timeout)
        self._bell: Final = Bell()
        self._waiting: Final[dict[Future[list[Address]], int]] = {}
        self._asked: Final[dict[int, tuple[int, socket.socket, float]]] = {}
        self._found: Final[dict[int, tuple[bytes, float]]] = {}
        self._problems: Final[dict[int, str]] = {}

    def run(self, targets: list[tuple[Url, int]], source: str | None) -> None:
        """Ask each as soon as its address is known, and take answers until all have come."""
        with ThreadPoolExecutor(LOOKUPS, "look up") as lookups:
            for index, (url, port) in enumerate(targets):
                lookup = lookups.submit(
                    resolve, url.text, url.host, port, socket.SOCK_DGRAM, self._deadline
                )
                self._waiting[lookup] = index
                lookup.add_done_callback(lambda _: self._bell.ring())
            while self._waiting or self._asked:
                interest = dict.fromkeys([self._bell.fileno(), *self._asked], READABLE)
                left = seconds_until(self._deadline, SYSTEM_CLOCK.now())
                ready = SYSTEM_CLOCK.waiter(interest)(left)
                if not ready:
                    return
                for descriptor, _ in ready:
                    if descriptor in self._asked:
                        self._receive(descriptor)
                self._bell.quieten()
                for lookup in [each for each in self._waiting if each.done()]:
                    self._conclude(lookup, source)

    def _conclude(self, lookup: Future[list[Address]], source: str | None) -> None:
        """Ask the host whose address has been looked up."""
        index = self._waiting.pop(lookup)
        try:
            self._send(index, lookup.result()[0], source)
        except ConnectFailed as error:
            self._problems[index] = error.reason

    def _send(self, index: int, address: Address, source: str | None) -> None:
        # A socket for each, connected: the system lets nobody else's answer in, and tells
        # if nobody is there.
        asking = socket.socket(address.family, socket.SOCK_DGRAM)
        self._asked[asking.fileno()] = index, asking, SYSTEM_CLOCK.now()
        try:
            asking.setblocking(False)
            if source is not None:
                asking.bind(source_place(source))
            asking.connect(address.place)
            asking.send(self._data)
        except OSError as error:
            self._drop(asking.fileno(), error)

    def _receive(self, descriptor: int) -> None:
        index, asking, began = self._asked[descriptor]
        try:
            answer = asking.recv(MAX_DATAGRAM)
        except BlockingIOError:
            return  # its checksum was wrong
        except OSError as error:
            self._drop(descriptor, error)
            return
        self._found[index] = answer, SYSTEM_CLOCK.now() - began
        self._drop(descriptor)

    def _drop(self, descriptor: int, error: OSError | None = None) -> None:
        index, asking, _ = self._asked.pop(descriptor)
        asking.close()
        if error is not None:
            self._problems[index] = os.strerror(error.errno or 0)

    def close(self) -> None:
        for _, asking, _ in self._asked.values():
            asking.close()
        self._bell.close()

    def results(self, targets: list[tuple[Url, int]]) -> list[UdpAnswer[AnyStr]]:
        return [self._result(index, url.text) for index, (url, _) in enumerate(targets)]

    def _result(self, index: int, url: str) -> UdpAnswer[AnyStr]:
        if index in self._found:
            data, elapsed = self._found[index]
            answer: Any = make_codec(self._encoding).decode(data, True)
            return UdpAnswer(url, answer, elapsed)
        silent = f"no answer within {seconds(self._timeout)}"
        return UdpAnswer(url, None, 0.0, self._problems.get(index, silent))
