"""perlipc, "SysV IPC": make the semaphore that semaphore_take.py and _give.py share.

semaphore_make.py [KEY]; with `remove` behind the key, it is removed.
"""

import sys

from chat.ipc import Semaphore

key = int(sys.argv[1]) if len(sys.argv) > 1 else 1234
semaphore = Semaphore.open(key, create=True)
if sys.argv[2:] == ["remove"]:
    semaphore.remove()
else:
    print(key, semaphore.value)
