"""The egress proxy of an assistant that may reach hosts, in one pass: how it stands, what it tells, and what status shows of that.

Neighbours: resources/egress_proxy.py builds it, asking/decisions.py has the words, judging/proxy.py says whether it serves.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from assistant_egress.proxy.decisions import Decisions
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.status import EgressStatus, egress_status
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import DEPLOYMENT, POD
from assistant_operator.kube.objects import Object, controller_uid, is_being_deleted, is_true, label, uid_of
from assistant_operator.naming import COMPONENT_EGRESS_PROXY, LABEL_COMPONENT, Names
from assistant_operator.reconcile.asking.decisions import COUNTS_EVERY, essence, summed
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.judging.observed import ProxySeen
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.world import World


def observe(cache: Cache, key: Key, names: Names, spec: PrivateAssistantSpec | None, uid: str) -> ProxySeen | None:
    """Return the proxy; None where no host is allowed, or the spec cannot be read."""
    if spec is None or not spec.egress.hosts:
        return None
    seen = cache.find(Ref.named(DEPLOYMENT, names.namespace, names.egress_proxy))
    live = seen.obj if seen is not None else None
    return ProxySeen(live if live is not None and controller_uid(live) == uid else None, tuple(_pods(cache, key)))


def _pods(cache: Cache, key: Key) -> list[Object]:
    """Return the proxy's pods by their label: the ReplicaSets that own them are not watched.

    Somebody's pod that bears it falsifies counts and messages; what Ready rests on is the Deployment.
    """
    return [pod for pod in cache.of_assistant(key, POD) if label(pod, LABEL_COMPONENT) == COMPONENT_EGRESS_PROXY]


async def listen(world: World, key: Key, spec: PrivateAssistantSpec) -> tuple[Decisions, ...]:
    """Return what the proxy's pods have told lately; one that has become ready is asked now, as in kept.listen."""
    found = [pod for pod in _pods(world.cache, key) if _address(pod) and not is_being_deleted(pod)] if spec.egress.hosts else []
    running = {uid_of(pod): _address(pod) for pod in found}
    if not running:
        world.proxies.forget(key)
        return ()
    await world.proxies.first(key, running, {uid_of(pod) for pod in found if is_true(pod, "Ready")})
    return tuple(world.proxies.latest(key, running).values())


def _address(pod: Object) -> str:
    status = pod.get("status") or {}
    return str(status.get("podIP") or "") if status.get("phase") == "Running" else ""


class Shown(NamedTuple):
    """What status tells of egress, and in how many seconds counts that are held back are due; None where none are."""

    status: EgressStatus
    due: float | None


def shown(world: World, key: Key, spec: PrivateAssistantSpec, told: Sequence[Decisions], before: EgressStatus | None) -> Shown:
    """Return status.egress; what was told before stands until something is heard, and for a while where nothing but counts moved."""
    plain = egress_status(spec)
    if not spec.egress.hosts:
        world.counted.pop(key, None)
        return Shown(plain, None)
    old = plain if before is None else plain.model_copy(update={field: getattr(before, field) for field in ("allowed", "refused", "since")})
    found = summed(told, plain) if told else old
    now = world.clock()
    written = world.counted.setdefault(key, now)
    if essence(found) == essence(old):
        if found == old:
            return Shown(old, None)
        if (wait := _wait(written, now)) > 0:
            return Shown(old, wait)
    world.counted[key] = now
    return Shown(found, None)


def _wait(written: datetime, now: datetime) -> float:
    return (COUNTS_EVERY - abs(now - written)).total_seconds()
