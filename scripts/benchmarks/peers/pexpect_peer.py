"""pexpect 4.9: as it comes, or tuned (`tuned=1`) as an expert would tune it.

Tuned: no delay before sending or after closing, reads of 8192 bytes, and a search window
of two reads, below which a match can be lost. Pipes are held by `fdspawn`: `PopenSpawn`
reads 1024 bytes at a time in a thread and is slower.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pexpect
from pexpect.fdpexpect import fdspawn
from pexpect.popen_spawn import PopenSpawn
from pexpect.replwrap import bash
from pexpect.socket_pexpect import SocketSpawn

from scripts.benchmarks.peers.common import (
    AWAITED,
    LONG,
    Task,
    main,
    scan_result,
    spawn_many,
    text_result,
)

# pexpect has no types of its own, so its sessions are Any to a checker.
Spawn: TypeAlias = Any


def options(task: Task) -> dict[str, int | float]:
    """What an expert tells a session when it is made."""
    if "tuned" not in task.names:
        return {"timeout": LONG}
    return {"timeout": LONG, "maxread": 8192, "searchwindowsize": 16384}


def start(task: Task) -> Spawn:
    """Start the task's command."""
    session = pexpect.spawn(task.command[0], task.command[1:], **options(task))
    if "tuned" in task.names:
        session.delaybeforesend = None
        session.delayafterread = None
        session.ptyproc.delayafterclose = 0
        session.ptyproc.delayafterterminate = 0
    return session


def roundtrip(task: Task) -> int:
    """Send and await, many times."""
    session = start(task)
    session.expect_exact(task.names["ready"])
    rounds = [[each.encode() for each in words] for words in task.rounds()]
    good = 0
    task.clock.start(session.pid)
    for send, awaited, reply in rounds:
        session.send(send)
        session.expect_exact(awaited)
        good += reply in session.before
    task.clock.stop()
    return good


def spawn(task: Task) -> int:
    """Start, await the end, reap and close, many times."""

    def once() -> bool:
        session = start(task)
        session.expect(pexpect.EOF)
        session.wait()
        session.close()
        return bool(session.exitstatus == 0)

    return spawn_many(task, once)


def scan(task: Task) -> str:
    """Await one of many patterns after much else."""
    pid, session, send = open_for_scan(task)
    patterns, expect = compiled(session, task)
    session.expect_exact(AWAITED)
    task.clock.start(pid)
    send(b"\n")
    index = expect(patterns)
    before = session.before
    task.clock.stop()
    groups = session.match.groups() if hasattr(session.match, "groups") else ()
    group = groups[0].decode() if groups else None
    return scan_result(index, group, before)


def open_for_scan(task: Task) -> tuple[int, Spawn, Callable[[bytes], object]]:
    """Start the command; its process id, the session, and how to send."""
    if task.names["via"] == "pipe":
        process = task.start_on_pipes()
        assert process.stdin
        session = fdspawn(process.stdout, **options(task))
        return process.pid, session, process.stdin.write
    session = start(task)
    return session.pid, session, session.send


def compiled(
    session: Spawn, task: Task
) -> tuple[Sequence[object], Callable[[Sequence[object]], int]]:
    """The patterns, and the method that takes them: the exact search where it will do."""
    given = task.patterns()
    if all(kind == "literal" for kind, _ in given):
        return [text for _, text in given], session.expect_exact
    regexes = [
        re.compile(
            (re.escape(text) if kind == "literal" else text).encode(),
            re.DOTALL if kind == "dotall" else 0,
        )
        for kind, text in given
    ]
    return regexes, session.expect_list


def lines(task: Task) -> str:
    """Take one line at a time."""
    session = start(task)
    session.expect_exact(AWAITED)
    number = length = 0
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
    """Run a cell in a wrapped bash."""
    wrapper = bash()
    if "tuned" in task.names:
        wrapper.child.delaybeforesend = None
    task.clock.start(wrapper.child.pid)
    output = wrapper.run_command(task.cell(), timeout=None)
    task.clock.stop()
    return text_result(output)


def over_socket(task: Task) -> int:
    """Send and await over a socket."""
    server, address = task.start_server()
    session = SocketSpawn(task.call(address), **options(task))
    if "tuned" in task.names:
        session.delayafterread = None
    rounds = [[each.encode() for each in words] for words in task.rounds()]
    good = 0
    with server:
        task.clock.start(server.pid)
        for send, awaited, reply in rounds:
            session.send(send)
            session.expect_exact(awaited)
            good += reply in session.before
        task.clock.stop()
        session.close()
    return good


def pipe_roundtrip(task: Task) -> int:
    """Send a line and await it back over pipes, many times."""
    session = PopenSpawn(task.command, **options(task))
    good = 0
    task.clock.start(session.pid)
    for number in range(task.count):
        line = b"=%d=\n" % number
        session.send(line)
        session.expect_exact(line)
        good += session.before == b""
    task.clock.stop()
    session.sendeof()
    return good


def pipe_idle(task: Task) -> str:
    """Wait for what does not come."""
    session = PopenSpawn(task.command)
    task.clock.start(session.pid)
    seconds = float(task.names["seconds"])
    index = session.expect_exact([b"never", pexpect.TIMEOUT], timeout=seconds)
    task.clock.stop()
    session.kill(signal.SIGTERM)
    return "idle" if index else "disturbed"


TASKS = {
    "roundtrip": roundtrip,
    "spawn": spawn,
    "scan": scan,
    "lines": lines,
    "shell": shell,
    "socket": over_socket,
    "pipe_roundtrip": pipe_roundtrip,
    "pipe_idle": pipe_idle,
}

if __name__ == "__main__":
    main(TASKS)
