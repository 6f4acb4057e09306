"""Take a full-screen pager through a search, matching text without escape sequences."""

import os
import tempfile
from pathlib import Path

import chat

environment = {**os.environ, "TERM": "xterm", "LESS": ""}

with tempfile.TemporaryDirectory() as directory:
    book = Path(directory) / "book"
    book.write_text("".join(f"page {number}\n" for number in range(1, 1001)), "ascii")
    with chat.spawn(
        ["less", str(book)], env=environment, size=(6, 40), view="text", timeout=10
    ) as less:
        less.expect("page 5")
        less.send("/7[0-9]7\r")
        found = less.expect(chat.regex(r"page 7\d7"))
        print("less went to", found.text)
        less.press("q")
        less.expect(chat.EOF)
        print("less", less.wait())
        assert found.text == "page 707"
