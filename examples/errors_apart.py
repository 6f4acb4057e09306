"""Hold a conversation with a program whose errors are a stream of their own."""

import chat

BUILD = """
echo compiling one; echo 'warning: one is old' >&2
echo compiling two
echo compiling three; echo 'error: three is missing' >&2
exit 2
"""

with chat.open3(chat.shell_command(BUILD), timeout=10) as build:
    trouble = []
    while True:
        heard = build.expect(chat.EOF, err=chat.regex(r"(warning|error): (.*)\n"))
        if heard.match.pattern is chat.EOF:
            break
        trouble.append(heard.match.groups)
    print("what went wrong:", trouble)
    print("what it said:", build.out.read().split("\n"))
    print("it", build.exit_status)

assert [kind for kind, _ in trouble] == ["warning", "error"]
