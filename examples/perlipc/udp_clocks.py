"""perlipc, "UDP: Message Passing": ask many hosts at once how far their clocks are off.

    python udp_clocks.py [host ...]

All are asked at the same time (the "time" service, RFC 868), and whoever has not answered
after ten seconds is not waited for. Without a host, three are asked that this program serves
itself, one of which is silent.
"""

import socket
import sys
import threading
import time

import chat

SECONDS_OF_70_YEARS = 2208988800


def show(name: str, seconds: int) -> None:
    print(f"{name:24} {seconds:8} {time.ctime(time.time() + seconds)}")


def ask(urls: list[str], timeout: float) -> list[int | None]:
    """Ask all, and show each one's difference in seconds; `None`: it did not say."""
    found: list[int | None] = []
    for each in chat.gather_udp(urls, b"0", timeout=timeout):
        if each.answer is None:
            print(f"{each.url:24} {each.problem}")
            found.append(None)
        else:
            his_time = int.from_bytes(each.answer[:4]) - SECONDS_OF_70_YEARS
            found.append(his_time - int(time.time()))
            show(each.url, his_time - int(time.time()))
    return found


def demonstrate() -> None:
    """Three hosts: a minute behind, an hour ahead, and silent."""
    hosts = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(3)]
    for host in hosts:
        host.bind(("127.0.0.1", 0))

    def tell(host: socket.socket, ahead: int) -> None:
        _, caller = host.recvfrom(100)
        his_time = int(time.time()) + ahead + SECONDS_OF_70_YEARS
        host.sendto(his_time.to_bytes(4), caller)

    telling = [
        threading.Thread(target=tell, args=(host, ahead))
        for host, ahead in zip(hosts, (-60, 3600), strict=False)
    ]
    for each in telling:
        each.start()
    urls = [f"udp://127.0.0.1:{host.getsockname()[1]}" for host in hosts]
    behind, ahead, silent = ask(urls, timeout=0.5)
    assert behind is not None
    assert ahead is not None
    assert (round(behind, -1), round(ahead, -1), silent) == (-60, 3600, None)
    for each in telling:
        each.join()
    for host in hosts:
        host.close()


show("localhost", 0)
if sys.argv[1:]:
    ask([f"udp://{name}:time" for name in sys.argv[1:]], timeout=10)
else:
    demonstrate()
