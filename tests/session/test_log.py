"""Logs, and listeners: everything that happens in a session can be seen."""

from __future__ import annotations

import io
import logging
import stat

import pytest

import chat
from chat.events import Closed, Ended, Event, Matched, Received, Resized, Sent, TimedOut
from chat.testing import MemoryPeer, python_child


def test_a_path_is_appended_to_and_belongs_to_its_owner_only(tmp_path):
    path = tmp_path / "log"
    for said in ("one\n", "two\n"):
        with MemoryPeer([said]).session(log=path) as s:
            s.expect("\n")
    assert path.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_path_may_be_text(tmp_path):
    with MemoryPeer(["a"]).session(log=str(tmp_path / "log")) as s:
        s.expect("a")
    assert (tmp_path / "log").read_text() == "a"


def test_what_was_said_is_in_the_file_at_once(tmp_path):
    path = tmp_path / "log"
    with MemoryPeer(["a"]).session(log=path) as s:
        s.expect("a")
        assert path.read_text() == "a"


@pytest.mark.parametrize("mode", ["w", "wb", "w+b", "a"])
def test_a_file_of_the_caller_s_stays_open(tmp_path, mode):
    with (tmp_path / "log").open(mode) as file:
        with MemoryPeer(["ä\r\n"]).session(log=file) as s:
            s.expect("\n")
        assert not file.closed
    assert (tmp_path / "log").read_bytes() == "ä\r\n".encode()


@pytest.mark.parametrize("encoding", ["utf-8", None])
def test_undecodable_bytes_reach_a_binary_log_as_they_were(encoding):
    log, said = io.BytesIO(), b"a\xffb\xc3\x28\xc3"
    with MemoryPeer([*(bytes([each]) for each in said), chat.EOF]).session(
        encoding=encoding, log=log
    ) as s:
        s.expect(chat.EOF)
    assert log.getvalue() == said


@pytest.mark.parametrize("encoding", ["utf-8", None])
def test_undecodable_bytes_break_no_text_log(encoding, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    said = [b"\xff", b"\xc3", b"\xa4\n", chat.EOF]
    path = tmp_path / "log"
    peer = MemoryPeer(said)
    with path.open("w", encoding="utf-8") as file, peer.session(encoding=encoding) as s:
        s.log_to(file)
        s.log_to(logging.getLogger("test.undecodable"))
        s.expect(chat.EOF)
    assert path.read_text("utf-8") == "\N{REPLACEMENT CHARACTER}ä\n"
    assert [record.getMessage() for record in caplog.records] == ["\N{REPLACEMENT CHARACTER}ä"]


def test_a_logger_gets_each_line_as_a_record(caplog):
    caplog.set_level(logging.DEBUG, "test.lines")
    peer = MemoryPeer(["one\r\ntw", "o\r", "\nthree %s"])
    with peer.session(log=logging.getLogger("test.lines")) as s:
        s.expect("%s")
        assert [record.getMessage() for record in caplog.records] == ["one", "two"]
    assert caplog.records[-1].getMessage() == "three %s"
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


def test_what_is_sent_is_logged_if_that_is_wanted():
    both, sent = io.StringIO(), io.StringIO()
    with MemoryPeer(answer=lambda data: ["answer\n"]).session() as s:
        s.log_to(both, sent=True)
        s.log_to(sent, received=False, sent=True)
        s.ask("question", "\n")
        s.press("Ctrl-C")
    assert both.getvalue() == "question\nanswer\n\x03"
    assert sent.getvalue() == "question\n\x03"


def test_a_log_can_be_stopped(tmp_path):
    log = io.StringIO()
    with MemoryPeer(["one", 1, "two"]).session() as s:
        stop = s.log_to(log)
        s.expect("one")
        stop()
        stop()
        s.expect("two")
    assert log.getvalue() == "one"


@pytest.mark.parametrize("wrong", [3, object(), ["a"]])
def test_what_is_no_log_is_refused(wrong):
    peer = MemoryPeer()
    with peer.session() as s, pytest.raises(TypeError, match="a log is"):
        s.log_to(wrong)


def test_a_log_that_cannot_be_opened_says_so_and_leaves_no_child(tmp_path):
    with pytest.raises(FileNotFoundError):
        python_child("input()", log=tmp_path / "no" / "such" / "place")


def test_listeners_see_everything_that_happens():
    events: list[Event] = []
    peer = MemoryPeer(["hi"], answer=lambda data: ["bye", 1, chat.EOF])
    with peer.session() as s:
        s.subscribe(events.append)
        match = s.expect("hi")
        s.sendline("x")
        with pytest.raises(chat.ExpectTimeout):
            s.expect("never", timeout=0)
        with pytest.raises(chat.UnexpectedEOF):
            s.expect("never")
    assert events == [
        Received("hi", b"hi"),
        Matched(match),
        Sent("x\n"),
        Received("bye", b"bye"),
        TimedOut(("'never'",)),
        Ended(),
        Closed(None),
    ]


def test_listeners_see_a_terminal_s_size_and_a_program_s_end():
    events: list[Event] = []
    with python_child("input()") as s:
        s.subscribe(events.append)
        s.resize(30, 90)
        s.sendeof()
        status = s.wait()
    assert Resized(chat.WindowSize(30, 90)) in events
    assert events[-1] == Closed(status)


def test_a_listener_may_leave():
    events: list[Event] = []
    with MemoryPeer(["a", 1, "b"]).session() as s:
        leave = s.subscribe(events.append)
        s.expect("a")
        leave()
        leave()
        s.expect("b")
    assert [type(event) for event in events] == [Received, Matched]
