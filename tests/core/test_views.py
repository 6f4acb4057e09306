"""The stream without escape sequences, its offsets mapped back."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core import stream as stream_module
from chat.core import views
from chat.core.matcher import stream_order
from chat.core.patterns import literal
from chat.core.stream import Stream
from chat.core.views import RawView, TextView

ESCAPES = (
    "\x1b[0m", "\x1b[1;31m", "\x1b[?2004h", "\x1b[2J", "\x1b[38;2;1;2;3m", "\x1b[ q",
    "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1bPq#0;1\x1b\\", "\x1b(B", "\x1b=",
    "\x1b7", "\x1bM", "\x1b]0;broken\x18", "\x1b_app\x1b\\", "\x1b^pm\x1b\\", "\x1b\\",
    "\x1b#8",
)  # fmt: skip
# None of these is a complete sequence; what they become depends on what follows.
BROKEN = ("\x1b", "\x1b[", "\x1b[31", "\x1b]0;half", "\x1b(", "\x1b[31\x07", "\x1b]a\x1b")


def viewed(*pieces: Any) -> tuple[TextView[Any], Stream[Any]]:
    raw: Stream[Any] = Stream(pieces[0][:0] if pieces else "")
    view = TextView(raw, raw.cursor(0))
    for piece in pieces:
        raw.append(piece)
        view.refresh()
    return view, raw


def text_of(view: TextView[Any]) -> Any:
    return view.stream.slice(view.position, view.stream.end)


@pytest.mark.parametrize("escape", ESCAPES)
def test_escape_sequences_are_taken_out(escape):
    whole = f"ab{escape}cd"
    assert text_of(viewed(whole)[0]) == "abcd"
    assert text_of(viewed(*whole)[0]) == "abcd"
    assert text_of(viewed(whole, "tail")[0]) == "abcdtail"
    assert text_of(viewed(whole.encode())[0]) == b"abcd"


@pytest.mark.parametrize("text", ["plain", "a\rb\nc\td\x07", "\x08\x00", "é→🙂", "[0m"])
def test_other_text_is_left_alone(text):
    assert text_of(viewed(text)[0]) == text


def test_an_unfinished_sequence_is_held_back_until_it_is_finished():
    view, raw = viewed("ab\x1b[3")
    assert text_of(view) == "ab"
    raw.append("1mcd")
    view.refresh()
    assert text_of(view) == "abcd"


def test_one_that_never_finishes_is_text_in_the_end(monkeypatch):
    monkeypatch.setattr(views, "LONGEST_HELD", 16)
    view, _ = viewed("ab\x1b]0;", *"0123456789abcdefgh")
    assert text_of(view) == "ab\x1b]0;0123456789abcdefgh"


def test_colour_in_the_middle_of_a_word_does_not_hide_it():
    view, raw = viewed("> Pass\x1b[1mwo\x1b[0mrd: ")
    order = stream_order([literal("Password: ")], "")
    order.reset(view.position)
    found = order.scan(view.stream)
    assert found is not None
    start, end = found[1].start, found[1].end
    assert view.stream.slice(start, end) == "Password: "
    assert view.offsets(start, end) == (2, raw.end)
    assert raw.slice(*view.offsets(start, end)) == "Pass\x1b[1mwo\x1b[0mrd: "


def test_offsets_are_those_of_the_characters_and_not_of_what_surrounds_them():
    view, _ = viewed("\x1b[1mab\x1b[0m\x1b[2mc\x1b[0m")
    assert view.offsets(0, 2) == (4, 6)
    assert view.offsets(2, 3) == (14, 15)
    assert view.offsets(0, 3) == (4, 15)
    assert view.offsets(1, 1) == (5, 5)
    assert view.offsets(3, 3) == (15, 15)


def test_a_view_of_nothing_maps_to_where_it_begins():
    view, _ = viewed()
    assert view.offsets(0, 0) == (0, 0)
    raw: Stream[str] = Stream("")
    cursor = raw.cursor()
    raw.append("abc")
    raw.consume(cursor, 3)
    late = TextView(raw, cursor)
    late.refresh()
    assert (text_of(late), late.offsets(0, 0)) == ("", (3, 3))


def test_what_is_consumed_through_the_text_is_consumed_from_what_came():
    view, raw = viewed("ab\x1b[0mcd\x1b[0m")
    view.consume(2)
    assert raw._cursors[0].position == 2
    view.consume(4)
    assert raw._cursors[0].position == raw.end  # what hangs on at the end goes with it
    assert text_of(view) == ""


def test_what_is_held_back_is_not_consumed_with_the_text_before_it():
    view, raw = viewed("ab\x1b[3")
    view.consume(2)
    assert raw._cursors[0].position == 2
    raw.append("1mcd")
    view.refresh()
    assert text_of(view) == "cd"


def test_what_is_consumed_from_what_came_is_consumed_from_the_text():
    view, raw = viewed("ab\x1b[0mcd")
    for position, rest in ((1, "bcd"), (2, "cd"), (4, "cd"), (6, "cd"), (7, "d"), (8, "")):
        raw.consume(raw._cursors[0], position)
        view.refresh()
        assert text_of(view) == rest, position


def test_both_views_share_a_reader():
    raw: Stream[str] = Stream("")
    cursor = raw.cursor(0)
    plain, text = RawView(raw, cursor), TextView(raw, cursor)
    raw.append("ab\x1b[0mcd")
    plain.refresh()
    text.refresh()
    assert (plain.stream is raw, plain.position, plain.offsets(1, 2)) == (True, 0, (1, 2))
    plain.consume(6)
    text.refresh()
    assert (plain.position, text_of(text)) == (6, "cd")
    text.consume(text.position + 1)
    assert plain.position == 7


def test_what_was_dropped_is_gone_from_the_text_too(monkeypatch):
    monkeypatch.setattr(stream_module, "PART_SIZE", 4)
    raw: Stream[str] = Stream("", limit=8, overflow="drop")
    cursor = raw.cursor(0)
    view = TextView(raw, cursor)
    for piece in ("abcd", "\x1b[1m", "efgh", "ijkl"):
        raw.append(piece)
        view.refresh()
    assert cursor.dropped == 8
    assert text_of(view) == "efghijkl"
    raw.append("mnopqrstuvwxyz")
    view.refresh()
    assert text_of(view).endswith("uvwxyz") and len(text_of(view)) <= 8


def test_where_the_stretches_were_is_forgotten_once_they_are_read():
    raw: Stream[str] = Stream("")
    cursor = raw.cursor(0)
    view = TextView(raw, cursor)
    for _ in range(2000):
        raw.append("ab\x1b[0m")
        view.refresh()
        view.consume(view.stream.end)
    assert len(view._starts) <= 600
    raw.append("cd")
    view.refresh()
    assert view.offsets(view.position, view.stream.end) == (12000, 12002)


def test_forgetting_does_not_lose_the_place_between_two_stretches():
    view, raw = viewed("a\x1b[0m" * 600)
    view.consume(400)
    view.refresh()
    assert raw._cursors[0].position == 399 * 5 + 1
    view.refresh()
    assert text_of(view) == "a" * 200
    assert view.offsets(400, 401) == (2000, 2001)


pieces = st.lists(
    st.sampled_from(ESCAPES)
    | st.sampled_from(BROKEN)
    | st.sampled_from(["a", "bc", "\n", "m"]),
    max_size=10,
)
places = st.lists(st.integers(0, 60), max_size=8)


def cut(text: str, at: list[int]) -> list[str]:
    ends = sorted({0, len(text), *(place for place in at if place < len(text))})
    return [text[start:stop] for start, stop in pairwise(ends)]


@given(pieces, places)
def test_the_text_does_not_depend_on_the_cuts(given_pieces, at):
    whole = "".join(given_pieces)
    awaited = text_of(viewed(whole)[0]) if whole else ""
    for came in (list(whole), cut(whole, at)):
        view, raw = viewed(*came)
        assert text_of(view) == awaited
        for number in range(len(awaited)):
            start, end = view.offsets(number, number + 1)
            assert raw.slice(start, end) == awaited[number]


@given(pieces)
def test_without_broken_sequences_the_text_is_what_is_left_of_it(given_pieces):
    whole = "".join(each for each in given_pieces if each not in BROKEN)
    left = "".join(each for each in given_pieces if each not in BROKEN + ESCAPES)
    assert text_of(viewed(whole or "x")[0]) == (left if whole else "x")


@given(pieces, places, st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=10))
def test_reading_through_both_views_reads_everything_once(given_pieces, at, steps):
    """What both have taken, cleaned, is what came, cleaned."""
    whole = "".join(each for each in given_pieces if each not in BROKEN)
    raw: Stream[str] = Stream("")
    cursor = raw.cursor(0)
    view = TextView(raw, cursor)
    taken = ""
    todo = list(steps)
    for piece in [*cut(whole, at), ""]:
        raw.append(piece)
        view.refresh()
        by_text, amount = todo.pop() if todo else (True, 99)
        if by_text:
            end = min(view.stream.end, view.position + amount)
            taken += view.stream.slice(view.position, end)
            view.consume(end)
        else:
            # A whole character or sequence at a time, as a reader of the raw stream would.
            for _ in range(amount):
                part = PART.match(raw.slice(cursor.position, raw.end))
                if part is not None:
                    taken += part["text"] or ""
                    raw.consume(cursor, cursor.position + part.end())
            view.refresh()
    view.refresh()
    taken += text_of(view)
    assert taken == "".join(each for each in given_pieces if each not in BROKEN + ESCAPES)


LONGEST_FIRST = sorted(ESCAPES, key=len, reverse=True)
PART = re.compile("|".join([*map(re.escape, LONGEST_FIRST), r"(?P<text>[^\x1b])"]))


def test_an_unfinished_sequence_belongs_to_the_end():
    stream = Stream("")
    cursor = stream.cursor(0)
    view = TextView(stream, cursor)
    stream.append("abc\x1b[")
    view.refresh()
    view.finish()
    view.consume(view.stream.end)
    assert cursor.position == stream.end
