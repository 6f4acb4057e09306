"""The blocking driver: carries dialogues out on a channel."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, AnyStr, Final, Generic, cast, final

from chat.channel import Channel
from chat.core.dialogues import Answer, Arrival, Inspect, Receive, Request, Transmit
from chat.core.match import Match
from chat.deadlines import within
from chat.errors import EchoStillOn, PeerGone, SendTimeout
from chat.events import Sent
from chat.pacing import Pace
from chat.timing import seconds_until
from chat.values import Secret


@final
class Driver(Generic[AnyStr]):
    """Does what dialogues ask for, one request after the other, by blocking.

    Args:
        channel: What to receive from and send to.
        newline: What ends a line that is sent.
        pace: How fast to send; `None`: as fast as it is taken.
    """

    __slots__ = ("_channel", "_due", "_kind", "_pace", "newline")

    def __init__(
        self, channel: Channel[AnyStr], newline: AnyStr, pace: Pace | None = None
    ) -> None:
        self._channel: Final[Channel[AnyStr]] = channel
        self._kind: Final[type[Any]] = type(channel.stream.empty)
        self.newline: Final[AnyStr] = newline
        self._pace: Final = pace
        self._due = 0.0  # when the next byte may go, if there is a pace

    def drive(
        self, flow: Generator[Request[AnyStr], Any, Match[AnyStr] | Arrival]
    ) -> Match[AnyStr] | Arrival:
        """Carry a dialogue out, and return what it returns."""
        receive, outcome = self._channel.receive, None
        try:
            request = next(flow)
            while True:
                if isinstance(request, Receive):
                    request = flow.send(receive(request))
                elif isinstance(request, Inspect):
                    request = flow.send(self._channel.activity())
                else:
                    self._say(request)
                    request = flow.send(outcome)
        except StopIteration as stop:
            result: Match[AnyStr] | Arrival = stop.value
            return result

    def _say(self, request: Answer[AnyStr] | Transmit[AnyStr]) -> None:
        left = seconds_until(request.deadline, self._channel.clock.now())
        if isinstance(request, Transmit):
            self.send_line(request.line, left)
            return
        answer = request.answer
        said = answer(request.match) if callable(answer) else answer
        if isinstance(said, Secret):
            self.send_secret(said, left, allow_echo=False)
        elif said is not None:
            self.send_line(self.checked(said), left)

    def checked(self, text: object) -> AnyStr:
        """Refuse what is not of the session's kind.

        Raises:
            TypeError: It is text in a session of bytes, or the reverse, or neither.
        """
        if isinstance(text, self._kind):
            return cast("AnyStr", text)
        if isinstance(text, Secret):
            raise TypeError("a Secret is sent by send_secret()")
        raise TypeError(f"this session sends {self._kind.__name__}, not {type(text).__name__}")

    def send(self, text: AnyStr, timeout: float | None) -> int:
        """Send it all within so many seconds, and say how many bytes that was."""
        channel = self._channel
        sent = self._transmit(channel.codec.encode(text), timeout)
        if channel.listeners:
            channel.emit(Sent(text))
        return sent

    def send_line(self, text: AnyStr, timeout: float | None) -> int:
        """Send it with the end of a line, unless it brings one along."""
        line: Any = text
        ends: Any = (b"\n", b"\r") if isinstance(line, bytes) else ("\n", "\r")
        return self.send(line if line.endswith(ends) else line + self.newline, timeout)

    def send_secret(self, secret: Secret, timeout: float | None, *, allow_echo: bool) -> None:
        """Send a secret as a line, once the terminal does not show what is typed.

        Raises:
            EchoStillOn: It shows it all that time; nothing was sent.
        """
        channel = self._channel
        channel.check_open()
        deadline = channel.deadline(timeout)
        if not allow_echo and not channel.wait_no_echo(deadline):
            raise EchoStillOn(
                "the terminal still shows what is typed, so the secret was not sent;"
                f" allow_echo=True sends it all the same\n{channel.state()}"
            )
        plain: Any = secret.reveal()
        line = (plain.encode() if self._kind is bytes else plain) + self.newline
        left = seconds_until(deadline, channel.clock.now())
        self._transmit(channel.codec.encode(line), left)
        if channel.listeners:
            channel.emit(Sent(channel.stream.empty, secret=True))

    def _transmit(self, data: bytes, timeout: float | None) -> int:
        if self._pace is None:
            return self._channel.transmit(data, timeout)
        return self._transmit_at(self._pace, data, timeout)

    def _transmit_at(self, pace: Pace, data: bytes, timeout: float | None) -> int:
        """Send piece by piece, each when its time has come, reading what comes meanwhile."""
        channel, now, sent = self._channel, self._channel.clock.now, 0
        channel.check_open()
        channel.check_lines(data)
        deadline = channel.deadline(timeout)
        for stop, pause in pace.pieces(data):
            if not self._await_turn(deadline):
                raise SendTimeout(
                    f"sent {sent} of {len(data)} bytes {within(timeout)}:"
                    f" at its pace there is no time for more\n{channel.state()}",
                    sent=sent,
                    total=len(data),
                )
            try:
                channel.transmit(data[sent:stop], seconds_until(deadline, now()))
            except (SendTimeout, PeerGone) as error:
                reached = sent + error.sent
                said = f"sent {reached} of {len(data)} bytes at their pace\n{error}"
                raise type(error)(said, sent=reached, total=len(data)) from error
            sent, self._due = stop, now() + pause
        return sent

    def _await_turn(self, deadline: float | None) -> bool:
        """Wait until the next byte may go, hearing what is said; `False`: the time is up."""
        channel, now = self._channel, self._channel.clock.now
        until = self._due if deadline is None else min(self._due, deadline)
        while now() < until:
            if channel.receive_by(until) not in (Arrival.DATA, Arrival.EXPIRED):
                channel.clock.waiter({})(until - now())  # it says nothing more, and may listen
        return now() >= self._due
