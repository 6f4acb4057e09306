"""One question to many hosts."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

import chat
from chat.opening import gathering
from chat.transports import addresses
from tests.opening.conftest import PATIENCE


@pytest.fixture
def answerer():
    """Start hosts that answer each question with a function of it; give their URLs."""
    hosts, threads = [], []

    def start(answer, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        far = socket.socket(family, socket.SOCK_DGRAM)
        far.bind((host, 0))
        hosts.append(far)

        def run():
            while True:
                question, caller = far.recvfrom(65536)
                if question == b"quit":
                    return
                for each in answer(question):
                    far.sendto(each, caller)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        shown = f"[{host}]" if ":" in host else host
        return f"udp://{shown}:{far.getsockname()[1]}"

    yield start
    for far, thread in zip(hosts, threads, strict=True):
        with socket.socket(far.family, socket.SOCK_DGRAM) as last:
            last.sendto(b"quit", far.getsockname())
        thread.join(PATIENCE)
        far.close()


def test_all_answers_come_in_the_order_of_the_hosts(answerer):
    urls = [
        answerer(lambda q: [q + b" one", b"again"]),
        answerer(lambda q: [q + "grüezi".encode()], host="::1"),
        answerer(lambda q: [b""]),
    ]
    found = chat.gather_udp(urls, "? ", timeout=PATIENCE)
    assert [(each.url, each.answer) for each in found] == list(
        zip(urls, ["?  one", "? grüezi", ""], strict=True)
    )
    assert all(each.ok and 0 < each.elapsed < PATIENCE for each in found)


def test_bytes_are_answered_with_bytes(answerer):
    (found,) = chat.gather_udp([answerer(lambda q: [q + b"\xff"])], b"\0", timeout=PATIENCE)
    assert found.answer == b"\0\xff"


def test_silence_ends_with_the_deadline_and_refusal_at_once(answerer, descriptors):
    silent, good = answerer(lambda q: []), answerer(lambda q: [q])
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"udp://127.0.0.1:{probe.getsockname()[1]}"
    before = descriptors()
    found = chat.gather_udp([silent, nobody, good, "udp://no.invalid:9"], "x", timeout=0.3)
    assert [each.problem for each in found] == [
        "no answer within 0.3 s",
        "Connection refused",
        "",
        "there is no host 'no.invalid'",
    ]
    assert descriptors() == before
    began = time.monotonic()
    assert not chat.gather_udp([nobody], "x", timeout=PATIENCE)[0].ok
    assert time.monotonic() - began < PATIENCE / 2


def test_a_name_that_is_slow_to_look_up_holds_nobody_up(answerer, monkeypatch):
    asked = threading.Event()
    real = addresses.resolve

    def resolve(target, host, *rest):
        if host == "slow.example":
            assert asked.wait(PATIENCE)
            host = "127.0.0.1"
        return real(target, host, *rest)

    def answer(question):
        asked.set()
        return [question]

    monkeypatch.setattr(gathering, "resolve", resolve)
    quick = answerer(answer)
    slow = quick.replace("127.0.0.1", "slow.example")
    assert [each.ok for each in chat.gather_udp([slow, quick], "x", timeout=PATIENCE)] == [
        True,
        True,
    ]


def test_nobody_to_ask_is_nothing_to_wait_for():
    assert chat.gather_udp([], "x", timeout=None) == []


@pytest.mark.parametrize("url", ["tcp", "udp://host", "udp://host:1/x"])
def test_what_is_no_address_is_refused_before_anybody_is_asked(url):
    with pytest.raises(chat.UrlError):
        chat.gather_udp([url], "x")


def test_a_question_too_large_is_said(answerer):
    with contextlib.nullcontext(chat.gather_udp([answerer(lambda q: [q])], "x" * 70_000)) as (
        found,
    ):
        assert found.problem == "Message too long"
