"""What the builders need besides the spec: the installation's settings, the owner, and what the loop has observed and resolved.

Everything is frozen and plain data; two equal contexts give equal plans.
"""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

import orjson

from assistant_operator.naming import API_VERSION, CA_ENTRY, KIND, STORE_PORT, STORE_ROLE, Names
from assistant_operator.version import VERSION

DEFAULT_STORE_IMAGE = "docker.io/pgvector/pgvector:0.8.6-pg18-bookworm"
DEFAULT_DNS_LABELS = {"k8s-app": "kube-dns"}
DNS_PORT = 53
CILIUM_POLICY = "CiliumNetworkPolicy"

Labels = Mapping[str, str]


class AddressRefused(ValueError):  # noqa: N818  # the word that stands in the condition's reason
    """A registry's or a store's name resolves to an address that can be neither's: the pod's own loopback, the node's metadata service."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings of the operator that show in what it builds."""

    gateway_image: str
    ollama_image: str
    operator_namespace: str
    operator_labels: Labels
    """Labels of the operator's pods: with its namespace, who may read the ports for operations."""
    image_pull_policy: str | None = None
    image_pull_secrets: tuple[str, ...] = ()
    monitoring_namespace_labels: Labels = field(default_factory=dict)
    """Labels of the namespaces whose pods may scrape metrics; empty means nobody, never everybody."""
    cluster_domain: str = "cluster.local"
    pull_ca: str | None = None
    """PEM bundle that pulls trust in place of the image's own."""
    store_image: str = DEFAULT_STORE_IMAGE
    """PostgreSQL with pgvector: initdb and postgres in PATH, user 999."""
    dns_labels: Labels = field(default_factory=lambda: dict(DEFAULT_DNS_LABELS))
    """Labels of the cluster's name servers, in whatever namespace: egress proxies may ask them. Empty means no pods, never all."""
    dns_port: int = DNS_PORT
    """On which these pods listen; their Service listens on 53."""
    nameservers: tuple[str, ...] = ()
    """Of the operator's own pod: egress proxies may ask these too, by address."""
    cilium_names: bool = False
    """Egress proxies get out by Cilium's rules about names alone, where its policies are served (resources/cilium.py)."""

    release: str = field(init=False, compare=False, default="")
    """16 hex digits over the operator's release and these settings, but for the name servers, which follow the node it is on."""

    def __post_init__(self) -> None:
        if not self.operator_namespace or not self.operator_labels:
            raise ValueError("the operator's namespace and pod labels must be known: without them a policy would admit every pod")
        settings = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _NOT_OF_RELEASE}
        object.__setattr__(self, "release", short_hash([VERSION, settings]))


_NOT_OF_RELEASE: Final = ("nameservers", "release")


def short_hash(what: Any) -> str:
    """Return 16 hex digits over plain data, in whatever order its keys come."""
    return hashlib.sha256(orjson.dumps(what, default=dict, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ServingModel:
    """The model that was verified to lie on a volume: what the pods serve, whatever the spec asks for meanwhile."""

    name: str
    digest: str
    claim: str
    """PersistentVolumeClaim on which it lies."""


@dataclass(frozen=True, slots=True)
class PullHost:
    """A host that the pull may reach, the addresses to which its name is pinned, and the port."""

    name: str
    addresses: tuple[str, ...]
    port: int

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("a host without addresses cannot be pinned")
        for text in self.addresses:
            if not _may_be_elsewhere(ipaddress.ip_address(text)):
                raise AddressRefused(f"the registry resolves to {text}, a loopback, link-local, multicast, mapped or unspecified address")


def _may_be_elsewhere(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Addresses of the pod itself, of the node's metadata and of nobody are none; a mapped one would hide which it is."""
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    return not (mapped or address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast)


@dataclass(frozen=True, slots=True)
class PullTarget:
    """Where a pull may go: the registry first, and the hosts to which it leads."""

    hosts: tuple[PullHost, ...]


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where the gateway finds its store, and the Secret entries that it mounts to get in."""

    name: str
    """As the certificate names it; the pods' /etc/hosts leads it to the addresses."""
    addresses: tuple[str, ...]
    port: int
    database: str
    secret: str
    """Secret with the credentials."""
    username_entry: str = "username"
    password_entry: str = "password"  # noqa: S105  # the name of an entry
    ca: tuple[str, str] | None = None
    """Secret and entry of the CA certificate that the gateway trusts; None: the image's own roots."""

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("a store without addresses cannot be pinned")
        for text in self.addresses:
            if not _may_be_elsewhere(ipaddress.ip_address(text)):
                raise AddressRefused(f"the store resolves to {text}, a loopback, link-local, multicast, mapped or unspecified address")

    @classmethod
    def managed(cls, names: Names, cluster_ips: tuple[str, ...]) -> "StoreAddress":
        """Return the address of the store that the operator runs: its Service's, which stays while pods come and go."""
        ca = (names.store_tls_secret, CA_ENTRY)
        return cls(name=names.store_host, addresses=cluster_ips, port=STORE_PORT, database=STORE_ROLE, secret=names.store, ca=ca)


@dataclass(frozen=True, slots=True)
class Context:
    """Everything besides the spec from which one assistant's objects are built."""

    installation: Installation
    names: Names
    uid: str
    """metadata.uid of the PrivateAssistant: owner of all that is built."""
    generation: int
    serving: ServingModel | None = None
    """None: nothing is verified yet, hence no pods."""
    pull: PullTarget | None = None
    """None: not resolved yet, hence no Job."""
    ca_certificate: str | None = None
    """PEM that clients trust; None where the user's certificate comes without one."""
    embedding: ServingModel | None = None
    """The embedding model that was verified beside `serving`; None: none yet, hence with rag no pods."""
    store: StoreAddress | None = None
    """None: not known yet, hence no pods where the spec wants a store."""
    service_address: str | None = None
    """ClusterIP of the assistant's Service, for the ingests; None: not known yet, hence no ingest."""
    proxy_address: str | None = None
    """ClusterIP of the egress proxy's Service; None: not known yet, hence no pods where the spec allows hosts."""

    dialects: frozenset[str] = frozenset()
    """Kinds of policies besides NetworkPolicy that the API server serves, and the operator can read."""

    @property
    def cilium_holds_names(self) -> bool:
        """Whether Cilium's policy lets the egress proxy out, in place of the NetworkPolicy. Its DNS rule needs the name servers' labels."""
        return self.installation.cilium_names and CILIUM_POLICY in self.dialects and bool(self.installation.dns_labels)

    def metadata(self, name: str, component: str) -> dict[str, Any]:
        """Return the metadata that every object has: namespace, labels, and the assistant as its controller."""
        return {
            "name": name,
            "namespace": self.names.namespace,
            "labels": self.names.labels(component),
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": KIND,
                    "name": self.names.assistant,
                    "uid": self.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        }
