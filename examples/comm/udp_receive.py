"""Comm.pl's fourth example: show who sends messages, and which.

python udp_receive.py [[address] port]     by default 127.0.0.1 and 5050
"""

import signal
import sys

from chat.compat.comm import close_it, open_udp_port, recv_from, select_it

*address, port = sys.argv[1:] or ["5050"]
handle = open_udp_port(address[0] if address else "127.0.0.1", int(port))
if handle is None:
    sys.exit(f"open_udp_port failed on port {port}")
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
print("Waiting on port", handle.getsockname()[1], flush=True)
message = bytearray()
try:
    while True:
        for ready in select_it(None, handle):
            name, port_number = recv_from(ready, message, 10000, 0)
            print(f"From port={port_number}, addr={name}")
            print(message.decode(), end="", flush=True)
finally:
    close_it(handle)
    print("Closing udp port")
