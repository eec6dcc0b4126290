"""What is missing first: one table for each chain."""

from typing import Any

import pytest

from assistant_operator.errors import TerminalError, WaitingError
from assistant_operator.naming import ANNOTATION_POLICY_REVISION
from assistant_operator.reconcile.asking.gateways import Fault
from assistant_operator.reconcile.judging.observed import Observed, ProxySeen
from assistant_operator.reconcile.judging.pods import Trouble
from assistant_operator.reconcile.judging.pull import ModelRecord, Phase, PullView
from assistant_operator.reconcile.judging.readiness import judge
from assistant_operator.reconcile.verdict import Course
from tests.support.evidence import confined
from tests.support.gateways import CURRENT, masked, masking

RECORD = ModelRecord("m", "sha256:" + "a" * 64, "one-models")
SUCCEEDED = PullView(Phase.SUCCEEDED, digest=RECORD.digest)
POD = {"metadata": {"uid": "pod"}, "spec": {"nodeName": "node"}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}


def stateful_set(**status: Any) -> dict[str, Any]:
    counts = {
        "replicas": 1,
        "readyReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": "r",
        "updateRevision": "r",
        "observedGeneration": 3,
    }
    template = {"metadata": {"annotations": {ANNOTATION_POLICY_REVISION: CURRENT}}}
    return {"metadata": {"generation": 3}, "spec": {"replicas": 1, "template": template}, "status": counts | status}


def seen(**changes: Any) -> Observed:
    base: dict[str, Any] = {
        "pull": SUCCEEDED, "model": RECORD, "is_wanted": True, "stateful_set": stateful_set(), "pods": (POD,), "heard": {"pod": confined()},
        "told": {"pod": masked(masking()), "other": masked(masking())},
    }  # fmt: skip
    return Observed(**(base | changes))


def failed(reason: str) -> PullView:
    return PullView(Phase.FAILED, trouble=Trouble(reason, "No."))


ZERO = stateful_set(replicas=0, readyReplicas=0, updatedReplicas=0) | {"spec": {"replicas": 0}}
UNSCHEDULABLE = {"metadata": {}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}
OLD = {"is_wanted": False}
LOADING = masked(masking()).model_copy(update={"waits_for": Fault(reason="ModelLoading", message="The model has not answered yet.")})

CASES: list[Any] = [
    pytest.param({}, "True Serving", "True ModelVerified", "True Serving", id="all is well"),
    pytest.param(
        {"pull": PullView(Phase.ABSENT)}, "True Serving", "True ModelVerified", "True Serving", id="the Job is gone, the record is there"
    ),
    pytest.param(
        {"pull": PullView(Phase.ABSENT), "model": None, "is_wanted": False, "stateful_set": None},
        "Unknown PullNotStarted",
        "Unknown PullNotStarted",
        "Unknown WaitingForModel",
        id="nothing yet",
    ),
    pytest.param(
        {"pull": PullView(Phase.RUNNING), "model": None, "is_wanted": False, "stateful_set": None},
        "Unknown Pulling",
        "Unknown Pulling",
        "Unknown WaitingForModel",
        id="the first pull",
    ),
    pytest.param(
        {"pull": PullView(Phase.RUNNING)} | OLD, "Unknown Pulling", "Unknown Pulling", "True Serving", id="another model is pulled"
    ),
    pytest.param(
        {"pull": PullView(Phase.RUNNING, trouble=Trouble("NoSpace", "Full."))} | OLD,
        "False NoSpace",
        "False NoSpace",
        "True Serving",
        id="the pull is tried again",
    ),
    pytest.param(
        {"proxy": ProxySeen(), "stateful_set": None},
        "Unknown EgressProxyNotReady",
        "True ModelVerified",
        "Unknown NotCreated",
        id="hosts are allowed, and the pods wait for their proxy",
    ),
    pytest.param(
        {"proxy": ProxySeen(), "pull": PullView(Phase.RUNNING)} | OLD,
        "Unknown Pulling",
        "Unknown Pulling",
        "True Serving",
        id="the model before the proxy",
    ),
    pytest.param({"pull": failed("NoSpace")} | OLD, "False NoSpace", "False NoSpace", "True Serving", id="the pull failed"),
    pytest.param(
        {"pull": failed("DigestMismatch")} | OLD,
        "False DigestMismatch",
        "False DigestMismatch",
        "True Serving",
        id="the pull failed for good",
    ),
    pytest.param(
        {"pull": failed("DigestMismatch")}, "True Serving", "True ModelVerified", "True Serving", id="a failed Job of no interest"
    ),
    pytest.param({"stateful_set": None}, "Unknown NotCreated", "True ModelVerified", "Unknown NotCreated", id="no pods asked for"),
    pytest.param({"stateful_set": ZERO}, "False ScaledToZero", "True ModelVerified", "False ScaledToZero", id="no replicas"),
    pytest.param(
        {"stateful_set": stateful_set(observedGeneration=2)},
        "Unknown RolloutNotObserved",
        "True ModelVerified",
        "Unknown RolloutNotObserved",
        id="the controller is behind",
    ),
    pytest.param(
        {"stateful_set": {"metadata": {"generation": 1}, "spec": {}}},
        "Unknown RolloutNotObserved",
        "True ModelVerified",
        "Unknown RolloutNotObserved",
        id="no status at all",
    ),
    pytest.param(
        {"stateful_set": stateful_set(currentRevision="q")},
        "Unknown RollingOut",
        "True ModelVerified",
        "Unknown RollingOut",
        id="rolling out",
    ),
    pytest.param(
        {"stateful_set": stateful_set(updatedReplicas=0)},
        "Unknown RollingOut",
        "True ModelVerified",
        "Unknown RollingOut",
        id="no pod is new yet",
    ),
    pytest.param(
        {"stateful_set": stateful_set(readyReplicas=0)}, "False PodsNotReady", "True ModelVerified", "False PodsNotReady", id="not ready"
    ),
    pytest.param(
        {"stateful_set": stateful_set(replicas=2)},
        "False PodsNotReady",
        "True ModelVerified",
        "False PodsNotReady",
        id="one too many still",
    ),
    pytest.param(
        {"stateful_set": stateful_set(readyReplicas=0), "told": {"pod": LOADING, "other": masked(masking())}},
        "False ModelLoading",
        "True ModelVerified",
        "False ModelLoading",
        id="a gateway says what it waits for",
    ),
    pytest.param({"told": {"pod": LOADING}}, "True Serving", "True ModelVerified", "True Serving", id="what it waited for a moment ago"),
    pytest.param({"pods": (UNSCHEDULABLE,)}, "False Unschedulable", "True ModelVerified", "False Unschedulable", id="a pod says why"),
    pytest.param(
        {"problems": (TerminalError("SpecInvalid", "x"),)},
        "False SpecInvalid",
        "True ModelVerified",
        "True Serving",
        id="the spec is wrong",
    ),
    pytest.param(
        {"problems": (WaitingError("SecretNotFound", "x", condition="GatewayReady"),)},
        "False SecretNotFound",
        "True ModelVerified",
        "False SecretNotFound",
        id="a Secret of the gateway is missing",
    ),
    pytest.param(
        {"problems": (WaitingError("SecretNotFound", "x", condition="ModelReady"),)} | OLD,
        "False SecretNotFound",
        "False SecretNotFound",
        "True Serving",
        id="a Secret of the pull is missing",
    ),
]


@pytest.mark.parametrize(("changes", "ready", "model", "gateway"), CASES)
def test_verdicts(changes: dict[str, Any], ready: str, model: str, gateway: str) -> None:
    found, promises = judge(seen(**changes))

    assert f"{found.status} {found.reason}" == ready
    assert f"{promises['ModelReady'].status} {promises['ModelReady'].reason}" == model
    assert f"{promises['GatewayReady'].status} {promises['GatewayReady'].reason}" == gateway


def test_only_what_time_does_not_heal_is_stuck() -> None:
    assert judge(seen(pull=failed("DigestMismatch"), is_wanted=False))[0].course is Course.STUCK
    assert judge(seen(pull=failed("Unauthorized"), is_wanted=False))[0].course is Course.MOVING
    assert judge(seen(problems=(TerminalError("NameCollision", "x"),)))[0].course is Course.STUCK
    assert judge(seen(problems=(WaitingError("SecretNotFound", "x"),)))[0].course is Course.MOVING


def test_ready_is_true_only_with_every_promise() -> None:
    """For every case of the table."""
    for case in CASES:
        ready, promises = judge(seen(**case.values[0]))
        if ready.status == "True":
            assert {verdict.status for verdict in promises.values()} == {"True"}
