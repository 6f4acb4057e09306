"""A child that is a function of this program: `pipe_open_self`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Unpack, overload

from chat.errors import SpawnFailed
from chat.opening.beginning import begin
from chat.opening.options import SessionOptions
from chat.session import Session
from chat.transports.forked import Identity, fork_on_pipes


@overload
def pipe_open_self(
    function: Callable[[], object],
    *,
    encoding: str = ...,
    user: str | int | None = ...,
    group: str | int | None = ...,
    keep: Iterable[int] = ...,
    **options: Unpack[SessionOptions],
) -> Session[str]: ...
@overload
def pipe_open_self(
    function: Callable[[], object],
    *,
    encoding: None,
    user: str | int | None = ...,
    group: str | int | None = ...,
    keep: Iterable[int] = ...,
    **options: Unpack[SessionOptions],
) -> Session[bytes]: ...
def pipe_open_self(
    function: Callable[[], object],
    *,
    encoding: str | None = "utf-8",
    user: str | int | None = None,
    group: str | int | None = None,
    keep: Iterable[int] = (),
    **options: Unpack[SessionOptions],
) -> Session[Any]:
    """Fork a child that runs a function, connected to this process: a safe pipe open.

        def save():
            with open("/safe/file", "w") as file:
                file.writelines(sys.stdin)

        with chat.pipe_open_self(save, user="nobody") as keeper:
            keeper.sendline("some data")
            keeper.sendeof()
            assert keeper.wait().ok

    In the child `sys.stdin` and `sys.stdout` are the two ways of the session, in UTF-8; its
    errors go where this process's do. A number that the function returns is the exit status;
    what it raises is shown as a traceback, with status 1. It may also become a program:
    `os.execvp(name, arguments)`, without a shell.

    The child leads a session of its own, and has signals at their defaults. Descriptors above
    2 lead to nothing there unless they are kept. A fork copies this process while other
    threads of it may be in the middle of something: in a program with threads, have the
    function do little, or better use `open2`.

    Args:
        function: What the child runs.
        user: Who it becomes before, for good: a name or a number.
        group: The same for its group; left out: those of the user.
        keep: Descriptors that stay open in the child.
        encoding, options: As in `open2`.

    Raises:
        SpawnFailed: There can be no child; there is no such user or group; or this process
            may not become that.
        TypeError, ValueError, LookupError: An option is not one.
    """
    try:
        identity = Identity.named(user, group)
    except KeyError as error:
        name = getattr(function, "__qualname__", "a function")
        raise SpawnFailed(name, str(error.args[0])) from error
    started = fork_on_pipes(function, identity, frozenset(keep))
    return begin(started.transport(), encoding, **options)
