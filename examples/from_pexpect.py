"""Move a pexpect script to chat one function at a time, the live child included."""

import chat
from chat.compat import pexpect  # in place of: import pexpect


def greet(child: pexpect.spawn) -> None:
    """Not moved yet: pexpect's words."""
    child.expect("ready> ")
    child.sendline("hello")
    child.expect("hello")


def part(session: chat.Session[str]) -> str:
    """Moved: text is literal, results are returned."""
    return session.ask("goodbye", prompt="ready> ")


talker = "while printf 'ready> '; read -r word; do echo said: $word; done"
child = pexpect.spawn("sh", ["-c", talker], encoding="utf-8", timeout=10)
greet(child)
with chat.attach(child) as session:
    session.expect("ready> ")
    print(part(session))
