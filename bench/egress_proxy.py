"""What the egress proxy costs: `python -m bench.egress_proxy`.

The proxy runs as its pod runs it, on loopback, between a client and a server of which TLS is the name alone: a real ClientHello opens
each tunnel, and plain bytes follow, so that what is measured is the proxy and not anybody's cipher. Each figure stands beside the same
one without the proxy, taken in turns with it. Prints medians over the rounds; with --json one object for programs.
"""

import argparse
import json
import multiprocessing
import os
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from assistant_egress.proxy.rules import HostRule, NetworkRule, PortRange, Rules, encode_rules

ROOT = Path(__file__).parents[1]
NAME = "bench.corp.example"
MESSAGE = 256
"""Bytes of a small request, and of its answer."""
CHUNK = 1 << 18


def hello() -> bytes:
    """Return what Python's TLS sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=NAME)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError


HELLO = hello()


def receive(opened: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        if not (got := opened.recv(min(length - len(data), CHUNK))):
            raise ConnectionError("closed too early")
        data += got
    return bytes(data)


def serve(listener: socket.socket) -> None:
    """Take a hello, then requests: eight bytes that say how much is sent, and how much is wanted back."""
    answer = bytes(CHUNK)
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client:
            try:
                receive(client, len(HELLO))
                while True:
                    sent, wanted = struct.unpack("!QQ", receive(client, 16))
                    drain(client, sent)
                    while wanted:
                        wanted -= client.send(answer[: min(wanted, CHUNK)])
            except ConnectionError:
                continue


def drain(opened: socket.socket, length: int) -> None:
    buffer = bytearray(CHUNK)
    while length:
        if not (got := opened.recv_into(buffer, min(length, CHUNK))):
            raise ConnectionError("closed too early")
        length -= got


class Proxy:
    """`python -m assistant_egress proxy`, and the server behind it; names resolve by a `sitecustomize` that knows one of them."""

    def __init__(self, stack: ExitStack) -> None:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        self.server: tuple[str, int] = listener.getsockname()
        server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
        server.start()
        stack.callback(server.terminate)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "sitecustomize.py").write_text(RESOLVER)
        port = self.server[1]
        rules = Rules((HostRule(NAME, port),), (NetworkRule("127.0.0.0/8", (PortRange(port, port),)),))
        (folder / "rules.json").write_bytes(encode_rules(rules))
        ports = [free_port(), free_port()]
        self.address = ("127.0.0.1", ports[0])
        sources = os.pathsep.join([str(folder), *(str(ROOT / room / "src") for room in ("egress", "model"))])
        line = [sys.executable, "-m", "assistant_egress", "proxy", f"--port={ports[0]}", f"--ops-port={ports[1]}"]
        self.process = stack.enter_context(
            subprocess.Popen(
                [*line, f"--rules={folder}/rules.json"], env={"PATH": os.environ["PATH"], "PYTHONPATH": sources}, stdout=subprocess.DEVNULL
            )
        )
        stack.callback(self.process.terminate)
        self._await()

    def open(self) -> socket.socket:
        """Open a tunnel, as a client of TLS does."""
        opened = connect(self.address)
        opened.sendall(f"CONNECT {NAME}:{self.server[1]} HTTP/1.1\r\nHost: {NAME}:{self.server[1]}\r\n\r\n".encode())
        answer = opened.recv(1000)
        if not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(b"\r\n\r\n"):
            raise ConnectionError(answer.decode())
        opened.sendall(HELLO)
        return opened

    def direct(self) -> socket.socket:
        opened = connect(self.server)
        opened.sendall(HELLO)
        return opened

    def rss(self) -> float:
        """Return the most resident memory so far, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) / 1000

    def _await(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as client:
                if client.connect_ex(self.address) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError("the proxy does not listen")


# The system's resolver is not what is measured, and loopback has no name with two labels.
RESOLVER = """
import socket
socket.getaddrinfo = lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def connect(address: tuple[str, int]) -> socket.socket:
    opened = socket.create_connection(address, timeout=30)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def ask(opened: socket.socket) -> None:
    opened.sendall(struct.pack("!QQ", MESSAGE, MESSAGE) + bytes(MESSAGE))
    receive(opened, MESSAGE)


def requests(open_one: Callable[[], socket.socket], number: int) -> float:
    """Return an answer's median time in an open connection, in milliseconds."""
    with open_one() as opened:
        return median_ms(lambda: ask(opened), number)


def set_ups(open_one: Callable[[], socket.socket], number: int) -> float:
    """Return the median time to a new connection's first answer, in milliseconds."""

    def once() -> None:
        with open_one() as opened:
            ask(opened)

    return median_ms(once, number)


def median_ms(do: Callable[[], None], number: int) -> float:
    times = []
    for _ in range(number):
        started = time.perf_counter()
        do()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def download(open_one: Callable[[], socket.socket], length: int) -> float:
    """Return megabytes a second from the server."""
    with open_one() as opened:
        started = time.perf_counter()
        opened.sendall(struct.pack("!QQ", 0, length))
        drain(opened, length)
        return length / 1e6 / (time.perf_counter() - started)


def upload(open_one: Callable[[], socket.socket], length: int) -> float:
    """Return megabytes a second to the server."""
    data = bytes(CHUNK)
    with open_one() as opened:
        started = time.perf_counter()
        opened.sendall(struct.pack("!QQ", length, 1))
        for _ in range(length // CHUNK):
            opened.sendall(data)
        receive(opened, 1)
        return length / 1e6 / (time.perf_counter() - started)


def measure(rounds: int, number: int, length: int) -> dict[str, float]:
    """Return the medians over the rounds: times in milliseconds, rates in MB/s, memory in MB."""
    seen: dict[str, list[float]] = {}
    with ExitStack() as stack:
        proxy = Proxy(stack)
        for _ in range(rounds):
            for way, open_one in (("Proxy", proxy.open), ("Direct", proxy.direct)):
                seen.setdefault(f"request{way}Ms", []).append(requests(open_one, number))
                seen.setdefault(f"setUp{way}Ms", []).append(set_ups(open_one, number // 4))
                seen.setdefault(f"download{way}MBs", []).append(download(open_one, length))
                seen.setdefault(f"upload{way}MBs", []).append(upload(open_one, length))
        memory = proxy.rss()
    return {name: round(statistics.median(values), 3) for name, values in seen.items()} | {"rssMegabytes": round(memory, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7, help="of everything (default %(default)s)")
    parser.add_argument("--requests", type=int, default=2000, help="of a round (default %(default)s)")
    parser.add_argument("--megabytes", type=int, default=2048, help="each way, of a round (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = measure(options.rounds, options.requests, options.megabytes << 20)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"the egress proxy on loopback, medians over {options.rounds} rounds")
    print(f"{'':<44} {'direct':>9} {'proxy':>9} {'limit':>12}")
    for text, name, unit, limit in (
        (f"{MESSAGE} bytes and their answer, ms", "request", "Ms", "+1.0"),
        ("a new connection's first answer, ms", "setUp", "Ms", "+1.0"),
        ("from the server, MB/s", "download", "MBs", ">= 300"),
        ("to the server, MB/s", "upload", "MBs", ">= 300"),
    ):
        print(f"{text:<44} {figures[f'{name}Direct{unit}']:>9.2f} {figures[f'{name}Proxy{unit}']:>9.2f} {limit:>12}")
    print(f"{'most resident memory, MB':<44} {'':>9} {figures['rssMegabytes']:>9.1f} {'<= 30':>12}")


if __name__ == "__main__":
    main()
