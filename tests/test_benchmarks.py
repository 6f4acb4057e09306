"""A comparison is worth what its checks are: wrong and slow peers are told from fast ones."""

from __future__ import annotations

import math
import sys

import pytest

from scripts.benchmarks import measure
from scripts.benchmarks.measure import Comparison, Job, Runner, Series, growth
from scripts.benchmarks.report import Claim, Report, duration, number, table
from scripts.benchmarks.work import MATCHED, make_log


@pytest.fixture
def runner(tmp_path):
    return Runner(rounds=3, limit=5, quick=True, directory=tmp_path)


@pytest.fixture
def fake_peer(monkeypatch):
    """Make a peer out of a few lines of Python."""

    def make(name, code):
        monkeypatch.setitem(measure.COMMANDS, name, ((sys.executable, "-c", code), ()))
        return Job(name, "count", {}, "42", units=2)

    return make


SAYS = 'print(\'{"result": "%s", "wall": 3.0, "own": 0.5, "cpu": 1.0}\')'


def test_a_right_result_counts_in_every_round(runner, fake_peer):
    job = fake_peer("good", SAYS % 42)
    series = runner.compare("case", [job]).series["good"]
    assert series.failure == ""
    # Slower than the runner's patience, so it is done once.
    assert (series.wall, series.cpu) == ([1.5], [0.5])


def test_a_quick_peer_is_measured_in_every_round(runner, fake_peer):
    job = fake_peer("quick", SAYS.replace("3.0", "0.5") % 42)
    assert runner.compare("case", [job]).series["quick"].wall == [0.25] * 3


def test_a_wrong_result_is_a_failure_and_no_measurement(runner, fake_peer):
    series = runner.compare("case", [fake_peer("wrong", SAYS % 41)]).series["wrong"]
    assert series.failure == "WRONG RESULT: '41', not '42'"
    assert series.wall == []
    assert math.isnan(series.median("wall"))


def test_a_peer_that_dies_says_why(runner, fake_peer):
    series = runner.compare("case", [fake_peer("dead", "raise SystemExit('no')")]).series[
        "dead"
    ]
    assert series.failure == "failed: no"


def test_a_peer_that_takes_too_long_is_ended(runner, fake_peer):
    runner.limit = 0.2
    series = runner.compare("case", [fake_peer("slow", "while True: pass")]).series["slow"]
    assert (series.failure, series.too_slow, series.wall) == ("over 0.2 s", True, [0.1])


def test_ratios_are_taken_within_a_round():
    job = Job("a", "t", {}, "")
    ones, others = Series(job, wall=[1.0, 10.0, 2.0]), Series(job, wall=[2.0, 20.0, 4.0])
    assert Comparison("case", {"one": ones, "other": others}).ratio("one", "other") == 0.5


def test_growth_is_the_exponent():
    sizes = [1, 2, 4, 8]
    assert growth(sizes, [3 * size**2 for size in sizes]) == pytest.approx(2)
    assert growth(sizes, [5 * size for size in sizes]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (Claim("fast", "least", 4, 5), "met"),
        (Claim("fast", "least", 4, 3), "NOT MET"),
        (Claim("fast", "least", 4, 3, bound=True), "not known: the peer was ended"),
        (Claim("cheap", "most", 1.5, 1.4), "met"),
        (Claim("cheap", "most", 1.5, 1.6), "NOT MET"),
        (Claim("cheap", "most", 1.5, math.nan), "no measurement"),
    ],
)
def test_a_verdict_is_honest(claim, verdict):
    assert claim.verdict == verdict


def test_a_report_shows_failures_in_place_of_figures():
    job = Job("chat", "t", {}, "")
    failed = Series(Job("wrong", "t", {}, ""), failure="WRONG RESULT: 1, not 2")
    report = Report("name", "title", "things")
    series = {"chat": Series(job, wall=[0.002], own=[0.001], cpu=[0.001]), "wrong": failed}
    report.comparisons.append(Comparison("case", series))
    report.claim_faster(report.comparisons[0], "wrong", 2)
    shown = report.show()
    assert "500 things/s" in shown
    assert "WRONG RESULT" in shown
    assert "no measurement" in shown


def test_numbers_are_for_people():
    assert [number(each) for each in (0.1234, 12.34, 1234.5, math.nan)] == [
        "0.123",
        "12.3",
        "1234",
        "?",
    ]
    assert [duration(each) for each in (2, 0.0123, 4.2e-5, 3e-9)] == [
        "2 s",
        "12.3 ms",
        "42 µs",
        "3 ns",
    ]
    assert table(["a", "b"], [["x", "1"], ["x", "22"]]) == "a  b\n─  ──\nx  1\n   22"


def test_a_log_ends_in_what_is_awaited_and_nowhere_else(tmp_path):
    log = make_log(tmp_path, 2)
    text = log.path.read_text("ascii")
    assert text.endswith(f"{MATCHED}\n")
    assert text.count("code=") == 1
    assert log.size == len(text) == (2 << 20) + len(text.splitlines()[-1]) + 1
