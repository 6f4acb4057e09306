"""Locks between processes: who holds them, and that nobody's death leaves one."""

from __future__ import annotations

import os
import signal
import stat
import sys
import uuid
from pathlib import Path

import pytest

import chat
from chat import locking
from chat.ipc import SemaphoreSlots

# ruff: noqa: T201  (what the holders say, they say to the session)


@pytest.fixture(params=["flock", "semaphore"])
def options(request, tmp_path):
    """Either way to lock, and where."""
    name = uuid.uuid4().hex
    if request.param == "flock":
        yield {"name": name, "directory": tmp_path}
    else:
        yield {"name": name, "method": "semaphore"}
        SemaphoreSlots(name, 1).remove()


def holder(**options):
    """A process that holds it until it is told to let go, or ended."""

    def hold():
        with chat.lock(**options):
            print("held")
            sys.stdin.readline()
        print("free")
        sys.stdin.readline()

    return chat.pipe_open_self(hold, timeout=20)


def test_one_at_a_time(options):
    with holder(**options) as other:
        other.expect("held")
        with pytest.raises(chat.LockTimeout, match=r"waited 0\.02 s for the only slot"):
            chat.lock(**options, timeout=0.02).acquire()
        other.sendline()
        other.expect("free")
        with chat.lock(**options, timeout=20) as lock:
            assert lock.held
        assert not lock.held


def test_as_many_as_there_are_slots(options):
    with holder(**options, slots=2) as one, holder(**options, slots=2) as two:
        one.expect("held")
        two.expect("held")
        with pytest.raises(chat.LockTimeout, match="one of 2 slots"):
            chat.lock(**options, slots=2, timeout=0).acquire()
        two.sendline()
        two.expect("free")
        with chat.lock(**options, slots=2, timeout=20):
            pass


def test_the_death_of_its_holder_frees_it(options):
    with holder(**options) as other:
        other.expect("held")
        other.signal(signal.SIGKILL)
        with chat.lock(**options, timeout=20):
            pass


def test_who_waits_is_next(options):
    with holder(**options) as other:
        other.expect("held")
        waiting = holder(**options)
        with pytest.raises(chat.ExpectTimeout):
            waiting.expect("held", timeout=0.05)
        other.sendline()
        waiting.expect("held", timeout=20)
        waiting.close(grace=0)


def test_letting_go_twice_is_once_and_taking_twice_an_error(options):
    lock = chat.lock(**options)
    lock.release()
    lock.acquire()
    with pytest.raises(chat.LockFailed, match="held already"):
        lock.acquire()
    lock.release()
    lock.release()
    lock.acquire()
    assert repr(lock).endswith("held>")
    lock.release()


def test_names_are_apart(options):
    with chat.lock(**options):
        other = {**options, "name": options["name"] + "/other"}
        try:
            with chat.lock(**other, timeout=0):
                pass
        finally:
            if "method" in other:
                SemaphoreSlots(other["name"], 1).remove()


def test_the_error_says_who_holds_it(tmp_path):
    with holder(name="router-7", directory=tmp_path) as other:
        other.expect("held")
        with pytest.raises(chat.LockTimeout) as caught:
            chat.lock("router-7", directory=tmp_path, timeout=0).acquire()
        (said,) = caught.value.holders
        assert said.startswith(f"held by pid {other.pid} since 2")
        assert said in str(caught.value)
        assert isinstance(caught.value, TimeoutError)


def test_a_child_that_is_forked_meanwhile_does_not_hold_it(tmp_path):
    lock = chat.lock("x", directory=tmp_path)
    lock.acquire()
    with chat.pipe_open_self(signal.pause):
        lock.release()
        with chat.lock("x", directory=tmp_path, timeout=0):
            pass


def test_a_child_that_lets_go_does_not_let_go_for_its_parent(tmp_path):
    with chat.lock("x", directory=tmp_path) as lock:

        def let_go():
            lock.release()

        with chat.pipe_open_self(let_go, timeout=20) as child:
            assert child.wait().ok
        with pytest.raises(chat.LockTimeout):
            chat.lock("x", directory=tmp_path, timeout=0).acquire()


def test_a_program_that_is_started_meanwhile_does_not_hold_it(tmp_path):
    with chat.open2(["cat"]) as cat:
        cat.close()
    lock = chat.lock("x", directory=tmp_path)
    lock.acquire()
    with chat.spawn(["sleep", "600"]), chat.open2(["cat"]):
        lock.release()
        with chat.lock("x", directory=tmp_path, timeout=0):
            pass


@pytest.mark.parametrize("name", ["/dev/ttyUSB0", "..", ".", "a b\n", "ü" * 300, "\0"])
def test_any_text_is_a_name(tmp_path, name):
    with chat.lock(name, directory=tmp_path):
        (path,) = tmp_path.iterdir()
        assert path.is_file()
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_different_names_are_different_files():
    names = ["a", "A", "a/b", "a%2Fb", "ü" * 300, "ü" * 299 + "u", ".a", "%2Ea"]
    assert len({locking._file_name(name) for name in names}) == len(names)


def test_nothing_is_left_open(tmp_path, held):
    before = held()
    with chat.lock("x", directory=tmp_path), pytest.raises(chat.LockTimeout):
        chat.lock("x", directory=tmp_path, timeout=0).acquire()
    assert held() == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "needs a name"),
        ({"slots": 0}, "0 slots"),
        ({"timeout": -1}, "negative"),
        ({"method": "hope"}, "'flock' or 'semaphore'"),
    ],
)
def test_wrong_arguments_are_told(wrong, said):
    with pytest.raises(ValueError, match=said):
        chat.lock(**{"name": "x", **wrong})


# ── where the files lie ───────────────────────────────────────────────────────────────────


def test_its_own_directory_is_private(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with chat.lock("x"):
        folder = tmp_path / "chat-locks"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (path,) = folder.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_in_its_place_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "chat-locks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(chat.LockFailed, match="not a directory of this user's own"):
        chat.lock("x")


def test_one_that_others_can_write_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "chat-locks").mkdir()
    (tmp_path / "chat-locks").chmod(0o777)
    with pytest.raises(chat.LockFailed, match="written to by others"):
        chat.lock("x")


def test_a_link_in_the_place_of_its_file_is_refused(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "x.0.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(chat.LockFailed, match="cannot be opened"):
        chat.lock("x", directory=tmp_path).acquire()
    assert (tmp_path / "precious").read_text() == "precious"
    with pytest.raises(chat.LockFailed, match="No such file"):
        chat.lock("x", directory=tmp_path / "nowhere").acquire()


def test_without_a_runtime_directory_there_is_one_for_the_user(monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert locking._private_directory() == Path(f"/tmp/chat-locks-{os.geteuid()}")
