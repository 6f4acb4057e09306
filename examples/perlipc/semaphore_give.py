"""perlipc, "SysV IPC", the file *give*: give the semaphore to whoever waits for it."""

import sys

from chat.ipc import Semaphore

Semaphore.open(int(sys.argv[1]) if len(sys.argv) > 1 else 1234).give()
print("given")
