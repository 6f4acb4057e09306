"""Logging in to a real sshd, and the shell behind it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import pytest

import chat
from chat.transports.descriptor import DescriptorTransport

PASSPHRASE = "correct horse"  # the one of conftest

AS_ROOT = [] if os.getuid() == 0 else ["sudo", "-n"]

pytestmark = pytest.mark.slow


def as_root(*argv, given=None):
    return subprocess.run(
        [*AS_ROOT, *argv], input=given, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def with_options(client, **options):
    return {**client, "options": {**client["options"], **options}}


# ── letting in ────────────────────────────────────────────────────────────────────────────


def test_a_key_opens_a_shell(where, client, keys, account):
    with chat.ssh(where, identity=keys["plain"], **client) as host:
        assert host.run("id -un; echo $0").lines == [account.name, "sh"]
        assert host.run("exit 3 | false").exit_status.code == 1


def test_a_key_with_a_passphrase_is_opened(where, client, keys, account):
    with chat.ssh(where, identity=keys["closed"], passphrase=PASSPHRASE, **client) as host:
        assert host.run("id -un").output == f"{account.name}\n"


def test_a_password_is_given_and_shows_nowhere(where, client, account, tmp_path):
    log = tmp_path / "log"
    with chat.ssh(where, password=account.password, log=log, **client) as host:
        argv = subprocess.check_output(["ps", "-ww", "-o", "args=", str(host.session.pid)])
        assert host.run("id -un").output == f"{account.name}\n"
        assert account.password.encode() not in argv
        assert account.password not in repr(host.session)
    assert account.password not in log.read_text()


def test_a_session_is_had_where_there_is_no_shell(where, client, keys):
    argv = ["sh", "-c", "printf 'router> '; read line; echo \"you said $line\""]
    with chat.open_ssh(where, command=argv, identity=keys["plain"], **client) as router:
        router.expect("router> ")
        router.sendline("show version")
        assert router.expect(re.compile(r"you said (.*)\r\n")).groups == ("show version",)
        assert router.wait().code == 0


def test_what_has_a_prompt_may_be_behind_it(where, client, keys, account):
    script = "import code\ncode.interact('hello', local={})\n"
    account.write("device.py", script)
    account.write(".bash_profile", "exec python3 device.py\n")
    try:
        with chat.ssh(where, prompt=">>> ", identity=keys["plain"], **client) as device:
            assert device.run("1 + 1").output.strip().endswith("2")
    finally:
        account.remove(".bash_profile", "device.py")


# ── not letting in ────────────────────────────────────────────────────────────────────────


def test_a_wrong_password_is_said_after_one_try(where, client, server):
    with pytest.raises(chat.LoginFailed, match="the password was not accepted") as caught:
        chat.ssh(where, password="not-the-one", **client)
    assert isinstance(caught.value, PermissionError)
    assert "not-the-one" not in str(caught.value)


def test_a_password_that_is_not_there_is_missed(where, client, keys):
    with pytest.raises(
        chat.LoginFailed, match="asks for a password, and none was given"
    ) as caught:
        chat.ssh(where, identity=keys["closed"], **client)
    assert f"passphrase of the key {keys['closed']}" in str(caught.value)


def test_a_wrong_passphrase_is_said(where, client, keys):
    with pytest.raises(chat.LoginFailed, match="the passphrase does not open the key"):
        chat.ssh(where, identity=keys["closed"], passphrase="wrong horse", **client)


def test_a_stranger_s_key_is_denied(where, client, keys):
    refused = with_options(client, PasswordAuthentication="no")
    with pytest.raises(chat.LoginFailed, match=r"Permission denied \("):
        chat.ssh(where, identity=keys["stranger"], **refused)


def test_too_many_tries_are_said(start_server, account, keys, client, tmp_path):
    strict = start_server(MaxAuthTries="1")
    known = strict.known(tmp_path / "strict")
    with pytest.raises(chat.LoginFailed, match="Too many authentication failures"):
        chat.ssh(
            f"ssh://{account.name}@127.0.0.1:{strict.port}",
            identity=keys["stranger"],
            password="whatever",
            **with_options(client, UserKnownHostsFile=str(known)),
        )


def test_an_account_without_a_shell_is_turned_away(where, client, keys, account):
    account.set_shell("/usr/sbin/nologin")
    try:
        with pytest.raises(chat.LoginFailed, match="not available"):
            chat.ssh(where, identity=keys["plain"], **client)
    finally:
        account.set_shell("/bin/bash")


def test_an_expired_password_is_said(where, client, account):
    as_root("chage", "-d", "0", account.name)
    try:
        with pytest.raises(chat.PasswordExpired, match="must be changed"):
            chat.ssh(where, password=account.password, **client)
    finally:
        as_root("chage", "-d", "2024-01-01", account.name)


# ── keyboard-interactive ──────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def interactive(start_server):
    return start_server(
        UsePAM="yes", PasswordAuthentication="no", KbdInteractiveAuthentication="yes"
    )


@pytest.fixture
def asked(interactive, account, client, tmp_path):
    known = interactive.known(tmp_path / "interactive")
    where = f"ssh://{account.name}@127.0.0.1:{interactive.port}"
    return where, with_options(client, UserKnownHostsFile=str(known), PubkeyAuthentication="no")


def test_the_password_answers_the_host_s_own_question(asked, account):
    where, client = asked
    with chat.ssh(where, password=account.password, **client) as host:
        assert host.run("id -un").output == f"{account.name}\n"


@pytest.mark.parametrize("form", ["a text", "a pattern", "a function", "a function for all"])
def test_the_host_s_own_question_is_answered_by_what_is_given_for_it(asked, account, form):
    where, client = asked
    secret = chat.Secret(account.password)
    respond = {
        "a text": {"assword": secret},
        "a pattern": {re.compile("(?i)PASSWORD"): secret},
        "a function": {"assword": lambda question: secret},
        "a function for all": lambda question: secret if "assword" in question else None,
    }[form]
    with chat.ssh(where, respond=respond, **client) as host:
        assert host.run("id -un").output == f"{account.name}\n"


def test_a_wrong_answer_is_not_given_twice(asked, account):
    where, client = asked
    with pytest.raises(chat.LoginFailed, match="the password was not accepted"):
        chat.ssh(where, password="not-the-one", **client)


def test_a_password_that_expired_is_said_by_the_host_s_own_question(asked, account):
    where, client = asked
    as_root("chage", "-d", "0", account.name)
    try:
        with pytest.raises(chat.PasswordExpired):
            chat.ssh(where, password=account.password, **client)
    finally:
        as_root("chage", "-d", "2024-01-01", account.name)


# ── host keys ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ignorant(client, tmp_path):
    return with_options(client, UserKnownHostsFile=str(tmp_path / "empty"))


def test_an_unknown_key_is_refused_and_told(where, ignorant, server, account, tmp_path):
    with pytest.raises(chat.HostKeyUnknown, match="No ED25519 host key is known") as caught:
        chat.ssh(where, password=account.password, **ignorant)
    assert caught.value.fingerprint == server.fingerprint
    assert server.fingerprint in str(caught.value)
    assert isinstance(caught.value, ConnectionError)
    assert not (tmp_path / "empty").exists()


def test_a_lax_configuration_does_not_change_that(where, ignorant, tmp_path, account):
    lax = tmp_path / "config"
    lax.write_text("Host *\n  StrictHostKeyChecking no\n")
    with pytest.raises(chat.HostKeyUnknown):
        chat.ssh(where, password=account.password, **{**ignorant, "config": lax})


def test_a_new_key_is_accepted_if_that_is_asked_for(where, ignorant, keys, server, tmp_path):
    with chat.ssh(where, identity=keys["plain"], host_key="accept-new", **ignorant) as host:
        assert host.run("echo in").output == "in\n"
    assert server.public_key.split()[1] in (tmp_path / "empty").read_text()


def test_a_pinned_key_is_enough(where, ignorant, keys, server, tmp_path):
    pin = server.fingerprint
    with chat.ssh(where, identity=keys["plain"], host_key=pin, **ignorant) as host:
        assert host.run("echo in").output == "in\n"
    assert not (tmp_path / "empty").exists()


def test_another_key_than_the_pinned_one_is_refused_though_it_is_known(
    where, client, server, account
):
    pin = "SHA256:" + "A" * 43
    with pytest.raises(chat.HostKeyChanged, match=f"{pin} was expected") as caught:
        chat.ssh(where, password=account.password, host_key=pin, **client)
    assert caught.value.fingerprint == server.fingerprint


@pytest.mark.parametrize("host_key", ["known", "accept-new"])
def test_a_changed_key_is_refused(where, client, server, keys, account, tmp_path, host_key):
    other = keys["stranger"].with_suffix(".pub").read_text()
    changed = with_options(
        client, UserKnownHostsFile=str(server.known(tmp_path / "old", other))
    )
    with pytest.raises(chat.HostKeyChanged, match="HAS CHANGED") as caught:
        chat.ssh(where, password=account.password, host_key=host_key, **changed)
    assert caught.value.fingerprint == server.fingerprint


# ── not getting there ─────────────────────────────────────────────────────────────────────


def test_a_port_where_nobody_listens_refuses(client):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(chat.ConnectRefused, match="Connection refused"):
            chat.ssh(f"ssh://127.0.0.1:{port}", **client)


def test_a_host_that_does_not_exist_is_named(client):
    with pytest.raises(chat.HostNotFound, match=r"hostname nowhere\.invalid"):
        chat.ssh("ssh://nowhere.invalid", **client)


@pytest.fixture
def server_that_says():
    """A server on a port that says something to its only client, and nothing more."""
    listener = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def start(greeting, *, end=False):
        def serve():
            near, _ = listener.accept()
            accepted.append(near)
            near.sendall(greeting)
            if end:
                near.shutdown(socket.SHUT_WR)

        threads.append(threading.Thread(target=serve))
        threads[0].start()
        return f"ssh://127.0.0.1:{listener.getsockname()[1]}"

    threads: list[threading.Thread] = []
    yield start
    threads[0].join()
    for each in (listener, *accepted):
        each.close()


@pytest.mark.parametrize(
    ("greeting", "doing"),
    [(b"", "waiting for its greeting"), (b"SSH-2.0-Slow\r\n", "agreeing on keys")],
)
def test_a_server_that_stalls_is_given_up_in_time(client, server_that_says, greeting, doing):
    with pytest.raises(chat.ConnectTimeout) as caught:
        chat.open_ssh(server_that_says(greeting), **{**client, "timeout": 1})
    assert isinstance(caught.value, TimeoutError)
    assert f"not logged in after 1 s, while {doing}" in str(caught.value)


def test_what_is_no_ssh_server_is_said(client, server_that_says):
    with pytest.raises(chat.ConnectFailed, match="kex_exchange_identification: "):
        chat.open_ssh(server_that_says(b"220 mail\r\n" * 2000, end=True), **client)


def test_a_host_that_is_an_option_is_none(tmp_path):
    made = tmp_path / "made"
    with pytest.raises(ValueError, match="not the name of a host"):
        chat.ssh(f"-oProxyCommand=touch {made}")
    assert not made.exists()


def test_without_ssh_there_is_a_clear_error(client):
    with pytest.raises(chat.CommandNotFound, match="no-such-ssh"):
        chat.ssh("ssh://127.0.0.1", program="no-such-ssh", **client)


def test_an_option_that_ssh_does_not_know_is_said(client):
    with pytest.raises(chat.ConnectFailed, match="Bad configuration option: nonsense"):
        chat.ssh("ssh://127.0.0.1", **with_options(client, Nonsense="1"))


def test_nothing_is_left_of_a_login_that_failed(where, client, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208  (names)
    with pytest.raises(chat.LoginFailed):
        chat.ssh(where, password="not-the-one", **client)
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert not list(tmp_path.glob("chat-ssh-*"))


# ── ways there ────────────────────────────────────────────────────────────────────────────


def on_the_way(server, directory):
    """A configuration which knows the server by two names: to itself by way of itself."""
    known = server.known(directory / "known")
    name, key = known.read_text().split(" ", 1)
    known.write_text(f"{name} {key}{name.replace('127.0.0.1', 'localhost')} {key}")
    config = directory / "config"
    config.write_text(f"UserKnownHostsFile {known}\nIdentityAgent none\n")
    return config


def test_a_host_on_the_way_may_be_the_same(account, server, client, keys, tmp_path):
    config = on_the_way(server, tmp_path)
    with config.open("a") as lines:
        lines.write(
            f"IdentityFile {keys['plain']}\nUser {account.name}\nPort {server.port}\n"
            "Host target\n  HostName 127.0.0.1\n"
        )
    with chat.ssh("target", config=config, jump="localhost", timeout=20) as host:
        assert host.run("echo $SSH_CONNECTION").output.startswith("127.0.0.1 ")


def test_a_host_on_the_way_asks_for_its_own_password(account, server, client, keys, tmp_path):
    """The password is for the host at the end; what asks before that has its own answer."""
    where = f"ssh://{account.name}@127.0.0.1:{server.port}"
    given = {
        "config": on_the_way(server, tmp_path),
        "jump": f"{account.name}@localhost:{server.port}",
        "timeout": 20,
        "password": account.password,
    }
    with pytest.raises(chat.LoginFailed, match="which nothing was given to answer"):
        chat.ssh(where, **given)
    answers = {f"{account.name}@localhost's password": chat.Secret(account.password)}
    with chat.ssh(where, respond=answers, **given) as host:
        assert host.run("id -un").output == f"{account.name}\n"


def test_an_unknown_host_on_the_way_is_refused(account, server, keys, tmp_path):
    config = tmp_path / "config"
    config.write_text(f"UserKnownHostsFile {server.known(tmp_path / 'known')}\n")
    where = f"ssh://{account.name}@127.0.0.1:{server.port}"
    pin = "SHA256:" + "A" * 43
    for host_key in ("known", "accept-new", pin):
        with pytest.raises(chat.HostKeyUnknown, match=re.escape(server.fingerprint)):
            chat.ssh(where, config=config, jump=f"localhost:{server.port}", host_key=host_key)


@pytest.fixture
def shared(client):
    """The options of clients that share a connection, and how to end it."""
    directory = tempfile.mkdtemp(prefix="c")  # a socket's path is short
    path = f"{directory}/s"
    yield with_options(client, ControlMaster="auto", ControlPath=path)
    stop = ["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "any"]
    subprocess.run(stop, capture_output=True, check=False)
    shutil.rmtree(directory)


def test_a_connection_is_shared(where, shared, keys, account):
    """The second login needs neither key nor password."""
    with chat.ssh(where, identity=keys["plain"], **shared) as first:
        with chat.ssh(where, **with_options(shared, PubkeyAuthentication="no")) as second:
            assert second.run("id -un").output == f"{account.name}\n"
        assert first.run("id -un").output == f"{account.name}\n"


def test_a_connection_that_persists_outlives_its_first_session(where, shared, keys, account):
    lasting = with_options(shared, ControlPersist="60")
    with chat.ssh(where, identity=keys["plain"], **lasting) as first:
        assert first.run("id -un").output == f"{account.name}\n"
    with chat.ssh(where, **with_options(lasting, PubkeyAuthentication="no")) as second:
        assert second.run("id -un").output == f"{account.name}\n"


def test_a_pinned_key_is_seen_even_where_a_connection_could_be_shared(where, shared, keys):
    with (
        chat.ssh(where, identity=keys["plain"], **shared),
        pytest.raises(chat.HostKeyChanged),
    ):
        chat.ssh(where, identity=keys["plain"], host_key="SHA256:" + "A" * 43, **shared)


# ── the shell behind it ───────────────────────────────────────────────────────────────────


def test_a_banner_that_asks_is_not_answered(start_server, account, client, tmp_path):
    banner = tmp_path / "banner"
    banner.write_text("Enter passphrase for key '/root/.ssh/id': \nroot@bank's password: ")
    server = start_server(Banner=str(banner))
    known = server.known(tmp_path / "known")
    with chat.ssh(
        f"ssh://{account.name}@127.0.0.1:{server.port}",
        password=account.password,
        passphrase="the passphrase",
        **with_options(client, UserKnownHostsFile=str(known)),
    ) as host:
        assert host.run("id -un").output == f"{account.name}\n"


GREETING = r"""
printf 'Last login\n$ # root@host:~# \nroot@host'"'"'s password: \n'
printf '\036 0\036 not yours\n> '
PS1='\[\e[31m\]\u\n[password: ] $ # > '
PROMPT_COMMAND='echo before the prompt'
export PS1
"""


@pytest.mark.parametrize("kind", ["sh", "bash", "zsh"])
@pytest.mark.parametrize(
    ("login", "files"),
    [("/bin/bash", ".bash_profile"), ("/bin/dash", ".profile"), ("/bin/zsh", ".zshrc")],
    ids=["bash", "dash", "zsh"],
)
def test_any_shell_that_greets_with_anything_is_replaced(
    where, client, keys, account, kind, login, files
):
    account.set_shell(login)
    account.write(files, GREETING)
    try:
        with chat.ssh(where, kind=kind, identity=keys["plain"], **client) as host:
            assert host.run("printf 'half a line'; false").output == "half a line"
            assert host.run("echo $0; pwd").lines == [kind, str(account.home)]
            assert host.run("(exit 7)").exit_status.code == 7
    finally:
        account.set_shell("/bin/bash")
        account.remove(files)


def test_what_reads_the_first_line_before_the_shell_does_not_keep_it_all(
    where, client, keys, account
):
    account.write(".bash_profile", "read -p 'press enter ' x; PS1=\n")
    try:
        with chat.ssh(where, identity=keys["plain"], **client) as host:
            assert host.run("echo in").output == "in\n"
    finally:
        account.remove(".bash_profile")


def test_a_shell_that_is_not_there_is_named(where, client, keys, account):
    account.write(".bash_profile", "mkdir -p bin; ln -sf $(command -v sh) bin; PATH=~/bin\n")
    try:
        with pytest.raises(chat.CommandNotFound, match="no such shell"):
            chat.ssh(where, kind="zsh", identity=keys["plain"], **client)
    finally:
        account.remove(".bash_profile", "bin/sh")


RELAY = """
import os, select, socket, sys, threading, time

def late(read, write):
    # What came is passed on 0.4 s later, in order: a line by way of a satellite.
    came = []
    more = threading.Event()
    def pass_on():
        while True:
            more.wait()
            due, data = came[0]
            time.sleep(max(0, due - time.monotonic()))
            if not data:
                os._exit(0)
            while data:
                data = data[os.write(write, data):]
            came.pop(0)
            if not came:
                more.clear()
                if came:
                    more.set()
    threading.Thread(target=pass_on, daemon=True).start()
    while True:
        data = os.read(read, 65536)
        came.append((time.monotonic() + 0.4, data))
        more.set()
        if not data:
            return

s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
threading.Thread(target=late, args=(0, s.fileno())).start()
late(s.fileno(), 1)
"""


def test_a_slow_link_is_no_matter(where, client, keys, account, server, tmp_path):
    relay = tmp_path / "relay.py"
    relay.write_text(RELAY)
    slow = with_options(client, ProxyCommand=f"{sys.executable} {relay} {server.port}")
    with chat.ssh(where, identity=keys["plain"], **{**slow, "timeout": 40}) as host:
        for number in range(3):
            assert host.run(f"echo {number}").output == f"{number}\n"


def test_a_connection_that_drops_ends_the_shell(where, client, keys):
    host = chat.ssh(where, identity=keys["plain"], **client)
    with pytest.raises(chat.ShellExited) as caught:
        host.run("echo so far; read x; kill -9 $PPID; sleep 30", respond={"so far": "go on"})
    assert caught.value.output.startswith("so far")
    assert caught.value.exit_status.code == 255
    with pytest.raises(chat.SessionClosed):
        host.run("echo more")


# ── sudo ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def host(where, client, keys):
    with chat.ssh(where, identity=keys["plain"], **client) as opened:
        opened.run("sudo -k")
        yield opened


def test_sudo_takes_its_own_secret_and_returns_the_command_s_own_output(host, account):
    secret = chat.Secret(account.password)
    done = host.sudo("id -un; cat; printf 'half a line'; exit 7", secret)
    assert (done.output, done.exit_status.code) == ("root\nhalf a line", 7)
    # The second time it does not ask.
    assert host.sudo("echo \"it's\" \\\\; echo '$HOME'", secret).output == "it's \\\n$HOME\n"
    assert host.run("id -un").output == f"{account.name}\n"


def test_sudo_runs_as_whom_it_is_told(host, account):
    assert host.sudo("id -un", account.password, user="nobody").output == "nobody\n"


def test_a_command_under_sudo_may_ask_too(host, account):
    done = host.sudo(
        "printf 'name? '; read name; echo hello $name",
        account.password,
        respond={"name? ": "bob"},
    )
    assert done.output.endswith("hello bob\n")


def test_a_command_that_fails_under_sudo_is_no_failure_of_sudo(host, account):
    assert host.sudo("false", account.password).exit_status.code == 1
    with pytest.raises(chat.CommandFailed):
        host.sudo("false", account.password, check=True)


def test_a_wrong_password_of_sudo_is_said_after_one_try(host, account):
    with pytest.raises(chat.SudoFailed, match="the password was not accepted") as caught:
        host.sudo("id", "not-the-one")
    assert isinstance(caught.value, PermissionError)
    assert "not-the-one" not in str(caught.value) + caught.value.output
    assert host.run("echo on").output == "on\n"


def test_sudo_without_a_password_says_that_it_wants_one(host):
    with pytest.raises(chat.SudoFailed, match="asks for a password, and none was given"):
        host.sudo("id")
    assert host.run("echo on").output == "on\n"


def test_a_command_under_sudo_that_takes_too_long_is_interrupted(host, account):
    with pytest.raises(chat.RunTimeout) as caught:
        host.sudo("echo begun; exec sleep 60", account.password, timeout=1.5)
    assert caught.value.output == "begun\n"
    assert host.run("echo on").output == "on\n"


def test_who_is_not_in_the_sudoers_file_is_told(host, account):
    rules = f"/etc/sudoers.d/{account.name}"
    text = as_root("cat", rules)
    as_root("rm", rules)
    try:
        with pytest.raises(chat.SudoFailed, match="not in the sudoers file"):
            host.sudo("id", account.password)
    finally:
        as_root("sh", "-c", f"umask 0227; cat >{rules}", given=text)


def test_sudo_without_a_terminal_says_so(account):
    """A shell on pipes, in a session of its own: there is no terminal to ask on."""
    argv = ["setsid", "-w", *AS_ROOT, "su", "-s", "/bin/sh", account.name, "-c", "exec sh -i"]
    near, far = socket.socketpair()
    with far:
        child = subprocess.Popen(
            argv, stdin=far.fileno(), stdout=far.fileno(), stderr=far.fileno()
        )
    try:
        session = chat.Session(DescriptorTransport(near.detach()), timeout=20)
        with (
            chat.shell(session, kind="sh") as shell,
            pytest.raises(chat.SudoFailed, match="wants a terminal"),
        ):
            shell.sudo("id", account.password)
    finally:
        child.terminate()
        child.wait(10)


# ── by URL ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["utf-8", None])
def test_a_url_reaches_it_too(where, client, keys, account, encoding):
    given = {**client, "identity": keys["plain"], "encoding": encoding}
    with chat.connect(where, command=["id", "-un"], **given) as session:
        said = session.read().splitlines()[0]
    assert said == (account.name if encoding else account.name.encode())


def test_the_time_to_connect_is_the_time_to_log_in(client, server_that_says):
    with pytest.raises(chat.ConnectTimeout, match=r"not logged in after 0\.5 s"):
        chat.connect(server_that_says(b""), config="none", connect_timeout=0.5)
