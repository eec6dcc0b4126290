"""That nothing leaves is seen from inside the pods, not believed of a policy: status has it, and an assistant that is open does not serve.

The node's enforcer is switched between its modes (tests/cluster/node/enforcement.py): `on` leaves the API server and the pod's own node
open, as most clusters do; `strict` closes these too; `off` takes every policy and enforces none.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from assistant_operator.naming import ANNOTATION_EGRESS_REVISION
from tests.cluster.node.addresses import NODE_NAME, OUTSIDE_IP
from tests.cluster.node.cluster import Node
from tests.cluster.node.enforcement import Mode
from tests.cluster.outside.world import HTTP_PORT
from tests.e2e.support.assistants import EMBEDDING_MODEL, SETTLE_SECONDS, Assistants
from tests.e2e.support.confinement import (
    CONFINED,
    GATE,
    at_gate,
    containers,
    evidence,
    gate_waits_for,
    holding,
    instant,
    message,
    started,
    state,
    verdicts,
    widening,
)
from tests.e2e.support.kept import ask_pod
from tests.e2e.support.kubectl import Kubectl, Object, until

NAME, POD = "minimal", "minimal-0"
REQUIRED = ("outside", "pods", "metadata", "dns")
REPORTED = ("apiServer", "ownNode")
CLOSED = dict.fromkeys(REQUIRED, ("Enforced", True))
OPEN = dict.fromkeys(REPORTED, ("NotEnforced", False))
TOLD_WITHIN = 60
"""Seconds from enforcement's end to Ready=False: what is promised."""
REFUSED_WITHIN = 15
"""Seconds from the probe's seeing a breach to the gateway's refusals: what is promised."""
MENDED_WITHIN = 120
NAMED_WITHIN = 30
USUAL = "Seen from inside every pod: outside, pods, metadata and dns are out of reach. Open in this cluster: apiServer, ownNode."
CONCURRENT = 10

Enforce = Callable[[Mode], None]


@pytest.fixture
def enforce(node: Node) -> Iterator[Enforce]:
    """Switches the node's enforcement; after the test it is on."""
    try:
        yield node.enforce
    finally:
        node.enforce("on")


@pytest.fixture(scope="module")
def serving(shared_assistants: Assistants) -> Assistants:
    """An assistant named minimal that is Ready, and a client beside it."""
    shared_assistants.ready(NAME)
    shared_assistants.client(NAME)
    return shared_assistants


def both(kubectl: Kubectl, name: str = NAME) -> set[tuple[str, str]]:
    """Return the states of Ready and of EgressConfined: one where they agree."""
    return {state(kubectl, name, kind) for kind in ("Ready", CONFINED)}


def mended(kubectl: Kubectl, name: str = NAME) -> None:
    """Wait until the assistant is seen confined, and Ready."""
    until(
        "it is confined and Ready again",
        lambda: (state(kubectl, name), state(kubectl, name, "Ready")) == (("True", "Enforced"), ("True", "Serving")),
        MENDED_WITHIN,
    )


def as_usual(kubectl: Kubectl) -> None:
    """Wait until all was seen: a first look can find a way not answered for, where the operator's own try of it was lost."""
    until(
        "every class was seen, and the condition says so",
        lambda: (
            (state(kubectl, NAME), message(kubectl, NAME), verdicts(kubectl, NAME)) == (("True", "Enforced"), USUAL, CLOSED | OPEN)
            and state(kubectl, NAME, "Ready") == ("True", "Serving")
        ),
        MENDED_WITHIN,
    )


def answer(assistants: Assistants) -> tuple[int, str]:
    """Ask the gateway itself, past the Service, which leads to ready pods alone; return its status and code."""
    status, body = ask_pod(assistants, {"method": "GET", "path": "/api/tags"}, name=NAME, key=assistants.key(NAME))
    return status, body.get("code", "")


def test_status_says_what_was_seen_from_inside_the_pods(serving: Assistants) -> None:
    """Each required way out was tried and closed, by node and a moment ago; those that the cluster leaves open are named, not hidden."""
    kubectl = serving.kubectl

    as_usual(kubectl)
    assert verdicts(kubectl, NAME) == CLOSED | OPEN
    assert {one["node"] for one in evidence(kubectl, NAME)} == {NODE_NAME}
    assert all(0 <= time.time() - instant(one["lastChecked"]) + 2 < 600 for one in evidence(kubectl, NAME))
    heads, row = (line.split() for line in kubectl.run("get", "pa", NAME, "-o", "wide").splitlines())
    assert dict(zip(heads, row, strict=True))["CONFINED"] == "True"


def test_what_a_cluster_closes_beyond_the_usual_is_shown(serving: Assistants, enforce: Enforce) -> None:
    """Where the node enforces also between a pod and itself, status says so, without being asked for it."""
    kubectl = serving.kubectl

    enforce("strict")
    until("all is closed", lambda: verdicts(kubectl, NAME) == CLOSED | dict.fromkeys(REPORTED, ("Enforced", False)), TOLD_WITHIN)

    until("the condition says so too", lambda: "Open in this cluster" not in message(kubectl, NAME), NAMED_WITHIN)
    until("it serves", lambda: state(kubectl, NAME, "Ready") == ("True", "Serving"), MENDED_WITHIN)
    enforce("on")
    until("they are open again", lambda: verdicts(kubectl, NAME) == CLOSED | OPEN, TOLD_WITHIN)


def test_enforcement_that_ends_is_said_and_requests_are_refused(serving: Assistants, enforce: Enforce) -> None:
    """Switched off under an assistant that serves: not Ready within a minute, 503 from the gateway; on again, all is served again."""
    kubectl = serving.kubectl
    until("it serves", lambda: answer(serving)[0] == 200, MENDED_WITHIN)

    enforce("off")
    until("status says so", lambda: both(kubectl) == {("False", "NotEnforced")}, TOLD_WITHIN)
    until("the gateway refuses", lambda: answer(serving) == (503, "not_ready"), REFUSED_WITHIN)

    # The round in which the ways open may find some of them still closed: the next one finds them all.
    until("of every class", lambda: CLOSED.keys() == open_ones(kubectl), TOLD_WITHIN)
    until("the condition names each", lambda: all(path in message(kubectl, NAME) for path in REQUIRED), NAMED_WITHIN)
    enforce("on")
    mended(kubectl)
    assert serving.ask("ollama", "Say hello.")["whole"]


def open_ones(kubectl: Kubectl) -> set[str]:
    """Return the required classes that were seen open."""
    return {path for path, seen in verdicts(kubectl, NAME).items() if seen == ("NotEnforced", True)}


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_a_policy_of_somebody_elses_that_opens_something_is_named(serving: Assistants, direction: str) -> None:
    """Policies add up: one that selects the pods and lets something out, or in, is named within seconds, until it is removed."""
    kubectl = serving.kubectl
    name = f"opens-{direction}"

    kubectl.apply(widening(name, **{direction: [{}]}))
    try:
        until("it is named", lambda: both(kubectl) == {("False", "WidenedByPolicy")}, NAMED_WITHIN)
        assert name in message(kubectl, NAME)
    finally:
        kubectl.delete("networkpolicy", name)

    mended(kubectl)


def test_a_policy_of_somebody_elses_that_opens_nothing_is_no_matter(serving: Assistants) -> None:
    """One more denial changes nothing: a policy without rules lets nothing through."""
    kubectl = serving.kubectl
    as_usual(kubectl)
    before = messages(kubectl)

    kubectl.apply(widening("another-denial", egress=[]), widening("marks-the-end", egress=[{}]))
    try:
        until("both were seen", lambda: state(kubectl, NAME) == ("False", "WidenedByPolicy"), NAMED_WITHIN)
        assert "marks-the-end" in message(kubectl, NAME)
        assert "another-denial" not in message(kubectl, NAME)
        kubectl.delete("networkpolicy", "marks-the-end")
        mended(kubectl)
    finally:
        kubectl.delete("networkpolicy", "marks-the-end")
        kubectl.delete("networkpolicy", "another-denial")

    until("every condition says what it did", lambda: messages(kubectl) == before, MENDED_WITHIN)


def messages(kubectl: Kubectl) -> dict[str, str]:
    return {one["type"]: one["message"] for one in kubectl.get("pa", NAME)["status"]["conditions"]}


def test_nothing_but_the_gate_starts_where_nothing_is_enforced(assistants: Assistants, enforce: Enforce) -> None:
    """The gate says what it waits for and holds everything back; once policies are enforced, the same pod goes on and serves."""
    kubectl = assistants.kubectl
    enforce("off")
    assistants.apply(NAME)
    until("status says so", lambda: both(kubectl) == {("False", "NotEnforced")}, SETTLE_SECONDS)
    until("the gate says what it waits for", lambda: set(gate_waits_for(kubectl, POD) or ()) == set(REQUIRED), 90)
    held = at_gate(kubectl, POD)

    assert started(held) == {GATE}
    switched = time.time()
    enforce("on")
    assistants.settled(NAME)
    served = kubectl.get("pod", POD)
    assert served["metadata"]["uid"] == held["metadata"]["uid"]
    assert served["status"]["podIP"] == held["status"]["podIP"]
    opened = instant(containers(served)[GATE]["terminated"]["finishedAt"])
    assert opened >= int(switched)
    assert all(began >= opened for began in beginnings(served).values())


def beginnings(pod: Object) -> dict[str, float]:
    """Return when each container but the gate started."""
    found = {name: one.get("running") or one["terminated"] for name, one in containers(pod).items() if name != GATE}
    return {name: instant(one["startedAt"]) for name, one in found.items()}


def test_where_evidence_is_only_reported_nothing_waits_for_it(assistants: Assistants, enforce: Enforce) -> None:
    """`mode: Reported`: Ready and served while nothing is enforced, without a gate; the condition is as plain as ever."""
    kubectl = assistants.kubectl
    enforce("off")

    assistants.ready(NAME, {"egress": {"evidence": {"mode": "Reported"}}})
    until("the condition says what is open", lambda: state(kubectl, NAME) == ("False", "NotEnforced"), TOLD_WITHIN)
    until("status has it", lambda: set(verdicts(kubectl, NAME).values()) == {("NotEnforced", False)}, TOLD_WITHIN)

    until("it serves", lambda: state(kubectl, NAME, "Ready") == ("True", "Serving"), MENDED_WITHIN)
    assert GATE not in containers(kubectl.get("pod", POD))
    assert answer(assistants)[0] == 200


def test_a_way_out_that_the_cluster_leaves_open_can_be_required_closed(assistants: Assistants, enforce: Enforce) -> None:
    """Who requires the API server to be out of reach gets no assistant where it is not, and is told which way out it is."""
    kubectl = assistants.kubectl

    assistants.apply(NAME, {"egress": {"evidence": {"paths": [*REQUIRED, "apiServer"]}}})
    until("status says so", lambda: both(kubectl) == {("False", "NotEnforced")}, SETTLE_SECONDS)
    until("the gate waits for it alone", lambda: gate_waits_for(kubectl, POD) == ["apiServer"], 90)

    wanted = CLOSED | {"apiServer": ("NotEnforced", True), "ownNode": ("NotEnforced", False)}
    until("status has it alone", lambda: verdicts(kubectl, NAME) == wanted and ": apiServer." in message(kubectl, NAME), TOLD_WITHIN)
    assert started(at_gate(kubectl, POD)) == {GATE}
    enforce("strict")
    assistants.settled(NAME)
    until("it is seen closed", lambda: verdicts(kubectl, NAME)["apiServer"] == ("Enforced", True), TOLD_WITHIN)


def test_a_way_out_that_is_taken_back_ends_what_goes_through_it(assistants: Assistants) -> None:
    """Many enforcers let open connections go on under a stricter policy; the pods are replaced, and the connection ends with its pod."""
    kubectl = assistants.kubectl
    rule = {"cidr": f"{OUTSIDE_IP}/32", "ports": [{"port": HTTP_PORT}]}
    assistants.ready(NAME, {"egress": {"mode": "Allowlist", "allow": [rule]}})
    before = kubectl.get("pod", POD)

    with holding(assistants, POD, "gateway", OUTSIDE_IP, HTTP_PORT) as connection:
        assert connection.poll() is None
        assistants.apply(NAME, {"egress": {"mode": "Deny"}})
        until("the connection has ended", lambda: connection.poll() is not None, SETTLE_SECONDS)
    assistants.settled(NAME)

    after = kubectl.get("pod", POD)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    revisions = {pod["metadata"]["annotations"][ANNOTATION_EGRESS_REVISION] for pod in (before, after)}
    assert len(revisions) == 2
    assert assistants.probe(POD, {"taken": f"tcp:{OUTSIDE_IP}:{HTTP_PORT}"}, container="gateway") == {"taken": "blocked"}


def test_what_an_assistant_may_reach_is_not_held_against_it(assistants: Assistants) -> None:
    """With everything that would be tried for a class inside an allow rule, nothing can be shown: it says which rule, and is not Ready."""
    kubectl = assistants.kubectl
    rule = {"cidr": "192.0.2.0/24", "ports": [{"port": 443}]}

    assistants.apply(NAME, {"egress": {"mode": "Allowlist", "allow": [rule]}})
    until("status says so", lambda: both(kubectl) == {("Unknown", "Inconclusive")}, SETTLE_SECONDS)

    assert "192.0.2.0/24" in message(kubectl, NAME)
    assistants.apply(NAME, {"egress": {"mode": "Allowlist", "allow": [rule], "evidence": {"paths": ["pods", "metadata", "dns"]}}})
    assistants.settled(NAME)
    assert "outside" not in message(kubectl, NAME)


def test_ten_assistants_at_once_are_all_seen_confined(assistants: Assistants) -> None:
    """Side by side, on two busy cores: each has evidence of its own, and stays Ready while the others come."""
    kubectl = assistants.kubectl
    names = [f"assistant-{number}" for number in range(CONCURRENT)]

    for name in names:
        assistants.apply(name, {"model": {"name": EMBEDDING_MODEL}})
    for name in names:
        kubectl.wait_for("pa", name, "condition=Ready", SETTLE_SECONDS * 2)

    # On a machine this busy the operator's own first try of the metadata service may come too late: then nothing seems to be there yet.
    until("each has evidence of its own", lambda: all(verdicts(kubectl, name) == CLOSED | OPEN for name in names), MENDED_WITHIN)
    for name in names:
        mended(kubectl, name)
