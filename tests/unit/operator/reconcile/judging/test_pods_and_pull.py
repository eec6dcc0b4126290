"""What is read from Jobs and pods, hostile termination messages included."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.status import ModelStatus
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.judging import pods, pull
from assistant_operator.reconcile.judging.pull import ModelRecord, Phase
from tests.support.pods import terminated, waiting

DIGEST = "sha256:" + "a" * 64
JOB: Object = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "uid": "job"}}


def ended(kind: str) -> Object:
    return {**JOB, "status": {"conditions": [{"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}


def pod(*containers: Object, phase: str = "Running", owner: str = "job", **status: Any) -> Object:
    meta = {"name": "p", "uid": "p", "ownerReferences": [{"uid": owner, "controller": True}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "status": {"phase": phase, "containerStatuses": list(containers), **status},
    }


def said(**words: Any) -> str:
    return json.dumps(words)


def test_no_job_no_pull() -> None:
    assert pull.view(None, []) == pull.ABSENT
    assert pull.view({**JOB, "metadata": {**JOB["metadata"], "deletionTimestamp": "x"}}, []) == pull.ABSENT


def test_a_running_pull_tells_where_to_ask() -> None:
    view = pull.view(JOB, [pod(phase="Running", podIP="10.0.0.1")])

    assert (view.phase, view.pod_ip, view.pod_uid, view.trouble) == (Phase.RUNNING, "10.0.0.1", "p", None)


def test_a_result_is_read_from_the_pod_of_this_job_only() -> None:
    """A pod of another Job, or one that anybody labelled, says nothing."""
    good = terminated("pull", 0, said(digest=DIGEST, sizeBytes=5))
    assert pull.view(ended("Complete"), [pod(good)]).digest == DIGEST
    assert pull.view(ended("Complete"), [pod(good)]).size_bytes == 5
    assert pull.view(ended("Complete"), [pod(good, owner="other")]).digest is None


@pytest.mark.parametrize(
    "words",
    [{}, {"digest": "sha256:x"}, {"digest": DIGEST.upper()}, {"digest": DIGEST + "\n"}, {"digest": None}, {"digest": [DIGEST]}],
)
def test_a_result_that_is_no_digest_is_none(words: dict[str, Any]) -> None:
    view = pull.view(ended("Complete"), [pod(terminated("pull", 0, json.dumps(words)))])

    assert view.phase is Phase.SUCCEEDED
    assert view.digest is None


def test_a_pod_that_only_names_the_job_as_an_owner_is_not_its() -> None:
    """Anybody's can, to go when the Job goes: what it says is no result."""
    theirs = pod(terminated("pull", 0, said(digest=DIGEST)))
    del theirs["metadata"]["ownerReferences"][0]["controller"]

    assert pull.view(ended("Complete"), [theirs]).digest is None


@pytest.mark.parametrize("size", [-1, "5", True, 1.5, None, 2**63])
def test_a_size_that_is_none_is_left_out(size: Any) -> None:
    assert pull.view(ended("Complete"), [pod(terminated("pull", 0, said(digest=DIGEST, sizeBytes=size)))]).size_bytes is None


def test_a_result_of_a_container_that_failed_is_none() -> None:
    assert pull.view(ended("Complete"), [pod(terminated("pull", 1, said(digest=DIGEST)))]).digest is None


def test_a_failure_carries_the_pullers_words() -> None:
    view = pull.view(ended("Failed"), [pod(terminated("pull", 42, said(reason="Unauthorized", message="The registry says no.")))])

    assert view.phase is Phase.FAILED
    assert view.trouble == pods.Trouble("Unauthorized", "The registry says no.")
    assert view.ended_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_failure_without_words_has_a_reason_all_the_same() -> None:
    trouble = pull.view(ended("Failed"), []).trouble

    assert trouble is not None
    assert trouble.reason == "PullFailed"


@pytest.mark.parametrize(
    ("reason", "after"), [("NoSpace", 2), ("PullFailed", 2), ("Unauthorized", 10), ("ModelNotFound", 10), ("DigestMismatch", None)]
)
def test_when_a_failed_pull_is_tried_again(reason: str, after: int | None) -> None:
    view = pull.view(ended("Failed"), [pod(terminated("pull", 42, said(reason=reason, message="x")))])

    expected = None if after is None else datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=after)
    assert view.retry_at() == expected


def test_a_result_may_come_later_than_the_news_of_the_jobs_end() -> None:
    """Two streams: for a while the Job is not made anew."""
    assert pull.view(ended("Complete"), []).retry_at() == datetime(2026, 1, 1, tzinfo=UTC) + pull.LATE
    assert pull.view(ended("Complete"), [pod(terminated("pull", 0, said(digest=DIGEST)))]).retry_at() is None


def test_a_missing_time_is_no_crash() -> None:
    job = {**JOB, "status": {"conditions": [{"type": "Failed", "status": "True"}]}}

    assert pull.view(job, []).retry_at() is None


@pytest.mark.parametrize("reason", ["", "not camel", "x" * 100, "lower", "A<b>", 7, None, ["A"]])
def test_a_reason_that_is_none_is_not_told(reason: Any) -> None:
    """Reasons are words for programs; nothing else gets into conditions by this way."""
    end = pods.ended(terminated("pull", 1, said(reason=reason, message="x")))

    assert end is not None
    assert pods.complaint(end) is None


def test_long_messages_are_cut() -> None:
    end = pods.ended(terminated("gateway", 1, said(reason="PolicyInvalid", message="x" * 4000)))

    assert end is not None
    told = pods.complaint(end)
    assert told is not None
    assert len(told.message) == pods.MAX_MESSAGE


@given(st.text(max_size=200))
def test_any_termination_message_is_survived(text: str) -> None:
    """Including `[[[[...`, numbers, and things that only look like JSON."""
    end = pods.ended(terminated("gateway", 1, text))
    assert end is not None
    pods.complaint(end)


def test_deeply_nested_messages_are_survived() -> None:
    end = pods.ended(terminated("gateway", 1, "[" * 4000))

    assert end is not None
    assert end.said == {}


def test_only_our_own_programs_are_quoted() -> None:
    end = pods.ended(terminated("ollama", 1, said(reason="Prompt", message="content")))

    assert end is not None
    assert end.said == {}


def starting(restarts: int, exit_code: int = 1) -> Object:
    """Return the status of a container that runs again, and has not passed its startup probe."""
    state = {"state": {"running": {}}, "lastState": terminated("gateway", exit_code)["state"]}
    return {"name": "gateway", "ready": False, "started": False, "restartCount": restarts} | state


TROUBLES: list[Any] = [
    pytest.param(pod(), None, id="nothing"),
    pytest.param(pod(waiting("gateway", "ContainerCreating")), None, id="being made"),
    pytest.param(pod(waiting("gateway", "PodInitializing")), None, id="initializing"),
    pytest.param(pod(waiting("gateway", "ErrImagePull")), "ImagePullFailed", id="image"),
    pytest.param(pod(waiting("gateway", "InvalidImageName")), "ImageNameInvalid", id="image name"),
    pytest.param(pod(waiting("ollama", "RunContainerError")), "ContainerNotStarted", id="not started"),
    pytest.param(pod(waiting("ollama", "CrashLoopBackOff", terminated("ollama", 1))), "ContainerCrashed", id="crash"),
    pytest.param(pod(terminated("model-check", 0)), None, id="an init container that is done"),
    pytest.param(
        pod(terminated("model-check", 1, said(reason="DigestMismatch", message="x"))), "DigestMismatch", id="an init container that failed"
    ),
    pytest.param(pod(waiting("ollama", "CrashLoopBackOff", terminated("ollama", 137, reason="OOMKilled"))), "OutOfMemory", id="memory"),
    pytest.param(
        pod({"name": "gateway", "ready": True, "state": {"running": {}}, "lastState": terminated("gateway", 1)["state"]}),
        None,
        id="well again",
    ),
    pytest.param(
        pod({"name": "gateway", "ready": False, "state": {"running": {}}, "lastState": terminated("gateway", 1)["state"]}),
        None,
        id="runs again, not ready yet",
    ),
    pytest.param(pod(starting(1)), None, id="starts for the second time"),
    pytest.param(pod(starting(2)), "ContainerCrashed", id="starts for the third time"),
    pytest.param(pod(starting(2) | {"started": True}), None, id="has started for the third time, is not ready yet"),
    pytest.param(pod(starting(2, exit_code=0)), None, id="starts again after an end in good order"),
    pytest.param(
        pod(
            {
                "name": "gateway",
                "ready": False,
                "state": {"running": {}},
                "lastState": terminated("gateway", 1, said(reason="CloudEnabled", message="x"))["state"],
            }
        ),
        "CloudEnabled",
        id="runs again, and said why it ended",
    ),
    pytest.param(
        pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulerError"}]), None, id="the scheduler's own trouble"
    ),
]


@pytest.mark.parametrize(("suffering", "reason"), TROUBLES)
def test_troubles(suffering: Object, reason: str | None) -> None:
    found = pods.trouble(suffering)

    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(("restarts", "words"), [(0, "has ended (exit code 137)."), (2, "ends again and again (exit code 137).")])
def test_one_crash_is_not_told_as_many(restarts: int, words: str) -> None:
    """A container that was killed once is back in a moment: whoever reads of a loop looks for a defect that there is not."""
    found = pods.trouble(pod(terminated("gateway", 137) | {"restartCount": restarts}))

    assert found is not None
    assert found.message == f"Container gateway {words}"


def test_a_pod_that_no_node_takes_says_where_to_look() -> None:
    """The scheduler's own words change all the time; these name the command that shows them, and what is usually missing."""
    found = pods.trouble(pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]))

    assert found is not None
    for word in ("kubectl describe pod", "spec.model.resources", "spec.model.pod", "StorageClass"):
        assert word in found.message


def test_a_pod_that_goes_has_no_trouble() -> None:
    going = pod(waiting("gateway", "ImagePullBackOff"))
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert pods.trouble(going) is None


def spec(name: str = "m", digest: str | None = None) -> PrivateAssistantSpec:
    model = {"name": name} | ({"digest": digest} if digest else {})
    return PrivateAssistantSpec.model_validate({"model": model})


RECORD = ModelRecord("m", DIGEST, "v")


@pytest.mark.parametrize(
    ("record", "wanted", "volume", "expected"),
    [
        (RECORD, spec(), "v", True),
        (RECORD, spec("library/m:latest"), "v", True),
        (RECORD, spec("registry.ollama.ai/library/m"), "v", True),
        (RECORD, spec("other"), "v", False),
        (RECORD, spec("m:2"), "v", False),
        (RECORD, spec(), "w", False),
        (RECORD, spec(digest=DIGEST), "v", True),
        (RECORD, spec(digest="sha256:" + "b" * 64), "v", False),
        (None, spec(), "v", False),
    ],
)
def test_whether_a_recorded_model_is_the_wanted_one(
    record: ModelRecord | None, wanted: PrivateAssistantSpec, volume: str, expected: bool
) -> None:
    assert pull.is_wanted(record, wanted, volume) is expected


@pytest.mark.parametrize(
    "status",
    [
        None,
        ModelStatus(name="m"),
        ModelStatus(name="m", digest=DIGEST),
        ModelStatus(name="m", volume="v"),
        ModelStatus(name="m", digest="x", volume="v"),
    ],
)
def test_a_record_needs_all_its_parts(status: ModelStatus | None) -> None:
    assert pull.recorded(status) is None
