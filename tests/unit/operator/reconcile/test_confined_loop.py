"""Passes over an assistant whose pods tell what they can reach: what is asked of whom, what status shows, what Ready waits for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from assistant_egress.protocol import PATHS
from assistant_operator.kube.kinds import NETWORK_POLICY, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object
from assistant_operator.naming import ANNOTATION_EGRESS_REVISION, LABEL_ASSISTANT
from assistant_operator.resources.egress_targets import Endpoint, Goal, Surroundings, goals
from tests.support.evidence import NOT_ENFORCED, START, confined, path_seen
from tests.support.fake_world import MODEL, FakeWorld
from tests.unit.operator.reconcile.keepers import KEEP

REPORTED: dict[str, Any] = {"model": {"name": MODEL}, "egress": {"evidence": {"mode": "Reported"}}}


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def rows(fake: FakeWorld) -> dict[str, tuple[str, bool]]:
    return {row["path"]: (row["verdict"], row["required"]) for row in fake.status()["evidence"]}


async def test_a_ready_assistant_shows_what_was_seen(fake: FakeWorld) -> None:
    """Each way out, on the node of its pod; that two of them are open in this cluster is said, and in nobody's way."""
    await fake.make_ready()

    assert fake.verdict("EgressConfined") == ("True", "Enforced")
    assert rows(fake) == {
        **dict.fromkeys(("outside", "pods", "metadata", "dns"), ("Enforced", True)),
        **dict.fromkeys(("apiServer", "ownNode"), ("NotEnforced", False)),
    }
    assert {row["node"] for row in fake.status()["evidence"]} == {"node"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (confined(outside=NOT_ENFORCED), ("False", "NotEnforced")),
        (confined(pods=path_seen("Inconclusive", "NotAlive")), ("Unknown", "Inconclusive")),
        (None, ("Unknown", "EvidenceNotSeen")),
    ],
)
async def test_an_assistant_that_is_no_longer_confined_is_no_longer_ready(fake: FakeWorld, told: Any, expected: tuple[str, str]) -> None:
    """And is again when it is."""
    await fake.make_ready()
    fake.probes.told = told
    await fake.settle()
    assert fake.verdict() == fake.verdict("EgressConfined") == expected
    assert fake.verdict("GatewayReady") == ("True", "Serving")

    fake.probes.told = confined()
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_what_is_reported_keeps_nobody_from_being_ready(fake: FakeWorld) -> None:
    """It is shown all the same."""
    fake.probes.told = confined(outside=NOT_ENFORCED)
    await fake.make_ready(REPORTED)

    assert fake.verdict("EgressConfined") == ("False", "NotEnforced")
    assert rows(fake)["outside"] == ("NotEnforced", False)


async def test_pods_in_their_gate_are_asked(fake: FakeWorld) -> None:
    """They are not ready. While they have no address, what will be asked is found out already."""
    fake.apply()
    await fake.settle()
    fake.pull_succeeds()
    await fake.settle()
    owner = fake.client.find(STATEFUL_SET, "ns", "one")
    assert owner is not None
    fake.pod(owner, "assistant", {"phase": "Pending"})
    await fake.settle()
    assert [place.address for place in fake.probes.asked.values()] == [""]
    fake.probes.told = confined(pods=NOT_ENFORCED)
    fake.pod(owner, "assistant", {"phase": "Pending", "podIP": "10.1.0.7", "hostIPs": [{"ip": "203.0.113.2"}]})
    await fake.settle()

    *_, place = fake.probes.asked.values()
    assert (place.address, place.node_addresses, place.is_held) == ("10.1.0.7", ("203.0.113.2",), True)
    assert fake.verdict("EgressConfined") == ("False", "NotEnforced")


async def test_a_pod_is_tried_under_the_rules_of_its_policy(fake: FakeWorld) -> None:
    """What the spec allows, and the store."""
    allow = [{"cidr": "10.20.0.0/16", "ports": [{"port": 443}]}]
    await fake.make_ready(KEEP | {"egress": {"mode": "Allowlist", "allow": allow}})

    (place,) = fake.probes.asked.values()
    policy = fake.client.find(NETWORK_POLICY, "ns", "one")
    assert policy is not None
    assert place.egress == policy["spec"]["egress"]
    assert len(place.egress) == 2


async def test_the_way_to_the_store_is_judged_by_the_stores_pods(fake: FakeWorld) -> None:
    """The Service's address is in the policy, and alive while a pod behind it is ready."""
    await fake.make_ready(KEEP)
    service, store = fake.client.find(SERVICE, "ns", "one-store"), fake.client.find(STATEFUL_SET, "ns", "one-store")
    assert service is not None
    assert store is not None
    at = Endpoint(service["spec"]["clusterIPs"][0], 5432)

    (place,) = fake.probes.asked.values()
    assert place.served[at] is False
    fake.pod(store, "store", {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
    await fake.settle()
    (place,) = fake.probes.asked.values()
    assert place.served[at] is True
    assert [goal for goal in goals(Surroundings(), (), place.egress).tried if goal.path == "allowed"] == [
        Goal("allowed", "tcp", at.address, at.port)
    ]


async def test_a_service_of_others_under_our_label_says_nothing(fake: FakeWorld) -> None:
    """Anybody can put the label on: only what the assistant controls is its own."""
    await fake.make_ready(KEEP)
    meta = {"name": "theirs", "namespace": "ns", "labels": {LABEL_ASSISTANT: "one"}}
    spec = {"ports": [{"port": 443}], "selector": {LABEL_ASSISTANT: "one"}}
    theirs = fake.client.put({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    await fake.settle()

    (place,) = fake.probes.asked.values()
    assert {at.port for at in place.served} == {443, 5432}
    assert theirs["spec"]["clusterIPs"][0] not in {at.address for at in place.served}


async def test_what_is_allowed_and_not_reached_is_shown_and_keeps_nobody_from_being_ready(fake: FakeWorld) -> None:
    """In status and in the message."""
    fake.probes.told = confined(allowed=path_seen("NotEnforced", "Blocked", unreached=("10.96.0.77:5432",)))
    await fake.make_ready(KEEP)

    assert fake.verdict() == ("True", "Serving")
    assert fake.verdict("EgressConfined") == ("True", "Enforced")
    assert rows(fake)["allowed"] == ("NotEnforced", False)
    assert "Allowed but not reachable: 10.96.0.77:5432." in fake.message("EgressConfined")


async def test_tightening_rolls_the_pods(fake: FakeWorld) -> None:
    """Connections that are open would go on."""

    def template() -> Object:
        found = fake.client.find(STATEFUL_SET, "ns", "one")
        assert found is not None
        return dict(found["spec"]["template"]["metadata"]["annotations"])

    allow = [{"cidr": "10.20.0.0/16", "ports": [{"port": 443}]}]
    await fake.make_ready({"model": {"name": MODEL}, "egress": {"mode": "Allowlist", "allow": allow}})
    before = template()
    fake.apply()
    await fake.settle()

    changed = {key for key, value in template().items() if before.get(key) != value}
    assert ANNOTATION_EGRESS_REVISION in changed


async def test_a_check_that_finds_the_same_is_written_every_five_minutes(fake: FakeWorld) -> None:
    """No pass in between writes anything."""
    await fake.make_ready()
    writes = len(fake.client.writes)
    fake.pass_time(299)
    fake.probes.told = confined(START + timedelta(seconds=299))
    await fake.settle()
    assert len(fake.client.writes) == writes

    fake.pass_time(1)
    fake.probes.told = confined(START + timedelta(seconds=300))
    await fake.settle()
    assert {row["lastChecked"] for row in fake.status()["evidence"]} == {"2026-01-01T00:05:00Z"}
    assert len(fake.client.writes) == writes + 1


async def test_nothing_is_asked_on_behalf_of_who_is_gone_or_suspended(fake: FakeWorld) -> None:
    await fake.make_ready()
    before = fake.probes.forgotten
    fake.apply({"suspend": True, "model": {"name": MODEL}})
    await fake.settle()
    assert fake.probes.forgotten > before


async def test_a_spec_that_cannot_be_read_leaves_what_was_seen(fake: FakeWorld) -> None:
    """With its age: nobody looked since."""
    await fake.make_ready()
    seen = fake.status()["evidence"]
    fake.apply({"model": {"name": "m:cloud"}})
    await fake.settle()

    assert fake.verdict("EgressConfined") == ("Unknown", "SpecInvalid")
    assert fake.status()["evidence"] == seen


async def test_paths_that_are_required_are_those_of_the_spec(fake: FakeWorld) -> None:
    """All of them, where the cluster can close them."""
    closed = {path: replace(path_seen("Enforced", "Blocked"), at=START) for path in PATHS}
    fake.probes.told = confined(**closed)
    await fake.make_ready({"model": {"name": MODEL}, "egress": {"evidence": {"paths": list(PATHS)}}})

    assert set(rows(fake).values()) == {("Enforced", True)}
