"""Assistants that keep something, for the tests of the loop."""

import base64
from typing import Any

from assistant_operator.kube.objects import Object, label, name_of
from assistant_operator.naming import LABEL_COMPONENT
from assistant_operator.reconcile.credentials import certificates
from tests.support.fake_world import MODEL, FakeWorld

KEEP: dict[str, Any] = {"model": {"name": MODEL}, "retention": {"conversations": {"mode": "Keep", "ttl": "1h"}}}
EMBEDDING = "registry.test:5000/library/embed:1"
RAG: dict[str, Any] = {
    "model": {"name": MODEL, "embedding": EMBEDDING},
    "rag": {"sources": [{"name": "handbook", "configMap": {"name": "pages"}}]},
}
EXTERNAL: dict[str, Any] = KEEP | {
    "store": {"external": {"secretRef": {"name": "pg"}, "peers": [{"podSelector": {"matchLabels": {"app": "pg"}}}]}}
}
OTHER_DIGEST = "sha256:" + "b" * 64


def secret(fake: FakeWorld, name: str, **entries: str) -> None:
    data = {entry.replace("_", "."): base64.b64encode(text.encode()).decode() for entry, text in entries.items()}
    fake.client.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "ns"}, "data": data})


def pages(fake: FakeWorld) -> None:
    fake.client.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "pages", "namespace": "ns"}, "data": {"a.md": "text"}})


def ingests(fake: FakeWorld) -> list[Object]:
    return [job for job in fake.jobs() if label(job, LABEL_COMPONENT) == "ingest"]


def names(fake: FakeWorld, kind: str) -> set[str]:
    return {name_of(obj) for obj in fake.client.objects.values() if obj["kind"] == kind}


def brought_certificate(fake: FakeWorld, *, with_ca: bool = False) -> dict[str, Any]:
    """Put a certificate of the user's there, and return the spec's part that names it."""
    authority = certificates.make_ca("theirs", fake.now)
    leaf = certificates.make_leaf(authority, ["one"], fake.now)
    secret(fake, "mine", tls_crt=leaf.certificate, tls_key=leaf.key, **({"ca_crt": authority.certificate} if with_ca else {}))
    return {"access": {"tls": {"mode": "Secret", "secretName": "mine"}}}
