"""perlipc, "SysV IPC", the file *take*: take the semaphore, and wait while somebody has it.

Run it in two processes: the second waits until semaphore_give.py is run.
"""

import sys

from chat.ipc import Semaphore

Semaphore.open(int(sys.argv[1]) if len(sys.argv) > 1 else 1234).take()
print("taken")
