"""The numbers of the protocol, by the names their documents give them."""

from __future__ import annotations

import enum
from typing import Final

IAC: Final = 255
"""Interpret As Command: what announces a command; in text it is doubled (RFC 854)."""

TELNET_PORT: Final = 23
"""Where a telnet server listens unless told otherwise (RFC 854)."""


class Command(enum.IntEnum):
    """What may follow IAC (RFC 854; those below 240 are of RFC 1184 and RFC 885)."""

    EOF = 236  # end of file
    SUSP = 237  # suspend the process
    ABORT = 238  # abort the process
    EOR = 239  # end of a record
    SE = 240  # end of a subnegotiation
    NOP = 241  # nothing
    DM = 242  # data mark: where a Synch ends
    BRK = 243  # break
    IP = 244  # interrupt the process
    AO = 245  # abort output
    AYT = 246  # are you there
    EC = 247  # erase a character
    EL = 248  # erase a line
    GA = 249  # go ahead: it is your turn
    SB = 250  # beginning of a subnegotiation


class Verb(enum.IntEnum):
    """What is said about an option (RFC 855)."""

    WILL = 251  # I do it, or would like to
    WONT = 252  # I do not
    DO = 253  # please do it
    DONT = 254  # please do not


class Option(enum.IntEnum):
    """The options this side can do. All others are refused, LINEMODE (RFC 1184) included."""

    BINARY = 0  # RFC 856
    ECHO = 1  # RFC 857
    SGA = 3  # suppress go-ahead: talk at any time, character by character (RFC 858)
    TTYPE = 24  # terminal type (RFC 1091)
    NAWS = 31  # window size (RFC 1073)
    NEW_ENVIRON = 39  # environment variables (RFC 1572)


class Said(enum.IntEnum):
    """What a subnegotiation about a terminal type or an environment begins with."""

    IS = 0
    SEND = 1
    INFO = 2  # the environment has changed (RFC 1572 only)


class Mark(enum.IntEnum):
    """What stands before the parts of an environment (RFC 1572)."""

    VAR = 0  # the name of a well-known variable
    VALUE = 1
    ESC = 2  # the next byte is no mark
    USERVAR = 3  # the name of any other variable
