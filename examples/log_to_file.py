"""Keep a log of a conversation, of both sides or one, without its secrets."""

import tempfile
from pathlib import Path

import chat

with tempfile.TemporaryDirectory() as directory:
    log = Path(directory) / "conversation.log"
    question = 'printf "Word? "; stty -echo; read word; stty echo; echo "you said $word"'
    with chat.spawn(["sh", "-c", question], timeout=10) as program:
        program.log_to(log, received=True, sent=True)
        program.expect("Word? ")
        program.send_secret(chat.Secret("open-sesame"))
        program.expect("you said")
        program.expect(chat.EOF)
    written = log.read_text("utf-8")
    print(written)
    assert "open-sesame" not in written
