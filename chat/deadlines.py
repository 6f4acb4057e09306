"""The time that a whole block may take, for every session that is used in it.

    with chat.deadline(30):
        s.expect("login: ")     # as long as its own timeout says, but not beyond the 30 s
        s.sendline(name)

Three lengths of time are told apart. A *timeout* is how long one operation may take, *idle*
how long the other side may be silent in it, and a *deadline* how long a block may take that
holds many operations. A wait ends with whichever comes first, and its error says which.

The deadline of a block is kept in a context variable. It holds for what the block calls and
for the asyncio tasks it starts; a thread that is started in it knows of it if it runs in a
copy of the context, as those of `asyncio.to_thread` do.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from functools import wraps
from typing import Any, Final, Self, final

from chat.errors import seconds as in_words
from chat.timing import SYSTEM_CLOCK, Clock, check_seconds, deadline_after


@final
class Deadline(ContextDecorator):
    """A block with a deadline; made by `chat.deadline`. Also decorates a function.

    Attributes:
        seconds: How long the block may take.
    """

    def __init__(self, seconds: float, *, clock: Clock = SYSTEM_CLOCK) -> None:
        if seconds is None:
            raise TypeError("a deadline is a number of seconds, not None")
        check_seconds("a deadline", seconds)
        self.seconds: Final = seconds
        self._clock: Final = clock
        self._due = 0.0
        self._token: Token[Deadline | None] | None = None

    def _recreate_cm(self) -> Deadline:
        # What ContextDecorator calls: each call of a decorated function has a block of its own.
        return Deadline(self.seconds, clock=self._clock)

    def __call__(self, function: Any) -> Any:  # of any shape, which it keeps
        """Give each call of a function such a deadline, also of a coroutine function."""
        from inspect import iscoroutinefunction  # start-up cost: only for decorators

        if not iscoroutinefunction(function):
            return super().__call__(function)

        @wraps(function)
        async def bounded(*args: Any, **options: Any) -> Any:
            with self._recreate_cm():
                return await function(*args, **options)

        return bounded

    def __enter__(self) -> Self:
        if self._token is not None:
            raise RuntimeError("this deadline is in use; make another one for an inner block")
        self._due = self._clock.now() + self.seconds
        outer = _EARLIEST.get()
        sooner = outer is not None and outer.left() <= self.seconds
        self._token = _EARLIEST.set(outer if sooner else self)
        return self

    def __exit__(self, *_: object) -> None:
        token, self._token = self._token, None
        assert token is not None
        _EARLIEST.reset(token)

    def __repr__(self) -> str:
        state = "not entered" if self._token is None else f"{max(0.0, self.left()):.3g} s left"
        return f"<Deadline of {in_words(self.seconds)}: {state}>"

    def left(self) -> float:
        """Seconds left; negative once it has passed."""
        return self._due - self._clock.now()

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.left() <= 0


_EARLIEST: ContextVar[Deadline | None] = ContextVar("chat.deadline", default=None)


def deadline(seconds: float, *, clock: Clock = SYSTEM_CLOCK) -> Deadline:
    """Bound all that sessions do in a block, or in a function that this decorates.

    Of nested deadlines the earliest counts. Other code is not interrupted; that is what
    `chat.timeout` does.

    Args:
        seconds: How long all of it may take. 0: look, do not wait.
        clock: What to ask about time; for tests.

    Raises:
        TypeError, ValueError: That is no length of time.
    """
    return Deadline(seconds, clock=clock)


def earliest() -> Deadline | None:
    """The deadline that ends first of those in force here; `None`: there is none."""
    return _EARLIEST.get()


def shortened(seconds: float | None) -> float | None:
    """What is left of so many seconds (`None`: no limit) under the deadline in force."""
    scope = _EARLIEST.get()
    if scope is None:
        return seconds
    left = max(0.0, scope.left())
    return left if seconds is None else min(seconds, left)


def due_after(seconds: float | None, clock: Clock = SYSTEM_CLOCK) -> float | None:
    """When what may take so many seconds has to end, on the clock; `None`: never."""
    return deadline_after(clock.now(), shortened(seconds))


def within(seconds: float | None) -> str:
    """Say in an error in what time something was tried: its own, or a block's deadline."""
    scope = _EARLIEST.get()
    if scope is not None and scope.passed:
        return f"by the deadline of {in_words(scope.seconds)}"
    return "without limit" if seconds is None else f"in {in_words(seconds)}"


def waited(what: str, seconds: float | None) -> str:
    """Say in an error how long something was waited for."""
    scope = _EARLIEST.get()
    if scope is not None and scope.passed:
        return f"waited for {what} until the deadline of {in_words(scope.seconds)}"
    return f"waited {in_words(seconds)} for {what}"
