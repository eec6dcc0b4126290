"""Specs and contexts for the tests of the builders."""

from pathlib import Path
from typing import Any

import yaml

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.guard import guard
from assistant_operator.naming import Names
from assistant_operator.resources.context import Context, Installation, ServingModel
from assistant_operator.resources.model_volume import model_claim
from assistant_operator.resources.pull_target import pull_hosts, pull_target

REPOSITORY = Path(__file__).resolve().parents[4]
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.yaml"))
DIGEST = "sha256:" + "ab" * 32
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def example(path: Path) -> dict[str, Any]:
    """Return an example as kubectl reads it, in the namespace assistants."""
    body: dict[str, Any] = yaml.safe_load(path.read_text())
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
    """Return the context of an assistant whose model is verified and whose registry is resolved."""
    names = Names(namespace=namespace, assistant=name)
    settings: dict[str, Any] = {
        "installation": installation(),
        "names": names,
        "uid": "0d9f6f0e-7c7e-4d0e-8f4e-6b1f6d1a2b3c",
        "generation": 3,
        "serving": ServingModel(name=spec.model.name, digest=spec.model.digest or DIGEST, claim=model_claim(spec, names)),
        "pull": pull_target(spec, {host: [f"192.0.2.{10 + index}"] for index, host in enumerate(pull_hosts(spec))}),
        "ca_certificate": CA,
    }
    return Context(**settings | changes)
