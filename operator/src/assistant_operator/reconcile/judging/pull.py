"""The pull of a model: what its Job and pods say, which model is on the volume, and when to try again.

The Job's name is a hash of what it pulls (resources/pull_job.py), so the Job of the current spec either exists or not; an older one never
answers for it. Its result is the termination message of its pod, and is recorded in status.model: the record counts where the pod is gone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from assistant_model.reference import Reference, is_digest
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.status import LARGEST, ModelStatus
from assistant_operator.kube.objects import Object, condition, is_being_deleted, metadata, uid_of
from assistant_operator.reconcile.judging import pods as pod_states
from assistant_operator.reconcile.judging.pods import Ended, Trouble

FINAL = frozenset({"DigestMismatch", "NotAModel"})
"""The same answer tomorrow: nothing is tried until the spec changes."""
SELDOM = frozenset({"ModelNotFound", "Unauthorized"})
"""Somebody may upload the model or grant access without touching the spec."""
RETRY = timedelta(minutes=2)
"""After a Job has failed for good; the Job itself tried several times, with growing delays."""
RETRY_SELDOM = timedelta(minutes=10)
FAILED = Trouble("PullFailed", "The pull failed; the Job's events say how.")
MAX_NAME = 400
LATE = timedelta(seconds=30)
"""Jobs and pods are watched by streams of their own: the news of a Job's end may come before that of its pod, which has the result."""


class Phase(Enum):
    ABSENT = "absent"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Embedding:
    """An embedding model that was verified to lie beside the model."""

    name: str
    digest: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model that was verified to lie on a volume."""

    name: str
    digest: str
    volume: str
    size_bytes: int | None = None
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True)
class PullView:
    """The pull of the model that the spec asks for."""

    phase: Phase
    digest: str | None = None
    size_bytes: int | None = None
    embedding: Embedding | None = None
    trouble: Trouble | None = None
    ended_at: datetime | None = None
    pod_ip: str | None = None
    pod_uid: str | None = None
    """Of the pod that is pulling now."""

    @property
    def is_final(self) -> bool:
        return self.phase is Phase.FAILED and self.trouble is not None and self.trouble.reason in FINAL

    def retry_at(self) -> datetime | None:
        """Return when a Job that failed, or whose result is gone with its pod, is to be made anew; None for never."""
        if self.ended_at is None or self.is_final:
            return None
        if self.phase is Phase.SUCCEEDED:
            return None if self.digest else self.ended_at + LATE
        seldom = self.trouble is not None and self.trouble.reason in SELDOM
        return self.ended_at + (RETRY_SELDOM if seldom else RETRY)


ABSENT = PullView(Phase.ABSENT)


def view(job: Object | None, pods: list[Object], otherwise: Trouble = FAILED) -> PullView:
    """Return what the Job and its pods say; otherwise: what is said of a Job that failed without a word."""
    if job is None or is_being_deleted(job):
        return ABSENT
    own = [pod for pod in pods if pod_states.is_controlled_by(pod, uid_of(job))]
    ends = sorted((end for pod in own for container in pod_states.statuses(pod) if (end := pod_states.ended(container))), key=_when)
    complete = condition(job, "Complete")
    if complete.get("status") == "True":
        return _succeeded(ends, _time(complete.get("lastTransitionTime")))
    failed = condition(job, "Failed")
    if failed.get("status") == "True":
        trouble = _last_complaint(ends) or otherwise
        return PullView(Phase.FAILED, trouble=trouble, ended_at=_time(failed.get("lastTransitionTime")))
    running = next((pod for pod in own if (pod.get("status") or {}).get("phase") == "Running" and not is_being_deleted(pod)), None)
    stuck = pod_states.first_trouble(pod for pod in own if (pod.get("status") or {}).get("phase") in (None, "Pending"))
    return PullView(
        Phase.RUNNING,
        trouble=stuck or _last_complaint(ends),
        pod_ip=str((running.get("status") or {}).get("podIP") or "") or None if running else None,
        pod_uid=uid_of(running) if running else None,
    )


def _succeeded(ends: list[Ended], at: datetime | None) -> PullView:
    for end in reversed(ends):
        digest = end.said.get("digest")
        if end.exit_code == 0 and isinstance(digest, str) and is_digest(digest):
            size, embedding = _size(end.said.get("sizeBytes")), _embedding(end.said.get("embedding"))
            return PullView(Phase.SUCCEEDED, digest=digest, size_bytes=size, embedding=embedding, ended_at=at)
    return PullView(Phase.SUCCEEDED, ended_at=at)


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else None


def _embedding(said: Any) -> Embedding | None:
    """Return the embedding model of a termination message; None where it tells of none."""
    if not isinstance(said, dict):
        return None
    name, digest = said.get("name"), said.get("digest")
    if not isinstance(name, str) or not name or not isinstance(digest, str) or not is_digest(digest):
        return None
    return Embedding(name[:MAX_NAME], digest, _size(said.get("sizeBytes")))


def _last_complaint(ends: list[Ended]) -> Trouble | None:
    return next((found for end in reversed(ends) if end.exit_code != 0 and (found := pod_states.complaint(end))), None)


def _when(end: Ended) -> str:
    return end.at


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None


def recorded(status: ModelStatus | None) -> ModelRecord | None:
    """Return the model that status says was verified."""
    if status is None or status.digest is None or status.volume is None or not is_digest(status.digest):
        return None
    beside = status.embedding
    embedding = Embedding(beside.name, beside.digest, beside.size_bytes) if beside is not None and is_digest(beside.digest) else None
    return ModelRecord(status.name, status.digest, status.volume, status.size_bytes, embedding)


def same_model(left: str, right: str) -> bool:
    """Tell whether two references name the same model: `m` is `library/m:latest`."""
    try:
        return Reference.parse(left) == Reference.parse(right)
    except ValueError:
        return left == right


def is_wanted(record: ModelRecord | None, spec: PrivateAssistantSpec, volume: str) -> bool:
    """Tell whether the recorded model is the one that the spec asks for, and has the embedding model beside it where one is asked for."""
    if record is None or record.volume != volume or not same_model(record.name, spec.model.name):
        return False
    return spec.model.digest in (None, record.digest) and has_embedding(record.embedding, spec)


def has_embedding(found: Embedding | None, spec: PrivateAssistantSpec) -> bool:
    wanted = spec.model.embedding
    return wanted is None or (found is not None and same_model(found.name, wanted))


def is_older(job: Object, claim: Object) -> bool:
    """Tell whether the Job ran before the volume was made: what it pulled lies elsewhere."""
    return str(metadata(job).get("creationTimestamp", "")) < str(metadata(claim).get("creationTimestamp", ""))
