"""pexpect, on `chat`'s parts: change one import, and nothing else.

    from chat.compat import pexpect

Everything that pexpect documents is here, by its names, in modules of its names. The classes
are built on pexpect's own, so that `isinstance` and `except pexpect.TIMEOUT` hold on either
side, and beneath them are `chat`'s transport and matcher: children start without a fork, no
text is searched twice, nothing sleeps, and where pexpect hangs or loses data, this does not.

`python -m chat.compat.pexpect script.py` runs a script that imports pexpect as it is, and with
`CHAT_COMPAT_PEXPECT=1` in the environment so does pytest. `MIGRATING.md` beside this file says
which call of `chat` takes the place of which call of pexpect.

    unread, expect, sending     what a child has said, waiting in it, answering it
    pty_spawn, child            programs on a pseudo-terminal
    interacting                 handing one to a person
    popen_spawn, fdpexpect, socket_pexpect      on pipes, descriptors, sockets
    asynchronous                `async_=True`
    run, replwrap, pxssh        what stands on a child
    exceptions, utils, FSM, ANSI, screen        pexpect's own, as they are
    swapping                    in the place of pexpect, for scripts that are not changed
"""

from __future__ import annotations

from pexpect import (
    EOF,
    PY3,
    TIMEOUT,
    ExceptionPexpect,
    __revision__,
    __version__,
    is_executable_file,
    split_command_line,
    which,
)

from chat.compat.pexpect import exceptions, expect, pty_spawn, spawnbase, utils
from chat.compat.pexpect.expect import Expecter, searcher_re, searcher_string
from chat.compat.pexpect.pty_spawn import spawn, spawnu
from chat.compat.pexpect.run import run, runu

__all__ = [
    "EOF",
    "PY3",
    "TIMEOUT",
    "ExceptionPexpect",
    "Expecter",
    "__revision__",
    "__version__",
    "exceptions",
    "expect",
    "is_executable_file",
    "pty_spawn",
    "run",
    "runu",
    "searcher_re",
    "searcher_string",
    "spawn",
    "spawnbase",
    "spawnu",
    "split_command_line",
    "utils",
    "which",
]
