"""perlipc, "Internet TCP Clients and Servers": a server that tells each client the time.

    python tcp_server.py [port]

Each is served to the end before the next one. It listens on this machine alone, which
perlipc's does not: `tcp://*:2345` would be every address. Without a port it serves a client
of its own, and ends.
"""

import sys
import threading
import time

import chat


def log(message: str) -> None:
    print(f"{sys.argv[0]}: {message} at {time.ctime()}", flush=True)


def serve(listener: chat.Listener[str]) -> None:
    """Serve one client after the other until the listener is stopped."""
    log(f"server started on {listener.url}")
    while not listener.stopped:
        try:
            with listener.accept() as client:
                log(f"connection from {client.peer}")
                client.sendline(f"Hello there, {client.peer}, it's now {time.ctime()}")
        except chat.SessionClosed:
            return  # it was told to stop


def main() -> None:
    port = (sys.argv[1:] or ["0"])[0]
    with chat.listen(f"tcp://localhost:{port}") as listener:
        if port != "0":
            serve(listener)
            return
        serving = threading.Thread(target=serve, args=(listener,))
        serving.start()
        for _ in range(2):
            with chat.connect(listener.url, timeout=10) as client:
                greeting = client.readline()
                print(greeting, end="")
                assert "it's now" in greeting
        listener.stop()
        serving.join()


main()
