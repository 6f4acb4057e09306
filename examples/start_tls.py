"""Go over to TLS in a conversation that began in the clear, as mail servers do.

    python start_tls.py mail.example.com [port]

Without a host, what is shown is that an answer with something behind it is refused: whoever
sits on the way could have put it there.
"""

import sys
import threading

import chat


def secure(server: chat.Session[str]) -> None:
    """Speak SMTP as far as STARTTLS (RFC 3207)."""
    server.expect(chat.regex(r"220 [^\n]*\n"))
    server.ask("EHLO chat.example", prompt=chat.regex(r"250 [^\n]*\n"))
    server.sendline("STARTTLS")
    server.expect(chat.regex(r"220 [^\n]*\n"))
    chat.start_tls(server)


def main(host: str, port: str) -> None:
    with chat.connect(f"tcp://{host}:{port}", newline="\r\n") as server:
        secure(server)
        print(server.ask("EHLO chat.example", prompt=chat.regex(r"250 [^\n]*\n")))


def demonstrate() -> None:
    def talk() -> None:
        with listener.accept(timeout=10) as client:
            client.sendline("220 hello")
            client.expect("EHLO chat.example\r\n")
            client.sendline("250 STARTTLS")
            client.expect("STARTTLS\r\n")
            client.send("220 go on\n250 what a stranger has put here\n")
            client.expect(chat.EOF)

    with chat.listen("tcp://localhost:0") as listener:
        serving = threading.Thread(target=talk)
        serving.start()
        with chat.connect(listener.url, newline="\r\n", timeout=10) as server:
            try:
                secure(server)
            except chat.UnreadPlaintext as error:
                print(error)
            else:
                raise AssertionError("it was not noticed")
        serving.join()


if sys.argv[1:]:
    main(sys.argv[1], (sys.argv[2:] or ["submission"])[0])
else:
    demonstrate()
