"""The other side of the task `socket`: says back what it is told, to the first who calls.

`echo_server tcp`, or `echo_server unix PATH`. Prints the address to call.
"""

from __future__ import annotations

import socket
import sys


def main(kind: str, *path: str) -> None:
    """Serve one caller to its end."""
    listener = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    listener.bind(path[0] if kind == "unix" else ("127.0.0.1", 0))
    listener.listen(1)
    print(path[0] if kind == "unix" else listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    if kind == "tcp":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := connection.recv(65536):
        connection.sendall(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
