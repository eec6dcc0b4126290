"""`spec.maintenance` of a PrivateAssistant: when pods may be replaced for the operator's sake."""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import SET, ApiModel

Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DAYS: tuple[Day, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Window(ApiModel):
    """A time that comes again, each week or each day."""

    days: Annotated[
        tuple[Day, ...],
        Field(min_length=1, max_length=7, description="Days on which it opens, by the time zone.", json_schema_extra=SET),
    ] = DAYS
    start: Annotated[str, Field(max_length=16, description="When it opens, as 02:30.")]
    duration: Annotated[
        str,
        Field(max_length=16, description="How long it is open: 1h to 24h, or 15m to 999m. An update that has begun is not ended with it."),
    ] = "2h"
    time_zone: Annotated[str, Field(max_length=96, description="IANA name of the time zone, as Europe/Berlin.")] = "UTC"


class Maintenance(ApiModel):
    """When pods may be replaced for the operator's sake."""

    window: Annotated[
        Window | None,
        Field(
            description="Pods that would be replaced for nothing but a new release of the operator, or its new default images, wait until "
            "it opens; at any time where absent. Edits of this resource, repairs and NetworkPolicies do not wait, and an edit takes the "
            "update with it. Condition UpToDate says what waits, and until when."
        ),
    ] = None
