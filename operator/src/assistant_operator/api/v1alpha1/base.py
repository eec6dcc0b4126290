"""What every model of the API shares: camelCase on the wire, frozen, nothing unknown; and the field types that many of them use.

Every string, list and map has an upper bound: the API server estimates the cost of the CEL rules from them, and a resource cannot be
made large enough to hurt who reads it.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


class ApiModel(BaseModel):
    """A part of a PrivateAssistant."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the part as it is written on the wire: camelCase, without what is absent; lists are lists."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


QUANTITY_PATTERN = r"^[+]?(([0-9]+([.][0-9]*)?)|([.][0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]{1,2}))?$"
"""What Kubernetes accepts as a quantity, without the negative ones."""


def _text(value: object) -> object:
    """Accept a number where a quantity or a duration is expected: `cpu: 2` and `keepAlive: -1` are what people write."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def int_or_string(pattern: str | None = None, max_length: int = 64) -> dict[str, Any]:
    """Return the schema of a field that YAML may spell as a number or as a string."""
    schema: dict[str, Any] = {"anyOf": [{"type": "integer"}, {"type": "string"}], "maxLength": max_length}
    schema["x-kubernetes-int-or-string"] = True
    return schema | ({"pattern": pattern} if pattern else {})


IntOrString = Annotated[str, BeforeValidator(_text), Field(max_length=64, json_schema_extra=int_or_string())]
Quantity = Annotated[str, BeforeValidator(_text), Field(max_length=64, json_schema_extra=int_or_string())]
"""An amount of a resource: `500m`, `2`, `16Gi`. Rules say what it looks like: a schema's pattern would be all that the user reads."""

ObjectName = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
]
"""Name of an object of another kind: a DNS subdomain (RFC 1123)."""
LabelKey = Annotated[str, Field(min_length=1, max_length=317)]
LabelValue = Annotated[str, Field(max_length=63, pattern=r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")]
LabelMap = Annotated[dict[str, LabelValue], Field(max_length=64)]
Cidr = Annotated[str, Field(min_length=1, max_length=43)]
HostName = Annotated[str, Field(min_length=1, max_length=253)]
SecretEntry = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]

SET = {"x-kubernetes-list-type": "set"}
"""A list without order or repetition: two appliers merge it."""


def keyed(*fields: str) -> dict[str, object]:
    """Return the schema of a list that is keyed by a field, or several: the API server refuses duplicates, two appliers merge it."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(fields)}


class SecretReference(ApiModel):
    """A Secret in the assistant's namespace."""

    name: Annotated[ObjectName, Field(description="Name of a Secret in the assistant's namespace.")]
