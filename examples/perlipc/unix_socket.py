"""perlipc, "Unix-Domain TCP Clients and Servers": a socket that is a file of this machine.

    python unix_socket.py serve /path     python unix_socket.py call /path

The file is its owner's alone, and goes with the server. Without arguments it does both.
"""

import stat
import sys
import tempfile
import threading
import time
from pathlib import Path

import chat


def greet(client: chat.Session[str]) -> None:
    print("connection from", client.peer)
    client.sendline(f"Hello there, it's now {time.ctime()}")


def call(path: str) -> str:
    with chat.connect(f"unix://{path}", timeout=10) as server:
        said = "".join(server)
    print(said, end="")
    return said


def demonstrate() -> None:
    """A server in a thread, and two clients."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "catsock")
        with chat.listen(f"unix://{path}") as listener:
            mode = stat.filemode(path.stat().st_mode)
            print(mode, path.name)
            assert mode == "srw-------"
            serving = threading.Thread(target=listener.serve, args=(greet,))
            serving.start()
            assert all("it's now" in call(str(path)) for _ in range(2))
            listener.stop()
            serving.join()
        assert not path.exists()


match sys.argv[1:]:
    case ["serve", path]:
        with chat.listen(f"unix://{path}") as listener:
            listener.serve(greet)
    case ["call", path]:
        call(path)
    case _:
        demonstrate()
