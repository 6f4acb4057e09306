"""`chat.spawn(…, subreaper=True)`: daemons end with the session that started them."""

from __future__ import annotations

import os
import subprocess

import pytest

import chat
from chat.signals import Life, alive, is_subreaper, subreaper
from chat.testing import python_command
from chat.transports.tree import NAME, Tree

DAEMON = (
    "setsid sh -c '(exec sleep 61 <&- >&- 2>&-) & echo pid=$! .' "  # orphaned, another session
)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(held):
    before = held()
    yield
    assert held() == before
    assert not is_subreaper()


def daemon_of(s) -> int:
    return int(s.expect(chat.regex(r"pid=(\d+) \."))[1])


def test_a_daemon_is_ended_and_reaped_though_its_session_has_ended_by_itself():
    with chat.spawn(["sh", "-c", DAEMON], subreaper=True) as s:
        pid = daemon_of(s)
        assert s.wait(timeout=20).ok
        assert alive(pid) is Life.ALIVE and os.getsid(pid) != s.pid
    assert alive(pid) is Life.GONE


def test_a_stubborn_one_is_killed_with_the_session():
    script = f"trap '' HUP TERM; {DAEMON}; sleep 60"
    with chat.spawn(["sh", "-c", script], subreaper=True) as s:
        pid = daemon_of(s)
        s.close(grace=0.05)
        assert s.termination.steps == ("SIGHUP", "SIGTERM", "SIGKILL")
    assert alive(pid) is Life.GONE


def test_without_asking_daemons_stay():
    with chat.spawn(["sh", "-c", DAEMON]) as s:
        pid = daemon_of(s)
        s.wait(timeout=20)
    try:
        assert alive(pid) is Life.ALIVE
    finally:
        os.kill(pid, 9)


def test_the_program_s_own_children_are_left_alone():
    own = subprocess.Popen(["sleep", "60"], start_new_session=True)
    done = subprocess.Popen(["true"], start_new_session=True)
    os.waitid(os.P_PID, done.pid, os.WEXITED | os.WNOWAIT)
    with chat.spawn(["sh", "-c", DAEMON], subreaper=True) as s:
        daemon_of(s)
    assert own.poll() is None
    assert done.wait() == 0
    own.kill()
    own.wait()


def test_an_orphan_that_has_ended_unseen_is_reaped():
    """It is in a session that is neither ours nor led by it: it was born elsewhere."""
    code = """
        import os, signal
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print(f'pid={os.getpid()} .')
            os._exit(0)
        signal.pause()
    """
    with chat.spawn(python_command(code), subreaper=True) as s:
        pid = daemon_of(s)
        while alive(pid) is not Life.ZOMBIE:
            os.sched_yield()
    assert alive(pid) is Life.GONE


def test_the_mark_is_in_the_child_s_environment_alone():
    with chat.spawn(["sh", "-c", f"echo x=${NAME}."], subreaper=True) as s:
        assert s.expect(chat.regex(r"x=(.*)\."))[1]
    assert NAME not in os.environ
    with chat.spawn(["sh", "-c", f"echo x=${NAME}."], env={"A": "1"}, subreaper=True) as s:
        assert s.expect(chat.regex(r"x=(.*)\."))[1]


def test_what_cannot_be_started_leaves_nothing():
    with pytest.raises(chat.CommandNotFound):
        chat.spawn(["nonexistent-program"], subreaper=True)


def test_blocks_overlap_and_what_was_is_put_back():
    assert not is_subreaper()
    first, second = subreaper(), subreaper()
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert is_subreaper()
    second.__exit__()
    assert not is_subreaper()


def test_in_the_block_orphans_become_ours():
    with subreaper():
        script = "(exec sleep 61 >&-) & echo $!"
        pid = int(subprocess.run(["sh", "-c", script], stdout=-1, check=True).stdout)
        os.kill(pid, 15)
        assert os.waitpid(pid, 0) == (pid, 15)


def test_a_tree_can_be_left_twice():
    tree = Tree()
    assert tree.members() == []
    tree.leave()
    tree.leave()
