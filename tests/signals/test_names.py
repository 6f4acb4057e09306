"""Signals by name and number."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys

import pytest

import chat
from chat.signals import NAMES, NUMBERS, name, number
from chat.signals.statuses import exit_status
from chat.testing import python_child


def test_every_signal_there_is_has_a_number_and_a_name():
    for each in signal.valid_signals():
        assert number(name(each)) == number(each) == each
    assert NUMBERS["SIGTERM"] == 15 and NAMES[15] == "SIGTERM"


@pytest.mark.parametrize("which", ["TERM", "term", "SIGTERM", 15, signal.SIGTERM])
def test_a_signal_may_be_given_in_all_these_ways(which):
    assert number(which) == 15


@pytest.mark.parametrize("which", ["NOPE", "", "RTMIN+", "RTMIN+x", "RTMIN+99", 0, -1, 4711])
def test_what_is_no_signal_is_refused(which):
    with pytest.raises(ValueError, match="no signal"):
        number(which)


def test_the_package_is_cheap_until_more_is_asked_for():
    program = (
        "import sys, chat.signals as s\n"
        "loaded = {each for each in sys.modules if each.startswith('chat.')}\n"
        "assert loaded == {'chat._version', 'chat.signals', 'chat.signals.names'}, loaded\n"
        "assert all(hasattr(s, each) for each in s.__all__) and set(s.__all__) <= set(dir(s))\n"
        "import chat; assert chat.signals is s and 'asyncio' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_module_says_what_it_has_not():
    with pytest.raises(AttributeError, match=r"chat\.signals.*nope"):
        getattr(chat.signals, "nope")  # noqa: B009  (checkers know that there is none)


# ── how a program ended ───────────────────────────────────────────────────────────────────


def test_what_a_program_has_used_is_told():
    code = "import os, time\nx = bytearray(1 << 27)\nwhile sum(os.times()[:2]) < 0.1: pass"
    with python_child(code) as s:
        usage = s.wait(timeout=20).usage
    assert usage is not None
    assert usage.user + usage.system >= 0.1
    assert usage.max_resident > 1 << 27


def test_the_words_of_the_system_become_ours():
    assert exit_status(7 << 8, 1.5) == chat.ExitStatus(7, None, 1.5)
    assert exit_status(6 | 0x80, 0) == chat.ExitStatus(None, "SIGABRT", 0, core_dumped=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    usage = exit_status(0, 0, used).usage
    assert (usage.user, usage.system) == (used.ru_utime, used.ru_stime)
    assert usage.max_resident == used.ru_maxrss * 1024
    assert str(exit_status(6 | 0x80, 0)) == "killed by SIGABRT (core dumped)"


def test_a_status_is_made_as_ever_and_can_be_pickled():
    status = chat.ExitStatus(code=3, signal=None, duration=2.0)
    assert (status.core_dumped, status.usage) == (False, None)
    whole = chat.ExitStatus(None, "SIGABRT", 1.0, True, chat.Usage(1.0, 2.0, 3))
    assert pickle.loads(pickle.dumps(whole)) == whole  # noqa: S301  (our own)


def test_the_status_of_a_child_is_the_same_the_system_gives():
    pid = os.spawnlp(os.P_NOWAIT, "sh", "sh", "-c", "kill -9 $$")
    _, raw, used = os.wait4(pid, 0)
    assert exit_status(raw, 0, used).signal == "SIGKILL"
