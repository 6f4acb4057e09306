"""The limit: `os.read` and `os.write` in a loop, with nothing around them.

It does not search and has no timeouts, so nothing that does can be expected to be faster.
"""

from __future__ import annotations

import os
import pty
import zlib
from contextlib import nullcontext

from scripts.benchmarks.peers.common import (
    AWAITED,
    Task,
    enter_many,
    main,
    scan_result,
    spawn_many,
)

READ_SIZE = 65536


def start(command: list[str]) -> tuple[int, int]:
    """Start a command on a pseudo-terminal; its process id and the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    return pid, terminal


def start_without_fork(command: list[str]) -> tuple[int, int]:
    """The same in the least that it takes: a loop in C is hardly faster."""
    terminal, other_side = pty.openpty()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.ttyname(other_side), os.O_RDWR, 0),
        (os.POSIX_SPAWN_DUP2, 0, 1),
        (os.POSIX_SPAWN_DUP2, 0, 2),
    ]
    os.close(other_side)
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions, setsid=True)
    return pid, terminal


def read_until(descriptor: int, awaited: bytes) -> bytes:
    """Read until what came ends in the awaited bytes."""
    came = b""
    while not came.endswith(awaited):
        came += os.read(descriptor, READ_SIZE)
    return came


def read_bytes(descriptor: int, size: int) -> list[bytes]:
    """Read that many bytes, in the pieces in which they come."""
    pieces = []
    while size > 0:
        piece = os.read(descriptor, READ_SIZE)
        if not piece:
            break
        size -= len(piece)
        pieces.append(piece)
    return pieces


def read_to_end(descriptor: int) -> None:
    """Read until a pseudo-terminal says that nobody holds its other side."""
    try:
        while os.read(descriptor, READ_SIZE):
            pass
    except OSError:  # Linux says end of file in this way
        pass


def roundtrip(task: Task) -> int:
    """Send and await, many times."""
    pid, terminal = start(task.command)
    read_until(terminal, task.names["ready"].encode())
    rounds = [[each.encode() for each in words] for words in task.rounds()]
    good = 0
    task.clock.start(pid)
    for send, awaited, reply in rounds:
        os.write(terminal, send)
        good += reply in read_until(terminal, awaited)
    task.clock.stop()
    return good


def spawn(task: Task) -> int:
    """Start, await the end, reap and close, many times."""

    def once() -> bool:
        pid, terminal = start_without_fork(task.command)
        read_to_end(terminal)
        status = os.waitpid(pid, 0)[1]
        os.close(terminal)
        return status == 0

    return spawn_many(task, once)


def scan(task: Task) -> str:
    """Read everything without looking at it."""
    pid, reader, writer = open_for_scan(task)
    read_until(reader, AWAITED.encode())
    task.clock.start(pid)
    os.write(writer, b"\n")
    came = b"".join(read_bytes(reader, int(task.names["size"])))
    task.clock.stop()
    return scan_result(-1, None, came)


def open_for_scan(task: Task) -> tuple[int, int, int]:
    """Start the command; its process id, and where to read and to write."""
    if task.names["via"] == "pipe":
        process = task.start_on_pipes()
        assert process.stdout
        assert process.stdin
        return process.pid, process.stdout.fileno(), process.stdin.fileno()
    pid, terminal = start(task.command)
    return pid, terminal, terminal


def lines(task: Task) -> str:
    """Split what comes into lines."""
    pid, terminal = start(task.command)
    read_until(terminal, AWAITED.encode())
    number = length = 0
    rest = b""
    task.clock.start(pid)
    os.write(terminal, b"\n")
    while number < task.count:
        *whole, rest = (rest + os.read(terminal, READ_SIZE)).split(b"\r\n")
        for line in whole:
            number += 1
            length += len(line)
    task.clock.stop()
    return f"{number} {length}"


def over_socket(task: Task) -> int:
    """Send and await over a socket."""
    server, address = task.start_server()
    rounds = [[each.encode() for each in words] for words in task.rounds()]
    good = 0
    with server, task.call(address) as connection:
        descriptor = connection.fileno()
        task.clock.start(server.pid)
        for send, awaited, reply in rounds:
            os.write(descriptor, send)
            good += reply in read_until(descriptor, awaited)
        task.clock.stop()
        connection.close()
    return good


def pipe_roundtrip(task: Task) -> int:
    """Send a line and await it back over pipes, many times."""
    process = task.start_on_pipes()
    assert process.stdin
    assert process.stdout
    reader, writer = process.stdout.fileno(), process.stdin.fileno()
    good = 0
    task.clock.start(process.pid)
    for number in range(task.count):
        line = b"=%d=\n" % number
        os.write(writer, line)
        good += read_until(reader, line) == line
    task.clock.stop()
    return good


def pipe_flood(task: Task) -> int:
    """Send much to a program that sends it back, with the standard library's own loop."""
    process = task.start_on_pipes()
    data = b"x" * task.size
    task.clock.start(process.pid)
    came, _ = process.communicate(data)
    task.clock.stop()
    return zlib.crc32(came)


def blocks(task: Task) -> int:
    """Enter and leave a block that is nothing, many times."""
    return enter_many(task, nullcontext)


if __name__ == "__main__":
    main(
        {
            "roundtrip": roundtrip,
            "spawn": spawn,
            "scan": scan,
            "lines": lines,
            "socket": over_socket,
            "pipe_roundtrip": pipe_roundtrip,
            "pipe_flood": pipe_flood,
            "blocks": blocks,
        }
    )
