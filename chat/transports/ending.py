"""Bringing a child to its end, and with it whoever else belongs to it: step by step.

After each step the end of all of them is waited for on their pidfds, so that a step which
works costs what they take to end, and nothing more.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol, final

from chat.ladder import EOF, Rung, Termination
from chat.timing import deadline_after, seconds_until
from chat.transports.pidfds import open_pidfd, poll_ends


class Leader(Protocol):
    """The child itself."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def has_ended(self) -> bool:
        """Whether it has; it is not reaped by the question."""

    def signal(self, number: int) -> None:
        """Send a signal to its process group."""

    def watch(self) -> AbstractContextManager[int | None]:
        """A pidfd of it for a block; `None`: there is none, or it was reaped."""

    def wait_end(self, seconds: float | None) -> bool:
        """Wait for its end, without reaping."""


class ControllingTerminal(Protocol):
    """What a child's end depends on, beyond the child: its terminal, or its output pipe."""

    def foreground_group(self) -> int | None:
        """The process group in the foreground, or `None` if there is none to be seen."""

    def in_use(self) -> bool:
        """Whether any process still has it open."""


class Others(Protocol):
    """Who else belongs to a child."""

    def members(self) -> list[int]:
        """Their process ids, without the child's."""

    def has(self, pid: int) -> bool:
        """Whether a process is one of them."""


@final
class Ending:
    """One child's way to its end.

    Args:
        leader: The child.
        others: Who is to end with it.
        terminal: Its terminal, if it has one.
        hang_up: Closes our side of the terminal, which makes the kernel send SIGHUP, where
            the child may not be signalled.
        end_input: Tells the child that its input has ended; `None`: it has none.

    Attributes:
        termination: What it took so far.
    """

    def __init__(
        self,
        leader: Leader,
        others: Others,
        terminal: ControllingTerminal | None,
        hang_up: Callable[[], None] | None,
        end_input: Callable[[], None] | None,
    ) -> None:
        self._leader: Final = leader
        self._others: Final = others
        self._terminal: Final = terminal
        self._hang_up: Final = hang_up
        self._end_input: Final = end_input
        self._began: Final = time.monotonic()
        self._had_ended = False  # before the first step
        self.termination = Termination(None)

    def climb(self, rungs: Sequence[Rung]) -> None:
        """Take one step after the other, until neither the child nor another is left.

        A child that ends because its input does has ended by itself: what it leaves behind
        is its own affair, and the caller's.
        """
        self._had_ended = self._leader.has_ended()
        for rung in rungs:
            if rung.name == EOF:
                self._say_eof(rung)
                if self._leader.has_ended():
                    return
                continue
            with self._watch_others() as others:
                if not others and self._leader.has_ended():
                    return
                self._send(rung.signals, others)
                self._wait_all(others, rung.seconds)
                self._note(rung)

    def _say_eof(self, rung: Rung) -> None:
        if self._end_input is not None:
            self._end_input()
            self._leader.wait_end(rung.seconds)
            self._note(rung)

    def _note(self, rung: Rung) -> None:
        done = self.termination
        step, seconds = done.step, done.seconds
        if step is None and not self._had_ended:
            seconds = time.monotonic() - self._began
            step = rung.name if self._leader.has_ended() else None
        self.termination = Termination(step, seconds, (*done.steps, rung.name))

    # Who else there is

    @contextlib.contextmanager
    def _watch_others(self) -> Iterator[list[int]]:
        """Pidfds of the others that live."""
        pidfds: list[int] = []
        try:
            for pid in self._others.members():
                pidfd = open_pidfd(pid)
                if pidfd is not None:
                    pidfds.append(pidfd)
                    if not self._others.has(pid):  # the number has a new owner
                        os.close(pidfds.pop())
            gone = poll_ends(pidfds, 0)
            yield [pidfd for pidfd in pidfds if pidfd not in gone]
        finally:
            for pidfd in pidfds:
                os.close(pidfd)

    def _send(self, signals: Sequence[int], others: Sequence[int]) -> None:
        foreground = 0
        if self._terminal is not None and not hasattr(os, "pidfd_open"):
            foreground = self._terminal.foreground_group() or 0
        for number in signals:
            try:
                self._leader.signal(number)
            except PermissionError:
                if self._hang_up is not None:
                    self._hang_up()
            for pidfd in others:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(pidfd, number)
            if foreground not in (0, self._leader.pid):
                with contextlib.suppress(OSError):
                    os.killpg(foreground, number)

    def _wait_all(self, others: Sequence[int], seconds: float | None) -> None:
        """Wait until the child and the others have ended, or the seconds have passed."""
        with self._leader.watch() as leader:
            if leader is None and not self._leader.has_ended():
                self._leader.wait_end(seconds)
                return
            waiting = [*others] if leader is None else [leader, *others]
            deadline = deadline_after(time.monotonic(), seconds)
            while waiting:
                gone = poll_ends(waiting, seconds_until(deadline, time.monotonic()))
                if not gone:
                    return
                waiting = [pidfd for pidfd in waiting if pidfd not in gone]
