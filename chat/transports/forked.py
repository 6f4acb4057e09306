"""A child that runs a function of this program, connected to it by pipes.

This is the fork of old, with what is needed to make it safe. Everything that can fail for
want of a name is looked up before; the child says over a pipe of its own, which closes when
it is ready, what else went wrong. In the child, in this order: it leads a session of its own,
signals are at their defaults, the pipes are its standard descriptors, no other descriptor is
open but those to keep, and its privileges are gone for good.

A descriptor that is not kept is not closed, but led to nothing: the objects of this program
that hold it live on in the child, and must not come to hold a stranger's in its place. Were
they left, a child would keep other sessions' pipes open, whose ends would then never come.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, NoReturn, final

from chat.errors import SpawnFailed
from chat.timing import BESIDE
from chat.transports.pipes import Ends, Plan, Started
from chat.transports.spawning import DEFAULTED

FAILED: Final = 1
"""What a child returns whose function raised, as Python does."""


@final
@dataclass(frozen=True, slots=True)
class Identity:
    """The user and the group to become.

    Attributes:
        user: The user's number; `None`: no other than now.
        group: The group's number; `None`: no other than now.
        groups: The further groups; `None`: no others than now.
    """

    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] | None = None

    @classmethod
    def named(cls, user: str | int | None, group: str | int | None) -> Identity:
        """Look a user and a group up.

        A user given without a group brings the groups that the user database lists.

        Raises:
            KeyError: There is no such user or group, or a user without a group that is known.
        """
        import grp  # start-up cost: few become somebody else
        import pwd

        gid = grp.getgrnam(group).gr_gid if isinstance(group, str) else group
        if user is None:
            return cls(None, gid, None if gid is None else (gid,))
        entry = None
        if isinstance(user, str):
            entry = pwd.getpwnam(user)
        else:
            with contextlib.suppress(KeyError):  # a number needs no name
                entry = pwd.getpwuid(user)
        uid = user if entry is None else entry.pw_uid
        assert isinstance(uid, int)
        if entry is not None and gid is None:
            groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
            return cls(uid, entry.pw_gid, tuple(groups))
        if gid is None:
            raise KeyError(f"user {uid} is not in the user database: say which group")
        return cls(uid, gid, (gid,))

    def assume(self) -> None:
        """Become it, with no way back.

        Raises:
            OSError: That is not permitted, or did not take.
        """
        if self.groups is not None and os.geteuid() == 0:
            os.setgroups(self.groups)
        if self.group is not None:
            os.setregid(self.group, self.group)
        if self.user is not None:
            os.setreuid(self.user, self.user)
            if self.user != 0:
                _check_no_way_back()


def _check_no_way_back() -> None:
    try:
        os.seteuid(0)
    except OSError:
        return
    raise PermissionError("privileges could be taken back")


def fork_on_pipes(
    function: Callable[[], object], identity: Identity, keep: Collection[int]
) -> Started:
    """Fork a child that runs a function with pipes as its standard input and output.

    Args:
        function: What it runs. What it returns, if a number, is the child's exit status.
        identity: Who it becomes before.
        keep: Descriptors that stay open in it.

    Raises:
        SpawnFailed: There can be no child, or it could not become who it should.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    plan = Plan()
    with Ends() as ends:
        try:
            child, ours = ends.open_for(plan)
            told, telling = ends.pipe()
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    stream.flush()  # or it would be there twice
            pid = os.fork()
        except OSError as error:
            raise SpawnFailed(name, os.strerror(error.errno or 0), code=error.errno) from error
        if pid == 0:
            _be_child(function, identity, child, telling, keep)
        ends.close(telling)
        trouble = _hear(told)
        if trouble is not None:
            os.waitpid(pid, 0)
            raise SpawnFailed(name, trouble[1], code=trouble[0])
        ends.keep(*ours)
    return Started(pid, (name,), plan, *ours)


def _hear(told: int) -> tuple[int | None, str] | None:
    """What the child says went wrong before it was ready, if anything."""
    said = b""
    while piece := os.read(told, 4096):
        said += piece
    if not said:
        return None
    number, _, words = said.decode("utf-8", "replace").partition(" ")
    return (int(number) or None, words)


def _be_child(
    function: Callable[[], object],
    identity: Identity,
    child: tuple[int | None, int | None, int | None],
    telling: int,
    keep: Collection[int],
) -> NoReturn:
    """Become the child, run the function, and end: nothing of the parent's runs on."""
    code = FAILED
    try:
        try:
            _prepare(identity, child, {*keep, telling})
        except BaseException as error:  # noqa: BLE001  (told to the parent, which raises)
            number = error.errno if isinstance(error, OSError) else 0
            words = os.strerror(number) if number else str(error)
            os.write(telling, f"{number or 0} {words}".encode())
        else:
            os.close(telling)
            code = _run(function)
    finally:
        os._exit(code)


def _prepare(
    identity: Identity, child: tuple[int | None, int | None, int | None], keep: set[int]
) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    BESIDE.clear()  # nor is there a handler any more whose calls a wait would see to
    for number in DEFAULTED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for target, source in enumerate(child):
        if source is not None:
            os.dup2(source, target)
    _lead_to_nothing(keep)
    identity.assume()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(  # noqa: SIM115
        1, "w", encoding="utf-8", buffering=1, closefd=False
    )


def _lead_to_nothing(keep: set[int]) -> None:
    """Take away every descriptor but the standard ones and those to keep."""
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208  (names)
        descriptor = int(name)
        if descriptor > 2 and descriptor != nothing and descriptor not in keep:
            with contextlib.suppress(OSError):  # the one this list was read through
                os.fstat(descriptor)
                os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


def _run(function: Callable[[], object]) -> int:
    """Run the function as a program of its own; its exit status."""
    try:
        returned = function()
        sys.stdout.flush()
    except SystemExit as stop:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0
        os.write(2, f"{stop.code}\n".encode())
        return FAILED
    except BaseException:  # noqa: BLE001  (a program says what ended it, and ends)
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os.write(2, traceback.format_exc().encode("utf-8", "backslashreplace"))
        return FAILED
    return returned if isinstance(returned, int) and not isinstance(returned, bool) else 0
