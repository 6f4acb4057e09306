"""Comm.pl's third example: three ways to send a message to udp_receive.py.

python udp_send.py [[host] port]     by default localhost and 5050
"""

import sys

from chat.compat.comm import close_it, open_udp_port, send_to, sockaddr_struct

*hosts, port = sys.argv[1:] or ["5050"]
host = hosts[0] if hosts else "localhost"
handle = open_udp_port("", 0, host, port) or sys.exit("open_udp_port failed")
handle.send("testing with print\n")

address = sockaddr_struct(host, int(port))  # looked up once, for many messages
send_to(handle, "testing with send\n", 0, address)

send_to(handle, "testing with send_to\n", 0, host, int(port))
close_it(handle)
