"""The verdict on other people's tests is worth what it finds."""

from __future__ import annotations

import pytest

from scripts.drop_in.__main__ import _node
from scripts.drop_in.verdict import KNOWN, known_defects, problems

PASSED = {"t.a::x": "passed", "t.a::y": "passed"}


def never(_):
    raise AssertionError("pexpect was asked, though nothing failed")


def test_what_passes_is_no_problem():
    assert problems(PASSED | {"t.a::z": "skipped"}, never, {}) == []


def test_what_fails_with_both_is_no_problem():
    assert problems(PASSED | {"t.b::x": "failed"}, lambda _: {"t.b::x": "failed"}, {}) == []


def test_what_fails_with_ours_alone_is_one_unless_it_is_known():
    ours = PASSED | {"t.b::x": "failed"}
    theirs = {"t.b::x": "passed"}
    assert problems(ours, lambda _: theirs, {}) == [
        "t.b::x: passes with pexpect and fails with ours"
    ]
    assert problems(ours, lambda _: theirs, {"t.b::x": "it asserts the sleep"}) == []


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"t.a::x": "it asserts the sleep"}, "listed as a defect of pexpect's, and passes"),
        ({"t.c::x": "it asserts the sleep"}, "listed, and there is no such test"),
    ],
)
def test_the_list_stays_true(known, said):
    assert [each for each in problems(PASSED, never, known) if said in each]


def test_a_reason_is_asked_for_and_something_must_have_passed():
    failed = {"t.b::x": "failed"}
    said = problems(failed, lambda _: failed, {"t.b::x": ""})
    assert said == ["t.b::x: listed without a reason", "no test passed: nothing was shown"]


def test_the_list_in_the_repository_can_be_read():
    known = known_defects(KNOWN.read_text("utf-8"))
    assert all(known.values())
    assert known_defects("# words\n\nt.a::x  a reason\n") == {"t.a::x": "a reason"}


def test_a_test_of_a_report_is_found_again():
    assert _node("tests.test_x.Class::test_y") == "tests/test_x.py::Class::test_y"
    assert _node("tests.test_x::test_y") == "tests/test_x.py::test_y"
