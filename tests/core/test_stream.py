"""Absolute offsets, cursors, marks, and what is kept."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core import stream as stream_module
from chat.core.stream import DEFAULT_LIMIT, PART_SIZE, Stream
from chat.errors import ChatError, StreamOverflow


def kept(stream: Stream[Any]) -> int:
    return sum(map(len, stream._parts))


def filled(*pieces: str, **options: Any) -> Stream[str]:
    stream = Stream("", **options)
    stream.cursor()
    for piece in pieces:
        stream.append(piece)
    return stream


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(stream_module, "PART_SIZE", 4)


def test_it_is_empty_at_first():
    stream = Stream("")
    assert (stream.begin, stream.end, stream.slice(0, 10)) == (0, 0, "")
    assert stream.limit == DEFAULT_LIMIT and stream.overflow == "error"


def test_what_has_come_is_at_its_offset():
    stream = filled("hello ", "", "world")
    assert stream.end == 11
    assert stream.slice(0, 5) == "hello"
    assert stream.slice(4, 8) == "o wo"
    assert stream.slice(6, 99) == "world"
    assert stream.slice(5, 5) == "" and stream.slice(8, 3) == ""


def test_bytes_are_a_stream_too():
    stream = Stream(b"")
    stream.append(b"\xff\x00")
    assert stream.slice(0, 2) == b"\xff\x00"


def test_offsets_keep_their_meaning_when_text_is_let_go(small_parts):
    stream = Stream("")
    cursor = stream.cursor()
    for piece in ("abcd", "efgh", "ijkl"):
        stream.append(piece)
    stream.consume(cursor, 6)
    assert (stream.begin, stream.end) == (4, 12)
    assert stream.slice(0, 12) == "efghijkl"
    assert stream.slice(6, 12) == "ghijkl"
    assert stream.slice(0, 5) == "e"


def test_what_everybody_has_consumed_is_let_go(small_parts):
    stream = Stream("")
    first, second = stream.cursor(), stream.cursor()
    stream.append("abcdef")
    stream.append("ghij")
    stream.consume(first, 10)
    assert kept(stream) == 10
    stream.consume(second, 7)
    assert kept(stream) == 4
    stream.consume(second, 10)
    assert (kept(stream), stream.begin) == (0, 10)
    stream.append("k")
    assert stream.slice(10, 11) == "k"


def test_a_released_cursor_keeps_nothing():
    stream = filled()
    behind = stream.cursor()
    ahead = stream.cursor()
    stream.append("abc")
    stream.consume(ahead, 3)
    stream.consume(stream._cursors[0], 3)
    assert kept(stream) == 3
    stream.release(behind)
    assert kept(stream) == 0


def test_without_a_reader_nothing_is_kept_once_somebody_lets_go():
    stream = Stream("")
    cursor = stream.cursor()
    stream.append("abc")
    stream.release(cursor)
    assert kept(stream) == 0


def test_a_cursor_begins_at_the_end_or_where_it_is_told():
    stream = filled("abc")
    assert stream.cursor().position == 3
    assert stream.cursor(1).position == 1
    assert repr(stream.cursor(1)) == "<Cursor at 1>"


def test_a_mark_keeps_what_came_after_it_while_it_lives(small_parts):
    stream = Stream("")
    cursor = stream.cursor()
    stream.append("abcd")
    mark = stream.mark()
    other = stream.mark(2)
    assert (mark.offset, repr(mark), other.offset) == (4, "<Mark at 4>", 2)
    stream.append("efgh")
    stream.consume(cursor, 8)
    assert stream.slice(mark.offset, stream.end) == "efgh"
    assert stream.slice(other.offset, stream.end) == "cdefgh"
    del other
    gc.collect()
    stream.consume(cursor, 8)
    assert stream.begin == 4
    del mark
    gc.collect()
    stream.append("i")
    stream.consume(cursor, 9)
    assert kept(stream) == 0


def test_too_much_that_nobody_takes_is_an_error_before_more_is_read():
    stream = filled("a" * 10, limit=10)
    stream.check_room()
    stream.append("b")
    assert stream.crowded
    with pytest.raises(StreamOverflow, match="more than 10 characters are kept") as caught:
        stream.check_room()
    assert isinstance(caught.value, ChatError)
    assert isinstance(caught.value, BufferError)
    assert stream.slice(0, 11) == "a" * 10 + "b"  # nothing is lost
    stream.consume(stream._cursors[0], 1)
    stream.check_room()


def test_the_oldest_is_dropped_if_that_was_asked_for_and_counted(small_parts):
    stream = filled(limit=6, overflow="drop")
    cursor, late = stream._cursors[0], stream.cursor()
    for piece in ("abc", "def", "ghi", "jkl"):
        stream.append(piece)
        stream.check_room()
        late.position = stream.end
    assert (cursor.position, cursor.dropped) == (6, 6)
    assert (late.position, late.dropped) == (12, 0)
    assert stream.slice(cursor.position, stream.end) == "ghijkl"
    assert kept(stream) <= 6 + 4


@pytest.mark.parametrize(
    ("options", "said"),
    [({"limit": 0}, "a limit of 0"), ({"limit": -5}, "-5"), ({"overflow": "forget"}, "forget")],
)
def test_nonsense_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Stream("", **options)


def test_a_window_copies_nothing_where_it_need_not(small_parts):
    stream = filled("abcd", "efgh", "ijkl")
    assert stream.window(5, 6)[0] is stream._parts[1]
    assert stream.window(8, 9) == ("ijkl", 8)
    assert stream.window(3, 5) == ("defgh", 3)
    assert stream.window(0, 0) == ("abcd", 0)


@given(
    pieces=st.lists(st.text(alphabet="abc", max_size=7), max_size=12),
    starts=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    consumed=st.integers(0, 60),
)
def test_slices_and_windows_are_those_of_the_whole(pieces, starts, consumed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_module, "PART_SIZE", 5)
        stream, whole = filled(*pieces), "".join(pieces)
        stream.consume(stream._cursors[0], min(consumed, len(whole)))
        begin = stream.begin
        assert begin <= min(consumed, len(whole))
        for start in starts:
            for stop in starts:
                awaited = whole[max(start, begin) : max(stop, begin)]
                assert stream.slice(start, stop) == awaited
                if begin <= start <= stop < stream.end:
                    text, base = stream.window(start, stop)
                    assert base <= start
                    assert whole[base:].startswith(text)
                    assert base + len(text) > stop


def test_a_mark_keeps_no_more_than_the_limit_when_the_oldest_may_go():
    stream = Stream("", limit=10, overflow="drop")
    reader = stream.cursor(0)
    mark = stream.mark(0)
    for _ in range(6):
        stream.append("x" * PART_SIZE)
        stream.consume(reader, stream.end)
    assert stream.end - stream.begin <= PART_SIZE
    assert mark.dropped == stream.end - 10


def test_a_mark_beyond_the_limit_is_an_overflow_when_nothing_may_go():
    stream = Stream("", limit=10)
    reader = stream.cursor(0)
    mark = stream.mark(0)
    stream.append("x" * 11)
    stream.consume(reader, 11)
    with pytest.raises(StreamOverflow, match="behind a mark"):
        stream.check_room()
    del mark
    stream.check_room()
