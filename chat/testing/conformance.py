"""The check of a transport: every rule it must keep, one after the other.

The contract is `chat.transports.Transport`. A transport of your own is checked with

    def test_my_transport():
        check_transport(make_ends)

where `make_ends` returns a new transport and a `FarEnd`, on which nothing was said yet.
"""

from __future__ import annotations

import threading
from typing import Final

from chat.testing.rules import MESSAGE_RULES, RULES, Check, Ends, Make, Unlike


class BrokenRule(AssertionError):
    """A transport does not keep its contract.

    Attributes:
        rule: The rule, as a sentence.
        seen: What was seen instead.
    """

    def __init__(self, rule: str, seen: str) -> None:
        super().__init__(f"broken rule: {rule}\n{seen}")
        self.rule: Final = rule
        self.seen: Final = seen


def check_transport(make: Make, *, patience: float = 10.0, messages: bool = False) -> None:
    """Check that a transport keeps every rule of `chat.transports.Transport`.

    Each rule gets a new transport and its own time. The rules are in `RULES`. After
    `close()`, both `SessionClosed` and any other `OSError` are right.

    Args:
        make: Makes a new transport and its far end, a `FarEnd`: `send(bytes)` says all of
            it, `receive(size)` waits for 1 to `size` bytes (`b""` at the end), `close()`
            closes both ways and is called once more when the transport is closed. Both
            are closed by the check.
        patience: Seconds that each rule may take.
        messages: Whether it keeps messages apart, as datagrams are; the rules are then those
            in `MESSAGE_RULES`. A message may be lost, so that there is no rule about an end.

    Raises:
        BrokenRule: One is broken; the message says which and what was seen.
    """
    for rule, check in (MESSAGE_RULES if messages else RULES).items():
        _check_in_time(rule, check, make, patience)


def _check_in_time(rule: str, check: Check, make: Make, patience: float) -> None:
    """Check in a thread of its own, because a broken transport may block for ever."""
    failures: list[BaseException] = []
    ends = Ends(make, patience)

    def run() -> None:
        try:
            check(ends)
        except BaseException as error:  # noqa: BLE001  raised again below
            failures.append(error)

    thread = threading.Thread(target=run, name=rule, daemon=True)
    try:
        thread.start()
        thread.join(patience)
        late = thread.is_alive()
    finally:
        ends.close()
    thread.join(patience)
    if late:
        raise BrokenRule(rule, f"not done after {patience:g} s: it blocks, or nothing comes")
    for error in failures:
        if isinstance(error, Unlike):
            raise BrokenRule(rule, str(error)) from None
        raise BrokenRule(rule, f"{type(error).__name__}: {error}") from error
