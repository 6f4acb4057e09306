"""Starting children: what goes wrong is said at once, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
import sys
import threading
import warnings
from pathlib import Path

import pytest

from chat.errors import CommandError, CommandNotFound, CommandNotPermitted, SpawnFailed
from chat.transports import spawning
from chat.transports.pty import PtyTransport


@pytest.fixture(params=["spawned", "forked"])
def way(request, monkeypatch):
    """Both ways to start a child."""
    if request.param == "forked":
        monkeypatch.setattr("chat.transports.starting.sys.platform", "another")
        warnings.filterwarnings("ignore", "This process .* is multi-threaded")
    return request.param


def _exit_code(transport):
    status = transport.process.wait_exit(10)
    transport.close()
    return status.code


@pytest.fixture
def workshop(tmp_path):
    """Files that cannot be started, each for its own reason."""
    (tmp_path / "plain").write_text("no program\n")
    for name, text in {
        "unmarked": "echo no interpreter is named\n",
        "orphan": "#!/no/such/interpreter -x\n",
        "noise": "\x7fELF but no program at all\n",
        "script": "#!/bin/sh\necho $0 in $(pwd)\n",
    }.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


REFUSED = [
    ("missing", CommandNotFound, errno.ENOENT, "there is no such file"),
    ("plain/below", CommandNotFound, errno.ENOENT, "there is no such file"),
    ("plain", CommandNotPermitted, errno.EACCES, "is not executable"),
    ("folder", CommandNotPermitted, errno.EACCES, "is a directory"),
    ("unmarked", SpawnFailed, errno.ENOEXEC, "neither a program"),
    ("noise", SpawnFailed, errno.ENOEXEC, "neither a program"),
    ("orphan", SpawnFailed, errno.ENOENT, "interpreter '/no/such/interpreter'"),
    ("loop", SpawnFailed, errno.ELOOP, "symbolic links"),
]


@pytest.mark.parametrize(("name", "kind", "code", "reason"), REFUSED)
def test_what_cannot_be_started_says_why(way, workshop, held, name, kind, code, reason):
    before = held()
    command = str(workshop / name)
    with pytest.raises(kind, match=reason) as caught:
        PtyTransport.start([command])
    assert type(caught.value) is kind
    assert caught.value.command == command
    assert caught.value.errno == code
    del caught
    assert held() == before


def test_a_name_is_looked_for_in_the_childs_own_path(way, workshop):
    elsewhere = PtyTransport.start(["script"], env={"PATH": f"/nowhere:{workshop}:/bin"})
    assert _exit_code(elsewhere) == 0
    for path in ("/nowhere", str(workshop / "folder")):
        with pytest.raises(CommandNotFound, match="'script': it is not in PATH"):
            PtyTransport.start(["script"], env={"PATH": path})


def test_one_in_path_that_may_not_be_executed_is_named(way, workshop):
    with pytest.raises(CommandNotPermitted, match=f"{workshop}/plain is not executable"):
        PtyTransport.start(["plain"], env={"PATH": str(workshop)})


def test_a_folder_in_path_is_passed_over(way, workshop):
    (workshop / "folder" / "folder").write_text("#!/bin/sh\nexit 9\n")
    (workshop / "folder" / "folder").chmod(0o755)
    path = f"{workshop}:{workshop}/folder"
    transport = PtyTransport.start(["folder"], env={"PATH": path})
    assert _exit_code(transport) == 9


def test_without_a_path_the_systems_own_is_searched(way):
    transport = PtyTransport.start(["true"], env={})
    assert _exit_code(transport) == 0


def test_a_relative_command_is_seen_from_where_it_starts(workshop, start_peer):
    peer = start_peer(["./script"], cwd=workshop)
    assert peer.rest().decode() == f"./script in {os.path.realpath(workshop)}\r\n"
    with pytest.raises(CommandNotFound):
        start_peer(["./script"])


def test_it_starts_in_the_directory_also_by_forking(way, workshop, start_peer):
    peer = start_peer(["./script"], cwd=workshop)
    assert peer.rest().decode().endswith(f"in {os.path.realpath(workshop)}\r\n")


@pytest.mark.parametrize(
    ("where", "reason"),
    [("missing", "No such file"), ("plain", "Not a directory"), ("folder", "Permission")],
)
def test_a_directory_that_cannot_be_entered_is_named(
    way, workshop, held, monkeypatch, where, reason
):
    # A locked one would not do: root may enter any.
    monkeypatch.setattr(os, "access", lambda *_: False)
    before = held()
    with pytest.raises(SpawnFailed, match=f"directory .*{where}.*{reason}"):
        PtyTransport.start(["true"], cwd=workshop / where)
    assert held() == before


def test_where_a_thread_may_not_have_a_directory_of_its_own_it_forks(
    workshop, start_peer, monkeypatch
):
    def refuse(*_):
        raise OSError(errno.EPERM, "unshare")

    monkeypatch.setattr(spawning, "_unshare_by_ctypes", refuse)
    monkeypatch.setattr(os, "unshare", refuse, raising=False)
    before = Path.cwd()
    peer = start_peer(["./script"], cwd=workshop)
    assert peer.rest().decode().endswith(f"in {os.path.realpath(workshop)}\r\n")
    assert Path.cwd() == before


def test_a_child_that_was_forked_is_like_any_other(way, start_peer):
    peer = start_peer(["sh", "-c", "tty; stty size; cat"], echo=False)
    lines = peer.until(b"80\r\n").decode().split()
    assert lines == [peer.terminal.path, "24"]
    peer.write(b"x\n")
    assert peer.until(b"\r\n") == b"x"
    with pytest.raises(BlockingIOError):
        peer.transport.read()
    assert peer.process.end(10).signal == "SIGHUP"


BAD = [
    ([], "empty"),
    ([""], "empty"),
    ("ls -l", "list"),
    (b"ls", "list"),
    ([b"ls"], "bytes"),
    (["ls", 1], "int"),
    (["ls", Path("/")], "Path"),
    (["ls\0"], "NUL"),
    (["ls", "\ud800"], "encoded"),
]


@pytest.mark.parametrize(("argv", "reason"), BAD)
def test_a_malformed_command_is_refused(argv, reason):
    with pytest.raises(CommandError, match=reason):
        PtyTransport.start(argv)


@pytest.mark.parametrize(
    "env", [{"A=B": "1"}, {"": "1"}, {"A\0": "1"}, {"A": "\0"}, {"A": 1}, {b"A": b"1"}]
)
def test_a_malformed_environment_is_refused(env):
    with pytest.raises(CommandError):
        PtyTransport.start(["true"], env=env)


def test_more_arguments_than_the_system_takes_are_an_error(way, held):
    before = held()
    with pytest.raises(SpawnFailed, match="longer than the system takes") as caught:
        PtyTransport.start(["true", "x" * 4_000_000])
    assert caught.value.errno == errno.E2BIG
    del caught
    assert held() == before


def test_no_descriptor_left_is_an_error_that_says_so():
    null = os.open(os.devnull, os.O_RDONLY)
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (null + 1, limits[1]))
    try:
        with pytest.raises(SpawnFailed, match="no pseudo-terminal can be opened"):
            PtyTransport.start(["true"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(null)


def test_arguments_reach_the_child_as_they_are(start_peer):
    odd = ["", " ", "*", "a\nb", "ü", "\udcff", "-n", "'\""]
    code = "import os, sys; print([os.fsencode(a) for a in sys.argv[1:]])"
    peer = start_peer([sys.executable, "-c", code, *odd])
    assert peer.rest().decode().strip() == str([os.fsencode(a) for a in odd])


def test_starting_in_many_directories_at_once_mixes_none_up(tmp_path, start_peer):
    folders = [tmp_path / str(number) for number in range(12)]
    answers = {}

    def start(folder):
        answers[folder] = start_peer(["pwd"], cwd=folder).rest().decode().strip()

    threads = [threading.Thread(target=start, args=[folder]) for folder in folders]
    for folder in folders:
        folder.mkdir()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {folder: os.path.realpath(folder) for folder in folders}


def test_a_directory_that_vanishes_meanwhile_is_named(workshop, held, monkeypatch):
    before = held()
    monkeypatch.setattr(spawning, "_unshare_directory", (workshop / "folder").rmdir)
    with pytest.raises(SpawnFailed, match=r"working directory .*folder"):
        PtyTransport.start(["true"], cwd=workshop / "folder")
    assert held() == before
