"""Handing a child to a person at the keyboard: pexpect's `interact`, in which nothing is lost.

What pexpect drops is kept here: what was typed behind the escape character in the same moment
is sent first when the person is given the keyboard again, and a child that takes a paste
slowly gets all of it, while what it says meanwhile is shown. Where the input is no terminal,
there are no modes to change, and its end is the end of the child's input.
"""

from __future__ import annotations

import errno
import os
import select
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from chat.timing import READABLE, WRITABLE
from chat.transports import READ_SIZE

Filter = Callable[[bytes], bytes]


@contextmanager
def raw_keyboard(descriptor: int) -> Iterator[None]:
    """Have each key at once, unechoed, if that is a terminal; what it was is put back."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        # Not TCSAFLUSH: what was typed meanwhile is for whoever reads next.
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class Relay:
    """Copies both ways between a child and a person.

    Args:
        child: The spawn object.
        end_of_file: What tells the child that its input has ended.
        escape: What the person types to have the script take over; `None`: nothing does.
        input_filter: What becomes of what is typed.
        output_filter: What becomes of what the child says.
    """

    def __init__(
        self,
        child: Any,  # a spawn of pexpect's kind, which has no types
        end_of_file: bytes,
        escape: bytes | None,
        input_filter: Filter | None,
        output_filter: Filter | None,
    ) -> None:
        self._child: Final = child
        self._end_of_file: Final = end_of_file
        self._escape: Final = escape
        self._input_filter: Final = input_filter
        self._output_filter: Final = output_filter
        self._to_child = b""
        self._keyboard_open = True
        self._escaped = False

    def run(self, typed: bytes) -> bytes:
        """Copy until the escape is typed or the child has ended.

        Args:
            typed: What was typed before, and comes first.

        Returns:
            What was typed behind the escape.
        """
        rest = self._take_typed(typed) if typed else b""
        while not self._escaped or self._to_child:
            events = self._wait()
            if events.get(self._child.child_fd, 0) & READABLE and not self._show():
                break
            if events.get(self._child.child_fd, 0) & WRITABLE:
                self._feed()
            if self._child.STDIN_FILENO in events:
                rest = self._take_typed(os.read(self._child.STDIN_FILENO, READ_SIZE))
        return rest

    def _wait(self) -> dict[int, int]:
        poller = select.poll()
        wanted = READABLE | WRITABLE if self._to_child else READABLE
        poller.register(self._child.child_fd, wanted)
        if self._keyboard_open and not self._escaped and not self._to_child:
            poller.register(self._child.STDIN_FILENO, READABLE)
        return dict(poller.poll())

    def _show(self) -> bool:
        """Show what the child says; `False`: it has ended."""
        try:
            data = os.read(self._child.child_fd, READ_SIZE)
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno != errno.EIO:  # Linux's way to say that the terminal is closed
                raise
            return False
        if not data:
            return False
        if self._output_filter is not None:
            data = self._output_filter(data)
        self._child._log(data, "read")
        while data:
            data = data[os.write(self._child.STDOUT_FILENO, data) :]
        return True

    def _take_typed(self, data: bytes) -> bytes:
        """Have what was typed sent; what stands behind the escape is given back."""
        if not data:
            self._keyboard_open = False
            self._to_child += self._end_of_file
            return b""
        if self._input_filter is not None:
            data = self._input_filter(data)
        rest = b""
        if self._escape is not None and self._escape in data:
            data, _, rest = data.partition(self._escape)
            self._escaped = True
        if data:
            self._child._log(data, "send")
        self._to_child += data
        return rest

    def _feed(self) -> None:
        with suppress(BlockingIOError):
            taken = os.write(self._child.child_fd, self._to_child)
            self._to_child = self._to_child[taken:]
