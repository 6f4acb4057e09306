"""Secrets out of a stream, also when one arrives in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import values
from chat.core.masking import StreamMasker
from chat.values import MASK, Secret


@contextmanager
def only(*plain: str) -> Iterator[None]:
    """Know these secrets, none of another test's, and leave none behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "_known", [])
        patch.setattr(values, "_shown", [])
        for each in plain:
            Secret(each)
        yield


@pytest.fixture
def secrets():
    with ExitStack() as stack:
        yield lambda *plain: stack.enter_context(only(*plain))


def masked(pieces):
    masker = StreamMasker()
    return "".join([*map(masker.feed, pieces), masker.flush()])


def cut(text, places):
    ends = sorted({0, len(text), *(place for place in places if place < len(text))})
    return [text[start:stop] for start, stop in pairwise(ends)]


def test_without_secrets_everything_passes_at_once(secrets):
    secrets()
    assert StreamMasker().feed("anything") == "anything"


def test_a_secret_is_masked(secrets):
    secrets("hunter2")
    text = "echo hunter2; echo hunter2"
    assert masked([text]) == f"echo {MASK}; echo {MASK}"
    assert masked(list(text)) == f"echo {MASK}; echo {MASK}"
    assert masked([text, " tail"]) == f"echo {MASK}; echo {MASK} tail"


def test_only_what_may_be_a_secret_is_held_back(secrets):
    secrets("hunter2")
    masker = StreamMasker()
    assert masker.feed("a hunt") == "a "
    assert masker.feed("ing") == "hunting"
    assert masker.feed("hunter") == ""
    assert masker.flush() == "hunter"
    assert masker.flush() == ""


def test_a_secret_learnt_late_is_masked_from_then_on(secrets):
    secrets()
    masker = StreamMasker()
    assert masker.feed("hunter2 ") == "hunter2 "
    secrets("hunter2")
    assert masker.feed("hunter2") == MASK


@pytest.mark.parametrize("known", [("abc", "abcdef"), ("abcdef", "abc"), ("abc", "bcd")])
def test_one_secret_in_another_leaves_nothing_of_the_longer(secrets, known):
    secrets(*known)
    for text in ("-abcdef-", "-abcdabcdef-", "abcab", "-abcde-"):
        assert masked(list(text)) == masked([text])


def test_a_longer_secret_is_masked_whole_although_it_begins_with_another(secrets):
    secrets("abc", "abcdef")
    assert masked(["-abc", "def-"]) == f"-{MASK}-"
    assert masked(["-abc", "dex-"]) == f"-{MASK}dex-"
    assert masked(["-abc"]) == f"-{MASK}"


@given(
    known=st.lists(st.text(alphabet="ab", min_size=2, max_size=5), max_size=3, unique=True),
    text=st.text(alphabet="abc", max_size=20),
    places=st.lists(st.integers(0, 19)),
)
def test_the_cuts_do_not_matter_and_no_secret_shows(known, text, places):
    with only(*known):
        shown = masked(cut(text, places))
        assert shown == masked([text])
        assert shown == masked(list(text))
        for each in known:
            assert each not in shown
