"""Line ends and doubled bytes, both ways, wherever they are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.transports.telnet.encoding import (
    BINARY,
    CHARACTERS,
    LINES,
    SERVER_LINES,
    Encoding,
    LineEnds,
)
from chat.transports.telnet.scanner import Scanner

TEXT = st.lists(st.sampled_from(b"\r\r\n\n\0\xff\xffab")).map(bytes)
ENCODINGS = (BINARY, LINES, CHARACTERS, SERVER_LINES)


def decoded(wire: bytes, ends: LineEnds, size: int = 1) -> bytes:
    """What the text on the wire means, taken in pieces."""
    scanner = Scanner()
    pieces = [wire[n : n + size] for n in range(0, len(wire), size)]
    texts = [token.data for piece in pieces for token in scanner.feed(piece)]
    return b"".join(map(ends.decode, texts))


@pytest.mark.parametrize(
    ("encoding", "wire"),
    [
        (BINARY, b"a\rb\nc\r\nd\xff\xff\0"),
        (LINES, b"a\r\nb\nc\r\nd\xff\xff\0"),
        (CHARACTERS, b"a\r\0b\nc\r\nd\xff\xff\0"),
        (SERVER_LINES, b"a\r\0b\r\nc\r\nd\xff\xff\0"),
    ],
)
def test_each_encoding_has_its_line_ends(encoding: Encoding, wire):
    assert encoding.encode(b"a\rb\nc\r\nd\xff\0") == wire


@given(TEXT, st.integers(1, 4))
def test_what_a_client_types_by_characters_comes_unharmed(text, size):
    assert decoded(CHARACTERS.encode(text), LineEnds(None), size) == text


@given(TEXT, st.integers(1, 4))
def test_what_a_server_says_differs_in_its_line_feeds_alone(text, size):
    shown = decoded(SERVER_LINES.encode(text), LineEnds(None), size)
    assert shown.replace(b"\r\n", b"\n") == text.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("encoding", [LINES, CHARACTERS])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_server_hears_the_enter_key_as_one_line_feed(encoding, size):
    wire = encoding.encode(b"one\r" + b"\r" + b"two\r\n")
    assert decoded(wire, LineEnds(b"\n"), size) == b"one\n\ntwo\n"


@given(TEXT, st.lists(st.integers(0, 30)), st.sampled_from([None, b"\n"]))
def test_line_ends_do_not_depend_on_the_cuts(wire, cuts, enter):
    whole, cut = LineEnds(enter), LineEnds(enter)
    places = sorted({min(each, len(wire)) for each in cuts} | {0, len(wire)})
    pieces = [wire[one:two] for one, two in pairwise(places)]
    assert b"".join(map(cut.decode, pieces)) == (whole.decode(wire) if wire else b"")


@given(TEXT, st.sampled_from(ENCODINGS), st.data())
def test_a_partial_write_says_what_went_and_what_has_to_follow(text, encoding, data):
    coded = encoding.encode(text)
    sent = data.draw(st.integers(0, len(coded)))
    taken, rest, owed = encoding.cut(text, sent)
    assert text[taken:].startswith(owed)
    assert bool(rest) is bool(owed)
    assert coded[:sent] + rest == encoding.encode(text[: taken + len(owed)])


def test_after_a_reset_a_line_feed_is_nobodys_second_half():
    ends = LineEnds(b"\n")
    assert ends.decode(b"a\r") == b"a\n"
    ends.reset()
    assert ends.decode(b"\nb") == b"\nb"
