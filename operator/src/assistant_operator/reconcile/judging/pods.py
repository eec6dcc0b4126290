"""Why a pod is not well, in one reason and one sentence.

Only the gateway's own programs are quoted (their termination messages are JSON of a fixed shape, without content). The model server's
last words, and the scheduler's and kubelet's, are not: the first could hold content, the others change from minute to minute.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from assistant_operator.kube.objects import Object, condition, controller_uid, is_being_deleted

QUOTED = frozenset({"egress-gate", "egress-probe", "egress-proxy", "gateway", "model-check", "pull", "verify", "ingest"})
"""Containers that run this project's programs."""

_REASON = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")
MAX_MESSAGE = 512
AGAIN_AND_AGAIN = 2
"""Restarts from which a container that starts once more is not taken for one that is on its way."""

_UNSCHEDULABLE = (
    "No node can take the pod; kubectl describe pod says what is missing: memory or other resources (spec.model.resources), a node that "
    "spec.model.pod allows, or a volume of the StorageClass that the spec or the cluster names."
)
_WAITING = {
    "ErrImagePull": (
        "ImagePullFailed",
        "The image of container {container} cannot be pulled: {image}. Check the name, and the image pull Secrets.",
    ),
    "ImagePullBackOff": (
        "ImagePullFailed",
        "The image of container {container} cannot be pulled: {image}. Check the name, and the image pull Secrets.",
    ),
    "InvalidImageName": ("ImageNameInvalid", "The image name of container {container} is malformed: {image}."),
    "CreateContainerConfigError": (
        "PodConfigurationInvalid",
        "Container {container} cannot be made: something that it mounts is missing; the pod's events say what.",
    ),
    "CreateContainerError": ("ContainerNotCreated", "Container {container} cannot be made; the pod's events say why."),
    "RunContainerError": ("ContainerNotStarted", "Container {container} cannot be started; the pod's events say why."),
}


class Trouble(NamedTuple):
    """What a pod suffers from."""

    reason: str
    message: str


class Ended(NamedTuple):
    """How a container ended."""

    container: str
    exit_code: int
    why: str
    said: dict[str, Any]
    """The termination message of one of our programs, empty otherwise."""
    at: str


def statuses(pod: Object) -> Iterator[Object]:
    status = pod.get("status") or {}
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def ended(container: Object) -> Ended | None:
    """Return the container's end, the last one where it runs again."""
    for state in (container.get("state") or {}, container.get("lastState") or {}):
        if stop := state.get("terminated"):
            name = str(container.get("name", ""))
            said = _said(stop.get("message")) if name in QUOTED else {}
            return Ended(name, int(stop.get("exitCode") or 0), str(stop.get("reason", "")), said, str(stop.get("finishedAt") or ""))
    return None


def _said(text: Any) -> dict[str, Any]:
    """Return the JSON object of a termination message, empty where it is anything else."""
    try:
        said = json.loads(text or "")
    except (ValueError, TypeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def complaint(end: Ended) -> Trouble | None:
    """Return the reason and message that one of our programs left behind."""
    reason, message = end.said.get("reason"), end.said.get("message")
    if isinstance(reason, str) and _REASON.fullmatch(reason) and isinstance(message, str):
        return Trouble(reason, message[:MAX_MESSAGE])
    return None


def trouble(pod: Object) -> Trouble | None:
    """Return what the pod suffers from, None where it is on its way or well."""
    if is_being_deleted(pod):
        return None
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return Trouble("Unschedulable", _UNSCHEDULABLE)
    return next((found for container in statuses(pod) if (found := _container_trouble(container)) is not None), None)


def _container_trouble(container: Object) -> Trouble | None:
    name = str(container.get("name", ""))
    state = container.get("state") or {}
    waiting = str((state.get("waiting") or {}).get("reason", ""))
    if waiting in _WAITING:
        reason, text = _WAITING[waiting]
        return Trouble(reason, text.format(container=name, image=container.get("image", "")))
    end = ended(container)
    failed = end is not None and end.exit_code != 0
    if end is None or not failed or (state.get("running") and container.get("ready")):
        return None
    if said := complaint(end):
        return said
    if end.why == "OOMKilled":
        return Trouble("OutOfMemory", f"Container {name} was killed for want of memory: raise spec.model.resources.")
    if waiting == "CrashLoopBackOff" or state.get("terminated") or _starts_again(container):
        how = "ends again and again" if waiting or _has_ended_often(container) else "has ended"
        return Trouble("ContainerCrashed", f"Container {name} {how} (exit code {end.exit_code}).")
    return None


def _starts_again(container: Object) -> bool:
    """Say whether a container that has ended some times runs, and has not passed its startup probe: its next end is as near as its success.

    Without this, a loop of crashes would be another trouble with each restart, and two events for whoever watches.
    """
    return container.get("started") is False and _has_ended_often(container)


def _has_ended_often(container: Object) -> bool:
    return int(container.get("restartCount") or 0) >= AGAIN_AND_AGAIN


def first_trouble(pods: Iterable[Object]) -> Trouble | None:
    return next((found for pod in pods if (found := trouble(pod)) is not None), None)


def living(pods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the pods that serve or are about to."""
    phases = ("Succeeded", "Failed")
    return [pod for pod in pods if not is_being_deleted(dict(pod)) and (pod.get("status") or {}).get("phase") not in phases]


def is_controlled_by(obj: Object, uid: str) -> bool:
    """Tell whether the object is this one's, and not merely to go when it goes: anybody's can name it as an owner."""
    return bool(uid) and controller_uid(obj) == uid
