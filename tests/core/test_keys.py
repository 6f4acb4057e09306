"""Keys and control characters by name."""

from __future__ import annotations

import pytest

from chat.core.keys import CONTROL, KEYS, control, key
from chat.errors import ChatError, UnknownKey


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("c", "\x03"), ("C", "\x03"), ("^C", "\x03"), ("^c", "\x03"), ("@", "\x00"),
        ("space", "\x00"), ("[", "\x1b"), ("^[", "\x1b"), ("\\", "\x1c"), ("]", "\x1d"),
        ("^]", "\x1d"), ("^", "\x1e"), ("^^", "\x1e"), ("_", "\x1f"), ("/", "\x1f"),
        ("?", "\x7f"), ("z", "\x1a"),
    ],
)  # fmt: skip
def test_control_characters(name, sent):
    assert control(name) == sent


@pytest.mark.parametrize("wrong", ["5", "", "cc", "^^^", "é", "enter", None, 3, b"c"])
def test_there_are_no_others_and_nothing_is_sent_silently(wrong):
    with pytest.raises(UnknownKey, match="no control character") as caught:
        control(wrong)
    assert isinstance(caught.value, LookupError)
    assert isinstance(caught.value, ChatError)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("a", "a"), ("é", "é"), ("^", "^"), ("Enter", "\r"), ("ENTER", "\r"), ("tab", "\t"),
        ("F1", "\x1bOP"), ("f10", "\x1b[21~"), ("PageDown", "\x1b[6~"),
        ("Page Down", "\x1b[6~"),
        ("Up", "\x1b[A"), ("Ctrl-X", "\x18"), ("ctrl+x", "\x18"), ("Control-X", "\x18"),
        ("C-x", "\x18"), ("^X", "\x18"), ("Ctrl-^", "\x1e"), ("Ctrl-Space", "\x00"),
        ("Alt-f", "\x1bf"), ("Alt-F", "\x1bF"), ("M-x", "\x1bx"), ("Meta-x", "\x1bx"),
        ("Alt-F1", "\x1b\x1bOP"), ("Alt-Ctrl-X", "\x1b\x18"), ("Shift-Tab", "\x1b[Z"),
    ],
)  # fmt: skip
def test_keys(name, sent):
    assert key(name) == sent


@pytest.mark.parametrize(
    "wrong", ["", None, 7, b"a", "F13", "Ctrl-5", "Ctrl-", "Alt-", "Hyper-x"]
)
def test_unknown_keys_are_refused(wrong):
    with pytest.raises(UnknownKey):
        key(wrong)


def test_a_slip_is_answered_with_the_nearest_name():
    with pytest.raises(UnknownKey, match="the nearest is PAGEDOWN"):
        key("PgeDown")
    with pytest.raises(UnknownKey, match=r"no key '\*\*\*'$"):
        key("***")


def test_the_tables_hold_what_they_say():
    for name, sent in CONTROL.items():
        assert len(sent) == 1 and (sent < " " or sent == "\x7f")
        assert control(name) == sent
        if len(name) == 1 and name.isalpha():
            assert ord(sent) == ord(name) & 0x1F
    for name, sent in KEYS.items():
        assert name == name.upper() and key(name) == key(name.lower()) == sent
