"""What stays as it is while something is missing: what a problem holds back, and what the plan leaves out for not knowing enough.

A workload is neither changed nor made while one of its Secrets is missing or wrong: its pods would wait for it. And what the plan cannot
say yet (resources/serving.py) is no wish to be rid of what is there.
"""

from collections.abc import Iterable, Sequence

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.errors import StatedError
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, DISRUPTION_BUDGET, JOB, STATEFUL_SET
from assistant_operator.naming import COMPONENT_PULL, LABEL_COMPONENT, Names
from assistant_operator.reconcile.conditions import GATEWAY_READY, MODEL_READY
from assistant_operator.reconcile.steps import ingest
from assistant_operator.reconcile.steps.apply import Applier, ref_of
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.serving import is_servable


def unhindered(problems: Iterable[StatedError], planned: Sequence[Manifest], names: Names) -> list[Manifest]:
    """Leave out what the problems hold back: the pull, the gateways, or these and the store."""
    held: set[Ref] = set()
    for problem in problems:
        if problem.condition == MODEL_READY:
            held |= {ref_of(manifest) for manifest in planned if _is_pull(manifest)}
            continue
        held |= _gateways(names)
        if problem.condition != GATEWAY_READY:
            held.add(Ref.named(STATEFUL_SET, names.namespace, names.store))
    return [manifest for manifest in planned if ref_of(manifest) not in held]


def until_told(planned: Sequence[Manifest], names: Names, *, is_lost: bool) -> list[Manifest]:
    """Leave out the volume of a model that is lost, and its pull, until status says so.

    Status alone tells which volume a model is on. A pass that ends early, after another volume was made and before status was written,
    would leave the next one to take the empty volume for the old one.
    """
    volume = Ref.named(CLAIM, names.namespace, names.models_claim)
    return [manifest for manifest in planned if not is_lost or (ref_of(manifest) != volume and not _is_pull(manifest))]


def awaited(spec: PrivateAssistantSpec, context: Context, applier: Applier) -> set[Ref]:
    """Return what is there and is left alone, since what the plan needs for it is not known yet."""
    servable = is_servable(spec, context)
    found: set[Ref] = set()
    if context.serving is not None and not servable:
        found |= _gateways(context.names)
    if spec.rag is not None and not (servable and context.service_address):
        found |= ingest.living(applier)
    return {ref for ref in found if applier.own(ref) is not None}


def _gateways(names: Names) -> set[Ref]:
    return {
        Ref.named(STATEFUL_SET, names.namespace, names.stateful_set),
        Ref.named(DISRUPTION_BUDGET, names.namespace, names.disruption_budget),
        Ref.named(CONFIG_MAP, names.namespace, names.policy_config),
    }


def _is_pull(manifest: Manifest) -> bool:
    return manifest.kind == JOB.kind and manifest.metadata["labels"].get(LABEL_COMPONENT) == COMPONENT_PULL
