"""Two conversations joined, and programs served to many on terminals of their own."""

from __future__ import annotations

import os
import threading

import pytest

import chat
from chat.testing import python_child
from chat.testing.children import python_command
from chat.timing import SYSTEM_CLOCK
from tests.opening.conftest import PATIENCE, reset, socket_of

SHOUTER = """
    import sys
    print("ready", sys.stdin.isatty(), flush=True)
    for line in sys.stdin:
        if line == "quit\\n":
            print("bye")
            break
        print(line.strip().upper(), flush=True)
    else:
        print("the end")
    """


@pytest.fixture
def serve():
    """Serve a program in a thread; gives the listener."""
    started = []

    def start(url, code=SHOUTER, encoding=None, **options):
        listener = chat.listen(url, encoding=encoding, timeout=PATIENCE)
        options = {"echo": False, "linger": PATIENCE} | options
        thread = threading.Thread(
            target=chat.serve_program, args=(python_command(code), listener), kwargs=options
        )
        thread.start()
        started.append((listener, thread))
        return listener

    yield start
    for listener, thread in started:
        listener.stop()
        thread.join(PATIENCE)
        listener.close()
        assert not thread.is_alive()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("encoding", [None, "utf-8"])
def test_each_client_has_a_program_of_its_own_on_a_terminal(serve, tmp_path, kind, encoding):
    url = "tcp://:0" if kind == "tcp" else f"unix://{tmp_path}/s"
    listener = serve(url, encoding=encoding)
    clients = [chat.connect(listener.url, timeout=PATIENCE) for _ in range(3)]
    for number, client in enumerate(clients):
        client.expect("ready True\r\n")
        client.sendline(f"a{number}")
    for number, client in enumerate(clients):
        assert client.readline() == f"A{number}\r\n"
        client.sendline("quit")
        assert client.read() == "bye\r\n"  # hung up on: the program has ended
        client.close()


@pytest.mark.slow
def test_a_client_that_has_said_all_is_told_the_rest(serve):
    listener = serve("tcp://:0")
    with chat.connect(listener.url, timeout=PATIENCE) as client:
        client.send("one\ntwo\nand half a line")
        client.sendeof()
        assert client.read() == "ready True\r\nONE\r\nTWO\r\nAND HALF A LINE\r\nthe end\r\n"


STUBBORN = """
    import os, sys, time
    print(os.getpid(), flush=True)
    while True:
        time.sleep(60)
    """


def is_gone(pid):
    """Wait for the end of a program that is not ours to wait for."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(SYSTEM_CLOCK.waiter({descriptor: 1})(PATIENCE))
    finally:
        os.close(descriptor)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_program_ends_with_its_client(serve, how):
    listener = serve("tcp://:0", STUBBORN, linger=0.05)
    client = chat.connect(listener.url, timeout=PATIENCE)
    pid = int(client.readline())
    if how == "reset":
        reset(socket_of(client))
    client.close()
    assert is_gone(pid)


FLOOD = "import sys\nsys.stdout.write('x' * 3_000_000 + '!')"


@pytest.mark.slow
def test_much_is_passed_on_and_nothing_lost(serve):
    listener = serve("tcp://:0", FLOOD)
    with chat.connect(listener.url, timeout=PATIENCE) as client:
        assert len(client.expect("!").before) == 3_000_000


def test_two_sessions_can_be_joined(tmp_path):
    with chat.listen(f"unix://{tmp_path}/s", timeout=PATIENCE) as listener:
        near = chat.connect(listener.url, timeout=PATIENCE)
        with listener.accept(PATIENCE) as client, python_child(SHOUTER, echo=False) as program:
            near.sendline("hello")
            near.sendline("quit")
            chat.relay(program, client)
            assert program.ended and not client.ended
        assert near.read() == "ready True\r\nHELLO\r\nbye\r\n"
        near.close()


def test_a_program_that_is_not_there_is_the_client_s_loss(serve, caplog):
    listener = chat.listen("tcp://:0", timeout=PATIENCE)
    thread = threading.Thread(target=chat.serve_program, args=(["no-such"], listener))
    thread.start()
    with chat.connect(listener.url, timeout=PATIENCE) as client:
        assert client.read() == ""
    listener.stop()
    thread.join(PATIENCE)
    listener.close()
    assert "cannot start 'no-such'" in caplog.text


def test_a_command_that_is_none_is_refused_before_anybody_is_served():
    with pytest.raises(chat.CommandError):
        chat.serve_program("", "tcp://:0")
