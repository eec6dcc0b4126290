"""RedactionActive: what is missing first, as a table."""

from typing import Any

import pytest

from assistant_operator.api.v1alpha1.redaction import Pattern, Redaction, RequestRedaction, ResponseRedaction
from assistant_operator.errors import TerminalError
from assistant_operator.reconcile.asking.gateways import Fault
from assistant_operator.reconcile.judging.observed import Observed, StoreSeen
from assistant_operator.reconcile.judging.pull import Phase, PullView
from assistant_operator.reconcile.judging.readiness import judge, takes_documents
from assistant_operator.reconcile.verdict import Course
from tests.support.evidence import NOT_ENFORCED, confined
from tests.support.gateways import masked, masking, told
from tests.unit.operator.reconcile.judging.test_readiness import POD, ZERO, seen, stateful_set

OFF = Redaction(request=RequestRedaction(action="Off"))
CARDS = Redaction(request=RequestRedaction(action="Off"), response=ResponseRedaction(action="Mask", entities=("CARD",)))
STAFF = Redaction(patterns=(Pattern(name="staff-id", expression="STAFF-[0-9]{4}"),))
OTHER = {"metadata": {"uid": "other"}, "spec": {"nodeName": "node"}, "status": {"phase": "Running", "podIP": "10.0.0.2"}}
GONE = {"metadata": {"uid": "other", "deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running"}}
HEARD = {"pod": confined(), "other": confined()}
WELL = masked(masking())
FAILS = masked(masking("EMAIL"))
NAMELESS = masked(masking().model_copy(update={"fault": Fault(reason="NamesUnavailable", message="It does not run.")}))
BUSY = {"stateful_set": stateful_set(readyReplicas=0)}

CASES: list[Any] = [
    pytest.param({}, "True Serving", "True Active", id="all is well"),
    pytest.param({"redaction": OFF, "told": {}}, "True Serving", "False NotRequested", id="nothing is asked for"),
    pytest.param({"redaction": OFF, "told": {"pod": FAILS}}, "True Serving", "False NotRequested", id="a failure that nobody asked about"),
    pytest.param({"redaction": CARDS}, "True Serving", "True Active", id="answers alone"),
    pytest.param(
        {"redaction": CARDS, "told": {"pod": masked(masking(without=["EMAIL"]))}}, "True Serving", "True Active", id="what is asked for"
    ),
    pytest.param({"redaction": STAFF}, "True Serving", "True Active", id="patterns are not waited for: nothing can be made up for them"),
    pytest.param({"told": {"pod": FAILS}}, "False SelfCheckFailed", "False SelfCheckFailed", id="a type comes through"),
    pytest.param(
        {"told": {"pod": FAILS}} | BUSY, "False SelfCheckFailed", "False SelfCheckFailed", id="before the pods that are not ready"
    ),
    pytest.param(
        {"told": {"pod": masked(masking("EMAIL", recent=False))}}, "False SelfCheckFailed", "False SelfCheckFailed", id="an old failure"
    ),
    pytest.param(
        {"told": {"pod": WELL, "other": FAILS}, "pods": (POD, OTHER), "heard": HEARD},
        "False SelfCheckFailed",
        "False SelfCheckFailed",
        id="one of two fails",
    ),
    pytest.param(
        {"heard": {"pod": confined(outside=NOT_ENFORCED)}, "told": {"pod": FAILS}},
        "False NotEnforced",
        "False SelfCheckFailed",
        id="what leaves the pods comes first",
    ),
    pytest.param(
        {"told": {"pod": NAMELESS}} | BUSY,
        "False NamesUnavailable",
        "False NamesUnavailable",
        id="names cannot be found, so pods are not ready",
    ),
    pytest.param(
        {"told": {"pod": WELL, "other": NAMELESS}, "pods": (POD, OTHER), "heard": HEARD},
        "False NamesUnavailable",
        "False NamesUnavailable",
        id="names cannot be found by one of two",
    ),
    pytest.param(
        {"told": {"pod": FAILS, "other": NAMELESS}, "pods": (POD, OTHER), "heard": HEARD},
        "False SelfCheckFailed",
        "False SelfCheckFailed",
        id="what comes through says more than who is away",
    ),
    pytest.param({"redaction": OFF, "told": {"pod": NAMELESS}}, "True Serving", "False NotRequested", id="a fault that nobody asked about"),
    pytest.param({"told": {}}, "Unknown RedactionNotSeen", "Unknown RedactionNotSeen", id="silence"),
    pytest.param(
        {"told": {"pod": masked(None)}}, "Unknown RedactionNotSeen", "Unknown RedactionNotSeen", id="a gateway that masks nothing"
    ),
    pytest.param(
        {"told": {"pod": masked(masking(recent=False))}}, "Unknown RedactionNotSeen", "Unknown RedactionNotSeen", id="an old success"
    ),
    pytest.param(
        {"pods": (POD, OTHER), "heard": HEARD, "told": {"pod": WELL}},
        "Unknown RedactionNotSeen",
        "Unknown RedactionNotSeen",
        id="one of two is silent",
    ),
    pytest.param({"pods": (POD, GONE), "told": {"pod": WELL}}, "True Serving", "True Active", id="one that goes is not asked"),
    pytest.param(
        {"told": {"pod": masked(masking(revision="older"))}}, "Unknown OtherPolicy", "Unknown OtherPolicy", id="by an older policy"
    ),
    pytest.param(
        {"told": {"pod": masked(masking(without=["IBAN"]))}}, "Unknown OtherPolicy", "Unknown OtherPolicy", id="a type was not tried"
    ),
    pytest.param(BUSY, "False PodsNotReady", "Unknown GatewayNotServing", id="not ready"),
    pytest.param({"stateful_set": ZERO, "told": {}}, "False ScaledToZero", "Unknown ScaledToZero", id="no replicas"),
    pytest.param(
        {"pull": PullView(Phase.RUNNING), "model": None, "is_wanted": False, "stateful_set": None, "told": {}, "pods": ()},
        "Unknown Pulling",
        "Unknown GatewayNotServing",
        id="the first pull",
    ),
    pytest.param({"problems": (TerminalError("SpecInvalid", "x"),)}, "False SpecInvalid", "True Active", id="what runs goes on"),
]


@pytest.mark.parametrize(("changes", "ready", "redaction"), CASES)
def test_verdicts(changes: dict[str, Any], ready: str, redaction: str) -> None:
    found, promises = judge(seen(**changes))

    assert f"{found.status} {found.reason}" == ready
    assert f"{promises['RedactionActive'].status} {promises['RedactionActive'].reason}" == redaction


def test_ready_waits_for_redaction_that_is_asked_for() -> None:
    """For every case of the table: Unknown is never ready."""
    for case in CASES:
        observed = seen(**case.values[0])
        ready, promises = judge(observed)
        if ready.status == "True":
            assert promises["RedactionActive"].status == "True" or not observed.redaction.is_on


def test_the_message_names_what_comes_through() -> None:
    """Types and the author's own names, in the same order whoever was heard first; a type's values are known to nobody."""
    one, other = masked(masking("PHONE")), masked(masking("CUSTOM:staff-id", "EMAIL"))

    messages = {
        judge(seen(told=told, pods=(POD, OTHER), heard=HEARD))[0].message
        for told in ({"pod": one, "other": other}, {"pod": other, "other": one})
    }

    (message,) = messages
    assert "not masked: pattern staff-id, EMAIL, PHONE." in message


def test_messages_are_sentences() -> None:
    for case in CASES:
        verdict = judge(seen(**case.values[0]))[1]["RedactionActive"]
        assert verdict.message.endswith(".")


def test_what_is_not_asked_for_is_at_rest() -> None:
    """An assistant without redaction has arrived: nothing is under way."""
    ready, promises = judge(seen(redaction=OFF))

    assert promises["RedactionActive"].course is Course.SETTLED
    assert ready.course is Course.SETTLED


@pytest.mark.parametrize(
    ("redaction", "expected"), [(masking(), True), (masking("EMAIL"), False), (masking(recent=False), False), (None, False)]
)
def test_no_document_is_taken_in_before_it_is_masked(redaction: Any, expected: bool) -> None:
    """What is stored is masked first, so an ingest waits until it is seen that it is."""
    observed: Observed = seen(
        store=StoreSeen(is_managed=True, stateful_set=stateful_set()), told={"pod": told().model_copy(update={"redaction": redaction})}
    )

    assert takes_documents(observed) is expected
