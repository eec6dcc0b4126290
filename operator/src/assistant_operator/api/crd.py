"""The CustomResourceDefinition, made from the pydantic models and the table of rules.

`python -m assistant_operator.api.crd` prints it; the result is committed at crds/ and a test checks that it is current. Nothing of this
runs in the operator: the definition is installed by Helm or kubectl, and the operator needs no right to touch it.
"""

import sys
from collections.abc import Iterator
from typing import Any

from assistant_operator.api.schema import Schema, structural
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec, PrivateAssistantStatus
from assistant_operator.api.v1alpha1.rules import CHANGES, RULES, Change, Rule
from assistant_operator.naming import GROUP, KIND, PLURAL, SHORT_NAME, SINGULAR, VERSION

DESCRIPTION = (
    "A PrivateAssistant is a language model that answers in the cluster and keeps what it is told to itself: an endpoint in the wire "
    "formats of OpenAI and Ollama, with keys, limits, network policies and a record without content of every request. Example: "
    "spec: {model: {name: gemma3:270m}}."
)

COLUMNS: tuple[dict[str, Any], ...] = (
    {
        "name": "Ready",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
        "description": "Whether every promise holds now.",
    },
    {
        "name": "Reason",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Ready")].reason',
        "description": "Why it is ready or not.",
    },
    {"name": "Model", "type": "string", "jsonPath": ".spec.model.name", "description": "The model that is asked for."},
    {
        "name": "Egress",
        "type": "string",
        "jsonPath": ".status.egress.mode",
        "description": "What the NetworkPolicy that was last applied lets out: Deny, Allowlist or Open.",
    },
    {
        "name": "Retention",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="RetentionEnforced")].reason',
        "description": "What is kept and whether it is erased on time: NothingKept, OnTime, PurgeLate, or why it is not shown.",
    },
    {
        "name": "Redaction",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="RedactionActive")].reason',
        "description": "Whether personal data is masked, as seen a moment ago: Active, NotRequested, or why it is not shown.",
    },
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {
        "name": "Confined",
        "type": "string",
        "priority": 1,
        "jsonPath": '.status.conditions[?(@.type=="EgressConfined")].status',
        "description": "Whether it was seen from inside every pod that what the policy denies cannot be reached.",
    },
    {
        "name": "Digest",
        "type": "string",
        "priority": 1,
        "jsonPath": ".status.model.digest",
        "description": "Digest of the model on the volume.",
    },
    {
        "name": "Endpoint",
        "type": "string",
        "priority": 1,
        "jsonPath": ".status.endpoint",
        "description": "Where clients in the cluster call it.",
    },
)

SCALE = {"specReplicasPath": ".spec.model.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}
"""What `kubectl scale` and autoscalers read and write. The API server shows no scale of a resource without spec.model.replicas."""


def custom_resource_definition() -> dict[str, Any]:
    """Return the CRD as it is applied."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": SINGULAR,
                "shortNames": [SHORT_NAME],
                "categories": ["all"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema()},
                    "subresources": {"status": {}, "scale": SCALE},
                    "additionalPrinterColumns": list(COLUMNS),
                }
            ],
        },
    }


def schema() -> Schema:
    """Return the schema of the whole resource, the rules hung on it."""
    root: Schema = {
        "type": "object",
        "description": DESCRIPTION,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "privateassistant.dev/v1alpha1."},
            "kind": {"type": "string", "description": "PrivateAssistant."},
            "metadata": {"type": "object"},
            "spec": structural(PrivateAssistantSpec),
            "status": structural(PrivateAssistantStatus),
        },
    }
    rules: tuple[Rule | Change, ...] = (*RULES, *CHANGES)
    for rule in rules:
        if rule.cel is not None:
            node = _node(root, rule.path)
            node.setdefault("x-kubernetes-validations", []).append(dict(_validation(node, rule)))
    return root


def _node(root: Schema, path: str) -> Schema:
    node = root
    for step in filter(None, path.split(".")):
        node = node["properties"][step.removesuffix("[]")]
        if step.endswith("[]"):
            node = node["items"]
    return node


def _validation(node: Schema, rule: Rule | Change) -> Iterator[tuple[str, str]]:
    yield "rule", rule.cel or ""
    yield "message", rule.message
    # metadata and a map's keys cannot be pointed at: their messages name the field.
    if rule.field and not rule.field.startswith(".metadata"):
        yield "fieldPath", rule.field
    yield "reason", "FieldValueInvalid"


def main() -> None:
    """Print the CRD as YAML."""
    import yaml  # a tool of the developers': the operator's image does not hold it

    header = "# Made by `python -m assistant_operator.api.crd`; edit the models in operator/src/assistant_operator/api instead.\n"
    sys.stdout.write(header + yaml.safe_dump(custom_resource_definition(), sort_keys=False, width=120, allow_unicode=True))


if __name__ == "__main__":
    main()
