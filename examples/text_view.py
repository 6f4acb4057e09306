"""Find words that a program writes in colours, as if there were no colours."""

import chat

PROGRAM = r"printf '\033[1mBuild: \033[32mpas\033[4msed\033[0m in 3 s\n'"

with chat.spawn(["sh", "-c", PROGRAM], timeout=10) as program:
    mark = program.mark()
    match = program.expect(chat.regex(r"Build: (\w+) in (\d+) s"), view="text")
    print("what a reader sees:", match.text)
    print("what came:         ", repr(program.since(mark)))
    assert match.groups == ("passed", "3")
