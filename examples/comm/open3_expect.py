"""Comm.pl's seventh example: `expect` on handles that somebody else has opened."""

import subprocess
from subprocess import PIPE

import chat
from chat.compat.comm import close_it, expect

# Of chat's own open3: the output of a program, whose errors are a stream apart.
with chat.open3(["/bin/sh"]) as shell:
    shell.sendline("echo one; echo two; exit")
    while (match := expect(shell.out, 5, r".*\n").match) is not None:
        print(f"({match.strip()})")

# Of a module that knows nothing of chat: its pipe is adopted, and keeps what is left over.
process = subprocess.Popen(["/bin/sh"], stdin=PIPE, stdout=PIPE)
assert process.stdin is not None
assert process.stdout is not None
with process:
    process.stdin.write(b"echo three; echo four; exit\n")
    process.stdin.close()
    match, err, _, after = expect(process.stdout, 5, r"thr..\n")
    print(f"({match.strip()})" if match else err)
    match, err, _, after = expect(process.stdout, 5, r".*\n")
    print(f"({match.strip()})" if match else err)
    print(expect(process.stdout, 5, "more").err)
    close_it(process.stdout)
