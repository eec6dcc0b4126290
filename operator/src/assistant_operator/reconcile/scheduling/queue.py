"""The work queue: one entry for each assistant, however often it is added; delays; back-off for failures.

A key that is added while a worker has it is handed out again after that worker is done, never to two workers at once: a pass is the
only writer of its assistant. News of an assistant that was passed over before goes first: what somebody undid, or changed, is put right
in the time of a pass, also while a thousand new assistants wait for their first one and a start goes through all.
"""

import asyncio
import random
from collections.abc import Callable

from assistant_operator.reconcile.key import Key

BASE_DELAY = 0.5
MAX_DELAY = 300.0
OVERTAKES = 100_000
"""What goes first overtakes at most so many that were added before it: news without end keeps nobody waiting for ever."""


class Queue:
    """Keys that want a pass."""

    def __init__(
        self, *, jitter: Callable[[float, float], float] = random.uniform, admits: Callable[[Key], bool] = lambda _key: True
    ) -> None:
        """What the queue does not admit, at the time when it is added or would be handed out, is passed over."""
        self._ready: asyncio.PriorityQueue[tuple[int, Key]] = asyncio.PriorityQueue()
        self._waiting: dict[Key, int] = {}
        """With their ranks; what else is in `_ready` was overtaken by itself."""
        self._added = 0
        self._passed: set[Key] = set()
        """These were handed out before."""
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._jitter = jitter
        self._admits = admits

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def is_quiet(self) -> bool:
        """Nothing is ready or running; only delayed entries may be left."""
        return not self._waiting and not self._running and not self._again

    def add(self, key: Key) -> None:
        """Ask for a pass as soon as possible."""
        self._add(key, OVERTAKES if key in self._passed else 0)

    def _add(self, key: Key, overtakes: int) -> None:
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        if not self._admits(key):
            return
        if key in self._running:
            self._again.add(key)
            return
        self._added += 1
        rank = self._added - overtakes
        if key not in self._waiting or rank < self._waiting[key]:
            self._waiting[key] = rank
            self._ready.put_nowait((rank, key))

    def add_after(self, key: Key, seconds: float) -> None:
        """Ask for a pass later; an earlier one that is already asked for stays."""
        if seconds <= 0:
            self.add(key)
            return
        if key in self._waiting or key in self._again or not self._admits(key):
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._add, key, 0)

    def retry(self, key: Key, at_least: float | None = None) -> float:
        """Ask for another try after a failure and return the delay: doubled each time, spread so that failures do not march in step."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(MAX_DELAY, BASE_DELAY * 2.0 ** min(failures, 16)) * self._jitter(0.75, 1.25)
        delay = max(delay, min(at_least or 0.0, MAX_DELAY))  # whoever answers in the API server's place may ask for days
        self.add_after(key, delay)
        return delay

    def succeeded(self, key: Key) -> None:
        self._failures.pop(key, None)

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        self.succeeded(key)
        self._passed.discard(key)
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()

    async def take(self) -> Key:
        """Return the next key; the caller calls done() with it afterwards."""
        while True:
            rank, key = await self._ready.get()
            if self._waiting.get(key) != rank:
                continue
            del self._waiting[key]
            if self._admits(key):
                self._running.add(key)
                self._passed.add(key)
                return key

    def in_hand(self) -> frozenset[Key]:
        """Return the keys that workers have."""
        return frozenset(self._running)

    def shed(self) -> frozenset[Key]:
        """Forget what is not admitted any more, and return it; what workers have goes on to its end."""
        left = frozenset(key for key in {*self._timers, *self._failures, *self._passed} if not self._admits(key))
        for key in left:
            self.forget(key)
        return left

    def done(self, key: Key) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
