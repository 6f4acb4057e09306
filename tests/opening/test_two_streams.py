"""A program's output and its errors, apart and together."""

from __future__ import annotations

import resource
import time

import pytest

import chat
from chat.testing import python_command

MEBIBYTE = 1 << 20


def three(program, **options):
    return chat.open3(python_command(program), **{"timeout": 20, **options})


TALKER = """
    import sys
    for line in sys.stdin:
        where, _, what = line.partition(' ')
        stream = sys.stderr if where == 'err' else sys.stdout
        stream.write(what)
        stream.flush()
"""


@pytest.fixture
def talker():
    """A program that says what it is told, where it is told."""
    with three(TALKER) as made:
        yield made


# ── apart ─────────────────────────────────────────────────────────────────────────────────


def test_each_stream_is_a_session_of_its_own(talker):
    talker.sendline("out hello")
    talker.sendline("err trouble")
    assert talker.err.expect("trouble\n").before == ""
    assert talker.out.expect("hello\n").before == ""
    with pytest.raises(chat.NotSupported, match="only reads"):
        talker.err.send("x")
    talker.sendeof()
    assert (talker.out.read(), talker.err.read()) == ("", "")
    assert talker.wait().ok


def test_bytes_stay_bytes():
    with chat.open3(chat.shell_command("cat; cat /dev/null >&2"), encoding=None) as s:
        s.send(b"\xff")
        s.sendeof()
        assert (s.out.read(), s.err.read()) == (b"\xff", b"")


@pytest.mark.slow
def test_64_mebibytes_go_in_while_they_come_out():
    data = bytes(range(256)) * (64 * MEBIBYTE // 256)
    with chat.open3(["cat"], encoding=None, timeout=50) as cat:
        cat.send(data)
        cat.sendeof()
        assert cat.out.read() == data


FLOOD = """
    import os
    piece = b'e' * (1 << 20)
    for _ in range(64):
        os.write(2, piece)
        os.write(1, b'o' * 1000)
    print('done')
"""


@pytest.mark.slow
def test_64_mebibytes_of_errors_that_nobody_reads_hold_nothing_up_and_fill_nothing():
    with three(FLOOD, timeout=50) as s:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert len(s.out.expect("done\n").before) == 64_000
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 20_000  # KiB, of 65 536 that came
        match = s.err.expect(chat.EOF)
        assert match.before == "e" * MEBIBYTE
        assert match.dropped == 63 * MEBIBYTE


def test_output_that_nobody_reads_does_not_hold_up_the_errors():
    program = "import os; os.write(1, b'o' * 1_000_000); os.write(2, b'done')"
    with three(program) as s:
        s.err.expect("done")
        assert s.out.read() == "o" * 1_000_000


def test_errors_come_in_while_something_is_sent():
    program = """
        import os, sys
        while data := os.read(0, 65536):
            os.write(2, data)
    """
    with three(program, stderr_limit=10 * MEBIBYTE) as s:
        s.send("x" * 4 * MEBIBYTE)
        s.sendeof()
        assert len(s.err.read()) == 4 * MEBIBYTE


def test_waiting_for_the_end_takes_both_in():
    program = "import os; os.write(2, b'e' * 500_000); os.write(1, b'o' * 500_000)"
    with three(program) as s:
        assert s.wait().ok
        assert len(s.out.read()) == len(s.err.read()) == 500_000


def test_the_limit_of_the_errors_can_be_an_error():
    with three(FLOOD, stderr_limit=1000, stderr_overflow="error") as s:
        with pytest.raises(chat.StreamOverflow, match="stderr: more than 1000 characters"):
            s.out.expect("done")
        s.close(grace=0)


def test_a_flood_on_the_other_stream_does_not_put_a_timeout_off():
    with chat.open3(["yes"], overflow="drop", limit=100_000) as yes:
        started = time.monotonic()
        with pytest.raises(chat.ExpectTimeout):
            yes.err.expect("x", timeout=0.2)
        assert yes.err.read_nowait() == ""
        with pytest.raises(chat.ExpectTimeout):
            yes.expect("x", timeout=0.2)
        assert time.monotonic() - started < 10
        yes.close(grace=0)


# ── together ──────────────────────────────────────────────────────────────────────────────


def test_what_comes_first_on_either_is_heard(talker):
    talker.sendline("err trouble ahead")
    heard = talker.expect("ahead", "never")
    assert (heard.stream, heard.match.index, heard.match.before) == ("err", 0, "trouble ")
    talker.sendline("out all is well")
    heard = talker.expect("never", "well")
    assert (heard.stream, heard.match.index, heard.match.before) == ("out", 1, "all is ")


def test_a_pattern_can_be_for_one_stream_alone(talker):
    talker.sendline("out word")
    talker.sendline("err word")
    heard = talker.expect(["never"], err="word")
    assert (heard.stream, heard.match.index) == ("err", 1)
    assert talker.out.expect("word").before == ""


def test_of_what_has_come_on_both_the_first_is_heard_first(talker):
    talker.sendline("err first")
    talker.err.expect(chat.TIMEOUT, "never", timeout=0)
    assert talker.err.expect("fir").text == "fir"
    talker.sendline("out second")
    talker.out.expect("sec")
    talker.sendline("err third")
    talker.err.mark()
    while "third" not in talker.err.peek():
        talker.err.take_in()
    assert talker.out.peek() == "ond\n"
    order = [talker.expect("st\n", "ond\n", "third") for _ in range(3)]
    assert [(each.stream, each.match.text) for each in order] == [
        ("err", "st\n"),
        ("out", "ond\n"),
        ("err", "third"),
    ]


def test_no_pattern_matches_across_the_two(talker):
    talker.sendline("out on")
    talker.out.expect("o")
    talker.sendline("err e")
    with pytest.raises(chat.ExpectTimeout):
        talker.expect(chat.regex(r"n\s*e"), timeout=0.05)


def test_what_could_still_grow_is_given_time(talker):
    talker.sendline("err 12")
    heard = talker.expect(chat.regex(r"\d+"), quiet=0.02)
    assert (heard.stream, heard.match.text) == ("err", "12")
    assert talker.expect(err=[chat.Quiet(0.01)]).stream == "err"


def test_the_end_of_both_is_an_end_and_the_end_of_one_if_asked_for():
    program = "import os, sys; os.close(2); sys.stdin.read(); print('bye')"
    with three(program) as s:
        assert s.expect("bye", err=[chat.EOF]).stream == "err"
        s.sendeof()
        heard = s.expect(chat.EOF)
        assert (heard.stream, heard.match.before) == ("out", "bye\n")
        assert heard.match.pattern is chat.EOF
        assert s.expect(chat.EOF).match.before == ""


def test_an_end_before_what_is_awaited_is_told():
    with three("import sys; print('o'); print('why', file=sys.stderr); sys.exit(4)") as s:
        with pytest.raises(chat.UnexpectedEOF) as caught:
            s.expect("never", err=["nowhere"])
        assert str(caught.value) == (
            "the end came while waiting for 'never' or 'nowhere' on err\n"
            "last came 'o\\n'\n"
            "on stderr last came 'why\\n'\n"
            "the program exited with status 4"
        )
        assert caught.value.exit_status.code == 4
        assert s.err.read() == "why\n"


def test_the_stream_that_alone_was_awaited_may_end_before_the_other():
    program = "import os, sys; os.close(2); sys.stdin.read()"
    with three(program) as s, pytest.raises(chat.UnexpectedEOF):
        s.expect(err=["x"])


def test_a_timeout_shows_both_and_consumes_neither(talker):
    talker.sendline("out here")
    talker.sendline("err there")
    with pytest.raises(chat.ExpectTimeout) as caught:
        talker.expect("never", timeout=0.1)
    assert "last came 'here\\n'\non stderr last came 'there\\n'" in str(caught.value)
    assert "chat.spawn" in str(caught.value)
    assert talker.expect(chat.TIMEOUT, timeout=0).match.pattern is chat.TIMEOUT
    assert talker.expect("there", timeout=0).stream == "err"
    assert talker.expect("here", timeout=0).stream == "out"


def test_there_must_be_something_to_wait_for(talker):
    with pytest.raises(chat.PatternError):
        talker.expect()
    with pytest.raises(ValueError, match="negative"):
        talker.expect("x", timeout=-1)


def test_an_error_of_the_errors_says_how_the_program_is(talker):
    with pytest.raises(chat.ExpectTimeout, match="errors of a program: the program runs"):
        talker.err.expect("x", timeout=0.01)
    assert repr(talker).startswith("<TwoStreams: the program runs (")


def test_closing_ends_it_and_closes_both(held):
    before = held()
    with chat.open3(["cat"]) as s:
        assert s.pid is not None
    assert s.exit_status.ok
    assert s.out.closed and s.err.closed
    assert s.close() == s.exit_status
    with pytest.raises(chat.SessionClosed):
        s.expect("x")
    assert held() == before
