"""What a worker makes of the end of a pass."""

import asyncio
from collections.abc import Callable

import pytest

from assistant_operator import errors
from assistant_operator.metrics import Metrics
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.scheduling import workers
from assistant_operator.reconcile.scheduling.queue import Queue

KEY = Key("n", "a")
pytestmark = pytest.mark.usefixtures("jumping_clock")


async def pass_once(end: Callable[[], Outcome]) -> tuple[Queue, Metrics]:
    queue, metrics = Queue(jitter=lambda _low, _high: 1.0), Metrics()

    async def reconcile(_: Key) -> Outcome:
        return end()

    await workers.once(KEY, queue, reconcile, metrics)
    return queue, metrics


def counted(metrics: Metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("private_assistant_operator_reconciles_total", {"outcome": outcome}) or 0.0


def failing(error: Exception) -> Callable[[], Outcome]:
    def end() -> Outcome:
        raise error

    return end


async def test_an_outcome_says_when_to_come_back() -> None:
    queue, metrics = await pass_once(lambda: Outcome("ready", 0.01))
    assert counted(metrics, "ready") == 1
    assert await asyncio.wait_for(queue.take(), 1) == KEY


async def test_what_is_gone_does_not_come_back() -> None:
    queue, _ = await pass_once(lambda: Outcome("gone"))
    await asyncio.sleep(0.01)

    assert queue.is_quiet
    assert len(queue) == 0


@pytest.mark.parametrize(
    ("error", "label"),
    [
        (errors.UnavailableError("get", "x", 503, "x"), "error"),
        (errors.ConflictError("get", "x", 409, "x"), "conflict"),
        (ZeroDivisionError(), "error"),
    ],
)
async def test_errors_back_off(error: Exception, label: str) -> None:
    """And a worker survives every one of them."""
    queue, metrics = await pass_once(failing(error))

    assert counted(metrics, label) == 1
    assert queue.retry(KEY) == 1.0  # the second failure on end
    queue.forget(KEY)


async def test_the_api_servers_delay_is_kept() -> None:
    queue, _ = await pass_once(failing(errors.ThrottledError("get", "x", 429, "x", retry_after=0.7)))
    await asyncio.sleep(0.55)
    assert len(queue) == 0

    assert await asyncio.wait_for(queue.take(), 1) == KEY


async def test_a_failed_outcome_backs_off() -> None:
    queue, _ = await pass_once(lambda: Outcome("error", 600, is_failure=True))

    assert queue.retry(KEY) == 1.0
    queue.forget(KEY)


async def test_a_lost_lease_ends_all_workers() -> None:
    queue, metrics = Queue(), Metrics()
    started = list[Key]()

    async def reconcile(key: Key) -> Outcome:
        started.append(key)
        if key.name == "0":
            raise errors.LeaseLostError("lost")
        await asyncio.sleep(60)
        return Outcome("ready")

    for number in range(3):
        queue.add(Key("n", str(number)))
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(workers.run(queue, reconcile, metrics, 3), 5)

    assert caught.group_contains(errors.LeaseLostError)
    assert len(started) <= 3


async def test_one_assistant_is_never_passed_over_twice_at_once() -> None:
    """However often it is asked for, with however many workers."""
    queue, metrics = Queue(), Metrics()
    running, most, total = 0, 0, 0

    async def reconcile(_: Key) -> Outcome:
        nonlocal running, most, total
        running, total = running + 1, total + 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1
        return Outcome("ready")

    task = asyncio.create_task(workers.run(queue, reconcile, metrics, 8))
    for _ in range(20):
        queue.add(KEY)
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)
    task.cancel()

    assert most == 1
    assert 2 <= total <= 20
