"""`chat.signals.subreaper`: orphans become children of this process."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chat
from chat.signals import is_subreaper, reaper, subreaper

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this")

DOUBLE_FORK = "sleep 60 >/dev/null 2>&1 & echo $!"


def test_an_orphan_is_ours_to_end_and_to_reap():
    with subreaper(), reaper() as block:
        done = subprocess.run(["sh", "-c", DOUBLE_FORK], check=True, capture_output=True)
        pid = block.add(int(done.stdout))
        chat.signals.send("TERM", pid)
        while block.pids:
            pass  # the handler runs between two steps of this
    assert block.exits[pid].signal == "SIGTERM"


def test_blocks_overlap_and_put_back_what_was():
    first, second = subreaper(), subreaper()
    assert not is_subreaper()
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert is_subreaper()
    second.__exit__()
    assert not is_subreaper()


def test_a_function_can_be_decorated():
    assert subreaper()(is_subreaper)()
    assert not is_subreaper()


def test_elsewhere_it_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(chat.NotSupported, match="only Linux"):
        is_subreaper()
