"""The parts of a running operator are tasks: what came of one, and how all of them end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from assistant_operator import errors

WATCHES = "watches"
"""The part that ends by a flag, and late."""


def result(part: asyncio.Task[Any]) -> None:
    """Raise what ended the part; a lost Lease that several workers met is one lost Lease."""
    try:
        part.result()
    except BaseExceptionGroup as group:
        if (lost := group.subgroup(errors.LeaseLostError)) is not None:
            raise errors.LeaseLostError(str(lost.exceptions[0])) from group
        raise


async def end(
    parts: Sequence[asyncio.Task[Any]], stop_kopf: asyncio.Event, *let_go: Callable[[], Awaitable[None]], is_streaming: bool
) -> None:
    """End the parts: workers first, so that nothing is written any more and the Lease is free; then kopf.

    It waits five seconds for tasks of others that still run, and cancels them: what has some is let go of before.
    """
    for part in parts:
        if part.get_name() != WATCHES or not is_streaming:  # where nothing could be listed yet, kopf was not begun, and heeds no flag
            part.cancel()
    await asyncio.gather(*(part for part in parts if part.get_name() != WATCHES), return_exceptions=True)
    for each in let_go:
        await each()
    stop_kopf.set()
    watches = next(part for part in parts if part.get_name() == WATCHES)
    _, pending = await asyncio.wait((watches,), timeout=10)
    for part in pending:
        part.cancel()
    await asyncio.gather(watches, return_exceptions=True)
