"""Log in to a telnet server, which hides the password while it is typed."""

import threading

import chat


def router(client: chat.Session[str]) -> None:
    """A device that speaks telnet: the server's side of the same protocol."""
    client.send("login: ")
    name = client.readline().strip()
    client.echo = False  # what is typed at the client does not show from here on
    client.send("Password: ")
    welcome = client.readline() == "s3cret-w0rd\n"
    client.echo = True
    client.send(f"\nwelcome, {name}\nrouter> " if welcome else "\ngo away\n")
    while welcome and (command := client.readline()) != "exit\n":
        size = client.size
        client.send(f"{command.strip()} on {size.rows} by {size.columns}?\nrouter> ")


with chat.listen("telnet://127.0.0.1:0", timeout=20) as listener:
    serving = threading.Thread(target=listener.serve, args=(router,))
    serving.start()
    with chat.connect(listener.url, size=(50, 132), timeout=20) as session:
        session.expect("login: ")
        session.sendline("ada")
        session.expect("Password: ")
        session.send_secret(chat.Secret("s3cret-w0rd"))  # waits until the server hides it
        session.expect("router> ")
        answer = session.ask("show version", prompt="router> ")
        print(answer)
        session.sendline("exit")
        session.expect(chat.EOF)
    listener.stop()
    serving.join()

assert answer == "show version on 50 by 132?"
