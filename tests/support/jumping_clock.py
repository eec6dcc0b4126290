"""An event loop's clock that stands still while there is something to do, and jumps to the next timer when there is nothing.

For tests of delays, intervals and patience: they wait for nothing, and how busy the machine is changes nothing. Not for tests with
sockets, threads or processes: what these send comes after the jump.
"""

import asyncio
from typing import Any

import pytest


@pytest.fixture
async def jumping_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's loop has such a clock."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, asyncio.SelectorEventLoop)
    selector = loop._selector  # type: ignore[attr-defined]  # where the loop waits, there is no public way to it
    select, now = selector.select, loop.time()

    def jump(timeout: float | None = None) -> Any:
        nonlocal now
        if timeout is None:  # no timer at all
            return select(None)
        ready = select(0)
        now += 0 if ready else timeout
        return ready

    monkeypatch.setattr(selector, "select", jump)
    monkeypatch.setattr(loop, "time", lambda: now)
