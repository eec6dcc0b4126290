"""The PodDisruptionBudget: a drain takes one pod after the other, and a pod that does not work stops nobody from draining its node."""

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT
from assistant_operator.resources.context import Context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.serving import is_servable


def disruption_budget(spec: PrivateAssistantSpec, context: Context) -> Manifest | None:
    """Return the budget (policy/v1); None while there are no pods."""
    if not is_servable(spec, context):
        return None
    return Manifest(
        api_version="policy/v1",
        kind="PodDisruptionBudget",
        metadata=context.metadata(context.names.disruption_budget, COMPONENT_ASSISTANT),
        body={
            "spec": {
                "maxUnavailable": 1,
                "selector": {"matchLabels": context.names.selector(COMPONENT_ASSISTANT)},
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
            }
        },
    )
