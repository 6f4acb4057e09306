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
    from chat import signals
    from chat.alarms import timeout
    from chat.core.match import Match
    from chat.core.patterns import EOF, INPUT_WAIT, TIMEOUT, Quiet, any_of, glob, literal, regex
    from chat.core.stream import Mark
    from chat.deadlines import deadline
    from chat.errors import (
        AcceptTimeout,
        CertificateRejected,
        CertificateUnusable,
        ChatError,
        CommandError,
        CommandFailed,
        CommandNotFound,
        CommandNotPermitted,
        ConnectFailed,
        ConnectionLost,
        ConnectRefused,
        ConnectTimeout,
        DeviceFailed,
        DeviceNotFound,
        DeviceNotPermitted,
        EchoStillOn,
        ExpectError,
        ExpectTimeout,
        FifoFailed,
        HandshakeFailed,
        HostKeyChanged,
        HostKeyRefused,
        HostKeyUnknown,
        HostNotFound,
        IpcFailed,
        LineTooLong,
        ListenFailed,
        LockFailed,
        LockTimeout,
        LoginFailed,
        MissingExtra,
        NotSupported,
        PasswordExpired,
        PatternError,
        PatternTypeError,
        PeerAbsent,
        PeerGone,
        ProcessGone,
        ProtocolError,
        RunTimeout,
        SendError,
        SendTimeout,
        SessionClosed,
        ShellDesynchronised,
        ShellExited,
        SignalFailed,
        SignalNotPermitted,
        SpawnFailed,
        StreamOverflow,
        SudoFailed,
        TimeRanOut,
        UnexpectedEOF,
        UnknownKey,
        UnreadPlaintext,
        UrlError,
        WaitTimeout,
    )
    from chat.ladder import Termination
    from chat.locking import Lock, lock
    from chat.opening.adopting import attach
    from chat.opening.fifos import open_fifo, open_fifo_pair
    from chat.opening.forks import pipe_open_self
    from chat.opening.gathering import UdpAnswer, gather_udp
    from chat.opening.listeners import Listener, listen
    from chat.opening.pipes import (
        capture,
        capture_lines,
        open2,
        pipe_from,
        pipe_to,
        shell_command,
    )
    from chat.opening.programs import Finished, run, spawn
    from chat.opening.relaying import relay, serve_program
    from chat.opening.securing import start_tls
    from chat.opening.serial import open_serial
    from chat.opening.two_streams import TwoStreams, open3
    from chat.opening.urls import Opening, Url, connect
    from chat.pacing import Pace
    from chat.session import Session
    from chat.shell import Shell, ShellResult, shell
    from chat.ssh import open_ssh, ssh
    from chat.values import ExitStatus, Secret, Usage, WindowSize
    from chat.waiting.together import Heard

_HOMES = {
    "chat.alarms": "timeout",
    "chat.core.match": "Match",
    "chat.core.patterns": "EOF INPUT_WAIT TIMEOUT Quiet any_of glob literal regex",
    "chat.core.stream": "Mark",
    "chat.deadlines": "deadline",
    "chat.errors": """
        AcceptTimeout CertificateRejected CertificateUnusable ChatError CommandError
        CommandFailed CommandNotFound CommandNotPermitted ConnectFailed ConnectRefused
        ConnectTimeout ConnectionLost DeviceFailed DeviceNotFound DeviceNotPermitted EchoStillOn
        ExpectError ExpectTimeout FifoFailed HandshakeFailed HostKeyChanged HostKeyRefused
        HostKeyUnknown HostNotFound IpcFailed LineTooLong ListenFailed LockFailed LockTimeout
        LoginFailed MissingExtra NotSupported PasswordExpired PatternError PatternTypeError
        PeerAbsent PeerGone ProcessGone ProtocolError RunTimeout SendError SendTimeout
        SessionClosed ShellDesynchronised ShellExited SignalFailed SignalNotPermitted
        SpawnFailed StreamOverflow SudoFailed TimeRanOut UnexpectedEOF UnknownKey
        UnreadPlaintext UrlError WaitTimeout
    """,
    "chat.ladder": "Termination",
    "chat.locking": "Lock lock",
    "chat.opening.adopting": "attach",
    "chat.opening.fifos": "open_fifo open_fifo_pair",
    "chat.opening.forks": "pipe_open_self",
    "chat.opening.gathering": "UdpAnswer gather_udp",
    "chat.opening.listeners": "Listener listen",
    "chat.opening.pipes": "capture capture_lines open2 pipe_from pipe_to shell_command",
    "chat.opening.programs": "Finished run spawn",
    "chat.opening.relaying": "relay serve_program",
    "chat.opening.securing": "start_tls",
    "chat.opening.serial": "open_serial",
    "chat.opening.two_streams": "TwoStreams open3",
    "chat.opening.urls": "Opening Url connect",
    "chat.pacing": "Pace",
    "chat.session": "Session",
    "chat.shell": "Shell ShellResult shell",
    "chat.ssh": "open_ssh ssh",
    "chat.values": "ExitStatus Secret Usage WindowSize",
    "chat.waiting.together": "Heard",
}
"""Where the public names live. They are fetched when they are first asked for, so that a
script which asks for few does not wait for all."""

_PARTS = ("signals",)
"""Modules that are public as they are: `chat.signals.local(…)`."""

_MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "EOF",
    "INPUT_WAIT",
    "TIMEOUT",
    "AcceptTimeout",
    "CertificateRejected",
    "CertificateUnusable",
    "ChatError",
    "CommandError",
    "CommandFailed",
    "CommandNotFound",
    "CommandNotPermitted",
    "ConnectFailed",
    "ConnectRefused",
    "ConnectTimeout",
    "ConnectionLost",
    "DeviceFailed",
    "DeviceNotFound",
    "DeviceNotPermitted",
    "EchoStillOn",
    "ExitStatus",
    "ExpectError",
    "ExpectTimeout",
    "FifoFailed",
    "Finished",
    "HandshakeFailed",
    "Heard",
    "HostKeyChanged",
    "HostKeyRefused",
    "HostKeyUnknown",
    "HostNotFound",
    "IpcFailed",
    "LineTooLong",
    "ListenFailed",
    "Listener",
    "Lock",
    "LockFailed",
    "LockTimeout",
    "LoginFailed",
    "Mark",
    "Match",
    "MissingExtra",
    "NotSupported",
    "Opening",
    "Pace",
    "PasswordExpired",
    "PatternError",
    "PatternTypeError",
    "PeerAbsent",
    "PeerGone",
    "ProcessGone",
    "ProtocolError",
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
    "SignalFailed",
    "SignalNotPermitted",
    "SpawnFailed",
    "StreamOverflow",
    "SudoFailed",
    "Termination",
    "TimeRanOut",
    "TwoStreams",
    "UdpAnswer",
    "UnexpectedEOF",
    "UnknownKey",
    "UnreadPlaintext",
    "Url",
    "UrlError",
    "Usage",
    "WaitTimeout",
    "WindowSize",
    "__version__",
    "any_of",
    "attach",
    "capture",
    "capture_lines",
    "connect",
    "deadline",
    "gather_udp",
    "glob",
    "listen",
    "literal",
    "lock",
    "open2",
    "open3",
    "open_fifo",
    "open_fifo_pair",
    "open_serial",
    "open_ssh",
    "pipe_from",
    "pipe_open_self",
    "pipe_to",
    "regex",
    "relay",
    "run",
    "serve_program",
    "shell",
    "shell_command",
    "signals",
    "spawn",
    "ssh",
    "start_tls",
    "timeout",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Fetch a public name from the module where it lives."""
        if name in _PARTS:
            return import_module(f"chat.{name}")
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
