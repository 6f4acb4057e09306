"""The one door to `ptyprocess`: the object that holds a child and the master."""

from __future__ import annotations

from typing import Self

from ptyprocess import PtyProcess


class HeldChild(PtyProcess):  # type: ignore[misc]  # an untyped base is Any to mypy
    """A `PtyProcess` that never sleeps, signals or reaps on its own account.

    It owns the master: `let_go` closes it, once. The rest of `PtyProcess` is there for
    those who know it, but whoever ends the child through it does so behind the back of
    `ChildProcess`.
    """

    pid: int
    fd: int
    closed: bool

    def __init__(self, pid: int, fd: int) -> None:
        super().__init__(pid, fd)
        self.delayafterclose = 0.0
        self.delayafterterminate = 0.0

    @classmethod
    def taken_over(cls, other: PtyProcess) -> Self:
        """The child of another `PtyProcess`, which has nothing to do with it from now on."""
        made = cls.__new__(cls)
        made.__dict__.update(other.__dict__)
        made.delayafterclose = made.delayafterterminate = 0.0
        # Its garbage collection would end the child, and its `isalive` reap it.
        other.closed = other.terminated = True
        return made

    def __del__(self) -> None:
        """Do nothing: the parent's ends the child, and sleeps 100 ms to do it.

        A master that was never closed is closed by its file object, which warns.
        """

    def let_go(self) -> None:
        """Close the master. Twice is once."""
        if not self.closed:
            self.closed = True
            self.fd = -1
            self.fileobj.close()
