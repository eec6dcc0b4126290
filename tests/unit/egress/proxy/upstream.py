"""A host behind the proxy: takes every connection, keeps what it was sent, and says it back; on one loopback address or more."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.unit.egress.targets import until


class Visit:
    """One connection."""

    def __init__(self, opened: socket.socket, address: str) -> None:
        self.socket = opened
        self.address = address
        self.received = bytearray()
        self.is_over = False


class Upstream:
    """Listens on one port of each address; one thread for all."""

    def __init__(self, *addresses: str) -> None:
        self.visits: list[Visit] = []
        self._listeners = [socket.create_server((addresses[0], 0), backlog=256)]
        self.port: int = self._listeners[0].getsockname()[1]
        self._listeners += [socket.create_server((address, self.port)) for address in addresses[1:]]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def open_visits(self) -> int:
        return sum(not visit.is_over for visit in self.visits)

    def only_visit(self) -> Visit:
        """Wait until the one connection that there was has ended."""
        until("the visit is over", lambda: self.visits and not self.open_visits)
        [visit] = self.visits
        return visit

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in self._listeners:
                selector.register(listener, selectors.EVENT_READ, lambda listener=listener: self._accept(selector, listener))
            while not self._stop.is_set():
                for key, _ in selector.select(0.02):
                    key.data()
            for key in list(selector.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.close()

    def _accept(self, selector: selectors.BaseSelector, listener: socket.socket) -> None:
        opened, _ = listener.accept()
        visit = Visit(opened, listener.getsockname()[0])
        self.visits.append(visit)
        selector.register(opened, selectors.EVENT_READ, lambda: self._receive(selector, visit))

    def _receive(self, selector: selectors.BaseSelector, visit: Visit) -> None:
        try:
            data = visit.socket.recv(65536)
            visit.received += data
            visit.socket.sendall(data)
        except OSError:
            data = b""
        if not data:
            selector.unregister(visit.socket)
            visit.socket.close()
            visit.is_over = True


@contextmanager
def upstream(*addresses: str) -> Iterator[Upstream]:
    server = Upstream(*(addresses or ("127.0.0.1",)))
    try:
        yield server
    finally:
        server.close()


@contextmanager
def host(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A host that serves one connection, in a thread; gives its port, and fails where serving failed."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            opened, _ = listener.accept()
            with opened:
                opened.settimeout(10)
                serve(opened)
        except BaseException as error:
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(15)
    assert not thread.is_alive()
    assert not failures, failures
