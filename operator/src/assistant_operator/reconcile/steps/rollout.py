"""When pods are replaced that nothing but a new release of the operator, or its new default images, would replace.

A share of the assistants at a time, each within its maintenance window, and nobody else once one does not become ready with it. All state
is on the workloads (annotations) and in status: a restart of the operator changes nothing. What waits is left as it is, as a whole:
template, policy and images, since a gateway of one release cannot be relied on to read the policy of another (docs/decisions/0027). What
else changes pods (an edit, a repair, another model) does not wait, and takes the update with it. Neighbours: fleet.py,
turns.py, maintenance.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.maintenance import Window
from assistant_operator.api.v1alpha1.status import ImageChange, UpdateStatus
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CONFIG_MAP, DEPLOYMENT, DISRUPTION_BUDGET, STATEFUL_SET
from assistant_operator.kube.objects import Object, annotation, generation_of
from assistant_operator.naming import (
    ANNOTATION_INPUTS,
    ANNOTATION_RELEASE,
    ANNOTATION_TEMPLATE,
    ANNOTATION_UPDATE,
    ANNOTATION_UPDATED,
    COMPONENT_ASSISTANT,
    LABEL_COMPONENT,
    UPDATE_NOW,
    Names,
)
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.releases.fleet import PROVEN, Fleet, Member
from assistant_operator.reconcile.releases.maintenance import opens_at
from assistant_operator.reconcile.releases.turns import Pace, Turns
from assistant_operator.reconcile.steps.apply import Applier, ref_of
from assistant_operator.reconcile.steps.report import stored_status
from assistant_operator.reconcile.verdict import Verdict
from assistant_operator.reconcile.world import World
from assistant_operator.resources.context import Context, short_hash
from assistant_operator.resources.manifest import Manifest

WORKLOADS = (STATEFUL_SET.kind, DEPLOYMENT.kind)
AGAIN_AFTER = 120.0
"""Seconds until one that waits for its turn looks again by itself; whoever ends his turn wakes the next before that."""
NOT_OF_PODS = ("maintenance", "rotation", "suspend")
"""Fields of the spec of which pods know nothing."""
MOST_IMAGES = 8
WAITING_FOR_WINDOW = "WaitingForWindow"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a pass may write."""

    admitted: list[Manifest]
    verdict: Verdict
    update: UpdateStatus | None = None
    """The update that waits."""
    after: float | None = None
    """Seconds until another look."""


@dataclass(frozen=True, slots=True)
class _Hold:
    reason: str
    message: str
    after: float = AGAIN_AFTER


@dataclass(slots=True)
class Rollout:
    """Decides for one assistant in one pass."""

    fleet: Fleet
    pace: Pace
    key: Key
    assistant: Object
    context: Context
    window: Window | None
    applier: Applier
    now: datetime
    made: Collection[Ref]
    """What was made for the assistant so far: of that, what is not there is gone."""
    before: UpdateStatus | None
    """The update that waited at the end of the last pass."""
    _lives: dict[Ref, Object | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls, world: World, assistant: Object, spec: PrivateAssistantSpec, context: Context, applier: Applier, made: Collection[Ref]
    ) -> "Rollout":
        """Return what decides in this pass."""
        before = stored_status(assistant).update
        window, now = spec.maintenance.window, world.clock()
        return cls(world.fleet, world.pace, applier.key, assistant, context, window, applier, now, frozenset(made), before)

    def decide(self, planned: Sequence[Manifest]) -> Gate:
        """Return what of the plan may be written now, with the marks by which later passes tell why pods changed."""
        release = self.context.installation.release
        workloads = [manifest for manifest in planned if manifest.kind in WORKLOADS]
        members = self.fleet.members() if self._would_replace(workloads) else []
        if not members or self._is_bound_to_change(planned, workloads):
            return Gate(self._marked(planned, release), UP_TO_DATE)
        update = self._update(workloads, release)
        if self.before is not None and self.before.release == release and self.before.generation != update.generation:
            return Gate(self._marked(planned, release), UP_TO_DATE)  # somebody took something out of what waits
        hold = self._hold(members, release)
        if hold is None:
            return Gate(self._marked(planned, release, is_updated=self._is_watched()), UP_TO_DATE)
        verdict = Verdict.settled(hold.reason, f"{hold.message} {_told(update)}")
        return Gate(self._without_what_waits(planned), verdict, update, hold.after)

    def _would_replace(self, workloads: Iterable[Manifest]) -> bool:
        """Tell whether the plan has another pod template than the one by which pods run."""
        pairs = ((self._live(manifest), manifest) for manifest in workloads)
        return any(live is not None and annotation(live, ANNOTATION_TEMPLATE) != _template(manifest) for live, manifest in pairs)

    def _is_bound_to_change(self, planned: Sequence[Manifest], workloads: Sequence[Manifest]) -> bool:
        """Tell whether something else than the release changes pods, or what is there cannot be left as it is."""
        if annotation(self.assistant, ANNOTATION_UPDATE) == UPDATE_NOW:
            return True
        if any(self._is_damaged(ref_of(manifest)) for manifest in self._what_waits(planned)):
            return True  # to be repaired, and only today's plan is known
        inputs = self._inputs()
        pairs = ((self._live(manifest), manifest) for manifest in workloads)
        return any(live is not None and annotation(live, ANNOTATION_INPUTS) != inputs[_component(manifest)] for live, manifest in pairs)

    def _is_damaged(self, ref: Ref) -> bool:
        """Tell whether the object is gone, or somebody has set fields of it."""
        seen = self.applier.cache.find(ref)
        return seen.is_foreign if seen is not None else ref in self.made

    def _hold(self, members: list[Member], release: str) -> _Hold | None:
        """Return why the update has to wait; None where its turn has come."""
        opening = opens_at(self.window, self.now)
        if opening is not None:
            text = f"An update waits for the maintenance window, which opens at {timestamp(opening)}."
            return _Hold(WAITING_FOR_WINDOW, text, max((opening - self.now).total_seconds(), 1.0))
        turns = Turns(members, release, self.pace, self.now)
        if failed := turns.failed():
            who = told_of(failed, self.key.namespace)
            return _Hold(
                "RolloutHalted", f"An update waits, since it failed elsewhere: {who} did not become ready with it, or no longer is."
            )
        if turns.is_next(self.key):
            return None
        return _Hold("WaitingForTurn", "An update waits for its turn: a share of the assistants is updated at a time.")

    def _marked(self, planned: Sequence[Manifest], release: str, *, is_updated: bool = False) -> list[Manifest]:
        """Return the plan with its workloads marked. The mark of an update stays until the next one, or an edit."""
        inputs = self._inputs()
        return [self._mark(manifest, release, inputs, is_updated) if manifest.kind in WORKLOADS else manifest for manifest in planned]

    def _mark(self, manifest: Manifest, release: str, inputs: Mapping[str, str], is_updated: bool) -> Manifest:
        live, of_pods = self._live(manifest) or {}, inputs[_component(manifest)]
        is_same = annotation(live, ANNOTATION_RELEASE) == release and annotation(live, ANNOTATION_INPUTS) == of_pods
        marks = {ANNOTATION_INPUTS: of_pods, ANNOTATION_TEMPLATE: _template(manifest), ANNOTATION_RELEASE: release}
        if is_updated:
            marks[ANNOTATION_UPDATED] = timestamp(self.now)
        elif is_same and (mark := annotation(live, ANNOTATION_UPDATED)):
            marks[ANNOTATION_UPDATED] = PROVEN if self._is_well() else mark
        return replace(manifest, metadata={**manifest.metadata, "annotations": {**manifest.metadata.get("annotations", {}), **marks}})

    def _is_well(self) -> bool:
        me = self.fleet.member(self.key)
        return me is not None and me.is_well

    def _is_watched(self) -> bool:
        """Tell whether the roll-out waits for it to be well after its update: it is now, or was before the last one."""
        me = self.fleet.member(self.key)
        return me is not None and (me.is_well or me.updated_at is not None)

    def _inputs(self) -> dict[str, str]:
        """Return by component a hash of what its pods follow besides the release; as stored, since a release may know other defaults.

        Its form stays as it is, to the names of the fields: by another one all assistants would look as if somebody had edited them, and an
        upgrade of the operator would replace the pods of all at once.
        """
        spec = {name: value for name, value in (self.assistant.get("spec") or {}).items() if name not in NOT_OF_PODS}
        context = self.context
        found = [asdict(part) if part is not None else None for part in (context.serving, context.embedding, context.store)]
        plain = short_hash(spec)
        return _Default(plain, {COMPONENT_ASSISTANT: short_hash([spec, *found, context.proxy_address])})

    def _update(self, workloads: Iterable[Manifest], release: str) -> UpdateStatus:
        changes: dict[tuple[str, str], None] = {}
        generation = 0
        for manifest in workloads:
            live = self._live(manifest) or {}
            generation += generation_of(live)
            old, new = _images((live.get("spec") or {}).get("template")), _images(manifest.body["spec"]["template"])
            changes |= {(old[name], new[name]): None for name in old if name in new and old[name] != new[name]}
        images = [ImageChange(now=now, next=to) for now, to in changes][:MOST_IMAGES]
        return UpdateStatus(release=release, generation=generation, images=tuple(images))

    def _without_what_waits(self, planned: Sequence[Manifest]) -> list[Manifest]:
        held = {ref_of(manifest) for manifest in self._what_waits(planned)}
        return [manifest for manifest in planned if ref_of(manifest) not in held]

    def _what_waits(self, planned: Iterable[Manifest]) -> list[Manifest]:
        """Return the workloads, and what only they read: it has the form that their programs know."""
        read = reads(self.context.names)
        return [manifest for manifest in planned if manifest.kind in WORKLOADS or ref_of(manifest) in read]

    def _live(self, manifest: Manifest) -> Object | None:
        ref = ref_of(manifest)
        if ref not in self._lives:
            self._lives[ref] = self.applier.own(ref)
        return self._lives[ref]


class _Default(dict[str, str]):
    """A dictionary whose missing values are one and the same."""

    def __init__(self, missing: str, found: Mapping[str, str]) -> None:
        super().__init__(found)
        self._missing = missing

    def __missing__(self, _key: str) -> str:
        return self._missing


UP_TO_DATE = Verdict.true("UpToDate", "The pods are asked for as this release of the operator, with its default images, makes them.")
NOT_CREATED = Verdict.unknown("NotCreated", "No pods are asked for yet.")


def judge_gate(gate: Gate | None, ready: Verdict, *, has_pods: bool) -> Verdict:
    """Return the verdict behind UpToDate; without a gate, the pass ended before anything was decided."""
    if gate is None:
        return Verdict.unknown(ready.reason, ready.message)
    return gate.verdict if has_pods else NOT_CREATED


def pass_the_turn(world: World, key: Key, gate: Gate | None, now: datetime) -> None:
    """Note who waits for others, and wake those who wait for somebody's update to end: it may have been this one's."""
    if gate is not None and gate.update is not None:
        if gate.verdict.reason != WAITING_FOR_WINDOW:
            world.asleep.add(key)
        return
    world.asleep.discard(key)
    if world.asleep:
        turns = Turns(world.fleet.members(), world.installation.release, world.pace, now)
        for sleeper in turns.next_of(world.asleep):
            world.wake(sleeper)


def reads(names: Names) -> frozenset[Ref]:
    """Return what pods alone read, and what counts them."""
    config = (Ref.named(CONFIG_MAP, names.namespace, name) for name in (names.policy_config, names.egress_proxy))
    return frozenset((*config, Ref.named(DISRUPTION_BUDGET, names.namespace, names.disruption_budget)))


def _template(manifest: Manifest) -> str:
    return short_hash(manifest.body["spec"]["template"])


def _component(manifest: Manifest) -> str:
    return str(manifest.metadata["labels"][LABEL_COMPONENT])


def _images(template: Mapping[str, Any] | None) -> dict[str, str]:
    pod = (template or {}).get("spec") or {}
    containers = (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
    return {str(part.get("name")): str(part.get("image")) for part in containers}


def _told(update: UpdateStatus) -> str:
    images = (
        "; ".join(f"{change.now} becomes {change.next}" for change in update.images) or "no image changes, but the form of the pods does"
    )
    return f"What is to come: {images}. The annotation {ANNOTATION_UPDATE}: {UPDATE_NOW} lets it begin at once."


def told_of(keys: Sequence[Key], namespace: str) -> str:
    """Return who failed; those of other namespaces are counted alone, since their names are not for everybody."""
    own = [str(key) for key in keys if key.namespace == namespace]
    named, rest = own[:3], len(own) - 3
    if rest > 0:
        named.append(f"{rest} more")
    if others := len(keys) - len(own):
        named.append("an assistant of another namespace" if others == 1 else f"{others} assistants of other namespaces")
    return ", ".join(named)
