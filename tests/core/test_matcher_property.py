"""Stream order as a property: the answer does not depend on how the stream was cut.

Random patterns are looked for in random data, which comes one character at a time, all at
once, and cut at random; then once more with silence at its end.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat.core import matcher, runner, sweep
from chat.core import stream as stream_module
from chat.core.matcher import stream_order
from chat.core.patterns import Regex, Textual, literal, regex
from chat.core.stream import Stream
from chat.errors import PatternError

ALPHABET = "aabbcx \n1"

# What stands alone, and what may be repeated.
ZERO_WIDTH = (
    *(r"\b", r"\B", "^", "$", r"\Z", r"\A"),
    *("(?=a)", "(?=ab)", "(?!b)", "(?!ab)", "(?=(a+))", "(?=a(?=b(?=c)))"),
    *("(?<=a)", "(?<!b)", r"(?<=a\b)", r"(?<!b\B)", "(?<!a(?=b))", r"(?<=b$)", "(?<=a(?!b))"),
    *("(?!(?>a|ab)c)", r"(?!a\b)"),
)
REPEATABLE = (
    *("a", "b", "c", "x", ".", " ", r"\n", "[ab]", "[^a]", r"\d", r"\w", r"\s", r"[\s\S]"),
    *("(?:ab|a)", "(?:a|ab)", "(a)", "(b|bc)", "(?:ab)", "(?i:A)", "(?P<n>ab?)", "(?:a*b)"),
    *("(?>ab|a)", "(?>a*)", "(?s:.)", "(?:a|(?=b))"),
)
AMOUNTS = (
    *("", "", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"),
    *("*?", "+?", "??", "{1,2}?", "*+", "++", "?+"),
)
FLAGS = (0, re.DOTALL, re.MULTILINE, re.IGNORECASE, re.DOTALL | re.MULTILINE)


def repeated(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(REPEATABLE)) + draw(st.sampled_from(AMOUNTS))


@st.composite
def sources(draw: st.DrawFn) -> str:
    """The source of a regular expression, which may turn out not to compile."""
    pieces = []
    for _ in range(draw(st.integers(1, 5))):
        alone = draw(st.integers(0, 4)) == 0
        pieces.append(draw(st.sampled_from(ZERO_WIDTH)) if alone else repeated(draw))
    source = "".join(pieces)
    shape = draw(st.integers(0, 9))
    if shape == 0:
        source = f"(?:{source})" + draw(st.sampled_from(("+", "*", "?", "{1,2}", "+?", "*+")))
    elif shape == 1:
        source += "|" + repeated(draw) + repeated(draw)
    elif shape == 2:
        source = f"({source})" + draw(st.sampled_from((r"\1", r"\1?", "(?(1)a|b)", r"x+\1")))
    return source


def made(source: str, flags: int) -> Regex | None:
    """The pattern, unless `re` does not take it: two repeats in a row, two groups `n`."""
    try:
        return regex(source, flags)
    except PatternError:
        return None


literals = st.text(alphabet=ALPHABET, min_size=1, max_size=4).map(literal)
regexes: st.SearchStrategy[Any] = st.builds(made, sources(), st.sampled_from(FLAGS)).filter(
    bool
)
several = st.lists(st.one_of(literals, regexes, regexes), min_size=1, max_size=3) | st.lists(
    st.one_of(literals, regexes), min_size=8, max_size=12
)
datas = st.text(alphabet=ALPHABET, min_size=1, max_size=30)
places = st.lists(st.integers(0, 30), max_size=6)


def answer(texts: list[Textual], pieces: list[Any]) -> Any:
    """Which pattern, where, its groups, and whether only silence decided."""
    stream: Stream[Any] = Stream(pieces[0][:0] if pieces else "")
    stream.cursor(0)
    order = stream_order(texts, stream.empty)
    order.reset(0)
    for piece in pieces:
        stream.append(piece)
        found = order.scan(stream)
        if found is not None:
            return described(found, settled=False)
    found = order.settle(stream)
    return None if found is None else described(found, settled=True)


def described(found: Any, *, settled: bool) -> Any:
    number, hit = found
    groups = None if hit.match is None else hit.match.groups()
    return number, hit.start, hit.end, groups, settled


def cut(data: Any, at: list[int]) -> list[Any]:
    ends = sorted({0, len(data), *(place for place in at if place < len(data))})
    return [data[start:stop] for start, stop in pairwise(ends)]


def one_by_one(data: Any) -> list[Any]:
    return [data[at : at + 1] for at in range(len(data))]


@pytest.mark.slow
@settings(max_examples=700)
@given(several, datas, places, places)
def test_the_answer_does_not_depend_on_the_cuts(
    texts: list[Textual], data: str, some: list[int], others: list[int]
) -> None:
    awaited = answer(texts, one_by_one(data))
    for pieces in ([data], cut(data, some), cut(data, others)):
        assert answer(texts, pieces) == awaited


@pytest.mark.slow
@settings(max_examples=250)
@given(several, datas, places)
def test_nor_does_it_in_a_stream_of_bytes(
    texts: list[Textual], data: str, at: list[int]
) -> None:
    as_bytes = [bytes_of(each) for each in texts]
    raw = data.encode()
    awaited = answer(as_bytes, one_by_one(raw))
    assert answer(as_bytes, [raw]) == awaited
    assert answer(as_bytes, cut(raw, at)) == awaited
    assert without_groups(awaited) == without_groups(answer(texts, [data]))


def bytes_of(text: Textual) -> Textual:
    assert isinstance(text.text, str)
    if isinstance(text, Regex):
        return regex(text.text.encode(), text.compiled.flags & ~re.UNICODE)
    return literal(text.text.encode())


def without_groups(answered: Any) -> Any:
    return answered and (*answered[:3], answered[4])


@settings(max_examples=250)
@given(several, datas, datas, places)
def test_what_comes_after_an_answer_does_not_change_it(
    texts: list[Textual], data: str, tail: str, at: list[int]
) -> None:
    awaited = answer(texts, one_by_one(data))
    if awaited is not None and not awaited[-1]:
        assert answer(texts, [data + tail]) == awaited
        assert answer(texts, cut(data + tail, at)) == awaited


SIZES = ("CREDIT", "EARNED", "FIRST_BLOCK", "FIRST_VIEW")


@contextmanager
def scale(size: int, parts: int, worth: int) -> Iterator[None]:
    """Everything that has a size has this one, and a sweep is worth it from so many."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SIZES:
            patch.setattr(runner, name, size)
        patch.setattr(stream_module, "PART_SIZE", parts)
        patch.setattr(sweep, "SHOW_MERCY", 2)
        patch.setattr(sweep, "FIRST_BLOCK", size)
        patch.setattr(sweep, "MOST_FAMILIES", size)
        patch.setattr(matcher, "NEAR", size)
        patch.setattr(matcher, "WORTH", worth)
        yield


@pytest.mark.slow
@settings(max_examples=400)
@example([literal("11"), regex(r"a.\b")], "aaa1", [])  # a dense sweep, given up in a stop
@example([literal("1xb1"), regex("xb.*")], "1xb1", [])  # one begins before a stop, in two parts
@given(several, datas, places)
def test_the_answer_is_the_same_where_everything_is_too_large(
    texts: list[Textual], data: str, at: list[int]
) -> None:
    """What was put off may be found only when there is silence, but it is found."""
    with scale(1 << 20, 1 << 20, 1 << 20):
        awaited = answer(texts, one_by_one(data))
    with scale(2, 3, 2):
        for pieces in (one_by_one(data), [data], cut(data, at)):
            answered = answer(texts, pieces)
            assert (answered and answered[:4]) == (awaited and awaited[:4])


WORDS = "ok error code=7 ERR x=1 \r\n\t$ # 10.0.0.1 3.11.7 [y/n] login: Password: \x1b[0m é"
EVERYDAY = (
    r"\d+", r"(\d+\.)+\d+", r"\d+(\.\d+)?", r"ERR.*code=(\d+)", r"(?s)ERR.*code=(\d+)",
    r"[$#] $", r"(?m)^.*\$ ", r"(?i)error|ok", r"\[(y)/(n)\]", r"(?P<key>\w+)=(?P<value>\w*)",
    r"\bcode\b", r"(\w+): ?", r"\S+\s*$", r"[^\n]*\n", r".*\r\n", r"(.+)\r?\n", r"(?s).+",
    r"(ab|a)*x", r"(?<=code=)\d", r"(?!E)R+", r"\w+-\w+", r"(\w+) \1", r"(?:\w+\.)+\w",
    r"x*", r"(?s)a.*b.*c", r"(?>\d+)\.", r"\d++ ", r"(?s:.)x", r"(?m)^ok$", r"[\s\S]{3}\d",
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(EVERYDAY).map(regex), min_size=1, max_size=12),
    st.lists(st.sampled_from(WORDS.split(" ")) | st.just(" "), max_size=12).map("".join),
    places,
)
def test_everyday_patterns_do_not_depend_on_the_cuts_either(
    texts: list[Textual], data: str, at: list[int]
) -> None:
    awaited = answer(texts, one_by_one(data))
    assert answer(texts, [data] if data else []) == awaited
    assert answer(texts, cut(data, at)) == awaited


def test_every_piece_of_the_random_patterns_compiles() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for piece in (*ZERO_WIDTH, *REPEATABLE):
            re.compile(piece)
