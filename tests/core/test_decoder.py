"""Bytes to text, however they were cut, and back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.decoder import BytesCodec, TextCodec, make_codec


def decoded(codec, pieces):
    text = [codec.decode(piece) for piece in pieces]
    return codec.empty.join([*text, codec.decode(b"", True)])


def cut(data, places):
    ends = sorted({0, len(data), *(place for place in places if place < len(data))})
    return [data[start:stop] for start, stop in pairwise(ends)]


def test_ascii_is_itself():
    assert decoded(TextCodec(), [b"login: ", b"root"]) == "login: root"


@pytest.mark.parametrize("text", ["é", "→", "🙂", "a→b🙂c", "\x00\x7f\x80"])
def test_a_character_may_come_in_pieces(text):
    data = text.encode()
    assert decoded(TextCodec(), [data]) == text
    assert decoded(TextCodec(), [bytes([each]) for each in data]) == text
    assert decoded(TextCodec(), [data, b" tail"]) == text + " tail"


def test_what_is_incomplete_waits_for_the_rest():
    codec = TextCodec()
    assert codec.decode("→".encode()[:2]) == ""
    assert codec.decode("→".encode()[2:] + b"!") == "→!"


def test_what_waits_for_the_rest_can_be_had():
    codec = TextCodec()
    assert codec.decode(b"a\xc3") == "a"
    assert codec.incomplete() == b"\xc3"
    assert codec.decode(b"\xa4") == "ä"
    assert codec.incomplete() == b""


def test_ascii_behind_an_incomplete_character_does_not_overtake_it():
    codec = TextCodec()
    assert codec.decode(b"\xe2") == ""
    assert codec.decode(b"abc") == "\udce2abc"
    assert codec.decode(b"abc") == "abc"


def test_what_stays_incomplete_comes_at_the_end():
    codec = TextCodec()
    assert codec.decode(b"a\xe2\x86") == "a"
    assert codec.decode(b"", True) == "\udce2\udc86"


@given(data=st.binary(max_size=30), places=st.lists(st.integers(0, 29)))
def test_undecodable_bytes_can_be_had_back(data, places):
    codec = TextCodec()
    text = decoded(codec, cut(data, places))
    assert text == data.decode("utf-8", "surrogateescape")
    assert codec.encode(text) == data


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16-le", "cp1252", "shift_jis"])
@given(data=st.binary(max_size=30), places=st.lists(st.integers(0, 29)))
def test_the_cuts_do_not_matter_in_any_encoding(encoding, data, places):
    whole = decoded(TextCodec(encoding, "replace"), [data])
    assert decoded(TextCodec(encoding, "replace"), cut(data, places)) == whole


def test_stateful_encodings_are_never_taken_for_ascii():
    data = "日本".encode("iso2022_jp")
    assert decoded(TextCodec("iso2022_jp"), [bytes([each]) for each in data]) == "日本"


def test_other_error_handlers_are_respected():
    assert decoded(TextCodec("ascii", "replace"), [b"a\xff"]) == "a�"
    with pytest.raises(UnicodeDecodeError):
        TextCodec("ascii", "strict").decode(b"\xff")
    with pytest.raises(UnicodeEncodeError):
        TextCodec("ascii").encode("→")


def test_bytes_stay_bytes():
    codec = BytesCodec()
    assert decoded(codec, [b"\xff", b"\x00"]) == b"\xff\x00"
    assert codec.encode(b"\xff") == b"\xff"


def test_a_codec_by_name():
    assert isinstance(make_codec(None), BytesCodec)
    made = make_codec("LATIN1")
    assert isinstance(made, TextCodec)
    assert made.encoding == "iso8859-1"


def test_what_does_not_exist_is_refused():
    with pytest.raises(LookupError):
        make_codec("klingon")
    with pytest.raises(LookupError):
        make_codec("rot13")
    with pytest.raises(LookupError):
        make_codec("utf-8", "wishful")
