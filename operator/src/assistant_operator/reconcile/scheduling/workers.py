"""Workers take keys from the queue, pass over the assistant, and put it back for later or for another try."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from assistant_operator import errors
from assistant_operator.metrics import Metrics
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.scheduling.queue import Queue

log = logging.getLogger(__name__)

Reconcile = Callable[[Key], Awaitable[Outcome]]


async def run(queue: Queue, reconcile: Reconcile, metrics: Metrics, count: int) -> None:
    """Run the workers until they are cancelled, or until one of them finds the lease lost."""
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(work(queue, reconcile, metrics))


async def work(queue: Queue, reconcile: Reconcile, metrics: Metrics) -> None:
    """Do one key after the other, for ever."""
    while True:
        key = await queue.take()
        try:
            await once(key, queue, reconcile, metrics)
        finally:
            queue.done(key)


async def once(key: Key, queue: Queue, reconcile: Reconcile, metrics: Metrics) -> None:
    """Pass over one assistant and decide when it comes up again."""
    started = time.monotonic()
    label = "error"
    try:
        outcome = await reconcile(key)
        label = outcome.label
        if outcome.is_failure:
            queue.retry(key)
        elif outcome.after is not None:
            queue.succeeded(key)
            queue.add_after(key, outcome.after)
        else:
            queue.forget(key)
    except errors.LeaseLostError:
        raise
    except errors.ApiError as error:
        label = "conflict" if isinstance(error, errors.ConflictError) else "error"
        delay = queue.retry(key, error.retry_after)
        log.warning("Pass ended early", extra={"assistant": str(key), "reason": str(error), "retry_seconds": round(delay, 1)})
    except Exception:
        delay = queue.retry(key)
        log.exception("Pass failed", extra={"assistant": str(key), "retry_seconds": round(delay, 1)})
    finally:
        metrics.reconciled(label, time.monotonic() - started)
