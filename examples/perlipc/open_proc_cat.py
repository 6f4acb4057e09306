"""perlipc, "Bidirectional Communication": Comm.pl's open_proc with `cat -n`, on a terminal."""

import chat

with chat.spawn(["cat", "-n"], echo=False, timeout=20) as cat:
    for _ in range(10):
        cat.sendline("a line")
        print("got back", cat.readline().rstrip())
