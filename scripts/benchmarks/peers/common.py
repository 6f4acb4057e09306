"""What the peers written in Python share: arguments in, clocks, one line of JSON out."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

AWAITED: Final = "READY"
"""What a command of the tasks `scan` and `lines` says before it waits for a newline."""

LONG: Final = 3600.0
"""Seconds that stand for no limit: whoever called the peer has a limit of its own."""


@dataclass
class Clock:
    """Measures one stretch of time, in seconds of the wall and of the processor."""

    child: int | None = None
    wall: float = 0.0
    own: float = 0.0
    cpu: float = 0.0

    def start(self, child: int | None = None) -> None:
        """Begin; `child` is a program already running, whose time counts from now on."""
        self.child = child
        self.cpu = -self._programs() - time.process_time()
        self.own = -time.process_time()
        self.wall = -time.perf_counter()

    def stop(self) -> None:
        """End. The child must not have been reaped in between."""
        self.wall += time.perf_counter()
        self.own += time.process_time()
        self.cpu += self._programs() + time.process_time()

    def _programs(self) -> float:
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        live = running_time(self.child) if self.child else 0.0
        return reaped.ru_utime + reaped.ru_stime + live


@dataclass
class Task:
    """What a peer was asked to do.

    Attributes:
        names: The values given as NAME=VALUE.
        command: The program to hold a conversation with.
    """

    names: dict[str, str]
    command: list[str]
    clock: Clock = field(default_factory=Clock)

    @property
    def count(self) -> int:
        """How often."""
        return int(self.names["count"])

    def rounds(self) -> list[tuple[str, str, str]]:
        """What to send, what to await, and what comes before it, for each round trip."""
        send, awaited, reply = (self.names[name] for name in ("send", "awaited", "reply"))
        return [
            (
                send.replace("@", str(number)),
                awaited.replace("@", str(number)),
                reply.replace("@", str(number)),
            )
            for number in range(self.count)
        ]

    def patterns(self) -> list[tuple[str, str]]:
        """Kind (`literal`, `regex` or `dotall`) and text of each pattern."""
        lines = Path(self.names["patterns"]).read_text("ascii").splitlines()
        return [(kind, text) for kind, _, text in (line.partition("\t") for line in lines)]

    @property
    def size(self) -> int:
        """How many bytes, given in MiB."""
        return int(self.names["size"]) << 20

    def start_on_pipes(self) -> subprocess.Popen[bytes]:
        """Start the command with pipes in place of a terminal."""
        return subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    @property
    def idle(self) -> float:
        """Seconds to wait for what does not come; 0: not to."""
        return float(self.names["idle"])

    def start_server(self) -> tuple[subprocess.Popen[bytes], str]:
        """Start the command, a server; it, and the address that it prints."""
        with suppress(FileNotFoundError):  # of the last round
            Path(self.command[-1]).unlink()
        server = subprocess.Popen(self.command, stdout=subprocess.PIPE)
        assert server.stdout
        return server, server.stdout.readline().decode().strip()

    def call(self, address: str) -> socket.socket:
        """A socket connected to the server, small things being sent at once."""
        if self.names["via"] == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(address)
            return connection
        connection = socket.create_connection(("127.0.0.1", int(address)))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def cell(self) -> str:
        """The commands to run in a shell."""
        return Path(self.names["cell"]).read_text("ascii")

    def take_ballast(self) -> bytes:
        """Make the process as large as asked for; every page is really there."""
        return b"\1" * (int(self.names.get("ballast", 0)) << 20)


def running_time(pid: int) -> float:
    """Seconds of processor a live program has had, to the nanosecond where Linux tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9
    except (OSError, IndexError):
        return 0.0


def scan_result(index: int, group: str | None, before: bytes) -> str:
    """Say a match in the words all peers use."""
    return f"{index} {group or '-'} {len(before)} {zlib.crc32(before)}"


def text_result(text: str) -> str:
    """Say a shell's output in the words all peers use."""
    return str(zlib.crc32(text.replace("\r\n", "\n").strip().encode()))


Doing: TypeAlias = Callable[[Task], object]


def spawn_many(task: Task, spawn_once: Callable[[], bool]) -> int:
    """Start a program many times, and count how often it went well.

    The first time does not count: what is imported or compiled when it is first needed is
    the matter of a program's start, not of its hundredth child.
    """
    ballast = task.take_ballast()
    spawn_once()
    task.clock.start()
    good = sum(spawn_once() for _ in range(task.count))
    task.clock.stop()
    del ballast
    return good


def enter_many(task: Task, make: Callable[[], AbstractContextManager[object]]) -> int:
    """Enter and leave a block many times; the first time does not count, see `spawn_many`."""
    with make():
        pass
    task.clock.start()
    for _ in range(task.count):
        with make():
            pass
    task.clock.stop()
    return task.count


def main(tasks: Mapping[str, Doing]) -> None:
    """Do the task named on the command line, and say the result and what it took."""
    words, command = sys.argv[1:], []
    if "--" in words:
        cut = words.index("--")
        words, command = words[:cut], words[cut + 1 :]
    task = Task(dict(word.split("=", 1) for word in words[1:]), command)
    result = tasks[words[0]](task)
    clock = task.clock
    times = {"wall": clock.wall, "own": clock.own, "cpu": clock.cpu}
    print(json.dumps({"result": str(result)} | times))
