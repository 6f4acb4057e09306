"""Bytes taken apart: the same whatever the cuts, and nothing kept."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.transports.telnet.codes import IAC, Command, Verb
from chat.transports.telnet.scanner import (
    Negotiation,
    Order,
    Scanned,
    Scanner,
    Text,
    escape,
    negotiation,
    order,
    subnegotiation,
)

# Dense in what means something, so that most inputs hold several commands.
WIRE = st.lists(
    st.sampled_from([IAC, IAC, IAC, *Verb, *Command, 0, 13, 10, 1, 24, 31, 39, 65, 200])
).map(bytes)


def pieces_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[one:two] for one, two in pairwise(places)]


def scan(*pieces: bytes) -> list[Scanned]:
    """The tokens, texts that lie side by side joined."""
    scanner = Scanner()
    found: list[Scanned] = []
    for piece in pieces:
        for token in scanner.feed(piece):
            last = found[-1] if found else None
            if isinstance(token, Text) and isinstance(last, Text):
                assert last.inside is token.inside
                found[-1] = Text(last.data + token.data, token.inside)
            else:
                found.append(token)
    return found


@given(WIRE, st.lists(st.integers(0, 60)))
def test_the_tokens_do_not_depend_on_the_cuts(data, cuts):
    assert scan(*pieces_of(data, cuts)) == scan(data)


@given(st.binary())
def test_escaped_bytes_are_text(data):
    assert scan(escape(data)) == ([Text(data, False)] if data else [])


def test_commands_negotiations_and_text_are_told_apart():
    wire = b"a" + order(Command.NOP) + b"b" + negotiation(Verb.WILL, 99) + b"\xff\xffc"
    assert scan(wire) == [
        Text(b"a", False),
        Order(Command.NOP),
        Text(b"b", False),
        Negotiation(Verb.WILL, 99),
        Text(b"\xffc", False),
    ]


def test_a_subnegotiation_has_its_text_inside():
    assert scan(subnegotiation(31, b"\0\xff\0\x18") + b"out") == [
        Order(Command.SB),
        Text(b"\x1f\0\xff\0\x18", True),
        Order(Command.SE),
        Text(b"out", False),
    ]


@pytest.mark.parametrize(
    "intruder", [order(Command.NOP), order(Command.GA), negotiation(Verb.DO, 1)]
)
def test_a_command_within_a_subnegotiation_ends_it(intruder):
    scanned = scan(order(Command.SB) + b"\x18\0vt" + intruder + b"text")
    assert scanned[-1] == Text(b"text", False)


def test_an_option_may_be_any_byte_even_iac():
    assert scan(negotiation(Verb.DO, IAC) + b"x") == [
        Negotiation(Verb.DO, IAC),
        Text(b"x", False),
    ]


def test_a_command_without_a_name_is_a_command():
    assert scan(bytes([IAC, 17]) + b"x") == [Order(17), Text(b"x", False)]
