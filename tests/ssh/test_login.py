"""The login dialogue: who is given what, and what each failure is called."""

from __future__ import annotations

import re
from typing import Any

import pytest

import chat
from chat.ssh.login import Asked, Credentials, Ended, Login, Noted

PIN = "SHA256:" + "x" * 43
OTHER = "SHA256:" + "y" * 43
PASSWORD = chat.Secret("the password")
PASSPHRASE = chat.Secret("the passphrase")

BY_KEY = Noted("debug1: Next authentication method: publickey")
BY_PASSWORD = Noted("debug1: Next authentication method: password")
BY_QUESTION = Noted("debug1: Next authentication method: keyboard-interactive")
AUTHENTICATED = Noted('Authenticated to host ([192.0.2.1]:22) using "password".')

PASSPHRASE_ASKED = Asked("\rEnter passphrase for key '/home/me/.ssh/id': ", hidden=True)
PASSWORD_ASKED = Asked("\rme@host's password: ", hidden=True)


def host_key_asked(fingerprint, ends="(yes/no/[fingerprint])? ", host="host"):
    return Asked(
        f"\rThe authenticity of host '{host} (192.0.2.1)' can't be established.\n"
        f"ED25519 key fingerprint is {fingerprint}.\n"
        f"Are you sure you want to continue connecting {ends}",
        hidden=False,
    )


def converse(*events, **credentials):
    """What was answered to each event; `True` at its end if we are logged in."""
    talk = Login("me@host", Credentials(**credentials)).dialogue()
    next(talk)
    answers = []
    for event in events:
        try:
            answers.append(talk.send(event))
        except StopIteration:
            return [*answers, True]
    return answers


@pytest.mark.parametrize(
    "line",
    [
        'Authenticated to host ([192.0.2.1]:22) using "publickey".',
        'Authenticated to host (via proxy) using "publickey".',
        "debug1: Authentication succeeded (publickey).",
        "debug1: mux_client_request_session: master session id: 2",
    ],
)
def test_ssh_says_in_its_log_that_we_are_in(line):
    assert converse(Noted("debug1: Connection established."), Noted(line)) == [None, True]


def test_what_is_no_question_is_not_answered():
    shown = Asked("\rWelcome to the jungle. Type yes or no", hidden=False)
    assert converse(shown, BY_PASSWORD, shown, password=PASSWORD) == [None, None, None]


# ── passwords ─────────────────────────────────────────────────────────────────────────────


def test_the_password_is_given_once():
    assert converse(BY_PASSWORD, PASSWORD_ASKED, password=PASSWORD) == [None, PASSWORD]
    with pytest.raises(chat.LoginFailed, match="not accepted"):
        converse(BY_PASSWORD, PASSWORD_ASKED, PASSWORD_ASKED, password=PASSWORD)


def test_the_second_factor_may_be_the_password_too():
    partial = Noted('Authenticated using "password" with partial success.')
    question = Asked("\r(me@host) Password: ", hidden=True)
    events = (BY_PASSWORD, PASSWORD_ASKED, partial, BY_QUESTION, question)
    assert converse(*events, password=PASSWORD)[-1] == PASSWORD


@pytest.mark.parametrize(
    "asked",
    [
        "\rme@jump's password: ",
        "\r(me@jump) Password: ",
        "\rPassword: ",
        # A host on the way forges the question of the one behind it.
        "\r(me@jump) code\rme@host's password: ",
    ],
)
def test_a_host_on_the_way_is_not_given_the_password(asked):
    """Before ssh notes a method of its own, whoever asks is on the way."""
    with pytest.raises(chat.LoginFailed, match="nothing was given to answer"):
        converse(Asked(asked, hidden=True), password=PASSWORD)


def test_a_password_is_not_given_where_it_would_show():
    with pytest.raises(chat.LoginFailed):
        converse(BY_QUESTION, Asked("\r(me@host) Password: ", hidden=False), password=PASSWORD)


def test_a_one_time_password_is_not_the_password():
    with pytest.raises(chat.LoginFailed, match="One-time password"):
        asked = Asked("\r(me@host) One-time password (OATH): ", hidden=True)
        converse(BY_QUESTION, asked, password=PASSWORD)


@pytest.mark.parametrize(
    "asked",
    [
        "\r(me@host) You are required to change your password.\nCurrent password: ",
        "\r(me@host) New password: ",
        "Password expired\n\rEnter me@host's old password: ",
    ],
)
def test_a_password_that_must_be_changed_is_said(asked):
    for method in (BY_PASSWORD, BY_QUESTION):
        with pytest.raises(chat.PasswordExpired):
            converse(method, Asked(asked, hidden=True), password=PASSWORD)


# ── passphrases ───────────────────────────────────────────────────────────────────────────


def test_the_passphrase_is_given_while_keys_are_tried():
    assert converse(BY_KEY, PASSPHRASE_ASKED, passphrase=PASSPHRASE) == [None, PASSPHRASE]
    with pytest.raises(chat.LoginFailed, match="does not open the key /home/me/"):
        converse(BY_KEY, PASSPHRASE_ASKED, PASSPHRASE_ASKED, passphrase=PASSPHRASE)


def test_without_one_the_next_key_is_tried():
    assert converse(BY_KEY, PASSPHRASE_ASKED, PASSPHRASE_ASKED) == [None, "", ""]


@pytest.mark.parametrize("method", [BY_PASSWORD, BY_QUESTION])
@pytest.mark.parametrize("before", ["", "\r(me@host) code\n", "\r(me@host) "])
def test_a_host_that_forges_the_question_gets_no_passphrase(method, before):
    asked = Asked(f"{before}\rEnter passphrase for key '/home/me/.ssh/id': ", hidden=True)
    with pytest.raises(chat.LoginFailed, match="nothing was given to answer"):
        converse(method, asked, passphrase=PASSPHRASE)


@pytest.mark.parametrize("before", ["code\n", "code", "", "(you@there) ", "\r(a@b) "])
def test_not_even_if_it_has_ssh_note_that_it_tries_keys(before):
    """A debug message of the host's may contain a line's end, and so forge a note."""
    asked = f"\r(me@host) {before}\rEnter passphrase for key '/home/me/.ssh/id': "
    with pytest.raises(chat.LoginFailed, match="nothing was given to answer"):
        converse(BY_QUESTION, BY_KEY, Asked(asked, hidden=True), passphrase=PASSPHRASE)


# ── the host's own questions ──────────────────────────────────────────────────────────────


def test_several_questions_are_answered_each_by_what_is_for_it():
    code = chat.Secret("123456")
    respond = {
        "Verification code": code,
        re.compile(r"option \((\d)-\d\)"): lambda question: question.rpartition("(")[2][0],
        "token": lambda question: None,
    }
    asked = (
        Asked("\r(me@host) Password: ", hidden=True),
        Asked("\n\r(me@host) Verification code: ", hidden=True),
        Asked("\n\r(me@host) 1. Push\n2. Call\nPasscode or option (1-2): ", hidden=False),
    )
    answers = converse(BY_QUESTION, *asked, AUTHENTICATED, password=PASSWORD, respond=respond)
    assert answers == [None, PASSWORD, code, "1", True]


def test_what_is_given_for_a_question_goes_before_the_password():
    asked = Asked("\r(me@host) Password for the vault: ", hidden=True)
    respond = {"vault": "a text"}
    assert converse(BY_QUESTION, asked, password=PASSWORD, respond=respond)[-1] == "a text"


def test_a_function_is_asked_each_question():
    asked = Asked("a greeting\n\r(me@host) Code: ", hidden=True)
    assert converse(BY_QUESTION, asked, respond=str.upper)[-1] == "CODE: "


def test_a_question_that_comes_in_pieces_is_heard_to_its_end():
    asked: list[str] = []
    respond = {chat.regex("(?i)code"): "1", "": asked.append}
    pieces = ("\r", "\r(me@host) 1. Pu", "\r(me@host) 1. Push\n", "\r(me@host) 1. Push\nCode: ")
    events = [Asked(piece, hidden=True, settled=False) for piece in pieces]
    last = Asked(pieces[-1], hidden=True)
    assert converse(BY_QUESTION, *events, last, respond=respond) == [None] * 5 + ["1"]
    assert asked == []


def test_a_question_without_an_answer_is_shown():
    with pytest.raises(chat.LoginFailed, match=r"it asks '.*Shoe size: '|it asks .*Shoe size"):
        converse(BY_QUESTION, Asked("\r(me@host) Shoe size: ", hidden=True))


# ── host keys ─────────────────────────────────────────────────────────────────────────────


def test_a_pin_is_given_to_ssh_to_compare():
    assert converse(host_key_asked(PIN), pin=PIN) == [PIN]
    assert converse(host_key_asked(PIN, ends="(yes/no)? "), pin=PIN) == ["yes"]


@pytest.mark.parametrize("pin", [None, OTHER])
def test_an_unknown_key_is_not_agreed_to(pin):
    assert converse(host_key_asked(PIN), pin=pin) == ["no"]


def test_of_several_fingerprints_the_last_is_that_of_the_host():
    """A host on the way may show the one that is expected, in a greeting."""
    forged = host_key_asked(PIN).text + "\n" + host_key_asked(OTHER).text
    assert converse(Asked(forged, hidden=False), pin=PIN) == ["no"]


def test_a_key_that_ssh_trusts_must_be_the_pinned_one_all_the_same():
    shown = Noted(f"debug1: Server host key: ssh-ed25519 {OTHER}")
    with pytest.raises(chat.HostKeyChanged, match=PIN) as caught:
        converse(shown, pin=PIN)
    assert caught.value.fingerprint == OTHER


def test_a_pin_that_nobody_has_compared_is_no_login():
    with pytest.raises(chat.HostKeyChanged):
        converse(AUTHENTICATED, pin=PIN)
    assert converse(
        Noted(f"debug1: Server host key: ssh-ed25519 {PIN}"), AUTHENTICATED, pin=PIN
    ) == [None, True]


# ── failures ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ssh: connect to host h port 22: Connection refused", chat.ConnectRefused),
        ("ssh: connect to host h port 22: No route to host", chat.ConnectFailed),
        ("ssh: connect to host h port 22: Connection timed out", chat.ConnectTimeout),
        ("Connection timed out during banner exchange", chat.ConnectTimeout),
        ("ssh: Could not resolve hostname h: Name or service not known", chat.HostNotFound),
        ("Unable to negotiate with h port 22: no matching cipher found.", chat.ConnectFailed),
        ("channel 0: open failed: administratively prohibited: no", chat.ConnectFailed),
        ("me@host: Permission denied (publickey,password).", chat.LoginFailed),
        (
            "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures",
            chat.LoginFailed,
        ),
        ("@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @", chat.HostKeyChanged),
        ("@       WARNING: REVOKED HOST KEY DETECTED!               @", chat.HostKeyRefused),
        ("Host key verification failed.", chat.HostKeyUnknown),
        ("something that no table knows", chat.ConnectFailed),
    ],
)
def test_a_failure_has_its_name_and_says_what_ssh_said(line, kind):
    for events in ((Noted(line), Ended("")), (Ended(f"a banner\n{line}\n"),)):
        with pytest.raises(chat.ChatError) as caught:
            converse(*events)
        assert type(caught.value) is kind
        error: Any = caught.value
        assert error.reason in line
        assert error.target == "me@host"


@pytest.mark.parametrize(
    "said",
    [
        f"The fingerprint for the ED25519 key sent by the remote host is\n{OTHER}.\n",
        f"ED25519 key fingerprint is {OTHER}.\n",
    ],
)
def test_a_host_on_the_way_is_told_by_its_fingerprint(said):
    ended = Ended(f"{said}Host key verification failed.\n")
    with pytest.raises(chat.HostKeyUnknown) as caught:
        converse(ended)
    assert caught.value.fingerprint == OTHER


def test_without_a_word_the_stage_is_said():
    with pytest.raises(chat.ConnectFailed, match="ended while agreeing on keys"):
        converse(Noted("debug1: Remote protocol version 2.0, remote x"), Ended(""))


def test_a_login_that_takes_too_long_says_what_it_did_and_what_is_shown():
    login = Login("me@host", Credentials())
    talk = login.dialogue()
    next(talk)
    talk.send(Noted("debug1: Connecting to h [192.0.2.1] port 22."))
    error = login.expired("5 s", "Which door? ")
    assert str(error) == (
        "cannot connect to me@host: not logged in after 5 s,"
        " while connecting to h [192.0.2.1] port 22\nlast came 'Which door? '"
    )
