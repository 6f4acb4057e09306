"""Named pipes: waiting for the other side, never for ever."""

from __future__ import annotations

import os
import stat
import threading
from types import SimpleNamespace

import pytest

import chat
from chat.opening.fifos import open_fifo_url
from chat.testing import check_transport, fifo_ends, python_command
from chat.transports.fifo import connect_fifo


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fifo"


def write_soon(path, text):
    """A program that writes to it, which blocks until somebody reads."""
    program = f"open({str(path)!r}, 'w').write({text!r})"
    return chat.pipe_from(python_command(program))


def test_the_transport_keeps_every_rule():
    check_transport(fifo_ends)


def test_what_somebody_writes_is_read_to_its_end(path):
    with chat.open_fifo(path, create=True, timeout=20) as s:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with write_soon(path, "hello\n"):
            assert s.expect("hello\n").before == ""
            assert s.read() == ""
            assert s.ended
    assert path.is_fifo()


def test_nothing_yet_is_no_end(path):
    with chat.open_fifo(path, create=True) as s:
        assert s.read_nowait() == ""
        assert not s.ended
        with pytest.raises(chat.ExpectTimeout, match=r"nobody has written to the FIFO .* yet"):
            s.expect("x", timeout=0.01)


def test_it_can_stay_for_many_writers(path):
    with chat.open_fifo(path, create=True, stay=True, timeout=20) as s:
        for word in ("one", "two"):
            with write_soon(path, word) as writer:
                s.expect(word)
                writer.wait()
        assert not s.ended


def test_writing_waits_for_a_reader(path):
    os.mkfifo(path)
    with chat.pipe_from(["cat", str(path)], timeout=20) as cat:
        with chat.open_fifo(path, "w", timeout=20) as s:
            s.send("stuff")
            with pytest.raises(chat.ExpectTimeout):
                s.expect("x", timeout=0)
        assert cat.read() == "stuff"


def test_writing_waits_no_longer_than_it_may(path, held):
    before = held()
    with pytest.raises(chat.PeerAbsent, match=r"waited 0\.02 s for somebody to open it"):
        chat.open_fifo(path, "w", create=True, timeout=0.02)
    with pytest.raises(TimeoutError):
        chat.open_fifo(path, "w", timeout=0)
    assert held() == before


def test_a_reader_that_goes_is_a_peer_that_is_gone(path):
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with chat.open_fifo(path, "w", timeout=20) as s:
        s.send("x")
        os.close(reader)
        s.expect(chat.EOF)
        with pytest.raises(chat.PeerGone, match="the other side is gone"):
            s.send("x")


def test_a_reader_that_stalls_is_a_timeout(path):
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with chat.open_fifo(path, "w", timeout=0.05) as s, pytest.raises(chat.SendTimeout):
        s.send("x" * 1_000_000)
    os.close(reader)


def test_two_of_them_are_a_conversation(tmp_path):
    to, fro = tmp_path / "to", tmp_path / "fro"
    for each in (to, fro):
        os.mkfifo(each)
    command = chat.shell_command(f"cat -u <{to} >{fro}")
    with (
        chat.pipe_from(command, timeout=20) as cat,
        chat.open_fifo_pair(fro, to, timeout=20) as s,
    ):
        s.sendline("round")
        s.expect("round\n")
        s.sendeof()
        assert s.read() == ""
        assert cat.wait().ok


# ── when it is not there, or not what it should be ────────────────────────────────────────


def test_one_that_is_not_there_is_told(path):
    for mode in ("r", "w"):
        with pytest.raises(chat.FifoFailed, match="No such file") as caught:
            chat.open_fifo(path, mode)
        assert isinstance(caught.value, OSError)
        assert caught.value.path == str(path)
    with pytest.raises(chat.FifoFailed, match="No such file"):
        chat.open_fifo(path / "below", create=True)


@pytest.mark.parametrize("create", [False, True])
def test_what_is_no_fifo_is_left_alone(path, create):
    path.write_text("precious")
    for mode in ("r", "w"):
        with pytest.raises(chat.FifoFailed, match="not a FIFO"):
            chat.open_fifo(path, mode, create=create)
    assert path.read_text() == "precious"


def test_a_link_is_not_followed_when_one_is_made(path, tmp_path):
    os.mkfifo(tmp_path / "other")
    path.symlink_to(tmp_path / "other")
    with pytest.raises(chat.FifoFailed):
        chat.open_fifo(path, create=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_is_not_taken_for_ones_own(path):
    os.mkfifo(path)
    os.chown(path, 65534, 65534)
    with pytest.raises(chat.FifoFailed, match="belongs to somebody else"):
        chat.open_fifo(path, create=True)
    with chat.open_fifo(path):
        pass  # who does not make it takes it as it is


def test_one_that_vanishes_while_somebody_waits_is_told(path):
    os.mkfifo(path)
    failures = []

    def wait():
        try:
            chat.open_fifo(path, "w", timeout=20)
        except chat.FifoFailed as error:
            failures.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    path.unlink()
    thread.join(20)
    assert failures == [f"cannot open the FIFO '{path}': No such file or directory"]


def test_one_that_vanishes_while_it_is_read_is_told(path):
    with chat.open_fifo(path, create=True) as s:
        path.unlink()
        with pytest.raises(chat.ExpectTimeout, match="is not there any more"):
            s.expect("x", timeout=0)
        path.write_text("")
        with pytest.raises(chat.ExpectTimeout, match="another file has taken the place"):
            s.expect("x", timeout=0)


def test_a_mode_is_one_of_two(path):
    with pytest.raises(ValueError, match="mode is 'r' or 'w'"):
        chat.open_fifo(path, "rw")  # type: ignore[call-overload]  # wrong on purpose


def test_a_url_is_a_fifo_to_read_or_to_write(path):
    def opening(**query):
        return SimpleNamespace(
            url=SimpleNamespace(path=str(path), query=query),
            deadline=None,
            session=lambda transport: chat.Session(transport, timeout=20),
        )

    with open_fifo_url(opening(), create=True) as heard:
        with open_fifo_url(opening(mode="w")) as said:
            said.sendline("through")
        assert heard.readline() == "through\n"
    with pytest.raises(ValueError, match="mode is"):
        open_fifo_url(opening(mode="x"))


def test_nothing_is_left_open(path, held):
    before = held()
    with chat.open_fifo(path, create=True, stay=True):
        pass
    with pytest.raises(LookupError):
        chat.open_fifo(path, encoding="klingon")
    with pytest.raises(chat.FifoFailed):
        connect_fifo(str(path), str(path) + "no", timeout=0)
    assert held() == before
