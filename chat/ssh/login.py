"""The dialogue of an ssh login, as a generator without I/O.

The dialogue is sent what happens, and yields what to answer:

    sent                    meaning                                     yields
    ──────────────────────────────────────────────────────────────────────────────────────
    Noted(line)             ssh has written this line to its log        None
    Asked(text, hidden)     ssh waits at the end of this text           what to answer, or
                                                                        None: it is no question
    Ended(text)             ssh has ended                               raises

It returns once ssh has noted that we are logged in, and raises what went wrong.

*Whom a secret is for is not decided by the text of a question alone.* That can be forged: by
the banner of the host, by questions of its own (keyboard-interactive), or by a host on the
way, which asks on the same terminal. So

- a passphrase is given while ssh notes that it tries keys, and a password while it notes one
  of the two methods that ask for it. Hosts on the way ask before this ssh notes either;
- what stands behind `(user@host)`, which ssh itself puts before a host's own questions (from
  8.5 on), is the host's own, whatever it looks like. The host can make ssh note a line, but
  cannot take that away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from chat.errors import (
    ChatError,
    ConnectFailed,
    ConnectTimeout,
    HostKeyChanged,
    HostKeyRefused,
    LoginFailed,
    PasswordExpired,
    last_text,
)
from chat.ssh.words import (
    EXPIRED,
    FAILURES,
    HOST_KEY,
    LOGGED_IN,
    METHOD,
    PARTIAL,
    PASSWORD,
    QUIET_WORDS,
    STAGES,
    Failure,
    last_fingerprint,
)
from chat.values import Secret

Answer: TypeAlias = "str | Secret"
Question: TypeAlias = "Callable[[str], Answer | None]"
Responses: TypeAlias = "Mapping[Any, Answer | Question] | Question"  # Any: of the patterns
"""What to answer to questions of the host's own: by a text, or a `re.compile(…)` or
`chat.regex(…)`, to be found in the question; or by a function of the question."""


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
        settled: Whether it has been so for a while: a question may come in pieces.
    """

    text: str
    hidden: bool
    settled: bool = True


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """Ssh has ended, with what the terminal shows since the last answer."""

    text: str


Event: TypeAlias = "Noted | Asked | Ended"
Dialogue: TypeAlias = "Generator[Answer | None, Event, None]"


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
        for known in QUESTIONS:
            found = known.pattern.search(asked.text)
            if found:
                if not (known.ends or asked.settled):
                    return None
                self._said += asked.text.splitlines()
                return known.reply(self, found["asks"], asked)
        given = self._respond(asked.text.rpartition("\r")[2]) if asked.settled else None
        if given is None and asked.hidden and asked.settled:
            raise self._unanswerable(asked.text)
        return given

    def answer_host_key(self, question: str, asked: Asked) -> Answer:
        """With a pin, have ssh compare it itself: versions before 8.0 only take yes or no.

        Without one, this is a host on the way, whose key is not known.
        """
        pin = self._have.pin
        if pin is None or pin != last_fingerprint(asked.text):
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
            if _is_in(question, pattern):
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
            shown = self._fingerprint or last_fingerprint("\n".join(said))
            reason += f"; it shows the key {shown}" if shown is not None else ""
            return kind(self._target, reason, fingerprint=shown)
        if issubclass(kind, LoginFailed):
            reason += self._missed()
        return kind(self._target, reason)

    def _missed(self) -> str:
        """What would have been of use, to be said behind a reason."""
        wanted = " and ".join(dict.fromkeys(self._wanted))
        return f"; ssh asked for {wanted} before, and none was given" if wanted else ""


def _is_in(question: str, pattern: Any) -> bool:
    if isinstance(pattern, str):
        return pattern in question
    expression: re.Pattern[str] = getattr(pattern, "compiled", pattern)  # chat.regex's, or re's
    return expression.search(question) is not None


@final
@dataclass(frozen=True, slots=True)
class Known:
    """A question that is known.

    Attributes:
        pattern: What it looks like; what it asks is the group of that name.
        reply: What answers it.
        ends: Whether its end can be told by its look. Otherwise it may go on.
    """

    pattern: re.Pattern[str]
    reply: Callable[[Login, str, Asked], Answer | None]
    ends: bool = True


# ssh begins each question with a carriage return.
QUESTIONS: Final = (
    Known(
        re.compile(r"\r\([^\s()]+@[^\s()]+\) (?P<asks>[\s\S]*)\Z"),
        Login.answer_password,
        ends=False,
    ),
    Known(
        re.compile(
            r"(?P<asks>continue connecting \(yes/no.*\)\?"
            r"|Please type 'yes', 'no'( or the fingerprint)?:) \Z"
        ),
        Login.answer_host_key,
    ),
    Known(
        re.compile(r"\rEnter passphrase for key '(?P<asks>[^\r\n]*)': \Z"),
        Login.answer_passphrase,
    ),
    Known(re.compile(r"(?P<asks>[^\r\n]*)(?<=assword: )\Z"), Login.answer_password),
)
"""The questions that are known. The first may contain all the others."""
