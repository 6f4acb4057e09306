"""One side of a connection, in memory: what it answers, what it says, what it never does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.transports.telnet.codes import IAC, Command, Option, Said, Verb
from chat.transports.telnet.endpoint import (
    ANSWER_LIMIT,
    PRESENT,
    SUBNEGOTIATION_LIMIT,
    Endpoint,
)
from chat.transports.telnet.negotiation import TURNS
from chat.transports.telnet.scanner import negotiation, order, subnegotiation
from chat.transports.telnet.settings import Client, Server
from chat.values import WindowSize

LINEMODE = 34
SEND = bytes([Said.SEND])
CLIENTS = st.builds(
    Client,
    terminal_type=st.sampled_from([("vt100",), ("vt220", "vt100", "dumb")]),
    size=st.sampled_from([(24, 80), (255, 255)]),
    environment=st.sampled_from([{}, {"USER": "ada", "A": "\0\1\2\3"}]),
    binary=st.booleans(),
)
SERVERS = st.builds(
    Server,
    characters=st.booleans(),
    environment=st.booleans(),
    binary=st.booleans(),
)
COMMON = [IAC, IAC, IAC, *Verb, *Command, *Option, 0, 1, 2, 3, 13, 10, 65, LINEMODE]
WIRE = st.lists(st.one_of(st.sampled_from(COMMON), st.integers(0, 255))).map(bytes)


def do(option: int) -> bytes:
    return negotiation(Verb.DO, option)


def will(option: int) -> bytes:
    return negotiation(Verb.WILL, option)


def quiet(settings: Client | Server) -> Endpoint:
    """An endpoint whose opening words are said."""
    endpoint = Endpoint(settings)
    endpoint.take_answers()
    return endpoint


def answer(endpoint: Endpoint, wire: bytes) -> bytes:
    assert endpoint.receive(wire) == b""
    return endpoint.take_answers()


def connect(one: Endpoint, two: Endpoint, rounds: int = 12) -> None:
    """Carry what they say to each other until both are silent."""
    for _ in range(rounds):
        said = one.take_answers(), two.take_answers()
        if not any(said):
            return
        assert two.receive(said[0]) == b""
        assert one.receive(said[1]) == b""
    pytest.fail("they go on for ever")


def state_of(endpoint: Endpoint) -> tuple[object, ...]:
    return (
        *(repr(endpoint.ours), repr(endpoint.theirs), endpoint.size, endpoint.terminal_type),
        *(endpoint.environment, endpoint.violation, endpoint.echo),
    )


# ── anything may come ─────────────────────────────────────────────────────────────────────


@given(st.one_of(CLIENTS, SERVERS), WIRE, st.lists(st.integers(0, 80)))
def test_any_bytes_in_any_cuts_mean_the_same(settings, wire, cuts):
    whole, cut = Endpoint(settings), Endpoint(settings)
    text = whole.receive(wire)
    places = sorted({min(each, len(wire)) for each in cuts} | {0, len(wire)})
    pieces = [wire[one:two] for one, two in pairwise(places)]
    texts, answers = [], [cut.take_answers()]
    for piece in pieces:
        texts.append(cut.receive(piece))
        answers.append(cut.take_answers())
    assert b"".join(texts) == text
    assert b"".join(answers) == whole.take_answers()
    assert state_of(cut) == state_of(whole)


@given(CLIENTS, SERVERS, st.binary())
def test_a_client_and_a_server_come_to_an_end_and_understand_each_other(client, server, text):
    one, two = Endpoint(client), Endpoint(server)
    connect(one, two)
    assert repr(one.ours) == repr(two.theirs)
    assert repr(one.theirs) == repr(two.ours)
    assert two.size == client.window
    assert two.terminal_type == client.terminal_types[0]
    assert two.environment == (client.environment if server.environment else {})
    assert one.echo is two.echo is not server.characters
    if client.binary or server.binary:
        assert two.receive(one.encoding.encode(text)) == text
        assert one.receive(two.encoding.encode(text)) == text


@given(st.lists(st.tuples(st.sampled_from(list(Verb)), st.sampled_from(COMMON)), max_size=60))
def test_two_of_a_kind_do_not_talk_for_ever_whatever_a_third_one_slips_in(said):
    for settings in (Client(), Server()):
        one, two = quiet(settings), quiet(settings)
        two.receive(b"".join(negotiation(*each) for each in said))
        connect(one, two, rounds=2 * TURNS + 4)


def test_an_option_may_change_for_ever_in_a_conversation():
    client = quiet(Client())
    for _ in range(10 * TURNS):
        assert answer(client, will(Option.ECHO)) == do(Option.ECHO)
        assert client.receive(b"Password: ") == b"Password: "
        assert answer(client, negotiation(Verb.WONT, 1)) == negotiation(Verb.DONT, 1)


def test_what_is_asked_for_ever_is_not_refused_for_ever():
    client = quiet(Client())
    said = answer(client, do(LINEMODE) * 1000)
    assert said == negotiation(Verb.WONT, LINEMODE) * TURNS


# ── a client is asked ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("option", [LINEMODE, Option.ECHO, Option.NEW_ENVIRON, 5, 6, 32, 255])
def test_a_client_refuses_what_it_does_not_do(option):
    assert answer(quiet(Client()), do(option)) == negotiation(Verb.WONT, option)


@pytest.mark.parametrize("option", [LINEMODE, Option.TTYPE, Option.NAWS, 45, 255])
def test_a_client_does_not_want_what_is_of_no_use(option):
    assert answer(quiet(Client()), will(option)) == negotiation(Verb.DONT, option)


@pytest.mark.parametrize("option", [Option.ECHO, Option.SGA, Option.BINARY])
def test_a_client_agrees_to_what_a_server_does(option):
    client = quiet(Client())
    assert answer(client, will(option)) == do(option)
    assert answer(client, will(option)) == b""


def test_a_client_says_nothing_until_it_is_asked():
    assert Endpoint(Client(environment={"A": "b"})).take_answers() == b""


def test_a_binary_client_asks_for_it_both_ways():
    assert Endpoint(Client(binary=True)).take_answers() == will(0) + do(0)


def test_a_client_tells_its_terminal_types_in_turn_and_the_last_one_twice():
    client = quiet(Client(terminal_type=("vt220", "vt100")))
    assert answer(client, do(Option.TTYPE)) == will(Option.TTYPE)
    asked = [answer(client, subnegotiation(Option.TTYPE, SEND)) for _ in range(5)]
    names = [said[4:-2] for said in asked]
    assert names == [b"vt220", b"vt100", b"vt100", b"vt220", b"vt100"]


def test_a_client_tells_its_window_when_asked_and_when_it_changes():
    client = quiet(Client(size=(30, 100)))
    client.resize(WindowSize(50, 255))
    assert client.take_answers() == b""
    told = answer(client, do(Option.NAWS))
    assert told == will(Option.NAWS) + b"\xff\xfa\x1f\0\xff\xff\0\x32\xff\xf0"
    client.resize(WindowSize(24, 80))
    assert client.take_answers() == b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0"


def test_a_client_tells_the_variables_it_was_given_and_no_others(monkeypatch):
    monkeypatch.setenv("SECRET_OF_THIS_PROCESS", "hidden")
    client = quiet(Client(environment={"USER": "ada"}))
    assert answer(client, do(Option.NEW_ENVIRON)) == will(Option.NEW_ENVIRON)
    everything = answer(client, subnegotiation(Option.NEW_ENVIRON, SEND))
    assert everything == subnegotiation(Option.NEW_ENVIRON, b"\0\0USER\1ada")
    asked = subnegotiation(Option.NEW_ENVIRON, SEND + b"\3SECRET_OF_THIS_PROCESS")
    assert b"hidden" not in answer(client, asked)
    assert "ada" not in repr(client)


@pytest.mark.parametrize("option", [Option.TTYPE, Option.NEW_ENVIRON, Option.NAWS])
def test_a_question_about_an_option_that_is_not_done_is_not_answered(option):
    client = quiet(Client(environment={"USER": "ada"}))
    assert answer(client, subnegotiation(option, SEND)) == b""


@pytest.mark.parametrize("names", [(), ("",), ("vt100", "ä"), ("x" * 41,), ("a\xff",), ("\n",)])
def test_what_is_no_name_of_a_terminal_is_refused(names):
    with pytest.raises(ValueError, match="no name of a terminal"):
        Client(terminal_type=names)


@pytest.mark.parametrize("size", [(0, 80), (24, 65536)])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(ValueError, match="a window of"):
        Client(size=size)


def test_the_enter_key_is_what_the_mode_makes_it():
    client = quiet(Client())
    assert client.encoding.encode(b"\r") == b"\r\n"
    client.receive(will(Option.SGA))
    assert client.encoding.encode(b"\r") == b"\r\0"
    client.receive(do(Option.BINARY))
    assert client.encoding.encode(b"\r") == b"\r"
    client.receive(negotiation(Verb.DONT, Option.BINARY))
    assert client.encoding.encode(b"\r") == b"\r\0"


def test_binary_is_one_way_at_a_time():
    client = quiet(Client())
    client.receive(will(Option.BINARY))
    assert client.receive(b"a\r\0b") == b"a\r\0b"
    assert client.encoding.encode(b"\r") == b"\r\n"


def test_echo_is_what_the_server_says_and_can_be_asked_for():
    client = quiet(Client())
    assert client.echo
    client.echo = False
    assert client.take_answers() == do(Option.ECHO)
    assert client.echo, "it is asked for, and not agreed to yet"
    client.receive(will(Option.ECHO))
    assert not client.echo
    client.receive(negotiation(Verb.WONT, Option.ECHO))
    assert client.echo


# ── a server hears ────────────────────────────────────────────────────────────────────────


def test_a_server_asks_for_the_window_and_the_terminal():
    assert Endpoint(Server()).take_answers() == do(Option.NAWS) + do(Option.TTYPE)


def test_a_server_by_characters_shows_what_is_typed():
    said = Endpoint(Server(characters=True)).take_answers()
    assert said.startswith(will(Option.ECHO) + will(Option.SGA) + do(Option.SGA))


def test_a_server_hides_what_is_typed_and_shows_it_again():
    server = quiet(Server())
    assert server.echo
    server.echo = False
    assert server.take_answers() == will(Option.ECHO)
    server.receive(do(Option.ECHO))
    assert not server.echo
    server.echo = True
    assert server.take_answers() == negotiation(Verb.WONT, Option.ECHO)


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        *((Command.IP, b"\x03"), (Command.BRK, b"\x03"), (Command.EC, b"\x7f")),
        *((Command.EL, b"\x15"), (Command.EOF, b"\x04"), (Command.SUSP, b"\x1a")),
        *((Command.ABORT, b"\x1c"), (Command.NOP, b""), (Command.DM, b""), (Command.GA, b"")),
    ],
)
def test_a_command_in_place_of_a_key_is_heard_as_the_key(command, typed):
    assert quiet(Server()).receive(b"a" + order(command) + b"b") == b"a" + typed + b"b"
    assert quiet(Client()).receive(b"a" + order(command) + b"b") == b"ab"


def test_a_server_is_there():
    assert answer(quiet(Server()), order(Command.AYT)) == PRESENT
    assert answer(quiet(Client()), order(Command.AYT)) == b""


# ── a stranger does not play by the rules ─────────────────────────────────────────────────


@pytest.mark.parametrize("settings", [Client(), Server()])
def test_a_subnegotiation_without_an_end_is_a_violation_and_keeps_nothing(settings):
    endpoint = quiet(settings)
    assert endpoint.receive(b"before" + order(Command.SB)) == b"before"
    for _ in range(200):
        assert endpoint.receive(bytes(1000)) == b""
    assert "no end" in str(endpoint.violation)
    assert len(endpoint._content) == 0
    assert endpoint.receive(order(Command.SE) + b"after") == b""


def test_a_subnegotiation_may_be_as_long_as_the_limit():
    endpoint = quiet(Client())
    endpoint.receive(order(Command.SB) + bytes(SUBNEGOTIATION_LIMIT) + order(Command.SE))
    assert endpoint.violation is None


def test_one_who_asks_without_reading_is_not_answered_for_ever():
    endpoint = quiet(Client(environment={"A": "x" * 60000}))
    endpoint.receive(do(Option.NEW_ENVIRON))
    for _ in range(1000):
        endpoint.receive(subnegotiation(Option.NEW_ENVIRON, SEND))
    assert "does not read" in str(endpoint.violation)
    assert len(endpoint.take_answers()) < ANSWER_LIMIT + 70000


def test_an_interrupted_subnegotiation_means_nothing():
    client = quiet(Client())
    client.receive(do(Option.TTYPE))
    client.take_answers()
    begun = order(Command.SB) + bytes([Option.TTYPE, Said.SEND])
    assert answer(client, begun + order(Command.NOP)) == b""
    assert answer(client, begun + do(LINEMODE)) == negotiation(Verb.WONT, LINEMODE)
    assert answer(client, begun + order(Command.SB) + order(Command.SE)) == b""
