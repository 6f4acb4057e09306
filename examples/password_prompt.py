"""Send a password only once the terminal does not show it, and see it masked after."""

import sys

import chat

PROGRAM = """
from getpass import getpass
password = getpass("Password: ")
print("checking", password, "...")   # a careless program
print("welcome" if password == "s3cret-w0rd" else "go away")
"""

secret = chat.Secret("s3cret-w0rd")

with chat.spawn([sys.executable, "-c", PROGRAM], timeout=20) as program:
    program.expect("Password: ")
    program.send_secret(secret)  # waits for the echo to be off
    verdict = program.expect("welcome", "go away")
    print("we are", verdict.text)
    # The program printed the password; what is shown of it is a mask.
    print("seen as", repr(verdict))
    assert secret.reveal() not in repr(verdict)
    assert verdict.text == "welcome"
