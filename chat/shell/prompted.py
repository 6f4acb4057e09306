"""REPLs that are known by their prompt alone, and may be able to print a nonce."""

from __future__ import annotations

import re
from typing import Final, final

from chat.core.match import Match
from chat.core.patterns import PatternLike, Quiet, Regex, any_of
from chat.errors import CommandError
from chat.session import Session
from chat.shell.language import Countdown, Respond, fresh_nonce, insist

LINE_END: Final = re.compile(r"\r*\n|\r")


@final
class Prompted:
    """A REPL that shows a prompt when it waits for the next line.

    A command of several lines is typed line by line, each after the prompt for it; its
    output is what came between.

    Args:
        prompt: What it looks like; for several, `chat.any_of`.
        fence: A line that makes the REPL print a nonce, with `{nonce}` where that goes. With
            it, output of the last line that contains the prompt does no harm.

    Raises:
        CommandError: The fence has no place for the nonce.
        PatternTypeError, PatternError: The prompt is no pattern of text.
    """

    def __init__(self, prompt: PatternLike, fence: str | None) -> None:
        if fence is not None and "{nonce}" not in fence:
            raise CommandError(f"the fence {fence!r} has no {{nonce}} in it")
        self._prompt: Final = any_of(prompt)
        self._fence: Final = fence
        self._shown = 1  # how often a nonce comes: a REPL that echoes shows it twice
        self._lead = ""  # what the REPL prints before it

    def open(self, session: Session[str], time: Countdown) -> None:
        """Wait for the first prompt, and see how a fence looks."""
        self._await_prompt(session, time)
        if self._fence is not None:
            mark = session.mark()
            line, nonce = self._send_fence(session, self._fence, time)
            session.expect(nonce, timeout=time.left, view="raw")
            self._await_prompt(session, time)
            shown = session.since(mark)
            self._shown = shown.count(nonce)
            self._lead = _without_echo(shown.rpartition(nonce)[0], line)

    def exchange(
        self, session: Session[str], command: str, time: Countdown, respond: Respond
    ) -> tuple[str, None]:
        """Run a command: what it said. There is no status."""
        *first, last = LINE_END.split(command)
        said = []
        for line in first:
            came, _ = self._ask(session, line, time, respond)
            said.append(self._answer(came, line))
        came, prompt = self._ask(session, last, time, respond)
        if self._fence is not None:
            # Up to here it may have been output that looked like a prompt; now it is not.
            came += prompt + self._up_to_fence(session, self._fence, time, respond)
            came = self._without_prompt(came)
        said.append(self._answer(came, last))
        return self.said("".join(said)), None

    def said(self, text: str) -> str:
        """The text, with the terminal's line ends taken back."""
        return text.replace("\r\n", "\n")

    def recover(self, session: Session[str], time: Countdown) -> None:
        """Interrupt what runs, and wait for the prompt; with a fence, for its."""
        insist(session, time, lambda limit: self._interrupt(session, limit))
        if self._fence is not None:
            self._up_to_fence(session, self._fence, time, None)
        else:  # each interrupt may have brought a prompt
            session.expect(Quiet(session.quiet), timeout=time.left)

    def _interrupt(self, session: Session[str], time: Countdown) -> None:
        session.sendintr()
        self._await_prompt(session, time)

    def _await_prompt(
        self, session: Session[str], time: Countdown, respond: Respond = None
    ) -> Match[str]:
        return session.expect(self._prompt, timeout=time.left, respond=respond, view="raw")

    def _ask(
        self, session: Session[str], line: str, time: Countdown, respond: Respond
    ) -> tuple[str, str]:
        """Type a line: what came, and the prompt that followed."""
        session.sendline(line, timeout=time.left)
        mark = session.mark()
        match = self._await_prompt(session, time, respond)
        came = session.since(mark)
        return came.removesuffix(match.text), match.text

    def _up_to_fence(
        self, session: Session[str], fence: str, time: Countdown, respond: Respond
    ) -> str:
        """Have the REPL print a nonce and a prompt: what came before the nonce."""
        mark = session.mark()
        line, nonce = self._send_fence(session, fence, time)
        for _ in range(self._shown):
            session.expect(nonce, timeout=time.left, respond=respond, view="raw")
        came = session.since(mark).removesuffix(nonce).removesuffix(self._lead)
        self._await_prompt(session, time)
        return _without_echo(came, line)

    def _send_fence(
        self, session: Session[str], fence: str, time: Countdown
    ) -> tuple[str, str]:
        """Type the fence: the line that was typed, and the nonce in it."""
        nonce = fresh_nonce()
        line = fence.replace("{nonce}", nonce)
        session.sendline(line, timeout=time.left)
        return line, nonce

    def _answer(self, text: str, line: str) -> str:
        """The text without the echo of the line before it, if this REPL echoes."""
        silent = self._fence is not None and self._shown == 1
        return text if silent or not text.startswith(line) else _without_echo(text, line)

    def _without_prompt(self, text: str) -> str:
        """The text up to the prompt at its end."""
        for member in self._prompt.members:
            pattern = member.compiled if isinstance(member, Regex) else None
            for match in (pattern or re.compile(re.escape(str(member.text)))).finditer(text):
                if match.end() == len(text):
                    return text[: match.start()]
        return text


def _without_echo(text: str, line: str) -> str:
    """The text without the echo of a line, if that is in it."""
    start = text.find(line) if line else -1
    end = LINE_END.match(text, start + len(line)) if start >= 0 else None
    return text if end is None else text[:start] + text[end.end() :]
