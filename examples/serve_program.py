"""Serve a program to many clients at once, each its own on a pseudo-terminal.

    python serve_program.py URL [command ...]     (tcp://localhost:2323, unix:///tmp/sh …)

Connect with `nc`, with `socat -,raw,echo=0 tcp:localhost:2323`, or with chat. Without
arguments it serves a shell over TCP and over a Unix-domain socket, and calls both.
"""

import sys
import tempfile
import threading

import chat

SHELL = ["sh", "-c", "PS1='> '; export PS1; exec sh -i"]


def converse(url: str) -> str:
    """Two clients at once: what one sets in its shell, the other does not have."""
    with chat.connect(url, timeout=10) as one, chat.connect(url, timeout=10) as other:
        for client in (one, other):
            client.expect("> ")
        one.ask("name=Ada", prompt="> ")
        other.ask("name=Grace", prompt="> ")
        answer = one.ask("echo $name on `tty | cut -c1-8`", prompt="> ")
        one.sendline("exit")
        one.expect(chat.EOF)
    print(url.partition("://")[0], "·", answer)
    return answer


def demonstrate(url: str) -> None:
    with chat.listen(url, encoding=None) as listener:
        serving = threading.Thread(target=chat.serve_program, args=(SHELL, listener))
        serving.start()
        try:
            assert converse(listener.url) == "Ada on /dev/pts"
        finally:
            listener.stop()
            serving.join()


if sys.argv[1:]:
    chat.serve_program(sys.argv[2:] or SHELL, sys.argv[1])
else:
    demonstrate("tcp://localhost:0")
    with tempfile.TemporaryDirectory() as directory:
        demonstrate(f"unix://{directory}/shell")
