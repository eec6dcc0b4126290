"""EgressConfined: True takes every required way out to have been seen closed from inside every pod."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_egress.protocol import EVIDENCE_PATHS, PATHS, ClassVerdict, PathClass, Reason, Verdict
from assistant_operator.api.v1alpha1.spec import EgressEvidence
from assistant_operator.api.v1alpha1.status import EvidenceStatus
from assistant_operator.errors import TerminalError, WaitingError
from assistant_operator.reconcile.asking.evidence import Evidence, PathSeen
from assistant_operator.reconcile.judging.confinement import evidence_status, judge_confinement
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.judging.readiness import judge, takes_documents
from assistant_operator.reconcile.policies.widening import Policy
from assistant_operator.reconcile.verdict import Course
from tests.support.evidence import ENFORCED, NOT_ENFORCED, START, confined, path_seen
from tests.unit.operator.reconcile.judging import test_keeping
from tests.unit.operator.reconcile.judging.test_readiness import ZERO, seen, stateful_set

NOT_ALIVE = path_seen("Inconclusive", "NotAlive")
NO_TARGET = path_seen("Inconclusive", "NoTarget")
NOT_TRIED = path_seen("Inconclusive", "NotTried")
NOTHING_THERE = path_seen("Inconclusive", "NothingThere")
REACHED = path_seen("Enforced", "Reached")
UNREACHED = path_seen("NotEnforced", "Blocked", unreached=("10.20.0.5:443",))
COVERED = path_seen("Inconclusive", "NoTarget", covered_by="198.51.100.0/24")
OTHERS = Policy.of({"metadata": {"name": "theirs"}, "spec": {"podSelector": {}, "egress": [{}]}})
REPORTED = EgressEvidence(mode="Reported")
ALL = EgressEvidence(paths=PATHS)
STARTING = stateful_set(readyReplicas=0)


def pod(uid: str = "pod", node: str = "node", phase: str = "Running", ip: str = "10.0.0.1", **meta: Any) -> dict[str, Any]:
    return {"metadata": {"uid": uid, **meta}, "spec": {"nodeName": node}, "status": {"phase": phase, "podIP": ip}}


def heard(**paths: PathSeen) -> dict[str, Evidence]:
    return {"pod": confined(**paths)}


TWO = (pod("pod"), pod("other", node="elsewhere"))
WAITING = pod(phase="Pending")
UNMADE = pod(phase="Pending", ip="")

CASES: list[Any] = [
    pytest.param({}, "True Enforced", "True Serving", id="all is closed"),
    pytest.param({"heard": heard(metadata=NOTHING_THERE)}, "True Enforced", "True Serving", id="no metadata service anywhere"),
    pytest.param({"pods": TWO, "heard": {"pod": confined(), "other": confined()}}, "True Enforced", "True Serving", id="two pods"),
    pytest.param({"heard": heard(pods=NOT_ENFORCED)}, "False NotEnforced", "False NotEnforced", id="another pod is reached"),
    pytest.param({"heard": heard(allowed=REACHED)}, "True Enforced", "True Serving", id="what is allowed is reached"),
    pytest.param({"heard": heard(allowed=UNREACHED)}, "True Enforced", "True Serving", id="what is allowed is not reached"),
    pytest.param({"heard": heard(allowed=NOT_ALIVE)}, "True Enforced", "True Serving", id="what is allowed is down"),
    pytest.param(
        {"pods": TWO, "heard": {"pod": confined(), "other": confined(dns=NOT_ENFORCED)}},
        "False NotEnforced",
        "False NotEnforced",
        id="one node of two is open",
    ),
    pytest.param(
        {"pods": TWO, "heard": {"other": confined(dns=NOT_ENFORCED)}},
        "False NotEnforced",
        "False NotEnforced",
        id="open, and one is silent",
    ),
    pytest.param({"evidence": ALL}, "False NotEnforced", "False NotEnforced", id="the node is required to be closed"),
    pytest.param({"heard": {}}, "Unknown EvidenceNotSeen", "Unknown EvidenceNotSeen", id="silence"),
    pytest.param({"pods": TWO}, "Unknown EvidenceNotSeen", "Unknown EvidenceNotSeen", id="one of two is silent"),
    pytest.param({"heard": heard(outside=NO_TARGET)}, "Unknown Inconclusive", "Unknown Inconclusive", id="nothing to try outside"),
    pytest.param({"heard": heard(pods=NOT_ALIVE)}, "Unknown Inconclusive", "Unknown Inconclusive", id="the canary is down"),
    pytest.param({"heard": heard(dns=NOT_TRIED)}, "Unknown Inconclusive", "Unknown Inconclusive", id="the probe could not try"),
    pytest.param({"heard": heard(outside=COVERED)}, "Unknown Inconclusive", "Unknown Inconclusive", id="it may go there"),
    pytest.param({"heard": {"pod": Evidence("probe", {})}}, "Unknown Inconclusive", "Unknown Inconclusive", id="a pod that tells nothing"),
    pytest.param(
        {"pods": TWO, "heard": {"pod": confined(), "other": Evidence("probe", {"outside": ENFORCED})}},
        "Unknown Inconclusive",
        "Unknown Inconclusive",
        id="one of two does not tell of all",
    ),
    pytest.param(
        {"heard": heard(outside=NO_TARGET), "evidence": EgressEvidence(paths=("pods", "dns"))},
        "True Enforced",
        "True Serving",
        id="not asked for",
    ),
    pytest.param({"policies": (OTHERS,)}, "False WidenedByPolicy", "False WidenedByPolicy", id="a policy of others opens it"),
    pytest.param(
        {"policies": (OTHERS,), "heard": heard(pods=NOT_ENFORCED)},
        "False WidenedByPolicy",
        "False WidenedByPolicy",
        id="the cause comes first",
    ),
    pytest.param(
        {"unreadable": ("the right to list x",)}, "Unknown PoliciesNotReadable", "Unknown PoliciesNotReadable", id="others widen unseen"
    ),
    pytest.param(
        {"unreadable": ("the right to list x",), "heard": heard(pods=NOT_ENFORCED)},
        "False NotEnforced",
        "False NotEnforced",
        id="unseen, and open",
    ),
    pytest.param({"pods": (), "heard": {}}, "Unknown NotProven", "Unknown NotProven", id="no pod"),
    pytest.param({"pods": (), "heard": {}, "stateful_set": ZERO}, "Unknown ScaledToZero", "False ScaledToZero", id="no pod is asked for"),
    pytest.param(
        {"pods": (pod(deletionTimestamp="2026-01-01T00:00:00Z"), pod("other", phase="Failed")), "heard": {}},
        "Unknown NotProven",
        "Unknown NotProven",
        id="pods that have ended",
    ),
    pytest.param(
        {"pods": (WAITING,), "heard": {}, "stateful_set": STARTING}, "Unknown EvidenceNotSeen", "Unknown EvidenceNotSeen", id="in its gate"
    ),
    pytest.param(
        {"pods": (WAITING,), "heard": heard(pods=NOT_ENFORCED), "stateful_set": STARTING},
        "False NotEnforced",
        "False NotEnforced",
        id="held back by its gate, which says why",
    ),
    pytest.param({"pods": (WAITING,), "stateful_set": STARTING}, "True Enforced", "False PodsNotReady", id="let through by its gate"),
    pytest.param(
        {"pods": (UNMADE,), "heard": {}, "stateful_set": STARTING}, "Unknown EvidenceNotSeen", "False PodsNotReady", id="not yet on a node"
    ),
]


@pytest.mark.parametrize(("changes", "confinement", "ready"), CASES)
def test_verdicts(changes: dict[str, Any], confinement: str, ready: str) -> None:
    found, promises = judge(seen(**changes))

    assert f"{promises['EgressConfined'].status} {promises['EgressConfined'].reason}" == confinement
    assert f"{found.status} {found.reason}" == ready


@pytest.mark.parametrize(("changes", "confinement"), [case.values[:2] for case in CASES])
def test_what_is_reported_is_shown_and_waited_for_by_nobody(changes: dict[str, Any], confinement: str) -> None:
    """The same verdicts; Ready is what it would be without them."""
    wanted = changes.get("evidence", EgressEvidence()).model_copy(update={"mode": "Reported"})
    found, promises = judge(seen(**changes | {"evidence": wanted}))

    assert f"{promises['EgressConfined'].status} {promises['EgressConfined'].reason}" == confinement
    assert found.reason in ("Serving", "PodsNotReady", "ScaledToZero")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"heard": heard(outside=NOT_ENFORCED)}, False),
        ({"heard": {}}, False),
        ({"heard": {}, "evidence": REPORTED}, True),
        ({"problems": (WaitingError("SecretNotFound", "x", condition="GatewayReady"),)}, False),
        ({"problems": (TerminalError("NameCollision", "x"),)}, False),
        ({"problems": (WaitingError("NotResolved", "x", condition="ModelReady"),)}, True),
    ],
)
def test_documents_go_to_confined_assistants_alone(changes: dict[str, Any], expected: bool) -> None:
    """And to those of which all could be written: what is in the way of another model alone keeps no document from this one."""
    assert takes_documents(test_keeping.seen(**changes)) is expected


def message(**changes: Any) -> str:
    return judge_confinement(seen(**changes)).message


def test_what_was_seen_is_said_in_full() -> None:
    """And what is open all the same, where nobody asked for it to be closed."""
    assert (
        message()
        == "Seen from inside every pod: outside, pods, metadata and dns are out of reach. Open in this cluster: apiServer, ownNode."
    )
    assert (
        message(heard=heard(metadata=NOTHING_THERE, apiServer=ENFORCED, ownNode=ENFORCED))
        == "Seen from inside every pod: outside, pods, metadata and dns are out of reach. "
        "The operator reaches no metadata service either."
    )
    assert message(evidence=EgressEvidence(paths=("dns",)), heard=heard(apiServer=NOT_ALIVE, ownNode=NO_TARGET)) == (
        "Seen from inside every pod: dns is out of reach."
    )


def test_what_is_allowed_and_not_reachable_is_named() -> None:
    """Once, whoever does not reach it; as an addition to what holds, and only where that was seen."""
    more = path_seen("NotEnforced", "Blocked", unreached=("10.96.0.77:5432", "10.20.0.5:443"))
    closed = heard(apiServer=ENFORCED, ownNode=ENFORCED)["pod"].paths
    told = {uid: Evidence("probe", {**closed, "allowed": one}) for uid, one in (("pod", UNREACHED), ("other", more))}

    assert message(pods=TWO, heard=told) == (
        "Seen from inside every pod: outside, pods, metadata and dns are out of reach. "
        "Allowed but not reachable: 10.20.0.5:443, 10.96.0.77:5432."
    )
    for one in (REACHED, NOT_ALIVE, NOT_TRIED):
        assert "llowed" not in message(heard=heard(allowed=one))


def test_what_is_open_is_named_in_one_order() -> None:
    """However the pods came by it; with the remedy for what is open in most clusters."""
    text = message(pods=TWO, heard={"pod": confined(dns=NOT_ENFORCED), "other": confined(outside=NOT_ENFORCED)})

    assert "outside, dns." in text
    assert "spec.egress.evidence.paths" not in text
    assert "leave them out of spec.egress.evidence.paths" in message(evidence=ALL)


@pytest.mark.parametrize(
    ("path", "told", "words"),
    [
        ("outside", NO_TARGET, "--outside-targets"),
        ("pods", NO_TARGET, "--canary"),
        ("pods", NOT_ALIVE, "does not reach the canary"),
        ("outside", COVERED, "198.51.100.0/24"),
        ("dns", NOT_TRIED, "could not try"),
    ],
)
def test_a_doubt_says_what_to_do(path: PathClass, told: PathSeen, words: str) -> None:
    text = message(heard={"pod": confined(**{path: told})})

    assert f"{path}: " in text
    assert words in text
    assert "spec.egress.evidence.paths" in text


def test_every_reason_has_words_for_every_path() -> None:
    """None of them too long for a condition, even all at once."""
    for reason in ("NoTarget", "NotAlive", "NotTried"):
        text = message(evidence=ALL, heard={"pod": Evidence("probe", {path: path_seen("Inconclusive", reason) for path in PATHS})})
        assert all(f"{path}: " in text for path in PATHS)
        assert len(text) < 1024


def test_time_heals_what_the_network_does() -> None:
    """A network that does not enforce may start to: the operator goes on looking. A policy of others stays until somebody removes it."""
    assert judge_confinement(seen(heard=heard(pods=NOT_ENFORCED))).course is Course.MOVING
    assert judge_confinement(seen(policies=(OTHERS,))).course is Course.STUCK


def judged(verdict: ClassVerdict) -> PathSeen:
    return PathSeen(verdict.verdict, verdict.reason, verdict.is_satisfied, START)


outcomes: list[tuple[Verdict, Reason]] = [
    ("Enforced", "Blocked"), ("NotEnforced", "Reached"),
    ("Inconclusive", "NoTarget"), ("Inconclusive", "NotTried"), ("Inconclusive", "NothingThere"), ("Inconclusive", "NotAlive"),
]  # fmt: skip
verdicts = st.sampled_from(outcomes).map(lambda pair: judged(ClassVerdict(*pair)))
evidences = st.dictionaries(st.sampled_from(EVIDENCE_PATHS), verdicts).map(lambda paths: Evidence("probe", paths))


@given(
    told=st.lists(st.one_of(st.none(), evidences), max_size=4),
    required=st.lists(st.sampled_from(PATHS), min_size=1, unique=True),
)
def test_true_takes_every_required_path_in_every_pod(told: list[Evidence | None], required: list[PathClass]) -> None:
    """Whatever the pods tell, or keep to themselves."""
    pods = tuple(pod(str(number)) for number in range(len(told)))
    known = {str(number): one for number, one in enumerate(told) if one is not None}
    verdict = judge_confinement(Observed(pods=pods, heard=known, evidence=EgressEvidence(paths=tuple(required))))
    shown = all(one is not None and path in one.paths and one.paths[path].is_satisfied for one in told for path in required)

    assert (verdict.status == "True") == (bool(pods) and shown)


def rows(found: tuple[EvidenceStatus, ...]) -> set[tuple[str, str, str, bool]]:
    return {(one.path, one.node, one.verdict, one.required) for one in found}


def test_status_has_a_row_for_each_path_and_node() -> None:
    """With the worst that a pod there saw, and whether it is required."""
    pods = (pod("pod"), pod("same"), pod("other", node="elsewhere"))
    told = {"pod": confined(), "same": confined(dns=NOT_ENFORCED), "other": confined()}
    found = evidence_status(seen(pods=pods, heard=told), ())

    assert len(found) == 12
    assert [(one.path, one.node) for one in found] == sorted((one.path, one.node) for one in found)
    assert rows(found) >= {
        ("dns", "node", "NotEnforced", True),
        ("dns", "elsewhere", "Enforced", True),
        ("apiServer", "node", "NotEnforced", False),
        ("pods", "node", "Enforced", True),
    }
    assert not any(one.required for one in evidence_status(seen(pods=pods, heard=told, evidence=REPORTED), ()))


def test_status_tells_of_what_is_allowed() -> None:
    """By node as all else, and never as required."""
    told = {"pod": confined(allowed=REACHED), "other": confined(allowed=UNREACHED)}
    found = evidence_status(seen(pods=TWO, heard=told, evidence=ALL), ())

    assert {row for row in rows(found) if row[0] == "allowed"} == {
        ("allowed", "node", "Enforced", False),
        ("allowed", "elsewhere", "NotEnforced", False),
    }
    assert {one.required for one in found if one.path != "allowed"} == {True}


def test_a_check_is_as_old_as_the_oldest_of_its_pods() -> None:
    late = replace(ENFORCED, at=START + timedelta(seconds=30))
    told = {"pod": confined(dns=late), "same": confined()}
    found = {one.path: one for one in evidence_status(seen(pods=(pod("pod"), pod("same")), heard=told), ())}

    assert found["dns"].last_checked == "2026-01-01T00:00:00Z"


def test_status_is_not_written_for_the_time_alone_until_it_is_old() -> None:
    """Five minutes; a verdict that changes is written at once, and with it all times."""
    first = evidence_status(seen(), ())
    soon = {"pod": confined(START + timedelta(seconds=299))}
    later = {"pod": confined(START + timedelta(seconds=300))}

    assert evidence_status(seen(heard=soon), first) == first
    assert {one.last_checked for one in evidence_status(seen(heard=later), first)} == {"2026-01-01T00:05:00Z"}
    changed = evidence_status(seen(heard={"pod": confined(START + timedelta(seconds=10), dns=NOT_ENFORCED)}), first)
    assert {one.last_checked for one in changed} == {"2026-01-01T00:00:10Z", "2026-01-01T00:00:00Z"}
    by_hand = tuple(one.model_copy(update={"last_checked": "yesterday"}) for one in first)
    assert evidence_status(seen(), by_hand) == first


def test_what_was_told_of_a_node_stands_while_it_is_silent() -> None:
    """And goes with the last pod there."""
    before = evidence_status(seen(pods=TWO, heard={"pod": confined(), "other": confined()}), ())

    silent = evidence_status(seen(pods=TWO, heard={"pod": confined()}), before)
    gone = evidence_status(seen(pods=TWO[:1], heard={"pod": confined()}), before)

    assert silent == before
    assert {one.node for one in gone} == {"node"}
    assert evidence_status(seen(pods=(), heard={}), before) == ()
