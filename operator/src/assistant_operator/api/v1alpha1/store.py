"""`spec.store` of a PrivateAssistant: the PostgreSQL server that holds documents and kept conversations.

It is beside `rag` and not in it, since conversations are kept there without documents as well (docs/decisions/0012).
"""

from typing import Annotated

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel, ObjectName, SecretEntry, SecretReference
from assistant_operator.api.v1alpha1.core import NetworkPolicyPeer, ResourceRequirements


class ManagedStore(ApiModel):
    """A PostgreSQL server with pgvector that the operator runs for this assistant alone."""

    size: Annotated[
        str,
        Field(
            max_length=64,
            description="Size of its volume, a Kubernetes quantity. May grow where the storage class allows it, never shrink.",
        ),
    ] = "10Gi"
    storage_class_name: Annotated[
        ObjectName | None, Field(description="StorageClass of its volume; the cluster's default where absent. Immutable.")
    ] = None
    resources: Annotated[
        ResourceRequirements | None,
        Field(
            description="What its container asks for and may use; a request of 256Mi and a limit of 1Gi of memory where absent. "
            "An eighth of the limit is its cache, and as much may go into the building of an index."
        ),
    ] = None


class CaReference(ApiModel):
    """An entry of a Secret in the assistant's namespace."""

    name: Annotated[ObjectName, Field(description="Name of a Secret in the assistant's namespace.")]
    key: Annotated[SecretEntry, Field(description="Entry of the Secret that holds the certificate, PEM.")] = "ca.crt"


class ExternalStore(ApiModel):
    """A PostgreSQL server with pgvector of yours. What is in it stays there when the assistant goes."""

    secret_ref: Annotated[
        SecretReference,
        Field(
            description="Secret that says where it is and how to get in: entries host, port (5432 where absent), dbname, username (or "
            "user), "
            "password and, where the public authorities do not do, ca.crt. The application Secret of a CloudNativePG cluster is one. "
            "A host without dots is a Service of the assistant's namespace."
        ),
    ]
    ca_secret_ref: Annotated[
        CaReference | None,
        Field(
            description="Secret with the certificate of the authority that the server's certificate comes from, where secretRef has no "
            "ca.crt: CloudNativePG keeps it in <cluster>-ca."
        ),
    ] = None
    peers: Annotated[
        tuple[NetworkPolicyPeer, ...],
        Field(
            min_length=1,
            max_length=16,
            description="Where its pods or addresses are: NetworkPolicy peers that the assistant may reach, on the Secret's port alone.",
        ),
    ]


class Store(ApiModel):
    """The PostgreSQL server that holds what is kept: one of the two."""

    managed: Annotated[
        ManagedStore | None,
        Field(
            description="The operator runs the server; what happens where store is absent. Its volume goes, with all that is kept, when "
            "the "
            "assistant has neither rag nor kept conversations any more, when external takes its place, and with the assistant."
        ),
    ] = None
    external: Annotated[ExternalStore | None, Field(description="A server of yours.")] = None
