"""`spec.retention` of a PrivateAssistant: what is kept, and for how long. The default keeps nothing."""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import ApiModel

Ttl = Annotated[str, Field(min_length=1, max_length=32)]
"""How long something is kept: 30d, 12h, 1h30m, 90s (values.seconds)."""


class ConversationRetention(ApiModel):
    """What is kept of conversations."""

    mode: Annotated[
        Literal["None", "Keep"],
        Field(
            description="None: conversations are not kept anywhere, and those that were kept are erased. Keep: those that a client begins "
            "through /v1/conversations are kept, encrypted, each message for ttl."
        ),
    ] = "None"
    ttl: Annotated[
        Ttl | None,
        Field(
            description="How long a message is kept, at least one minute: days, hours, minutes and seconds in this order, such as 30d, "
            "12h or "
            "1h30m. Needed with mode Keep. A conversation keeps what was the case when it began, unless that is longer."
        ),
    ] = None


class DocumentRetention(ApiModel):
    """How long documents are kept."""

    ttl: Annotated[
        Ttl | None,
        Field(
            description="How long a document is kept after it came, at least one minute, such as 90d; until it is removed where absent. "
            "What is then still in its source comes again when the source is read."
        ),
    ] = None


class Retention(ApiModel):
    """What is kept, and for how long."""

    conversations: Annotated[ConversationRetention, Field(description="What is kept of conversations.")] = ConversationRetention()
    documents: Annotated[DocumentRetention, Field(description="How long documents are kept; they are with spec.rag alone.")] = (
        DocumentRetention()
    )
    per_request_opt_out: Annotated[
        bool,
        Field(
            description="Clients may ask that a turn of a conversation is not kept (store: false, or the header X-Assistant-Retention: "
            "none); false refuses such requests. No request can ask for more than is kept here."
        ),
    ] = True
