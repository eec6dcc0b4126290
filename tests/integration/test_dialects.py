"""Policies of other kinds than NetworkPolicy on a real API server: absent, served later, widened by others, without rights, and gone."""

import pytest

from assistant_operator.handlers import operator
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.connection import configuration
from assistant_operator.kube.kinds import ADMIN_POLICY, CILIUM_CLUSTER_POLICY, CILIUM_POLICY, CLUSTER_POLICY, DEFINITION, DIALECTS, Kind
from assistant_operator.kube.objects import Object, metadata
from assistant_operator.reconcile.background.admin_tier import AdminTier
from assistant_operator.reconcile.conditions import EGRESS_CONFINED
from assistant_operator.resources.admin_policy import policy_name
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.dialects import opening, serving
from tests.integration.lab import OPERATOR, Lab
from tests.integration.rights import without_cluster_rights
from tests.support.waiting import until


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the operator look for dialects often."""
    monkeypatch.setattr(operator, "LOOK_EVERY", 0.3)


@pytest.fixture
def lab(quick: None, lab: Lab) -> Lab:
    """A namespace with an operator that looks often."""
    return lab


def looks(lab: Lab, times: int = 2) -> None:
    """Wait until the operator has looked anew."""
    assert lab.running.operator is not None
    before = lab.running.operator.looks
    until("the operator has looked", lambda: lab.running.operator is not None and lab.running.operator.looks >= before + times)
    lab.settle()


def told(lab: Lab) -> list[str]:
    return list(lab.assistant()["status"].get("policyDialects", ()))


def of_cluster(lab: Lab, kind: Kind) -> list[Object]:
    """Return the installation's own policies of the whole cluster."""
    names = {policy_name(lab.namespace, word) for word in ("none", "own")}
    return [obj for obj in lab.api.list(kind, None) if metadata(obj)["name"] in names]


def test_what_comes_later_is_used_later_and_may_go_again(lab: Lab) -> None:
    """An assistant that is ready gains what the API server learns to serve, and loses nothing when that goes."""
    lab.make_ready()
    assert told(lab) == ["NetworkPolicy"]

    with serving(lab.api, *DIALECTS):
        until("all are used", lambda: told(lab) == ["CiliumNetworkPolicy", "ClusterNetworkPolicy", "NetworkPolicy"])
        own = lab.child(CILIUM_POLICY, "one")
        assert own["specs"][0]["egressDeny"] == [{"toEntities": ["all"]}]
        assert (len(of_cluster(lab, CLUSTER_POLICY)), of_cluster(lab, ADMIN_POLICY)) == (2, [])
        lab.expect("True", "Serving")

        looks(lab)
        before = [own, *of_cluster(lab, CLUSTER_POLICY), lab.assistant()]
        lab.writes()
        looks(lab)
        assert [lab.child(CILIUM_POLICY, "one"), *of_cluster(lab, CLUSTER_POLICY), lab.assistant()] == before
        assert lab.writes() == []

    until("none is used", lambda: told(lab) == ["NetworkPolicy"])
    lab.expect("True", "Serving")
    lab.running.check()


def test_what_is_taken_away_comes_back(lab: Lab) -> None:
    """By hand, from the assistant's policy and from the installation's; it is looked for and not watched."""
    with serving(lab.api, CILIUM_POLICY, CLUSTER_POLICY):
        lab.make_ready()
        looks(lab)  # an assistant may be ready before that
        lab.api.edit(CILIUM_POLICY, lab.namespace, "one", {"specs": [{"endpointSelector": {}, "egress": [{"toEntities": ["all"]}]}]})
        until("it denies again", lambda: "egressDeny" in lab.child(CILIUM_POLICY, "one")["specs"][0])
        lab.api.delete(CILIUM_POLICY, lab.namespace, "one")
        until("it is there again", lambda: lab.api.get(CILIUM_POLICY, lab.namespace, "one"))
        lab.api.delete(CLUSTER_POLICY, "", policy_name(lab.namespace, "none"))
        until("both are there again", lambda: len(of_cluster(lab, CLUSTER_POLICY)) == 2)
        opened = {"spec": {"ingress": [{"action": "Accept", "from": [{"namespaces": {}}]}]}}
        lab.api.edit(CLUSTER_POLICY, "", policy_name(lab.namespace, "none"), opened)
        until("it is ours alone", lambda: not [obj for obj in of_cluster(lab, CLUSTER_POLICY) if "ingress" in obj["spec"]])


def test_the_newer_kind_of_the_clusters_policies_takes_over(lab: Lab) -> None:
    """Nothing is left in the older one. They belong to the definition."""
    with serving(lab.api, ADMIN_POLICY):
        lab.make_ready()
        looks(lab)  # an assistant may be ready before that
        assert (told(lab), len(of_cluster(lab, ADMIN_POLICY))) == (["AdminNetworkPolicy", "NetworkPolicy"], 2)
        with serving(lab.api, CLUSTER_POLICY):
            until("the newer one is used", lambda: told(lab) == ["ClusterNetworkPolicy", "NetworkPolicy"])
            until("the older one is not", lambda: of_cluster(lab, ADMIN_POLICY) == [])
            (owner,) = metadata(of_cluster(lab, CLUSTER_POLICY)[0])["ownerReferences"]
            assert owner["uid"] == metadata(lab.api.must_get(DEFINITION, "", DEFINITION.only[0]))["uid"]


async def test_what_the_installation_no_longer_says_goes(operated_cluster: ApiServer, api: Api, namespace: str) -> None:
    """All namespaces where there were two: the selector of these may not stay on what was just created."""
    client = HttpClient(await configuration(str(operated_cluster.kubeconfig_for(OPERATOR))))
    with serving(api, CLUSTER_POLICY):
        for namespaces, selector in ((("a", "b"), {"matchExpressions"}), ((), set[str]())):
            tier = AdminTier(client, namespace, namespaces)
            for _ in range(2):
                assert await tier.keep({CLUSTER_POLICY.kind: await client.list(CLUSTER_POLICY)}) == CLUSTER_POLICY.kind
            found = api.must_get(CLUSTER_POLICY, "", policy_name(namespace, "none"))
            assert set(found["spec"]["subject"]["pods"]["namespaceSelector"]) == selector
    await client.close()


def test_what_the_spec_allows_is_denied_no_longer(lab: Lab) -> None:
    """A network that is allowed in a ready assistant's spec; the policy goes with the mode that leaves nothing to deny."""
    network = {"cidr": "10.20.0.0/16", "ports": [{"port": 443}]}
    with serving(lab.api, CILIUM_POLICY, CLUSTER_POLICY):
        lab.make_ready()
        until("all are used", lambda: told(lab) == ["CiliumNetworkPolicy", "ClusterNetworkPolicy", "NetworkPolicy"])
        lab.apply({**lab.manifest()["spec"], "egress": {"mode": "Allowlist", "allow": [network]}})

        (rule,) = lab.child(CILIUM_POLICY, "one")["specs"][0]["egressDeny"]
        assert set(rule) == {"toCIDR"}
        assert told(lab) == ["CiliumNetworkPolicy", "NetworkPolicy"]


@pytest.mark.parametrize("kind", DIALECTS, ids=lambda kind: kind.kind)
def test_what_others_open_is_named_until_it_goes(lab: Lab, kind: Kind) -> None:
    """With its kind; another namespace's is nobody's worry."""
    with serving(lab.api, kind):
        lab.make_ready()
        lab.api.create(opening(kind, lab.namespace))

        found = lab.expect("False", "WidenedByPolicy", EGRESS_CONFINED)
        assert found["message"].endswith(f"They are: {kind.kind} theirs (egress).")
        lab.expect("False", "WidenedByPolicy")
        lab.api.delete(kind, lab.namespace if not kind.cluster else "", "theirs")
        lab.expect("True", "Serving")
        if kind.cluster:
            lab.api.create(opening(kind, "elsewhere"))
            looks(lab)
            lab.expect("True", "Serving")


def test_without_the_right_to_read_them_confinement_is_unknown(lab: Lab) -> None:
    """Which right is missing is said; with it everything is as it was."""
    kinds = ("adminnetworkpolicies.policy.networking.k8s.io", "ciliumclusterwidenetworkpolicies.cilium.io")
    with serving(lab.api, CILIUM_CLUSTER_POLICY, ADMIN_POLICY):
        lab.make_ready()
        with without_cluster_rights(lab.api):
            lab.expect("Unknown", "PoliciesNotReadable", EGRESS_CONFINED)
            # The API server takes them back one after the other.
            until("both are named", lambda: all(f"to list {kind}" in lab.condition(EGRESS_CONFINED)["message"] for kind in kinds))
        lab.expect("True", "Serving")


def test_without_rights_to_what_is_absent_nothing_is_missing(lab: Lab) -> None:
    """An installation for some namespaces, in a cluster without such policies."""
    with without_cluster_rights(lab.api):
        lab.make_ready()
        looks(lab)

        lab.expect("True", "Serving")
        assert told(lab) == ["NetworkPolicy"]
