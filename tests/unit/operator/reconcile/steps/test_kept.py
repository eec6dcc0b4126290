"""Whom the operator asks, and what it makes of silence."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from assistant_operator.api.v1alpha1.status import FailedDocuments, SourceStatus
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.asking import gateways
from assistant_operator.reconcile.asking.gateways import GatewayStatus
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.steps import kept
from tests.support.fake_world import FakeWorld
from tests.support.gateways import told

KEY = Key("ns", "one")
REASONS = tuple(f"Reason{number:02}" for number in range(gateways.MAX_FAILURES))


class Recorder:
    """Remembers what is asked; tells what a test sets, by uid."""

    def __init__(self) -> None:
        self.answers: dict[str, GatewayStatus] = {}
        self.first_asked: list[set[str]] = []
        self.watched: list[dict[str, str]] = []
        self.forgotten = 0

    def latest(self, _key: Key, pods: Mapping[str, str]) -> Mapping[str, GatewayStatus]:
        self.watched.append(dict(pods))
        return self.answers

    async def first(self, _key: Key, _pods: Mapping[str, str], ready: Collection[str]) -> None:
        self.first_asked.append(set(ready))

    def forget(self, _key: Key) -> None:
        self.forgotten += 1


@pytest.fixture
def asked() -> Recorder:
    return Recorder()


@pytest.fixture
def fake(asked: Recorder) -> FakeWorld:
    made = FakeWorld()
    made.world.gateways = asked
    return made


def pod(uid: str, *, phase: str = "Running", ip: str = "10.0.0.1", ready: bool = True, **meta: Any) -> Object:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"metadata": {"uid": uid, **meta}, "status": {"phase": phase, "podIP": ip, "conditions": conditions}}


async def test_every_running_pod_is_asked(fake: FakeWorld, asked: Recorder) -> None:
    """Those that are ready at once, the oldest one's words first."""
    asked.answers = {"b": told(purged=2), "a": told(purged=1)}
    found = await kept.listen(fake.world, KEY, [pod("a"), pod("b", ip="10.0.0.2", ready=False)])

    assert asked.watched == [{"a": "10.0.0.1", "b": "10.0.0.2"}]
    assert asked.first_asked == [{"a"}]
    assert list(found) == ["a", "b"]
    assert [one.retention.purged for one in found.values() if one.retention] == [1, 2]


@pytest.mark.parametrize(
    "gone", [pod("a", phase="Pending"), pod("a", ip=""), pod("a", phase="Failed"), pod("a", deletionTimestamp="2026-01-01T00:00:00Z")]
)
async def test_pods_that_do_not_run_are_not_asked(fake: FakeWorld, asked: Recorder, gone: Object) -> None:
    """And of an assistant without running pods nothing more is to be heard."""
    assert await kept.listen(fake.world, KEY, [gone]) == {}
    assert asked.watched == []
    assert asked.forgotten == 1


def test_a_trouble_beside_old_ones_makes_no_longer_a_list_than_there_may_be() -> None:
    """Or the API server would refuse the whole status."""
    old = SourceStatus(name="s", failed=tuple(FailedDocuments(reason=reason, count=1) for reason in REASONS))

    assert len(kept._again(old, "s", "ClaimNotFound").failed) == gateways.MAX_FAILURES
