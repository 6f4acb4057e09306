"""Log in to a telnet server, and have it hide the password while it is typed."""

import socket
import threading

import chat
from chat.opening.telnet import open_telnet, telnet_session
from chat.transports.descriptor import DescriptorTransport
from chat.transports.telnet.settings import Server


def router(connection: socket.socket) -> None:
    """A device that speaks telnet: the server's side of the same protocol."""
    with telnet_session(DescriptorTransport(connection.detach()), Server()) as client:
        client.send("login: ")
        name = client.readline().strip()
        client.echo = False  # the client shows no more what is typed
        client.send("Password: ")
        welcome = client.readline() == "s3cret-w0rd\n"
        client.echo = True
        client.send(f"\nwelcome, {name}\nrouter> " if welcome else "\ngo away\n")
        while welcome and (command := client.readline()) != "exit\n":
            rows, columns = client.size.rows, client.size.columns
            client.send(f"{command.strip()}? On {rows} by {columns}?\nrouter> ")


with socket.create_server(("127.0.0.1", 0)) as listener:
    port = listener.getsockname()[1]
    threading.Thread(target=lambda: router(listener.accept()[0])).start()
    with open_telnet("127.0.0.1", port, size=(50, 132), timeout=20) as session:
        session.expect("login: ")
        session.sendline("ada")
        session.expect("Password: ")
        session.send_secret(chat.Secret("s3cret-w0rd"))  # waits until the server hides it
        session.expect("router> ")
        answer = session.ask("show version", prompt="router> ")
        print(answer)
        session.sendline("exit")
        session.expect(chat.EOF)

assert answer == "show version? On 50 by 132?"
