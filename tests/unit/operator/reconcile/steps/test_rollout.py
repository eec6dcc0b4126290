"""New defaults and releases of the operator reach assistants a few at a time, within their windows, and no further than they do well."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from assistant_operator import errors
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CONFIG_MAP, NETWORK_POLICY, POD, PRIVATE_ASSISTANT, STATEFUL_SET
from assistant_operator.kube.objects import Object, annotation, name_of
from assistant_operator.naming import (
    ANNOTATION_INPUTS,
    ANNOTATION_RELEASE,
    ANNOTATION_TEMPLATE,
    ANNOTATION_UPDATE,
    ANNOTATION_UPDATED,
    Names,
)
from assistant_operator.reconcile import effort
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.releases.turns import Pace
from assistant_operator.reconcile.steps import rollout
from assistant_operator.resources import context
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.plan import plan
from tests.support.fake_world import MODEL, FakeWorld
from tests.support.pods import terminated, waiting
from tests.unit.operator.reconcile.keepers import KEEP

OLD, NEW, NEWER = (f"ollama/ollama:0.2{number}.0" for number in (4, 5, 6))
PLAIN: dict[str, Any] = {"model": {"name": MODEL}}
NIGHTLY = PLAIN | {"maintenance": {"window": {"start": "02:00", "duration": "1h"}}}
"""FakeWorld's clock begins at midnight."""


class Fleet(FakeWorld):
    """Some assistants in one world."""

    def __init__(self) -> None:
        super().__init__()
        self.woken: list[str] = []
        self.world.wake = lambda key: self.woken.append(key.name)
        self.world.pace = Pace(percent=None, count=1)

    def choose(self, name: str) -> None:
        self.key = Key("ns", name)

    async def ready(self, *names: str, spec: dict[str, Any] | None = None) -> None:
        for name in names:
            self.choose(name)
            await self.make_ready(spec)

    def upgrade(self, image: str = NEW, **settings: Any) -> None:
        """Let another operator take this one's place: it has other defaults, and remembers nothing."""
        installation = replace(self.world.installation, ollama_image=image, **settings)
        self.world = replace(self.world, installation=installation, asleep=set())

    async def passes(self, *names: str) -> dict[str, str]:
        """Pass over the assistants in this order until nothing more is written, and return which image each has."""
        for name in names:
            self.choose(name)
            await self.settle()
        return {name: self.image(name) for name in names}

    async def well(self, name: str) -> None:
        """Let the pods of an assistant become ready."""
        self.choose(name)
        self.pods_become_ready()
        await self.settle()

    def stateful_set(self, name: str) -> Object:
        found = self.client.find(STATEFUL_SET, "ns", name)
        assert found is not None
        return found

    def image(self, name: str) -> str:
        containers = self.stateful_set(name)["spec"]["template"]["spec"]["initContainers"]
        return next(str(one["image"]) for one in containers if one["name"] == "ollama")

    def told(self, name: str) -> tuple[str, str]:
        self.choose(name)
        return self.verdict("UpToDate")


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


UPDATED = ("True", "UpToDate")
WAITS = ("False", "WaitingForTurn")
HALTED = ("False", "RolloutHalted")


async def test_one_at_a_time_in_their_order(fleet: Fleet) -> None:
    """Whoever is passed over first; the next begins when the one before is ready, and is woken for it."""
    await fleet.ready("a", "b", "c")
    fleet.upgrade()

    assert await fleet.passes("c", "b", "a", "c", "b") == {"c": OLD, "b": OLD, "a": NEW}
    assert [fleet.told(name) for name in "abc"] == [UPDATED, WAITS, WAITS]
    fleet.woken.clear()
    await fleet.well("a")
    assert fleet.woken[-1] == "b"
    assert await fleet.passes("c", "b") == {"c": OLD, "b": NEW}
    await fleet.well("b")
    assert await fleet.passes("c") == {"c": NEW}
    assert fleet.told("c") == UPDATED


async def test_who_waits_serves_and_says_what_is_to_come(fleet: Fleet) -> None:
    """Ready stays True, a second pass writes nothing, and status has the images of now and those to come."""
    await fleet.ready("a", "b")
    fleet.upgrade()
    await fleet.passes("a", "b")
    writes = len(fleet.client.writes)
    outcome = await fleet.reconcile()

    assert fleet.verdict() == ("True", "Serving")
    assert fleet.status()["update"]["images"] == [{"now": OLD, "next": NEW}]
    assert f"{OLD} becomes {NEW}" in fleet.message("UpToDate")
    assert (len(fleet.client.writes), outcome.label, outcome.after) == (writes, "ready", rollout.AGAIN_AFTER)
    await fleet.well("a")
    await fleet.passes("b")
    assert "update" not in fleet.status()


async def test_a_share_of_all(fleet: Fleet) -> None:
    """Half of four are two."""
    fleet.world.pace = Pace(percent=50)
    await fleet.ready("a", "b", "c", "d")
    fleet.upgrade()

    assert await fleet.passes("d", "c", "b", "a") == {"a": NEW, "b": NEW, "c": OLD, "d": OLD}
    await fleet.well("b")
    assert await fleet.passes("d", "c") == {"c": NEW, "d": OLD}


@pytest.mark.parametrize(("pace", "members", "wanted"), [(Pace(), 3, 1), (Pace(), 39, 3), (Pace(percent=100), 7, 7), (Pace(None, 5), 2, 5)])
def test_at_least_one_at_a_time(pace: Pace, members: int, wanted: int) -> None:
    assert pace.at_once(members) == wanted


async def test_a_restart_of_the_operator_changes_nothing(fleet: Fleet) -> None:
    """Who is being updated is read from what is there."""
    await fleet.ready("a", "b")
    fleet.upgrade()
    await fleet.passes("a", "b")
    fleet.upgrade()

    assert await fleet.passes("b", "a", "b") == {"a": NEW, "b": OLD}
    await fleet.well("a")
    assert await fleet.passes("b") == {"b": NEW}


async def test_a_failure_halts_it_until_it_is_mended(fleet: Fleet) -> None:
    """Before the deadline it is merely on its way; afterwards nobody else is updated, and those that wait say because of whom."""
    await fleet.ready("a", "b", "c")
    fleet.upgrade()
    await fleet.passes("a", "b")
    fleet.pass_time(29 * 60)
    await fleet.passes("b")
    assert fleet.told("b") == WAITS
    fleet.pass_time(2 * 60)

    assert await fleet.passes("b", "c", "a", "b") == {"a": NEW, "b": OLD, "c": OLD}
    assert [fleet.told("b"), fleet.told("c")] == [HALTED, HALTED]
    assert "ns/a" in fleet.message("UpToDate")
    await fleet.well("a")
    assert await fleet.passes("c", "b") == {"c": OLD, "b": NEW}


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        ("ns/a", "ns/a"),
        ("ns/a ns/b ns/c ns/d ns/e", "ns/a, ns/b, ns/c, 2 more"),
        ("legal/merger", "an assistant of another namespace"),
        ("hr/x ns/a legal/merger", "ns/a, 2 assistants of other namespaces"),
    ],
)
def test_who_waits_is_told_no_names_of_other_namespaces(failed: str, told: str) -> None:
    """Who reads an assistant's status may read nothing of other tenants, to whom a name may say much."""
    keys = [Key(*one.split("/")) for one in failed.split()]

    assert rollout.told_of(keys, "ns") == told


async def test_who_failed_and_is_suspended_counts_no_longer(fleet: Fleet) -> None:
    """So that whoever runs the operator can go on without the owner."""
    await fleet.ready("a", "b")
    fleet.upgrade()
    await fleet.passes("a")
    fleet.pass_time(3600)
    await fleet.passes("b")
    assert fleet.told("b") == HALTED
    fleet.choose("a")
    fleet.apply(PLAIN | {"suspend": True})
    await fleet.settle()

    assert await fleet.passes("b") == {"b": NEW}


async def test_a_failure_later_halts_it_too(fleet: Fleet) -> None:
    """It was ready with the update, and is no longer."""
    await fleet.ready("a", "b", "c")
    fleet.upgrade()
    await fleet.passes("a")
    await fleet.well("a")
    counts = {
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 0,
        "observedGeneration": fleet.stateful_set("a")["metadata"]["generation"],
    }
    fleet.client.set_status(STATEFUL_SET, "ns", "a", counts)
    await fleet.passes("a")

    assert await fleet.passes("b") == {"b": OLD}
    assert fleet.told("b") == WAITS
    fleet.pass_time(31 * 60)
    assert await fleet.passes("b") == {"b": OLD}
    assert fleet.told("b") == HALTED


async def test_nobody_is_woken_in_vain(fleet: Fleet) -> None:
    """Every pass over anybody would wake them: neither who waits for a window, nor anybody while it is halted."""
    fleet.world.pace = Pace(percent=None, count=2)
    await fleet.ready("a", "b", "c")
    await fleet.ready("d", spec=NIGHTLY)
    fleet.upgrade()
    await fleet.passes("a", "b", "c", "d")
    await fleet.well("b")
    assert set(fleet.woken) == {"c"}
    await fleet.passes("c")
    await fleet.well("a")
    await fleet.well("c")
    fleet.woken.clear()
    await fleet.passes("a", "b", "c")
    assert fleet.woken == []

    fleet.upgrade(NEWER)
    await fleet.passes("a", "b", "c")
    fleet.pass_time(3600)
    await fleet.passes("c")
    assert fleet.told("c") == HALTED
    fleet.woken.clear()
    await fleet.well("b")
    assert fleet.woken == []


async def test_as_many_failures_as_may_be(fleet: Fleet) -> None:
    """With two allowed at a time, the second failure halts it."""
    fleet.world.pace = Pace(percent=None, count=3, most_failures=2)
    await fleet.ready("a", "b", "c", "d")
    fleet.upgrade()
    await fleet.passes("a", "b", "c")
    await fleet.well("b")
    await fleet.well("c")
    fleet.pass_time(3600)

    assert await fleet.passes("d") == {"d": NEW}


async def test_a_newer_default_begins_where_the_last_one_failed(fleet: Fleet) -> None:
    """It may be what mends it, and nothing is lost there; the others wait for it as ever, and not for the time that was lost before."""
    await fleet.ready("a", "b")
    fleet.upgrade()
    await fleet.passes("a", "b")
    fleet.pass_time(3600)
    await fleet.passes("b")
    assert fleet.told("b") == HALTED
    fleet.upgrade(NEWER)

    assert await fleet.passes("b", "a", "b") == {"b": OLD, "a": NEWER}
    assert fleet.told("b") == WAITS
    fleet.pass_time(3600)
    await fleet.passes("b")
    assert fleet.told("b") == HALTED
    await fleet.well("a")
    assert await fleet.passes("b") == {"b": NEWER}


def unready(fleet: Fleet, name: str, count: int = 0) -> None:
    """Let an assistant have so many ready pods."""
    status = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": count, "observedGeneration": 1}
    fleet.client.set_status(STATEFUL_SET, "ns", name, status)


async def test_who_is_not_well_holds_nobody_up(fleet: Fleet) -> None:
    """What was broken before comes last, and is no failure of the update."""
    await fleet.ready("a", "b", "c")
    unready(fleet, "a")
    await fleet.passes("a")
    fleet.pass_time(700)
    fleet.upgrade()

    assert await fleet.passes("a", "b", "c") == {"a": OLD, "b": NEW, "c": OLD}
    await fleet.well("b")
    await fleet.passes("c")
    assert await fleet.passes("a") == {"a": OLD}
    await fleet.well("c")
    assert await fleet.passes("a") == {"a": NEW}
    assert annotation(fleet.stateful_set("a"), ANNOTATION_UPDATED) == ""


async def test_who_is_not_well_for_a_moment_waits(fleet: Fleet) -> None:
    """A node restarts, or the operator does and has no evidence yet: all are unready, and a release that is no good would reach all."""
    await fleet.ready("a", "b", "c")
    fleet.upgrade()
    for name in "abc":
        unready(fleet, name)

    assert await fleet.passes("c", "b", "a", "c", "b") == {"c": OLD, "b": OLD, "a": OLD}
    assert [fleet.told(name) for name in "abc"] == [WAITS] * 3
    for name in "cba":
        unready(fleet, name, 1)
    assert await fleet.passes("a", "b", "c") == {"a": NEW, "b": OLD, "c": OLD}


def crash(fleet: Fleet, *, is_running: bool) -> None:
    """Let the gateway have ended with an error, and wait for its next start, or run again and not be ready yet."""
    last = terminated("gateway", 1)
    status = waiting("gateway", "CrashLoopBackOff", last)
    if is_running:
        status["state"] = {"running": {}}
    (pod,) = fleet.gateway_pods()
    fleet.client.set_status(POD, "ns", pod["metadata"]["name"], {"phase": "Running", "podIP": "10.1.0.1", "containerStatuses": [status]})


async def test_a_container_that_crashes_again_and_again_is_one_failure(fleet: Fleet) -> None:
    """With each restart Ready moves from False to Unknown and back: the time without it is not counted anew."""
    await fleet.ready("a", "b")
    fleet.upgrade()
    await fleet.passes("a", "b")
    ready = []
    for number in range(8):
        fleet.pass_time(300)
        fleet.choose("a")
        crash(fleet, is_running=bool(number % 2))
        await fleet.settle()
        ready.append(fleet.verdict()[0])
    await fleet.passes("b")

    assert set(ready) == {"False", "Unknown"}
    assert fleet.told("b") == HALTED


async def test_the_mark_of_an_update_says_since_when_until_all_is_well(fleet: Fleet) -> None:
    """A second pass writes nothing; what is not Ready later is watched all the same."""
    await fleet.ready("a", "b")
    fleet.upgrade()
    await fleet.passes("a")
    assert annotation(fleet.stateful_set("a"), ANNOTATION_UPDATED) == timestamp(fleet.world.clock())
    await fleet.well("a")
    assert annotation(fleet.stateful_set("a"), ANNOTATION_UPDATED) == "well"
    unready(fleet, "a")
    await fleet.passes("a")
    fleet.pass_time(3600)
    await fleet.passes("b")

    assert annotation(fleet.stateful_set("a"), ANNOTATION_UPDATED) == "well"
    assert fleet.told("b") == HALTED


async def test_who_is_suspended_or_new_takes_no_turn(fleet: Fleet) -> None:
    """A new one has the new images from the start, and is nobody's failure while its model is pulled."""
    await fleet.ready("a", "b")
    fleet.choose("a")
    fleet.apply(PLAIN | {"suspend": True})
    await fleet.settle()
    fleet.upgrade()
    await fleet.ready("c")
    fleet.choose("d")
    fleet.apply()
    await fleet.settle()
    fleet.pull_succeeds()
    await fleet.settle()
    assert fleet.verdict()[0] != "True"
    fleet.pass_time(3600)

    assert await fleet.passes("a", "b", "c") == {"a": OLD, "b": NEW, "c": NEW}


async def test_a_window_that_is_closed(fleet: Fleet) -> None:
    """The condition says until when, the next pass is due then, and the others do not wait for who waits for it."""
    await fleet.ready("a", spec=NIGHTLY)
    await fleet.ready("b")
    fleet.upgrade()

    assert await fleet.passes("a", "b") == {"a": OLD, "b": NEW}
    await fleet.well("b")
    fleet.choose("a")
    assert (await fleet.reconcile()).after == 600  # at the latest; the window is two hours away
    assert fleet.told("a") == ("False", "WaitingForWindow")
    assert "2026-01-01T02:00:00Z" in fleet.message("UpToDate")
    fleet.pass_time(2 * 3600 - 5)
    assert (await fleet.reconcile()).after == 5
    fleet.pass_time(5)
    assert await fleet.passes("a") == {"a": NEW}


async def test_an_edit_does_not_wait_and_takes_the_update_with_it(fleet: Fleet) -> None:
    """Template, policy and gateway are of one release; where the pods are made anew anyway, it is the new one."""
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade()
    await fleet.passes("a")
    fleet.apply(NIGHTLY | {"model": {"name": MODEL, "keepAlive": "5m"}})

    assert await fleet.passes("a") == {"a": NEW}
    assert "keepAlive" not in fleet.message("UpToDate")


async def test_an_edit_of_the_window_is_none(fleet: Fleet) -> None:
    """Whoever closes it does not want the update at once."""
    await fleet.ready("a")
    fleet.apply(NIGHTLY)
    fleet.upgrade()
    await fleet.passes("a")
    fleet.apply(PLAIN | {"maintenance": {"window": {"start": "03:00"}}})

    assert await fleet.passes("a") == {"a": OLD}
    assert "03:00:00Z" in fleet.message("UpToDate")
    fleet.apply(PLAIN)
    assert await fleet.passes("a") == {"a": NEW}


async def test_new_keys_are_no_edit_of_the_pods(fleet: Fleet) -> None:
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade()
    await fleet.passes("a")
    fleet.apply(NIGHTLY | {"rotation": {"apiKeys": "2026-01-01T00:00:00Z", "certificates": "2026-01-01T00:00:00Z"}})

    assert await fleet.passes("a") == {"a": OLD}


async def test_an_annotation_lets_it_begin_at_once(fleet: Fleet) -> None:
    """The owner's word counts for one assistant, whatever it waits for."""
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade()
    await fleet.passes("a")
    fleet.apply(NIGHTLY, annotations={ANNOTATION_UPDATE: "Now"})

    assert await fleet.passes("a") == {"a": NEW}


def in_another_form(manifest: Manifest) -> Manifest:
    """Let a release write the gateways' policy in another form than the one before."""
    return replace(manifest, body={"data": {"policy.json": "{}"}}) if manifest.name == Names("ns", "a").policy_config else manifest


async def test_what_closes_does_not_wait(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """NetworkPolicies are written and repaired meanwhile; what the pods read stays as it is, in the form that they know."""
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade(operator_labels={"app": "other"}, gateway_image="gateway:2")
    config = fleet.client.find(CONFIG_MAP, "ns", fleet.names.policy_config)
    fleet.client.edit(NETWORK_POLICY, "ns", "a", lambda obj: obj["spec"].update(egress=[{}]))
    monkeypatch.setattr(effort, "plan", lambda spec, context: tuple(map(in_another_form, plan(spec, context))))
    await fleet.passes("a")
    policy = fleet.client.find(NETWORK_POLICY, "ns", "a") or {}

    assert fleet.told("a") == ("False", "WaitingForWindow")
    assert policy["spec"].get("egress") == []
    assert "other" in str(policy["spec"]["ingress"])
    assert fleet.client.find(CONFIG_MAP, "ns", fleet.names.policy_config) == config


def added(obj: Object) -> None:
    obj["spec"]["template"]["spec"]["hostPID"] = True


def removed(obj: Object) -> None:
    del obj["spec"]["template"]["spec"]["automountServiceAccountToken"]  # nobody owns what is not there


@pytest.mark.parametrize("change", [added, removed])
async def test_a_repair_does_not_wait(fleet: Fleet, change: Any) -> None:
    """How pods were to be in the last release nobody knows any more: they are brought to this one."""
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade()
    assert await fleet.passes("a") == {"a": OLD}
    fleet.client.edit(STATEFUL_SET, "ns", "a", change)

    assert await fleet.passes("a") == {"a": NEW}
    pod = fleet.stateful_set("a")["spec"]["template"]["spec"]
    assert (pod["hostPID"], pod["automountServiceAccountToken"]) == (False, False)


async def test_what_was_changed_while_no_operator_ran_is_repaired_too(fleet: Fleet) -> None:
    """The new one sees it with its first look."""
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade()
    fleet.client.edit(STATEFUL_SET, "ns", "a", added)

    assert await fleet.passes("a") == {"a": NEW}


@pytest.mark.parametrize("kind", [STATEFUL_SET, CONFIG_MAP])
async def test_what_is_gone_is_made_anew_at_once(fleet: Fleet, kind: Any) -> None:
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade()
    await fleet.passes("a")
    fleet.client.remove(kind, "ns", "a" if kind is STATEFUL_SET else fleet.names.policy_config)

    assert await fleet.passes("a") == {"a": NEW}


async def test_the_store_waits_with_the_others(fleet: Fleet) -> None:
    """One update for all pods of an assistant."""
    await fleet.ready("a", spec=KEEP | {"maintenance": NIGHTLY["maintenance"]})
    fleet.upgrade(OLD, store_image="pgvector/pgvector:0.9.0-pg18")
    await fleet.settle()

    assert fleet.told("a") == ("False", "WaitingForWindow")
    assert [change["next"] for change in fleet.status()["update"]["images"]] == ["pgvector/pgvector:0.9.0-pg18"]
    fleet.pass_time(2 * 3600)
    await fleet.settle()
    store = fleet.client.find(STATEFUL_SET, "ns", fleet.names.store) or {}
    assert store["spec"]["template"]["spec"]["containers"][0]["image"] == "pgvector/pgvector:0.9.0-pg18"


async def test_a_new_form_of_the_pods_waits_too(fleet: Fleet) -> None:
    """Images are not all that a release changes."""
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade(OLD, image_pull_policy="Always")
    await fleet.passes("a")

    assert fleet.told("a") == ("False", "WaitingForWindow")
    assert "no image changes" in fleet.message("UpToDate")


async def test_a_release_that_changes_no_pods_asks_nobody(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves its mark, which replaces nothing."""
    await fleet.ready("a", "b", spec=NIGHTLY)
    before = fleet.stateful_set("b")
    monkeypatch.setattr(context, "VERSION", "9")
    fleet.upgrade(OLD)
    await fleet.passes("a", "b")
    after = fleet.stateful_set("b")

    assert fleet.told("b") == UPDATED
    assert annotation(after, ANNOTATION_RELEASE) != annotation(before, ANNOTATION_RELEASE)
    assert after["spec"] == before["spec"]


def with_another_pod(manifest: Manifest) -> Manifest:
    """Let a release make pods of another form, with the same images."""
    if manifest.kind != STATEFUL_SET.kind:
        return manifest
    body = deepcopy(dict(manifest.body))
    body["spec"]["template"]["spec"]["hostname"] = "other"
    return replace(manifest, body=body)


async def test_a_release_of_the_operator_alone_goes_in_stages_too(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the images that were, by digest for instance: its version is what tells it from the one before."""
    await fleet.ready("a", "b")
    monkeypatch.setattr(context, "VERSION", "9")
    fleet.upgrade(OLD)
    monkeypatch.setattr(effort, "plan", lambda spec, context: tuple(map(with_another_pod, plan(spec, context))))
    await fleet.passes("b", "a", "b")

    assert [fleet.told(name) for name in "ab"] == [UPDATED, WAITS]
    assert "no image changes" in fleet.message("UpToDate")


async def test_what_bears_no_marks_is_brought_up_to_date(fleet: Fleet) -> None:
    """An operator before this one made it: whether its owner has edited anything since cannot be told."""
    await fleet.ready("a", spec=NIGHTLY)

    def unmark(obj: Object) -> None:
        for name in (ANNOTATION_INPUTS, ANNOTATION_TEMPLATE, ANNOTATION_RELEASE):
            del obj["metadata"]["annotations"][name]

    fleet.client.edit(STATEFUL_SET, "ns", "a", unmark)
    fleet.upgrade()

    assert await fleet.passes("a") == {"a": NEW}


async def test_a_look_over_all_reads_only_what_is_new(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits asks often, and assistants are many."""
    await fleet.ready("a", "b")
    first = fleet.world.fleet.members()
    monkeypatch.setattr("assistant_operator.reconcile.cluster.cache.Seen.obj", property(lambda _seen: pytest.fail("read again")))

    assert fleet.world.fleet.members() == first
    monkeypatch.undo()
    fleet.client.remove(PRIVATE_ASSISTANT, "ns", "a")
    assert [one.key.name for one in fleet.world.fleet.members()] == ["b"]


async def test_an_update_begins_with_the_write_and_not_with_the_report(fleet: Fleet) -> None:
    """Passes run beside each other: between the two, status still says that all is well, and nobody else may begin."""
    await fleet.ready("a", "b")
    fleet.upgrade()
    fleet.fail(lambda verb, kind: errors.ConflictError(verb, kind, 409, "Conflict") if kind == "PrivateAssistant" else None)
    fleet.choose("a")
    with pytest.raises(errors.ConflictError):
        await fleet.reconcile()
    fleet.client.faults = []

    assert fleet.verdict() == ("True", "Serving")
    assert fleet.image("a") == NEW
    assert await fleet.passes("b") == {"b": OLD}


async def test_an_update_of_the_store_begins_with_its_write(fleet: Fleet) -> None:
    """The gateways, which are written after it, do not change."""
    await fleet.ready("a", "b", spec=KEEP)
    fleet.upgrade(OLD, store_image="pgvector/pgvector:0.9.0-pg18")
    fleet.client.faults = [
        lambda _verb, kind, name: errors.ConflictError("patch", kind, 409, "Conflict") if (kind, name) == ("StatefulSet", "a") else None
    ]
    fleet.choose("a")
    with pytest.raises(errors.ConflictError):
        await fleet.reconcile()
    fleet.client.faults = []
    fleet.choose("b")
    await fleet.settle()

    assert fleet.told("b") == WAITS


async def test_any_setting_that_shows_in_pods_goes_in_stages(fleet: Fleet) -> None:
    """Not images alone."""
    await fleet.ready("a", "b")
    fleet.upgrade(OLD, image_pull_secrets=("mirror",))
    await fleet.passes("b", "a")

    assert [fleet.told(name) for name in "ab"] == [UPDATED, WAITS]


async def test_what_leaves_the_plan_stays_while_pods_may_need_it(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release may do without an object that the pods of the one before mount."""
    await fleet.ready("a", spec=NIGHTLY)
    fleet.upgrade()
    monkeypatch.setattr(
        effort, "plan", lambda spec, context: tuple(one for one in plan(spec, context) if one.name != context.names.ca_config)
    )
    await fleet.passes("a")

    assert fleet.client.find(CONFIG_MAP, "ns", fleet.names.ca_config) is not None
    fleet.pass_time(2 * 3600)
    await fleet.passes("a")
    assert fleet.client.find(CONFIG_MAP, "ns", fleet.names.ca_config) is None


async def test_somebody_elses_workload_is_nobodys_pods(fleet: Fleet) -> None:
    await fleet.ready("a")
    fleet.client.edit(STATEFUL_SET, "ns", "a", lambda obj: obj["metadata"].update(ownerReferences=[]))

    assert fleet.world.fleet.members() == []
    assert fleet.cache.find(Ref.named(STATEFUL_SET, "ns", "a")) is not None


EVERYTHING: dict[str, Any] = {
    "model": {"name": MODEL, "embedding": "registry.test:5000/library/embed:1"},
    "rag": {},
    "egress": {"mode": "Allowlist", "allow": [{"host": "api.corp.example"}]},
}


@pytest.mark.parametrize(
    ("spec", "inputs"),
    [
        (PLAIN, {"one": "044c18344f971f95"}),
        (EVERYTHING, {"one": "76698c5b0d881db3", "one-store": "d1061c57d5ddf8ef", "one-egress": "d1061c57d5ddf8ef"}),
    ],
    ids=["plain", "everything"],
)
async def test_the_form_of_the_inputs_stays(spec: dict[str, Any], inputs: dict[str, str]) -> None:
    """They are written down in clusters: by another form all pods would be replaced with the upgrade that brings it, past every turn."""
    fake = FakeWorld()
    await fake.make_ready(spec)
    workloads = (obj for obj in fake.client.objects.values() if obj["kind"] in rollout.WORKLOADS)

    assert {name_of(obj): annotation(obj, ANNOTATION_INPUTS) for obj in workloads} == inputs


def test_the_pace_by_default() -> None:
    """What the settings say where nobody sets them."""
    assert Pace() == Pace(percent=10, count=1, deadline=timedelta(minutes=30), most_failures=1)
