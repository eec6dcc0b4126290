"""`spec.model` of a PrivateAssistant: the weights, where they come from, and the pods that serve them."""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import SET, ApiModel, Cidr, IntOrString, LabelMap, ObjectName, SecretReference
from assistant_operator.api.v1alpha1.core import Affinity, ResourceRequirements, Toleration

AccessMode = Literal["ReadWriteOnce", "ReadWriteMany"]


class RegistrySource(ApiModel):
    """Weights from a model registry."""

    insecure: Annotated[bool, Field(description="Use plain HTTP; otherwise the registry must serve TLS.")] = False
    credentials_secret_ref: Annotated[
        SecretReference | None,
        Field(description="Secret of type kubernetes.io/basic-auth (entries username and password) that is sent to the registry."),
    ] = None
    hosts: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=259)], ...],
        Field(
            max_length=16,
            description="Further hosts to which the registry leads, for blobs or for tokens, as host or host:port (the "
            "scheme's default port where "
            "absent). Their addresses are looked up and pinned like the registry's own. What registry.ollama.ai needs is known.",
            json_schema_extra=SET,
        ),
    ] = ()
    cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            max_length=32,
            description="Networks that the pull may reach besides the addresses to which the names resolve, on the "
            "registry's port and the scheme's "
            "default port: the pod network of a registry inside the cluster, since policies see pods and not "
            "Services, or further addresses of "
            "a name that has many.",
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
    """Placement and metadata of all pods of the assistant."""

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
            description="sha256: of the model's manifest. Where set, no other digest is pulled, and the assistant is Ready "
            "only while it serves this "
            "one. Where absent, status records what was pulled.",
        ),
    ] = None
    embedding: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=320,
            description="Ollama reference of the embedding model, e.g. all-minilm:l6-v2, brought from where name is. Needed with spec.rag. "
            "Another one embeds all documents anew.",
        ),
    ] = None
    context_length: Annotated[
        int | None,
        Field(
            ge=1,
            le=16_777_216,
            description="Context window in tokens, for models that bring no num_ctx of their own; also the upper bound of what clients may "
            "ask for. Ollama's default where absent.",
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
    pod: Annotated[ModelPod, Field(description="Placement and metadata of the assistant's pods: serving, pulling, storing, ingesting.")] = (
        ModelPod()
    )
