"""Ways to open a conversation, one module for each kind of other side.

options     what they all take
programs    a program on a pseudo-terminal: `spawn`, `run`
urls        whoever a URL stands for: `connect`, and the table of schemes
sockets     the schemes tcp, tls, unix and udp
securing    TLS, from the start or from some point on: `start_tls`
listeners   to be called: `listen`
serving     many callers at once, in threads or children
relaying    two conversations joined: `relay`, `serve_program`
gathering   one question to many hosts: `gather_udp`
bell        what wakes whoever waits in these
"""
