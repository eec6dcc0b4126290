"""The control of the experiment: does the operator, whom no assistant's policy confines, reach what a pod is about to try?

"Blocked" and "down" look the same from inside a pod; only what was reached from here a moment ago counts as closed there. A try is
shared by all assistants that ask for the same, and none is made while nobody asks.
"""

import asyncio
import contextlib
import secrets
import struct
from collections.abc import Awaitable, Callable, Collection
from math import inf
from typing import NamedTuple

from assistant_egress.protocol import Protocol
from assistant_operator.resources.egress_targets import Goal

TRY_SECONDS = 1.0
RESEND_SECONDS = 0.2
"""Until what has no answer is sent again: the datagram, or a connection's first packet, which the kernel would repeat after a second."""
AGAIN_AFTER = 5.0
"""Seconds for which a try speaks for the next ones; one that failed does not where a gate waits for it."""
ALIVE_FOR = 10.0
"""Seconds since the last success: one lost datagram does not take a target away."""
LATELY = 20.0
"""The same for who does not wait, and hears of a try when asking again."""
FORGOTTEN_AFTER = 120.0
AT_ONCE = 64
DATAGRAM = b"?"


class Thing(NamedTuple):
    """What is tried, whatever class of paths it stands for."""

    protocol: Protocol
    address: str
    port: int


Reach = Callable[[Thing], Awaitable[bool]]


class _Tries:
    """What came of the tries of one thing."""

    def __init__(self) -> None:
        self.at = -inf
        """When the newest that somebody waits for began."""
        self.reached_at = -inf
        self.has_failed = False
        """The newest that has ended did."""
        self.running: asyncio.Task[None] | None = None
        self.is_awaited = False
        self.second: asyncio.Task[None] | None = None
        """Of what was never reached: the try after the first one."""


class Control:
    """Tries things when asked for them."""

    def __init__(self, reach: Reach | None = None) -> None:
        self._reach = reach or reaches
        self._known: dict[Thing, _Tries] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def alive(self, goals: Collection[Goal], *, is_urgent: bool = False) -> frozenset[Goal]:
        """Return those of the goals that were reached from here just now; waits for the tries that are due.

        Where it is urgent, what failed is tried again at once, and again, for as long as it is asked for; nobody waits for that, since most
        of it is not there at all: who asks once more hears of it.
        """
        things = list(dict.fromkeys(map(_thing, goals)))
        tries = dict(zip(things, await asyncio.gather(*map(self._tried, things)), strict=True))
        if is_urgent:
            for thing, found in tries.items():
                if found.has_failed:
                    self._begin(thing, found)
        else:
            await asyncio.gather(*(self._twice(thing, found) for thing, found in tries.items() if found.reached_at == -inf))
        self._forget_old()
        since = _now() - ALIVE_FOR
        return frozenset(goal for goal in goals if tries[_thing(goal)].reached_at >= since)

    def lately(self, goals: Collection[Goal]) -> frozenset[Goal]:
        """Return those of the goals that are known to have been reached from here lately; tries what is due, and waits for nothing.

        For what nothing hangs on: every assistant may bring more of it, and who waited for all that is down would be late himself.
        """
        tries = {thing: self._begun(thing) for thing in map(_thing, goals)}
        self._forget_old()
        since = _now() - LATELY
        return frozenset(goal for goal in goals if tries[_thing(goal)].reached_at >= since)

    async def close(self) -> None:
        """Try nothing more."""
        running = [tries.running for tries in self._known.values() if tries.running is not None]
        self._known.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _tried(self, thing: Thing) -> _Tries:
        """Return what came of the newest try, once it has ended."""
        tries = self._begun(thing)
        if tries.running is not None and tries.is_awaited:
            await asyncio.wait((tries.running,))  # others wait for it too: who is cancelled does not cancel it
        return tries

    async def _twice(self, thing: Thing, tries: _Tries) -> None:
        """Wait for the second try of what was not reached by the first.

        An operator that has just started remembers no success: one packet to a canary that is being replaced, as it is with the same
        upgrade, would leave every assistant without evidence until its next round. What has no evidence yet does not wait for it.
        """
        if tries.second is None and tries.has_failed:
            self._begin(thing, tries)
            tries.second = tries.running
        if tries.second is not None:
            await asyncio.wait((tries.second,))

    def _begun(self, thing: Thing) -> _Tries:
        """Begin a try if one is due."""
        tries = self._known.setdefault(thing, _Tries())
        if tries.at <= _now() - AGAIN_AFTER:
            tries.at = _now()
            tries.is_awaited = True  # one that began without anybody's waiting will do
            self._begin(thing, tries)
        return tries

    def _begin(self, thing: Thing, tries: _Tries) -> None:
        if tries.running is None:
            tries.running = asyncio.create_task(self._try(thing, tries), name="control")

    async def _try(self, thing: Thing, tries: _Tries) -> None:
        try:
            async with self._slots:
                reached = await self._reach(thing)
            tries.has_failed = not reached
            if reached:
                tries.reached_at = _now()
        finally:
            tries.running = None
            tries.is_awaited = False

    def _forget_old(self) -> None:
        before = _now() - FORGOTTEN_AFTER
        for thing in [thing for thing, tries in self._known.items() if tries.at < before and tries.running is None]:
            del self._known[thing]


def _thing(goal: Goal) -> Thing:
    return Thing(goal.protocol, goal.address, goal.port)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def reaches(thing: Thing) -> bool:
    """Tell whether something answers there: a TCP connection that comes about, or any datagram back."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(TRY_SECONDS):
            if thing.protocol == "tcp":
                return await _connects(thing.address, thing.port)
            return await _answers(thing.address, thing.port, _question() if thing.protocol == "dns" else DATAGRAM)
    return False


async def _connects(address: str, port: int) -> bool:
    """Begin connections beside each other until one of them comes about, or is refused."""
    begun: set[asyncio.Task[None]] = set()
    try:
        while True:
            begun.add(asyncio.create_task(_connect(address, port)))
            ended, _ = await asyncio.wait(begun, timeout=RESEND_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if ended:
                return any(task.exception() is None for task in ended)
    finally:
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)


async def _connect(address: str, port: int) -> None:
    _, writer = await asyncio.open_connection(address, port)
    writer.transport.abort()  # nothing was said, and nobody waits for a goodbye


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._set(True)

    def error_received(self, exc: Exception) -> None:
        self._set(False)  # such as a refusal by ICMP

    def _set(self, answer: bool) -> None:
        if not self.answered.done():
            self.answered.set_result(answer)


async def _answers(address: str, port: int, datagram: bytes) -> bool:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(address, port))
    try:
        while not protocol.answered.done():
            transport.sendto(datagram)  # one may be lost on its way, and a target would seem dead until the next try
            await asyncio.wait((protocol.answered,), timeout=RESEND_SECONDS)
        return protocol.answered.result()
    finally:
        transport.close()


def _question() -> bytes:
    """Return a DNS question (RFC 1035) for the address of kubernetes.default.svc. under a random id; any answer is an answer."""
    name = b"".join(bytes([len(label)]) + label for label in (b"kubernetes", b"default", b"svc")) + b"\0"
    header = struct.pack("!HHHHHH", secrets.randbits(16), 0x0100, 1, 0, 0, 0)
    return header + name + struct.pack("!HH", 1, 1)
