"""An upgrade of the operator on a real API server: who waits, for what, and what a restart in the middle changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant_operator.kube.kinds import NETWORK_POLICY, PRIVATE_ASSISTANT, STATEFUL_SET
from assistant_operator.kube.objects import uid_of
from assistant_operator.naming import ANNOTATION_UPDATE, UPDATE_NOW
from assistant_operator.reconcile.releases.turns import Pace
from tests.integration.lab import MODEL, OPERATOR, Lab
from tests.integration.running import Running
from tests.support.waiting import until

OLD, NEW, NEWER = (f"ollama/ollama:0.2{number}.0" for number in (4, 5, 6))
ONE_BY_ONE = Pace(percent=None, count=1)


def upgrade(lab: Lab, image: str = NEW, pace: Pace = ONE_BY_ONE) -> None:
    """Let an operator with another default image take this one's place."""
    before = lab.running
    before.stop()
    before.check()
    extra = (f"--namespace={lab.namespace}", f"--ollama-image={image}")
    made = Running(lab.cluster.kubeconfig_for(OPERATOR), lab.namespace, lab.hosts, *extra)
    made.settings = replace(made.settings, pace=pace)
    made.probes.told, made.gateways.told = before.probes.told, before.gateways.told
    lab.running = made.start()
    assistants = len(lab.api.list(PRIVATE_ASSISTANT, lab.namespace))
    until("the new operator has passed over all", lambda: made.passes >= assistants)
    lab.settle()


def image(lab: Lab, name: str) -> str:
    """Return the image of an assistant's model server."""
    containers = lab.api.must_get(STATEFUL_SET, lab.namespace, name)["spec"]["template"]["spec"]["initContainers"]
    return next(str(one["image"]) for one in containers if one["name"] == "ollama")


def has_image(lab: Lab, name: str, wanted: str) -> None:
    """Wait until an assistant has it."""
    until(f"{name} has {wanted}", lambda: image(lab, name) == wanted)


def told(lab: Lab, name: str) -> str:
    """Return the reason of UpToDate."""
    lab.name = name
    return lab.verdict("UpToDate")[1]


@pytest.fixture
def three(lab: Lab) -> Lab:
    """Three assistants that are ready."""
    for name in ("a", "b", "c"):
        lab.name = name
        lab.make_ready()
    return lab


def test_one_after_the_other_and_a_restart_changes_nothing(three: Lab) -> None:
    """Whoever waits is Ready and untouched; the next begins at once when the one before is ready, not when it looks by itself."""
    before = {name: three.api.must_get(STATEFUL_SET, three.namespace, name) for name in "bc"}
    upgrade(three)

    assert [image(three, name) for name in "abc"] == [NEW, OLD, OLD]
    three.name = "b"
    assert three.verdict() == ("True", "Serving")
    assert three.assistant()["status"]["update"]["images"] == [{"now": OLD, "next": NEW}]
    three.running = three.running.again()
    three.running.check()
    upgrade(three)  # the same one once more
    assert {name: three.api.must_get(STATEFUL_SET, three.namespace, name) for name in "bc"} == before
    assert [told(three, name) for name in "abc"] == ["UpToDate", "WaitingForTurn", "WaitingForTurn"]

    for name, following in ("ab", "bc"):
        three.name = name
        three.pods_become_ready()
        has_image(three, following, NEW)
        assert image(three, "c") == (NEW if following == "c" else OLD)
    three.name = "c"
    three.pods_become_ready()
    three.expect("True", "UpToDate", "UpToDate")
    assert "update" not in three.assistant()["status"]


def test_a_failure_halts_it_and_a_newer_default_begins_there(three: Lab) -> None:
    """The one that is not ready with it in time is named where the others wait; nothing more is lost where the next one is tried first."""
    upgrade(three, pace=replace(ONE_BY_ONE, deadline=timedelta(seconds=1)))
    three.name = "b"

    def halted() -> bool:
        three.running.another_pass(three.key)
        return three.verdict("UpToDate") == ("False", "RolloutHalted")

    until("it is halted", halted)
    assert f"{three.namespace}/a" in three.condition("UpToDate")["message"]
    assert [image(three, name) for name in "abc"] == [NEW, OLD, OLD]
    upgrade(three, NEWER)
    assert [image(three, name) for name in "abc"] == [NEWER, OLD, OLD]
    assert told(three, "b") == "WaitingForTurn"
    three.name = "a"
    three.pods_become_ready()
    has_image(three, "b", NEWER)


def test_a_window_that_is_closed_keeps_pods_and_not_policies(lab: Lab) -> None:
    """What confines is repaired meanwhile; the owner's annotation ends the waiting."""
    later = datetime.now(UTC) + timedelta(hours=6)
    spec: dict[str, Any] = {"model": {"name": MODEL}, "maintenance": {"window": {"start": f"{later:%H:%M}", "duration": "15m"}}}
    lab.make_ready(spec)
    upgrade(lab)
    lab.api.edit(NETWORK_POLICY, lab.namespace, lab.name, {"spec": {"egress": [{}]}})
    until("the policy is repaired", lambda: not lab.child(NETWORK_POLICY, lab.name)["spec"].get("egress"))

    assert lab.verdict("UpToDate") == ("False", "WaitingForWindow")
    assert f"{later:%Y-%m-%dT%H:%M}:00Z" in lab.condition("UpToDate")["message"]
    assert image(lab, lab.name) == OLD
    lab.api.edit(PRIVATE_ASSISTANT, lab.namespace, lab.name, {"metadata": {"annotations": {ANNOTATION_UPDATE: UPDATE_NOW}}})
    has_image(lab, lab.name, NEW)
    lab.expect("True", "UpToDate", "UpToDate")


@pytest.mark.parametrize("how", ["edited", "damaged"])
def test_an_edit_and_a_repair_take_the_update_with_them(lab: Lab, how: str) -> None:
    """A real server's record of who set what, and what it leaves of a container that somebody takes away."""
    later = datetime.now(UTC) + timedelta(hours=6)
    spec: dict[str, Any] = {"model": {"name": MODEL}, "maintenance": {"window": {"start": f"{later:%H:%M}", "duration": "15m"}}}
    lab.make_ready(spec)
    whole = lab.stateful_set()
    upgrade(lab)
    assert image(lab, lab.name) == OLD
    if how == "edited":
        lab.apply(spec | {"access": {"limits": {"requestsPerMinute": 7}}})
    else:
        lab.api.edit(STATEFUL_SET, lab.namespace, lab.name, [{"op": "remove", "path": "/spec/template/spec/initContainers/0"}], how="json")
    has_image(lab, lab.name, NEW)

    names = [[one["name"] for one in obj["spec"]["template"]["spec"]["initContainers"]] for obj in (whole, lab.stateful_set())]
    assert names[0] == names[1]
    assert uid_of(whole) == uid_of(lab.stateful_set())
