"""Ways to open a conversation, one module for each kind of other side.

options     what they all take
programs    a program on a pseudo-terminal: `spawn`, `run`
adopting    a conversation that somebody else has begun: `attach`
"""
