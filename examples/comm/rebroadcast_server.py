"""Comm.pl's first example: what one client says, all clients hear, with the sender's name.

python rebroadcast_server.py [port]     by default 5050; 0 is one that the system chooses
"""

import signal
import sys

import chat
from chat.compat.comm import accept_it, close_it, open_listen, select_it

port = int(sys.argv[1]) if len(sys.argv) > 1 else 5050
listener = open_listen(port) or sys.exit(f"open_listen failed on port {port}")
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
print("Listening on port", listener.address[1], flush=True)
clients: dict[chat.Session[str], str] = {}
try:
    while True:
        for handle in select_it(None, *clients, listener):
            if handle is listener:
                client, remote = accept_it(listener)
                clients[client] = remote
                print("New connection from", remote, flush=True)
            elif said := handle.read_nowait():
                line = f"{clients[handle]}: {said.rstrip()}\n"
                print(line, end="", flush=True)
                for each in clients:
                    each.send(line)
            else:
                print("Closing", clients.pop(handle), flush=True)
                close_it(handle)
finally:
    close_it(listener, *clients)
