"""What tests of conversations need: a peer in memory, a clock that jumps, small children.

from chat.testing import MemoryPeer, check_transport, python_child

def test_a_late_prompt_is_a_timeout():
    with MemoryPeer(["login: ", 60.0, "password: "]).session() as s:
        s.expect("login: ")
        with pytest.raises(chat.ExpectTimeout):   # at once: the time is virtual
            s.expect("password: ", timeout=59)

def test_a_transport_of_my_own():
    check_transport(make_ends)
"""

from __future__ import annotations

from chat.testing.children import python_child, python_command
from chat.testing.clock import FakeClock, WaitsForEver
from chat.testing.conformance import BrokenRule, check_transport
from chat.testing.ends import (
    FarEnd,
    fifo_ends,
    memory_ends,
    open2_ends,
    pipe_ends,
    pty_ends,
    socket_ends,
)
from chat.testing.memory import MemoryPeer, MemoryTransport

__all__ = [
    "BrokenRule",
    "FakeClock",
    "FarEnd",
    "MemoryPeer",
    "MemoryTransport",
    "WaitsForEver",
    "check_transport",
    "fifo_ends",
    "memory_ends",
    "open2_ends",
    "pipe_ends",
    "pty_ends",
    "python_child",
    "python_command",
    "socket_ends",
]
