"""Hold conversations with programs: start them, wait for what they say, answer.

    import chat

    with chat.spawn(["ssh", "admin@router"], timeout=20) as s:
        s.expect("assword: ")
        s.send_secret(chat.Secret.prompt())
        version = s.ask("show version", prompt="router> ")

What is public is in `__all__`.
"""

from __future__ import annotations

import sys
from importlib import import_module

from chat._version import __version__

if sys.platform == "win32":
    raise ImportError(
        "chat needs pseudo-terminals: it runs on Linux, macOS and BSD, not Windows"
    )

# Not typing's own: importing typing alone takes half as long as importing pexpect. Checkers
# know the name, and read the imports; a test holds them against the table below.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from chat.core.match import Match
    from chat.core.patterns import EOF, INPUT_WAIT, TIMEOUT, Quiet, any_of, glob, literal, regex
    from chat.core.stream import Mark
    from chat.errors import (
        ChatError,
        CommandError,
        CommandFailed,
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
        ShellExited,
        SpawnFailed,
        StreamOverflow,
        UnexpectedEOF,
        UnknownKey,
        WaitTimeout,
    )
    from chat.opening.adopting import attach
    from chat.opening.programs import Finished, run, spawn
    from chat.session import Session
    from chat.shell import Shell, ShellResult, shell
    from chat.values import ExitStatus, Secret, WindowSize

_HOMES = {
    "chat.core.match": "Match",
    "chat.core.patterns": "EOF INPUT_WAIT TIMEOUT Quiet any_of glob literal regex",
    "chat.core.stream": "Mark",
    "chat.errors": """
        ChatError CommandError CommandFailed CommandNotFound CommandNotPermitted EchoStillOn
        ExpectError ExpectTimeout LineTooLong NotSupported PatternError PatternTypeError
        PeerGone RunTimeout SendError SendTimeout SessionClosed ShellDesynchronised
        ShellExited SpawnFailed StreamOverflow UnexpectedEOF UnknownKey WaitTimeout
    """,
    "chat.opening.adopting": "attach",
    "chat.opening.programs": "Finished run spawn",
    "chat.session": "Session",
    "chat.shell": "Shell ShellResult shell",
    "chat.values": "ExitStatus Secret WindowSize",
}
"""Where the public names live. They are fetched when they are first asked for, so that a
script which asks for few does not wait for all."""

_MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "EOF",
    "INPUT_WAIT",
    "TIMEOUT",
    "ChatError",
    "CommandError",
    "CommandFailed",
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
    "Shell",
    "ShellDesynchronised",
    "ShellExited",
    "ShellResult",
    "SpawnFailed",
    "StreamOverflow",
    "UnexpectedEOF",
    "UnknownKey",
    "WaitTimeout",
    "WindowSize",
    "__version__",
    "any_of",
    "attach",
    "glob",
    "literal",
    "regex",
    "run",
    "shell",
    "spawn",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Fetch a public name from the module where it lives."""
        if name not in _MODULES:
            raise AttributeError(f"module 'chat' has no attribute {name!r}")
        value = getattr(import_module(_MODULES[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    class _Names(type(sys)):
        """This module, in which `shell` is the function even once `chat.shell` is imported."""

        def __setattr__(self, name: str, value: object) -> None:
            # Importing a submodule sets it as an attribute, over whatever has its name.
            if name not in _MODULES or not isinstance(value, type(sys)):
                super().__setattr__(name, value)

    sys.modules[__name__].__class__ = _Names
