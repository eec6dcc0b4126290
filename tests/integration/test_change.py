"""Edits of a live assistant: every field takes effect, and so does its removal; suspend, deletion, objects that got past admission."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from assistant_operator.kube.kinds import (
    CLAIM,
    CONFIG_MAP,
    JOB,
    NETWORK_POLICY,
    PRIVATE_ASSISTANT,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    kind_of,
)
from assistant_operator.kube.objects import Object, controller_uid, name_of
from tests.integration.lab import DIGEST, MODEL, Lab
from tests.support.waiting import until

Look = Callable[[Lab], Any]


def pods(lab: Lab) -> Object:
    found = lab.stateful_set()["spec"]["template"]
    assert isinstance(found, dict)
    return found


def container(lab: Lab, name: str) -> Object:
    spec = pods(lab)["spec"]
    return next(one for one in [*spec.get("initContainers", []), *spec["containers"]] if one["name"] == name)


def env(lab: Lab, name: str) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container(lab, name).get("env", [])}


def policy_text(lab: Lab) -> str:
    return str(lab.child(CONFIG_MAP, "one-policy")["data"]["policy.json"])


def policy(lab: Lab) -> Object:
    return dict(json.loads(policy_text(lab)))


def ingress(lab: Lab) -> str:
    return str(lab.child(NETWORK_POLICY, "one")["spec"].get("ingress"))


def egress(lab: Lab) -> Any:
    return lab.child(NETWORK_POLICY, "one")["spec"].get("egress") or []


ROUNDS: dict[str, tuple[dict[str, Any], dict[str, Look]]] = {
    "the model and its pods": (
        {
            "model": {
                "contextLength": 2048,
                "keepAlive": "30m",
                "parallel": 3,
                "image": "ollama/ollama:0.24.1",
                "resources": {"limits": {"memory": "3Gi"}},
                "pod": {
                    "nodeSelector": {"gpu": "yes"},
                    "tolerations": [{"operator": "Exists"}],
                    "affinity": {
                        "nodeAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": {
                                "nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]
                            }
                        }
                    },
                    "runtimeClassName": "sandbox",
                    "priorityClassName": "high",
                    "annotations": {"a": "b"},
                    "labels": {"a": "b"},
                },
            }
        },
        {
            "contextLength": lambda lab: env(lab, "ollama").get("OLLAMA_CONTEXT_LENGTH"),
            "contextLength in the policy": lambda lab: policy(lab)["model"].get("contextLength"),
            "keepAlive": lambda lab: env(lab, "ollama").get("OLLAMA_KEEP_ALIVE"),
            "parallel": lambda lab: env(lab, "ollama").get("OLLAMA_NUM_PARALLEL"),
            "image": lambda lab: container(lab, "ollama")["image"],
            "resources": lambda lab: container(lab, "ollama").get("resources"),
            "nodeSelector": lambda lab: pods(lab)["spec"].get("nodeSelector"),
            "tolerations": lambda lab: pods(lab)["spec"].get("tolerations"),
            "affinity": lambda lab: pods(lab)["spec"].get("affinity"),
            "runtimeClassName": lambda lab: pods(lab)["spec"].get("runtimeClassName"),
            "priorityClassName": lambda lab: pods(lab)["spec"].get("priorityClassName"),
            "annotations": lambda lab: pods(lab)["metadata"].get("annotations", {}).get("a"),
            "labels": lambda lab: pods(lab)["metadata"]["labels"].get("a"),
        },
    ),
    "access, egress and logging": (
        {
            "egress": {"mode": "Allowlist", "allow": [{"cidr": "10.0.0.0/8", "ports": [{"port": 443}]}]},
            "access": {
                "from": [{"namespaceSelector": {"matchLabels": {"team": "x"}}}],
                "keys": [{"name": "default", "subject": "robot", "groups": ["g"]}, {"name": "bot"}],
                "limits": {"requestsPerMinute": 5, "concurrentRequests": 6, "maxBodyBytes": 7000, "maxOutputTokens": 8},
            },
            "logging": {"level": "ERROR", "format": "Text", "runtime": "Discard"},
        },
        {
            "egress": egress,
            "egress in status": lambda lab: lab.assistant()["status"]["egress"],
            "from": ingress,
            "keys": lambda lab: [key["name"] for key in policy(lab)["keys"]],
            "subject": lambda lab: [key["subject"] for key in policy(lab)["keys"] if key["name"] == "default"],
            "groups": lambda lab: [key["groups"] for key in policy(lab)["keys"] if key["name"] == "default"],
            "key files": lambda lab: pods(lab)["spec"]["volumes"],
            "requestsPerMinute": lambda lab: policy(lab)["limits"]["requestsPerMinute"],
            "concurrentRequests": lambda lab: policy(lab)["limits"]["concurrentRequests"],
            "maxBodyBytes": lambda lab: policy(lab)["limits"]["maxBodyBytes"],
            "maxOutputTokens": lambda lab: policy(lab)["limits"]["maxOutputTokens"],
            "level": lambda lab: policy(lab)["logging"]["level"],
            "level of the model server": lambda lab: env(lab, "ollama").get("OLLAMA_DEBUG"),
            "format": lambda lab: policy(lab)["logging"]["format"],
            "runtime": lambda lab: policy(lab)["logging"]["runtime"],
            "the model server's command": lambda lab: container(lab, "ollama").get("command"),
            "revision of the policy": lambda lab: pods(lab)["metadata"]["annotations"],
        },
    ),
    "nobody and nothing": (
        {"model": {"replicas": 0}, "access": {"from": []}},
        {"replicas": lambda lab: lab.stateful_set()["spec"]["replicas"], "from": ingress},
    ),
}


def merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    found = dict(left)
    for key, value in right.items():
        found[key] = merged(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
    return found


@pytest.mark.parametrize(("change", "looks"), [pytest.param(*one, id=name) for name, one in ROUNDS.items()])
def test_changed_fields_take_effect_and_so_does_their_removal(lab: Lab, change: dict[str, Any], looks: dict[str, Look]) -> None:
    """There and back: what the children say follows every field of the spec, and the assistant becomes ready again."""
    spec = {"model": {"name": MODEL}}
    lab.make_ready(spec)
    before = {name: look(lab) for name, look in looks.items()}

    lab.apply(merged(spec, change))
    lab.pods_become_ready()
    after = {name: look(lab) for name, look in looks.items()}
    assert [name for name in looks if after[name] == before[name]] == []
    assert lab.verdict()[1] in ("Serving", "ScaledToZero")

    lab.apply(spec)
    lab.pods_become_ready()
    back = {name: look(lab) for name, look in looks.items()}
    assert [name for name in looks if back[name] != before[name]] == []
    assert lab.verdict() == ("True", "Serving")


def test_a_field_that_was_there_from_the_start_goes_when_it_is_removed(lab: Lab) -> None:
    """The objects were created with it and never applied before."""
    lab.make_ready({"model": {"name": MODEL, "keepAlive": "30m", "pod": {"labels": {"a": "b"}, "nodeSelector": {"gpu": "yes"}}}})
    lab.apply({"model": {"name": MODEL}})

    assert "OLLAMA_KEEP_ALIVE" not in env(lab, "ollama")
    assert "a" not in pods(lab)["metadata"]["labels"]
    assert not pods(lab)["spec"].get("nodeSelector")
    lab.pods_become_ready()
    lab.writes()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []


def test_storage_grows(lab: Lab) -> None:
    """The volume follows its size where its class allows that."""
    root = "/apis/storage.k8s.io/v1/storageclasses"
    lab.api.create(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": lab.namespace},
            "provisioner": "x",
            "allowVolumeExpansion": True,
        },
        path=root,
    )
    storage = {"size": "20Gi", "storageClassName": lab.namespace}
    lab.make_ready({"model": {"name": MODEL, "storage": storage}})
    # Only a bound claim may grow.
    lab.api.edit(CLAIM, lab.namespace, "one-models", {"spec": {"volumeName": "pv"}}, manager="kube-controller-manager")
    bound = {"phase": "Bound", "capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"]}
    lab.api.set_status(CLAIM, lab.namespace, "one-models", bound)

    lab.apply({"model": {"name": MODEL, "storage": {**storage, "size": "30Gi"}}})

    assert lab.child(CLAIM, "one-models")["spec"]["resources"]["requests"]["storage"] == "30Gi"
    assert lab.verdict() == ("True", "Serving")


def test_storage_that_cannot_grow_is_told(lab: Lab) -> None:
    """The API server's refusal is a condition, and what serves goes on."""
    lab.make_ready({"model": {"name": MODEL, "storage": {"size": "20Gi"}}})
    lab.apply({"model": {"name": MODEL, "storage": {"size": "30Gi"}}})

    assert lab.verdict()[1] in ("ObjectRefused", "Forbidden")
    assert "PersistentVolumeClaim" in lab.condition("Ready")["message"]
    assert lab.verdict("GatewayReady") == ("True", "Serving")


def test_a_removed_key_goes_with_its_secret(lab: Lab) -> None:
    """What left the plan is pruned: the Secret, the mount and the entry in the policy."""
    lab.make_ready({"model": {"name": MODEL}, "access": {"keys": [{"name": "a"}, {"name": "b"}]}})
    assert lab.child(SECRET, "one-key-b")

    lab.apply({"model": {"name": MODEL}, "access": {"keys": [{"name": "a"}]}})

    assert lab.api.get(SECRET, lab.namespace, "one-key-b") is None
    assert lab.child(SECRET, "one-key-a")
    assert '"b"' not in policy_text(lab)


def test_a_new_model_leaves_the_old_one_serving_until_it_is_there(lab: Lab) -> None:
    """A change of model is no outage; another edit applies at once meanwhile."""
    lab.make_ready()
    old_job = name_of(lab.job())

    lab.apply({"model": {"name": "registry.test:5000/library/smol:2"}, "logging": {"level": "ERROR"}})
    lab.pods_become_ready()

    assert '"name": "registry.test:5000/library/smol:1"' in policy_text(lab)
    assert '"level": "ERROR"' in policy_text(lab)
    assert lab.verdict("GatewayReady") == ("True", "Serving")
    assert lab.verdict("ModelReady") == ("Unknown", "Pulling")
    assert lab.verdict()[0] == "Unknown"
    assert lab.assistant()["status"]["model"]["name"] == "registry.test:5000/library/smol:1"
    assert lab.api.get(JOB, lab.namespace, old_job) is None

    lab.pull_succeeds("sha256:" + "c" * 64)
    lab.pods_become_ready()
    assert '"name": "registry.test:5000/library/smol:2"' in policy_text(lab)
    assert lab.verdict() == ("True", "Serving")


def test_suspend_stops_the_hand(lab: Lab) -> None:
    """Nothing is repaired or changed; status says so; afterwards all of it is caught up with."""
    lab.make_ready()
    lab.apply({"suspend": True, "model": {"name": MODEL}})
    assert lab.verdict() == ("Unknown", "Suspended")
    assert lab.verdict("EgressConfined") == ("Unknown", "Suspended")
    assert lab.condition("Reconciling") == {}
    lab.writes()

    lab.api.delete(SERVICE, lab.namespace, "one")
    lab.api.edit(STATEFUL_SET, lab.namespace, "one", {"spec": {"replicas": 5}})
    lab.apply({"suspend": True, "model": {"name": MODEL}, "logging": {"level": "ERROR"}})
    assert lab.api.get(SERVICE, lab.namespace, "one") is None
    assert lab.stateful_set()["spec"]["replicas"] == 5
    assert all("/privateassistants/" in line for line in lab.writes())

    lab.apply({"model": {"name": MODEL}, "logging": {"level": "ERROR"}})
    lab.pods_become_ready()
    assert lab.child(SERVICE, "one")
    assert lab.stateful_set()["spec"]["replicas"] == 1
    assert lab.verdict() == ("True", "Serving")


def test_deletion_is_left_to_owner_references(lab: Lab) -> None:
    """Everything names the assistant as its controller, so the garbage collector takes it; the operator makes nothing anew."""
    assistant = lab.make_ready()
    children = lab.children()
    assert {controller_uid(obj) for obj in children} == {assistant["metadata"]["uid"]}
    assert "finalizers" not in assistant["metadata"]
    lab.writes()

    lab.api.delete(PRIVATE_ASSISTANT, lab.namespace, "one")
    until("it is gone", lambda: lab.api.get(PRIVATE_ASSISTANT, lab.namespace, "one") is None)
    for obj in children:  # as the garbage collector does
        if obj["kind"] != "PersistentVolumeClaim":
            lab.api.delete(kind_of(obj), lab.namespace, name_of(obj))
    lab.settle()

    assert lab.writes() == []
    assert [obj["kind"] for obj in lab.children()] == ["PersistentVolumeClaim"]


def test_a_second_assistant_of_the_same_name_takes_nothing_of_the_first(lab: Lab) -> None:
    """While the garbage collector is behind, the names are taken; the new one waits and does not adopt."""
    lab.make_ready()
    before = {name_of(obj): obj["metadata"]["resourceVersion"] for obj in lab.children()}
    lab.api.delete(PRIVATE_ASSISTANT, lab.namespace, "one")
    until("it is gone", lambda: lab.api.get(PRIVATE_ASSISTANT, lab.namespace, "one") is None)

    lab.apply()

    assert lab.verdict() == ("False", "NameCollision")
    assert {name_of(obj): obj["metadata"]["resourceVersion"] for obj in lab.children()} == before


def test_an_object_that_got_past_admission_is_refused_in_the_loop(lab: Lab, past_admission: Callable[[Object], None]) -> None:
    """The loop's guard says what the CRD's rules would have said, and touches nothing."""
    past_admission(lab.manifest({"model": {"name": "llama3:cloud"}}))

    lab.expect("False", "SpecInvalid")
    stalled = lab.condition("Stalled")
    assert "spec.model.name" in stalled["message"]
    assert lab.children() == []
    assistant = lab.assistant()
    assert assistant["status"]["observedGeneration"] == assistant["metadata"]["generation"]


def test_a_conflict_is_tried_again(lab: Lab) -> None:
    """Edits that race with the operator's own end well."""
    lab.make_ready()
    for replicas in range(2, 12):
        lab.api.edit(STATEFUL_SET, lab.namespace, "one", {"spec": {"replicas": replicas}})

    until("one replica", lambda: lab.stateful_set()["spec"]["replicas"] == 1)
    lab.settle()
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")


def test_a_pinned_digest_is_compared(lab: Lab) -> None:
    """A model that is on the volume already and is the pinned one is not pulled again."""
    lab.make_ready()
    lab.writes()
    lab.apply({"model": {"name": MODEL, "digest": DIGEST}})

    assert lab.verdict("ModelReady") == ("True", "ModelVerified")


def test_a_claim_that_is_not_there_is_waited_for(lab: Lab) -> None:
    """It is named, no Job is made that could only hang, and once it is there the Job comes."""
    lab.apply({"model": {"name": MODEL, "source": {"claim": {"name": "weights"}}}})
    assert lab.verdict("ModelReady") == ("False", "ClaimNotFound")
    assert lab.verdict("Ready") == ("False", "ClaimNotFound")
    assert [obj for obj in lab.children() if obj["kind"] == "Job"] == []

    lab.claim("weights")
    lab.running.another_pass(lab.key)

    assert lab.verdict("ModelReady") == ("Unknown", "Pulling")
    assert [obj["kind"] for obj in lab.children() if obj["kind"] == "Job"] == ["Job"]
