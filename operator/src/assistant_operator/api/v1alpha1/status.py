"""`status` of a PrivateAssistant: what is, as last seen. Conventions: Kubernetes API conventions and kstatus (Flux)."""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import SET, ApiModel, keyed
from assistant_operator.api.v1alpha1.spec import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.values import is_open

ConditionStatus = Literal["True", "False", "Unknown"]
INT64 = {"format": "int64"}
LARGEST = 2**63 - 1
"""Number that the API server takes: a status with a larger one it refuses as a whole."""


class Condition(ApiModel):
    """One aspect of the assistant (metav1.Condition)."""

    type: Annotated[
        str,
        Field(
            max_length=316,
            description="Ready, Reconciling, Stalled, or a promise: ModelReady, StoreReady, GatewayReady, EgressConfined, "
            "RedactionActive, RetentionEnforced. UpToDate and ImagesUnaffected inform: Ready does not wait for them.",
        ),
    ]
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


class EmbeddingStatus(ApiModel):
    """The embedding model on the volume."""

    name: Annotated[str, Field(max_length=400, description="Reference of the embedding model that is on the volume, verified.")]
    digest: Annotated[str, Field(max_length=71, description="sha256: of its manifest.")]
    size_bytes: Annotated[int | None, Field(ge=0, description="Bytes of all its blobs.", json_schema_extra=INT64)] = None


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
    embedding: Annotated[EmbeddingStatus | None, Field(description="The embedding model beside it, with rag.")] = None
    pull: Annotated[PullStatus | None, Field(description="Progress of the pull; absent when none runs.")] = None


TIME = {"format": "date-time"}


class RefusedConnections(ApiModel):
    """Connections that the egress proxy refused, for one reason."""

    reason: Annotated[str, Field(min_length=1, max_length=64, description="Why: one CamelCase word.")]
    count: Annotated[int, Field(ge=0, description="How many.", json_schema_extra=INT64)]


class EgressStatus(ApiModel):
    """What the NetworkPolicy that was last applied lets out, and what the egress proxy has decided where hosts are allowed."""

    mode: Annotated[
        Literal["Deny", "Allowlist", "Open"],
        Field(
            description="Deny: nothing (but the store that the operator runs for it, where there is one). Allowlist: what "
            "spec.egress.allow and spec.store.external.peers list. Open: everything or a large part of it, as acknowledged in the spec. "
            "Whether the cluster's network enforces it: condition EgressConfined and status.evidence."
        ),
    ]
    allowed: Annotated[
        int | None,
        Field(
            ge=0,
            description="Connections that the egress proxy has let through since it started; only where hosts are allowed. Counts are "
            "written at most every five minutes, a reason of refusal that is new at once.",
            json_schema_extra=INT64,
        ),
    ] = None
    refused: Annotated[
        tuple[RefusedConnections, ...] | None,
        Field(
            max_length=32,
            description="Connections that it has refused, by reason; names and addresses that were asked for are recorded nowhere.",
            json_schema_extra=keyed("reason"),
        ),
    ] = None
    since: Annotated[
        str | None,
        Field(max_length=64, description="Since when the egress proxy has counted (RFC 3339): since its start.", json_schema_extra=TIME),
    ] = None


MOST_EVIDENCE = 700
"""Of the seven ways out, and of as many nodes as there can be replicas."""
EvidenceVerdict = Literal["Enforced", "NotEnforced", "Inconclusive"]


_PATH = (
    "The way out: outside, pods, metadata, dns, apiServer or ownNode. Or allowed: what the policy lets through to single addresses, by "
    "TCP (a store's, the egress proxy's, those that spec.egress.allow lists), and what the installation names of its networks "
    "(the chart's egress.outsideTargets), where there is any."
)


class EvidenceStatus(ApiModel):
    """What was seen of one way out, from inside the assistant's pods on one node."""

    path: Annotated[str, Field(min_length=1, max_length=32, description=_PATH)]
    node: Annotated[str, Field(max_length=253, description="The node on which the pods are that tried it.")]
    verdict: Annotated[
        EvidenceVerdict,
        Field(
            description="Enforced: no pod there reaches it, and something that is alive was tried. NotEnforced: a pod reached it. "
            "Inconclusive: nothing was reached, but nothing that is known to be alive was tried either. Of allowed, Enforced: all that is "
            "alive is reached. NotEnforced: some of it is not, which holds nothing up."
        ),
    ]
    required: Annotated[bool, Field(description="Whether the assistant counts as confined only while this way is closed.")]
    last_checked: Annotated[
        str,
        Field(
            max_length=64,
            description="When this was last seen (RFC 3339). It is tried every ten seconds; where the verdict stays, the time is written "
            "at most every five minutes, with the next pass, which may take ten more.",
            json_schema_extra=TIME,
        ),
    ]


class RetentionStatus(ApiModel):
    """What has been done about what is kept; written at most once a minute."""

    last_purge: Annotated[
        str | None, Field(max_length=64, description="When something was last looked for that is due (RFC 3339).", json_schema_extra=TIME)
    ] = None
    purged: Annotated[
        int | None,
        Field(ge=0, description="Items and documents that were erased as due since the store was made.", json_schema_extra=INT64),
    ] = None
    oldest: Annotated[
        str | None, Field(max_length=64, description="When the oldest item that is still kept came (RFC 3339).", json_schema_extra=TIME)
    ] = None
    encryption_key: Annotated[
        str | None,
        Field(
            max_length=253,
            description="The newest encryption key, by its entry in the Secret <assistant>-encryption, as every gateway has it; absent "
            "while one of them is silent or does not have it yet.",
        ),
    ] = None
    keys_to_rewrap: Annotated[
        int | None,
        Field(
            ge=0,
            description="Keys of conversations and documents that an older encryption key still wraps. 0: older ones may be removed, as "
            "soon as no backup needs them.",
            json_schema_extra=INT64,
        ),
    ] = None


class FailedDocuments(ApiModel):
    """Documents of a source that could not be taken in, for one reason."""

    reason: Annotated[str, Field(min_length=1, max_length=64, description="Why: one CamelCase word.")]
    count: Annotated[int, Field(ge=0, description="How many.", json_schema_extra=INT64)]


class SourceStatus(ApiModel):
    """What came of a source; written at most once a minute."""

    name: Annotated[str, Field(max_length=40, description="Name of the source.")]
    documents: Annotated[int, Field(ge=0, description="Documents of it in the store.", json_schema_extra=INT64)] = 0
    chunks: Annotated[int, Field(ge=0, description="Passages of them.", json_schema_extra=INT64)] = 0
    failed: Annotated[
        tuple[FailedDocuments, ...],
        Field(max_length=32, description="Documents that the last reading could not take in.", json_schema_extra=keyed("reason")),
    ] = ()
    last_finished: Annotated[
        str | None, Field(max_length=64, description="When the source was last read to its end (RFC 3339).", json_schema_extra=TIME)
    ] = None


class ImageChange(ApiModel):
    """An image of the pods that an update replaces."""

    now: Annotated[str, Field(max_length=512, description="The image of now.")]
    next: Annotated[str, Field(max_length=512, description="The image to come.")]


class UpdateStatus(ApiModel):
    """An update that waits: pods that a new release of the operator, or its new default images, would replace."""

    release: Annotated[str, Field(max_length=64, description="What waits: a hash of the operator's release and settings.")]
    generation: Annotated[
        int,
        Field(
            ge=0,
            description="Sum of the generations of what waits, as it was found: where somebody changes any of it, it waits no longer.",
            json_schema_extra=INT64,
        ),
    ]
    images: Annotated[
        tuple[ImageChange, ...],
        Field(
            max_length=8,
            description="Images that change; none where only the form of the pods does.",
            json_schema_extra=keyed("now", "next"),
        ),
    ] = ()


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
    replicas: Annotated[int | None, Field(ge=0, le=100_000, description="Pods that serve or begin to; of the scale subresource.")] = None
    selector: Annotated[str | None, Field(max_length=512, description="Label selector of these pods; of the scale subresource.")] = None
    model: Annotated[ModelStatus | None, Field(description="The model on the volume.")] = None
    egress: Annotated[EgressStatus | None, Field(description="What the NetworkPolicy that was last applied lets out.")] = None
    policy_dialects: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=63)], ...],
        Field(
            max_length=8,
            description="Kinds of policy that are in force for this assistant, e.g. NetworkPolicy, CiliumNetworkPolicy, "
            "ClusterNetworkPolicy: what the API server serves beside NetworkPolicy is used on top of it.",
            json_schema_extra=SET,
        ),
    ] = ()
    evidence: Annotated[
        tuple[EvidenceStatus, ...],
        Field(
            max_length=MOST_EVIDENCE,
            description="What was seen of each way out, by node.",
            json_schema_extra=keyed("path", "node"),
        ),
    ] = ()
    retention: Annotated[
        RetentionStatus | None, Field(description="What has been done about what is kept; absent where nothing is kept.")
    ] = None
    sources: Annotated[
        tuple[SourceStatus, ...],
        Field(max_length=16, description="What came of each source of documents.", json_schema_extra=keyed("name")),
    ] = ()
    update: Annotated[
        UpdateStatus | None, Field(description="The update that waits; absent where none does. Condition UpToDate says for what.")
    ] = None
    inventory: Annotated[
        tuple[InventoryEntry, ...], Field(max_length=256, description="Every object that the operator made for this assistant.")
    ] = ()


def egress_status(spec: PrivateAssistantSpec) -> EgressStatus:
    """Return what the spec's NetworkPolicy lets out once it is applied."""
    if any(is_open(network.cidr) for network in spec.egress.networks):
        return EgressStatus(mode="Open")
    return EgressStatus(mode="Allowlist" if spec.egress.mode == "Allowlist" or spec.external_store else "Deny")
