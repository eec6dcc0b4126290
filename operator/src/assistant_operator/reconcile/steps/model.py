"""Which model the pods may serve, and whether one must be pulled.

Decided anew in each pass from the Job, its pods, the volume and the record in status.

The pods go on with the recorded model until the wanted one is verified, so a change of model is no outage.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.status import EmbeddingStatus, ModelStatus, PullStatus
from assistant_operator.errors import WaitingError
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM, JOB, POD
from assistant_operator.kube.objects import Object, controller_uid, is_being_deleted, label
from assistant_operator.naming import COMPONENT_PULL, LABEL_COMPONENT, Names
from assistant_operator.reconcile.asking.resolver import resolve_all
from assistant_operator.reconcile.conditions import MODEL_READY
from assistant_operator.reconcile.judging import pull
from assistant_operator.reconcile.judging.pods import Trouble
from assistant_operator.reconcile.judging.pull import ABSENT, ModelRecord, Phase, PullView
from assistant_operator.reconcile.steps.apply import Applier
from assistant_operator.reconcile.world import World
from assistant_operator.resources.context import AddressRefused, PullTarget, ServingModel
from assistant_operator.resources.model_volume import model_claim
from assistant_operator.resources.pull_target import needs_target, pull_hosts, pull_revision, pull_target, recorded_target

log = logging.getLogger(__name__)

REFUSED_AGAIN = 60.0
CLAIM_AGAIN = 15.0


@dataclass(frozen=True, slots=True)
class Model:
    """The state of the assistant's model."""

    record: ModelRecord | None
    is_wanted: bool
    view: PullView
    job: Object | None
    is_over: bool = False
    """This pass removed the Job; the next one makes another."""
    is_lost: bool = False
    """Status calls a model verified whose volume is gone."""

    @property
    def serving(self) -> ServingModel | None:
        if self.record is None:
            return None
        return ServingModel(name=self.record.name, digest=self.record.digest, claim=self.record.volume)

    @property
    def embedding(self) -> ServingModel | None:
        """The embedding model beside it: that of the record, be it another than the spec asks for by now."""
        if self.record is None or self.record.embedding is None:
            return None
        return ServingModel(name=self.record.embedding.name, digest=self.record.embedding.digest, claim=self.record.volume)


async def examine(applier: Applier, spec: PrivateAssistantSpec, names: Names, status: ModelStatus | None, now: datetime) -> Model:
    """Return the state of the model; a Job whose time is over is removed on the way."""
    volume = model_claim(spec, names)
    job = _own_job(applier, names, spec)
    view = _checked(pull.view(job, _pull_pods(applier)), spec)
    claim = applier.cache.find(Ref.named(CLAIM, names.namespace, names.models_claim))
    record = pull.recorded(status)
    is_lost = record is not None and record.volume == names.models_claim and claim is None
    if is_lost:
        record = None  # the volume was removed, and the model with it
    stale = job is not None and volume == names.models_claim and (claim is None or pull.is_older(job, claim.obj))
    if view.phase is Phase.SUCCEEDED and view.digest is not None and not stale:
        embedding = replace(view.embedding, name=spec.model.embedding) if view.embedding and spec.model.embedding else None
        record = ModelRecord(spec.model.name, view.digest, volume, view.size_bytes, embedding)
    wanted = pull.is_wanted(record, spec, volume)
    if job is not None and not wanted and (why := _over(view, now, stale=stale)):
        log.info("Pull starts anew", extra={"assistant": str(applier.key), "reason": why})
        await applier.remove(job)
        return Model(record, wanted, ABSENT, None, is_over=True, is_lost=is_lost)
    return Model(record, wanted, view, job, is_lost=is_lost)


def after_apply(applier: Applier, spec: PrivateAssistantSpec, names: Names, model: Model) -> Model:
    """Return the model with the Job that this pass may have made: the answer to our own write brings no pass of its own."""
    if model.is_over or model.view.phase is not Phase.ABSENT:
        return model
    job = _own_job(applier, names, spec)
    return Model(model.record, model.is_wanted, _checked(pull.view(job, _pull_pods(applier)), spec), job)


def _pull_pods(applier: Applier) -> list[Object]:
    return [pod for pod in applier.cache.of_assistant(applier.key, POD) if label(pod, LABEL_COMPONENT) == COMPONENT_PULL]


def _own_job(applier: Applier, names: Names, spec: PrivateAssistantSpec) -> Object | None:
    seen = applier.cache.find(Ref.named(JOB, names.namespace, names.pull_job(pull_revision(spec))))
    return seen.obj if seen is not None and controller_uid(seen.obj) == applier.uid else None


async def require_claim(world: World, spec: PrivateAssistantSpec, names: Names, model: Model) -> None:
    """Raise WaitingError where the weights shall be on a claim that is not there: its pods would wait without saying why."""
    source = spec.model.source.claim
    if source is None or model.is_wanted or await world.client.get(CLAIM, names.namespace, source.name) is not None:
        return
    text = f"spec.model.source.claim.name: there is no PersistentVolumeClaim {source.name} in this namespace. Create it."
    raise WaitingError("ClaimNotFound", text, condition=MODEL_READY, after=CLAIM_AGAIN)


def _checked(view: PullView, spec: PrivateAssistantSpec) -> PullView:
    """Look at the result once more: a puller that reports another digest than is pinned, or half of the models, has not done its work."""
    if view.phase is not Phase.SUCCEEDED or view.digest is None:
        return view
    pinned = spec.model.digest
    if pinned not in (None, view.digest):
        text = f"The registry serves {view.digest}; spec.model.digest is {pinned}."
        return PullView(Phase.FAILED, trouble=Trouble("DigestMismatch", text))
    if not pull.has_embedding(view.embedding, spec):
        text = "The pull has not brought the embedding model: is the operator's --gateway-image of its own version?"
        return PullView(Phase.FAILED, trouble=Trouble("EmbeddingNotBrought", text), ended_at=view.ended_at)
    return view


def _over(view: PullView, now: datetime, *, stale: bool) -> str | None:
    """Return why a Job is to be made anew, None where it is not."""
    if view.phase is Phase.SUCCEEDED and stale:
        return "Its volume is gone"
    retry_at = view.retry_at()
    if retry_at is None or retry_at > now:
        return None
    return "Its result is gone with its pod" if view.phase is Phase.SUCCEEDED else "It failed a while ago"


async def target(world: World, spec: PrivateAssistantSpec, model: Model) -> PullTarget | None:
    """Return where the pull may go: the live Job remembers it, a new one resolves the registry's name."""
    if not needs_target(spec):
        return None
    if model.job is not None and not is_being_deleted(model.job) and (known := recorded_target(spec, model.job)) is not None:
        return known
    if model.is_wanted:
        return None
    addresses = await resolve_all(world.resolver, pull_hosts(spec))
    try:
        return pull_target(spec, addresses)
    except AddressRefused as error:
        raise WaitingError("RegistryAddressRefused", f"spec.model.name: {error}", condition=MODEL_READY, after=REFUSED_AGAIN) from None


def status_of(world: World, applier: Applier, spec: PrivateAssistantSpec, model: Model, before: ModelStatus | None) -> ModelStatus:
    """Return status.model: the verified model, and how far a running pull is."""
    progress: PullStatus | None = None
    if model.view.phase is Phase.RUNNING and not model.is_wanted:
        progress = before.pull if before is not None else None
        if model.view.pod_ip and model.view.pod_uid:
            latest = world.progress.latest(applier.key, {model.view.pod_uid: model.view.pod_ip}).get(model.view.pod_uid)
            progress = PullStatus(completed_bytes=latest.completed, total_bytes=latest.total) if latest else progress
    else:
        world.progress.forget(applier.key)
    record = model.record
    if record is None:
        return ModelStatus(name=spec.model.name, pull=progress)
    beside = record.embedding and EmbeddingStatus(
        name=record.embedding.name, digest=record.embedding.digest, size_bytes=record.embedding.size_bytes
    )
    return ModelStatus(
        name=record.name,
        digest=record.digest,
        volume=record.volume,
        size_bytes=record.size_bytes,
        embedding=beside,
        pull=progress,
    )
