"""How far a pull is: asked of the pulling pod over HTTP, in the background, so that an unreachable pod delays no pass."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import aiohttp

from assistant_operator.naming import OPS_PORT
from assistant_operator.reconcile.key import Key

TIMEOUT = 2.0
INTERVAL = 5.0
"""Seconds between questions, and at least between two status writes for a pull's sake."""
MAX_ANSWER = 4096
AT_ONCE = 16


class Progress(NamedTuple):
    """Bytes of a running pull."""

    completed: int
    total: int


Ask = Callable[[str], Awaitable[Progress | None]]


class ProgressSource(Protocol):
    """Who knows how far a pull is."""

    def latest(self, key: Key, pod_uid: str, address: str) -> Progress | None:
        """Return what was last heard of the pod, and see to it that more is heard."""

    def forget(self, key: Key) -> None:
        """The pull is over."""


class PodProgress:
    """Asks pods, at most every few seconds and a few at a time; on_news is called when an answer differs from the last."""

    def __init__(self, ask: Ask, on_news: Callable[[Key], None]) -> None:
        self._ask = ask
        self._on_news = on_news
        self._known: dict[Key, tuple[str, Progress]] = {}
        self._asked: dict[Key, float] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def latest(self, key: Key, pod_uid: str, address: str) -> Progress | None:
        now = asyncio.get_running_loop().time()
        due = now - self._asked.get(key, -INTERVAL) >= INTERVAL
        if due and key not in self._tasks:
            self._asked[key] = now
            task = asyncio.get_running_loop().create_task(self._fetch(key, pod_uid, address))
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        pod, progress = self._known.get(key, ("", None))
        return progress if pod == pod_uid else None

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)
        self._asked.pop(key, None)
        if (task := self._tasks.get(key)) is not None:
            task.cancel()

    async def _fetch(self, key: Key, pod_uid: str, address: str) -> None:
        async with self._slots:
            found = await self._ask(address)
        if found is not None and self._known.get(key) != (pod_uid, found):
            self._known[key] = (pod_uid, found)
            self._on_news(key)


class HttpAsk:
    """GET http://<pod>:9090/progress."""

    def __init__(self, port: int = OPS_PORT) -> None:
        self._port = port
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, address: str) -> Progress | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT), trust_env=False)
        host = f"[{address}]" if ":" in address else address
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self._session.get(f"http://{host}:{self._port}/progress", allow_redirects=False) as answer:
                if answer.status == 200:
                    return parse(await answer.content.read(MAX_ANSWER))
        return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def parse(text: bytes) -> Progress | None:
    """Return the progress that a pod told; None where it told anything else."""
    try:
        told = json.loads(text)
        completed, total = told["completedBytes"], told["totalBytes"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if any(isinstance(number, bool) or not isinstance(number, int) or number < 0 for number in (completed, total)):
        return None
    return Progress(completed, total)
