"""StoreReady and RetentionEnforced: what is missing first, as a table."""

from dataclasses import replace
from typing import Any

import pytest

from assistant_operator.api.v1alpha1.redaction import Redaction, RequestRedaction
from assistant_operator.errors import TerminalError, WaitingError
from assistant_operator.reconcile.asking.gateways import GatewayStatus, IndexTold, RetentionTold, StoreTold
from assistant_operator.reconcile.judging.observed import Observed, StoreSeen
from assistant_operator.reconcile.judging.pull import Phase, PullView
from assistant_operator.reconcile.judging.readiness import judge, takes_documents
from tests.support.evidence import confined
from tests.support.gateways import masked, masking, told
from tests.support.pods import waiting
from tests.unit.operator.reconcile.judging.test_readiness import POD, RECORD, SUCCEEDED, ZERO, stateful_set

CRASHING = {"metadata": {}, "status": {"containerStatuses": [waiting("store", "ImagePullBackOff")]}}
NEVER_PURGED = GatewayStatus(store=StoreTold(), retention=RetentionTold(is_late=False))
FULL = told("StoreFull").model_copy(update={"retention": told().retention})
REBUILDING = told().model_copy(update={"index": IndexTold(state="Rebuilding")})
MANAGED = StoreSeen(is_managed=True, stateful_set=stateful_set())
EXTERNAL = StoreSeen(is_managed=False)


def managed(**changes: Any) -> StoreSeen:
    return replace(MANAGED, **changes)


def seen(**changes: Any) -> Observed:
    base: dict[str, Any] = {
        "pull": SUCCEEDED, "model": RECORD, "is_wanted": True, "stateful_set": stateful_set(), "store": MANAGED, "told": {"pod": told()},
        "pods": (POD,), "heard": {"pod": confined()}, "redaction": OFF,
    }  # fmt: skip
    return Observed(**(base | changes))


OFF = Redaction(request=RequestRedaction(action="Off"))
WAITS: dict[str, Any] = {"pull": PullView(Phase.RUNNING), "model": None, "is_wanted": False, "stateful_set": None, "told": {}}
SECRET = WaitingError("SecretNotFound", "x", condition="StoreReady")

CASES: list[Any] = [
    pytest.param({}, "True Serving", "True Connected", "True OnTime", id="all is well"),
    pytest.param({"store": EXTERNAL}, "True Serving", "True Connected", "True OnTime", id="all is well elsewhere"),
    pytest.param({"told": {"pod": told(), "other": told()}}, "True Serving", "True Connected", "True OnTime", id="two gateways"),
    pytest.param(
        {"told": {"pod": told(), "new": masked(masking())}}, "True Serving", "True Connected", "True OnTime", id="one has just started"
    ),
    pytest.param(WAITS, "Unknown Pulling", "Unknown StoreNotSeen", "Unknown PurgeNotSeen", id="the first pull"),
    pytest.param(
        {"problems": (SECRET,), "told": {}},
        "False SecretNotFound",
        "False SecretNotFound",
        "Unknown PurgeNotSeen",
        id="its Secret is missing",
    ),
    pytest.param(
        {"problems": (SECRET,)},
        "False SecretNotFound",
        "False SecretNotFound",
        "True OnTime",
        id="its Secret is missing, what runs goes on",
    ),
    pytest.param(
        {"problems": (TerminalError("NameCollision", "x"),)},
        "False NameCollision",
        "True Connected",
        "True OnTime",
        id="something else is wrong",
    ),
    pytest.param(
        {"store": managed(stateful_set=None)}, "Unknown StoreNotCreated", "Unknown StoreNotCreated", "True OnTime", id="no pod asked for"
    ),
    pytest.param(
        {"store": managed(pods=(CRASHING,))}, "False ImagePullFailed", "False ImagePullFailed", "True OnTime", id="its pod says why"
    ),
    pytest.param(
        {"store": managed(stateful_set=stateful_set(observedGeneration=2))},
        "Unknown StoreStarting",
        "Unknown StoreStarting",
        "True OnTime",
        id="the controller is behind",
    ),
    pytest.param(
        {"store": managed(stateful_set=stateful_set(currentRevision="q"))},
        "Unknown StoreStarting",
        "Unknown StoreStarting",
        "True OnTime",
        id="its pod is replaced",
    ),
    pytest.param(
        {"store": managed(stateful_set={"metadata": {"generation": 1}})},
        "Unknown StoreStarting",
        "Unknown StoreStarting",
        "True OnTime",
        id="no status at all",
    ),
    pytest.param(
        {"store": managed(stateful_set=stateful_set(readyReplicas=0))},
        "False StoreNotReady",
        "False StoreNotReady",
        "True OnTime",
        id="its pod does not answer",
    ),
    pytest.param(
        {"told": {"pod": told("StoreUnreachable")}, "stateful_set": stateful_set(readyReplicas=0)},
        "False StoreUnreachable",
        "False StoreUnreachable",
        "Unknown PurgeNotSeen",
        id="a fault comes before the gateways that are not ready for it",
    ),
    pytest.param(
        {"told": {"pod": told(), "other": told("StoreFull")}},
        "False StoreFull",
        "False StoreFull",
        "True OnTime",
        id="one gateway of two has a fault",
    ),
    pytest.param({"told": {}}, "Unknown StoreNotSeen", "Unknown StoreNotSeen", "Unknown PurgeNotSeen", id="silence"),
    pytest.param(
        {"told": {"pod": GatewayStatus()}},
        "Unknown StoreNotSeen",
        "Unknown StoreNotSeen",
        "Unknown PurgeNotSeen",
        id="an older gateway, without a store",
    ),
    pytest.param(
        {"told": {"pod": NEVER_PURGED}}, "Unknown PurgeNotSeen", "True Connected", "Unknown PurgeNotSeen", id="before the first purge"
    ),
    pytest.param(
        {"told": {"pod": FULL}}, "False StoreFull", "False StoreFull", "Unknown PurgeNotSeen", id="of a store with a fault nothing is shown"
    ),
    pytest.param({"told": {"pod": told(late=True)}}, "False PurgeLate", "True Connected", "False PurgeLate", id="late"),
    pytest.param(
        {"told": {"pod": told(), "other": told(late=True)}},
        "False PurgeLate",
        "True Connected",
        "False PurgeLate",
        id="late as one of them sees it",
    ),
    pytest.param({"told": {"pod": REBUILDING}}, "True Serving", "True IndexRebuilding", "True OnTime", id="another embedding model"),
    pytest.param(
        {"stateful_set": ZERO, "told": {}},
        "False ScaledToZero",
        "Unknown StoreNotSeen",
        "Unknown PurgeNotSeen",
        id="nobody is there to purge",
    ),
    pytest.param({"store": None, "told": {}}, "True Serving", "None", "True NothingKept", id="nothing is kept"),
    pytest.param(
        {"store": None, "told": {}, "stateful_set": ZERO},
        "False ScaledToZero",
        "None",
        "Unknown ScaledToZero",
        id="nothing is kept by nobody",
    ),
    pytest.param(
        {"store": None, "told": {}, "stateful_set": stateful_set(readyReplicas=0)},
        "False PodsNotReady",
        "None",
        "Unknown GatewayNotServing",
        id="nothing is kept, but who shows it?",
    ),
]


@pytest.mark.parametrize(("changes", "ready", "store", "retention"), CASES)
def test_verdicts(changes: dict[str, Any], ready: str, store: str, retention: str) -> None:
    found, promises = judge(seen(**changes))

    assert f"{found.status} {found.reason}" == ready
    assert " ".join([promises["StoreReady"].status, promises["StoreReady"].reason] if "StoreReady" in promises else ["None"]) == store
    assert f"{promises['RetentionEnforced'].status} {promises['RetentionEnforced'].reason}" == retention


def test_ready_is_true_only_with_every_promise() -> None:
    """For every case of the table, of what is asked for: Unknown is never ready."""
    for case in CASES:
        ready, promises = judge(seen(**case.values[0]))
        asked_for = {verdict.status for name, verdict in promises.items() if name != "RedactionActive"}
        assert (ready.status == "True") == (asked_for == {"True"}) or seen(**case.values[0]).problems


def test_messages_say_what_to_do_and_change_from_nothing() -> None:
    for case in CASES:
        for verdict in judge(seen(**case.values[0]))[1].values():
            assert verdict.message.endswith(".") or verdict.message == "x"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"told": {"pod": REBUILDING}}, True),
        ({"told": {"pod": told(late=True)}}, True),
        ({"problems": (WaitingError("Unauthorized", "x", condition="ModelReady"),)}, True),
        ({"problems": (SECRET,)}, False),
        ({"told": {}}, False),
        ({"told": {"pod": told("StoreFull")}}, False),
        ({"stateful_set": stateful_set(observedGeneration=2)}, False),
        ({"stateful_set": ZERO}, False),
        ({"store": None}, False),
    ],
)
def test_when_documents_are_taken_in(changes: dict[str, Any], expected: bool) -> None:
    assert takes_documents(seen(**changes)) is expected
