"""Wait for whichever comes first, and name patterns instead of counting them."""

import chat

PROGRAM = """
echo 'INFO starting'
echo 'WARN disk 91% full'
echo 'ERROR code=17 on host db-3'
echo 'INFO done'
"""

patterns = (
    chat.regex(r"WARN (?P<what>[^\r\n]+)", name="warning"),
    chat.regex(r"ERROR code=(?P<code>\d+) on host (?P<host>[\w-]+)", name="error"),
    chat.literal("INFO done", name="the end"),
    chat.EOF,
)

with chat.spawn(["sh", "-c", PROGRAM], timeout=10) as program:
    while True:
        match = program.expect(*patterns)
        match match.name:
            case "warning":
                print("warned:", match["what"])
            case "error":
                print("failed:", match["code"], "on", match["host"])
            case "the end":
                print("done")
                break
            case _:
                raise SystemExit("the program ended too early")
