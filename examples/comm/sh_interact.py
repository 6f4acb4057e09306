"""Comm.pl's sixth example: a person uses a shell, until Ctrl-C."""

from chat.compat.comm import close_it, interact, open_proc, stty_sane

pty, tty, pid = open_proc("/bin/sh")
stty_sane(tty)
print("You are now connected to the shell process, ^C to break out", flush=True)
match, err = interact("\x03", pty)
print(f"Aborting, err({err})" if err else "Got control-C")
close_it(pty)
print("Disconnected")
