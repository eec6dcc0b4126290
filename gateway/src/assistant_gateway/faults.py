"""Why the gateway is not ready, and why it ends: reasons for /readyz, the termination log and, by way of them, the assistant's status."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import orjson

ReasonName = Literal[
    "PolicyInvalid",
    "KeyMissing",
    "CertificateInvalid",
    "RuntimeUnreachable",
    "RuntimeTooOld",
    "CloudEnabled",
    "ModelMissing",
    "DigestMismatch",
    "ModelLoading",
    "StoreUnreachable",
    "StoreCredentialsInvalid",
    "StoreTlsRequired",
    "StoreCertificateInvalid",
    "StoreExtensionMissing",
    "StoreMigrationFailed",
    "StoreSchemaTooNew",
    "StoreFull",
    "EncryptionKeyMissing",
    "EgressNotConfined",
    "EgressUnknown",
    "RedactionUnchecked",
    "RedactionFailing",
    "NamesUnavailable",
    "RecordsNotWritten",
    "Draining",
    "InternalError",
]

MAX_TERMINATION_BYTES: Final = 4096

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is missing; the message holds no content, no secret and nothing that changes from look to look."""

    reason: ReasonName
    message: str


class FatalError(Exception):
    """Nothing that the gateway could wait for will mend this: the process ends and the kubelet starts it anew."""

    def __init__(self, reason: ReasonName, message: str) -> None:
        super().__init__(reason)
        self.reason = Reason(reason, message)


def leave_word(path: Path, reason: Reason) -> None:
    """Write the reason where the kubelet finds it."""
    try:
        path.write_bytes(orjson.dumps({"reason": reason.reason, "message": reason.message})[:MAX_TERMINATION_BYTES])
    except OSError as error:
        logger.warning("The termination log cannot be written.", exc_info=error)
