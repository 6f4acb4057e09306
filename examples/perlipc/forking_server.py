"""perlipc, "Internet TCP Clients and Servers": a server that forks a child for each client.

    python forking_server.py [port]

The children are reaped as they end: there are no zombies. Without a port it serves a few
clients of its own, and ends.
"""

import os
import signal
import subprocess
import sys
import time

import chat


def greet(client: chat.Session[str]) -> None:
    """In the child: what perlipc's runs `fortune` for."""
    client.sendline(f"Hello there, {client.peer}, it's now {time.ctime()}")
    fortune = chat.run(["echo", "You will be served by", str(os.getpid())])
    client.send(fortune.output)


def serve(url: str) -> None:
    """Serve until SIGTERM."""
    with chat.listen(url) as listener:
        signal.signal(signal.SIGTERM, lambda *_: listener.stop())
        print(listener.url, flush=True)
        listener.serve(greet, mode="fork", at_most=20)


def demonstrate() -> None:
    """Start the server as a program of its own, and call it three times."""
    command = [sys.executable, __file__, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = server.stdout.readline().strip()
        children = set()
        for _ in range(3):
            with chat.connect(url, timeout=10) as client:
                said = client.read()
            print(said, end="")
            children.add(said.split()[-1])
        assert len(children) == 3
        server.terminate()
    assert server.returncode == 0


if len(sys.argv) > 1:
    serve(f"tcp://localhost:{sys.argv[1]}")
else:
    demonstrate()
