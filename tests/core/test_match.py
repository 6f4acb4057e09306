"""What a wait returns: a frozen value, whose secrets do not show."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import pytest

from chat.core.match import Match
from chat.core.patterns import literal
from chat.values import MASK, Secret

MATCH = Match(
    1,
    literal("x"),
    "user=root",
    "Hello\n",
    6,
    15,
    ("user", None),
    MappingProxyType({"key": "user", "value": None}),
    name="who",
)


def test_groups_by_number_and_by_name():
    assert (MATCH[0], MATCH[1], MATCH[2]) == ("user=root", "user", None)
    assert (MATCH["key"], MATCH["value"]) == ("user", None)


@pytest.mark.parametrize("wrong", [3, -1, 99])
def test_a_group_that_is_not_there_by_number(wrong):
    with pytest.raises(IndexError):
        MATCH[wrong]


def test_a_group_that_is_not_there_by_name():
    with pytest.raises(KeyError):
        MATCH["colour"]


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MATCH.text = "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del MATCH.text
    with pytest.raises(TypeError):
        MATCH.named["key"] = "other"


def test_without_groups_there_are_none():
    bare = Match(0, literal("x"), "x", "", 0, 1)
    assert (bare.groups, dict(bare.named), bare.dropped, bare.name) == ((), {}, 0, None)
    with pytest.raises(IndexError):
        bare[1]


def test_it_says_what_it_is():
    assert repr(MATCH) == "<Match 1 who: 'user=root' before='Hello\\n' at 6>"
    assert repr(Match(0, literal("x"), "x", "", 0, 1)) == "<Match 0: 'x' before='' at 0>"


def test_long_text_is_cut_and_secrets_are_masked():
    secret = Secret("correct-horse-match")
    shown = repr(Match(0, literal("x"), "x", "y" * 500 + secret.reveal(), 0, 1))
    assert len(shown) < 200
    assert secret.reveal() not in shown and MASK in shown
