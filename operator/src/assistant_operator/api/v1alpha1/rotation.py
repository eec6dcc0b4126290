"""`spec.rotation`: from when on what the operator has generated counts as old."""

from typing import Annotated

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel

TIME_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$"
"""RFC 3339 with whole seconds. That there is such a moment, the schema's format asks, and in the loop a rule."""

Time = Annotated[str, Field(max_length=25, pattern=TIME_PATTERN, json_schema_extra={"format": "date-time"})]


class Rotation(ApiModel):
    """When keys and certificates that the operator generated are made anew, beside the renewal before they end."""

    api_keys: Annotated[
        Time | None,
        Field(
            description="A time such as 2026-12-01T22:00:00Z: API keys that were generated before it are replaced then, or at once "
            "where it is past. The new key comes into the Secret three minutes later, when every gateway knows it, and the old one is "
            "accepted for apiKeyOverlap from then on. Keys of yours (access.keys[].secretRef) are yours to replace."
        ),
    ] = None
    api_key_overlap: Annotated[
        str,
        Field(
            max_length=24,
            description="How long a replaced API key is still accepted: days, hours, minutes and seconds, such as 1h30m. 0s, for a key "
            "that is known to others: the new one is in the Secret at once, and the old one is refused as soon as the gateways see it.",
        ),
    ] = "1h"
    certificates: Annotated[
        Time | None,
        Field(
            description="A time: certificates that the assistant's own CA issued before it are issued anew then, with new keys. The CA "
            "stays, and no connection is cut. They are renewed without this when a third of their year is left."
        ),
    ] = None
    encryption_key: Annotated[
        Time | None,
        Field(
            description="A time: if the newest key in the Secret <assistant>-encryption was made before it, another one is added then. New "
            "data is sealed under it, and what is kept is rewrapped; the old key stays in the Secret until you remove it."
        ),
    ] = None
