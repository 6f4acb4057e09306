"""Run commands one after the other in shells that remember, each told apart."""

import chat

with chat.shell("bash") as bash:
    bash.run("cd /usr; greeting='good morning'")
    print(bash.run('pwd; echo "$greeting"').lines)

    # Output that looks like a prompt, or has no line end, is output all the same.
    print(repr(bash.run("printf 'bash-5.2$ '").output))

    failed = bash.run("ls /no/such/place")
    print("status", failed.exit_status.code, "after", f"{failed.duration:.3f} s")

    try:
        bash.run("echo thinking; sleep 1000", timeout=0.2)
    except chat.RunTimeout as error:
        print(error)
    print(bash.run("echo and the shell goes on").output, end="")

    answered = bash.run(
        "read -p 'name? ' name; echo hello $name",
        respond={"name? ": "Ada"},  # without it, a command has nothing to read
    )
    print(answered.lines)

with chat.shell("python3") as python:
    python.run("from math import sqrt\ndef half(x):\n    return x / 2")
    print(python.run("half(sqrt(16))").output, end="")
    print(python.run("half('a')").lines[-1])
