"""Shells and other programs behind ssh, with the login seen through.

    with chat.ssh("ssh://admin@host:2222", password=chat.Secret.prompt()) as host:
        print(host.run("uptime").output)

    with chat.open_ssh("admin@switch", password=secret) as switch:    # no shell there
        version = switch.ask("show version", prompt="switch> ")

OpenSSH itself does the work, with the user's own configuration, keys, agent and known hosts,
so that whatever works at the prompt (aliases, `ProxyJump`, `ControlMaster`) works here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from chat.core.patterns import PatternLike
from chat.errors import LoginFailed, PasswordExpired, UnexpectedEOF, last_text
from chat.opening.options import SessionOptions
from chat.opening.urls import Opening
from chat.session import Session
from chat.shell import Shell, shell
from chat.ssh.client import logged_in
from chat.ssh.destination import Destination, Invocation
from chat.ssh.login import Credentials, Responses
from chat.ssh.words import EXPIRED
from chat.values import Secret

__all__ = ["open_ssh", "ssh"]

RemoteKind: TypeAlias = Literal["sh", "bash", "zsh"]


class HowOptions(TypedDict, total=False):
    """How ssh is to go there; see `open_ssh`."""

    host_key: str
    identity: str | os.PathLike[str] | None
    jump: str | None
    config: str | os.PathLike[str] | None
    options: Mapping[str, str] | None


class SshOptions(HowOptions, SessionOptions, total=False):
    """What `open_ssh` and `ssh` both take; see `open_ssh`."""

    password: Secret | str | None
    passphrase: Secret | str | None
    respond: Responses | None
    program: str
    env: Mapping[str, str] | None
    size: tuple[int, int]
    encoding: str


def open_ssh(
    destination: str,
    *,
    command: str | Sequence[str] | None = None,
    password: Secret | str | None = None,
    passphrase: Secret | str | None = None,
    respond: Responses | None = None,
    host_key: str = "known",
    identity: str | os.PathLike[str] | None = None,
    jump: str | None = None,
    config: str | os.PathLike[str] | None = None,
    options: Mapping[str, str] | None = None,
    program: str = "ssh",
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
    encoding: str = "utf-8",
    **session: Unpack[SessionOptions],
) -> Session[str]:
    """Log in over ssh, and open a conversation with whatever is there.

    For a router or another device that has no shell, or for one command. The session begins
    with what the other side says behind the login, and ends with ssh's own word that the
    connection is closed. For a shell, see `chat.ssh`.

    Args:
        destination: `ssh://user@host:port`, or `user@host`; the host may be an alias of the
            user's configuration.
        command: What to run there, in a terminal of its own, instead of the login shell: a
            text for the shell there, or a list of arguments.
        password: The user's password at the host. It is sent once, to the host itself and
            to none on the way, and only while it does not show.
        passphrase: Opens the key, if ssh asks for that.
        respond: Answers to other questions (a code, the password of a host on the way), by a
            text or `re.compile(…)` found in the question; an answer is a text, a `Secret`,
            or a function of the question. Or one function of the question, that returns None
            if it knows no answer.
        host_key: Which key the host may show. `"known"`: one that is known already.
            `"accept-new"`: that, or any if none is known, which is then remembered. A
            fingerprint (`"SHA256:…"`): only that, whatever is known. A host on the way must
            always be known.
        identity: A file with the private key to use.
        jump: Hosts on the way, as `ssh -J` takes them.
        config: The configuration file instead of the user's own; `"none"`: none.
        options: Further options by their names in `ssh_config`: `{"ConnectTimeout": "5"}`.
        program: The OpenSSH client to use.
        env, size, encoding: As in `chat.spawn`.
        session: Further options of `Session`; `timeout` is for the login, too.

    Returns:
        The session, logged in. Close it, or use it in a `with` block.

    Raises:
        ConnectTimeout: It took too long; the message says what was being done.
        HostKeyUnknown, HostKeyChanged: The key the host shows is not to be trusted.
        ConnectRefused, HostNotFound, ConnectFailed: The host could not be reached.
        PasswordExpired: The password must be changed first.
        LoginFailed: The host did not let us in, or asked what nothing was given to answer.
        CommandNotFound: There is no ssh here.
        UrlError: The destination is none; nothing was started, as with the next.
        ValueError: An option is not one.
    """
    invocation = Invocation(
        Destination.parse(destination), host_key, identity, jump, config, options, command
    )
    credentials = Credentials(_kept(password), _kept(passphrase), respond, invocation.pin)
    return logged_in(
        invocation,
        credentials,
        program=program,
        env=env,
        size=size,
        encoding=encoding,
        options=session,
    )


def open_url(
    opening: Opening,
    *,
    command: str | Sequence[str] | None = None,
    password: Secret | str | None = None,
    passphrase: Secret | str | None = None,
    respond: Responses | None = None,
    program: str = "ssh",
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
    **how: Unpack[HowOptions],
) -> Session[Any]:
    """Open `ssh://user@host:port` for `chat.connect`; the options are those of `open_ssh`.

    Raises:
        ConnectFailed, LoginFailed, UrlError and others: As `open_ssh`.
    """
    invocation = Invocation(Destination.parse(opening.url.text), command=command, **how)
    credentials = Credentials(_kept(password), _kept(passphrase), respond, invocation.pin)
    return logged_in(
        invocation,
        credentials,
        program=program,
        env=env,
        size=size,
        encoding=opening.encoding,
        options=opening.options,
        deadline=opening.deadline,
    )


def ssh(
    destination: str,
    *,
    kind: RemoteKind | None = None,
    prompt: PatternLike | None = None,
    fence: str | None = None,
    **options: Unpack[SshOptions],
) -> Shell:
    """Log in over ssh, and have a shell there in which commands are run one after the other.

    Whatever the login shell is (it may have any prompt, and greet with any text), it is
    replaced by one that is known, which has its environment.

    Args:
        destination: As in `open_ssh`.
        kind: The shell to have: `"sh"`, which is everywhere and the default, `"bash"` or
            `"zsh"`.
        prompt, fence: Instead, for what is no shell, what its prompt looks like, and a line
            that makes it print a text; see `chat.shell`.
        options: As in `open_ssh`.

    Raises:
        LoginFailed: As `open_ssh`, or the other side ended the session right after.
        CommandNotFound: There is no such shell at the other side.
        ExpectTimeout: What is there does not behave as such a shell.
        ConnectFailed, UrlError, ValueError: As `open_ssh`.
    """
    session = open_ssh(destination, **options)
    mark = session.mark()
    try:
        if prompt is not None:
            return shell(session, kind=kind, prompt=prompt, fence=fence)
        return shell(session, kind=kind or "sh", fence=fence, replace=True)
    except UnexpectedEOF as error:
        said = session.since(mark) + str(error.before)
        raise _turned_away(str(Destination.parse(destination)), said) from error
    except BaseException:
        session.close()
        raise


def _kept(secret: Secret | str | None) -> Secret | None:
    return Secret(secret) if isinstance(secret, str) else secret


def _turned_away(target: str, said: str) -> LoginFailed:
    """The error if the other side ends the session before a shell is there."""
    if EXPIRED.search(said):
        return PasswordExpired(target, "the password has expired and must be changed")
    came = f"\nlast came {last_text(said)}" if said.strip() else ""
    return LoginFailed(target, f"it ended the session before a shell was there{came}")
