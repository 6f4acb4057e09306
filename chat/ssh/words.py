"""What ssh says, in its log and on its terminal, and what it means.

OpenSSH has said these things in English, in whatever language the user works, and nearly the
same ones since version 6.8.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from chat.errors import (
    ConnectFailed,
    ConnectRefused,
    ConnectTimeout,
    HostKeyChanged,
    HostKeyRefused,
    HostKeyUnknown,
    HostNotFound,
    LoginFailed,
)

LOGGED_IN: Final = re.compile(
    # The first of 8.x and later, the second of those before; the third over a connection
    # that is shared (ControlMaster), where the login was somebody else's.
    r"Authenticated to |(debug1: )?Authentication succeeded"
    r"|debug1: mux_client_request_session: master session id"
)
"""What it notes once we are logged in."""

STAGES: Final[tuple[tuple[str, str], ...]] = (
    (r"debug1: Connecting to (?P<what>.+?)\.?$", "connecting to {what}"),
    (r"debug1: Connection established", "waiting for its greeting"),
    (r"debug1: Executing proxy command", "waiting for its greeting by way of a proxy"),
    (r"debug1: Remote protocol version", "agreeing on keys"),
    (r"debug1: Next authentication method: (?P<what>\S+)", "logging in by {what}"),
)
"""What ssh is doing, by what it notes."""

# What it notes on the way: how it tries to log in, that one factor of several was right, and
# which key the host has shown.
METHOD: Final = re.compile(r"debug1: Next authentication method: (\S+)")
PARTIAL: Final = re.compile(r"Authenticated (using \S+ )?with partial success")
HOST_KEY: Final = re.compile(r"debug1: Server host key: \S+ (SHA256:\S+)")
HOST_KEY_SHOWN: Final = re.compile(
    r"(?:key fingerprint is |^)(SHA256:[A-Za-z0-9+/]{43})\.$", re.MULTILINE
)
"""In the question whether to trust a key, and in the warning that it has changed."""

# In the host's own words, which differ from system to system.
EXPIRED: Final = re.compile(
    r"password (has|is) expired|required to change your password|"
    r"(?i:current|old|new) (unix )?password: *$|change your password now",
    re.IGNORECASE,
)
PASSWORD: Final = re.compile(r"(?<!one-time )(?<!one time )\bpasswor[dt]\b", re.IGNORECASE)

Failure: TypeAlias = "type[ConnectFailed | LoginFailed]"

FAILURES: Final[tuple[tuple[str, Failure], ...]] = (
    (r"REMOTE HOST IDENTIFICATION HAS CHANGED", HostKeyChanged),
    (r"REVOKED HOST KEY DETECTED", HostKeyRefused),
    (r"No \S+ host key is known for .+ strict checking", HostKeyUnknown),
    (r"Host key verification failed", HostKeyUnknown),
    (r"Too many authentication failures", LoginFailed),
    (r"Permission denied \(.*\)", LoginFailed),
    (r"Could not resolve hostname .+", HostNotFound),
    (r"connect to (host|address) .+ timed out", ConnectTimeout),
    (r"Connection timed out.*|Connection to .+ timed out", ConnectTimeout),
    (r"connect to (host|address) .+ Connection refused", ConnectRefused),
    (r"connect to (host|address) .+", ConnectFailed),
    (r"(channel \d+: open|stdio forwarding) failed.*", ConnectFailed),
    (r"(command-line|\S+): line \d+: .+|Bad \S+ option.*", ConnectFailed),
    (r"kex_exchange_identification: .+|Unable to negotiate .+", ConnectFailed),
)
"""What went wrong, by what ssh (or that of a host on the way) said at its end; the first in
this order, since one failure leads to others."""

QUIET_WORDS: Final = re.compile(
    r"debug\d: |@@@|\s*$|IT IS POSSIBLE|(Warning|WARNING): Permanently added"
)
"""Lines that do not say what went wrong."""


def last_fingerprint(text: str) -> str | None:
    """The one that ssh has shown last; what is above may be a host's on the way."""
    found = None
    for each in HOST_KEY_SHOWN.finditer(text):
        found = each[1]
    return found
