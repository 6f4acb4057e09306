"""Ways to open a conversation, one module for each kind of other side.

options     what they all take
beginning   what they all end with: a session over the transport
adopting    something that is open already: `attach`
spawn_objects  the same of pexpect's children
fifos       named pipes: `open_fifo`, `open_fifo_pair`
forks       a function of this program in a child: `pipe_open_self`
programs    a program on a pseudo-terminal: `spawn`, `run`
urls        whoever a URL stands for: `connect`, and the table of schemes
sockets     the schemes tcp, tls, unix and udp
telnet      the scheme telnet, from either side
securing    TLS, from the start or from some point on: `start_tls`
listeners   to be called: `listen`
serving     many callers at once, in threads or children
relaying    two conversations joined: `relay`, `serve_program`
gathering   one question to many hosts: `gather_udp`
bell        what wakes whoever waits in these
pipes       a program on pipes: `open2`, `pipe_from`, `pipe_to`, `capture`
two_streams a program on pipes with its errors apart: `open3`
"""
