"""How a command ends: the termination message that the operator reads, and the exit code that the Job's failure policy reads.

Both messages are JSON: `{"name", "digest", "sizeBytes"}` where the model is on the volume, with the same of an
embedding model below `embedding` where one was asked for; `{"reason", "message"}` where one of them is not.
Messages become conditions, so they are constant for a cause: no addresses, no counters, nothing that a registry sent.
"""

import json
import logging
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

EXIT_RETRY: Final = 1
"""Another try may succeed: the Job starts one."""
EXIT_TERMINAL: Final = 42
"""Another try ends the same way: the Job's podFailurePolicy fails the Job at once."""
EXIT_INTERRUPTED: Final = 143
"""Ended by SIGTERM (128 + 15); what was done so far is kept for the next try."""

_log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why a model is not on its volume."""

    DIGEST_MISMATCH = "DigestMismatch"
    MODEL_NOT_FOUND = "ModelNotFound"
    UNAUTHORIZED = "Unauthorized"
    NOT_A_MODEL = "NotAModel"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    NO_SPACE = "NoSpace"
    BLOB_CORRUPT = "BlobCorrupt"
    VOLUME_UNUSABLE = "VolumeUnusable"
    VOLUME_BUSY = "VolumeBusy"
    INTERRUPTED = "Interrupted"
    INTERNAL_ERROR = "InternalError"

    @property
    def exit_code(self) -> int:
        """The exit code that goes with the reason."""
        if self is Reason.INTERRUPTED:
            return EXIT_INTERRUPTED
        return EXIT_TERMINAL if self in _TERMINAL else EXIT_RETRY


_TERMINAL: Final = frozenset({Reason.DIGEST_MISMATCH, Reason.MODEL_NOT_FOUND, Reason.UNAUTHORIZED, Reason.NOT_A_MODEL})


class ModelError(Exception):
    """The command cannot do what it was asked; ends the program."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class TerminatedError(BaseException):
    """SIGTERM arrived. No Exception, so that nothing that handles errors of downloads or requests takes it for one."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A model whose manifest and blobs are on the volume, every byte of them compared."""

    name: str
    digest: str
    size_bytes: int
    embedding: "Verified | None" = None
    """The embedding model beside it, where one was asked for."""

    def to_dict(self) -> dict[str, object]:
        """Return what is told of it; nothing of an embedding model where there is none."""
        told: dict[str, object] = {"name": self.name, "digest": self.digest, "sizeBytes": self.size_bytes}
        return told if self.embedding is None else {**told, "embedding": self.embedding.to_dict()}

    def to_json(self) -> str:
        """Return the termination message of a success."""
        return json.dumps(self.to_dict())


@dataclass(frozen=True, slots=True)
class Failed:
    """Why the model is not there."""

    reason: Reason
    message: str

    def to_json(self) -> str:
        """Return the termination message of a failure."""
        return json.dumps({"reason": self.reason.value, "message": self.message})


class Outcome(Protocol):
    """How a command ended, whichever command."""

    def to_json(self) -> str: ...


def write_termination(outcome: Outcome, path: Path | None) -> None:
    """Leave the outcome where the kubelet picks it up; a failure to do so changes nothing about the outcome."""
    if path is None:
        return
    try:
        path.write_text(outcome.to_json())
    except OSError as error:
        _log.warning("the termination message could not be written", extra={"error": type(error).__name__})
