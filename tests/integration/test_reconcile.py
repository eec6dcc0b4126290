"""What a user sees of the operator on a real API server, from the first apply to the last delete."""

from assistant_operator.kube.objects import controller_uid, name_of
from tests.integration.lab import DIGEST, Lab, everything


def test_an_assistant_becomes_its_objects(lab: Lab) -> None:
    """From a model's name alone: everything that confines and everything that pulls, nothing that serves yet."""
    assistant = lab.apply()

    kinds = sorted(kind for kind, _ in everything(lab))
    confining = ["ConfigMap", "Job", "NetworkPolicy", "NetworkPolicy", "PersistentVolumeClaim", "Secret", "Secret", "Secret"]
    assert kinds == [*confining, "Service", "Service", "ServiceAccount"]
    assert {controller_uid(obj) for obj in lab.children()} == {assistant["metadata"]["uid"]}
    assert lab.verdict("Ready") == ("Unknown", "Pulling")
    assert lab.verdict("ModelReady") == ("Unknown", "Pulling")
    assert lab.verdict("GatewayReady") == ("Unknown", "WaitingForModel")
    assert "observedGeneration" not in assistant["status"]


def test_policies_are_applied_before_anything_runs(lab: Lab) -> None:
    """What confines comes before what runs."""
    lab.apply()

    writes = lab.writes()
    first_workload = next(index for index, line in enumerate(writes) if "/jobs" in line)
    policies = [index for index, line in enumerate(writes) if "/networkpolicies" in line]
    assert len(policies) == 2
    assert max(policies) < first_workload


def test_the_pull_and_then_the_pods_make_it_ready(lab: Lab) -> None:
    """Each promise becomes True when it is shown, Ready when all are."""
    lab.apply()
    lab.pull_succeeds()
    assert lab.verdict("ModelReady") == ("True", "ModelVerified")
    assert lab.verdict("GatewayReady")[0] == "Unknown"
    lab.pods_become_ready()

    assistant = lab.assistant()
    assert lab.verdict("Ready") == ("True", "Serving")
    assert lab.verdict("GatewayReady") == ("True", "Serving")
    assert assistant["status"]["observedGeneration"] == assistant["metadata"]["generation"]
    assert assistant["status"]["model"]["digest"] == DIGEST
    assert assistant["status"]["model"]["sizeBytes"] == 1000
    assert assistant["status"]["endpoint"] == f"https://one.{lab.namespace}.svc.cluster.local"
    assert assistant["status"]["egress"] == {"mode": "Deny"}


def test_a_second_pass_writes_nothing(lab: Lab) -> None:
    """Neither while the pull runs nor when all is ready."""
    lab.apply()
    lab.writes()
    before = lab.fingerprint()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []
    assert lab.fingerprint() == before

    lab.pull_succeeds()
    lab.pods_become_ready()
    lab.writes()
    before = lab.fingerprint()
    for _ in range(3):
        lab.running.another_pass(lab.key)

    assert lab.writes() == []
    assert lab.fingerprint() == before


def test_the_inventory_lists_what_is_there(lab: Lab) -> None:
    """Every object that bears the assistant's label is in the inventory, and nothing else."""
    assistant = lab.make_ready()

    listed = {entry["id"] for entry in assistant["status"]["inventory"]}
    there = set()
    for obj in lab.children():
        group = obj["apiVersion"].rpartition("/")[0]
        there.add(f"{lab.namespace}_{name_of(obj)}_{group}_{obj['kind']}")
    assert listed == there
