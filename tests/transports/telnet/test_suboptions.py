"""What is said about options: put into bytes and read back, and anything may come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.transports.telnet import suboptions
from chat.values import WindowSize

SIZES = st.builds(WindowSize, st.integers(1, 65535), st.integers(1, 65535))
NAMES = st.text(st.characters(codec="utf-8"), min_size=1)
VARIABLES = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8")))
EVERYTHING = b"\1"


def told(said: bytes) -> dict[str, str]:
    kept: dict[str, str] = {"OLD": "gone"}
    suboptions.read_environment(said, kept)
    return kept


@given(SIZES)
def test_a_window_size_comes_as_it_went(size):
    assert suboptions.read_window_size(suboptions.window_size(size)) == size


def test_a_window_size_is_width_and_then_height():
    assert suboptions.window_size(WindowSize(24, 80)) == b"\0\x50\0\x18"


@pytest.mark.parametrize("content", [b"", b"\0", b"\0\x50\0", b"\0\0\0\x18", b"\0\x50\0\x18!"])
def test_what_is_no_window_size_is_none(content):
    assert suboptions.read_window_size(content) is None


def test_a_terminal_type_comes_as_it_went():
    assert suboptions.read_terminal_type(suboptions.terminal_type("vt100")) == "vt100"
    assert suboptions.read_terminal_type(b"\1vt100") is None


@given(VARIABLES)
def test_variables_come_as_they_went(variables):
    assert told(suboptions.environment(variables)) == variables


def test_well_known_variables_are_marked_as_such():
    said = suboptions.environment({"USER": "ada", "LANG": "C"})
    assert said == b"\0\0USER\1ada\3LANG\1C"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"\0USER", b"\0\0USER\1ada"),
        (b"\3PATH", b"\0\3PATH"),
        (b"\0USER\3PATH\3LANG", b"\0\0USER\1ada\3PATH\3LANG\1C"),
        (b"\0", b"\0\0USER\1ada"),
        (b"\3", b"\0\3LANG\1C"),
        (b"\1USER", b"\0"),
        (b"nonsense", b"\0"),
    ],
)
def test_only_what_is_asked_for_is_told(asked, answer):
    assert suboptions.environment({"USER": "ada", "LANG": "C"}, asked) == answer


def test_bytes_that_would_be_marks_are_quoted():
    assert suboptions.environment({"A\3": "\0\1\2\3"}) == b"\0\3A\2\3\1\2\0\2\1\2\2\2\3"


def test_more_is_added_and_what_has_no_value_is_taken_away():
    kept = told(b"\0\0USER\1ada\3LANG\1C")
    suboptions.read_environment(b"\2\3LANG\3TERM\1vt100", kept)
    assert kept == {"USER": "ada", "TERM": "vt100"}


@given(st.binary())
def test_any_bytes_can_be_read(content):
    told(content)
    suboptions.read_window_size(content)
    suboptions.read_terminal_type(content)
    suboptions.environment({"USER": "ada"}, content)


def test_a_client_cannot_fill_the_memory_with_variables():
    kept: dict[str, str] = {}
    for number in range(1000):
        suboptions.read_environment(b"\2\3V%d\1x" % number, kept)
    assert len(kept) == suboptions.VARIABLES_KEPT
