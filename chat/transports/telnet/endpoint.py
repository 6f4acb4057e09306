"""One side of a telnet connection, without I/O: bytes in, text and answers out.

What is asked for is answered as the settings say, and everything else is refused. Nothing
is decided by how the bytes were cut, and a stranger cannot make it keep more than
`SUBNEGOTIATION_LIMIT` and `ANSWER_LIMIT` bytes.

The Synch of RFC 854 (IAC DM, sent as urgent data) is understood and changes nothing: it
asks to throw away what was said and not yet seen, and here nothing that was said is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, final

from chat.transports.telnet import encoding, suboptions
from chat.transports.telnet.codes import Command, Option, Said, Verb
from chat.transports.telnet.encoding import Encoding, LineEnds
from chat.transports.telnet.negotiation import Side
from chat.transports.telnet.scanner import (
    Negotiation,
    Order,
    Scanner,
    Text,
    negotiation,
    order,
    subnegotiation,
)
from chat.transports.telnet.settings import Client, Server, Settings
from chat.values import WindowSize

SUBNEGOTIATION_LIMIT: Final = 65536
"""Bytes in a subnegotiation. Real ones have some hundreds; one that is longer never ends."""

ANSWER_LIMIT: Final = 1 << 20
"""Bytes of answers that nobody took. One who asks so much without reading is not talking."""

PRESENT: Final = b"\r\n[yes]\r\n"
"""What a server answers to Are You There: something that a person can see (RFC 854)."""

TYPED: Final[Mapping[int, bytes]] = {
    Command.EOF: b"\x04",
    Command.SUSP: b"\x1a",
    Command.ABORT: b"\x1c",
    Command.BRK: b"\x03",
    Command.IP: b"\x03",
    Command.EC: b"\x7f",
    Command.EL: b"\x15",
}
"""The commands a client sends in place of a key, with what the key would have sent."""


@final
class Endpoint:
    """One side of a connection.

    Args:
        settings: Which side, and how it behaves.

    Attributes:
        ours: The options this side does.
        theirs: The options the other side does.
        size: The client's window; a server knows it once it was told, and until then assumes
            24 rows of 80 columns.
        terminal_type: What the client says it is; `None` until a server was told.
        environment: The client's variables, as far as a server was told them.
        violation: What the other side did that cannot go on, in words; nothing is heard of
            it after that. `None`: all is well.
    """

    def __init__(self, settings: Settings) -> None:
        self.ours: Final = Side(frozenset(settings.ours), Verb.WILL, Verb.WONT)
        self.theirs: Final = Side(frozenset(settings.theirs), Verb.DO, Verb.DONT)
        self.size = settings.window if isinstance(settings, Client) else WindowSize()
        self.terminal_type: str | None = None
        self.environment: Final[dict[str, str]] = {}
        self.violation: str | None = None
        self._settings: Final = settings
        self._scanner: Final = Scanner()
        self._line_ends: Final = LineEnds(settings.enter)
        self._content: bytearray | None = None  # of the subnegotiation under way
        self._asked_types = 0
        self._answers = bytearray()
        for option in settings.offers:
            self._say(self.ours.ask(option, on=True), option)
        for option in settings.wants:
            self._say(self.theirs.ask(option, on=True), option)

    def __repr__(self) -> str:
        return f"<Endpoint of {self._settings}: ours {self.ours}, theirs {self.theirs}>"

    # ── going out ─────────────────────────────────────────────────────────────────────────

    @property
    def encoding(self) -> Encoding:
        """How text goes out now."""
        if Option.BINARY in self.ours:
            return encoding.BINARY
        if isinstance(self._settings, Server):
            lines, by_characters = encoding.SERVER_LINES, self._settings.characters
        else:
            lines = encoding.LINES
            by_characters = Option.SGA in self.theirs or Option.ECHO in self.theirs
        return encoding.CHARACTERS if by_characters else lines

    def take_answers(self) -> bytes:
        """What is to be sent, between two pieces of text, and was not taken yet."""
        taken = bytes(self._answers)
        self._answers.clear()
        return taken

    def resize(self, size: WindowSize) -> None:
        """Have another window; the server is told if it wants to know (RFC 1073)."""
        self.size = size
        if Option.NAWS in self.ours:
            self._answer(subnegotiation(Option.NAWS, suboptions.window_size(size)))

    def send_command(self, command: Command) -> None:
        """Send a command: a break, an interrupt, a question whether one is there."""
        self._answer(order(command))

    @property
    def echo(self) -> bool:
        """Whether the client shows what is typed there, because the server does not ECHO."""
        return Option.ECHO not in self._server_side

    @echo.setter
    def echo(self, on: bool) -> None:
        self._say(self._server_side.ask(Option.ECHO, on=not on), Option.ECHO)

    @property
    def _server_side(self) -> Side:
        return self.theirs if isinstance(self._settings, Client) else self.ours

    @property
    def _client_side(self) -> Side:
        return self.ours if isinstance(self._settings, Client) else self.theirs

    def _say(self, verb: Verb | None, option: int) -> None:
        if verb is not None:
            self._answer(negotiation(verb, option))

    def _answer(self, said: bytes) -> None:
        self._answers += said
        if len(self._answers) > ANSWER_LIMIT:
            self.violation = "it asks more and more, and does not read the answers"

    # ── coming in ─────────────────────────────────────────────────────────────────────────

    def receive(self, data: bytes) -> bytes:
        """Take the next bytes: what of them is text. Answers are in `take_answers`."""
        pieces: list[bytes] = []
        for token in () if self.violation else self._scanner.feed(data):
            if isinstance(token, Text):
                pieces.append(self._heard_text(token))
            elif isinstance(token, Order):
                pieces.append(self._heard_order(token.code))
            else:
                self._heard_negotiation(token)
            if self.violation:
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _heard_text(self, text: Text) -> bytes:
        if text.inside:
            self._gather(text.data)
            return b""
        self.ours.hear_text()
        self.theirs.hear_text()
        return text.data if Option.BINARY in self.theirs else self._line_ends.decode(text.data)

    def _gather(self, data: bytes) -> None:
        assert self._content is not None, "SB comes before what is inside"
        self._content += data
        if len(self._content) > SUBNEGOTIATION_LIMIT:
            self._content.clear()
            self.violation = (
                f"it began a subnegotiation that has no end in {SUBNEGOTIATION_LIMIT} bytes"
            )

    def _heard_order(self, code: int) -> bytes:
        content, self._content = self._content, None
        if code == Command.SB:
            self._content = bytearray()
        elif code == Command.SE and content:
            self._heard_about(content[0], bytes(content[1:]))
        elif isinstance(self._settings, Server):
            if code == Command.AYT:
                self._answer(PRESENT)
            return TYPED.get(code, b"")
        return b""

    def _heard_negotiation(self, said: Negotiation) -> None:
        self._content = None
        verb, option = said
        side = self.theirs if verb in (Verb.WILL, Verb.WONT) else self.ours
        was_done = option in side
        self._say(side.hear(option, positive=verb in (Verb.WILL, Verb.DO)), option)
        if was_done is not (option in side):
            change = self._CHANGES.get((side is self.ours, option))
            if change is not None:
                change(self)

    def _heard_about(self, option: int, content: bytes) -> None:
        """Take a subnegotiation; one about an option that is not done means nothing."""
        hear = self._ABOUT.get((type(self._settings), option))
        if hear is not None and option in self._client_side:
            hear(self, content)

    # What is done when an option begins or ends.

    def _naws_has_changed(self) -> None:
        self.resize(self.size)

    def _binary_has_changed(self) -> None:
        self._line_ends.reset()

    def _terminal_type_has_changed(self) -> None:
        self._ask_about(Option.TTYPE)

    def _environment_has_changed(self) -> None:
        self._ask_about(Option.NEW_ENVIRON)

    def _ask_about(self, option: Option) -> None:
        if option in self.theirs:
            self._answer(subnegotiation(option, bytes([Said.SEND])))

    # What a server asks of a client.

    def _tell_terminal_type(self, content: bytes) -> None:
        """The next name; the last one twice, which says so; and then from the first again."""
        if isinstance(self._settings, Client) and content[:1] == bytes([Said.SEND]):
            names = self._settings.terminal_types
            turn = self._asked_types % (len(names) + 1)
            self._asked_types += 1
            name = suboptions.terminal_type(names[min(turn, len(names) - 1)])
            self._answer(subnegotiation(Option.TTYPE, name))

    def _tell_environment(self, content: bytes) -> None:
        if isinstance(self._settings, Client) and content[:1] == bytes([Said.SEND]):
            told = suboptions.environment(self._settings.environment, content[1:])
            self._answer(subnegotiation(Option.NEW_ENVIRON, told))

    # What a client tells a server.

    def _note_terminal_type(self, content: bytes) -> None:
        self.terminal_type = suboptions.read_terminal_type(content) or self.terminal_type

    def _note_size(self, content: bytes) -> None:
        self.size = suboptions.read_window_size(content) or self.size

    def _note_environment(self, content: bytes) -> None:
        suboptions.read_environment(content, self.environment)

    _CHANGES: ClassVar[Mapping[tuple[bool, int], Callable[[Endpoint], None]]] = {
        (True, Option.NAWS): _naws_has_changed,
        (False, Option.BINARY): _binary_has_changed,
        (False, Option.TTYPE): _terminal_type_has_changed,
        (False, Option.NEW_ENVIRON): _environment_has_changed,
    }
    """What to do when an option begins or ends: whether it is ours, and which it is."""

    _ABOUT: ClassVar[Mapping[tuple[type, int], Callable[[Endpoint, bytes], None]]] = {
        (Client, Option.TTYPE): _tell_terminal_type,
        (Client, Option.NEW_ENVIRON): _tell_environment,
        (Server, Option.TTYPE): _note_terminal_type,
        (Server, Option.NAWS): _note_size,
        (Server, Option.NEW_ENVIRON): _note_environment,
    }
    """What to do with a subnegotiation: which side this is, and the option."""
