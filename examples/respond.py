"""Run a program to its end, answering its questions on the way."""

import chat

QUESTIONS = """
printf 'Your name? '; read name
printf 'Proceed (yes/no)? '; read answer
printf 'How many? '; read count
echo "$name said $answer to $count"
test "$answer" = yes
"""


def double(match: chat.Match[str]) -> str:
    """An answer may be worked out from what was asked."""
    return str(2 * len(match.text))


done = chat.run(
    ["sh", "-c", QUESTIONS],
    respond={"name? ": "Ada", "(yes/no)? ": "yes", "many? ": double},
    timeout=10,
)
print(done.output)
print("the program", done.exit_status)
assert "Ada said yes to 12" in done.output
assert done.ok
