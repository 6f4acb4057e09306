"""Where ssh goes, and that nothing of it becomes an option or a command."""

from __future__ import annotations

import pytest

from chat.errors import UrlError
from chat.ssh.destination import Destination, Invocation

PIN = "SHA256:" + "x" * 43


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host", Destination("host")),
        ("me@host", Destination("host", "me")),
        ("DOM\\me@host", Destination("host", "DOM\\me")),
        ("me@corp@host", Destination("host", "me@corp")),
        ("ssh://host", Destination("host")),
        ("ssh://me@Host.example:2222/", Destination("Host.example", "me", 2222)),
        ("ssh://me@[2001:db8::1]:22", Destination("2001:db8::1", "me", 22)),
        ("ssh://DOM%5Cme@host", Destination("host", "DOM\\me")),
    ],
)
def test_a_destination_is_read(text, expected):
    assert Destination.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "-oProxyCommand=id", "ssh://-oProxyCommand=id", "ssh://-lroot@host", "-l@host",
        "@host", "ssh://@host", "host name", "$(id)", "ssh://`id`", "ssh://a;b", "ssh://a%20b",
        "ssh://%2DoProxyCommand=id", "ssh://m'e@host", "ssh://$x@host", "ssh://host:0",
        "ssh://host:70000", "ssh://host:x", "telnet://host", "ssh://host/path",
        "ssh://host?query", "ssh://host#there", "ssh://", "host\n", "ho\x1bst",
    ],
)  # fmt: skip
def test_what_is_none_is_refused(text):
    with pytest.raises(UrlError, match=r"\S"):
        Destination.parse(text)


@pytest.mark.parametrize("text", ["ssh://me:hush@host", "me:hush@host"])
def test_a_password_in_it_is_refused_and_not_shown(text):
    with pytest.raises(UrlError, match=r"chat\.Secret") as caught:
        Destination.parse(text)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", ["host", "me@host", "me@host:22", "me@[2001:db8::1]:22"])
def test_it_says_itself_as_it_is_written(text):
    assert str(Destination.parse(f"ssh://{text}")) == text


def arguments(**given):
    where = Destination("host", "me", 2222)
    return Invocation(where, **given).arguments("/log")


def test_the_host_comes_behind_the_end_of_the_options():
    assert arguments()[-6:] == ["-p", "2222", "-l", "me", "--", "host"]
    assert arguments(command=["echo", "a b"])[-3:] == ["--", "host", "echo 'a b'"]
    assert arguments(command="echo a b")[-1] == "echo a b"


def test_by_default_only_known_keys_are_taken():
    assert "StrictHostKeyChecking=yes" in arguments()
    assert "StrictHostKeyChecking=accept-new" in arguments(host_key="accept-new")


def test_with_a_pin_nothing_else_vouches_for_the_host():
    line = arguments(host_key=PIN, options={"ControlPath": "/tmp/shared"})
    assert line.index("ControlPath=none") < line.index("ControlPath=/tmp/shared")
    assert "StrictHostKeyChecking=ask" in line
    assert "UserKnownHostsFile=/dev/null" in line


def test_the_rest_is_passed_on():
    line = arguments(
        config="/c", identity="/k", jump="me@a:1,b", options={"ConnectTimeout": "5"}
    )
    for pair in ("-F /c", "-i /k", "-J me@a:1,b", "-o ConnectTimeout=5", "-E /log", "-e none"):
        name, value = pair.split(" ")
        assert value in [line[at + 1] for at, each in enumerate(line) if each == name]


@pytest.mark.parametrize(
    "given",
    [
        {"host_key": "no"},
        {"host_key": "SHA256:short"},
        {"jump": "-oProxyCommand=id"},
        {"jump": "a,-b"},
        {"options": {"StrictHostKeyChecking": "no"}},
        {"options": {"strictHostKeyChecking": "no"}},
        {"options": {"Port": "1"}},
        {"options": {"ProxyCommand=x -o Y": "1"}},
    ],
)
def test_what_would_go_around_the_rules_is_refused(given):
    with pytest.raises(ValueError, match=r"\S"):
        arguments(**given)
