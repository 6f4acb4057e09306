"""perlipc's REAPER: children that this program forks are reaped as they end.

The number of each is given to the reaper, so that it takes nobody else's status.
"""

import os
import subprocess

import chat


def note(pid: int, status: chat.ExitStatus) -> None:
    """Called where the program waits in `chat`, never in the middle of something."""
    ends[pid] = status.code


ends: dict[int, int | None] = {}
children: dict[int, int] = {}

with chat.signals.reaper(on_exit=note) as reaper:
    for code in range(5):
        pid = os.fork()
        if pid == 0:
            os._exit(code)
        children[reaper.add(pid)] = code
    other = subprocess.run(["sh", "-c", "exit 42"], check=False)
    while len(ends) < len(children):
        chat.signals.dispatch(timeout=10)

assert other.returncode == 42  # not stolen
assert ends == children
assert not any(chat.signals.alive(pid) for pid in children)
print(f"{len(ends)} children have ended, with {sorted(children.values())}")
