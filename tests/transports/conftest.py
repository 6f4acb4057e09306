"""Real children on real pseudo-terminals, ended when the test is."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from chat.transports.pty import PtyTransport

PATIENCE = 20.0
"""Seconds until a test gives up on a child: long, because nothing waits for it to pass."""


class Peer:
    """A program on a pseudo-terminal, read with patience."""

    def __init__(self, transport: PtyTransport) -> None:
        self.transport = transport
        self.process = transport.process
        self.terminal = transport.terminal
        self.said = b""

    def _read_more(self, deadline: float) -> bytes:
        poller = select.poll()
        poller.register(self.transport.fileno(), select.POLLIN)
        while True:
            try:
                return self.transport.read()
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    pytest.fail(f"nothing more after {self.said!r}")
                poller.poll(left * 1000)

    def until(self, text: bytes) -> bytes:
        """Read until the text has come; what came before it."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            more = self._read_more(deadline)
            if not more:
                pytest.fail(f"{text!r} did not come: {self.said!r}")
            self.said += more
        before, _, self.said = self.said.partition(text)
        return before

    def rest(self) -> bytes:
        """Read to the end."""
        deadline = time.monotonic() + PATIENCE
        while more := self._read_more(deadline):
            self.said += more
        rest, self.said = self.said, b""
        return rest

    def until_wait(self, wanted: bool = True) -> bool:
        """Ask until the program waits for input, or does not; whether it came to that."""
        deadline = time.monotonic() + PATIENCE
        while self.terminal.input_wait() is not wanted:
            if time.monotonic() > deadline:
                return False
            os.sched_yield()
            self.drop()
        return True

    def drop(self) -> None:
        """Read what has come, so that the program is not held up."""
        try:
            while more := self.transport.read():
                self.said += more
        except BlockingIOError:
            pass

    def write(self, data: bytes) -> None:
        while data:
            data = data[self.transport.write(data) :]


@pytest.fixture
def start_peer() -> Iterator[Callable[..., Peer]]:
    """Start a command as a `Peer`; a text is Python to run."""
    peers: list[Peer] = []

    def start(command: list[str] | str, **options: object) -> Peer:
        argv = [sys.executable, "-c", command] if isinstance(command, str) else command
        peer = Peer(PtyTransport.start(argv, **options))
        peers.append(peer)
        return peer

    yield start
    for peer in peers:
        peer.process.end(0.2)
        peer.transport.close()
