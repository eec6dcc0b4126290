"""A proxy that runs in a thread, a resolver that answers what a test says, and a client that can be as bad as it likes."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from assistant_egress.proxy.rules import HostRule, Limits, NetworkRule, PortRange, Rules
from assistant_egress.proxy.server import Pace, Proxy
from tests.unit.egress.client import connect, parse, read
from tests.unit.egress.proxy.hellos import GOOD
from tests.unit.egress.targets import SECONDS

LOOPBACK = NetworkRule("127.0.0.0/8", (PortRange(1, 65535),))
PATIENT = Pace(tick=0.02)


def quick(step: str) -> Pace:
    """Return a pace that is patient but for one of its steps."""
    return replace(PATIENT, **{step: 0.3})


class Names:
    """A resolver: answers in turn what it was given, the last one for ever, and keeps what it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    def __call__(self, name: str) -> list[str]:
        self.asked.append(name)
        answer = list(self._answers[min(len(self.asked), len(self._answers)) - 1])
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return answer


def rules(
    port: int, *, hosts: Sequence[str] = (GOOD,), networks: Sequence[NetworkRule] = (LOOPBACK,), limits: Limits | None = None
) -> Rules:
    return Rules(tuple(HostRule(host, port) for host in hosts), tuple(networks), limits or Limits())


@contextmanager
def running(of: Rules, resolve: Callable[[str], list[str]] | None = None, pace: Pace = PATIENT) -> Iterator[Proxy]:
    """A proxy that turns while the block runs."""
    stop = threading.Event()
    failures: list[BaseException] = []
    with Proxy(of, 0, 0, pace, resolve or Names(["127.0.0.1"])) as proxy:

        def turn() -> None:
            try:
                while not stop.is_set():
                    proxy.turn(0.02)
            except BaseException as error:
                failures.append(error)
                raise

        thread = threading.Thread(target=turn)
        thread.start()
        try:
            yield proxy
        finally:
            stop.set()
            thread.join(SECONDS)
            assert not failures, failures


def asking(port: int, name: str = GOOD, *fields: str) -> bytes:
    """Return the head of a request."""
    return "".join(f"{line}\r\n" for line in (f"CONNECT {name}:{port} HTTP/1.1", *fields, "")).encode()


@contextmanager
def tunnel(proxy: Proxy, port: int, name: str = GOOD) -> Iterator[socket.socket]:
    """A connection that has had its 200."""
    with connect(proxy.port) as client:
        client.sendall(asking(port, name))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            data = client.recv(1000)
            assert data, "closed instead"
            answer += data
        assert answer == b"HTTP/1.1 200 Connection established\r\n\r\n"
        yield client


def take(opened: socket.socket, length: int) -> bytes:
    """Receive exactly so much; MSG_WAITALL does not wait where there is a timeout."""
    data = bytearray()
    while len(data) < length:
        got = opened.recv(length - len(data))
        assert got, "closed too early"
        data += got
    return bytes(data)


def refusal(proxy: Proxy, data: bytes) -> tuple[int, str]:
    """Send something; return the status and the reason of the refusal, which has to be all that comes."""
    with connect(proxy.port) as client:
        client.sendall(data)
        return refused(read(client))


def refused(answer: bytes) -> tuple[int, str]:
    status, body = parse(answer)
    error = json.loads(body)
    assert error.keys() == {"error"}
    assert error["error"].keys() == {"code", "message"}
    assert body.count(b"\n") == 1
    return status, error["error"]["code"]


def counts(proxy: Proxy) -> dict[str, int]:
    """Return all decisions that were made, as `refused/NotTls`."""
    return {f"{decision}/{reason}": count for (decision, reason), count in proxy.record._counts.items() if count}
