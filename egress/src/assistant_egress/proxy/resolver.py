"""Asks the system's resolver, which blocks, in a few threads of its own; answers come back in the loop's thread.

A name is asked for as it is, with a dot at its end: a search list would ask for it below the cluster's own domains first, and somebody
there could answer. /etc/hosts is not looked at in that form, and need not be.
"""

import os
import queue
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

THREADS: Final = 8

Resolve = Callable[[str], list[str]]
"""Returns a name's addresses, the best one first; raises OSError."""


def by_system(name: str) -> list[str]:
    """Return the addresses that the system's resolver has for exactly this name; raises OSError."""
    # As bytes, or Python would load its tables for international names first: two megabytes.
    found = socket.getaddrinfo(f"{name}.".encode("ascii"), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Lookup:
    """One question; `answer` is called with the addresses, none where there is no answer, unless it was cancelled before."""

    def __init__(self, name: str, answer: Callable[[list[str]], None]) -> None:
        self.name = name
        self.answer = answer
        self.is_cancelled = False

    def cancel(self) -> None:
        """Nobody waits for it any more; if no thread has begun, none will."""
        self.is_cancelled = True


class Resolver:
    """Threads that resolve; `fileno()` is readable when `deliver` has something to do."""

    def __init__(self, resolve: Resolve = by_system, threads: int = THREADS) -> None:
        self._resolve = resolve
        self._asked: queue.SimpleQueue[Lookup | None] = queue.SimpleQueue()
        self._answered: deque[tuple[Lookup, list[str]]] = deque()
        self._wakeup = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_closed = False
        self._lock = threading.RLock()  # a signal handler may come in where the loop's thread holds it
        self._threads = threads
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()

    def fileno(self) -> int:
        """Return what a selector can watch."""
        return self._wakeup

    def ask(self, name: str, answer: Callable[[list[str]], None]) -> Lookup:
        """Resolve a name, once."""
        lookup = Lookup(name, answer)
        self._asked.put(lookup)
        return lookup

    def wake(self) -> None:
        """Make the loop turn; from any thread, or a signal handler."""
        with self._lock:
            if not self._is_closed:  # the number may be another file's by now, and a thread may be late by minutes
                os.eventfd_write(self._wakeup, 1)

    def close(self) -> None:
        """End the threads, each after what it is at."""
        with self._lock:
            self._is_closed = True
            os.close(self._wakeup)
        for _ in range(self._threads):
            self._asked.put(None)

    def deliver(self, _: int = 0) -> None:
        """Hand out the answers that have come."""
        os.eventfd_read(self._wakeup)
        while self._answered:
            lookup, addresses = self._answered.popleft()
            if not lookup.is_cancelled:
                lookup.answer(addresses)

    def _work(self) -> None:
        while (lookup := self._asked.get()) is not None:
            if lookup.is_cancelled:
                continue
            try:
                addresses = self._resolve(lookup.name)
            except (OSError, UnicodeError):  # UnicodeError: an answer with a name that is none
                addresses = []
            self._answered.append((lookup, addresses))
            self.wake()
