"""chat.compat.pexpect: the very program that measures pexpect, with pexpect replaced.

At its defaults, as the scripts are that it is for.
"""

from __future__ import annotations

from chat.compat.pexpect.swapping import take_its_place
from scripts.benchmarks.peers.common import main

if __name__ == "__main__":
    take_its_place()
    from scripts.benchmarks.peers.pexpect_peer import TASKS

    main(TASKS)
