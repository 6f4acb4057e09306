"""System V shared memory and semaphores."""

from __future__ import annotations

import builtins
import random
import sys

import pytest

import chat
from chat.ipc import Semaphore, SharedMemory

# ruff: noqa: T201  (what children say, they say to the session)


@pytest.fixture
def key():
    """A number that nobody else uses."""
    return random.randrange(1, 1 << 31)


@pytest.fixture
def semaphore(key):
    made = Semaphore.open(key, create=True)
    yield made
    made.remove()


def test_what_is_written_is_read():
    with SharedMemory.create(2000) as memory:
        assert memory.size == 2000
        assert memory.read(4) == bytes(4)
        memory.write(b"Message #1")
        memory.write(b"#2", offset=8)
        assert memory.read(10) == b"Message #2"


def test_another_process_sees_it():
    with SharedMemory.create(100) as memory:

        def write():
            with SharedMemory.open(id=memory.id) as same:
                same.write(b"from the child")

        with chat.pipe_open_self(write, timeout=20) as child:
            assert child.wait().ok
        assert memory.read(14) == b"from the child"


def test_a_key_finds_it_and_is_taken_once(key):
    with SharedMemory.create(10, key) as memory:
        memory.write(b"x")
        with pytest.raises(chat.IpcFailed, match=r"shared memory: .*exists"):
            SharedMemory.create(10, key)
        with SharedMemory.open(key) as same:
            assert same.read(1) == b"x"
        assert memory.read(1) == b"x"
    with pytest.raises(chat.IpcFailed):
        SharedMemory.open(key)


@pytest.mark.parametrize(("size", "offset"), [(11, 0), (1, 10), (5, 6), (1, -1), (-1, 0)])
def test_nothing_beyond_its_bounds_is_touched(size, offset):
    with SharedMemory.create(10) as memory:
        with pytest.raises(ValueError, match="of 10"):
            memory.read(size, offset)
        if size > 0:
            with pytest.raises(ValueError, match="of 10"):
                memory.write(b"x" * size, offset)


def test_it_is_found_by_one_thing():
    for wrong in ({}, {"key": 1, "id": 2}):
        with pytest.raises(ValueError, match="by its key, or by its id"):
            SharedMemory.open(**wrong)


def test_removing_twice_is_once():
    memory = SharedMemory.create(10)
    memory.close()
    memory.close()
    memory.remove()
    memory.remove()


def test_taking_and_giving(semaphore, key):
    assert semaphore.value == 1
    semaphore.take()
    assert semaphore.value == 0
    with pytest.raises(chat.LockTimeout, match=f"waited 0\\.01 s for the semaphore {key}"):
        semaphore.take(timeout=0.01)
    with pytest.raises(chat.LockTimeout):
        semaphore.take(timeout=0)
    semaphore.give()
    semaphore.take(timeout=0)


def test_a_process_that_waits_goes_on_when_another_gives(semaphore, key):
    semaphore.take()

    def take():
        print("waiting")
        Semaphore.open(key).take()
        print("taken")

    with chat.pipe_open_self(take, timeout=20) as child:
        child.expect("waiting\n")
        with pytest.raises(chat.ExpectTimeout):
            child.expect("taken", timeout=0.05)
        semaphore.give()
        child.expect("taken")
        assert child.wait().ok
        assert semaphore.last_pid == child.pid


@pytest.mark.parametrize(("undo", "value"), [(True, 1), (False, 0)])
def test_what_a_dead_process_has_taken_comes_back_if_asked_for(semaphore, key, undo, value):
    def take():
        Semaphore.open(key, undo=undo).take()

    with chat.pipe_open_self(take, timeout=20) as child:
        assert child.wait().ok
    assert semaphore.value == value


def test_making_it_again_finds_the_same(semaphore, key):
    semaphore.take()
    again = Semaphore.open(key, create=True, value=5)
    assert again.value == 0


def test_one_that_is_not_there_is_told(key):
    with pytest.raises(chat.IpcFailed, match=f"the semaphore {key}: "):
        Semaphore.open(key)


def test_without_the_extra_it_is_named(monkeypatch, key):
    real = builtins.__import__

    def refuse(name, *args, **named):
        if name == "sysv_ipc":
            raise ImportError(name)
        return real(name, *args, **named)

    monkeypatch.delitem(sys.modules, "sysv_ipc", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install ipc-chat\[sysv\]"):
        Semaphore.open(key)
