"""In the place of pexpect, for programs that import it and are not to be changed."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Final

import pexpect

VARIABLE: Final = "CHAT_COMPAT_PEXPECT"
"""The environment variable by which a run of pytest asks for it, if it is not empty."""

MODULES: Final = (
    *("ANSI", "FSM", "exceptions", "expect", "fdpexpect", "popen_spawn", "pty_spawn"),
    *("pxssh", "replwrap", "run", "screen", "socket_pexpect", "spawnbase", "utils"),
)
"""The modules of pexpect's that are found in this package by the same names."""

real: Final = pexpect
"""pexpect itself, which is not to be had by its name afterwards."""


def take_its_place() -> None:
    """From here on `import pexpect`, of it or of a part of it, gives this package."""
    package = __name__.rpartition(".")[0]
    ours = import_module(package)
    with warnings.catch_warnings():
        # pexpect warns that ANSI and screen are deprecated; nobody has asked for them yet.
        warnings.simplefilter("ignore", UserWarning)
        parts = {name: import_module(f"{package}.{name}") for name in MODULES}
    sys.modules["pexpect"] = ours
    for name, part in parts.items():
        sys.modules[f"pexpect.{name}"] = part
    # `pexpect.run` is the function in pexpect itself, whatever the module is called.
    vars(ours)["run"] = vars(parts["run"])["run"]
