"""perlipc, "Internet TCP Clients and Servers": a client that prints what a server says.

    python tcp_client.py [host [port]]

Without a host it talks to a server of its own. The port is a number or a service's name.
"""

import sys
import threading

import chat


def print_all(url: str) -> str:
    """Print line after line, to the end."""
    with chat.connect(url, timeout=10) as server:
        said = "".join(server)
    print(said, end="")
    return said


def main() -> None:
    if len(sys.argv) > 1:
        host, port = sys.argv[1], (sys.argv[2:] or ["2345"])[0]
        print_all(f"tcp://{host}:{port}")
        return
    with chat.listen("tcp://localhost:0") as listener:

        def greet() -> None:
            with listener.accept(timeout=10) as client:
                client.send("Hello there,\nit's now or never\n")

        serving = threading.Thread(target=greet)
        serving.start()
        assert print_all(listener.url).count("\n") == 2
        serving.join()


main()
