"""The queue: one entry for each assistant, never two workers on one, delays and back-off."""

import asyncio

import pytest

from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.queue import MAX_DELAY, Queue

A, B = Key("n", "a"), Key("n", "b")
pytestmark = pytest.mark.usefixtures("jumping_clock")


@pytest.fixture
async def queue() -> Queue:
    return Queue(jitter=lambda _low, _high: 1.0)


async def test_additions_coalesce(queue: Queue) -> None:
    for _ in range(5):
        queue.add(A)
    queue.add(B)

    assert len(queue) == 2
    assert [await queue.take(), await queue.take()] == [A, B]


async def test_a_key_is_never_with_two_workers(queue: Queue) -> None:
    """What is added meanwhile comes up when the worker is done."""
    queue.add(A)
    await queue.take()
    queue.add(A)
    queue.add(A)
    assert len(queue) == 0
    queue.done(A)

    assert await asyncio.wait_for(queue.take(), 1) == A
    queue.done(A)
    assert queue.is_quiet


async def test_a_delayed_key_comes_later(queue: Queue) -> None:
    queue.add_after(A, 0.03)
    assert len(queue) == 0
    assert queue.is_quiet

    assert await asyncio.wait_for(queue.take(), 1) == A


async def test_the_earlier_delay_counts(queue: Queue) -> None:
    queue.add_after(A, 60)
    queue.add_after(A, 0.01)
    queue.add_after(A, 60)
    assert await asyncio.wait_for(queue.take(), 1) == A
    queue.done(A)

    await asyncio.sleep(120)
    assert queue.is_quiet


async def test_an_addition_makes_a_delay_moot(queue: Queue) -> None:
    queue.add_after(A, 0.02)
    queue.add(A)
    await queue.take()
    queue.done(A)
    await asyncio.sleep(0.05)

    assert len(queue) == 0


async def test_a_delay_that_ends_while_a_worker_has_the_key(queue: Queue) -> None:
    queue.add(A)
    await queue.take()
    queue.add_after(A, 0.01)
    await asyncio.sleep(0.05)
    assert len(queue) == 0
    queue.done(A)

    assert len(queue) == 1


async def test_failures_back_off_and_successes_start_anew(queue: Queue) -> None:
    delays = [queue.retry(A) for _ in range(15)]
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(delays) == MAX_DELAY
    queue.succeeded(A)

    assert queue.retry(A) == 0.5
    assert queue.retry(B) == 0.5
    queue.forget(A)
    queue.forget(B)


async def test_the_servers_delay_is_the_least(queue: Queue) -> None:
    assert queue.retry(A, 30) == 30
    queue.forget(A)


async def test_what_is_forgotten_does_not_come_up(queue: Queue) -> None:
    queue.add_after(A, 0.01)
    queue.forget(A)
    await asyncio.sleep(0.03)

    assert len(queue) == 0


async def test_delays_are_spread() -> None:
    """A thousand assistants that fail together do not come back together."""
    queue = Queue()
    delays = {queue.retry(Key("n", str(number))) for number in range(50)}
    for number in range(50):
        queue.forget(Key("n", str(number)))

    assert len(delays) > 40
    assert all(0.375 <= delay <= 0.625 for delay in delays)
