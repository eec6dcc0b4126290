"""How an ingestion ends: the termination message that the operator reads, and the exit code that the Job's failure policy reads.

Both messages are JSON: counts where the source is in the store, `{"reason", "message"}` where it is not. Files that cannot be read are
counted by reason and fail nothing: one bad file never stops a source. What failed for a reason that may pass (the model server was away)
is counted too, and has the Job try again after the walk. Messages become conditions, so each reason has one, and none holds a name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from assistant_model.outcome import EXIT_INTERRUPTED, EXIT_RETRY


class Reason(StrEnum):
    """Why a source is not in the store as it should be."""

    FOLDER_UNREADABLE = "FolderUnreadable"
    GATEWAY_UNREACHABLE = "GatewayUnreachable"
    GATEWAY_CERTIFICATE_INVALID = "GatewayCertificateInvalid"
    GATEWAY_NOT_READY = "GatewayNotReady"
    GATEWAY_FAILED = "GatewayFailed"
    KEY_REFUSED = "KeyRefused"
    SOURCE_UNKNOWN = "SourceUnknown"
    INCOMPLETE = "Incomplete"
    INTERRUPTED = "Interrupted"
    INTERNAL_ERROR = "InternalError"

    @property
    def exit_code(self) -> int:
        """The exit code that goes with the reason."""
        return EXIT_INTERRUPTED if self is Reason.INTERRUPTED else EXIT_RETRY


MESSAGES: Final[Mapping[Reason, str]] = {
    Reason.FOLDER_UNREADABLE: "The source's folder cannot be read.",
    Reason.GATEWAY_UNREACHABLE: "The gateway cannot be reached.",
    Reason.GATEWAY_CERTIFICATE_INVALID: "The gateway's certificate is not one of the assistant's authority.",
    Reason.GATEWAY_NOT_READY: "The gateway was not ready for as long as was waited.",
    Reason.GATEWAY_FAILED: "The gateway answers the source API in a way that makes no sense.",
    Reason.KEY_REFUSED: "The gateway refuses the ingest key.",
    Reason.SOURCE_UNKNOWN: "The gateway's policy has no such source.",
    Reason.INCOMPLETE: "Some documents could not be taken in for reasons that may pass; the next try sends them again.",
    Reason.INTERRUPTED: "The command was ended from outside; what is in the store is kept.",
    Reason.INTERNAL_ERROR: "Unexpected error; the log says where.",
}


class IngestError(Exception):
    """The source cannot be walked to its end; ends the program."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Done:
    """What one walk of a source came to."""

    documents: int
    """That the store holds of the source now."""
    stored: int
    unchanged: int
    removed: int
    chunks: int
    failed: Mapping[str, int] = field(default_factory=dict)

    def fields(self) -> dict[str, object]:
        """Return the counts."""
        return {
            "documents": self.documents,
            "stored": self.stored,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "chunks": self.chunks,
            "failed": dict(self.failed),
        }

    def to_json(self) -> str:
        """Return the termination message of a success."""
        return json.dumps(self.fields())


@dataclass(frozen=True, slots=True)
class Failed:
    """Why the source was not walked to its end."""

    reason: Reason

    @property
    def message(self) -> str:
        return MESSAGES[self.reason]

    def to_json(self) -> str:
        """Return the termination message of a failure."""
        return json.dumps({"reason": self.reason.value, "message": self.message})
