"""Programs on pipes: both ways, one way, and to the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chat
from chat.testing import python_command

MEBIBYTE = 1 << 20
BUFFERING = [
    ["grep", "x"],
    ["sed", "s/q/w/"],
    ["tr", "q", "w"],
    ["cut", "-c", "1-9"],
]


def is_alive(pid):
    """Whether a process is there that has not ended; a zombie has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


# ── both ways ─────────────────────────────────────────────────────────────────────────────


def test_what_is_sent_is_answered():
    with chat.open2(["cat", "-u", "-n"], timeout=20) as cat:
        assert cat.newline == "\n"
        cat.sendline("stuff")
        assert cat.expect("\tstuff\n").before.strip() == "1"
        cat.sendeof()
        assert cat.read() == ""
        assert cat.wait().ok


def test_bytes_stay_bytes():
    with chat.open2(["cat"], encoding=None, timeout=20) as cat:
        every = bytes(range(256))
        cat.send(every)
        assert cat.read(256) == every


@pytest.mark.slow
@pytest.mark.parametrize("line_buffered", [None, "stdbuf", "pty"])
def test_64_mebibytes_go_in_while_they_come_out(line_buffered):
    line = b"a line of sixty-four bytes, its end included, to and fro again.\n"
    data = line * MEBIBYTE
    options = {"encoding": None, "timeout": 50, "line_buffered": line_buffered}
    with chat.open2(["cat"], **options) as cat:
        assert cat.send(data) == len(data)
        cat.sendeof()
        assert cat.read() == data


def test_a_program_that_does_not_read_is_a_timeout_and_no_deadlock():
    with chat.open2(["sleep", "60"], timeout=0.05) as s:
        with pytest.raises(chat.SendTimeout) as caught:
            s.send("x" * MEBIBYTE)
        assert 0 < caught.value.sent < MEBIBYTE
        s.terminate(grace=0)


def test_one_byte_at_a_time_is_the_same_text():
    program = """
        import os
        for each in 'gr\\N{LATIN SMALL LETTER U WITH DIAERESIS}n: done\\n'.encode():
            os.write(1, bytes([each]))
    """
    with chat.open2(python_command(program), timeout=20) as s:
        assert s.expect("done\n").before == "grün: "


def test_the_end_comes_with_all_that_was_said_before_it():
    program = "import os; os.write(1, b'x' * 60_000); os._exit(3)"
    with chat.open2(python_command(program), timeout=20) as s:
        assert s.wait().code == 3
        assert s.read() == "x" * 60_000
        assert s.ended


def test_a_program_that_closes_its_output_and_reads_on_is_still_heard_by():
    program = "import os, sys; os.close(1); sys.exit(len(sys.stdin.read()))"
    with chat.open2(python_command(program), timeout=20) as s:
        s.expect(chat.EOF)
        s.send("x" * 42)
        s.sendeof()
        assert s.wait().code == 42


def test_errors_can_be_merged_with_the_output_or_dropped():
    command = chat.shell_command("echo out; echo err >&2")
    assert chat.capture(command, stderr="merge").output == "out\nerr\n"
    assert chat.capture(command, stderr="null").output == "out\n"
    with pytest.raises(ValueError, match="stderr is one of"):
        chat.open2(command, stderr="elsewhere")  # type: ignore[call-overload]  # wrong on purpose


def test_errors_go_where_ours_go(capfd):
    chat.capture(chat.shell_command("echo err >&2"))
    assert capfd.readouterr().err == "err\n"


def test_it_starts_where_and_with_what_it_is_told(tmp_path):
    command = chat.shell_command("pwd; echo $WORD")
    done = chat.capture(command, cwd=tmp_path, env={"WORD": "here"})
    assert done.output == f"{tmp_path}\nhere\n"


@pytest.mark.parametrize("option", [{"timeout": "soon"}, {"encoding": "klingon"}])
def test_a_wrong_option_leaves_nothing_behind(held, option):
    before = held()
    for opening in (chat.open2, chat.open3, chat.pipe_from):
        with pytest.raises((TypeError, LookupError)):
            opening(["cat"], **option)
    assert held() == before


@pytest.mark.parametrize("opening", [chat.open2, chat.open3, chat.pipe_from, chat.pipe_to])
def test_what_cannot_be_started_says_so_and_leaves_nothing(held, opening):
    before = held()
    with pytest.raises(chat.CommandNotFound, match="'bogus': it is not in PATH"):
        opening(["bogus"])
    with pytest.raises(chat.CommandError):
        opening("")
    assert held() == before


# ── programs that are gone, and their ends ────────────────────────────────────────────────


@pytest.mark.parametrize("opening", [chat.open2, chat.pipe_to])
def test_writing_to_a_program_that_is_gone_names_it(opening):
    with opening(["true"], timeout=20) as s:
        s.wait()
        with pytest.raises(chat.PeerGone, match=r"true \(pid \d+\) is gone\n.*status 0"):
            s.sendline("anybody?")


def test_a_program_that_goes_while_it_is_written_to_is_no_silence():
    with chat.open2(["head", "-c", "1"], timeout=20) as s:
        with pytest.raises(chat.PeerGone, match=r"sent \d+ of .* head \(pid \d+\) is gone"):
            s.send("x" * MEBIBYTE)
        assert s.read() == "x"


def test_a_broken_pipe_ends_nobody_even_if_sigpipe_would():
    program = """
        import signal, chat
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        with chat.open2(["true"]) as s:
            s.wait()
            try:
                s.send("x")
            except chat.PeerGone:
                print("told", signal.SIGPIPE in signal.sigpending())
    """
    command = [each for each in python_command(program) if each != "-I"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "told False\n"


def test_closing_closes_the_input_and_lets_the_program_end_by_itself(tmp_path):
    target = tmp_path / "saved"
    with chat.open2(["tee", str(target)]) as tee:
        tee.send("kept\n" * 1000)
    assert tee.exit_status.ok
    assert target.read_text() == "kept\n" * 1000


def test_closing_ends_one_that_does_not_end_by_itself_and_all_its_group():
    with chat.open2(chat.shell_command("sleep 600 & echo $!; sleep 600")) as s:
        job = int(s.readline())
        status = s.close(grace=0.05)
    assert status.signal == "SIGHUP"
    assert not is_alive(job)


def test_leaving_a_program_that_is_only_read_ends_it_at_once():
    started = time.monotonic()
    with chat.pipe_from(["yes"]) as yes:
        assert yes.readline() == "y\n"
    assert yes.exit_status.signal == "SIGHUP"
    with chat.pipe_from(["sleep", "600"]) as s:
        pass
    assert s.exit_status.signal == "SIGHUP"
    assert time.monotonic() - started < 10


def test_one_that_has_said_all_is_not_killed_on_its_way_out():
    for _ in range(20):
        with chat.pipe_from(["echo", "all"]) as s:
            assert s.read() == "all\n"
        assert s.exit_status.ok


def test_signals_reach_the_program():
    with chat.open2(["cat"]) as cat:
        cat.sendintr()
        assert cat.wait(timeout=20).signal == "SIGINT"


def test_nothing_is_left_of_any_of_them(held):
    before = held()
    with chat.open2(["cat"]) as s:
        s.sendline("x")
        s.readline()
    with chat.open2(["cat"], line_buffered="pty") as s:
        s.sendline("x")
        s.readline()
    with chat.open3(["cat"]) as three:
        three.sendline("x")
        three.out.readline()
    with chat.pipe_to(["cat"]), chat.pipe_from(["echo", "hi"]):
        pass
    chat.capture(["echo", "hi"])
    with pytest.raises(chat.RunTimeout):
        chat.capture(["sleep", "60"], timeout=0.01)
    lines = chat.capture_lines(["yes"])
    next(lines)
    lines.close()
    assert held() == before


# ── buffers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", BUFFERING, ids=lambda each: each[0])
def test_a_program_that_holds_its_answer_back_is_explained(command):
    with chat.open2(command, timeout=0.05) as s:
        s.sendline("axe")
        with pytest.raises(chat.ExpectTimeout) as caught:
            s.expect("axe\n")
        for way_out in ("chat.spawn", "line_buffered='stdbuf' or 'pty'"):
            assert way_out in str(caught.value)
        s.sendeof()
        assert s.expect("axe\n", timeout=20)


@pytest.mark.parametrize("line_buffered", ["stdbuf", "pty"])
@pytest.mark.parametrize("command", BUFFERING, ids=lambda each: each[0])
def test_it_can_be_made_to_write_by_the_line(command, line_buffered):
    with chat.open2(command, line_buffered=line_buffered, timeout=20) as s:
        assert s.newline == "\n"
        for word in ("axe", "box"):
            s.sendline(word)
            assert s.expect("\n").before == word
        s.sendeof()
        assert s.read() == ""
        status = s.wait()
    assert status.ok


def test_only_the_output_becomes_a_terminal():
    program = "import os; print([os.isatty(each) for each in range(3)])"
    command = python_command(program)
    done = chat.capture(command, line_buffered="pty", stderr="null")
    assert done.output == "[False, True, False]\n"


def test_a_program_that_has_ended_is_not_said_to_hold_anything_back():
    with chat.open2(["true"]) as s:
        with pytest.raises(chat.UnexpectedEOF) as caught:
            s.expect("x", timeout=20)
        assert "line_buffered" not in str(caught.value)


def test_the_program_is_named_and_not_what_it_is_started_through():
    with chat.open2(["cat"], line_buffered="stdbuf") as s:
        assert s.state.startswith("the program runs (cat, ")
    with pytest.raises(chat.CommandNotFound, match="'bogus'"):
        chat.open2(["bogus"], line_buffered="stdbuf")
    with pytest.raises(ValueError, match="line_buffered is one of"):
        chat.open2(["cat"], line_buffered="perhaps")  # type: ignore[call-overload]  # so is this


# ── one way ───────────────────────────────────────────────────────────────────────────────


def test_a_program_to_read_from_gives_lines_and_has_no_input():
    with chat.pipe_from(chat.shell_command("cat; seq 3; exit 5"), timeout=20) as s:
        assert list(s) == ["1\n", "2\n", "3\n"]
        assert s.exit_status.code == 5
        with pytest.raises(chat.NotSupported, match="only reads"):
            s.send("x")
        with pytest.raises(chat.NotSupported):
            s.sendeof()


def test_a_program_to_write_to_does_its_work_before_it_is_left(tmp_path):
    target = tmp_path / "sorted"
    slow = f"sort > {target}; test -s {target}; sleep 0.2; echo end >> {target}"
    with chat.pipe_to(chat.shell_command(slow)) as spooler:
        spooler.send("b\na\n")
    assert target.read_text() == "a\nb\nend\n"
    assert spooler.exit_status.ok


def test_what_went_wrong_with_what_was_written_to_is_told():
    with chat.pipe_to(chat.shell_command("cat >/dev/null; exit 9")) as spooler:
        spooler.sendline("stuff")
        spooler.sendeof()
        assert spooler.wait(timeout=20).code == 9


def test_the_end_of_one_that_is_written_to_can_be_awaited():
    with chat.pipe_to(["sleep", "60"], timeout=20) as s:
        assert s.read_nowait() == ""
        assert s.expect(chat.TIMEOUT, timeout=0)
        s.signal("TERM")
        s.expect(chat.EOF)
        assert s.wait().signal == "SIGTERM"
    with chat.pipe_to(["cat"], timeout=20) as s:
        s.sendeof()
        s.sendeof()
        assert s.read() == ""
        with pytest.raises(chat.SessionClosed):
            s.send("x")


def test_one_that_does_not_end_behind_its_input_is_ended_with_the_timeout():
    with chat.pipe_to(["sleep", "600"], timeout=0.05) as s:
        assert s.close(grace=0.05).signal == "SIGHUP"


# ── to the end ────────────────────────────────────────────────────────────────────────────


def test_capturing_gives_output_and_exit_status():
    done = chat.capture(chat.shell_command("echo said; exit 3"))
    assert (done.output, done.exit_status.code, done.ok) == ("said\n", 3, False)
    assert chat.capture(["printf", "\\377"], encoding=None).output == b"\xff"


def test_no_shell_sees_the_words_unless_it_is_asked_for():
    words = "$HOME; `id` *"
    assert chat.capture(["echo", words]).output == words + "\n"
    assert chat.capture(chat.shell_command("echo $((6 * 7))")).output == "42\n"


def test_what_it_is_given_to_read_need_not_be_read():
    assert chat.capture(["wc", "-c"], text="four").output.strip() == "4"
    assert chat.capture(["head", "-c", "3"], text="abcdef" * 100_000).output == "abc"
    assert chat.capture(["cat"], text=b"\0", encoding=None).output == b"\0"


def test_a_failure_is_an_error_if_asked_for():
    with pytest.raises(chat.CommandFailed, match=r"status 3: .*echo said") as caught:
        chat.capture(chat.shell_command("echo said; exit 3"), check=True)
    assert caught.value.output == "said\n"
    with pytest.raises(chat.CommandFailed, match="status 1: 'false'\nnothing came"):
        list(chat.capture_lines(["false"], check=True))
    with pytest.raises(chat.CommandFailed, match=r"last came 'said\\n'"):
        list(chat.capture_lines(chat.shell_command("echo said; exit 3"), check=True))


def test_what_takes_too_long_is_ended_and_its_words_are_kept():
    with pytest.raises(chat.RunTimeout, match=r"'/bin/sh' did not end in 0\.2 s") as caught:
        chat.capture(chat.shell_command("echo early; sleep 600"), timeout=0.2)
    assert caught.value.output == "early\n"
    assert caught.value.exit_status.signal == "SIGHUP"


def test_more_than_may_be_kept_is_an_error_or_dropped_and_told():
    with pytest.raises(chat.StreamOverflow):
        chat.capture(["seq", "100000"], limit=1000)
    done = chat.capture(["seq", "100000"], limit=1000, overflow="drop")
    assert done.output.endswith("99999\n100000\n")
    assert done.dropped + len(done.output) == 588_895


def test_lines_come_as_they_are_said():
    program = "echo one; read word; echo two"
    assert list(chat.capture_lines(chat.shell_command(program))) == ["one\n", "two\n"]
    endless = chat.capture_lines(["yes"])
    assert [next(endless) for _ in range(3)] == ["y\n"] * 3
    endless.close()


def test_standard_descriptors_that_are_closed_here_do_no_harm():
    """Pipes then get the numbers that are to be the child's own."""
    program = """
        import os, chat
        os.close(0); os.close(1)
        told = os.dup(2)
        with chat.open2(["cat"]) as cat:
            cat.sendline("through")
            os.write(told, cat.readline().encode())
    """
    command = [each for each in python_command(program) if each != "-I"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "through\n"


def test_a_child_inherits_no_descriptor_and_no_ignored_signal():
    read, write = os.pipe()
    os.set_inheritable(write, True)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        program = """
            import os, signal
            print(sorted(os.listdir('/proc/self/fd'))[3:], signal.getsignal(signal.SIGINT))
        """
        done = chat.capture(python_command(program))
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(read)
        os.close(write)
    assert done.output == "['3'] <built-in function default_int_handler>\n"


@pytest.mark.parametrize("line_buffered", [None, "pty"])
def test_without_posix_spawn_it_is_the_same(monkeypatch, held, tmp_path, line_buffered):
    monkeypatch.setattr(sys, "platform", "another")
    before = held()
    with chat.open2(["cat"], line_buffered=line_buffered, cwd=tmp_path) as cat:
        cat.sendline("x")
        assert cat.readline() == "x\n"
    assert cat.exit_status.ok
    with pytest.raises(chat.CommandNotFound):
        chat.open2(["bogus"])
    assert held() == before
