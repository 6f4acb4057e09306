"""Ways to open a conversation, one module for each kind of other side.

options     what they all take
beginning   what they all end with: a session over the transport
adopting    something that is open already: `attach`
fifos       named pipes: `open_fifo`, `open_fifo_pair`
forks       a function of this program in a child: `pipe_open_self`
programs    a program on a pseudo-terminal: `spawn`, `run`
pipes       a program on pipes: `open2`, `pipe_from`, `pipe_to`, `capture`
two_streams a program on pipes with its errors apart: `open3`
"""
