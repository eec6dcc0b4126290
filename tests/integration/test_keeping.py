"""An assistant that keeps something, on a real API server: its store, what its gateways tell, its ingests, and how it all goes again."""

import json
from typing import Any

from assistant_operator.kube.kinds import CLAIM, CONFIG_MAP, CRON_JOB, EVENT, JOB, SECRET, SERVICE, STATEFUL_SET
from assistant_operator.kube.objects import Object, condition, name_of, uid_of
from assistant_operator.naming import API_VERSION, KIND, LABEL_ASSISTANT, LABEL_COMPONENT
from tests.integration.lab import MODEL, OPERATOR, REGISTRY, Lab, everything
from tests.integration.page import WELL, Page
from tests.integration.running import Running
from tests.support.pods import waiting
from tests.support.waiting import until

OFF: dict[str, Any] = {"redaction": {"request": {"action": "Off"}}}
"""What these gateways tell is of what they keep alone."""
PLAIN: dict[str, Any] = {"model": {"name": MODEL}, **OFF}
KEEP: dict[str, Any] = {"model": {"name": MODEL}, "retention": {"conversations": {"mode": "Keep", "ttl": "1h"}}, **OFF}
RAG: dict[str, Any] = {
    **OFF,
    "model": {"name": MODEL, "embedding": f"{REGISTRY}:5000/library/embed:1"},
    "rag": {"sources": [{"name": "handbook", "configMap": {"name": "pages"}}]},
}


def keep(lab: Lab, spec: dict[str, Any]) -> Object:
    """Bring an assistant with a store to Ready."""
    lab.apply(spec)
    if lab.verdict("ModelReady")[0] != "True":
        lab.pull_succeeds()
    lab.pods_become_ready(lab.names.store)
    lab.gateway_runs()
    lab.pods_become_ready()
    lab.expect("True", "Serving")
    lab.settle()
    return lab.assistant()


def pages(lab: Lab) -> None:
    metadata = {"name": "pages", "namespace": lab.namespace}
    lab.api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a.md": "text"}})


def test_from_nothing_to_ready_and_at_rest(page: type[Page], lab: Lab) -> None:
    """Each promise is shown; a second pass, and a third, write nothing."""
    assistant = keep(lab, KEEP)

    assert lab.verdict("StoreReady") == ("True", "Connected")
    assert lab.verdict("RetentionEnforced") == ("True", "OnTime")
    sealed = {"encryptionKey": "k0001", "keysToRewrap": 0}
    assert assistant["status"]["retention"] == {"lastPurge": "2026-01-01T00:00:00Z", "purged": 0, **sealed}
    lab.writes()
    before = lab.fingerprint()
    for _ in range(3):
        lab.running.another_pass(lab.key)
    assert lab.writes() == []
    assert lab.fingerprint() == before
    assert page.asked > 2


def test_the_store_is_found_by_the_address_that_the_cluster_gave_it(page: type[Page], lab: Lab) -> None:
    keep(lab, KEEP)
    address = lab.child(SERVICE, "one-store")["spec"]["clusterIP"]

    aliases = lab.stateful_set()["spec"]["template"]["spec"]["hostAliases"]
    assert aliases == [{"ip": address, "hostnames": [f"one-store.{lab.namespace}.svc"]}]


def test_what_is_kept_goes_when_nothing_is_kept(page: type[Page], lab: Lab) -> None:
    """Nothing of the store is left: neither in the cluster nor in the inventory."""
    lab.make_ready(PLAIN)
    plain = set(everything(lab))
    keep(lab, KEEP)
    assert ("PersistentVolumeClaim", "one-store") in everything(lab)

    lab.apply(PLAIN)
    lab.api.edit(CLAIM, lab.namespace, "one-store", {"metadata": {"finalizers": None}})  # no controller lets it go
    until("the store is gone", lambda: set(everything(lab)) == plain)
    lab.pods_become_ready()
    lab.expect("True", "Serving")
    assert lab.verdict("RetentionEnforced") == ("True", "NothingKept")
    status = lab.assistant()["status"]
    assert "retention" not in status
    assert not [entry for entry in status["inventory"] if "store" in entry["id"] or "encryption" in entry["id"]]


def test_a_fault_is_told_and_healed(page: type[Page], lab: Lab) -> None:
    """With an Event for each turn."""
    keep(lab, KEEP)
    page.told = WELL | {"store": {"fault": {"reason": "StoreFull", "message": "The store is full: enlarge its volume."}}, "retention": None}
    lab.expect("False", "StoreFull", "StoreReady")
    lab.expect("Unknown", "PurgeNotSeen", "RetentionEnforced")
    assert lab.condition("Ready")["message"] == "The store is full: enlarge its volume."

    page.told = WELL
    lab.expect("True", "Connected", "StoreReady")
    lab.expect("True", "Serving")
    notes = {(event["type"], event["reason"], event["note"].split(":")[0]) for event in lab.api.list(EVENT, lab.namespace)}
    assert ("Warning", "StoreFull", "StoreReady is False") in notes
    assert ("Normal", "PurgeNotSeen", "RetentionEnforced is Unknown") in notes
    assert ("Normal", "Connected", "StoreReady is True") in notes


def test_a_gateway_that_falls_silent(page: type[Page], lab: Lab) -> None:
    keep(lab, KEEP)
    page.told = {"nonsense": []}

    lab.expect("Unknown", "PurgeNotSeen", "RetentionEnforced")
    lab.expect("Unknown", "StoreNotSeen", "StoreReady")


def test_a_restart_of_the_operator_makes_nothing_unknown(page: type[Page], lab: Lab) -> None:
    """No condition moves: the gateways are asked before they are judged."""
    before = keep(lab, KEEP)["status"]["conditions"]
    lab.writes()
    lab.running.stop()
    lab.running = Running(lab.cluster.kubeconfig_for(OPERATOR), lab.namespace, lab.hosts, f"--namespace={lab.namespace}").start()
    until("it has passed over the assistant", lambda: lab.running.passes > 0)
    lab.settle()

    assert lab.assistant()["status"]["conditions"] == before
    assert lab.writes() == []


def test_numbers_that_grow_are_written_seldom(page: type[Page], lab: Lab) -> None:
    """Twenty answers with other numbers: no write before the minute is over."""
    keep(lab, KEEP)
    lab.writes()
    for purged in range(1, 21):
        page.told, page.asked = WELL | {"retention": WELL["retention"] | {"purged": purged}}, 0
        until("it was asked", lambda: page.asked > 0)
        lab.running.another_pass(lab.key)

    assert lab.writes() == []


def test_a_pod_of_the_store_that_cannot_run(page: type[Page], lab: Lab) -> None:
    """Before anything else is there."""
    lab.apply(KEEP)
    store = lab.child(STATEFUL_SET, "one-store")
    lab.pod(store, "store", {"phase": "Pending", "containerStatuses": [waiting("store", "ImagePullBackOff")]})

    found = lab.expect("False", "ImagePullFailed", "StoreReady")
    assert "--store-image" in found["message"]


def test_documents_are_brought_once(page: type[Page], lab: Lab) -> None:
    """When the gateways take them in; what is done stays and is not done again, what changes is."""
    pages(lab)
    lab.apply(RAG)
    lab.pull_succeeds()
    lab.pods_become_ready("one-store")
    assert lab.jobs("ingest") == []

    lab.gateway_runs()
    lab.pods_become_ready()
    [job] = until("the ingest", lambda: lab.jobs("ingest"))
    lab.job_ends(job, "Complete", "SuccessCriteriaMet", succeeded=1)
    lab.running.another_pass(lab.key)
    assert [uid_of(one) for one in lab.jobs("ingest")] == [uid_of(job)]
    lab.writes()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []

    lab.apply(RAG | {"rag": {"sources": [{"name": "handbook", "configMap": {"name": "pages"}, "include": ["*.md"]}]}})
    lab.pods_become_ready()
    until("another ingest", lambda: [name_of(one) for one in lab.jobs("ingest")] not in ([], [name_of(job)]))


def test_a_source_with_a_schedule(page: type[Page], lab: Lab) -> None:
    """The API server takes the CronJob; what it makes is told and is left alone."""
    pages(lab)
    source = {"name": "handbook", "configMap": {"name": "pages"}, "schedule": "0 3 * * *"}
    keep(lab, RAG | {"rag": {"sources": [source]}})
    cron = until("the CronJob", lambda: lab.api.get(CRON_JOB, lab.namespace, "one-ingest-handbook"))
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name_of(cron), "uid": uid_of(cron), "controller": True}
    template = cron["spec"]["jobTemplate"]
    meta = {
        "name": "one-ingest-handbook-1",
        "namespace": lab.namespace,
        "labels": template["metadata"]["labels"],
        "ownerReferences": [owner],
    }
    lab.seen(lab.api.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": template["spec"]}))
    lab.running.another_pass(lab.key)

    assert lab.api.get(JOB, lab.namespace, "one-ingest-handbook-1") is not None
    assert not [entry for entry in lab.assistant()["status"]["inventory"] if "handbook-1_" in entry["id"]]


def test_what_the_gateways_tell_of_a_source(page: type[Page], lab: Lab) -> None:
    """Is in status, and in no condition."""
    pages(lab)
    page.told = WELL | {
        "sources": {"handbook": {"finishedAt": "2026-01-01T00:00:00Z", "documents": 3, "chunks": 9, "failed": {"Broken": 1}}}
    }
    keep(lab, RAG)

    assert lab.assistant()["status"]["sources"] == [
        {
            "name": "handbook",
            "documents": 3,
            "chunks": 9,
            "failed": [{"reason": "Broken", "count": 1}],
            "lastFinished": "2026-01-01T00:00:00Z",
        }
    ]


def test_encryption_keys_are_never_made_anew(page: type[Page], lab: Lab) -> None:
    keep(lab, KEEP)
    lost = lab.child(SECRET, "one-encryption")
    lab.api.delete(SECRET, lab.namespace, "one-encryption")
    lab.running.another_pass(lab.key)
    assert lab.verdict() == ("False", "EncryptionKeyMissing")
    assert lab.api.get(SECRET, lab.namespace, "one-encryption") is None

    meta = {key: lost["metadata"][key] for key in ("name", "namespace", "labels", "ownerReferences")}
    lab.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": lost["type"], "data": lost["data"]})
    lab.running.another_pass(lab.key)
    assert lab.verdict() == ("True", "Serving")


def test_a_volume_that_was_restored_from_a_snapshot_is_taken_as_it_is(page: type[Page], lab: Lab) -> None:
    """Where a claim came from is written into it for good: whoever restores it says whose it is, and nobody writes to it any more."""
    snapshot = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "yesterday"}
    labels = {LABEL_ASSISTANT: lab.name, LABEL_COMPONENT: "store"}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}, "dataSource": snapshot}
    metadata = {"name": "one-store", "namespace": lab.namespace, "labels": labels}
    lab.api.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    lab.apply(KEEP)
    assert lab.verdict() == ("False", "NameCollision")

    owner = {"apiVersion": API_VERSION, "kind": KIND, "name": lab.name, "uid": uid_of(lab.assistant()), "controller": True}
    lab.api.edit(CLAIM, lab.namespace, "one-store", {"metadata": {"ownerReferences": [owner]}}, manager="kubectl-patch")
    lab.running.another_pass(lab.key)
    keep(lab, KEEP)

    assert lab.child(CLAIM, "one-store")["spec"]["dataSource"] == snapshot
    lab.writes()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []


def test_an_embedding_model_is_added_without_an_outage(page: type[Page], lab: Lab) -> None:
    """The gateways go on as they are until both models are there."""
    pages(lab)
    lab.make_ready(PLAIN)
    before = lab.stateful_set()["metadata"]["generation"]
    policy = lab.child(CONFIG_MAP, "one-policy")["data"]
    lab.apply(RAG)
    assert lab.verdict("ModelReady") == ("Unknown", "Pulling")
    assert lab.verdict("GatewayReady") == ("True", "Serving")
    assert lab.stateful_set()["metadata"]["generation"] == before
    assert lab.child(CONFIG_MAP, "one-policy")["data"] == policy

    lab.pull_succeeds()
    assert lab.stateful_set()["metadata"]["generation"] > before
    assert condition(lab.assistant(), "ModelReady")["status"] == "True"
    assert lab.assistant()["status"]["model"]["embedding"]["sizeBytes"] == 10


def test_a_store_of_the_users(page: type[Page], lab: Lab) -> None:
    """Its Secret is looked at, its host is resolved; nothing is run, and what it says is in no status."""
    lab.hosts.known["db.example"] = ("192.0.2.77",)
    external = {"secretRef": {"name": "pg"}, "peers": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}
    lab.apply(KEEP | {"store": {"external": external}})
    lab.pull_succeeds()
    assert lab.verdict("StoreReady") == ("False", "SecretNotFound")
    assert lab.api.get(STATEFUL_SET, lab.namespace, "one") is None

    entries = {"host": "db.example", "port": "5433", "dbname": "kept", "user": "someone", "password": "a pass word"}
    metadata = {"name": "pg", "namespace": lab.namespace}
    lab.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": entries})
    lab.running.another_pass(lab.key)
    lab.gateway_runs()
    lab.pods_become_ready()
    lab.expect("True", "Serving")
    assert lab.api.get(STATEFUL_SET, lab.namespace, "one-store") is None
    assert lab.stateful_set()["spec"]["template"]["spec"]["hostAliases"] == [{"ip": "192.0.2.77", "hostnames": ["db.example"]}]
    assert not [word for word in ("db.example", "someone", "a pass word") if word in json.dumps(lab.assistant()["status"])]
    lab.writes()
    lab.running.another_pass(lab.key)
    assert lab.writes() == []
