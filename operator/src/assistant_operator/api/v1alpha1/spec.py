"""`spec` of a PrivateAssistant: what a platform engineer asks for.

Defaults live here and are applied when the operator reads a resource; the CRD's schema carries none, so that the API server never
rewrites what GitOps applied. Descriptions are what `kubectl explain` shows; crd.py adds the defaults to them. What one field means
for another stands in rules.py: CEL for admission, and `guard` for objects that got past it. Parts of core/v1 are in core.py.
"""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel, IntOrString, LabelMap, ObjectName
from assistant_operator.api.v1alpha1.core import Affinity, NetworkPolicyPeer, ResourceRequirements, Toleration

AccessMode = Literal["ReadWriteOnce", "ReadWriteMany"]
Cidr = Annotated[str, Field(min_length=1, max_length=43)]
SecretEntry = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]

SET = {"x-kubernetes-list-type": "set"}
"""A list without order or repetition: two appliers merge it."""


def keyed(field: str) -> dict[str, object]:
    """Return the schema of a list that is keyed by a field: the API server refuses duplicates, two appliers merge it."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [field]}


class SecretReference(ApiModel):
    """A Secret in the assistant's namespace."""

    name: Annotated[ObjectName, Field(description="Name of a Secret in the assistant's namespace.")]


class KeySecretReference(SecretReference):
    """An entry of a Secret in the assistant's namespace."""

    key: Annotated[SecretEntry, Field(description="Entry of the Secret that holds the API key.")] = "api-key"


class RegistrySource(ApiModel):
    """Weights from a model registry."""

    insecure: Annotated[bool, Field(description="Use plain HTTP; otherwise the registry must serve TLS.")] = False
    credentials_secret_ref: Annotated[
        SecretReference | None,
        Field(description="Secret of type kubernetes.io/basic-auth (entries username and password) that is sent to the registry."),
    ] = None
    cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            max_length=32,
            description="Networks that the pull may reach besides the addresses to which the registry's name resolves, on "
            "the registry's port "
            "and the scheme's default port: the pod network of a registry inside the cluster, or a blob store to "
            "which the registry redirects.",
            json_schema_extra=SET,
        ),
    ] = ()


class ClaimSource(ApiModel):
    """Weights that are on a volume already."""

    name: Annotated[
        ObjectName,
        Field(
            description="PersistentVolumeClaim that holds an Ollama models folder (manifests/ and blobs/ at its root), "
            "readable for user or "
            "group 65532. It is mounted read-only."
        ),
    ]


class ModelSource(ApiModel):
    """Where the weights come from: one of the two."""

    registry: Annotated[
        RegistrySource | None, Field(description="Pull from the registry that model.name names. What happens where source is absent.")
    ] = None
    claim: Annotated[
        ClaimSource | None, Field(description="The weights are on a volume already (air-gapped clusters): nothing is pulled.")
    ] = None


class ModelStorage(ApiModel):
    """The volume for weights that are pulled."""

    size: Annotated[
        str,
        Field(
            max_length=64,
            description="Size of the volume, a Kubernetes quantity. May grow where the storage class allows it, never shrink.",
        ),
    ] = "20Gi"
    storage_class_name: Annotated[
        ObjectName | None, Field(description="StorageClass of the volume; the cluster's default where absent. Immutable.")
    ] = None
    access_modes: Annotated[
        tuple[AccessMode, ...],
        Field(
            min_length=1,
            max_length=2,
            description="Access modes of the volume. More than one replica needs ReadWriteMany. Immutable.",
            json_schema_extra=SET,
        ),
    ] = ("ReadWriteOnce",)


class ModelPod(ApiModel):
    """Placement and metadata of the serving and pulling pods."""

    node_selector: Annotated[LabelMap, Field(description="Labels of the nodes on which the pods may run.")] = Field(default_factory=dict)
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=64, description="Taints that the pods tolerate.")] = ()
    affinity: Annotated[Affinity | None, Field(description="Where the pods run, by nodes and by other pods.")] = None
    runtime_class_name: Annotated[ObjectName | None, Field(description="RuntimeClass of the pods, e.g. a sandboxed or a GPU runtime.")] = (
        None
    )
    priority_class_name: Annotated[ObjectName | None, Field(description="PriorityClass of the pods.")] = None
    annotations: Annotated[
        dict[str, Annotated[str, Field(max_length=4096)]],
        Field(
            max_length=64,
            description="Annotations added to the pods. Those that the operator sets, that attach further networks or that "
            "loosen the pods' confinement are refused.",
        ),
    ] = Field(default_factory=dict)
    labels: Annotated[LabelMap, Field(description="Labels added to the pods. Those that the operator or Kubernetes sets are refused.")] = (
        Field(default_factory=dict)
    )


class Model(ApiModel):
    """The model and the pods that serve it."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=320,
            description="Ollama reference of the model, e.g. gemma3:270m or registry.corp:5000/library/m:tag. Models that "
            "run in a cloud (:cloud) are refused.",
        ),
    ]
    digest: Annotated[
        str | None,
        Field(
            max_length=71,
            description="sha256: of the model's manifest. Where set, another digest is never served and the assistant is "
            "never Ready. Where absent, status "
            "records what was pulled.",
        ),
    ] = None
    context_length: Annotated[
        int | None,
        Field(
            ge=1, le=16_777_216, description="Context window in tokens; also the upper bound for clients. Ollama's default where absent."
        ),
    ] = None
    keep_alive: Annotated[
        IntOrString | None,
        Field(
            description="How long the model stays in memory after a request: a duration such as 30m or 1h30m, or -1 for "
            "ever. Ollama's default (5m) where absent."
        ),
    ] = None
    parallel: Annotated[
        int | None, Field(ge=1, le=256, description="Requests that the model server works on at once. Ollama's default where absent.")
    ] = None
    replicas: Annotated[
        int, Field(ge=0, le=100, description="Pods that serve. More than 1 needs a volume with ReadWriteMany, or a claim as source.")
    ] = 1
    resources: Annotated[ResourceRequirements | None, Field(description="What the model server's container asks for and may use.")] = None
    image: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=512,
            description="Image of the model server; the operator's pinned Ollama where absent. Versions below 0.20.3 have "
            "known vulnerabilities and are refused.",
        ),
    ] = None
    storage: Annotated[ModelStorage, Field(description="The volume for weights that are pulled.")] = ModelStorage()
    source: Annotated[ModelSource, Field(description="Where the weights come from; the registry that name names where absent.")] = (
        ModelSource()
    )
    pod: Annotated[ModelPod, Field(description="Placement and metadata of the serving and pulling pods.")] = ModelPod()


class EgressPort(ApiModel):
    """A port, or a range of ports."""

    port: Annotated[int, Field(ge=1, le=65535, description="Port, or the first one of a range.")]
    end_port: Annotated[int | None, Field(ge=1, le=65535, description="Last port of a range; not below port.")] = None
    protocol: Annotated[Literal["TCP", "UDP", "SCTP"], Field(description="Protocol.")] = "TCP"


class EgressRule(ApiModel):
    """One destination."""

    cidr: Annotated[Cidr, Field(description="Network that may be reached, IPv4 or IPv6, e.g. 10.20.0.0/16 or 192.0.2.7/32.")]
    ports: Annotated[
        tuple[EgressPort, ...], Field(min_length=1, max_length=32, description="Ports that may be reached there; at least one.")
    ]


class Egress(ApiModel):
    """What the assistant's pods may reach."""

    mode: Annotated[
        Literal["Deny", "Allowlist"],
        Field(description="Deny: the assistant reaches nothing. Allowlist: it reaches what allow lists, nothing else."),
    ] = "Deny"
    allow: Annotated[tuple[EgressRule, ...], Field(max_length=64, description="Destinations for mode Allowlist.")] = ()
    acknowledge_open_egress: Annotated[
        bool,
        Field(
            description="Must be true for a destination that is everything or a large part of it (0.0.0.0/0, ::/0, IPv4 "
            "wider than /8, IPv6 wider than /16) or that "
            "holds link-local addresses (cloud metadata): with it, nothing about egress is promised."
        ),
    ] = False


class AccessKey(ApiModel):
    """An API key."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40,
            pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$",
            description="Name of the key, as in logs and metrics.",
        ),
    ]
    subject: Annotated[
        str | None, Field(min_length=1, max_length=253, description="Who calls with this key, as in records; the key's name where absent.")
    ] = None
    groups: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...],
        Field(max_length=64, description="Groups of the subject.", json_schema_extra=SET),
    ] = ()
    secret_ref: Annotated[
        KeySecretReference | None,
        Field(
            description="Secret that holds the key (at least 16 visible ASCII characters). Where absent, a key is generated in the Secret "
            "<assistant>-key-<name>."
        ),
    ] = None


class Tls(ApiModel):
    """The certificate that clients see."""

    mode: Annotated[
        Literal["SelfSigned", "Secret"],
        Field(
            description="SelfSigned: the operator runs a CA for this assistant and publishes its certificate in the "
            "ConfigMap <assistant>-ca. "
            "Secret: a certificate of yours."
        ),
    ] = "SelfSigned"
    secret_name: Annotated[
        ObjectName | None,
        Field(description="Secret of type kubernetes.io/tls (tls.crt, tls.key, and ca.crt where clients need it), for mode Secret."),
    ] = None


class AccessLimits(ApiModel):
    """What clients may use."""

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000, description="Requests a minute for each key and pod.")] = 600
    concurrent_requests: Annotated[int, Field(ge=1, le=10_000, description="Requests in flight in one pod.")] = 64
    max_body_bytes: Annotated[int, Field(ge=1024, le=1_073_741_824, description="Largest request body in bytes.")] = 4_194_304
    max_output_tokens: Annotated[int, Field(ge=1, le=16_777_216, description="Most tokens that one answer may have.")] = 4096


class Access(ApiModel):
    """Who may call the assistant, and how much."""

    # `from` is a Python keyword.
    from_: Annotated[
        tuple[NetworkPolicyPeer, ...] | None,
        Field(
            alias="from",
            max_length=64,
            description="Who may connect: NetworkPolicy peers. Pods of the same namespace where absent; nobody where empty.",
        ),
    ] = None
    keys: Annotated[
        tuple[AccessKey, ...],
        Field(
            min_length=1,
            max_length=64,
            description="API keys. One generated key named default where absent.",
            json_schema_extra=keyed("name"),
        ),
    ] = (AccessKey(name="default"),)
    tls: Annotated[Tls, Field(description="The certificate that clients see.")] = Tls()
    limits: Annotated[AccessLimits, Field(description="What clients may use.")] = AccessLimits()


class Logging(ApiModel):
    """Logs of the gateway and the model server."""

    level: Annotated[
        Literal["ERROR", "WARNING", "INFO", "DEBUG"], Field(description="Least severe level that is logged. No level logs content.")
    ] = "INFO"
    format: Annotated[Literal["JSON", "Text"], Field(description="Form of the lines.")] = "JSON"
    runtime: Annotated[
        Literal["Filtered", "Discard"],
        Field(
            description="The model server's own lines. Filtered: those of known harmless shapes reach the gateway's log, "
            "others are counted and dropped. "
            "Discard: none."
        ),
    ] = "Filtered"


class ConversationRetention(ApiModel):
    """What is kept of conversations."""

    mode: Annotated[Literal["None"], Field(description="None: conversations are not kept anywhere. The only mode in this version.")] = (
        "None"
    )


class Retention(ApiModel):
    """What is kept, and for how long."""

    conversations: Annotated[ConversationRetention, Field(description="What is kept of conversations.")] = ConversationRetention()


class PrivateAssistantSpec(ApiModel):
    """What the assistant shall be."""

    suspend: Annotated[bool, Field(description="Stop reconciling: what runs goes on, nothing is changed or repaired.")] = False
    model: Annotated[Model, Field(description="The model and the pods that serve it.")]
    egress: Annotated[Egress, Field(description="What the assistant's pods may reach.")] = Egress()
    access: Annotated[Access, Field(description="Who may call the assistant, and how much.")] = Access()
    logging: Annotated[Logging, Field(description="Logs of the gateway and the model server. There is no setting that logs content.")] = (
        Logging()
    )
    retention: Annotated[Retention, Field(description="What is kept, and for how long.")] = Retention()
