"""A real sshd on the loopback, with a key and accounts of its own.

Password logins need an account with a password, which takes root. The tests run as root in a
container; elsewhere they use `sudo -n`, and fail with that reason where it is not possible.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SSHD = "/usr/sbin/sshd"
AS_ROOT = [] if os.getuid() == 0 else ["sudo", "-n"]
PASSPHRASE = "correct horse"


def as_root(*argv: str, given: str | None = None) -> str:
    done = subprocess.run(
        [*AS_ROOT, *argv], input=given, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.fail(
            f"these tests need root (or sudo -n) to make an account that can log in;"
            f" {argv[0]} said: {done.stderr.strip()}"
        )
    return done.stdout


@dataclass(frozen=True)
class Account:
    """A user of this machine, for as long as the tests run."""

    name: str
    password: str
    home: Path

    def write(self, path: str, text: str) -> None:
        """Write a file of the user's."""
        where = self.home / path
        as_root("sh", "-c", f'mkdir -p "{where.parent}"; cat >"{where}"', given=text)
        as_root("chown", "-R", self.name, str(where if "/" not in path else where.parent))

    def remove(self, *paths: str) -> None:
        for path in paths:
            as_root("rm", "-f", str(self.home / path))

    def set_shell(self, program: str) -> None:
        as_root("usermod", "-s", program, self.name)


@dataclass
class Server:
    """An sshd: a listener of ours, that starts one for each connection (`sshd -i`)."""

    directory: Path
    options: dict[str, str]
    listener: socket.socket = field(default_factory=socket.socket)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        self.directory.mkdir()
        key = self.directory / "host_key"
        make_key(key)
        settings = {
            "HostKey": str(key),
            "PidFile": "none",
            "UsePAM": "no",
            "StrictModes": "no",
            "PasswordAuthentication": "yes",
            "PrintMotd": "no",
            "LoginGraceTime": "60",
            **self.options,
        }
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        (self.directory / "config").write_text(lines)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        argv = [*AS_ROOT, SSHD, "-i", "-e", "-f", str(self.directory / "config")]
        with contextlib.suppress(OSError), (self.directory / "log").open("wb") as log:
            while True:
                near, _ = self.listener.accept()
                with near:
                    self.started.append(
                        subprocess.Popen(
                            argv, stdin=near.fileno(), stdout=near.fileno(), stderr=log
                        )
                    )

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.started:
            each.terminate()
            each.wait(10)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def public_key(self) -> str:
        return (self.directory / "host_key.pub").read_text()

    @property
    def fingerprint(self) -> str:
        argv = ["ssh-keygen", "-lf", str(self.directory / "host_key.pub")]
        return subprocess.check_output(argv, text=True).split()[1]

    def known(self, path: Path, key: str | None = None) -> Path:
        """Write a file of known hosts, with this server's key or another."""
        kind, blob, *_ = (key or self.public_key).split()
        path.write_text(f"[127.0.0.1]:{self.port} {kind} {blob}\n")
        return path


def make_key(path: Path, passphrase: str = "") -> Path:
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", str(path)]
    subprocess.run(argv, check=True)
    return path


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Keys that log in (`plain`, `closed` with a passphrase), and one that does not."""
    directory = tmp_path_factory.mktemp("keys")
    return {
        "plain": make_key(directory / "plain"),
        "closed": make_key(directory / "closed", PASSPHRASE),
        "stranger": make_key(directory / "stranger"),
    }


@pytest.fixture(scope="session")
def account(keys) -> Iterator[Account]:
    """An account with a password, which takes the keys, and may use sudo."""
    name = f"chat{secrets.token_hex(4)}"
    as_root("useradd", "-m", "-s", "/bin/bash", "-c", "made by a test of chat", name)
    rules = f"/etc/sudoers.d/{name}"
    try:
        made = Account(name, secrets.token_urlsafe(12), Path(pwd.getpwnam(name).pw_dir))
        as_root("chpasswd", given=f"{name}:{made.password}\n")
        public = "".join(
            keys[each].with_suffix(".pub").read_text() for each in ("plain", "closed")
        )
        made.write(".ssh/authorized_keys", public)
        as_root("sh", "-c", f"umask 0227; cat >{rules}", given=f"{name} ALL=(ALL) ALL\n")
        yield made
    finally:
        as_root("rm", "-f", rules)
        # Of a session that is just ending, a process may be left.
        as_root("userdel", "--force", "--remove", name)


@pytest.fixture(scope="session")
def start_server(tmp_path_factory) -> Iterator[Callable[..., Server]]:
    """Start an sshd with further settings."""
    if not shutil.which(SSHD):
        pytest.fail(f"{SSHD} is not there (Debian: apt-get install openssh-server)")
    as_root("mkdir", "-p", "/run/sshd")  # where it locks its unprivileged half up
    servers: list[Server] = []

    def start(**options: str) -> Server:
        server = Server(tmp_path_factory.mktemp("sshd") / "etc", options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(start_server) -> Server:
    """The sshd that most tests use."""
    made: Server = start_server()
    return made


@pytest.fixture
def client(server, tmp_path) -> dict[str, object]:
    """The options of a client that knows the server, and has no other configuration."""
    known = server.known(tmp_path / "known_hosts")
    return {
        "config": "none",
        "options": {"UserKnownHostsFile": str(known), "IdentityAgent": "none"},
        "timeout": 20,
    }


@pytest.fixture
def where(account, server) -> str:
    return f"ssh://{account.name}@127.0.0.1:{server.port}"
