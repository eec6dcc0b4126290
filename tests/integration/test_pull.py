"""The pull: pinned addresses, results, failures of every kind, progress, and what becomes of the Job and the volume."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assistant_operator.kube.kinds import CLAIM, JOB, NETWORK_POLICY, POD
from assistant_operator.kube.objects import name_of, uid_of
from assistant_operator.reconcile.asking import polling, progress
from assistant_operator.reconcile.judging import pull
from tests.integration.lab import DIGEST, MODEL, OTHER_DIGEST, Lab
from tests.support.pods import terminated, timestamp, waiting
from tests.support.waiting import until


def test_the_registry_is_pinned_and_nothing_else_is_reachable(lab: Lab) -> None:
    """The operator resolves; the Job and its policy hold the same addresses, IPv4 and IPv6."""
    lab.apply()

    aliases = lab.job()["spec"]["template"]["spec"]["hostAliases"]
    assert {alias["ip"] for alias in aliases} == {"192.0.2.10", "2001:db8::10"}
    egress = json.dumps(lab.child(NETWORK_POLICY, "one-pull")["spec"]["egress"])
    assert "192.0.2.10/32" in egress
    assert "2001:db8::10/128" in egress
    assert "5000" in egress
    assert "0.0.0.0/0" not in egress


def test_later_passes_keep_the_addresses_of_the_job(lab: Lab) -> None:
    """A registry whose addresses change under a running pull changes nothing: the live Job is the memory."""
    lab.apply()
    lab.hosts.known["registry.test"] = ("198.51.100.1",)
    lab.writes()
    lab.running.another_pass(lab.key)

    assert lab.writes() == []
    assert "192.0.2.10/32" in json.dumps(lab.child(NETWORK_POLICY, "one-pull")["spec"]["egress"])


def test_a_registry_that_does_not_resolve_is_told(lab: Lab) -> None:
    """The policies stand already; the Job follows when the name resolves."""
    addresses = lab.hosts.known.pop("registry.test")
    lab.apply()
    assert lab.verdict() == ("False", "RegistryUnresolved")
    assert lab.verdict("ModelReady") == ("False", "RegistryUnresolved")
    assert lab.api.list(JOB, lab.namespace) == []
    assert lab.child(NETWORK_POLICY, "one")

    lab.hosts.known["registry.test"] = addresses
    lab.running.another_pass(lab.key)
    assert lab.verdict() == ("Unknown", "Pulling")


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1"])
def test_a_registry_that_resolves_to_the_inside_is_refused(lab: Lab, address: str) -> None:
    """Whoever owns the name must not point the pull at the metadata service."""
    lab.hosts.known["registry.test"] = (address,)
    lab.apply()

    assert lab.verdict() == ("False", "RegistryAddressRefused")
    assert lab.api.list(JOB, lab.namespace) == []


@pytest.mark.parametrize("reason", sorted(pull.FINAL))
def test_a_failure_that_time_does_not_heal_stalls(lab: Lab, reason: str) -> None:
    """Until the spec changes; the failed Job stays as the evidence."""
    lab.apply({"model": {"name": MODEL, "digest": DIGEST}})
    lab.pull_fails(reason, "The registry serves something else.")

    assert lab.verdict() == ("False", reason)
    assert lab.verdict("ModelReady") == ("False", reason)
    assert lab.condition("Stalled")["message"] == "The registry serves something else."
    assistant = lab.assistant()
    assert assistant["status"]["observedGeneration"] == assistant["metadata"]["generation"]
    failed = uid_of(lab.job())
    lab.running.another_pass(lab.key)
    assert uid_of(lab.job()) == failed

    lab.apply({"model": {"name": MODEL, "digest": OTHER_DIGEST}})
    assert uid_of(lab.job()) != failed
    lab.pull_succeeds(OTHER_DIGEST)
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")


@pytest.mark.parametrize("reason", ["Unauthorized", "ModelNotFound", "NoSpace"])
def test_a_failure_that_somebody_may_heal_is_tried_again_later(lab: Lab, reason: str) -> None:
    """The failed Job is made anew after a while, with addresses resolved anew."""
    lab.apply()
    lab.pull_fails(reason, "No.")
    assert lab.verdict() == ("False", reason)
    assert lab.condition("Stalled") == {}
    failed = lab.job()

    past = "2020-01-01T00:00:00Z"
    lab.api.delete(JOB, lab.namespace, name_of(failed))  # the time cannot be turned back in a Job's status, so make it once more
    again = lab.another_job(failed)
    lab.settle()
    lab.hosts.known["registry.test"] = ("198.51.100.1",)
    ended = [
        {"type": kind, "status": "True", "reason": "PodFailurePolicy", "message": "", "lastTransitionTime": past}
        for kind in ("FailureTarget", "Failed")
    ]
    status = {"startTime": past, "conditions": ended, "failed": 1, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
    lab.api.set_status(JOB, lab.namespace, name_of(again), status)
    third = lab.another_job(again)

    assert [alias["ip"] for alias in third["spec"]["template"]["spec"]["hostAliases"]] == ["198.51.100.1"]


def test_a_pull_that_is_tried_again_says_what_failed_last(lab: Lab) -> None:
    """The Job's own retries are no failure yet, but no secret either."""
    lab.apply()
    said = json.dumps({"reason": "RegistryUnreachable", "message": "The registry does not answer."})
    lab.pod(lab.job(), "pull", {"phase": "Failed", "containerStatuses": [terminated("pull", 1, said)]})

    lab.expect("False", "RegistryUnreachable")
    assert lab.condition("Reconciling")["status"] == "True"


def test_words_of_other_containers_are_not_quoted(lab: Lab) -> None:
    """Only our own programs' termination messages reach status: the model server's could hold content."""
    lab.make_ready()
    said = json.dumps({"reason": "Prompt", "message": "the user's secret prompt"})
    lab.pod(
        lab.stateful_set(),
        "assistant",
        {"phase": "Running", "initContainerStatuses": [waiting("ollama", "CrashLoopBackOff", terminated("ollama", 2, said))]},
    )

    lab.expect("False", "ContainerCrashed", "GatewayReady")
    assert "secret" not in json.dumps(lab.assistant()["status"])


POD_TROUBLES = [
    pytest.param(waiting("gateway", "ImagePullBackOff"), "ImagePullFailed", id="image"),
    pytest.param(waiting("gateway", "CreateContainerConfigError"), "PodConfigurationInvalid", id="missing Secret"),
    pytest.param(
        waiting(
            "gateway", "CrashLoopBackOff", terminated("gateway", 1, '{"reason": "RuntimeTooOld", "message": "Ollama 0.1 is too old."}')
        ),
        "RuntimeTooOld",
        id="the gateway says why",
    ),
    pytest.param(waiting("gateway", "CrashLoopBackOff", terminated("gateway", 137, "", "OOMKilled")), "OutOfMemory", id="memory"),
    pytest.param(waiting("gateway", "CrashLoopBackOff", terminated("gateway", 1, "not JSON")), "ContainerCrashed", id="no reason given"),
]


@pytest.mark.parametrize(("container", "reason"), POD_TROUBLES)
def test_a_pod_that_suffers_says_why(ready_lab: Lab, container: dict[str, object], reason: str) -> None:
    """GatewayReady carries the pod's reason, and is well again when the pod is gone."""
    lab = ready_lab
    pod = lab.pod(lab.stateful_set(), "assistant", {"phase": "Running", "containerStatuses": [container]})

    lab.expect("False", reason, "GatewayReady")
    lab.expect("False", reason)
    lab.api.delete(POD, lab.namespace, name_of(pod))
    lab.expect("True", "Serving")


def test_a_pod_that_no_node_takes(lab: Lab) -> None:
    """Unschedulable, for the pull as for the gateway."""
    lab.apply()
    unschedulable = {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
    lab.pod(lab.job(), "pull", unschedulable)

    lab.expect("False", "Unschedulable", "ModelReady")


def test_a_result_whose_pod_is_gone_is_in_status(lab: Lab) -> None:
    """The record counts: neither an operator's restart nor a pod's removal pulls anything again."""
    lab.make_ready()
    lab.api.delete(JOB, lab.namespace, name_of(lab.job()))
    lab.settle()
    lab.running.another_pass(lab.key)

    assert lab.api.list(JOB, lab.namespace) == []
    assert lab.verdict() == ("True", "Serving")


def test_a_result_that_was_never_seen_is_fetched_again(lab: Lab) -> None:
    """Job done, pod gone, nothing recorded: the Job is made anew (and finds the blobs there)."""
    lab.apply()
    first = lab.job()
    lab.pull_succeeds(with_pod=False, at="2020-01-01T00:00:00Z")

    lab.another_job(first)
    lab.settle()
    assert lab.verdict("ModelReady") == ("Unknown", "Pulling")


def test_a_result_that_is_not_the_pinned_digest_is_refused(lab: Lab) -> None:
    """Even where the puller says that all is well."""
    lab.apply({"model": {"name": MODEL, "digest": DIGEST}})
    lab.pull_succeeds(OTHER_DIGEST)

    assert lab.verdict() == ("False", "DigestMismatch")
    assert "digest" not in lab.assistant()["status"]["model"]


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"digest": 7}', '{"digest": "sha256:x"}', "x" * 4000])
def test_a_result_that_makes_no_sense_is_none(lab: Lab, said: str) -> None:
    """Termination messages are input like any other."""
    lab.apply()
    job = lab.job()
    lab.pod(job, "pull", {"phase": "Succeeded", "containerStatuses": [terminated("pull", 0, said)]})
    lab.job_ends(job, "Complete", "SuccessCriteriaMet", succeeded=1)

    assert lab.verdict("ModelReady")[0] == "Unknown"


def test_a_volume_that_was_removed_is_filled_again(lab: Lab) -> None:
    """The record is worth nothing without the volume."""
    lab.make_ready()
    first = lab.job()
    lab.api.delete(CLAIM, lab.namespace, "one-models")
    lab.api.edit(CLAIM, lab.namespace, "one-models", {"metadata": {"finalizers": None}})

    lab.another_job(first)
    lab.settle()
    assert lab.child(CLAIM, "one-models")
    assert lab.verdict("ModelReady") == ("Unknown", "Pulling")
    assert "digest" not in lab.assistant()["status"]["model"]


def test_a_claim_is_verified_and_reaches_nothing(lab: Lab) -> None:
    """Air-gapped: a Job checks what is there; no registry, no way out, no volume of ours."""
    lab.claim("weights")
    lab.apply({"model": {"name": "smol:1", "source": {"claim": {"name": "weights"}}}})

    job = lab.job()
    assert "verify" in json.dumps(job["spec"]["template"]["spec"]["containers"][0]["command"])
    assert "hostAliases" not in job["spec"]["template"]["spec"]
    assert lab.hosts.asked == []
    assert lab.api.get(CLAIM, lab.namespace, "one-models") is None
    lab.pull_succeeds()
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")
    assert lab.assistant()["status"]["model"]["volume"] == "weights"
    lab.writes()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []


class Puller(BaseHTTPRequestHandler):
    """A pod's /progress."""

    told = b'{"completedBytes": 10, "totalBytes": 100}'

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.told)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def puller(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Puller]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Puller)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(polling.HttpAsk.__init__, "__defaults__", (server.server_address[1], polling.TIMEOUT, polling.AT_ONCE))
    monkeypatch.setattr(progress, "INTERVAL", 0.1)
    yield Puller
    server.shutdown()
    server.server_close()


def test_progress_is_in_status_and_in_no_condition(puller: type[Puller], lab: Lab) -> None:
    """While the pod pulls; afterwards it goes."""
    lab.apply()
    running = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "startTime": timestamp()}
    lab.pod(lab.job(), "pull", running)

    def completed() -> int:
        return int(lab.assistant()["status"]["model"].get("pull", {}).get("completedBytes", -1))

    until("the progress", lambda: completed() == 10)
    before = lab.assistant()["status"]["conditions"]
    puller.told = b'{"completedBytes": 60, "totalBytes": 100}'
    lab.running.another_pass(lab.key)
    until("more progress", lambda: completed() == 60)
    assert lab.assistant()["status"]["conditions"] == before

    lab.pull_succeeds()
    assert "pull" not in lab.assistant()["status"]["model"]


def test_status_names_the_model_before_it_is_there(lab: Lab) -> None:
    """But no digest: that is told when it was verified."""
    lab.apply()

    assert lab.api.assistant(lab.namespace, "one")["status"]["model"] == {"name": MODEL}
