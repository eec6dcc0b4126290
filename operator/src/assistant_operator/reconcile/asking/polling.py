"""Questions to pods, asked in the background: an unreachable pod delays no pass.

A pass says of which pods it wants to hear and reads what was last heard; the questions go on by themselves until the assistant is
forgotten, and a pass is asked for when an answer differs. Who asks what: progress.py (pulls), gateways.py (stores, purges, sources) and
evidence.py (confinement); pod_http.py carries the questions.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Generic, Protocol, TypeVar

from assistant_operator.naming import OPS_PORT
from assistant_operator.reconcile.asking.pod_http import PodHttp
from assistant_operator.reconcile.key import Key

TIMEOUT = 2.0
AT_ONCE = 16

log = logging.getLogger(__name__)

P = TypeVar("P")
P_contra = TypeVar("P_contra", contravariant=True)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Ask = Callable[[P], Awaitable[T | None]]
News = Callable[[Key, Mapping[str, T], Mapping[str, T]], None]
"""Called with what was known by pod before, and what is known now."""


class Source(Protocol[P_contra, T_co]):
    """Who knows what pods tell; pods are uids, and what has to be known of each to ask it (its address, at the least)."""

    def latest(self, key: Key, pods: Mapping[str, P_contra]) -> Mapping[str, T_co]:
        """Return what was last heard of each pod, and see to it that more is heard."""

    async def first(self, key: Key, pods: Mapping[str, P_contra], ready: Collection[str]) -> None:
        """Ask those of the pods that are ready and were never asked (or not since they are), and wait for the answers, briefly."""

    def forget(self, key: Key) -> None:
        """Nothing more is to be heard."""


def newest(_before: T | None, now: T) -> T:
    """Return what is known after another answer, where each answer tells everything."""
    return now


@dataclass(slots=True)
class _Pod(Generic[P, T]):
    place: P
    answer: T | None = None
    heard_at: float = -inf
    asked_at: float = -inf
    was_ready: bool = False


@dataclass(slots=True)
class _Round(Generic[P, T]):
    """The pods of one assistant, and who asks them."""

    pods: dict[str, _Pod[P, T]] = field(default_factory=dict)
    known: dict[str, T] = field(default_factory=dict)
    """What the last pass was told, or the next one will be."""
    task: asyncio.Task[None] | None = None
    has_new: asyncio.Event = field(default_factory=asyncio.Event)


class Poller(Generic[P, T]):
    """Asks every pod again and again, a few at a time; an answer counts until the pod has been silent for `patience`.

    `interval` is the seconds between two questions, where it depends on the pod a function of it. `blend` says what is known after an
    answer, given what was known before. `when_ready`: a pod that becomes ready tells something else than a moment ago, and is asked anew.
    """

    def __init__(
        self,
        ask: Ask[P, T],
        on_news: News[T],
        interval: float | Callable[[P], float],
        patience: float = inf,
        at_once: int = AT_ONCE,
        blend: Callable[[T | None, T], T] = newest,
        *,
        when_ready: bool = False,
    ) -> None:
        self._ask = ask
        self._on_news = on_news
        self._interval = interval if callable(interval) else lambda _place: interval
        self._patience = patience
        self._blend = blend
        self._when_ready = when_ready
        self._rounds: dict[Key, _Round[P, T]] = {}
        self._slots = asyncio.Semaphore(at_once)

    def latest(self, key: Key, pods: Mapping[str, P]) -> Mapping[str, T]:
        if not pods:
            self.forget(key)
            return {}
        found = self._see(key, pods)
        if found.task is None:
            found.task = asyncio.get_running_loop().create_task(self._go_round(key, found), name=f"poll {key}")
        found.known = self._answers(found)
        return found.known

    async def first(self, key: Key, pods: Mapping[str, P], ready: Collection[str]) -> None:
        found = self._see(key, pods)
        new = [pod for uid, pod in found.pods.items() if uid in ready and self._is_new(pod)]
        for uid, pod in found.pods.items():
            pod.was_ready = uid in ready
        await asyncio.gather(*(self._question(pod) for pod in new))

    def _is_new(self, pod: _Pod[P, T]) -> bool:
        return pod.asked_at == -inf or (self._when_ready and not pod.was_ready)

    def forget(self, key: Key) -> None:
        found = self._rounds.pop(key, None)
        if found is not None and found.task is not None:
            found.task.cancel()

    def close(self) -> None:
        """Ask nothing more of anybody."""
        for key in tuple(self._rounds):
            self.forget(key)

    def _see(self, key: Key, pods: Mapping[str, P]) -> _Round[P, T]:
        found = self._rounds.setdefault(key, _Round())
        known = found.pods
        found.pods = {}
        for uid, place in pods.items():
            pod = known.get(uid)
            if pod is None or pod.place != place:
                pod = _Pod(place)
                found.has_new.set()
            pod.place = place  # equal, but what does not count in the comparison may differ
            found.pods[uid] = pod
        return found

    async def _go_round(self, key: Key, found: _Round[P, T]) -> None:
        while True:
            found.has_new.clear()
            await asyncio.gather(*(self._in_turn(pod) for pod in found.pods.values() if self._wait_for(pod) <= 0))
            before, found.known = found.known, self._answers(found)
            if found.known != before:
                self._on_news(key, before, found.known)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(map(self._wait_for, found.pods.values())))):
                    await found.has_new.wait()

    def _wait_for(self, pod: _Pod[P, T]) -> float:
        """Return the seconds until the pod is to be asked again."""
        return pod.asked_at + self._interval(pod.place) - asyncio.get_running_loop().time()

    async def _in_turn(self, pod: _Pod[P, T]) -> None:
        async with self._slots:
            await self._question(pod)

    async def _question(self, pod: _Pod[P, T]) -> None:
        now = asyncio.get_running_loop().time
        pod.asked_at = now()
        try:
            answer = await self._ask(pod.place)
        except Exception:  # or one answer that cannot be read would end all questions
            log.exception("Question to a pod failed")
            return
        if answer is not None:
            pod.answer, pod.heard_at = self._blend(pod.answer, answer), now()

    def _answers(self, found: _Round[P, T]) -> dict[str, T]:
        oldest = asyncio.get_running_loop().time() - self._patience
        return {uid: pod.answer for uid, pod in found.pods.items() if pod.answer is not None and pod.heard_at >= oldest}


class HttpAsk(Generic[T]):
    """GET http://<pod>:9090<path>; what is not 200, not in time or not understood is no answer."""

    def __init__(
        self,
        path: str,
        parse: Callable[[bytes], T | None],
        most_bytes: int,
        port: int = OPS_PORT,
        seconds: float = TIMEOUT,
        at_once: int = AT_ONCE,
    ) -> None:
        self._path = path
        self._parse = parse
        self._http = PodHttp(port, seconds, most_bytes, at_once)

    async def __call__(self, address: str) -> T | None:
        found = await self._http.get(address, self._path)
        return None if found is None else self._parse(found)

    async def close(self) -> None:
        await self._http.close()
