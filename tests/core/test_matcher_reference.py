"""The matcher against a reference that shares no code with it.

The reference follows the rules at the top of `chat.core.matcher` by trying `re` on every
prefix of the stream. That needs each pattern in three spellings, which are made together:

source  what the matcher is given;
certain what matches a prefix whatever comes next: `$` is never certain, `\\b` needs a
        character to its right;
nearest what says where the match ends: the wildcards in its middle are lazy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.core.matcher import stream_order
from chat.core.patterns import Textual, literal, regex
from chat.core.stream import Stream

ALPHABET = "aabbcx \n1"
NARROW = ("a", "b", "c", "x", " ", r"\n", "[ab]", r"\d", r"\w", r"\s", "[a-c]")
GROUPS = ("(?:ab|a)", "(?:a|ab)", "(a)", "(b|bc)", "(?:ab)", "(?:a[bc])", r"(?:\w )")
WILDCARDS = (".", "[^a]", r"[\s\S]", r"[^\n]")
AMOUNTS = ("", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??", "{0,3}", "{2,}")
FOR_GROUPS = ("", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?")
FLAGS = (0, 0, re.DOTALL, re.MULTILINE, re.IGNORECASE, re.DOTALL | re.MULTILINE)
UNLIMITED = ("*", "+", "{2,}")
AT_LEAST_ONE = ("", "+", "{2}", "{1,2}", "+?", "{2,}")
# As written, and so that they are certain.
ANYTHING_NEXT = r"(?=[\s\S])"
ZERO_WIDTH = (
    (r"\b", r"\b" + ANYTHING_NEXT),
    (r"\B", r"\B" + ANYTHING_NEXT),
    ("(?!b)", "(?=[^b])"),
    (r"\Z", "(?!)"),
    ("$", "(?!)"),
    *((same, same) for same in ("(?=a)", "(?=ab)", "(?<=a)", "(?<!b)", "^")),
)


@dataclass(frozen=True)
class Case:
    """A pattern in its spellings."""

    text: Textual
    certain: re.Pattern[str]
    nearest: re.Pattern[str]

    def claim(self, data: str) -> tuple[int, int, int] | None:
        """The match of the shortest prefix: what is compared, its start and its end."""
        for length in range(len(data) + 1):
            match = self.certain.search(data[:length])
            if match is not None:
                end = self.end(data, match.start())
                return max(length, end), match.start(), end
        return None

    def end(self, data: str, start: int) -> int:
        match = self.nearest.match(data, start)
        assert match is not None
        return match.end()

    def stands(self, data: str, start: int, end: int, alphabet: str) -> bool:
        """Whether the match is what it is whatever comes, by trying what may come."""
        return all(self.end(data + tail, start) == end for tail in tails(alphabet))


@cache
def tails(alphabet: str) -> list[str]:
    """What may come: after three characters, all matches here have changed that will."""
    known = sorted(set(alphabet))
    return ["".join(each) for size in range(4) for each in product(known, repeat=size)]


def expected(
    cases: list[Case], data: str, alphabet: str = ALPHABET
) -> tuple[int, int, int] | None:
    claims = [case.claim(data) for case in cases]
    best = min(
        ((key, number, start, end) for number, claim in enumerate(claims) if claim
         for key, start, end in [claim]),
        default=None,
    )  # fmt: skip
    if best is not None:
        key, number, start, end = best
        if key < len(data) or cases[number].stands(data, start, end, alphabet):
            return number, start, end
    # Silence decides: those that only the end of the stream completes take part.
    for number, case in enumerate(cases):
        match = None if claims[number] else case.nearest.search(data)
        if match is not None and (best is None or (len(data), number) < best[:2]):
            best = (len(data), number, *match.span())
    return None if best is None else best[1:]


def answer(cases: list[Case], pieces: list[str]) -> tuple[int, int, int] | None:
    stream: Stream[Any] = Stream("")
    stream.cursor(0)
    order = stream_order([case.text for case in cases], "")
    order.reset(0)
    found = None
    for piece in pieces:
        stream.append(piece)
        found = order.scan(stream)
        if found is not None:
            break
    else:
        found = order.settle(stream)
    return None if found is None else (found[0], found[1].start, found[1].end)


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Pieces: their kind, and two spellings or an amount."""
    pieces = []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(("narrow", "narrow", "narrow", "group", "wild", "zero")))
        if kind == "zero":
            pieces.append((kind, *draw(st.sampled_from(ZERO_WIDTH))))
            continue
        atoms = {"narrow": NARROW, "group": GROUPS, "wild": WILDCARDS}[kind]
        amounts = FOR_GROUPS if kind == "group" else AMOUNTS
        pieces.append((kind, draw(st.sampled_from(atoms)), draw(st.sampled_from(amounts))))
    return pieces


def spelled(pieces: list[tuple[str, str, str]], *, lines: bool) -> tuple[str, str, str]:
    source = certain = nearest = ""
    for number, (kind, atom, other) in enumerate(pieces):
        if kind == "zero":
            surely = "(?=\n)" if atom == "$" and lines else other
            source, certain, nearest = source + atom, certain + surely, nearest + atom
            continue
        in_the_middle = any(
            each[0] != "zero" and each[2] in AT_LEAST_ONE for each in pieces[number + 1 :]
        )
        lazy = "?" if kind == "wild" and other in UNLIMITED and in_the_middle else ""
        source += atom + other
        certain += atom + other + lazy
        nearest += atom + other + lazy
    return source, certain, nearest


@st.composite
def regex_cases(draw: st.DrawFn) -> Case:
    flags = draw(st.sampled_from(FLAGS))
    lines = bool(flags & re.MULTILINE)
    alternatives = [spelled(draw(sequences()), lines=lines)]
    if draw(st.integers(0, 4)) == 0:
        alternatives.append(spelled(draw(sequences())[:2], lines=lines))
    source, certain, nearest = ("|".join(each) for each in zip(*alternatives, strict=True))
    return Case(regex(source, flags), re.compile(certain, flags), re.compile(nearest, flags))


@st.composite
def literal_cases(draw: st.DrawFn) -> Case:
    text = draw(st.text(alphabet=ALPHABET, min_size=1, max_size=4))
    same = re.compile(re.escape(text))
    return Case(literal(text), same, same)


one = st.one_of(literal_cases(), regex_cases(), regex_cases())
many = st.lists(one, min_size=1, max_size=3) | st.lists(one, min_size=8, max_size=12)


@pytest.mark.slow
@settings(max_examples=400)
@given(many, st.text(alphabet=ALPHABET, min_size=1, max_size=30))
def test_random_patterns_match_what_the_reference_says(cases: list[Case], data: str) -> None:
    awaited = expected(cases, data)
    assert answer(cases, [data]) == awaited
    assert answer(cases, list(data)) == awaited


def case(source: str, *, certain: str | None = None, nearest: str | None = None) -> Case:
    return Case(regex(source), re.compile(certain or source), re.compile(nearest or source))


WORDS = ("ERR", " ", "code=", "7", "12", ".", "\n", "$ ", "x", "-", "2026")
EVERYDAY = {
    "digits": case(r"\d+"),
    "address": case(r"(\d+\.)+\d+"),
    "version": case(r"\d+(\.\d+)?"),
    "year": case(r"\d{4}-\d\d"),
    "code": case(r"ERR.*code=(\d+)", nearest=r"ERR.*?code=(\d+)"),
    "code, lines on": case(r"(?s)ERR.*code=(\d+)", nearest=r"(?s)ERR.*?code=(\d+)"),
    "prompt": case(r"\$ $", certain=r"\$ (?!)"),
    "word": case(r"\bERR\b", certain=r"\bERR\b(?=[\s\S])"),
    "line": case(r".*\n", nearest=r".*?\n"),
    "pair": case(r"(\w+)=(\w+)"),
}


@pytest.mark.slow
@settings(max_examples=500)
@given(
    st.lists(st.sampled_from(sorted(EVERYDAY)), min_size=1, max_size=4),
    st.lists(st.sampled_from(WORDS), max_size=14).map("".join),
)
def test_everyday_patterns_match_what_the_reference_says(names: list[str], data: str) -> None:
    cases = [EVERYDAY[name] for name in names]
    awaited = expected(cases, data, "E .7-$=")
    assert answer(cases, [data]) == awaited
    assert answer(cases, list(data)) == awaited
