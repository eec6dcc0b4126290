"""All assistants as a roll-out sees them: by which release their pods were made, and how these do.

Read from the workloads and the statuses in the cache and remembered by their versions, so that a look over a thousand assistants costs
no more than a thousand comparisons, and a restart of the operator loses nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from assistant_operator.api.v1alpha1.maintenance import Window
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import DEPLOYMENT, PRIVATE_ASSISTANT, STATEFUL_SET
from assistant_operator.kube.objects import Object, annotation, condition, controller_uid, generation_of, uid_of
from assistant_operator.naming import ANNOTATION_RELEASE, ANNOTATION_UPDATED, Names
from assistant_operator.reconcile.cluster.cache import Cache, Seen
from assistant_operator.reconcile.conditions import ONLY_WHILE_TRUE, READY
from assistant_operator.reconcile.key import Key

PROVEN = "well"
"""Value of ANNOTATION_UPDATED in place of the time, of an assistant that was Ready since."""


@dataclass(frozen=True, slots=True)
class Member:
    """One assistant that has pods and is not suspended."""

    key: Key
    release: str
    """By which its gateways were last written."""
    updated_to: frozenset[str]
    """Releases for which pods that were ready have been replaced, as its workloads say: the roll-out watches them."""
    is_well: bool
    """Ready, and no pod is left to be replaced."""
    unready_since: datetime | None
    window: Window | None
    updated_at: datetime | None = None
    """When its pods were last replaced for a release, of one that was not well since."""

    def is_unwell_for(self, now: datetime, time: timedelta) -> bool:
        """Tell whether it has not been Ready for longer than that, with the release that it has."""
        since = max((one for one in (self.unready_since, self.updated_at) if one is not None), default=None)
        return not self.is_well and self.unready_since is not None and since is not None and now - since > time


class Fleet:
    """Looks at the cache each time that it is asked."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._known: dict[Key, tuple[tuple[int, ...], Member | None]] = {}

    def members(self) -> list[Member]:
        """Return all members, by namespace and name."""
        keys = sorted(self._cache.everybody())
        for key in self._known.keys() - set(keys):
            del self._known[key]
        return [member for key in keys if (member := self.member(key)) is not None]

    def member(self, key: Key) -> Member | None:
        """Return one member; None where there is no such assistant, or it has no pods or is suspended."""
        found = [self._cache.find(ref) for ref in _refs(key)]
        versions = tuple(seen.version if seen is not None else 0 for seen in found)
        known = self._known.get(key)
        if known is None or known[0] != versions:
            known = self._known[key] = (versions, _member(key, *found))
        return known[1]


def is_rolled_out(workload: Object) -> bool:
    """Tell whether every pod of a StatefulSet or Deployment is of its template, and ready."""
    status, wanted = workload.get("status") or {}, (workload.get("spec") or {}).get("replicas", 1)
    counts = [int(status.get(name) or 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    is_current = status.get("currentRevision", "") == status.get("updateRevision", "")
    return int(status.get("observedGeneration") or 0) >= generation_of(workload) and counts == [wanted] * 3 and is_current


def _refs(key: Key) -> tuple[Ref, ...]:
    names = Names(*key)
    return (
        Ref.named(PRIVATE_ASSISTANT, names.namespace, names.assistant),
        Ref.named(STATEFUL_SET, names.namespace, names.stateful_set),
        Ref.named(STATEFUL_SET, names.namespace, names.store),
        Ref.named(DEPLOYMENT, names.namespace, names.egress_proxy),
    )


def _member(key: Key, assistant: Seen | None, *workloads: Seen | None) -> Member | None:
    owner = assistant.obj if assistant is not None else {}
    spec = owner.get("spec") or {}
    found = [live for seen in workloads if seen is not None and controller_uid(live := seen.obj) == uid_of(owner)]
    if not found or found[0]["metadata"]["name"] != Names(*key).stateful_set or spec.get("suspend") is True:
        return None
    ready = condition(owner, READY)
    return Member(
        key=key,
        release=annotation(found[0], ANNOTATION_RELEASE),
        updated_to=frozenset(annotation(one, ANNOTATION_RELEASE) for one in found if annotation(one, ANNOTATION_UPDATED)),
        is_well=ready.get("status") == "True" and all(map(is_rolled_out, found)),
        unready_since=_unready_since(owner) if ready.get("status") != "True" else None,
        window=_window(spec),
        updated_at=max((at for one in found if (at := _time(annotation(one, ANNOTATION_UPDATED))) is not None), default=None),
    )


def _unready_since(owner: Object) -> datetime | None:
    """Return when it was Ready last.

    Ready itself moves between False and Unknown, with each restart of a container that crashes; what stands beside it does not.
    """
    times = (_time(found.get("lastTransitionTime")) for kind in (READY, *ONLY_WHILE_TRUE) if (found := condition(owner, kind)))
    return min((one for one in times if one is not None), default=None)


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    except ValueError:
        return None


def _window(spec: Object) -> Window | None:
    """Return the window; one that cannot be read is none: an assistant with such a spec is not Ready, and takes no turn."""
    try:
        raw = (spec.get("maintenance") or {}).get("window")
        return Window.model_validate(raw) if raw is not None else None
    except (ValidationError, AttributeError):
        return None
