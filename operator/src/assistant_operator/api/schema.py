"""A structural schema (OpenAPI v3 as Kubernetes wants it in a CRD) from a pydantic model.

What pydantic emits and the API server refuses or would act on is taken out: references, titles, defaults (the API server would rewrite
what GitOps applied; they go into the descriptions instead), `null` branches, `additionalProperties: false` (unknown fields are pruned, or
refused by kubectl and by server-side apply, because the schema is structural), constraints on keys of maps.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

INT32 = 2**31 - 1
DROPPED = ("title", "default", "propertyNames", "$defs")
KEPT_AS_IS = ("enum", "required", "x-kubernetes-list-map-keys")


def structural(model: type[BaseModel]) -> Schema:
    """Return the model's schema with references resolved and nothing in it that a CRD may not hold."""
    whole = model.model_json_schema(by_alias=True, mode="validation")
    return _clean(whole, whole.get("$defs", {}))


def _clean(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    merged = _resolve(schema, definitions)
    result: Schema = {}
    for key, value in merged.items():
        if key in DROPPED or (key == "additionalProperties" and value is False):
            continue
        if key == "properties":
            result[key] = {name: _clean(part, definitions) for name, part in value.items()}
        elif key in ("items", "additionalProperties"):
            result[key] = _clean(value, definitions)
        elif key == "const":
            result["enum"] = [value]
        else:
            result[key] = value
    return _finish(result, merged.get("default"))


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """Follow a reference and unwrap `X or null`; what stands beside them (a field's description) wins over the definition's own."""
    result = dict(schema)
    if "$ref" in result:
        target = definitions[result.pop("$ref").rpartition("/")[2]]
        return _resolve(target, definitions) | result
    if "anyOf" in result and {"type": "null"} in result["anyOf"]:
        (branch,) = (branch for branch in result.pop("anyOf") if branch != {"type": "null"})
        return _resolve(branch, definitions) | result
    return result


def _finish(schema: Schema, default: object) -> Schema:
    if schema.get("type") == "integer" and "format" not in schema:
        schema["format"] = "int32" if schema.get("maximum", INT32 + 1) <= INT32 else "int64"
    if schema.get("type") == "number":
        schema["format"] = "double"
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)  # a structural schema of an int-or-string names both types below anyOf only
    if schema.get("type") == "array":
        schema.setdefault("x-kubernetes-list-type", "atomic")
    text = _default_text(default)
    if text and "description" in schema:
        schema["description"] = f"{schema['description']} Default: {text}."
    return schema


def _default_text(default: object) -> str:
    """Return how a reader would write the default; nothing for absent parts and for objects, whose fields say their own."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | str):
        return str(default)
    if isinstance(default, list | tuple) and default and all(isinstance(item, str) for item in default):
        return "[" + ", ".join(default) + "]"
    return ""
