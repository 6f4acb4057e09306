"""Let no more than two processes of this machine talk to a device at once."""

import chat

with chat.lock("router-7", slots=2, timeout=60) as lock:
    print(lock)
    with chat.lock("router-7", slots=2), chat.open2(["cat"]) as device:
        device.sendline("show version")
        print(device.readline(), end="")
        try:
            chat.lock("router-7", slots=2, timeout=0.1).acquire()
        except chat.LockTimeout as error:
            print(error)
