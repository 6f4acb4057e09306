"""Answer a program whose prompt is not known: wait until it wants input."""

import sys

import chat

if sys.platform != "linux":
    print("only Linux can tell that a program waits for input")
    sys.exit()

PROGRAM = "echo one moment; echo 'guess my prompt »'; read x; echo \"got $x\""

with chat.spawn(["sh", "-c", PROGRAM], timeout=10) as program:
    asked = program.expect(chat.INPUT_WAIT)
    print("it waits behind:", asked.before.split())
    program.sendline("hello")
    print(program.expect(chat.regex(r"got (\w+)")).text)
