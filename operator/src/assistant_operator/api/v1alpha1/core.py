"""The parts of core/v1, meta/v1 and networking.k8s.io/v1 that a PrivateAssistant embeds, field by field.

They are spelled out, rather than passed through, so that the API server refuses a misspelt field here as it does in a pod: a
`podSelektor` that is dropped in silence would be a peer that means something else. Descriptions are short: Kubernetes documents them.
"""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel, LabelKey, LabelMap, LabelValue, Quantity

ShortText = Annotated[str, Field(max_length=253)]


class SelectorRequirement(ApiModel):
    """One requirement on a label."""

    key: Annotated[LabelKey, Field(description="Label to which the requirement applies.")]
    operator: Annotated[Literal["In", "NotIn", "Exists", "DoesNotExist"], Field(description="How the label relates to values.")]
    values: Annotated[
        tuple[LabelValue, ...] | None, Field(max_length=64, description="Values for In and NotIn; absent for Exists and DoesNotExist.")
    ] = None


class LabelSelector(ApiModel):
    """Objects by their labels; an empty selector selects all."""

    match_labels: Annotated[LabelMap | None, Field(description="Labels that must be present with these values.")] = None
    match_expressions: Annotated[
        tuple[SelectorRequirement, ...] | None, Field(max_length=32, description="Requirements that must all hold.")
    ] = None


class IPBlock(ApiModel):
    """Addresses, less some of them."""

    cidr: Annotated[str, Field(max_length=43, description="Network, IPv4 or IPv6, e.g. 10.20.0.0/16.")]
    except_: Annotated[
        tuple[Annotated[str, Field(max_length=43)], ...] | None,
        Field(alias="except", max_length=32, description="Networks within cidr that are left out."),
    ] = None


class NetworkPolicyPeer(ApiModel):
    """Who may connect (networking.k8s.io/v1 NetworkPolicyPeer)."""

    pod_selector: Annotated[
        LabelSelector | None,
        Field(description="Pods by their labels, in the assistant's namespace or in those that namespaceSelector selects."),
    ] = None
    namespace_selector: Annotated[
        LabelSelector | None, Field(description="Namespaces by their labels; an empty selector is every namespace.")
    ] = None
    ip_block: Annotated[IPBlock | None, Field(description="Addresses outside the cluster; stands alone.")] = None


class Toleration(ApiModel):
    """A taint that the pods tolerate (core/v1 Toleration)."""

    key: Annotated[LabelKey | None, Field(description="Key of the taint; every key where absent, with operator Exists.")] = None
    operator: Annotated[Literal["Exists", "Equal"] | None, Field(description="How key relates to value; Equal where absent.")] = None
    value: Annotated[LabelValue | None, Field(description="Value of the taint, for Equal.")] = None
    effect: Annotated[
        Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None, Field(description="Effect of the taint; every effect where absent.")
    ] = None
    toleration_seconds: Annotated[
        int | None, Field(ge=0, le=315_360_000, description="How long a NoExecute taint is tolerated; for ever where absent.")
    ] = None


class ResourceRequirements(ApiModel):
    """What a container asks for and may use (core/v1 ResourceRequirements)."""

    limits: Annotated[
        dict[str, Quantity] | None, Field(max_length=32, description="Most that the container may use, e.g. nvidia.com/gpu: 1.")
    ] = None
    requests: Annotated[
        dict[str, Quantity] | None, Field(max_length=32, description="What the scheduler sets aside for the container.")
    ] = None


class NodeSelectorRequirement(ApiModel):
    """One requirement on a node's label or field."""

    key: Annotated[LabelKey, Field(description="Label or field of the node.")]
    operator: Annotated[Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], Field(description="How it relates to values.")]
    values: Annotated[tuple[ShortText, ...] | None, Field(max_length=256, description="Values; one integer for Gt and Lt.")] = None


class NodeSelectorTerm(ApiModel):
    """Requirements on a node that must all hold."""

    match_expressions: Annotated[
        tuple[NodeSelectorRequirement, ...] | None, Field(max_length=32, description="Requirements on labels.")
    ] = None
    match_fields: Annotated[tuple[NodeSelectorRequirement, ...] | None, Field(max_length=32, description="Requirements on fields.")] = None


class NodeSelector(ApiModel):
    """Nodes for which one of the terms holds."""

    node_selector_terms: Annotated[
        tuple[NodeSelectorTerm, ...], Field(min_length=1, max_length=32, description="Terms, of which one must hold.")
    ]


class PreferredSchedulingTerm(ApiModel):
    """A term on nodes with a weight."""

    weight: Annotated[int, Field(ge=1, le=100, description="Weight of the preference, 1 to 100.")]
    preference: Annotated[NodeSelectorTerm, Field(description="Which nodes are preferred.")]


class NodeAffinity(ApiModel):
    """Which nodes the pods need or prefer."""

    required_during_scheduling_ignored_during_execution: Annotated[NodeSelector | None, Field(description="Nodes that the pods need.")] = (
        None
    )
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[PreferredSchedulingTerm, ...] | None, Field(max_length=32, description="Nodes that the pods prefer.")
    ] = None


class PodAffinityTerm(ApiModel):
    """Pods near which, or away from which, to run."""

    topology_key: Annotated[LabelKey, Field(description="Label of nodes that says what near means, e.g. kubernetes.io/hostname.")]
    label_selector: Annotated[LabelSelector | None, Field(description="Pods by their labels.")] = None
    namespaces: Annotated[
        tuple[ShortText, ...] | None, Field(max_length=64, description="Namespaces of the pods; this one where absent.")
    ] = None
    namespace_selector: Annotated[LabelSelector | None, Field(description="Namespaces of the pods by their labels.")] = None
    match_label_keys: Annotated[tuple[LabelKey, ...] | None, Field(max_length=32, description="Labels in which the pods equal ours.")] = (
        None
    )
    mismatch_label_keys: Annotated[tuple[LabelKey, ...] | None, Field(max_length=32, description="Labels in which the pods differ.")] = None


class WeightedPodAffinityTerm(ApiModel):
    """A term on pods with a weight."""

    weight: Annotated[int, Field(ge=1, le=100, description="Weight of the preference, 1 to 100.")]
    pod_affinity_term: Annotated[PodAffinityTerm, Field(description="Which pods are meant.")]


class PodAffinity(ApiModel):
    """Pods near which, or away from which, the pods need or prefer to run."""

    required_during_scheduling_ignored_during_execution: Annotated[
        tuple[PodAffinityTerm, ...] | None, Field(max_length=32, description="What the pods need.")
    ] = None
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[WeightedPodAffinityTerm, ...] | None, Field(max_length=32, description="What the pods prefer.")
    ] = None


class Affinity(ApiModel):
    """Where the pods run, by nodes and by other pods (core/v1 Affinity)."""

    node_affinity: Annotated[NodeAffinity | None, Field(description="Which nodes the pods need or prefer.")] = None
    pod_affinity: Annotated[PodAffinity | None, Field(description="Pods near which to run.")] = None
    pod_anti_affinity: Annotated[PodAffinity | None, Field(description="Pods away from which to run.")] = None
