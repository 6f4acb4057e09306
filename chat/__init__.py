"""Hold conversations with programs: start them, wait for what they say, answer.

    import chat

    with chat.spawn(["ssh", "admin@router"], timeout=20) as s:
        s.expect("assword: ")
        s.send_secret(chat.Secret.prompt())
        version = s.ask("show version", prompt="router> ")
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    raise ImportError("chat needs pseudo-terminals and runs on Linux, macOS and BSD, not Windows")

from chat._version import __version__
from chat.core.match import Match
from chat.core.patterns import (
    EOF,
    INPUT_WAIT,
    TIMEOUT,
    Quiet,
    any_of,
    glob,
    literal,
    regex,
)
from chat.core.stream import Mark
from chat.errors import (
    ChatError,
    CommandError,
    CommandNotFound,
    CommandNotPermitted,
    EchoStillOn,
    ExpectError,
    ExpectTimeout,
    LineTooLong,
    NotSupported,
    PatternError,
    PatternTypeError,
    PeerGone,
    RunTimeout,
    SendError,
    SendTimeout,
    SessionClosed,
    ShellDesynchronised,
    SpawnFailed,
    StreamOverflow,
    UnexpectedEOF,
    UnknownKey,
    WaitTimeout,
)
from chat.opening import Finished, run, spawn
from chat.session import Session
from chat.values import ExitStatus, Secret, WindowSize

__all__ = [
    "EOF",
    "INPUT_WAIT",
    "TIMEOUT",
    "ChatError",
    "CommandError",
    "CommandNotFound",
    "CommandNotPermitted",
    "EchoStillOn",
    "ExitStatus",
    "ExpectError",
    "ExpectTimeout",
    "Finished",
    "LineTooLong",
    "Mark",
    "Match",
    "NotSupported",
    "PatternError",
    "PatternTypeError",
    "PeerGone",
    "Quiet",
    "RunTimeout",
    "Secret",
    "SendError",
    "SendTimeout",
    "Session",
    "SessionClosed",
    "ShellDesynchronised",
    "SpawnFailed",
    "StreamOverflow",
    "UnexpectedEOF",
    "UnknownKey",
    "WaitTimeout",
    "WindowSize",
    "__version__",
    "any_of",
    "glob",
    "literal",
    "regex",
    "run",
    "spawn",
]
