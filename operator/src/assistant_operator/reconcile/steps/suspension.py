"""What becomes of an assistant whose spec says `suspend`, or that is being deleted: nothing, and status says so."""

from datetime import datetime, timedelta

from assistant_operator.kube.objects import Object, generation_of, metadata
from assistant_operator.reconcile import conditions
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.steps import kept, report
from assistant_operator.reconcile.steps.report import Written
from assistant_operator.reconcile.verdict import Verdict
from assistant_operator.reconcile.world import World

KEPT = timedelta(minutes=1)
"""From when on what is being deleted counts as kept: the garbage collector's own finalizers are gone after moments."""


async def suspend(world: World, assistant: Object) -> Outcome:
    """Say that nothing is done, and do nothing."""
    return await _rest(world, assistant, conditions.SUSPENDED, "suspended")


async def leave(world: World, assistant: Object) -> Outcome:
    """Leave to owner references what is being deleted. Where a finalizer keeps it, it is not to be called Ready all the while."""
    left = _deleted_at(assistant) + KEPT - world.clock()
    if left > timedelta(0):
        return Outcome("gone", min(left, KEPT).total_seconds())
    return await _rest(world, assistant, conditions.BEING_DELETED, "gone")


def _deleted_at(assistant: Object) -> datetime:
    return datetime.fromisoformat(str(metadata(assistant)["deletionTimestamp"]))


async def _rest(world: World, assistant: Object, verdict: Verdict, label: str) -> Outcome:
    if (key := Key.of(assistant)) is not None:
        kept.forget(world, key)
    before = report.stored_status(assistant)
    told = conditions.at_rest(verdict, before.conditions, generation_of(assistant), world.clock())
    status = before.model_copy(update={"conditions": told, "observed_generation": generation_of(assistant)})
    written = await report.write(world, assistant, status)
    return Outcome(label, 0.0 if written is Written.BEHIND else None)
