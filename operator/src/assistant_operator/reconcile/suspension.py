"""What becomes of an assistant whose spec says `suspend`: nothing, and status says so."""

from assistant_operator.kube.objects import Object, generation_of
from assistant_operator.reconcile import conditions, kept, report
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.report import Written
from assistant_operator.reconcile.world import World


async def suspend(world: World, assistant: Object) -> Outcome:
    """Say that nothing is done, and do nothing."""
    if (key := Key.of(assistant)) is not None:
        kept.forget(world, key)
    before = report.stored_status(assistant)
    told = conditions.suspended(before.conditions, generation_of(assistant), world.clock())
    status = before.model_copy(update={"conditions": told, "observed_generation": generation_of(assistant)})
    written = await report.write(world, assistant, status)
    return Outcome("suspended", 0.0 if written is Written.BEHIND else None)
