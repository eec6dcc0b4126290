"""Ingests: when the Jobs that bring a source's documents run, and when one that failed runs again.

A source's Job is named after what it brings (resources/ingest_job.py), so a changed source is another Job; one that is done stays as the
record that it is done. It waits for the gateways, which take the documents in, and for what it reads from: a pod whose volume
is not there would wait for ever without a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.rag import Source
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, CRON_JOB, JOB, POD
from assistant_operator.kube.objects import Object, annotation, controller_uid, is_being_deleted, is_true, label, name_of, uid_of
from assistant_operator.naming import ANNOTATION_INTENT, COMPONENT_INGEST, LABEL_COMPONENT
from assistant_operator.reconcile.judging.pods import Trouble
from assistant_operator.reconcile.judging.pull import view as view_of
from assistant_operator.reconcile.steps.apply import Applier, ref_of
from assistant_operator.reconcile.world import World
from assistant_operator.resources.manifest import Manifest

FAILED = Trouble("IngestFailed", "The ingest failed; the Job's events say how.")
SOURCE_AGAIN = 30.0
"""Seconds until a source that is not there is looked for again: what users bring is not watched."""


@dataclass(slots=True)
class Ingests:
    """What came of looking at the sources."""

    due: list[Manifest] = field(default_factory=list)
    """To be applied now."""
    troubles: dict[str, str] = field(default_factory=dict)
    """By source: the reason why its documents do not come."""
    delays: list[float] = field(default_factory=list)
    """Seconds until a pass is due."""


def is_ingest(manifest: Manifest) -> bool:
    """Tell whether the manifest is a Job or CronJob of an ingest."""
    return manifest.kind in (JOB.kind, CRON_JOB.kind) and manifest.metadata["labels"].get(LABEL_COMPONENT) == COMPONENT_INGEST


def source_of(manifest: Manifest) -> str:
    """Return the name of the source that an ingest brings: its pod is told by `--source`."""
    body: Any = manifest.body["spec"]
    template = body["jobTemplate"]["spec"]["template"] if manifest.kind == CRON_JOB.kind else body["template"]
    arguments = template["spec"]["containers"][0]["args"]
    return str(arguments[arguments.index("--source") + 1])


def living(applier: Applier) -> set[Ref]:
    """Return the ingests that are there."""
    found = ((ref, seen) for ref, seen in applier.cache.children(applier.key) if ref.row in (JOB, CRON_JOB))
    return {ref for ref, seen in found if label(seen.obj, LABEL_COMPONENT) == COMPONENT_INGEST}


async def examine(
    world: World, applier: Applier, spec: PrivateAssistantSpec, planned: Sequence[Manifest], now: datetime, *, is_open: bool, has_ca: bool
) -> Ingests:
    """Decide about every planned ingest; is_open: the gateways take documents in; has_ca: there is a certificate to know them by."""
    found = Ingests()
    sources = {source.name: source for source in (spec.rag.sources if spec.rag is not None else ())}
    if not has_ca:
        found.troubles = dict.fromkeys(sources, "CaCertificateMissing")
    for manifest in planned:
        await _examine_one(world, applier, sources[source_of(manifest)], manifest, now, found, is_open=is_open)
    return found


async def _examine_one(
    world: World, applier: Applier, source: Source, manifest: Manifest, now: datetime, found: Ingests, *, is_open: bool
) -> None:
    ref = ref_of(manifest)
    live = applier.own(ref)
    if live is None and applier.cache.find(ref) is None:
        if is_open and await _is_there(world, applier, source, found):
            found.due.append(manifest)
        return
    if live is not None and ref.row is CRON_JOB:
        _look(world, applier, source, _last_job(applier, live), found)
    elif live is not None and is_true(live, "Failed") and annotation(live, ANNOTATION_INTENT) == manifest.intent:
        await _failed(world, applier, source, live, now, found)
        return
    else:
        _look(world, applier, source, live, found)
    if is_open or ref.row is CRON_JOB:  # That one runs whether gateways are open or not: what a hand did to it is undone at any time
        found.due.append(manifest)  # One that is not ours is refused there


async def _is_there(world: World, applier: Applier, source: Source, found: Ingests) -> bool:
    """Look for what the source reads from."""
    kind, name = (CLAIM, source.claim.name) if source.claim else (CONFIG_MAP, source.config_map.name if source.config_map else "")
    if await world.client.get(kind, applier.key.namespace, name) is not None:
        return True
    found.troubles[source.name] = "ClaimNotFound" if kind is CLAIM else "ConfigMapNotFound"
    found.delays.append(SOURCE_AGAIN)
    return False


async def _failed(world: World, applier: Applier, source: Source, job: Object, now: datetime, found: Ingests) -> None:
    """Remove a Job that failed, once its delay is over: the news of its end brings the pass that makes another."""
    _look(world, applier, source, job, found)
    ended_at = view_of(job, _own_pods(applier)).ended_at
    delay = world.retries.delay(applier.key, name_of(job), uid_of(job))
    left = (ended_at + delay - now).total_seconds() if ended_at is not None else 0.0
    if left > 0:
        found.delays.append(left)
    elif not is_being_deleted(job):
        await applier.remove(job)


def _look(world: World, applier: Applier, source: Source, job: Object | None, found: Ingests) -> None:
    """Note what the Job and its pods complain about."""
    if job is None:
        return
    if is_true(job, "Complete"):
        world.retries.succeeded(applier.key, name_of(job))
        return
    view = view_of(job, _own_pods(applier), FAILED)
    if view.trouble is not None:
        found.troubles[source.name] = view.trouble.reason


def _last_job(applier: Applier, cron_job: Object) -> Object | None:
    """Return the newest Job that a CronJob has made."""
    jobs = [job for job in applier.cache.of_assistant(applier.key, JOB) if controller_uid(job) == uid_of(cron_job)]
    return jobs[-1] if jobs else None


def _own_pods(applier: Applier) -> list[Object]:
    return [pod for pod in applier.cache.of_assistant(applier.key, POD) if label(pod, LABEL_COMPONENT) == COMPONENT_INGEST]
