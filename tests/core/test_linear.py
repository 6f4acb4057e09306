"""Work grows with what comes and no faster, counted in characters and not in seconds.

Every search is counted: the characters between where it began and where it ended. So is every
piece of the stream that is copied. Four times the text may cost four times the work.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.core import runner, sweep, syntax, variants
from chat.core import stream as stream_module
from chat.core.matcher import StreamOrder, stream_order
from chat.core.patterns import Literal, Regex, Textual, literal, regex
from chat.core.policies import FirstListed, LeftmostStart
from chat.core.stream import Stream


class Work:
    """What was looked at, and what was copied."""

    def __init__(self) -> None:
        self.looked = 0
        self.copied = 0

    @property
    def total(self) -> int:
        return self.looked + self.copied


class CountedPattern:
    """A compiled regular expression that counts what it looks at."""

    def __init__(self, compiled: re.Pattern[Any], work: Work) -> None:
        self._compiled = compiled
        self._work = work
        self.pattern, self.flags = compiled.pattern, compiled.flags
        self.groups, self.groupindex = compiled.groups, compiled.groupindex

    def _count(self, match: Any, position: int, stop: int) -> Any:
        self._work.looked += (stop if match is None else match.end()) - position
        return match

    def search(self, text: Any, position: int = 0, stop: int | None = None) -> Any:
        end = len(text) if stop is None else min(stop, len(text))
        return self._count(self._compiled.search(text, position, end), position, end)

    def match(self, text: Any, position: int = 0, stop: int | None = None) -> Any:
        end = len(text) if stop is None else min(stop, len(text))
        return self._count(self._compiled.match(text, position, end), position, end)

    def finditer(self, text: Any) -> Any:
        self._work.looked += len(text)
        return self._compiled.finditer(text)


class CountedText(str):
    """A text that counts what is looked at to find something in it."""

    __slots__ = ("work",)
    work: Work

    def find(self, text: str, start: Any = 0, stop: Any = None) -> int:
        end = len(self) if stop is None else stop
        found = super().find(text, start, end)
        self.work.looked += (end if found < 0 else found + len(text)) - start
        return found


@pytest.fixture
def work(monkeypatch):
    """The work that is done, counted from here on."""
    counted = Work()
    compiled, window, part = syntax.compiled, Stream.window, Stream.slice

    def counting_compiled(*args: Any, **options: Any) -> Any:
        return CountedPattern(compiled(*args, **options), counted)

    def with_work(text: str) -> CountedText:
        made = CountedText(text)
        made.work = counted
        return made

    def counting_window(stream: Stream[Any], begin: int, position: int) -> Any:
        text, base = window(stream, begin, position)
        index = max(at for at, start in enumerate(stream._starts) if start <= position)
        if base < stream._starts[index]:
            counted.copied += len(text)
        return with_work(text), base

    def counting_slice(stream: Stream[Any], start: int, stop: int) -> Any:
        text = part(stream, start, stop)
        counted.copied += len(text)
        return with_work(text)

    monkeypatch.setattr(syntax, "compiled", counting_compiled)
    monkeypatch.setattr(variants, "compiled", counting_compiled)
    monkeypatch.setattr(Stream, "window", counting_window)
    monkeypatch.setattr(Stream, "slice", counting_slice)
    return counted


def counted(texts: list[Textual], work: Work) -> list[Textual]:
    """The same patterns, those of the caller counting too."""
    made: list[Textual] = []
    for each in texts:
        pattern: Any = (
            None if isinstance(each, Literal) else CountedPattern(each.compiled, work)
        )
        made.append(Regex(pattern) if pattern else each)
    return made


def spent(
    work: Work, texts: list[Textual], data: str, read: int, make: Any = stream_order
) -> int:
    """The work that these patterns cause without ever matching."""
    stream: Stream[str] = Stream("")
    stream.cursor(0)
    order = make(counted(texts, work), "")
    order.reset(0)
    before = work.total
    for start in range(0, len(data), read):
        stream.append(data[start : start + read])
        assert order.scan(stream) is None
    return work.total - before


LINE = "2026-03-01 12:00:00 host app[123]: request served in 12 ms status=200\n"
ERROR = "2026-03-01 12:00:00 host app[123]: ERR while serving code=none\n"


def lines(size: int) -> str:
    return (LINE * (size // len(LINE) + 1))[:size]


def errors(size: int) -> str:
    return (ERROR * (size // len(ERROR) + 1))[:size]


def one_error(size: int) -> str:
    return ERROR + lines(size - len(ERROR))


def one_line(size: int) -> str:
    return lines(size).replace("\n", " ")


def guards(size: int) -> str:
    return ("code=1 " * (size // 7 + 1))[:size]


def guards_on_lines(size: int) -> str:
    return ("-- code=1 \n" * (size // 11 + 1))[:size]


def dots(size: int) -> str:
    return ("ab.cd. " * (size // 7 + 1))[:size]


DATA = (lines, errors, one_error, one_line, guards, guards_on_lines, dots)

FIFTY: list[Textual] = [
    *(literal(f"marker {number}") for number in range(25)),
    *(regex(rf"event-{number}: \d+") for number in range(20)),
    *map(
        regex, (r"Z+RR.*code=(\d+)", r"(?s)Z+RR.*code=(\d+)", r"\bquux\b", "(?i)never", "[XZ]Y")
    ),
]

SETS: dict[str, list[Textual]] = {
    "a literal": [literal("MARKER-")],
    "a literal that nearly comes": [literal("code=?")],
    "a bounded regex": [regex(r"id=[0-9]{4}-END")],
    "a bounded regex that looks around": [regex(r"(?<=x)\bcode=\w{1,8}\b(?!e)!")],
    "an unbounded regex": [regex(r"ERR.*code=(\d+)")],
    "the same over lines": [regex(r"(?s)ERR.*code=(\d+)")],
    "three stations over lines": [regex(r"(?s)ERR.*code=.*no\d")],
    "one that begins with a run": [regex(r"(\w+)-END")],
    "one with a guard in its middle": [regex(r"x[^\n]*code=[^\n]*\?")],
    "a group repeated": [regex(r"(?:\w+\.)+x")],
    "a group repeated with a reference": [regex(r"\b(a|b)+c\1-")],
    "a reference over lines": [regex(r"(?s)(ERR).*code=\1")],
    "a possessive one": [regex(r"\w++-END")],
    "a set of three": [literal("MARKER-"), regex(r"ERR.*code=(\d+)"), regex(r"id=\d{4}-END")],
    "fifty": FIFTY,
}


def combinations() -> list[Any]:
    return [
        pytest.param(texts, data, id=f"{name}, {data.__name__}")
        for name, texts in SETS.items()
        for data in DATA
        if not any(re.search(source(text), data(1 << 12)) for text in texts)
    ]


def source(text: Textual) -> Any:
    return text.compiled if isinstance(text, Regex) else re.escape(str(text.text))


@pytest.mark.slow
@pytest.mark.parametrize(("texts", "data"), combinations())
def test_four_times_the_text_is_four_times_the_work(texts, data, work, monkeypatch):
    """With single characters, on a scale on which a few thousand of them are many."""
    monkeypatch.setattr(runner, "CREDIT", 1 << 8)
    monkeypatch.setattr(stream_module, "PART_SIZE", 1 << 9)
    monkeypatch.setattr(sweep, "SHOW_MERCY", 4)
    once, again = (spent(work, texts, data(size), 1) for size in (1 << 11, 1 << 13))
    assert again <= 4.5 * once + (1 << 11)
    assert again <= 600 * (1 << 13)


@pytest.mark.slow
@pytest.mark.parametrize("read", [1 << 12, 1 << 16])
@pytest.mark.parametrize("name", [name for name in SETS if name != "a possessive one"])
def test_so_it_is_with_reads_of_the_usual_sizes(name, read, work, monkeypatch):
    monkeypatch.setattr(runner, "CREDIT", 1 << 14)
    once, again = (
        spent(work, SETS[name], one_error(size), read) for size in (1 << 17, 1 << 19)
    )
    # What may be looked at again is at first too little text to use up what was earned.
    assert again <= max(4.5 * once, 2 * runner.EARNED * (1 << 19))


@pytest.mark.parametrize("data", [lines, one_error])
def test_the_usual_patterns_look_at_a_character_about_once(data, work):
    texts: list[Textual] = [literal("MARKER-")]
    size = 1 << 18
    assert spent(work, texts, data(size), 1 << 12) <= 1.06 * size
    texts = [regex(r"id=[0-9]{4}-END")]
    assert spent(work, texts, data(size), 1 << 12) <= 1.06 * size
    texts = [regex(r"(?s)ERR.*code=(\d+)")]
    assert spent(work, texts, data(size), 1 << 12) <= 1.06 * size


def test_fifty_patterns_look_at_a_character_about_once_for_each_family(work):
    assert len(FIFTY) == 50
    order = StreamOrder(FIFTY, "")
    assert order._needles is not None
    families, size = len(order._needles.families), 1 << 18
    assert families <= 6  # they share so many beginnings, each of which `find` looks for
    assert spent(work, FIFTY, lines(size), 1 << 12) <= 1.1 * families * size


@pytest.mark.slow
@pytest.mark.parametrize("order", [LeftmostStart, FirstListed])
@pytest.mark.parametrize("read", [1, 1 << 8])
@pytest.mark.parametrize("name", ["a literal", "a bounded regex that looks around"])
def test_the_orders_of_others_are_linear_for_what_has_a_width(name, read, order, work):
    texts = SETS[name]
    once, again = (spent(work, texts, lines(size), read, order) for size in (1 << 12, 1 << 14))
    assert again <= 4.4 * once


@pytest.mark.parametrize("source", [r"[a-z]+", r"(?s)a.*", r"(?:ab?)+", r"a[^\n]*"])
def test_a_match_that_grows_for_ever_is_not_looked_at_for_ever(source, work, monkeypatch):
    monkeypatch.setattr(runner, "CREDIT", 1 << 8)
    texts: list[Textual] = [regex(source), literal("never")]
    once, again = (spent(work, texts, "a" * size, 1) for size in (1 << 11, 1 << 13))
    assert again <= 4.4 * once + (1 << 10)


@pytest.mark.parametrize(
    "name", ["an unbounded regex", "the same over lines", "a group repeated"]
)
def test_dropping_the_oldest_costs_no_second_look(name, work, monkeypatch):
    """A stream with a limit drops at each arrival; the search goes on behind what it lost."""
    monkeypatch.setattr(runner, "CREDIT", 1 << 10)
    monkeypatch.setattr(stream_module, "PART_SIZE", 1 << 9)
    texts, limit = counted(SETS[name], work), 1 << 13

    def spent_dropping(size: int) -> Any:
        stream: Stream[str] = Stream("", limit=limit, overflow="drop")
        cursor = stream.cursor(0)
        order = stream_order(texts, "")
        order.reset(0)
        before, data = work.total, errors(size)
        for start in range(0, size, 64):
            stream.append(data[start : start + 64])
            if order.begin < cursor.position:
                order.cut(cursor.position)
            assert order.scan(stream) is None
        return work.total - before

    once, again = spent_dropping(1 << 15), spent_dropping(1 << 17)
    assert again <= 4.5 * once
    assert again <= 50 * (1 << 17)


def test_what_is_kept_is_what_the_reader_has_not_taken():
    stream: Stream[str] = Stream("")
    cursor = stream.cursor(0)
    order = StreamOrder([literal("MARKER"), regex(r"(?s)ERR.*code=(\d+)")], "")
    order.reset(0)
    data = one_error(1 << 16)
    for _ in range(64):
        stream.append(data)
        assert order.scan(stream) is None
        stream.consume(cursor, stream.end)
        order.reset(stream.end)
    assert sum(map(len, stream._parts)) == 0
    assert stream.end == 64 << 16
