"""Questions to the system's resolver, and their answers in the loop's thread."""

import os
import select
import socket
import threading
from collections.abc import Iterator

import pytest

from assistant_egress.proxy.resolver import Resolver, by_system
from tests.unit.egress.targets import SECONDS, until


class Slow:
    """A resolver that answers when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = threading.Event()

    def __call__(self, name: str) -> list[str]:
        self.begun.append(name)
        assert self.go.wait(SECONDS)
        return [name]


@pytest.fixture
def slow() -> Iterator[Slow]:
    resolve = Slow()
    yield resolve
    resolve.go.set()


def deliver(resolver: Resolver) -> None:
    assert select.select([resolver], [], [], SECONDS)[0]
    resolver.deliver()


def test_an_answer_comes_in_the_thread_that_asks_for_it() -> None:
    """The loop's, which owns all connections."""
    heard: list[tuple[list[str], int]] = []
    resolver = Resolver(lambda name: [name, str(threading.get_ident())])
    resolver.ask("a.b", lambda addresses: heard.append((addresses, threading.get_ident())))
    deliver(resolver)
    resolver.close()

    [(addresses, where)] = heard
    assert addresses[0] == "a.b"
    assert addresses[1] != str(where) == str(threading.get_ident())


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "no"), UnicodeError("no"), OSError()])
def test_an_error_is_no_address(error: Exception) -> None:
    """And ends no thread: the next question is answered."""

    def resolve(name: str) -> list[str]:
        if name == "bad.name":
            raise error
        return ["1.1.1.1"]

    heard: list[list[str]] = []
    resolver = Resolver(resolve, threads=1)
    for name in ("bad.name", "good.name"):
        resolver.ask(name, heard.append)
        deliver(resolver)
    resolver.close()

    assert heard == [[], ["1.1.1.1"]]


def test_what_was_cancelled_is_not_answered_and_not_begun(slow: Slow) -> None:
    """Whoever is gone costs no question."""
    heard: list[list[str]] = []
    resolver = Resolver(slow, threads=1)
    first = resolver.ask("first.name", heard.append)
    until("the thread is busy", lambda: slow.begun)
    second = resolver.ask("second.name", heard.append)
    resolver.ask("third.name", heard.append)
    first.cancel()
    second.cancel()
    slow.go.set()
    while not heard:
        deliver(resolver)
    resolver.close()

    assert slow.begun == ["first.name", "third.name"]
    assert heard == [["third.name"]]


def test_a_late_thread_writes_into_nobody_s_file(slow: Slow) -> None:
    """After the end its file's number may be another's."""
    resolver = Resolver(slow, threads=1)
    resolver.ask("late.name", lambda _: None)
    until("the thread is busy", lambda: slow.begun)
    [thread] = [thread for thread in threading.enumerate() if thread.name.endswith("(_work)")]
    number = resolver.fileno()
    resolver.close()
    taken = os.eventfd(0, os.EFD_NONBLOCK)
    assert taken == number
    slow.go.set()
    thread.join(SECONDS)

    with pytest.raises(BlockingIOError):
        os.eventfd_read(taken)
    os.close(taken)


def test_the_system_is_asked_for_exactly_this_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a dot at its end: no search list adds to it. Each address once, in the resolver's order."""
    asked: list[object] = []

    def getaddrinfo(host: bytes, port: None, *, type: int) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET6, type, 6, "", ("2606:4700::1", 0, 0, 0)), *[(socket.AF_INET, type, 6, "", ("1.1.1.1", 0))] * 2]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    assert by_system("api.corp.example") == ["2606:4700::1", "1.1.1.1"]
    assert asked == [b"api.corp.example."]


def test_the_system_s_error_is_an_oserror() -> None:
    """A name that cannot be: no server is asked for it."""
    with pytest.raises(OSError):
        by_system("a..b")
