"""The loop against the API server in memory: what it does when calls fail, time passes, and things are not as they should be."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, EVENT, NETWORK_POLICY, PRIVATE_ASSISTANT, SECRET, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object, condition, name_of, uid_of
from assistant_operator.reconcile.asking.progress import Progress
from assistant_operator.reconcile.judging import pull
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.loop import reconcile
from tests.support.fake_client import text_of
from tests.support.fake_world import DIGEST, MODEL, FakeWorld
from tests.support.pods import terminated


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


async def test_what_is_not_there_is_nothing_to_do(fake: FakeWorld) -> None:
    outcome = await reconcile(Key("ns", "none"), fake.world)

    assert (outcome.label, outcome.after) == ("gone", None)
    assert fake.client.calls == {}


async def test_what_is_being_deleted_is_left_to_the_garbage_collector(fake: FakeWorld) -> None:
    fake.apply(deletionTimestamp="2026-01-01T00:00:00Z")

    outcome = await fake.reconcile()
    assert (outcome.label, outcome.after) == ("gone", 60)
    assert fake.client.writes == []


async def test_what_is_being_deleted_and_stays_is_not_called_ready(fake: FakeWorld) -> None:
    """A finalizer of others keeps it, and nobody looks after it: after a minute one status says so, and nothing else is written."""
    await fake.make_ready()
    writes = len(fake.client.writes)
    fake.apply(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["example.com/stay"])
    fake.client.edit(NETWORK_POLICY, "ns", "one", lambda obj: obj["spec"].update(egress=[{}]))
    fake.pass_time(59)
    assert (await fake.settle()).after == 1
    assert fake.verdict() == ("True", "Serving")
    fake.pass_time(1)
    outcome = await fake.settle()

    assert (outcome.label, outcome.after) == ("gone", None)
    assert [line for line in fake.client.writes[writes:] if "Event" not in line] == ["patch PrivateAssistant/status one"]
    assert fake.verdict() == ("Unknown", "BeingDeleted")
    assert fake.verdict("Reconciling") == ("None", "None")


@pytest.mark.parametrize("end", [min, max])
async def test_an_assistant_is_looked_at_at_least_as_often_as_is_set(fake: FakeWorld, end: Callable[[float, float], float]) -> None:
    """All of them spread over a while before it is due: `resyncSeconds` is the most that passes."""
    fake.world = replace(fake.world, spread=end)
    await fake.make_ready()
    outcome = await fake.reconcile()

    assert outcome.after is not None
    assert 0.75 * fake.world.resync <= outcome.after <= fake.world.resync


async def test_from_nothing_to_ready(fake: FakeWorld) -> None:
    """Every status on the way passes the linter (FakeWorld.status), and the last pass writes nothing."""
    await fake.make_ready()
    writes = len(fake.client.writes)
    outcome = await fake.reconcile()

    assert len(fake.client.writes) == writes
    assert outcome.label == "ready"
    assert outcome.after == 600
    assert fake.status()["observedGeneration"] == 1


async def test_one_pass_is_enough_for_all_children(fake: FakeWorld) -> None:
    """And each is written once."""
    fake.apply()
    await fake.reconcile()

    children = [line for line in fake.client.writes if "Event" not in line]
    assert len(children) == len(set(children))
    assert fake.verdict() == ("Unknown", "Pulling")
    await fake.reconcile()
    assert [line for line in fake.client.writes if "Event" not in line] == children


UNAVAILABLE = errors.UnavailableError("patch", "Service", 503, "ServiceUnavailable")


@pytest.mark.parametrize("kind", ["NetworkPolicy", "Secret", "Service", "Job", "PrivateAssistant"])
@pytest.mark.parametrize(
    "error",
    [UNAVAILABLE, errors.ConflictError("patch", "x", 409, "Conflict"), errors.ThrottledError("patch", "x", 429, "TooMany", retry_after=3)],
    ids=lambda error: error.reason,
)
async def test_a_failure_in_between_is_made_good_by_the_next_pass(fake: FakeWorld, kind: str, error: errors.ApiError) -> None:
    """Whichever write it was: the pass ends with the error, the next one goes on from what is there."""
    fake.apply()
    fake.fail(lambda verb, failing: error if failing == kind and verb != "get" else None)
    with pytest.raises(type(error)):
        await fake.reconcile()

    fake.client.faults = []
    await fake.settle()
    fake.pull_succeeds()
    await fake.settle()
    fake.pods_become_ready()
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_a_failure_that_stays_is_told(fake: FakeWorld) -> None:
    """Ready must not stay True because no pass can end: an admission webhook is down, and the policy that was removed stays away.

    One failure says nothing, and the first pass that comes to its end takes it all back. The API server's own words stay in the log.
    """
    await fake.make_ready()
    fake.client.remove(NETWORK_POLICY, "ns", "one")
    failure = errors.UnavailableError("create", "NetworkPolicy", 500, "InternalError", "a secret in it")
    fake.fail(lambda _verb, kind: failure if kind == "NetworkPolicy" else None)
    told = []
    for _ in range(4):
        with pytest.raises(errors.UnavailableError):
            await fake.reconcile()
        told.append(fake.verdict())
    writes = len(fake.client.writes)
    with pytest.raises(errors.UnavailableError):
        await fake.reconcile()

    assert told == [("True", "Serving"), ("True", "Serving"), ("False", "ApiFailed"), ("False", "ApiFailed")]
    assert "a secret in it" not in text_of(fake.client)
    assert len(fake.client.writes) == writes
    fake.client.faults = []
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_failures_are_counted_on_end(fake: FakeWorld) -> None:
    """Those with a pass between them that came to its end are none."""
    await fake.make_ready()
    for _ in range(4):
        fake.client.remove(NETWORK_POLICY, "ns", "one")
        fake.fail(lambda _verb, kind: UNAVAILABLE if kind == "NetworkPolicy" else None)
        with pytest.raises(errors.UnavailableError):
            await fake.reconcile()
        assert fake.verdict() == ("True", "Serving")
        fake.client.faults = []
        await fake.settle()


async def test_nothing_is_written_after_the_lease_is_lost(fake: FakeWorld) -> None:
    """The error goes all the way up, past everything that would report it."""
    fake.apply()
    fake.fail(lambda verb, _kind: errors.LeaseLostError("lost") if verb != "get" else None)

    with pytest.raises(errors.LeaseLostError):
        await fake.reconcile()
    assert fake.client.writes == []


async def test_a_refused_object_stalls_with_the_servers_reason(fake: FakeWorld) -> None:
    """The field, not the whole answer."""
    cause = errors.Cause("spec.template.spec.affinity", "Required value")
    fake.apply()
    fake.fail(lambda verb, kind: errors.InvalidError(verb, kind, 422, "Invalid", "long", (cause,)) if kind == "Service" else None)
    outcome = await fake.reconcile()

    assert outcome.label == "stalled"
    assert fake.verdict("Stalled") == ("True", "ObjectRefused")
    assert "spec.template.spec.affinity: Required value" in fake.message()


async def test_missing_rights_are_told(fake: FakeWorld) -> None:
    """As a wait: an administrator may grant them at any time."""
    fake.apply()
    fake.fail(lambda verb, kind: errors.ForbiddenError("create", kind, 403, "Forbidden") if kind == "Service" else None)
    outcome = await fake.reconcile()

    assert fake.verdict() == ("False", "Forbidden")
    assert outcome.after == 60
    fake.fail(lambda verb, kind: errors.ForbiddenError("get", kind, 403, "Forbidden") if kind == "Secret" and verb == "get" else None)
    outcome = await fake.reconcile()
    assert fake.verdict() == ("False", "ApiRefused")
    assert outcome.is_failure


async def test_an_error_in_the_operator_is_told_and_tried_again(fake: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready must not stay True because a pass cannot end; the log has the rest, status has no text of the exception."""
    await fake.make_ready()

    def broken(*_: object) -> object:
        raise ZeroDivisionError("with a secret in it")

    monkeypatch.setattr("assistant_operator.reconcile.effort.plan", broken)
    outcome = await fake.reconcile()

    assert outcome.is_failure
    assert fake.verdict() == ("False", "InternalError")
    assert "secret in it" not in text_of(fake.client)


async def test_a_status_that_cannot_be_read_is_written_anew(fake: FakeWorld) -> None:
    """But for the model record, without which a model would be pulled again."""
    await fake.make_ready()

    def spoil(obj: Object) -> None:
        obj["status"] = {"model": obj["status"]["model"], "conditions": "nonsense", "more": 1}

    fake.client.edit(PRIVATE_ASSISTANT, "ns", "one", spoil)
    await fake.settle()

    assert fake.verdict() == ("True", "Serving")
    assert fake.status()["model"]["digest"] == DIGEST


async def test_a_status_is_never_written_to_a_newer_generation(fake: FakeWorld) -> None:
    """A spec that changed during the pass is judged by the next one."""
    fake.apply()
    await fake.settle()
    stale = fake.cache.assistant(fake.key)
    assert stale is not None
    fake.client.on_change = lambda _obj, _gone: None  # the watch is slow
    fake.apply({"model": {"name": MODEL, "replicas": 0}})
    fake.pull_succeeds()
    for obj in fake.client.objects.values():
        if obj["kind"] in ("Job", "Pod"):
            fake.cache.put(obj)

    with pytest.raises(errors.ConflictError):
        await fake.reconcile()


async def test_secrets_are_looked_at_in_every_pass(fake: FakeWorld) -> None:
    await fake.make_ready()
    fake.client.remove(SECRET, "ns", "one-key-default")
    await fake.reconcile()

    assert fake.client.find(SECRET, "ns", "one-key-default") is not None


async def test_a_certificate_is_renewed_in_time(fake: FakeWorld) -> None:
    """The pass is due when a third of its life is left, the CA stays, and the CA in its own time."""
    await fake.make_ready()
    before = {name: fake.client.find(SECRET, "ns", name) for name in ("one-ca", "one-tls")}
    fake.pass_time(200 * 86400)
    await fake.settle()
    assert fake.client.find(SECRET, "ns", "one-tls") == before["one-tls"]
    fake.pass_time(60 * 86400)
    await fake.settle()

    assert (fake.client.find(SECRET, "ns", "one-tls") or {})["data"] != (before["one-tls"] or {})["data"]
    assert fake.client.find(SECRET, "ns", "one-ca") == before["one-ca"]
    fake.pass_time(3200 * 86400)
    await fake.settle()
    authority = fake.client.find(SECRET, "ns", "one-ca") or {}
    assert authority["data"]["ca.crt"] != (before["one-ca"] or {})["data"]["ca.crt"]
    assert authority["data"]["ca.key"] == (before["one-ca"] or {})["data"]["ca.key"]
    config = fake.client.find(CONFIG_MAP, "ns", "one-ca") or {}
    assert config["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize(("name", "days"), [("one-tls", 260), ("one-ca", 3460)])
async def test_a_certificate_does_not_replace_a_secret_that_took_its_name(
    fake: FakeWorld, monkeypatch: pytest.MonkeyPatch, name: str, days: int
) -> None:
    """Between the look at the old one and the write somebody puts one of their own in its place: it is left as it is, and named."""
    await fake.make_ready()
    fake.pass_time(days * 86400)
    theirs: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "ns"}, "data": {"theirs": "eA=="}}
    apply = fake.client.apply

    async def too_late(manifest: Object, *, force: bool = True) -> Object:
        if name_of(manifest) == name and uid_of(fake.client.find(SECRET, "ns", name) or {}) == manifest["metadata"].get("uid"):
            fake.client.remove(SECRET, "ns", name)
            fake.client.put(theirs)
        return await apply(manifest, force=force)

    monkeypatch.setattr(fake.client, "apply", too_late)
    with pytest.raises(errors.ConflictError):
        await fake.reconcile()
    await fake.reconcile()

    assert (fake.client.find(SECRET, "ns", name) or {})["data"] == theirs["data"]
    assert fake.verdict() == ("False", "NameCollision")


async def test_a_secret_that_was_emptied_by_hand_is_told(fake: FakeWorld) -> None:
    """The operator does not guess: the Secret is named, and removing it heals."""
    await fake.make_ready()
    fake.client.edit(SECRET, "ns", "one-ca", lambda obj: obj.update(data={}))
    await fake.settle()
    assert fake.verdict() == ("False", "SecretEntryMissing")

    fake.client.remove(SECRET, "ns", "one-ca")
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_a_failed_pull_is_made_anew_in_time(fake: FakeWorld) -> None:
    """After minutes, not at once and not by an event; with addresses that are resolved anew."""
    fake.apply()
    await fake.settle()
    [job] = fake.jobs()
    fake.job_ends(job, "Failed")
    outcome = await fake.settle()
    assert fake.verdict() == ("False", "PullFailed")
    assert outcome.after == pull.RETRY.total_seconds()
    assert uid_of(fake.jobs()[0]) == uid_of(job)

    fake.pass_time(pull.RETRY.total_seconds() + 1)
    fake.hosts.known["registry.test"] = ("198.51.100.1",)
    await fake.settle()
    [again] = fake.jobs()
    assert uid_of(again) != uid_of(job)
    assert again["spec"]["template"]["spec"]["hostAliases"][0]["ip"] == "198.51.100.1"


async def test_the_news_of_a_pod_may_come_after_that_of_its_job(fake: FakeWorld) -> None:
    """The Job is not thrown away for it; when the pod's news does not come, it is."""
    fake.apply()
    await fake.settle()
    [job] = fake.jobs()
    fake.job_ends(job, "Complete")
    outcome = await fake.settle()
    assert outcome.after == pull.LATE.total_seconds()
    assert fake.verdict("ModelReady") == ("Unknown", "Pulling")
    assert uid_of(fake.jobs()[0]) == uid_of(job)
    fake.pod(job, "pull", {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, f'{{"digest": "{DIGEST}"}}')]})
    await fake.settle()
    assert fake.verdict("ModelReady") == ("True", "ModelVerified")


async def test_a_result_that_went_with_its_pod_is_fetched_again(fake: FakeWorld) -> None:
    fake.apply()
    await fake.settle()
    [job] = fake.jobs()
    fake.job_ends(job, "Complete")
    await fake.settle()
    fake.pass_time(pull.LATE.total_seconds() + 1)
    await fake.settle()

    assert uid_of(fake.jobs()[0]) != uid_of(job)


async def test_a_running_pull_tells_how_far_it_is(fake: FakeWorld) -> None:
    """In status and in no condition; the poller brings the passes."""
    fake.apply()
    await fake.settle()
    fake.pod(fake.jobs()[0], "pull", {"phase": "Running", "podIP": "10.0.0.1"})
    fake.progress.told = Progress(1, 10)
    outcome = await fake.settle()
    assert outcome.after == 600
    before = fake.status()["conditions"]
    assert fake.status()["model"]["pull"] == {"completedBytes": 1, "totalBytes": 10}

    fake.progress.told = Progress(2, 10)
    await fake.settle()
    assert fake.status()["model"]["pull"]["completedBytes"] == 2
    assert fake.status()["conditions"] == before
    fake.progress.told = None  # unreachable for a moment: what was told last stands
    await fake.settle()
    assert fake.status()["model"]["pull"]["completedBytes"] == 2


async def test_a_volume_that_vanished_takes_the_model_with_it(fake: FakeWorld) -> None:
    await fake.make_ready()
    first = uid_of(fake.jobs()[0])
    fake.pass_time(60)
    fake.client.remove(CLAIM, "ns", "one-models")
    await fake.settle()

    assert uid_of(fake.jobs()[0]) != first
    assert fake.verdict("ModelReady")[0] == "Unknown"


async def test_events_are_few_and_hold_no_secrets(fake: FakeWorld) -> None:
    await fake.make_ready()
    events = [obj for obj in fake.client.objects.values() if obj["kind"] == EVENT.kind]
    key = (fake.client.find(SECRET, "ns", "one-key-default") or {})["data"]["api-key"]

    assert 3 <= len(events) <= 10
    assert all(key not in str(event) for event in events)


async def test_an_event_that_cannot_be_posted_changes_nothing(fake: FakeWorld) -> None:
    fake.fail(lambda _verb, kind: UNAVAILABLE if kind == EVENT.kind else None)

    await fake.make_ready()


async def test_suspended_writes_one_status_and_nothing_else(fake: FakeWorld) -> None:
    await fake.make_ready()
    writes = len(fake.client.writes)
    fake.apply({"suspend": True, "model": {"name": "not:a:reference:cloud"}})
    outcome = await fake.settle()

    assert (outcome.label, outcome.after) == ("suspended", None)
    assert [line for line in fake.client.writes[writes:] if "Event" not in line] == ["patch PrivateAssistant/status one"]
    assert fake.verdict() == ("Unknown", "Suspended")
    assert fake.verdict("GatewayReady") == ("Unknown", "Suspended")
    assert fake.verdict("ModelReady") == ("True", "ModelVerified")


async def test_a_live_assistant_whose_spec_becomes_invalid_goes_on(fake: FakeWorld) -> None:
    """Its objects stay, and stay in the inventory, until the spec is put right."""
    await fake.make_ready()
    inventory = fake.status()["inventory"]
    fake.apply({"model": {"name": "m:cloud"}})
    await fake.settle()

    assert fake.verdict() == ("False", "SpecInvalid")
    assert fake.verdict("GatewayReady") == ("Unknown", "SpecInvalid")  # nobody looked
    assert fake.status()["inventory"] == inventory
    assert fake.client.find(STATEFUL_SET, "ns", "one") is not None


async def test_a_child_that_is_being_deleted_is_waited_for(fake: FakeWorld) -> None:
    await fake.make_ready()
    fake.client.edit(SERVICE, "ns", "one", lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"))
    writes = len(fake.client.writes)
    await fake.reconcile()
    assert len(fake.client.writes) == writes

    fake.client.remove(SERVICE, "ns", "one")
    await fake.settle()
    assert fake.client.find(SERVICE, "ns", "one") is not None


async def test_a_child_that_is_being_deleted_still_says_what_the_plan_says(fake: FakeWorld) -> None:
    """A finalizer may keep it: a policy that was opened meanwhile lets through what it says."""
    await fake.make_ready()

    def open_up(obj: Object) -> None:
        obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        obj["spec"]["egress"] = [{}]

    fake.client.edit(NETWORK_POLICY, "ns", "one", open_up)
    await fake.settle()

    assert (fake.client.find(NETWORK_POLICY, "ns", "one") or {})["spec"]["egress"] == []
    assert fake.verdict() == ("True", "Serving")


async def test_an_object_that_appears_in_the_last_instant_is_not_taken_over(fake: FakeWorld) -> None:
    """A create fails where the name is taken."""
    fake.apply()
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one-ca", "namespace": "ns"}, "data": {"ca.crt": "theirs"}}

    def appear(verb: str, kind: str) -> None:
        if verb == "create" and kind == "ServiceAccount" and fake.client.find(CONFIG_MAP, "ns", "one-ca") is None:
            fake.client.put(theirs)

    fake.fail(appear)
    await fake.reconcile()

    assert fake.verdict() == ("False", "NameCollision")
    assert (fake.client.find(CONFIG_MAP, "ns", "one-ca") or {})["data"] == {"ca.crt": "theirs"}


async def test_what_confines_is_applied_first(fake: FakeWorld) -> None:
    fake.apply()
    await fake.reconcile()

    kinds = [line.split()[1] for line in fake.client.writes if "Secret" not in line and "Event" not in line]
    assert kinds[:2] == [NETWORK_POLICY.kind, NETWORK_POLICY.kind]
    assert kinds.index("Job") > kinds.index("Service")


async def test_condition_messages_do_not_change_from_pass_to_pass(fake: FakeWorld) -> None:
    """A message that changes would write status for ever."""
    fake.apply({"model": {"name": MODEL}, "access": {"keys": [{"name": "a", "secretRef": {"name": "none"}}]}})
    await fake.settle()
    first = condition({"status": fake.status()}, "Ready")
    fake.pass_time(1000)
    await fake.settle()

    assert condition({"status": fake.status()}, "Ready") == first


async def test_a_repair_that_ends_halfway_is_begun_anew(fake: FakeWorld) -> None:
    """First the record of owners is rewritten, then the object: in between what a hand put there looks like ours."""
    await fake.make_ready()
    fake.client.edit(SERVICE, "ns", "one", lambda obj: obj["spec"].update(externalIPs=["192.0.2.99"]))
    writes = iter(("disown", "apply"))

    def second(verb: str, kind: str, _name: str) -> errors.ApiError | None:
        is_second = (verb, kind) == ("patch", SERVICE.kind) and next(writes, "") == "apply"
        return errors.UnavailableError(verb, kind, 500, "InternalError") if is_second else None

    fake.client.faults = [second]
    with pytest.raises(errors.UnavailableError):
        await fake.reconcile()
    await fake.settle()

    live = fake.client.find(SERVICE, "ns", "one")
    assert live is not None
    assert "externalIPs" not in live["spec"]
