"""Specs and contexts for the tests of the builders."""

from pathlib import Path
from typing import Any

import yaml

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.guard import guard
from assistant_operator.naming import Names
from assistant_operator.resources.context import Context, Installation, ServingModel, StoreAddress
from assistant_operator.resources.model_volume import model_claim
from assistant_operator.resources.pull_target import pull_hosts, pull_target

REPOSITORY = Path(__file__).resolve().parents[4]
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.yaml"))
DIGEST = "sha256:" + "ab" * 32
EMBEDDING_DIGEST = "sha256:" + "cd" * 32
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def example(path: Path) -> dict[str, Any]:
    """Return an example's assistant as kubectl reads it, in the namespace assistants; what it brings besides is left out."""
    body: dict[str, Any]
    (body,) = (document for document in yaml.safe_load_all(path.read_text()) if document["kind"] == "PrivateAssistant")
    body["metadata"]["namespace"] = "assistants"
    return body


def spec_of(body: dict[str, Any]) -> PrivateAssistantSpec:
    return guard(body)


def installation(**changes: Any) -> Installation:
    settings: dict[str, Any] = {
        "gateway_image": "example.com/private-assistant/gateway:0.1.0",
        "ollama_image": "docker.io/ollama/ollama:0.24.0",
        "operator_namespace": "private-assistant-system",
        "operator_labels": {"app.kubernetes.io/name": "private-assistant-operator"},
    }
    return Installation(**settings | changes)


def context(spec: PrivateAssistantSpec, name: str = "minimal", namespace: str = "assistants", **changes: Any) -> Context:
    """Return the context of an assistant whose models are verified, whose registry is resolved and whose store is found."""
    names = Names(namespace=namespace, assistant=name)
    settings: dict[str, Any] = {
        "installation": installation(),
        "names": names,
        "uid": "0d9f6f0e-7c7e-4d0e-8f4e-6b1f6d1a2b3c",
        "generation": 3,
        "serving": ServingModel(name=spec.model.name, digest=spec.model.digest or DIGEST, claim=model_claim(spec, names)),
        "pull": pull_target(spec, {host: [f"192.0.2.{10 + index}"] for index, host in enumerate(pull_hosts(spec))}),
        "ca_certificate": CA,
        "embedding": embedding_of(spec, names),
        "store": store_of(spec, names),
        "service_address": "10.96.0.50",
        "proxy_address": "10.96.0.70",
    }
    return Context(**settings | changes)


def embedding_of(spec: PrivateAssistantSpec, names: Names) -> ServingModel | None:
    name = spec.model.embedding
    return None if name is None else ServingModel(name=name, digest=EMBEDDING_DIGEST, claim=model_claim(spec, names))


def store_of(spec: PrivateAssistantSpec, names: Names) -> StoreAddress | None:
    """Return the store's address, as the loop finds it."""
    external = spec.external_store
    if external is not None:
        ca = external.ca_secret_ref
        return StoreAddress(
            name="pg-rw.assistants.svc",
            addresses=("10.9.0.7",),
            port=5433,
            database="app",
            secret=external.secret_ref.name,
            username_entry="user",
            ca=None if ca is None else (ca.name, ca.key),
        )
    return StoreAddress.managed(names, ("10.96.0.60",)) if spec.keeps else None
