"""What an assistant keeps, in one pass: its store as it stands, what its gateways tell of it, and what status shows of that.

Neighbours: store.py finds the address, keeping.py judges, gateways.py has the words, ingest.py the Jobs that fill the store.
"""

from collections.abc import Iterable, Mapping, Sequence

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec, PrivateAssistantStatus
from assistant_operator.api.v1alpha1.status import RetentionStatus, SourceStatus
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM, POD, STATEFUL_SET
from assistant_operator.kube.objects import Object, controller_uid, is_being_deleted, is_true, label, uid_of
from assistant_operator.naming import COMPONENT_STORE, LABEL_COMPONENT, Names
from assistant_operator.reconcile.asking.gateways import MAX_FAILURES, Figures, GatewayStatus, source_status
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.judging.observed import StoreSeen
from assistant_operator.reconcile.judging.pods import is_controlled_by
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.world import World


def forget(world: World, key: Key) -> None:
    """Nothing is asked of the assistant's pods any more."""
    world.progress.forget(key)
    world.gateways.forget(key)
    world.evidence.forget(key)
    world.proxies.forget(key)
    world.figures.forget(key)
    world.counted.pop(key, None)
    world.retries.forget(key)
    world.unfinished.forget(key)
    world.asleep.discard(key)


def was_made(cache: Cache, names: Names, uid: str) -> bool:
    """Tell whether there is a volume of the managed store: something may be on it. What is on one that is going is lost already."""
    seen = cache.find(Ref.named(CLAIM, names.namespace, names.store))
    return seen is not None and controller_uid(live := seen.obj) == uid and not is_being_deleted(live)


def observe(cache: Cache, key: Key, names: Names, spec: PrivateAssistantSpec | None, uid: str) -> StoreSeen | None:
    """Return the store; None where nothing is kept. Of a spec that cannot be read, the store that stands there speaks."""
    seen = cache.find(Ref.named(STATEFUL_SET, names.namespace, names.store))
    live = seen.obj if seen is not None and controller_uid(seen.obj) == uid else None
    if spec is None:
        return StoreSeen(is_managed=True, stateful_set=live) if live is not None else None
    if not spec.keeps:
        return None
    if spec.managed_store is None:
        return StoreSeen(is_managed=False)
    return StoreSeen(is_managed=True, stateful_set=live, pods=tuple(_pods(cache, key, live)))


def _pods(cache: Cache, key: Key, stateful_set: Object | None) -> Iterable[Object]:
    if stateful_set is None:
        return ()
    pods = (pod for pod in cache.of_assistant(key, POD) if is_controlled_by(pod, uid_of(stateful_set)))
    return (pod for pod in pods if label(pod, LABEL_COMPONENT) == COMPONENT_STORE)


async def listen(world: World, key: Key, pods: Sequence[Object]) -> dict[str, GatewayStatus]:
    """Return what the gateways have told lately, by their pods' uids, the oldest pod's words first.

    A pod that is ready and was not asked since it is so is asked now, which takes a moment: without that every start of the operator, and
    every new pod, would make the promises of an assistant that is well Unknown for a while.
    """
    running = {uid_of(pod): _address(pod) for pod in pods if _address(pod) and not is_being_deleted(pod)}
    if not running:
        world.gateways.forget(key)
        return {}
    ready = {uid_of(pod) for pod in pods if is_true(pod, "Ready")}
    await world.gateways.first(key, running, ready)
    told = world.gateways.latest(key, running)
    return {uid: told[uid] for uid in running if uid in told}


def _address(pod: Object) -> str:
    status = pod.get("status") or {}
    return str(status.get("podIP") or "") if status.get("phase") == "Running" else ""


Shown = tuple[RetentionStatus | None, tuple[SourceStatus, ...], float | None]


def shown(
    world: World,
    key: Key,
    spec: PrivateAssistantSpec,
    told: Sequence[GatewayStatus | None],
    troubles: Mapping[str, str],
    before: PrivateAssistantStatus,
) -> Shown:
    """Return status.retention, status.sources, and in how many seconds counts that are held back may be shown.

    `told` has a word of each gateway, None of those that are silent. What was told before stands until something is heard.
    """
    if not spec.keeps:
        world.figures.forget(key)
        return None, (), None
    well = next((one for one in told if one is not None and one.is_well), None)
    found, now = Figures.of(well, told) if well is not None else None, world.clock()
    figures = world.figures.show(key, found, now)
    due = world.figures.due(key, found, now)
    wanted = tuple(source.name for source in spec.rag.sources) if spec.rag is not None else ()
    if figures is None:
        old = {source.name: source for source in before.sources}
        return before.retention, tuple(_again(old.get(name), name, troubles.get(name)) for name in sorted(wanted)), due
    sources = (source_status(name, figures.sources.get(name), troubles.get(name)) for name in sorted(wanted))
    return figures.retention, tuple(sources), due


def _again(old: SourceStatus | None, name: str, trouble: str | None) -> SourceStatus:
    """Return the source as it was told before, with the trouble of now."""
    fresh = source_status(name, None, trouble)
    if old is None:
        return fresh
    failed = {one.reason: one for one in (*fresh.failed, *(one for one in old.failed if one.count))}
    return old.model_copy(update={"failed": tuple(failed[reason] for reason in sorted(failed))[:MAX_FAILURES]})
