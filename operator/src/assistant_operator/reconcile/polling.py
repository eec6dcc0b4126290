"""Questions to pods over HTTP, asked in the background: an unreachable pod delays no pass.

A pass says of which pods it wants to hear and reads what was last heard; the questions go on by themselves until the assistant is
forgotten, and a pass is asked for when an answer differs. Who asks what: progress.py (pulls) and gateways.py (stores, purges, sources).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Generic, Protocol, TypeVar

import aiohttp

from assistant_operator.naming import OPS_PORT
from assistant_operator.reconcile.key import Key

TIMEOUT = 2.0
AT_ONCE = 16

log = logging.getLogger(__name__)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Ask = Callable[[str], Awaitable[T | None]]
News = Callable[[Key, Mapping[str, T], Mapping[str, T]], None]
"""Called with what was known by pod before, and what is known now."""


class Source(Protocol[T_co]):
    """Who knows what pods tell; pods are uids and addresses."""

    def latest(self, key: Key, pods: Mapping[str, str]) -> Mapping[str, T_co]:
        """Return what was last heard of each pod, and see to it that more is heard."""

    async def first(self, key: Key, pods: Mapping[str, str], ready: Collection[str]) -> None:
        """Ask those of the pods that are ready and were never asked, and wait for the answers, briefly."""

    def forget(self, key: Key) -> None:
        """Nothing more is to be heard."""


@dataclass(slots=True)
class _Pod(Generic[T]):
    address: str
    answer: T | None = None
    heard_at: float = -inf
    asked_at: float = -inf


@dataclass(slots=True)
class _Round(Generic[T]):
    """The pods of one assistant, and who asks them."""

    pods: dict[str, _Pod[T]] = field(default_factory=dict)
    known: dict[str, T] = field(default_factory=dict)
    """What the last pass was told, or the next one will be."""
    task: asyncio.Task[None] | None = None
    has_new: asyncio.Event = field(default_factory=asyncio.Event)


class Poller(Generic[T]):
    """Asks every pod once in `interval` seconds, a few at a time; an answer counts until the pod has been silent for `patience`."""

    def __init__(self, ask: Ask[T], on_news: News[T], interval: float, patience: float = inf, at_once: int = AT_ONCE) -> None:
        self._ask = ask
        self._on_news = on_news
        self._interval = interval
        self._patience = patience
        self._rounds: dict[Key, _Round[T]] = {}
        self._slots = asyncio.Semaphore(at_once)

    def latest(self, key: Key, pods: Mapping[str, str]) -> Mapping[str, T]:
        if not pods:
            self.forget(key)
            return {}
        found = self._see(key, pods)
        if found.task is None:
            found.task = asyncio.get_running_loop().create_task(self._go_round(key, found), name=f"poll {key}")
        found.known = self._answers(found)
        return found.known

    async def first(self, key: Key, pods: Mapping[str, str], ready: Collection[str]) -> None:
        found = self._see(key, pods)
        new = [pod for uid, pod in found.pods.items() if uid in ready and pod.asked_at == -inf]
        await asyncio.gather(*(self._question(pod) for pod in new))

    def forget(self, key: Key) -> None:
        found = self._rounds.pop(key, None)
        if found is not None and found.task is not None:
            found.task.cancel()

    def close(self) -> None:
        """Ask nothing more of anybody."""
        for key in tuple(self._rounds):
            self.forget(key)

    def _see(self, key: Key, pods: Mapping[str, str]) -> _Round[T]:
        found = self._rounds.setdefault(key, _Round())
        known = found.pods
        found.pods = {uid: known[uid] if uid in known and known[uid].address == address else _Pod(address) for uid, address in pods.items()}
        return found

    async def _go_round(self, key: Key, found: _Round[T]) -> None:
        now = asyncio.get_running_loop().time
        while True:
            found.has_new.clear()
            due = [pod for pod in found.pods.values() if now() - pod.asked_at >= self._interval]
            await asyncio.gather(*(self._in_turn(pod) for pod in due))
            before, found.known = found.known, self._answers(found)
            if found.known != before:
                self._on_news(key, before, found.known)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await found.has_new.wait()

    async def _in_turn(self, pod: _Pod[T]) -> None:
        async with self._slots:
            await self._question(pod)

    async def _question(self, pod: _Pod[T]) -> None:
        now = asyncio.get_running_loop().time
        pod.asked_at = now()
        try:
            answer = await self._ask(pod.address)
        except Exception:  # or one answer that cannot be read would end all questions
            log.exception("Question to a pod failed")
            return
        if answer is not None:
            pod.answer, pod.heard_at = answer, now()

    def _answers(self, found: _Round[T]) -> dict[str, T]:
        oldest = asyncio.get_running_loop().time() - self._patience
        return {uid: pod.answer for uid, pod in found.pods.items() if pod.answer is not None and pod.heard_at >= oldest}


class HttpAsk(Generic[T]):
    """GET http://<pod>:9090<path>; what is not 200, not in time or not understood is no answer."""

    def __init__(
        self, path: str, parse: Callable[[bytes], T | None], most_bytes: int, port: int = OPS_PORT, seconds: float = TIMEOUT
    ) -> None:
        self._path = path
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._parse = parse
        self._most = most_bytes
        self._port = port
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, address: str) -> T | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        host = f"[{address}]" if ":" in address else address
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self._session.get(f"http://{host}:{self._port}{self._path}", allow_redirects=False) as answer:
                if answer.status == 200:
                    return self._parse(await _body(answer, self._most))
        return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the body, cut where it is longer than any answer may be: what is cut is not understood."""
    found = bytearray()
    async for part in answer.content.iter_any():
        found += part
        if len(found) > most:
            break
    return bytes(found[:most])
