"""How far the pods of an assistant may reach, in one word: what more than a NetworkPolicy may deny rests on it.

A deny of another dialect wins over every allow, the spec's own too. So it is built from what the spec allows, and says nothing where it
could meet that. Neighbours: cilium.py and admin_policy.py deny, pod.py bears the label that policies of the whole cluster select by.
"""

from typing import Literal

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.naming import COMPONENT_ASSISTANT, COMPONENT_STORE, LABEL_EGRESS, REACHES_NOTHING, REACHES_OWN

Reach = Literal["nothing", "own", "networks"]
"""Nothing at all; pods of the assistant's own alone (its store, its egress proxy); networks or pods that the spec names."""

_LABELS: dict[Reach, str] = {"nothing": REACHES_NOTHING, "own": REACHES_OWN}


def reach(spec: PrivateAssistantSpec) -> Reach:
    """Return how far the serving pods may reach: of the spec alone, so that it changes with the spec and with nothing else."""
    if spec.egress.networks or spec.external_store is not None:
        return "networks"
    return "own" if spec.managed_store is not None or spec.egress.hosts else "nothing"


def reach_labels(spec: PrivateAssistantSpec, component: str) -> dict[str, str]:
    """Return the label of a component's pods, by which a policy of the cluster denies what they may not reach; none says nothing."""
    if component == COMPONENT_STORE:
        return {LABEL_EGRESS: REACHES_NOTHING}
    word = _LABELS.get(reach(spec)) if component == COMPONENT_ASSISTANT else None
    return {} if word is None else {LABEL_EGRESS: word}
