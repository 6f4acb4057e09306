"""Attempts at what no event announces."""

from __future__ import annotations

import time

import pytest

from chat.timing import try_until


def test_what_succeeds_at_once_does_not_wait():
    assert try_until(lambda: 0, 0) == 0


def test_it_is_tried_until_it_succeeds():
    answers = iter([None, None, "there"])
    assert try_until(lambda: next(answers), None) == "there"


def test_the_time_runs_out():
    started = time.monotonic()
    assert try_until(lambda: None, 0.02) is None
    assert 0.02 <= time.monotonic() - started < 5


def test_without_time_it_is_tried_once():
    attempts: list[int] = []
    assert try_until(lambda: attempts.append(1), 0) is None
    assert len(attempts) == 1


def test_what_goes_wrong_is_told():
    def fail():
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        try_until(fail, None)
