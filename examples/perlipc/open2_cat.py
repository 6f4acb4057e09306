"""perlipc, "Bidirectional Communication": open2 with `cat -u -n`, and without the `-u`."""

import chat

with chat.open2(["cat", "-u", "-n"], timeout=20) as cat:
    cat.sendline("stuff")
    print("got back", cat.readline(), end="")

# "Unix buffering is going to really ruin your day": here the error says so, and what to do.
with chat.open2(["tr", "a-z", "A-Z"], timeout=0.2) as shouter:
    shouter.sendline("stuff")
    try:
        shouter.readline()
    except chat.ExpectTimeout as error:
        print(error)

with chat.open2(["tr", "a-z", "A-Z"], line_buffered="stdbuf", timeout=20) as shouter:
    shouter.sendline("stuff")
    print("got back", shouter.readline(), end="")
