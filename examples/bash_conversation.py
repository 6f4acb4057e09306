"""Talk to an interactive bash as a person does: prompt, command, prompt, exit."""

import os

import chat

environment = {**os.environ, "PS1": "ready> ", "TERM": "dumb"}

with chat.spawn(["bash", "--norc"], env=environment, timeout=10) as bash:
    bash.expect("ready> ")
    print("directory:", bash.ask("cd /usr && pwd", prompt="ready> "))
    print("sum:", bash.ask("echo $((6 * 7))", prompt="ready> "))
    bash.sendline("exit 3")
    bash.expect(chat.EOF)
    status = bash.wait()
    print("bash", status)
    assert status is not None
    assert status.code == 3
