"""Talk to a console on a serial line, no faster than it can listen."""

import os
import threading

import chat


def board(line: int) -> None:
    """Something at the other end of the line: a board that boots, and asks for a name."""
    os.write(line, b"U-Boot 2024.01\r\nHit any key to stop autoboot: 3 ")
    os.read(line, 1)
    os.write(line, b"\r\n=> ")
    typed = b""
    while not typed.endswith(b"\r"):
        typed += os.read(line, 1)  # no buffer: what comes too fast would be lost
    os.write(line, b"version\r\nU-Boot 2024.01 for a board that is none\r\n=> ")


far, near = os.openpty()  # instead of a cable; with one: serial:///dev/ttyUSB0

with chat.open_serial(
    f"serial://{os.ttyname(near)}?baudrate=115200",
    pace=chat.Pace(character=0.005, line=0.05),
    timeout=20,
) as console:
    threading.Thread(target=board, args=(far,)).start()  # switched on now
    console.expect("stop autoboot")
    console.press("Space")
    console.expect("=> ")
    print(console.ask("version", prompt="=> "))
    print("at", console.line.baudrate, "bits per second")
    console.line.send_break(0.1)  # some consoles take it for a request of their attention

os.close(near)
os.close(far)
