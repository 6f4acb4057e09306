"""Run a program in our place: the signals that come to us reach it.

    python forward_signals.py [command …]

Ctrl-C, Ctrl-\\, Ctrl-Z, a new size of the window, `kill`: all of it is for the program. Without
a command, one that counts its signals is run, and sent some.
"""

import os
import signal
import sys

import chat

COUNTS = r"""
trap 'echo "it was interrupted"' INT
trap 'echo "it was told to end"; exit 5' TERM
echo "it is there"
while :; do sleep 60 & wait $!; done
"""


def run(command: list[str]) -> int:
    """Run a command and show what it says; its exit status, as a shell gives it."""
    with chat.spawn(command, timeout=None) as program, chat.signals.forward(program):
        program.log_to(sys.stdout.buffer)
        status = program.wait()
    assert status is not None
    if status.signal is not None:
        return 128 + chat.signals.number(status.signal)
    return status.code or 0


def demonstrate() -> None:
    with chat.spawn(["bash", "-c", COUNTS], timeout=20) as program:
        program.expect("it is there")
        with chat.signals.forward(program):
            chat.signals.send("INT", os.getpid())
            print(program.expect("it was interrupted").text)
            signal.raise_signal(signal.SIGTERM)
            print(program.expect("it was told to end").text)
            print(f"it {program.wait()}")
            assert program.exit_status == program.wait()


if len(sys.argv) > 1:
    sys.exit(run(sys.argv[1:]))
demonstrate()
