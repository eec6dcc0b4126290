"""Writes the reference pages: `python docs/generate.py [--check]`.

    docs/fields.md   every field of a PrivateAssistant: types, limits and rules from crds/, defaults from the models, examples.yaml
    docs/values.md   every value of the chart: from its schema and its defaults
    docs/rights.md   what the operator may do: from the table that its client obeys and RBAC is made from

With --check nothing is written, and the exit status says whether all are current.
"""

import argparse
import json
import re
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.kube import rbac

REPOSITORY: Final = Path(__file__).resolve().parents[1]
CHART: Final = REPOSITORY / "charts" / "private-assistant-operator"
Schema = dict[str, Any]

KUBERNETES_TYPES: Final = {
    "spec.model.resources": "core/v1 ResourceRequirements",
    "spec.model.pod.tolerations": "list of core/v1 Toleration",
    "spec.model.pod.affinity": "core/v1 Affinity",
    "spec.access.from": "list of networking.k8s.io/v1 NetworkPolicyPeer",
    "spec.store.managed.resources": "core/v1 ResourceRequirements",
    "spec.store.external.peers": "list of networking.k8s.io/v1 NetworkPolicyPeer",
}
"""Fields whose inner fields are Kubernetes' own: explained there."""

EXAMPLES: Final[dict[str, Any]] = yaml.safe_load((REPOSITORY / "docs" / "examples.yaml").read_text())

FIELDS_HEAD: Final = """\
# Fields of a PrivateAssistant

`privateassistant.dev/v1alpha1`, kind `PrivateAssistant`, short name `pa`, namespaced. Only `spec.model.name` is required.
`kubectl explain pa.spec.model` shows the same descriptions, `kubectl explain pa.spec --recursive` the names of all fields. `kubectl` and
server-side apply refuse unknown fields; to other clients the API server sends a warning, and drops them.

Defaults are applied by the operator when it reads the resource, not by the API server: what you applied is what stays stored.
"""
VALUES_HEAD: Final = """\
# Values of the chart

Values that are not listed here are refused. Set them with `--set` or in a file (`--values`).
"""
MADE: Final = "<!-- Made by `python docs/generate.py`: edit what it is made from. -->\n"


def fields_page() -> str:
    """Return docs/fields.md."""
    (file,) = (REPOSITORY / "crds").glob("*.yaml")
    definition = yaml.safe_load(file.read_text())
    (version,) = definition["spec"]["versions"]
    root = version["schema"]["openAPIV3Schema"]
    spec = root["properties"]["spec"]["properties"]
    defaults = dict(_defaults(PrivateAssistantSpec, "spec"))
    parts = [MADE + FIELDS_HEAD]
    for section in spec:
        path = f"spec.{section}"
        nodes = list(_nodes(spec[section], path))
        parts.append(f"\n## {path}\n")
        if spec[section].get("properties"):
            parts.append(f"\n{spec[section].get('description', '')}\n")
            nodes = nodes[1:]
        parts.append(
            _table([_field_row(name, schema, defaults) for name, schema in nodes], ("Field", "Type", "Default", "Meaning", "Example"))
        )
        refusals = [f"* {message}" for message in _messages(spec[section])]
        if refusals:
            parts.append("\nRules, checked at admission and again by the operator:\n\n" + "\n".join(refusals) + "\n")
    whole = [*root.get("x-kubernetes-validations", ()), *root["properties"]["spec"].get("x-kubernetes-validations", ())]
    parts.append("\n## Rules for the resource as a whole\n\n" + "".join(f"* {_escape(rule['message'])}\n" for rule in whole))
    status = list(_nodes(root["properties"]["status"], "status"))[1:]
    parts.append("\n## status\n\nWritten by the operator alone.\n")
    parts.append(_table([(f"`{name}`", _type(name, schema), _meaning(schema)) for name, schema in status], ("Field", "Type", "Meaning")))
    parts.append("\n## Columns of `kubectl get pa`\n")
    columns = [
        (column["name"], "wide" if column.get("priority") else "always", _escape(column.get("description", "")))
        for column in version["additionalPrinterColumns"]
    ]
    parts.append(_table(columns, ("Column", "Shown", "Meaning")))
    return "".join(parts)


def values_page() -> str:
    """Return docs/values.md."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    rows = [
        (f"`{path}`", _type(path, part), "" if "[]" in path else f"`{json.dumps(_value(values, path))}`", _meaning(part))
        for path, part in _nodes(schema, "")
        if path not in ("", "global") and "properties" not in part
    ]
    return MADE + VALUES_HEAD + _table(rows, ("Value", "Type", "Default", "Meaning"))


def _nodes(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield every field by its path, parents first; Kubernetes' own types as a whole."""
    yield path, schema
    if path in KUBERNETES_TYPES:
        return
    for name, part in (schema.get("properties") or {}).items():
        yield from _nodes(part, f"{path}.{name}".lstrip("."))
    for name, part in (schema.get("items", {}).get("properties") or {}).items():
        yield from _nodes(part, f"{path}[].{name}")


def _messages(schema: Schema) -> Iterator[str]:
    """Yield what the rules of a part say, each once."""
    seen: dict[str, None] = {}

    def walk(part: Any) -> None:
        if not isinstance(part, dict):
            return
        for rule in part.get("x-kubernetes-validations", ()):
            seen.setdefault(_escape(rule["message"]), None)
        for inner in (part.get("properties") or {}).values():
            walk(inner)
        walk(part.get("items"))
        walk(part.get("additionalProperties"))

    walk(schema)
    yield from seen


def _field_row(path: str, schema: Schema, defaults: dict[str, str]) -> tuple[str, ...]:
    return f"`{path}`", _type(path, schema), defaults[path], _meaning(schema), f"`{json.dumps(EXAMPLES[path])}`" if path in EXAMPLES else ""


def _type(path: str, schema: Schema) -> str:
    """Return the type with its limits, in words."""
    if path in KUBERNETES_TYPES:
        return KUBERNETES_TYPES[path]
    if "enum" in schema:
        return " or ".join(f"`{value or '(empty)'}`" for value in schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return "text or number"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(_type(path, {"type": one}) for one in kind)
    if "anyOf" in schema:
        return " or ".join(_type(path, one) for one in schema["anyOf"])
    if kind == "array":
        return f"list of {'objects' if schema['items'].get('properties') else _type(path + '[]', schema['items'])}"
    if kind == "object":
        if schema.get("properties"):
            return "object"
        return "map of text" if (schema.get("additionalProperties") or {}).get("type") == "string" else "map"
    if kind in ("integer", "number"):
        low, high = schema.get("minimum"), schema.get("maximum")
        return "number" + (f", {low} to {high}" if low is not None and high is not None else "")
    return {"boolean": "true or false", "string": "text"}.get(str(kind), str(kind))


def _meaning(schema: Schema) -> str:
    """Return the description without the sentence that repeats the default."""
    return _escape(re.sub(r"\s*Default:? \S+\.(?=\s|$)", "", schema.get("description", "")))


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _defaults(model: type[BaseModel], path: str) -> Iterator[tuple[str, str]]:
    """Yield the default of every field below a model, in words."""
    for name, field in model.model_fields.items():
        where = f"{path}.{field.alias or name}"
        inner, is_list = _inner_model(field.annotation)
        if field.is_required():
            yield where, "required"
        else:
            value = field.get_default(call_default_factory=True)
            yield where, _worded(value)
        if inner is not None:
            yield from _defaults(inner, f"{where}[]" if is_list else where)


def _inner_model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model in an annotation, and whether there is a list of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) in (Union, types.UnionType, tuple):
        for argument in get_args(annotation):
            found, is_list = _inner_model(argument)
            if found is not None:
                return found, is_list or get_origin(annotation) is tuple
    elif get_args(annotation):
        return _inner_model(get_args(annotation)[0])
    return None, False


def _worded(value: Any) -> str:
    if value is None or value is PydanticUndefined or value in ((), {}):
        return "none"
    if isinstance(value, BaseModel):
        return ""
    if isinstance(value, tuple) and isinstance(value[0], BaseModel):
        value = [one.model_dump(by_alias=True, exclude_defaults=True) for one in value]
    return f"`{json.dumps(value)}`"


def _value(values: Any, path: str) -> Any:
    for part in path.split("."):
        values = values[part.removesuffix("[]")] if isinstance(values, dict) else None
    return values


RIGHTS: Final = """# What the operator may do

The chart's roles are made from this table, and the operator's client refuses
what is not in it before it reaches the network. No wildcard, and no right to
list or watch Secrets. Besides, `update` of `privateassistants/finalizers`,
which some clusters (OpenShift) ask of whoever names an owner; the operator
sets no finalizer.
"""


def rights_page() -> str:
    """Return docs/rights.md."""
    return MADE + RIGHTS + rbac.as_markdown()


PAGES: Final = {"docs/fields.md": fields_page, "docs/values.md": values_page, "docs/rights.md": rights_page}


def main(arguments: list[str] | None = None) -> int:
    """Write or check the pages; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python docs/generate.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a page is not current")
    options = parser.parse_args(arguments)
    stale = [name for name, page in PAGES.items() if not (REPOSITORY / name).exists() or (REPOSITORY / name).read_text() != page()]
    for name in stale:
        if not options.check:
            (REPOSITORY / name).write_text(PAGES[name]())
        sys.stderr.write(f"{name} {'is not current' if options.check else 'was written'}\n")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
