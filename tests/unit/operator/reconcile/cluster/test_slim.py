"""What the cache keeps: of pods how they do and what others put in, of policies whose they are, and no more."""

import json
from typing import Any

from assistant_operator.kube.objects import Object
from assistant_operator.naming import KIND, LABEL_ASSISTANT
from assistant_operator.reconcile.cluster.slim import slim

OWNER = {"kind": KIND, "name": "one", "uid": "u", "controller": True}


def obj(kind: str, api_version: str = "v1", **fields: Any) -> Object:
    meta = {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "1", "managedFields": [{"manager": "kubectl"}]}
    return {"apiVersion": api_version, "kind": kind, **fields, "metadata": meta | fields.get("metadata", {})}


def test_of_most_kinds_all_is_kept_but_who_set_what() -> None:
    made = obj("ConfigMap", data={"a": "b"}, metadata={"annotations": {"c": "d"}})

    kept = slim(made)

    assert kept == {**made, "metadata": {key: value for key, value in made["metadata"].items() if key != "managedFields"}}


def test_of_a_pod_nothing_is_kept_that_it_was_asked_to_run() -> None:
    """But where it is, how it does, its containers' names, the networks that it joined and whether it has a token."""
    container = {"name": "gateway", "image": "i", "args": ["--x"], "env": [{"name": "SECRET", "value": "secret"}]}
    status = {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}],
        "hostIP": "10.1.0.1",
        "hostIPs": [{"ip": "10.1.0.1"}],
    }
    networks = {
        "k8s.v1.cni.cncf.io/networks": "a",
        "k8s.v1.cni.cncf.io/network-status": "[]",
        "v1.multus-cni.io/default-network": "b",
        "networking.gke.io/interfaces": "[]",
    }
    pod = obj(
        "Pod",
        metadata={"labels": {"l": "m"}, "annotations": {**networks, "other": "secret"}, "generateName": "secret"},
        spec={
            "nodeName": "node-1",
            "hostNetwork": True,
            "containers": [container],
            "initContainers": [{**container, "name": "init"}],
            "ephemeralContainers": [{**container, "name": "debug"}],
            "volumes": [{"name": "secret"}, {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "secret"}}]}}],
        },
        status={**status, "message": "secret"},
    )

    kept = slim(pod)

    assert "secret" not in json.dumps(kept)
    assert kept["spec"] == {
        "nodeName": "node-1",
        "hostNetwork": True,
        "containers": [{"name": "gateway"}],
        "initContainers": [{"name": "init"}],
        "ephemeralContainers": [{"name": "debug"}],
        "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {}}]}}],
    }
    assert kept["status"] == status
    assert kept["metadata"]["annotations"] == networks
    assert kept["metadata"]["labels"] == {"l": "m"}


def test_of_somebody_elses_policy_it_is_kept_whose_it_is() -> None:
    """Its rules, which may be long, are not: foreign.py has what counts of them."""
    owner = {"kind": "Other", "name": "o", "uid": "o", "controller": True}
    long = [{"to": [{"ipBlock": {"cidr": f"10.0.{n}.0/24"}} for n in range(200)]}]
    policy = obj(
        "NetworkPolicy",
        "networking.k8s.io/v1",
        metadata={"ownerReferences": [owner], "annotations": {"last-applied": "x" * 999}, "labels": {"a": "b"}},
        spec={"podSelector": {}, "egress": long},
    )

    assert slim(policy) == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "1", "ownerReferences": [owner]},
    }


def test_of_our_policy_all_is_kept() -> None:
    """By its owner or by its label: it is compared with the plan, field by field."""
    for meta in ({"ownerReferences": [OWNER]}, {"labels": {LABEL_ASSISTANT: "one"}}):
        policy = obj("NetworkPolicy", "networking.k8s.io/v1", metadata=meta, spec={"podSelector": {}, "egress": []})

        assert slim(policy)["spec"] == policy["spec"]
