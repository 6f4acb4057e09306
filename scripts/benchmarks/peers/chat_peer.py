"""chat at its defaults: text in UTF-8, no option but the timeout."""

from __future__ import annotations

import re
import zlib
from typing import Any

import chat
from chat.transports.descriptor import DescriptorTransport
from scripts.benchmarks.peers.common import (
    AWAITED,
    LONG,
    Task,
    enter_many,
    main,
    scan_result,
    spawn_many,
    text_result,
)


def roundtrip(task: Task) -> int:
    """Send and await, many times."""
    rounds = task.rounds()
    good = 0
    with chat.spawn(task.command, timeout=LONG) as session:
        session.expect(task.names["ready"])
        task.clock.start(session.pid)
        for send, awaited, reply in rounds:
            session.send(send)
            good += reply in session.expect(awaited).before
        task.clock.stop()
    return good


def spawn(task: Task) -> int:
    """Start, await the end, reap and close, many times."""

    def once() -> bool:
        with chat.spawn(task.command, timeout=LONG) as session:
            session.expect(chat.EOF)
            status = session.wait()
        return status is not None and status.ok

    return spawn_many(task, once)


def scan(task: Task) -> str:
    """Await one of many patterns after much else."""
    patterns = [made(kind, text) for kind, text in task.patterns()]
    pid, session = open_for_scan(task)
    with session:
        session.expect(AWAITED)
        task.clock.start(pid)
        session.send("\n")
        match = session.expect(*patterns)
        before = match.before
        task.clock.stop()
    group = match.groups[0] if match.groups else None
    return scan_result(match.index, group, before.encode())


def open_for_scan(task: Task) -> tuple[int | None, chat.Session[str]]:
    """Start the command; its process id, and the session."""
    if task.names["via"] == "pipe":
        process = task.start_on_pipes()
        assert process.stdout
        assert process.stdin
        transport = DescriptorTransport(
            process.stdout.fileno(), process.stdin.fileno(), close=False
        )
        return process.pid, chat.Session(transport, timeout=LONG)
    session = chat.spawn(task.command, timeout=LONG)
    return session.pid, session


def made(kind: str, text: str) -> str | re.Pattern[str]:
    """A pattern as a user would write it."""
    if kind == "literal":
        return text
    return re.compile(text, re.DOTALL if kind == "dotall" else 0)


def lines(task: Task) -> str:
    """Take one line at a time."""
    number = length = 0
    with chat.spawn(task.command, timeout=LONG) as session:
        session.expect(AWAITED)
        task.clock.start(session.pid)
        session.send("\n")
        for line in session:
            number += 1
            length += len(line) - 2
            if number == task.count:
                break
        task.clock.stop()
    return f"{number} {length}"


def shell(task: Task) -> str:
    """Run a cell in a bash."""
    with chat.shell("bash") as bash:
        task.clock.start(bash.session.pid)
        result = bash.run(task.cell(), timeout=LONG)
        task.clock.stop()
    return text_result(result.output)


def socket(task: Task) -> int:
    """Send and await over a socket, or wait."""
    server, address = task.start_server()
    url = f"unix://{address}" if task.names["via"] == "unix" else f"tcp://127.0.0.1:{address}"
    rounds = task.rounds()
    good = 0
    with server, chat.connect(url, timeout=LONG) as session:
        task.clock.start(server.pid)
        if task.idle:
            good += session.expect(chat.TIMEOUT, timeout=task.idle).index == 0
        else:
            for send, awaited, reply in rounds:
                session.send(send)
                good += reply in session.expect(awaited).before
        task.clock.stop()
        session.close()
    return good


def pipe_roundtrip(task: Task) -> int:
    """Send a line and await it back over pipes, many times."""
    good = 0
    with chat.open2(task.command, timeout=LONG) as session:
        task.clock.start(session.pid)
        for number in range(task.count):
            session.send(f"={number}=\n")
            good += session.expect(f"={number}=\n").before == ""
        task.clock.stop()
    return good


def pipe_idle(task: Task) -> str:
    """Wait for what does not come."""
    with chat.open2(task.command) as session:
        task.clock.start(session.pid)
        match = session.expect("never", chat.TIMEOUT, timeout=float(task.names["seconds"]))
        task.clock.stop()
        session.terminate(grace=0)
    return "idle" if match.pattern is chat.TIMEOUT else "disturbed"


def pipe_flood(task: Task) -> int:
    """Send much to a program that sends it back."""
    if "bytes" in task.names:
        return zlib.crc32(_flood(task, None, b"x" * task.size))
    return zlib.crc32(_flood(task, "utf-8", "x" * task.size).encode())


def _flood(task: Task, encoding: Any, text: Any) -> Any:  # text or bytes, as the task says
    with chat.open2(task.command, encoding=encoding, timeout=LONG) as session:
        task.clock.start(session.pid)
        session.send(text)
        session.sendeof()
        came = session.read()
        task.clock.stop()
    return came


def blocks(task: Task) -> int:
    """Enter and leave a block with a time limit, many times."""
    return enter_many(task, lambda: chat.timeout(LONG))


if __name__ == "__main__":
    main(
        {
            "roundtrip": roundtrip,
            "spawn": spawn,
            "scan": scan,
            "lines": lines,
            "shell": shell,
            "socket": socket,
            "pipe_roundtrip": pipe_roundtrip,
            "pipe_idle": pipe_idle,
            "pipe_flood": pipe_flood,
            "blocks": blocks,
        }
    )
