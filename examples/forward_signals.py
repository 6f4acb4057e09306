"""Pass the signals that come to this program on to the one that it runs.

Here it sends them to itself; a service manager would, or a terminal.
"""

import os

import chat

CHILD = """
trap 'echo asked to reload' HUP
trap 'echo cleaning up; exit 3' TERM
echo ready
while :; do read line; done
"""

with chat.spawn(["sh", "-c", CHILD], timeout=10) as child:
    child.expect("ready")
    with chat.signals.forward(child, "HUP", "TERM"):
        chat.signals.send("HUP", os.getpid())
        child.expect("asked to reload")
        chat.signals.send("TERM", os.getpid())
        child.expect("cleaning up")
        print(f"the program has {child.wait()}, and this one is still here")
