"""The steps by which a program is brought to its end, each more insistent than the last.

    EOF     its input ends                        it may be done
    HUP     its terminal is gone                  nobody listens any more
    INT     Ctrl-C                                leave off what you do
    TERM    please end
    KILL    nobody can refuse this one

After each step the program has some seconds; its end is waited for, so that a step that
works costs no more than the program takes. `Termination` says what it took.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from chat.signals.names import name, number
from chat.timing import check_seconds

EOF: Final = "EOF"

RungLike: TypeAlias = "str | tuple[str, float | None]"
LadderLike: TypeAlias = "Sequence[RungLike] | Mapping[str, float | None]"
"""Steps in their order: names, or names with the seconds that each is given; `None`: as long
as it takes."""

LADDER: Final = (EOF, "HUP", "INT", "TERM", "KILL")
"""All the steps there are; any other signal may be one as well."""

USUAL: Final = ("HUP", "TERM", "KILL")
"""The steps of whoever asks for none. An input that is a pipe is ended before."""

KILL_PATIENCE: Final = 5.0
"""Seconds to wait after SIGKILL, if less is given. The signal cannot be refused, but a
process may be deep in the kernel (a dying disk, NFS) and end only when it gets out."""


@final
@dataclass(frozen=True, slots=True)
class Rung:
    """One step.

    Attributes:
        name: `EOF`, or a signal's name.
        seconds: How long to wait for what it brings about; `None`: as long as it takes.
    """

    name: str
    seconds: float | None

    @property
    def signals(self) -> tuple[int, ...]:
        """What it sends. A stopped process acts on most signals only once it is continued."""
        if self.name == EOF:
            return ()
        found = number(self.name)
        return (found,) if found in _AT_ONCE else (found, signal.SIGCONT)


_AT_ONCE: Final = frozenset({signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT})


@final
@dataclass(frozen=True, slots=True)
class Termination:
    """What it took to end a program.

    Attributes:
        step: The step after which it ended, `"EOF"` or a signal's name; `None`: it took none.
        seconds: From the first step until its end was seen.
        steps: All that were taken; more than up to `step` if processes it left took them.
    """

    step: str | None
    seconds: float = 0.0
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.step is None:
            return "it had ended by itself"
        return f"it took {', '.join(self.steps)}; it ended after {self.step}"


def as_ladder(ladder: LadderLike | None, grace: float) -> tuple[Rung, ...]:
    """Check steps and give each its seconds.

    Args:
        ladder: The steps; `None`: the usual ones.
        grace: Seconds for those that have none of their own.

    Raises:
        ValueError: There is no such signal, no step at all, or no such length of time.
        TypeError: That is no ladder.
    """
    check_seconds("grace", grace)
    if ladder is None:
        return tuple(_rung(each, grace) for each in USUAL)
    if isinstance(ladder, str) or not isinstance(ladder, Sequence | Mapping):
        raise TypeError(f"a ladder is a list of steps, not {type(ladder).__name__}")
    pairs = ladder.items() if isinstance(ladder, Mapping) else ladder
    rungs = tuple(
        _rung(each, grace) if isinstance(each, str) else _rung(*each) for each in pairs
    )
    if not rungs:
        raise ValueError("a ladder has one step at least")
    return rungs


def _rung(step: str, seconds: float | None) -> Rung:
    check_seconds(f"the grace of {step}", seconds)
    if step.upper() == EOF:
        return Rung(EOF, seconds)
    found = name(number(step))
    if found == "SIGKILL" and seconds is not None:
        seconds = max(seconds, KILL_PATIENCE)
    return Rung(found, seconds)


def up_to_kill(rungs: Sequence[Rung], grace: float) -> tuple[Rung, ...]:
    """The same steps, with SIGKILL at the end if it is not among them."""
    if any(rung.name == "SIGKILL" for rung in rungs):
        return tuple(rungs)
    return (*rungs, _rung("KILL", grace))


def limited(rungs: Sequence[Rung], seconds: float) -> tuple[Rung, ...]:
    """The same steps, none of which is given more than so many seconds, but for SIGKILL."""
    return tuple(
        rung
        if rung.name == "SIGKILL"
        else Rung(rung.name, seconds if rung.seconds is None else min(rung.seconds, seconds))
        for rung in rungs
    )
