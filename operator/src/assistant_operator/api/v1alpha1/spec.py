"""`spec` of a PrivateAssistant: what a platform engineer asks for.

Defaults live here and are applied when the operator reads a resource; the CRD's schema carries none, so that the API server never
rewrites what GitOps applied. Descriptions are what `kubectl explain` shows. The CEL rules that the CRD adds stand in
rules.py; `guard` there applies the same rules to objects that got past admission.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel

AccessMode = Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany", "ReadWriteMany"]


class SecretReference(ApiModel):
    """A Secret in the assistant's namespace."""

    name: Annotated[str, Field(min_length=1, max_length=253, description="Name of a Secret in the assistant's namespace.")]


class KeySecretReference(SecretReference):
    key: Annotated[str, Field(min_length=1, max_length=253, description="Entry of the Secret that holds the API key.")] = "api-key"


class RegistrySource(ApiModel):
    insecure: Annotated[bool, Field(description="Use plain HTTP. Default false: the registry must serve TLS.")] = False
    credentials_secret_ref: Annotated[
        SecretReference | None,
        Field(description="Secret of type kubernetes.io/basic-auth (entries username and password) for the registry."),
    ] = None
    cidrs: Annotated[
        tuple[str, ...],
        Field(
            max_length=32,
            description="Networks that the pull may reach besides the addresses to which the registry's name resolves: the pod network of a "
            "registry inside the cluster, or a blob store to which the registry redirects.",
        ),
    ] = ()


class ClaimSource(ApiModel):
    name: Annotated[
        str,
        Field(min_length=1, max_length=253, description="PersistentVolumeClaim that already holds an Ollama models folder (manifests/ and blobs/ at its root)."),
    ]


class ModelSource(ApiModel):
    registry: Annotated[RegistrySource | None, Field(description="Pull from the registry that model.name names. The default.")] = None
    claim: Annotated[ClaimSource | None, Field(description="Weights are on a volume already (air-gapped clusters): nothing is pulled.")] = None


class ModelStorage(ApiModel):
    size: Annotated[str, Field(description="Size of the volume for weights, a Kubernetes quantity. May grow where the storage class allows it.")] = "20Gi"
    storage_class_name: Annotated[str | None, Field(description="StorageClass of the volume; the cluster's default where absent. Immutable.")] = None
    access_modes: Annotated[
        tuple[AccessMode, ...],
        Field(min_length=1, max_length=4, description="Access modes of the volume. More than one replica needs ReadWriteMany. Immutable."),
    ] = ("ReadWriteOnce",)


class ModelPod(ApiModel):
    """Placement and metadata of the serving and pulling pods."""

    node_selector: Annotated[dict[str, str], Field(description="nodeSelector of the pods.")] = {}
    tolerations: Annotated[tuple[dict[str, Any], ...], Field(max_length=64, description="Tolerations of the pods (core/v1 Toleration).")] = ()
    affinity: Annotated[dict[str, Any] | None, Field(description="Affinity of the pods (core/v1 Affinity).")] = None
    runtime_class_name: Annotated[str | None, Field(description="RuntimeClass of the pods, e.g. a sandboxed or GPU runtime.")] = None
    priority_class_name: Annotated[str | None, Field(description="PriorityClass of the pods.")] = None
    annotations: Annotated[dict[str, str], Field(description="Annotations added to the pods; those under privateassistant.dev are refused.")] = {}
    labels: Annotated[dict[str, str], Field(description="Labels added to the pods; those that the operator sets are refused.")] = {}


class Model(ApiModel):
    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=320,
            description="Ollama reference of the model, e.g. gemma3:270m or registry.corp:5000/library/m:tag. Models that run in a cloud (:cloud) are refused.",
        ),
    ]
    digest: Annotated[
        str | None,
        Field(description="sha256: of the model's manifest. Where set, another digest is never served and the assistant is never Ready. Where absent, status records what was pulled."),
    ] = None
    context_length: Annotated[int | None, Field(ge=1, le=16_777_216, description="Context window in tokens; also the upper bound for clients. Ollama's default where absent.")] = None
    keep_alive: Annotated[
        str | None,
        Field(description="How long the model stays in memory after a request: a Go duration such as 30m, or -1 for ever. Ollama's default (5m) where absent."),
    ] = None
    parallel: Annotated[int | None, Field(ge=1, le=256, description="Requests that the model server works on at once. Ollama's default where absent.")] = None
    replicas: Annotated[int, Field(ge=0, le=100, description="Pods that serve. More than 1 needs a volume with ReadWriteMany. Default 1.")] = 1
    resources: Annotated[dict[str, Any] | None, Field(description="Resources of the model server's container (core/v1 ResourceRequirements).")] = None
    image: Annotated[
        str | None,
        Field(description="Image of the model server; the operator's pinned Ollama where absent. Versions with known vulnerabilities are refused."),
    ] = None
    storage: Annotated[ModelStorage, Field(description="The volume that holds the weights.")] = ModelStorage()
    source: Annotated[ModelSource, Field(description="Where the weights come from.")] = ModelSource()
    pod: Annotated[ModelPod, Field(description="Placement and metadata of the pods.")] = ModelPod()


class EgressPort(ApiModel):
    port: Annotated[int, Field(ge=1, le=65535, description="Port, or the first one of a range.")]
    end_port: Annotated[int | None, Field(ge=1, le=65535, description="Last port of a range; not below port.")] = None
    protocol: Annotated[Literal["TCP", "UDP", "SCTP"], Field(description="Default TCP.")] = "TCP"


class EgressRule(ApiModel):
    cidr: Annotated[str, Field(max_length=43, description="Network that may be reached, IPv4 or IPv6, e.g. 10.20.0.0/16 or 192.0.2.7/32.")]
    ports: Annotated[tuple[EgressPort, ...], Field(min_length=1, max_length=32, description="Ports that may be reached there; at least one.")]


class Egress(ApiModel):
    mode: Annotated[Literal["Deny", "Allowlist"], Field(description="Deny: the assistant reaches nothing. Allowlist: it reaches what allow lists, nothing else. Default Deny.")] = "Deny"
    allow: Annotated[tuple[EgressRule, ...], Field(max_length=64, description="Destinations for mode Allowlist.")] = ()
    acknowledge_open_egress: Annotated[
        bool,
        Field(description="Must be true for a destination that is everything (0.0.0.0/0 or ::/0): with it, nothing about egress is promised."),
    ] = False


class AccessKey(ApiModel):
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$", description="Name of the key, as in logs and metrics.")]
    subject: Annotated[str | None, Field(min_length=1, max_length=253, description="Who calls with this key, as in records; the key's name where absent.")] = None
    groups: Annotated[tuple[str, ...], Field(max_length=64, description="Groups of the subject.")] = ()
    secret_ref: Annotated[
        KeySecretReference | None,
        Field(description="Secret that holds the key (at least 16 visible ASCII characters). Where absent, a key is generated in the Secret <assistant>-key-<name>."),
    ] = None


class Tls(ApiModel):
    mode: Annotated[
        Literal["SelfSigned", "Secret"],
        Field(description="SelfSigned: the operator runs a CA for this assistant and publishes its certificate in the ConfigMap <assistant>-ca. Secret: a certificate of yours. Default SelfSigned."),
    ] = "SelfSigned"
    secret_name: Annotated[str | None, Field(min_length=1, max_length=253, description="Secret of type kubernetes.io/tls, for mode Secret.")] = None


class AccessLimits(ApiModel):
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000, description="Requests a minute for each key and pod. Default 600.")] = 600
    concurrent_requests: Annotated[int, Field(ge=1, le=10_000, description="Requests in flight in one pod. Default 64.")] = 64
    max_body_bytes: Annotated[int, Field(ge=1024, le=1_073_741_824, description="Largest request body in bytes. Default 4194304.")] = 4_194_304
    max_output_tokens: Annotated[int, Field(ge=1, le=16_777_216, description="Most tokens that one answer may have. Default 4096.")] = 4096


class Access(ApiModel):
    # `from` is a Python keyword.
    from_: Annotated[
        tuple[dict[str, Any], ...] | None,
        Field(
            alias="from",
            max_length=64,
            description="Who may connect: NetworkPolicy peers (networking.k8s.io/v1 NetworkPolicyPeer). Pods of the same namespace where absent; nobody where empty.",
        ),
    ] = None
    keys: Annotated[tuple[AccessKey, ...], Field(min_length=1, max_length=64, description="API keys. One generated key named default where absent.")] = (AccessKey(name="default"),)
    tls: Annotated[Tls, Field(description="The certificate that clients see.")] = Tls()
    limits: Annotated[AccessLimits, Field(description="What clients may use.")] = AccessLimits()


class Logging(ApiModel):
    level: Annotated[Literal["ERROR", "WARNING", "INFO", "DEBUG"], Field(description="Least severe level that is logged. No level logs content. Default INFO.")] = "INFO"
    format: Annotated[Literal["JSON", "Text"], Field(description="Form of the lines. Default JSON.")] = "JSON"
    runtime: Annotated[
        Literal["Filtered", "Discard"],
        Field(description="The model server's own lines. Filtered: those of known harmless shapes reach the gateway's log, others are counted and dropped. Discard: none. Default Filtered."),
    ] = "Filtered"


class ConversationRetention(ApiModel):
    mode: Annotated[Literal["None"], Field(description="None: conversations are not kept anywhere. The only mode in this version.")] = "None"


class Retention(ApiModel):
    conversations: Annotated[ConversationRetention, Field(description="What is kept of conversations.")] = ConversationRetention()


class PrivateAssistantSpec(ApiModel):
    """What the assistant shall be."""

    suspend: Annotated[bool, Field(description="Stop reconciling: what runs goes on, nothing is changed or repaired. Default false.")] = False
    model: Annotated[Model, Field(description="The model and the pods that serve it.")]
    egress: Annotated[Egress, Field(description="What the assistant's pods may reach.")] = Egress()
    access: Annotated[Access, Field(description="Who may call the assistant, and how much.")] = Access()
    logging: Annotated[Logging, Field(description="Logs of the gateway and the model server. There is no setting that logs content.")] = Logging()
    retention: Annotated[Retention, Field(description="What is kept, and for how long.")] = Retention()
