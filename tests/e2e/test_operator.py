"""The operator itself: the statuses and events that it writes, its rights, its ports, and who acts where there are two of it."""

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from assistant_operator.kube.aio import API_GROUP, API_VERSIONS
from assistant_operator.kube.kinds import KINDS, LEASE
from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until
from tests.e2e.support.objects import events
from tests.e2e.support.operating import Operating
from tests.e2e.support.watching import told, watching
from tests.support.kstatus import kstatus
from tests.support.statuslint import lint, lint_history

ACCOUNT = "system:serviceaccount:{namespace}:private-assistant-operator"
WRONG = f"sha256:{'0' * 64}"


@dataclass(frozen=True)
class Lives:
    """Every version of two assistants: one that was made, changed, suspended and resumed, and one that cannot be."""

    versions: Callable[[str], list[Object]]
    """Of the assistant of this name, until now: the watch goes on, so that what comes late is there, too."""
    kubectl: Kubectl

    @property
    def good(self) -> list[Object]:
        return self.versions("good")

    @property
    def bad(self) -> list[Object]:
        return self.versions("bad")


@pytest.fixture(scope="module")
def lives(shared_assistants: Assistants) -> Iterator[Lives]:
    kubectl = shared_assistants.kubectl
    with watching(kubectl, "pa") as versions:
        shared_assistants.apply("good")
        shared_assistants.apply("bad", {"model": {"name": MODEL, "digest": WRONG}})
        shared_assistants.settled("good")
        kubectl.patch("pa", "good", {"spec": {"model": {"pod": {"annotations": {"example.test/a": "b"}}}}})
        shared_assistants.settled("good")
        kubectl.patch("pa", "good", {"spec": {"suspend": True}})
        until("it is suspended", lambda: condition(kubectl.get("pa", "good"), "Ready").get("reason") == "Suspended", 90)
        kubectl.patch("pa", "good", {"spec": {"suspend": None}})
        shared_assistants.settled("good")
        kubectl.wait_for("pa", "bad", "condition=Stalled", 120)
        last = {name: kubectl.get("pa", name)["metadata"]["resourceVersion"] for name in ("good", "bad")}
        until(
            "the watch has seen it all",
            lambda: all(version in [one["metadata"]["resourceVersion"] for one in versions(name)] for name, version in last.items()),
            60,
        )
        yield Lives(versions, kubectl)


def test_every_status_keeps_the_conventions(lives: Lives) -> None:
    """Each one that was ever written, not just the last: the rules of the Kubernetes API and of kstatus, as Flux checks them."""
    written = [*told(lives.good), *told(lives.bad)]

    assert len(written) > 8
    assert {problem for version in written for problem in lint(version)} == set()
    assert lint_history([*lives.good, *lives.bad]) == []


def test_tools_that_know_nothing_of_assistants_see_them_come_and_change(lives: Lives) -> None:
    """In progress until ready, again after each change of the spec, and failed where nothing more can be done."""
    good = {
        generation: [kstatus(version) for version in group]
        for generation, group in groupby(told(lives.good), lambda version: int(version["metadata"]["generation"]))
    }
    bad = [state for state, _ in groupby(kstatus(version) for version in told(lives.bad))]

    assert list(good) == [1, 2, 3, 4]  # made, changed, suspended, resumed
    assert [good[generation][0] for generation in (1, 2, 3)] == ["InProgress"] * 3
    # A machine this busy may take its pod for not ready once more in between.
    assert [good[generation][-1] for generation in (1, 2, 4)] == ["Current"] * 3
    assert {state for states in good.values() for state in states} == {"InProgress", "Current"}
    assert bad == ["InProgress", "Failed"]


def test_ready_is_never_claimed_for_a_generation_that_was_not_observed(lives: Lives) -> None:
    """In all versions, also those between an edit and the operator's answer: who compares generations is never misled."""
    claims = [version for version in lives.good if condition(version, "Ready").get("status") == "True"]

    assert claims
    for version in claims:
        observed = version["status"]["observedGeneration"]
        assert observed == condition(version, "Ready")["observedGeneration"] <= version["metadata"]["generation"]


def test_there_is_one_event_for_each_transition_and_no_other(lives: Lives) -> None:
    """A condition that changes its status or reason is told once, as a warning where it is bad."""
    for name in ("good", "bad"):
        # An event comes a moment after the status that it tells of.
        with suppress(AssertionError):
            until("all are there", lambda name=name: spoken(lives, name) == happened(lives, name), 30)  # type: ignore[misc]
        assert spoken(lives, name) == happened(lives, name)
        posted = events(lives.kubectl, name)
        assert {one["type"] for one in posted if one["reason"] == "DigestMismatch"} <= {"Warning"}
        assert {one["type"] for one in posted if one["reason"] == "Serving"} <= {"Normal"}


def spoken(lives: Lives, name: str) -> Counter[tuple[str, ...]]:
    """Return what the events say: condition, status, reason."""
    found = events(lives.kubectl, name)
    return Counter((*re.match(r"(\w+) is (\w+): ", one["note"]).groups(), one["reason"]) for one in found)  # type: ignore[union-attr]


def happened(lives: Lives, name: str) -> Counter[tuple[str, ...]]:
    return Counter(transitions(told(lives.versions(name))))


def transitions(versions: list[Object]) -> list[tuple[str, ...]]:
    """Return what events should tell of: not that it is reconciling, nor that at first nothing is known."""
    states = [{}, *({one["type"]: (one["status"], one["reason"]) for one in version["status"]["conditions"]} for version in versions)]
    return [
        (kind, *now)
        for before, after in pairwise(states)
        for kind, now in after.items()
        if kind != "Reconciling" and before.get(kind) != now and (kind in before or now[0] != "Unknown")
    ]


@pytest.fixture
def operating(operator: Kubectl) -> Operating:
    return Operating(operator)


def test_it_tells_how_it_is(lives: Lives, operating: Operating) -> None:
    """/healthz and /readyz answer; /metrics has passes, their durations, the queue, calls to the API, assistants by condition."""
    pod = operating.leader()
    found = {(name, *sorted(labels)) for name, labels, _ in operating.samples(pod)}

    assert operating.ask(pod, "/healthz").strip() == operating.ask(pod, "/readyz").strip() == "ok"
    assert found >= {
        ("reconciles_total", "outcome"),
        ("reconcile_seconds_bucket", "le"),
        ("queue_depth",),
        ("workers_busy",),
        ("api_calls_total", "code", "kind", "verb"),
        ("api_call_seconds_count", "verb"),
        ("assistants", "condition", "reason", "status"),
        ("leader",),
    }
    assert operating.total(pod, "assistants", condition="Ready", status="True") >= 1
    assert operating.total(pod, "assistants", condition="Stalled", status="True") >= 1


INSIDE = """
import json, os, pathlib
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
try:
    pathlib.Path("/written").touch()
    written = True
except OSError:
    written = False
print(json.dumps({"user": os.getuid(), "groups": os.getgid(), "written": written} | {
    name: status[name].strip() for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}))
"""


def test_it_is_confined_itself(operating: Operating) -> None:
    """No root, no capabilities, no way to gain any, system calls filtered, nothing to write on: seen from inside its container."""
    found = json.loads(operating.kubectl.execute(operating.leader(), "python3", "-c", INSIDE))

    assert found == {
        "user": 65532,
        "groups": 65532,
        "written": False,
        "CapEff": "0000000000000000",
        "CapBnd": "0000000000000000",
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }


def test_its_rights_are_enough_for_what_it_did_and_hold_no_wildcard(lives: Lives, operating: Operating) -> None:
    """Each pair of verb and kind that it has called is granted; no rule grants everything, nor the reading of all Secrets."""
    plurals = {kind.kind: f"{kind.plural}.{kind.group}".rstrip(".") for kind in KINDS} | {
        API_VERSIONS: "/api",
        API_GROUP: "/apis/cilium.io",
    }
    called = {(labels["verb"], labels["kind"]) for name, labels, _ in operating.samples(operating.leader()) if name == "api_calls_total"}
    called -= {("patch", "PrivateAssistant")}  # its status alone, which works where conditions appear
    account = ACCOUNT.format(namespace=operating.kubectl.namespace)

    assert len(called) > 10
    refused = [pair for pair in called - LEASES if not may(operating.kubectl, account, pair[0], plurals[pair[1]])]
    lease = f"{plurals[LEASE.kind]}/{operating.name}"  # by its name alone
    refused += [pair for pair in called & LEASES if not may(operating.kubectl, account, pair[0], lease)]
    assert refused == []
    assert not may(operating.kubectl, account, "update", plurals[LEASE.kind])
    rules = [rule for kind in ("clusterroles", "roles") for role in operating.kubectl.list(kind, OURS) for rule in role["rules"]]
    assert rules
    assert not [rule for rule in rules if "*" in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]]
    assert not any(may(operating.kubectl, account, verb, "secrets") for verb in ("list", "watch"))


LEASES = {(verb, LEASE.kind) for verb in ("get", "update", "patch")}
OURS = "app.kubernetes.io/instance=private-assistant-operator"


def may(kubectl: Kubectl, account: str, verb: str, resource: str) -> bool:
    return kubectl.run("auth", "can-i", verb, resource, f"--as={account}", check=False).strip() == "yes"


def test_its_log_is_lines_of_json(operating: Operating) -> None:
    """One object a line, with time, level and message."""
    lines = [json.loads(line) for line in operating.kubectl.logs(operating.leader()).splitlines()]

    assert lines
    assert all(line.keys() >= {"time", "level", "message"} for line in lines)


@pytest.fixture
def two(operating: Operating) -> Iterator[Operating]:
    """Two replicas."""
    scale = ("scale", "deployment", "private-assistant-operator")
    operating.kubectl.run(*scale, "--replicas=2")
    try:
        until("both are ready", lambda: len(operating.pods()) == 2, 120)
        yield operating
    finally:
        operating.kubectl.run(*scale, "--replicas=1")
        until("one is left, and leads", lambda: [pod["metadata"]["name"] for pod in operating.pods()] == [operating.leader()], 120)


def test_of_two_one_acts_and_the_other_takes_over_from_one_that_hangs(lives: Lives, two: Operating) -> None:
    """A replica that is frozen loses the Lease to the other, which repairs; as it wakes, it does not act any more."""
    first = two.leader()
    second = next(name for pod in two.pods() if (name := pod["metadata"]["name"]) != first)
    assert (two.total(first, "leader"), two.total(second, "leader")) == (1, 0)

    os.kill(process := process_of(first), signal.SIGSTOP)
    try:
        lives.kubectl.patch("service", "good", {"spec": {"selector": {"app": "another"}}})
        until("the other leads", lambda: two.leader() == second, 90)
        until("it repairs", lambda: "app" not in lives.kubectl.get("service", "good")["spec"]["selector"], 60)
    finally:
        with suppress(ProcessLookupError):  # the kubelet may have ended one that answers nobody
            os.kill(process, signal.SIGCONT)

    until("the first one has noticed", lambda: restarts(two.kubectl, first) or two.has_stepped_down(first), 90)
    assert two.leader() == second


def test_a_replica_that_ends_hands_over_at_once(two: Operating) -> None:
    """It gives the Lease up as it ends, so nobody waits until it runs out."""
    first = two.leader()

    two.kubectl.delete("pod", first, wait=False)

    until("another leads", lambda: two.leader() not in ("", first), 20)  # it would run out after 30


def process_of(pod: str) -> int:
    """Return the number of a pod's operator on this machine, which sees the node's processes."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"HOSTNAME={pod}".encode() in environment and b"assistant_operator" in command:
            return int(folder.name)
    raise AssertionError(f"no process of {pod}")


def restarts(kubectl: Kubectl, pod: str) -> int:
    return int(kubectl.get("pod", pod)["status"]["containerStatuses"][0]["restartCount"])
