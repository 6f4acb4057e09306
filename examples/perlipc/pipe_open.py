"""perlipc, "Using open() for IPC": write to a program, read from one, and backticks."""

import chat

# open(SPOOLER, "| cat -v | lpr -h 2>/dev/null"): a shell, because it is asked for by name.
with chat.pipe_to(chat.shell_command("cat -v | sort")) as spooler:
    spooler.sendline("stuff\x01")
    spooler.sendline("more stuff")
if spooler.exit_status is None or not spooler.exit_status.ok:
    raise SystemExit(f"bad spool: {spooler.exit_status}")

# open(STATUS, "netstat -an 2>&1 |"): a line at a time, and no shell.
with chat.pipe_from(["ls", "-l", "/dev"], stderr="merge") as status:
    for line in status:
        if not line.startswith(("total", "d")):
            print(line, end="")
            break  # the program is ended early

# `netstat -an 2>&1`, with its exit status
done = chat.capture(["ls", "/nowhere"], stderr="merge")
print(f"{done.output.strip()} (it {done.exit_status})")

# open(FH, "|bogus") succeeds in Perl, and writing to it fails, spectacularly.
try:
    with chat.pipe_to(["bogus"]) as bogus:
        bogus.sendline("bang")
except chat.CommandNotFound as error:
    print(error)
