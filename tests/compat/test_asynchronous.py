"""`async_=True`: several tasks, several loops, and the loop is never held up."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from chat.compat import pexpect
from chat.compat.pexpect import fdpexpect, replwrap, socket_pexpect


def test_a_task_waits(start):
    async def converse():
        child = start("cat", encoding="utf-8")
        child.sendline("hello")
        assert await child.expect(["x", "hel+o"], async_=True) == 1
        assert await child.expect_exact("hello", async_=True) == 0
        assert await child.expect_list([pexpect.TIMEOUT], timeout=0.01, async_=True) == 0
        with pytest.raises(pexpect.TIMEOUT):
            await child.expect("never", timeout=0.01, async_=True)
        child.sendeof()
        assert await child.expect(pexpect.EOF, async_=True) == 0
        with pytest.raises(pexpect.EOF):
            await child.expect("more", async_=True)

    asyncio.run(converse())


def test_two_tasks_wait_on_one_child_and_both_are_served(start):
    """Row 7. Each finds the attributes as its own match left them."""

    async def wait(child, pattern):
        await child.expect(pattern, async_=True)
        return child.after

    async def converse(words):
        child = start("cat", encoding="utf-8", echo=False)
        tasks = [asyncio.create_task(wait(child, each)) for each in words]
        await asyncio.sleep(0)
        child.sendline("one and two")
        return await asyncio.wait_for(asyncio.gather(*tasks), 5)

    assert asyncio.run(converse(["one", "two"])) == ["one", "two"]
    assert asyncio.run(converse(["two", "one"])) == ["two", "one"]


def test_one_that_gives_up_leaves_the_others_waiting(start):
    async def converse():
        child = start("cat", encoding="utf-8")
        first = asyncio.create_task(child.expect("never", async_=True))
        second = asyncio.create_task(child.expect("here", async_=True))
        await asyncio.sleep(0)
        first.cancel()
        child.sendline("here")
        assert await second == 0
        assert first.cancelled()

    asyncio.run(converse())


def test_a_child_is_used_under_one_loop_after_the_other(start):
    """Row 8."""
    child = start("cat", encoding="utf-8")

    async def converse(word):
        child.sendline(word)
        return await child.expect(word, async_=True)

    for word in ("one", "two", "three"):
        assert asyncio.run(converse(word)) == 0
        assert child.expect(word) == 0


def test_nothing_holds_up_the_loop(start):
    """Row 27."""

    async def converse():
        child = start("cat", encoding="utf-8", echo=False)
        await asyncio.sleep(0)
        began = time.monotonic()
        child.sendline("x")
        sent = time.monotonic() - began
        await child.expect("x", async_=True)
        began = time.monotonic()
        child.close()
        return sent, time.monotonic() - began

    sent, closed = asyncio.run(converse())
    assert sent < 0.04
    assert closed < 0.09


def test_other_kinds_of_children_are_awaited_too(tmp_path):
    path = tmp_path / "text"
    path.write_text("alpha beta\n")

    async def read():
        with path.open("rb") as file:
            child = fdpexpect.fdspawn(file)
            assert await child.expect("beta", async_=True) == 0
            assert await child.expect(pexpect.EOF, async_=True) == 0
        near, far = socket.socketpair()
        with near, far:
            child = socket_pexpect.SocketSpawn(near, encoding="utf-8")
            far.sendall("grüße".encode())
            assert await child.expect("ße", async_=True) == 0

    asyncio.run(read())


def test_what_goes_wrong_is_raised_where_somebody_waits(start):
    async def converse():
        child = start("sh", "-c", "printf '\\377'; sleep 9", encoding="ascii")
        with pytest.raises(UnicodeDecodeError):
            await child.expect("x", async_=True)

    asyncio.run(converse())


@pytest.mark.slow
def test_a_repl_is_awaited():
    async def converse():
        repl = replwrap.bash()
        try:
            return await repl.run_command("echo 1\necho 2", async_=True)
        finally:
            repl.child.close()

    assert asyncio.run(converse()).split() == ["1", "2"]
