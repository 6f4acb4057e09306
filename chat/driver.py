"""The blocking driver: carries dialogues out on a channel."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, AnyStr, Final, Generic, cast, final

from chat.channel import Channel
from chat.core.dialogues import Answer, Arrival, Inspect, Receive, Request, Transmit
from chat.core.match import Match
from chat.errors import EchoStillOn
from chat.events import Sent
from chat.timing import seconds_until
from chat.values import Secret


@final
class Driver(Generic[AnyStr]):
    """Does what dialogues ask for, one request after the other, by blocking.

    Args:
        channel: What to receive from and send to.
        newline: What ends a line that is sent.
    """

    __slots__ = ("_channel", "_kind", "newline")

    def __init__(self, channel: Channel[AnyStr], newline: AnyStr) -> None:
        self._channel: Final[Channel[AnyStr]] = channel
        self._kind: Final[type[Any]] = type(channel.stream.empty)
        self.newline: Final[AnyStr] = newline

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
        sent = channel.transmit(channel.codec.encode(text), timeout)
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
        channel.transmit(channel.codec.encode(line), left)
        if channel.listeners:
            channel.emit(Sent(channel.stream.empty, secret=True))
