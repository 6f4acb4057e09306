"""Give any code a time limit: perlipc's `alarm` around a `flock` that somebody else holds."""

import fcntl
import tempfile

import chat

HOLDER = """
import fcntl, sys
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
input("held")
"""

with tempfile.NamedTemporaryFile() as file:
    with chat.spawn(["python3", "-c", HOLDER, file.name]) as holder:
        holder.expect("held")
        try:
            with chat.timeout(0.2):
                fcntl.flock(file, fcntl.LOCK_EX)  # blocks; SIGALRM gets it out
        except chat.TimeRanOut as error:
            print(f"not locked: {error}")
    with chat.timeout(10):
        fcntl.flock(file, fcntl.LOCK_EX)
    print("locked, now that its holder has ended")
