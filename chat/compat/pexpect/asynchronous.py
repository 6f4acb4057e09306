"""`async_=True`: waiting for patterns in asyncio.

Whoever waits on a child first has asyncio watch its descriptor; whoever comes meanwhile, in
another task, waits beside. The one whose match begins first is served first, and consumes no
more than up to its end, so that the others are served too. Nothing is left with the event
loop when nobody waits, so that a child can be used under one loop after the other, and by
blocking calls in between.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from pexpect.exceptions import EOF, TIMEOUT

from chat.compat.pexpect.expect import Expecter


async def expect_async(expecter: Expecter, seconds: float | None = None) -> int:
    """Wait as `Expecter.expect_loop` does, without blocking the event loop.

    Args:
        seconds: How long; `None`: no limit.

    Raises:
        EOF, TIMEOUT: As there.
    """
    index = expecter.existing_data()
    if index is not None:
        return index
    loop = asyncio.get_running_loop()
    child = expecter.spawn
    watch: _Watch | None = child.async_pw_transport  # where pexpect keeps what does this
    if watch is None or watch.loop is not loop:
        watch = child.async_pw_transport = _Watch(child, loop)
    try:
        async with asyncio.timeout(seconds):
            return await watch.found(expecter)
    except TimeoutError as error:
        return expecter.timeout(error)


class _Watch:
    """One child, watched by one event loop for all that wait on it.

    Args:
        child: A spawn object of any kind.
    """

    def __init__(self, child: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: Final = loop
        self._child: Final = child
        self._waiting: Final[list[tuple[Expecter, asyncio.Future[int]]]] = []
        self._descriptor = -1

    async def found(self, expecter: Expecter) -> int:
        """Wait beside the others until it has found something."""
        waiter = expecter, self.loop.create_future()
        self._waiting.append(waiter)
        self._begin()
        try:
            index: int = await waiter[1]
            return index
        finally:
            self._waiting.remove(waiter)
            if not self._waiting:
                self._stop()
                self._child.async_pw_transport = None

    def _begin(self) -> None:
        if self._descriptor >= 0:
            return
        try:
            self.loop.add_reader(self._child.child_fd, self._read)
        except PermissionError:  # a file on a disk: there is always something to read
            self.loop.call_soon(self._read_file)
        else:
            self._descriptor = self._child.child_fd

    def _stop(self) -> None:
        if self._descriptor >= 0:
            self.loop.remove_reader(self._descriptor)
            self._descriptor = -1

    def _read_file(self) -> None:
        if self._waiting:
            self._read()
            self.loop.call_soon(self._read_file)

    def _read(self) -> None:
        """Read once, and offer it round."""
        child = self._child
        try:
            text = child.read_nonblocking(child.maxread, 0)
        except TIMEOUT:
            return
        except EOF as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001  (raised again where somebody waits)
            self._fail(error)
        else:
            child._unread.stream.append(text)
            self._offer()

    def _offer(self) -> None:
        """Let the one whose match begins first take it, and the others see the rest later.

        The child's attributes are for one at a time: whoever has found something reads
        them when its task goes on, which is before the next call that the loop makes.
        """
        first: tuple[int, Expecter, asyncio.Future[int]] | None = None
        for expecter, future in self._waiting:
            if not future.done():
                try:
                    sight = expecter.look()
                except Exception as error:  # noqa: BLE001  (as above)
                    expecter.errored()
                    future.set_exception(error)
                    continue
                if sight is not None and (first is None or sight.start < first[0]):
                    first = sight.start, expecter, future
        if first is not None:
            index = first[1].existing_data()
            assert index is not None
            first[2].set_result(index)
            self.loop.call_soon(self._offer)

    def _end(self, reason: EOF) -> None:
        self._stop()
        for expecter, future in self._waiting:
            if not future.done():
                try:
                    future.set_result(expecter.eof(reason))
                except EOF as error:
                    future.set_exception(error)

    def _fail(self, error: Exception) -> None:
        self._stop()
        for expecter, future in self._waiting:
            if not future.done():
                expecter.errored()
                future.set_exception(error)
