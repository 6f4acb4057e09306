"""perlipc's REAPER: a server that forks a child for each client, and leaves no zombie.

    python reaper.py [port]

However many children end at once, each is reaped, at once, and told of where the program may
do anything. Without a port it serves a few clients of its own, and ends.
"""

import os
import socket
import subprocess
import sys
import time

import chat

CLIENTS = 3

VISIT = """
import sys, chat
for _ in range(int(sys.argv[2])):
    with chat.connect(sys.argv[1], timeout=10) as client:
        print(client.readline(), end="")
"""


def log(words: str) -> None:
    print(f"{sys.argv[0]} {os.getpid()}: {words} at {time.ctime()}", flush=True)


def reaped(pid: int, status: chat.ExitStatus) -> None:
    log(f"reaped {pid}, which {status}")


def spawn(client: socket.socket) -> int:
    """Fork a child that sees to a client; perlipc's runs `fortune`."""
    pid = os.fork()
    if pid == 0:
        client.sendall(f"Hello there, it's now {time.ctime()}\n".encode())
        os._exit(0)
    log(f"begat {pid}")
    return pid


def serve(server: socket.socket, clients: int | None) -> None:
    """Serve so many clients; `None`: until it is interrupted."""
    log(f"server started on port {server.getsockname()[1]}")
    with chat.signals.reaper(on_exit=reaped) as reaper:
        served = 0
        while served != clients:
            client, (host, port) = server.accept()  # no signal makes it fail
            with client:
                log(f"connection from {host} at port {port}")
                reaper.add(spawn(client))
            served += 1
            chat.signals.dispatch()  # who has ended meanwhile?
        while reaper.pids:
            chat.signals.dispatch(timeout=10)


def demonstrate() -> None:
    with socket.create_server(("localhost", 0)) as server:
        url = f"tcp://localhost:{server.getsockname()[1]}"
        with subprocess.Popen([sys.executable, "-c", VISIT, url, str(CLIENTS)]) as clients:
            serve(server, CLIENTS)
        assert clients.returncode == 0  # it is nobody's but Popen's, and was not stolen


if len(sys.argv) > 1:
    serve(socket.create_server(("localhost", int(sys.argv[1]))), None)
else:
    demonstrate()
