"""perlipc, "Safe Pipe Opens": a child that is this program, and has given up its privileges.

Started as root, its children are nobody; started by anybody else, they stay who they are.
"""

import os
import sys
import tempfile
from pathlib import Path

import chat

USER = "nobody" if os.geteuid() == 0 else None


def write_safely(path: Path) -> None:
    """Perl's open(KID_TO_WRITE, "|-"): what the parent writes is the child's input."""

    def save() -> None:
        with path.open("w") as file:
            file.writelines(sys.stdin)

    with chat.pipe_open_self(save, user=USER) as kid:
        kid.send("some data\nmore data\n")
        kid.sendeof()
        print(f"the kid {kid.wait()}")


def read_without_a_shell(*command: str) -> str:
    """Perl's safe backticks: open(KID_TO_READ, "-|"), and then exec."""
    with chat.pipe_open_self(lambda: os.execvp(command[0], command), user=USER) as kid:
        kid.sendeof()
        return kid.read()


def write_without_a_shell(*command: str) -> None:
    """The same for writing; a program that is gone is an error, and no signal."""
    with chat.pipe_open_self(lambda: os.execvp(command[0], command), user=USER) as kid:
        kid.wait()
        try:
            kid.sendline("anybody?")
        except chat.PeerGone:
            print(f"whoops, {command[0]} pipe broke")


with tempfile.TemporaryDirectory() as directory:
    Path(directory).chmod(0o777)
    target = Path(directory) / "file"
    write_safely(target)
    print(target.read_text(), end="")
    print("written by", target.owner())
print(read_without_a_shell("echo", "$HOME `id` stay as they are"), end="")
write_without_a_shell("true")
