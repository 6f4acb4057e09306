"""The dialogue of an ssh login, as a generator without I/O, and the tables it goes by.

The dialogue is sent what happens, and yields what to answer:

    sent                    meaning                                     yields
    ──────────────────────────────────────────────────────────────────────────────────────
    Noted(line)             ssh has written this line to its log        None
    Asked(text, hidden)     ssh waits at the end of this text           what to answer, or
                                                                        None: it is no question
    Ended(text)             ssh has ended                               raises

It returns once ssh has noted that we are logged in, and raises what went wrong.

*Whom a secret is for is decided by the log.* The text of a question can be forged: by the
banner of the host, by questions of its own (keyboard-interactive), or by a host on the way,
which asks on the same terminal. What this ssh is doing right now stands in its log, where
nobody else can write: the passphrase of a key is given while it tries keys, the password
while it is at the host itself and at one of the two methods that ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from chat.errors import (
    ChatError,
    ConnectFailed,
    ConnectRefused,
    ConnectTimeout,
    HostKeyChanged,
    HostKeyRefused,
    HostKeyUnknown,
    HostNotFound,
    LoginFailed,
    PasswordExpired,
    last_text,
)
from chat.values import Secret

Answer: TypeAlias = "str | Secret"
Question: TypeAlias = "Callable[[str], Answer | None]"
Responses: TypeAlias = "Mapping[Any, Answer | Question] | Question"
"""What to answer to questions of the host's own: by a text or `re.compile(…)` to be found in
the question, or by a function of the question."""


@final
@dataclass(frozen=True, slots=True)
class Noted:
    """A line in ssh's log."""

    line: str


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """What the terminal shows since the last answer, at whose end ssh waits for another.

    Attributes:
        text: What it shows.
        hidden: Whether what is typed does not show.
    """

    text: str
    hidden: bool


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """Ssh has ended, with what the terminal shows since the last answer."""

    text: str


Event: TypeAlias = "Noted | Asked | Ended"
Dialogue: TypeAlias = "Generator[Answer | None, Event, None]"


# ── the tables ────────────────────────────────────────────────────────────────────────────

LOGGED_IN: Final = re.compile(
    # The first of 8.x and later, the second of those before; the third over a connection
    # that is shared (ControlMaster), where the login was somebody else's.
    r"Authenticated to |(debug1: )?Authentication succeeded"
    r"|debug1: mux_client_request_session: master session id"
)

STAGES: Final[tuple[tuple[str, str], ...]] = (
    (r"debug1: Connecting to (?P<what>.+?)\.?$", "connecting to {what}"),
    (r"debug1: Connection established", "waiting for its greeting"),
    (r"debug1: Executing proxy command", "waiting for its greeting by way of a proxy"),
    (r"debug1: Remote protocol version", "agreeing on keys"),
    (r"debug1: Next authentication method: (?P<what>\S+)", "logging in by {what}"),
)
"""What ssh is doing, by what it notes."""

METHOD: Final = re.compile(r"debug1: Next authentication method: (\S+)")
PARTIAL: Final = re.compile(r"Authenticated (using \S+ )?with partial success")
HOST_KEY: Final = re.compile(r"debug1: Server host key: \S+ (SHA256:\S+)")
HOST_KEY_SHOWN: Final = re.compile(
    r"key fingerprint is (SHA256:[A-Za-z0-9+/]{43})|^(SHA256:[A-Za-z0-9+/]{43})\.$",
    re.MULTILINE,
)

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


# ── the dialogue ──────────────────────────────────────────────────────────────────────────


@final
@dataclass(frozen=True, slots=True)
class Credentials:
    """What we have to show.

    Attributes:
        password: The user's at the host.
        passphrase: Of the key that is to be used.
        respond: Answers to other questions; they go before the password.
        pin: The fingerprint that the host must show.
    """

    password: Secret | None = None
    passphrase: Secret | None = None
    respond: Responses | None = None
    pin: str | None = None


@final
class Login:
    """The state of one login.

    Args:
        target: Where to, for errors.
        credentials: What we have to show.
    """

    def __init__(self, target: str, credentials: Credentials) -> None:
        self._target: Final = target
        self._have: Final = credentials
        self._method = ""
        self._doing = "starting"
        self._fingerprint: str | None = None
        self._given: set[str] = set()
        self._wanted: list[str] = []  # what was asked for and is not there
        self._said: list[str] = []  # by ssh: in its log, and in its questions
        self._logged_in = False

    def dialogue(self) -> Dialogue:
        """The dialogue; see the top of the file.

        Raises:
            ConnectFailed: The host could not be reached, or its key is not trusted.
            LoginFailed: It did not let us in, or asked what cannot be answered.
        """
        answer: Answer | None = None
        while not self._logged_in:
            event = yield answer
            answer = None
            if isinstance(event, Noted):
                self._take_note(event.line)
            elif isinstance(event, Asked):
                answer = self._answer(event)
            else:
                raise self._failure(event.text)

    def expired(self, timeout: str, text: str) -> ConnectTimeout:
        """The error of a login that took too long.

        Args:
            timeout: How long it was given, in words.
            text: What the terminal shows since the last answer.
        """
        shown = f"\nlast came {last_text(text)}" if text.strip() else ""
        return ConnectTimeout(
            self._target, f"not logged in after {timeout}, while {self._doing}{shown}"
        )

    # Notes

    def _take_note(self, line: str) -> None:
        self._said.append(line)
        for pattern, doing in STAGES:
            found = re.match(pattern, line)
            if found:
                self._doing = doing.format(**found.groupdict())
        if found := METHOD.match(line):
            self._method = found[1]
        if PARTIAL.match(line):  # one factor of several: the next may be a password too
            self._given.discard("password")
        elif found := HOST_KEY.match(line):
            self._fingerprint = found[1]
            self._check_pin()
        elif LOGGED_IN.match(line):
            self._check_pin()
            self._logged_in = True

    def _check_pin(self) -> None:
        pin, shown = self._have.pin, self._fingerprint
        if pin is not None and pin != shown:
            raise HostKeyChanged(
                self._target,
                f"it shows the key {shown}, and {pin} was expected",
                fingerprint=shown,
            )

    # Questions

    def _answer(self, asked: Asked) -> Answer | None:
        self._said += asked.text.splitlines()
        for pattern, reply in QUESTIONS:
            found = pattern.search(asked.text)
            if found:
                return reply(self, found["asks"], asked)
        given = self._respond(asked.text.rpartition("\r")[2])
        if given is None and asked.hidden:
            raise self._unanswerable(asked.text)
        return given

    def answer_host_key(self, question: str, asked: Asked) -> Answer:
        """With a pin, have ssh compare it itself: versions before 8.0 only take yes or no.

        Without one, this is a host on the way, whose key is not known.
        """
        pin = self._have.pin
        if pin is None or pin != _last_fingerprint(asked.text):
            return "no"
        return pin if "[fingerprint]" in question else "yes"

    def answer_passphrase(self, key: str, asked: Asked) -> Answer:
        """The passphrase of a key; without one, on to the next key."""
        if self._method != "publickey":
            raise self._unanswerable(asked.text)
        if self._have.passphrase is None:
            self._wanted.append(f"the passphrase of the key {key}")
            return ""
        if key in self._given:
            raise LoginFailed(self._target, f"the passphrase does not open the key {key}")
        self._given.add(key)
        return self._have.passphrase

    def answer_password(self, question: str, asked: Asked) -> Answer:
        """The host's own questions, and those for a password."""
        given = self._respond(question)
        if given is not None:
            return given
        if EXPIRED.search(asked.text):
            raise PasswordExpired(self._target, "the password has expired and must be changed")
        ours = self._method in ("password", "keyboard-interactive")
        if not (ours and asked.hidden and PASSWORD.search(question)):
            raise self._unanswerable(asked.text)
        if "password" in self._given:
            raise LoginFailed(self._target, "the password was not accepted")
        if self._have.password is None:
            reason = "it asks for a password, and none was given"
            raise LoginFailed(self._target, reason + self._missed())
        self._given.add("password")
        return self._have.password

    def _respond(self, question: str) -> Answer | None:
        """What the caller has to say to a question, if anything."""
        respond = self._have.respond
        if respond is None or callable(respond):
            return None if respond is None else respond(question)
        for pattern, answer in respond.items():
            known = (
                pattern in question if isinstance(pattern, str) else pattern.search(question)
            )
            if known:
                return answer(question) if callable(answer) else answer
        return None

    def _unanswerable(self, text: str) -> LoginFailed:
        question = text.rpartition("\r")[2].strip()
        return LoginFailed(
            self._target,
            f"it asks {last_text(question, 80)}, which nothing was given to answer",
        )

    # Failure

    def _failure(self, text: str) -> ChatError:
        """What went wrong, now that ssh has ended."""
        said = [*self._said, *text.splitlines()]
        for pattern, kind in FAILURES:
            for line in said:
                found = re.search(pattern, line)
                if found:
                    return self._explained(kind, found[0], said)
        last = [line.strip() for line in said if not QUIET_WORDS.match(line)]
        return ConnectFailed(
            self._target, last[-1] if last else f"ssh ended while {self._doing}"
        )

    def _explained(self, kind: Failure, reason: str, said: list[str]) -> ChatError:
        if issubclass(kind, HostKeyRefused):
            shown = self._fingerprint or _last_fingerprint("\n".join(said))
            reason += f"; it shows the key {shown}" if shown is not None else ""
            return kind(self._target, reason, fingerprint=shown)
        if issubclass(kind, LoginFailed):
            reason += self._missed()
        return kind(self._target, reason)

    def _missed(self) -> str:
        """What would have been of use, to be said behind a reason."""
        wanted = " and ".join(dict.fromkeys(self._wanted))
        return f"; ssh asked for {wanted} before, and none was given" if wanted else ""


def _last_fingerprint(text: str) -> str | None:
    """The one that ssh has shown last; what is above may be a host's on the way."""
    found = None
    for each in HOST_KEY_SHOWN.finditer(text):
        found = each[1]
    return found


Reply: TypeAlias = "Callable[[Login, str, Asked], Answer | None]"

QUESTIONS: Final[tuple[tuple[re.Pattern[str], Reply], ...]] = (
    # From 8.5 on, ssh puts the user and host before a question that is the host's own. Since
    # such a question may contain all the others, it comes first.
    (
        re.compile(r"(?:^|[\r\n])\([^\s()]+@[^\s()]+\) (?P<asks>[^\r]*)\Z"),
        Login.answer_password,
    ),
    (
        re.compile(
            r"(?P<asks>continue connecting \(yes/no.*\)\?"
            r"|Please type 'yes', 'no'( or the fingerprint)?:) \Z"
        ),
        Login.answer_host_key,
    ),
    (
        re.compile(r"[\r\n]Enter passphrase for key '(?P<asks>[^\r\n]*)': \Z"),
        Login.answer_passphrase,
    ),
    (re.compile(r"(?P<asks>[^\r\n]*)(?<=assword: )\Z"), Login.answer_password),
)
"""The questions that are known, and what is answered to them."""
