"""`spec` of a PrivateAssistant: what a platform engineer asks for.

Defaults live here and are applied when the operator reads a resource; the CRD's schema carries none, so that the API server never
rewrites what GitOps applied. Descriptions are what `kubectl explain` shows; crd.py adds the defaults to them. `spec.model`, `spec.rag`,
`spec.store`, `spec.retention`, `spec.rotation` and `spec.redaction` are in files of their own, parts of core/v1 in core.py. What one
field means for another stands in rules: CEL for admission, and guard.py for objects that got past it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import SET, ApiModel, Cidr, HostName, ObjectName, SecretEntry, SecretReference, keyed
from assistant_operator.api.v1alpha1.core import NetworkPolicyPeer
from assistant_operator.api.v1alpha1.maintenance import Maintenance
from assistant_operator.api.v1alpha1.model import Model
from assistant_operator.api.v1alpha1.rag import Rag
from assistant_operator.api.v1alpha1.redaction import Redaction
from assistant_operator.api.v1alpha1.retention import Retention
from assistant_operator.api.v1alpha1.rotation import Rotation
from assistant_operator.api.v1alpha1.store import ExternalStore, ManagedStore, Store


class EgressPort(ApiModel):
    """A port, or a range of ports."""

    port: Annotated[int, Field(ge=1, le=65535, description="Port, or the first one of a range.")]
    end_port: Annotated[int | None, Field(ge=1, le=65535, description="Last port of a range; not below port.")] = None
    protocol: Annotated[Literal["TCP", "UDP", "SCTP"], Field(description="Protocol.")] = "TCP"


HTTPS_PORT = 443


class EgressRule(ApiModel):
    """One destination: a network with its ports, or a host with its port."""

    cidr: Annotated[
        Cidr | None, Field(description="Network that may be reached, IPv4 or IPv6, e.g. 10.20.0.0/16 or 192.0.2.7/32; needs ports.")
    ] = None
    ports: Annotated[
        tuple[EgressPort, ...] | None, Field(min_length=1, max_length=32, description="Ports that may be reached in cidr; at least one.")
    ] = None
    host: Annotated[
        HostName | None,
        Field(
            description="Host that may be reached with TLS, by its name, through the egress proxy that the operator then runs for the "
            "assistant: api.corp.example, or *.corp.example for exactly one label in place of the star. It may resolve to public "
            "addresses, and to others where a rule with cidr lists them."
        ),
    ] = None
    port: Annotated[int | None, Field(ge=1, le=65535, description="Port of host; 443 where absent.")] = None


@dataclass(frozen=True, slots=True, order=True)
class AllowedHost:
    """A host that the egress proxy lets the assistant reach."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """A network that the assistant reaches by itself."""

    cidr: str
    ports: tuple[EgressPort, ...]


PathClass = Literal["outside", "pods", "metadata", "dns", "apiServer", "ownNode"]
"""Ways out of a pod, as assistant_egress.protocol names them."""
DEFAULT_PATHS: tuple[PathClass, ...] = ("outside", "pods", "metadata", "dns")


class EgressEvidence(ApiModel):
    """What has to be seen from inside the pods before the assistant counts as confined."""

    mode: Annotated[
        Literal["Required", "Reported"],
        Field(
            description="Required: pods start, Ready is True and requests are answered only while a probe inside every pod sees that what "
            "the policy denies cannot be reached. Reported: the probe runs and condition EgressConfined tells what it sees, and nothing "
            "waits for it."
        ),
    ] = "Required"
    paths: Annotated[
        tuple[PathClass, ...],
        Field(
            min_length=1,
            max_length=6,
            description="Ways out that have to be seen closed. outside: what lies off the pod's own node and outside the network of pods: "
            "the servers that the operator's setting --outside-targets names, or, without it, the API server at its own addresses and the "
            "kubelets of other nodes. pods: a pod of another namespace (the canary that the operator's installation runs). metadata: the "
            "node's metadata service, where clouds keep credentials. dns: the cluster's name servers. apiServer and ownNode, the API "
            "server and the kubelet of the pod's own node, are open in most clusters whatever a policy says: they are always tried and "
            "reported, and may be added here.",
            json_schema_extra=SET,
        ),
    ] = DEFAULT_PATHS


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
    evidence: Annotated[
        EgressEvidence, Field(description="What has to be seen from inside the pods before the assistant counts as confined.")
    ] = EgressEvidence()

    @property
    def networks(self) -> tuple[AllowedNetwork, ...]:
        """Return the networks that are allowed: none with mode Deny, whatever is listed."""
        return tuple(AllowedNetwork(rule.cidr, rule.ports or ()) for rule in self._allowed if rule.cidr is not None)

    @property
    def hosts(self) -> tuple[AllowedHost, ...]:
        """Return the hosts that are allowed: then, and only then, there is an egress proxy."""
        return tuple(AllowedHost(rule.host, rule.port or HTTPS_PORT) for rule in self._allowed if rule.host is not None)

    @property
    def _allowed(self) -> tuple[EgressRule, ...]:
        return self.allow if self.mode == "Allowlist" else ()


class KeySecretReference(SecretReference):
    """An entry of a Secret in the assistant's namespace."""

    key: Annotated[SecretEntry, Field(description="Entry of the Secret that holds the API key.")] = "api-key"


class AccessKey(ApiModel):
    """An API key."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40,
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
    role: Annotated[
        Literal["User", "DataOfficer"],
        Field(
            description="User: chats, and reads and erases what it has brought itself. DataOfficer: exports and erases what any "
            "subject has brought as well, and erases all that the assistant holds."
        ),
    ] = "User"
    secret_ref: Annotated[
        KeySecretReference | None,
        Field(
            description="Secret that holds the key (at least 16 visible ASCII characters, 8 of them different). Where absent, a key is "
            "generated in the Secret <assistant>-key-<name>."
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
        Field(
            description="Secret of type kubernetes.io/tls (tls.crt, tls.key, and ca.crt where clients need it), for mode Secret. Sources "
            "of spec.rag need it to have ca.crt and to name <assistant>.<namespace>.svc: their Jobs are clients."
        ),
    ] = None


class AccessLimits(ApiModel):
    """What clients may use."""

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000, description="Requests a minute for each key and pod.")] = 600
    concurrent_requests: Annotated[int, Field(ge=1, le=10_000, description="Requests in flight in one pod.")] = 64
    max_body_bytes: Annotated[
        int, Field(ge=1024, le=1_073_741_824, description="Largest request body, and largest file of a document, in bytes.")
    ] = 4_194_304
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


class PrivateAssistantSpec(ApiModel):
    """What the assistant shall be."""

    suspend: Annotated[bool, Field(description="Stop reconciling: what runs goes on, nothing is changed or repaired.")] = False
    model: Annotated[Model, Field(description="The model and the pods that serve it.")]
    egress: Annotated[Egress, Field(description="What the assistant's pods may reach.")] = Egress()
    access: Annotated[Access, Field(description="Who may call the assistant, and how much.")] = Access()
    rotation: Annotated[Rotation, Field(description="When generated keys and certificates are made anew.")] = Rotation()
    logging: Annotated[Logging, Field(description="Logs of the gateway and the model server. There is no setting that logs content.")] = (
        Logging()
    )
    retention: Annotated[Retention, Field(description="What is kept, and for how long. The default keeps nothing.")] = Retention()
    redaction: Annotated[Redaction, Field(description="What becomes of personal data on the way to the model and back.")] = Redaction()
    rag: Annotated[Rag | None, Field(description="Answers from documents; none where absent. Needs spec.model.embedding.")] = None
    store: Annotated[
        Store | None,
        Field(description="Where documents and kept conversations are. There is a store with rag or kept conversations alone."),
    ] = None

    maintenance: Annotated[Maintenance, Field(description="When pods may be replaced for the operator's sake.")] = Maintenance()

    @property
    def keeps(self) -> bool:
        """Whether anything may be kept: then, and only then, there is a store."""
        return self.rag is not None or self.retention.conversations.mode == "Keep"

    @property
    def managed_store(self) -> ManagedStore | None:
        """The store that the operator runs; None where there is none or it is the user's."""
        if not self.keeps or (self.store is not None and self.store.external is not None):
            return None
        return (self.store and self.store.managed) or ManagedStore()

    @property
    def external_store(self) -> ExternalStore | None:
        """The user's store, where there is one."""
        return self.store.external if self.keeps and self.store is not None else None
