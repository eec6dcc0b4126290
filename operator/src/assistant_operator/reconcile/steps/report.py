"""The one status write of a pass, if there is anything to write, and the Events for what changed."""

from enum import Enum
from typing import Any

from pydantic import ValidationError

from assistant_operator import errors
from assistant_operator.api.v1alpha1 import PrivateAssistantStatus
from assistant_operator.api.v1alpha1.status import ModelStatus
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.objects import Object, generation_of, metadata, name_of, namespace_of
from assistant_operator.naming import API_VERSION, KIND
from assistant_operator.reconcile import conditions
from assistant_operator.reconcile.steps import events
from assistant_operator.reconcile.world import World


class Written(Enum):
    """What became of a status write."""

    DONE = "done"
    BEHIND = "behind"
    """The assistant has changed since: another pass is due."""
    GONE = "gone"


def stored_status(assistant: Object) -> PrivateAssistantStatus:
    """Return the status as stored. One that cannot be read (edited by hand, or by a newer version) counts as empty, but for the model
    record where that can be read: without it a model would be pulled again."""
    raw = assistant.get("status") or {}
    try:
        return PrivateAssistantStatus.model_validate(raw)
    except ValidationError:
        return PrivateAssistantStatus(model=_stored_model(raw))


def _stored_model(raw: Any) -> ModelStatus | None:
    try:
        return ModelStatus.model_validate(raw["model"])
    except (ValidationError, KeyError, TypeError):
        return None


async def withhold(world: World, assistant: Object) -> None:
    """Say that nothing is known, beside all that status told before."""
    before = stored_status(assistant)
    others = {one.type for one in before.conditions} - {conditions.READY, *conditions.ONLY_WHILE_TRUE}
    verdict = conditions.STATUS_REFUSED
    told = conditions.conditions(verdict, dict.fromkeys(others, verdict), before.conditions, generation_of(assistant), world.clock())
    await write(world, assistant, before.model_copy(update={"conditions": told}))


async def write(world: World, assistant: Object, status: PrivateAssistantStatus) -> Written:
    """Write the status where it differs from the stored one.

    A ConflictError says that the assistant changed meanwhile: the pass is to be made again.
    """
    wanted = {name: value for name, value in status.to_dict().items() if value != []}
    if wanted == (assistant.get("status") or {}):
        return Written.DONE
    manifest = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name_of(assistant),
            "namespace": namespace_of(assistant),
            # The version that was judged: a status never reaches a successor of the same name, nor a generation that was not looked at.
            "resourceVersion": metadata(assistant)["resourceVersion"],
        },
        "status": wanted,
    }
    ref, answer = Ref.of(assistant), None
    world.cache.expect(ref)
    try:
        answer = await world.client.apply_status(manifest)
    except errors.GoneError:
        return Written.GONE
    finally:
        is_behind = world.cache.answered(ref, answer)
    changed = events.transitions(stored_status(assistant).conditions, status.conditions)
    await events.tell(world.client, assistant, changed, world.instance, world.clock())
    return Written.BEHIND if is_behind else Written.DONE
