"""`status` of a PrivateAssistant: what is, as last seen. Conventions: Kubernetes API conventions and kstatus (Flux)."""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel, keyed
from assistant_operator.api.v1alpha1.spec import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.values import is_open

ConditionStatus = Literal["True", "False", "Unknown"]
INT64 = {"format": "int64"}


class Condition(ApiModel):
    """One aspect of the assistant (metav1.Condition)."""

    type: Annotated[str, Field(max_length=316, description="Ready, Reconciling, Stalled, ModelReady or GatewayReady.")]
    status: Annotated[ConditionStatus, Field(description="True, False, or Unknown where it has not been shown.")]
    reason: Annotated[str, Field(min_length=1, max_length=1024, description="One CamelCase word that programs may act on.")]
    message: Annotated[str, Field(max_length=32768, description="What it means and what to do; never content, secrets or changing text.")]
    observed_generation: Annotated[
        int | None, Field(ge=0, description="Generation of the resource that this condition speaks of.", json_schema_extra=INT64)
    ] = None
    last_transition_time: Annotated[
        str, Field(max_length=64, description="When status last changed (RFC 3339, seconds).", json_schema_extra={"format": "date-time"})
    ]


class PullStatus(ApiModel):
    """Progress of a running pull."""

    completed_bytes: Annotated[int, Field(ge=0, description="Bytes on the volume.", json_schema_extra=INT64)]
    total_bytes: Annotated[int, Field(ge=0, description="Bytes of the whole model; 0 until the manifest is read.", json_schema_extra=INT64)]


class ModelStatus(ApiModel):
    """The model on the volume."""

    name: Annotated[
        str,
        Field(
            max_length=400,
            description="Reference of the model that is on the volume, verified; of the one that is being pulled before the first.",
        ),
    ]
    digest: Annotated[str | None, Field(max_length=71, description="sha256: of its manifest; absent until it is verified.")] = None
    volume: Annotated[str | None, Field(max_length=253, description="PersistentVolumeClaim that holds it.")] = None
    size_bytes: Annotated[int | None, Field(ge=0, description="Bytes of all its blobs.", json_schema_extra=INT64)] = None
    pull: Annotated[PullStatus | None, Field(description="Progress of the pull; absent when none runs.")] = None


class EgressStatus(ApiModel):
    """What the NetworkPolicy that was last applied lets out."""

    mode: Annotated[
        Literal["Deny", "Allowlist", "Open"],
        Field(
            description="Deny: nothing. Allowlist: what spec.egress.allow lists. Open: everything or a large part of it, as "
            "acknowledged in the spec. "
            "Whether the cluster's network enforces policies is not shown here."
        ),
    ]


class InventoryEntry(ApiModel):
    """An object that the operator made."""

    id: Annotated[str, Field(max_length=700, description="<namespace>_<name>_<group>_<kind> of the object.")]
    v: Annotated[str, Field(max_length=63, description="Its API version.")]


class PrivateAssistantStatus(ApiModel):
    """What the assistant is."""

    observed_generation: Annotated[int | None, Field(ge=0, description="Generation that was last acted on.", json_schema_extra=INT64)] = (
        None
    )
    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=32,
            description="Ready always; Reconciling and Stalled only while True; one for each promise.",
            json_schema_extra=keyed("type"),
        ),
    ] = ()
    endpoint: Annotated[
        str | None, Field(max_length=512, description="URL in the cluster; /v1 below it speaks OpenAI's wire format, /api Ollama's.")
    ] = None
    model: Annotated[ModelStatus | None, Field(description="The model on the volume.")] = None
    egress: Annotated[EgressStatus | None, Field(description="What the NetworkPolicy that was last applied lets out.")] = None
    inventory: Annotated[
        tuple[InventoryEntry, ...], Field(max_length=256, description="Every object that the operator made for this assistant.")
    ] = ()


def egress_status(spec: PrivateAssistantSpec) -> EgressStatus:
    """Return what the spec's NetworkPolicy lets out once it is applied."""
    if spec.egress.mode == "Deny":
        return EgressStatus(mode="Deny")
    return EgressStatus(mode="Open" if any(is_open(rule.cidr) for rule in spec.egress.allow) else "Allowlist")
