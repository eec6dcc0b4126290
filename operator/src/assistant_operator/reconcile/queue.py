"""The work queue: one entry for each assistant, however often it is added; delays; back-off for failures.

A key that is added while a worker has it is handed out again after that worker is done, never to two workers at once: a pass is the
only writer of its assistant.
"""

import asyncio
import random
from collections.abc import Callable

from assistant_operator.reconcile.key import Key

BASE_DELAY = 0.5
MAX_DELAY = 300.0


class Queue:
    """Keys that want a pass."""

    def __init__(self, *, jitter: Callable[[float, float], float] = random.uniform) -> None:
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._jitter = jitter

    def __len__(self) -> int:
        return self._ready.qsize()

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def is_quiet(self) -> bool:
        """Nothing is ready or running; only delayed entries may be left."""
        return self._ready.empty() and not self._running and not self._again

    def add(self, key: Key) -> None:
        """Ask for a pass as soon as possible."""
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: Key, seconds: float) -> None:
        """Ask for a pass later; an earlier one that is already asked for stays."""
        if seconds <= 0:
            self.add(key)
            return
        if key in self._waiting or key in self._again:
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self.add, key)

    def retry(self, key: Key, at_least: float | None = None) -> float:
        """Ask for another try after a failure and return the delay: doubled each time, spread so that failures do not march in step."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(MAX_DELAY, BASE_DELAY * 2.0 ** min(failures, 16)) * self._jitter(0.75, 1.25)
        delay = max(delay, at_least or 0.0)
        self.add_after(key, delay)
        return delay

    def succeeded(self, key: Key) -> None:
        self._failures.pop(key, None)

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        self.succeeded(key)
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()

    async def take(self) -> Key:
        """Return the next key; the caller calls done() with it afterwards."""
        key = await self._ready.get()
        self._waiting.discard(key)
        self._running.add(key)
        return key

    def done(self, key: Key) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
