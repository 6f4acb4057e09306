"""perlipc, "Internet TCP Clients and Servers": how far the clocks of other hosts are off.

    python time_client.py [host ...]

The "time" service (RFC 868) says four bytes: the seconds since 1900. Without a host, one is
asked that this program serves itself, and whose clock is an hour ahead.
"""

import sys
import threading
import time

import chat

SECONDS_OF_70_YEARS = 2208988800


def difference(url: str) -> int:
    """Seconds by which a host's clock is ahead of ours."""
    with chat.connect(url, encoding=None, timeout=10) as host:
        his_time = int.from_bytes(host.read(4)) - SECONDS_OF_70_YEARS
    return his_time - int(time.time())


def show(name: str, seconds: int) -> None:
    print(f"{name:24} {seconds:8} {time.ctime(time.time() + seconds)}")


show("localhost", 0)
for name in sys.argv[1:]:
    try:
        show(name, difference(f"tcp://{name}:time"))
    except chat.ConnectFailed as error:
        print(f"{name:24} {error.reason}")

if not sys.argv[1:]:
    with chat.listen("tcp://localhost:0", encoding=None) as listener:

        def tell() -> None:
            with listener.accept(timeout=10) as client:
                ahead = int(time.time()) + 3600 + SECONDS_OF_70_YEARS
                client.send(ahead.to_bytes(4))

        serving = threading.Thread(target=tell)
        serving.start()
        seconds = difference(listener.url)
        show("an hour ahead", seconds)
        serving.join()
    assert abs(seconds - 3600) <= 2
