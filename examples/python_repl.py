"""Hold a conversation with Python's own prompt, and see how it ended."""

import os
import sys

import chat

# Python 3.13 has a prompt in colour that redraws itself; the basic one is easier to read.
environment = {**os.environ, "PYTHON_BASIC_REPL": "1", "TERM": "dumb"}

with chat.spawn([sys.executable, "-q"], env=environment, timeout=20) as python:
    python.expect(">>> ")
    print("6 * 7 is", python.ask("6 * 7", prompt=">>> "))
    print("1 / 0 gives", python.ask("1 / 0", prompt=">>> ").splitlines()[-1])
    python.sendline("raise SystemExit(3)")
    python.expect(chat.EOF)
    print("python", python.wait())
