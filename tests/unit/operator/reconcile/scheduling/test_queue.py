"""The queue: one entry for each assistant, never two workers on one, news of the known ones first, delays and back-off."""

import asyncio

import pytest

from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.scheduling import queue as queues
from assistant_operator.reconcile.scheduling.queue import MAX_DELAY, Queue

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


async def test_what_is_not_admitted_is_passed_over() -> None:
    """When it is added, when its time comes, when a worker is done with it or asks for the next, and when a failure is to be repeated."""
    admitted = {A, B}
    queue = Queue(jitter=lambda _low, _high: 1.0, admits=admitted.__contains__)
    queue.add(A)
    queue.add(B)
    queue.add_after(Key("n", "c"), 0)
    assert len(queue) == 2
    assert await queue.take() == A
    assert queue.in_hand() == {A}
    queue.add(A)
    admitted.clear()
    queue.retry(A)
    queue.done(A)
    admitted.add(Key("n", "d"))
    queue.add_after(A, 0.1)
    queue.add(Key("n", "d"))

    assert await asyncio.wait_for(queue.take(), 1) == Key("n", "d")
    assert queue.in_hand() == {Key("n", "d")}
    admitted.add(A)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.take(), 1)


async def test_a_server_that_asks_for_days_is_asked_again_sooner(queue: Queue) -> None:
    """Its own delay counts, as far as the queue ever waits: an assistant is not left alone for a header's sake."""
    assert queue.retry(A, 60.0) == 60.0
    assert queue.retry(B, 86400.0) == MAX_DELAY


async def test_what_is_admitted_no_more_is_forgotten() -> None:
    """Its delays, and how often it failed; all else stays."""
    admitted = {A, B}
    queue = Queue(jitter=lambda _low, _high: 1.0, admits=admitted.__contains__)
    for key in (A, B):
        assert [queue.retry(key), queue.retry(key)] == [0.5, 1.0]
        queue.add(key)
    admitted.discard(A)
    assert queue.shed() == {A}
    admitted.add(A)

    assert queue.retry(A) == 0.5
    assert queue.retry(B) == 2.0


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


async def passed(queue: Queue, *keys: Key) -> None:
    """Let there have been a pass over each."""
    for key in keys:
        queue.add(key)
        queue.done(await queue.take())


async def in_turn(queue: Queue, count: int) -> list[Key]:
    return [await asyncio.wait_for(queue.take(), 1) for _ in range(count)]


async def test_news_of_the_known_goes_before_the_new(queue: Queue) -> None:
    """An edit, or a repair, does not wait for a thousand assistants that were never passed over; these keep their order."""
    await passed(queue, A)
    new = [Key("n", f"new-{number}") for number in range(1000)]
    for key in new:
        queue.add(key)
    queue.add(A)
    assert len(queue) == 1001

    assert await in_turn(queue, 1001) == [A, *new]


async def test_a_regular_pass_that_waits_for_its_turn_goes_first_when_there_is_news(queue: Queue) -> None:
    """And is handed out once."""
    await passed(queue, B)
    queue.add(A)
    queue.add_after(B, 0.01)
    await asyncio.sleep(0.05)
    assert len(queue) == 2
    queue.add(B)
    queue.add(B)
    assert len(queue) == 2

    assert await in_turn(queue, 2) == [B, A]
    for key in (A, B):
        queue.done(key)
    assert queue.is_quiet
    queue.add(Key("n", "c"))
    assert await in_turn(queue, 1) == [Key("n", "c")]


async def test_regular_passes_wait_for_their_turn(queue: Queue) -> None:
    await passed(queue, B)
    queue.add(A)
    queue.add_after(B, 0.01)
    await asyncio.sleep(0.05)

    assert await in_turn(queue, 2) == [A, B]


async def test_news_without_end_keeps_nobody_waiting_for_ever(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "OVERTAKES", 10)
    await passed(queue, A)
    queue.add(B)
    handed: list[Key] = []
    while B not in handed:
        assert len(handed) < 20
        queue.add(A)
        handed += await in_turn(queue, 1)
        queue.done(handed[-1])

    assert len(handed) > 5


async def test_one_that_is_gone_and_comes_again_is_new(queue: Queue) -> None:
    await passed(queue, B)
    queue.forget(B)
    queue.add(A)
    queue.add(B)

    assert await in_turn(queue, 2) == [A, B]


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
