"""In the place of pexpect, for programs that import it and are not to be changed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import pexpect

VARIABLE: Final = "CHAT_COMPAT_PEXPECT"
"""The environment variable by which a run of pytest asks for it, if it is not empty."""

MODULES: Final = (
    *("exceptions", "expect", "fdpexpect", "popen_spawn", "pty_spawn", "pxssh", "replwrap"),
    *("run", "socket_pexpect", "spawnbase", "utils"),
)
"""The modules of this package that take the place of pexpect's of the same names."""


def take_its_place() -> None:
    """From here on `import pexpect`, of it or of a part of it, gives this package."""
    package = __name__.rpartition(".")[0]
    ours = import_module(package)
    parts = {name: import_module(f"{package}.{name}") for name in MODULES}
    # What has no place here, pexpect has itself.
    ours.__path__ = [*pexpect.__path__, *ours.__path__]
    sys.modules["pexpect"] = ours
    for name, part in parts.items():
        sys.modules[f"pexpect.{name}"] = part
