"""How the parts of a running operator end: in which order, and what is told of it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from assistant_operator import errors
from assistant_operator.handlers import parts


class Scene:
    """Two parts, one of them kopf's, and what ended when."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.stop_kopf = asyncio.Event()
        self.parts = [asyncio.create_task(self._work(), name="workers"), asyncio.create_task(self._watch(), name=parts.WATCHES)]

    async def _work(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append("workers")

    async def _watch(self) -> None:
        await self.stop_kopf.wait()
        self.ended.append("kopf")

    def letting_go(self, name: str) -> Callable[[], Awaitable[None]]:
        async def let_go() -> None:
            self.ended.append(name)

        return let_go


async def test_what_is_asked_in_the_background_ends_before_kopf() -> None:
    """It waits five seconds for every task on the loop, ours too; the Lease is free before anything of that, and after the last write."""
    scene = Scene()
    await asyncio.sleep(0)
    await parts.end(scene.parts, scene.stop_kopf, scene.letting_go("lease"), scene.letting_go("questions"), is_streaming=True)

    assert scene.ended == ["workers", "lease", "questions", "kopf"]


async def test_watches_that_were_not_begun_are_cancelled() -> None:
    """kopf heeds its flag only once it runs."""
    scene = Scene()
    await asyncio.sleep(0)
    await parts.end(scene.parts, scene.stop_kopf, is_streaming=False)

    assert scene.parts[1].cancelled()


async def test_a_lost_lease_is_one_however_many_met_it() -> None:
    async def lose() -> None:
        raise BaseExceptionGroup("", [errors.LeaseLostError("lost"), errors.LeaseLostError("lost")])

    part = asyncio.create_task(lose())
    await asyncio.wait([part])

    with pytest.raises(errors.LeaseLostError, match="lost"):
        parts.result(part)
