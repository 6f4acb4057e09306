"""Ways to open a conversation, one module for each kind of other side.

options     what they all take
programs    a program on a pseudo-terminal: `spawn`, `run`
telnet      a telnet server, or a client of ours: `open_telnet`, `telnet_session`
"""
