"""Comm.pl's second example: send a server what is typed, and show what it says.

python rebroadcast_client.py [host [port]]     by default localhost and 5050
"""

import os
import sys

from chat.compat.comm import close_it, open_port, select_it

host = sys.argv[1] if len(sys.argv) > 1 else "localhost"
port = sys.argv[2] if len(sys.argv) > 2 else "5050"
server = open_port(host, port, 5) or sys.exit(f"open_port failed on host {host}, port {port}")
print(f"Connected to host {host}, port {port}", flush=True)
sources = [server, sys.stdin]
while server in sources:
    for handle in select_it(None, *sources):
        if handle is sys.stdin:
            typed = os.read(sys.stdin.fileno(), 1000)
            if typed:
                server.send(typed.decode())
            else:
                sources.remove(sys.stdin)
                server.sendeof()
        elif said := server.read_nowait():
            print(said, end="", flush=True)
        else:
            print("Server connection broken")
            sources.remove(server)
            break
close_it(server)
