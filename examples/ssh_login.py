"""Log in over ssh, with a host key that is pinned, and run commands in a shell there.

What needs another user there is `host.sudo(command, secret)`.
"""

import getpass
import os
import subprocess
import tempfile
from pathlib import Path

import chat

SSHD = "/usr/sbin/sshd"  # Debian: apt-get install openssh-server


def make_key(path: Path) -> str:
    """Make a key pair: its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text()


def server(directory: Path) -> tuple[str, str]:
    """A server of our own, that takes our key: how to reach it, and its fingerprint."""
    make_key(directory / "host_key")
    (directory / "authorized_keys").write_text(make_key(directory / "key"))
    (directory / "sshd_config").write_text(
        f"HostKey {directory}/host_key\nAuthorizedKeysFile {directory}/authorized_keys\n"
        "StrictModes no\nUsePAM no\nPidFile none\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd locks a part of itself up
    listing = ["ssh-keygen", "-lf", str(directory / "host_key")]
    fingerprint = subprocess.check_output(listing, text=True).split()[1]
    return f"{SSHD} -i -f {directory}/sshd_config", fingerprint


with tempfile.TemporaryDirectory() as name:
    command, fingerprint = server(Path(name))
    with chat.ssh(
        f"ssh://{getpass.getuser()}@server.example",
        identity=Path(name) / "key",  # or password=chat.Secret.prompt()
        host_key=fingerprint,  # left out: the host must be among your known hosts
        options={"ProxyCommand": command},  # not over a network, for this example's sake
        config="none",
        timeout=20,
    ) as host:
        print("we are", host.run("id -un").output, end="")
        host.run("cd /etc")
        listed = host.run("ls hostname nonesuch", timeout=5)
        print(listed.output, end="")
        print("ls", listed.exit_status)

    try:
        chat.ssh("ssh://server.example", options={"ProxyCommand": command}, config="none")
    except chat.HostKeyUnknown as error:
        print("without the pin:", error.fingerprint, "is not known")
