"""An `expect` under way, for whoever waits for several sessions at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import AnyStr, Final, Generic, final

from chat.core import dialogues
from chat.core.dialogues import Arrival, Limits, Receive, Request, Waiting
from chat.core.listening import Listening
from chat.core.match import Match


@final
class PendingExpect(Generic[AnyStr]):
    """A wait that is told what happened, and says whether that ends it.

    It does no I/O: whoever carries it on waits for the session's descriptor, has the session
    `take_in` what came, and tells. Made by `Session.begin_expect`.

    Args:
        listening: What is awaited.
        quiet: Seconds of silence after which what has come counts as all there is.
        noted: Given every match before it is returned, and gives it back.
    """

    __slots__ = ("_flow", "_listening", "_noted", "_request")

    def __init__(
        self,
        listening: Listening[AnyStr],
        quiet: float,
        noted: Callable[[Match[AnyStr]], Match[AnyStr]],
    ) -> None:
        self._listening: Final[Listening[AnyStr]] = listening
        self._noted: Final[Callable[[Match[AnyStr]], Match[AnyStr]]] = noted
        flow: Waiting[AnyStr] = dialogues.wait_for(listening, Limits(), quiet)
        self._flow: Final[Waiting[AnyStr]] = flow
        self._request: Request[AnyStr] = next(flow)

    @property
    def awaited(self) -> tuple[str, ...]:
        """The patterns in words, for errors."""
        return tuple(self._listening.awaited.descriptions)

    @property
    def silence(self) -> float | None:
        """Seconds without anything coming, from the last `tell` on, that decide something."""
        return self._request.silence if isinstance(self._request, Receive) else None

    def place(self) -> int | None:
        """Where the match ends that what has come decides, if it does. It stays unconsumed.

        Returns:
            The offset behind it, in the session's stream.
        """
        found = self._listening.find()
        if found is None:
            return None
        _, hit = found
        return self._listening.view.offsets(hit.start, hit.end)[1]

    def look(self) -> Match[AnyStr] | None:
        """The match that what has come decides, which is consumed."""
        return self._note(self._listening.scan())

    def settle(self) -> Match[AnyStr] | None:
        """The match if what has come is all there will be."""
        return self._note(self._listening.settle())

    def tell(self, arrival: Arrival) -> Match[AnyStr] | None:
        """Say that more has come, or that it was silent, or that this is the end of it.

        Behind `ENDED` and `EXPIRED`, the wait is over, also if there is no match.
        """
        try:
            self._request = self._flow.send(arrival)
        except StopIteration as stop:
            outcome: Match[AnyStr] | Arrival = stop.value
            return None if isinstance(outcome, Arrival) else self._note(outcome)
        return None

    def _note(self, match: Match[AnyStr] | None) -> Match[AnyStr] | None:
        return None if match is None else self._noted(match)
