"""Comm.pl's fifth example: log in by telnet, give a command, and hand over to a person.

    python telnet_expect.py host port user     asks for the password

Without arguments it logs in to a host of its own.
"""

import getpass
import sys
import threading

import chat
from chat.compat.comm import close_it, expect, interact, open_proc

PROMPT = r"[$%#|>] $"


def main(host: str, port: str, user: str, password: str) -> None:
    pty = open_proc("telnet", "-E", "--", host, port).pty
    match, err, before, _ = expect(pty, 10, "login:")
    if match is None:
        sys.exit(f"failed looking for login: err({err}), before({before})")
    pty.sendline(user)
    if not expect(pty, 10, "word:").match:
        sys.exit("Didn't get a password prompt")
    pty.send_secret(password)
    if not expect(pty, 10, PROMPT).match:
        sys.exit("no shell prompt")

    pty.sendline("who")
    print(expect(pty, 10, PROMPT).before)
    pty.sendline()  # another prompt, for the person
    match, err = interact("\x1d", pty, "bye")  # until Ctrl-] is typed, or it says this
    print(f"Exited interact(): match({match}), err({err})")
    close_it(pty)


def host_of_ones_own(client: chat.Session[str]) -> None:
    """A telnet server that knows one user."""
    client.send("login: ")
    client.readline()
    client.echo = False
    client.send("Password: ")
    client.readline()
    client.echo = True
    client.send("\nlast seen in 1997\n$ ")
    while (typed := client.expect("\n", "\x04")).index == 0:  # to the end of the input, Ctrl-D
        client.send("ada pts/0\n$ " if typed.before == "who" else "$ ")


if len(sys.argv) > 1:
    host, port, user = sys.argv[1:]
    main(host, port, user, getpass.getpass())
else:
    with chat.listen("telnet://127.0.0.1:0") as listener:
        serving = threading.Thread(target=listener.serve, args=(host_of_ones_own,))
        serving.start()
        try:
            main("127.0.0.1", str(listener.address[1]), "ada", "s3cret-w0rd")
        finally:
            listener.stop()
            serving.join()
