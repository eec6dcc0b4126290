"""`status` of a PrivateAssistant: what is, as last seen. Conventions: Kubernetes API conventions and kstatus (Flux)."""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel

ConditionStatus = Literal["True", "False", "Unknown"]


class Condition(ApiModel):
    """metav1.Condition."""

    type: Annotated[str, Field(description="Ready, Reconciling, Stalled, ModelReady or GatewayReady.")]
    status: Annotated[ConditionStatus, Field(description="True, False, or Unknown where it has not been shown.")]
    reason: Annotated[str, Field(description="One CamelCase word that programs may act on.")]
    message: Annotated[str, Field(description="What it means and what to do; never content, secrets or changing text.")]
    observed_generation: Annotated[int | None, Field(description="Generation of the resource that this condition speaks of.")] = None
    last_transition_time: Annotated[str, Field(description="When status last changed (RFC 3339, seconds).", json_schema_extra={"format": "date-time"})]


class PullStatus(ApiModel):
    """Progress of a running pull."""

    completed_bytes: Annotated[int, Field(ge=0, description="Bytes on the volume.", json_schema_extra={"format": "int64"})]
    total_bytes: Annotated[int, Field(ge=0, description="Bytes of the whole model; 0 until the manifest is read.", json_schema_extra={"format": "int64"})]


class ModelStatus(ApiModel):
    name: Annotated[str, Field(description="Reference of the model that is on the volume, verified.")]
    digest: Annotated[str | None, Field(description="sha256: of its manifest.")] = None
    size_bytes: Annotated[int | None, Field(description="Bytes of all its blobs.", json_schema_extra={"format": "int64"})] = None
    pull: Annotated[PullStatus | None, Field(description="Progress of the pull; absent when none runs.")] = None


class InventoryEntry(ApiModel):
    id: Annotated[str, Field(description="<namespace>_<name>_<group>_<kind> of an object that the operator made.")]
    v: Annotated[str, Field(description="Its API version.")]


class PrivateAssistantStatus(ApiModel):
    """What the assistant is."""

    observed_generation: Annotated[int | None, Field(description="Generation that was last acted on.", json_schema_extra={"format": "int64"})] = None
    conditions: Annotated[tuple[Condition, ...], Field(description="Ready always; Reconciling and Stalled only while True; one for each promise.")] = ()
    endpoint: Annotated[str | None, Field(description="URL in the cluster; /v1 below it speaks OpenAI's wire format, /api Ollama's.")] = None
    model: Annotated[ModelStatus | None, Field(description="The model on the volume.")] = None
    inventory: Annotated[tuple[InventoryEntry, ...], Field(description="Every object that the operator made for this assistant.")] = ()
