"""The egress proxy on a real API server: it comes with the first host that is allowed and goes with the last."""

from typing import Any

from assistant_egress.proxy.rules import HostRule, parse_rules
from assistant_operator.kube.kinds import CONFIG_MAP, DEPLOYMENT, NETWORK_POLICY, SERVICE
from assistant_operator.kube.objects import uid_of
from tests.integration.lab import MODEL, Lab, everything
from tests.support.waiting import until

NAME = "one-egress"
PARTS = {("Deployment", NAME), ("Service", NAME), ("ConfigMap", NAME), ("NetworkPolicy", NAME)}


def hosts(*names: str) -> dict[str, Any]:
    return {"model": {"name": MODEL}, "egress": {"mode": "Allowlist", "allow": [{"host": name} for name in names]}}


def variables(lab: Lab) -> dict[str, str]:
    (gateway,) = lab.stateful_set()["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in gateway["env"] if "PROXY" in one["name"].upper()}


def generation(lab: Lab) -> int:
    return int(lab.stateful_set()["metadata"]["generation"])


def test_it_comes_and_goes_with_the_hosts(lab: Lab) -> None:
    """The serving pods are made anew once each time; with the last host nothing of the proxy is left."""
    lab.make_ready()
    before = generation(lab)
    lab.apply(hosts("api.corp.example"))
    assert everything(lab).keys() >= PARTS
    assert lab.verdict() == ("Unknown", "EgressProxyNotReady")
    assert generation(lab) == before + 1
    lab.proxy_becomes_ready()
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")

    address = lab.child(SERVICE, NAME)["spec"]["clusterIP"]
    assert variables(lab)["HTTPS_PROXY"] == f"http://{address}:3128"
    assert parse_rules(lab.child(CONFIG_MAP, NAME)["data"]["rules.json"].encode()).hosts == (HostRule("api.corp.example", 443),)
    (out,) = lab.child(NETWORK_POLICY, "one")["spec"]["egress"]
    assert [peer["ipBlock"]["cidr"] for peer in out["to"] if "ipBlock" in peer] == [f"{address}/32"]

    lab.apply()
    until("nothing of the proxy is left", lambda: not PARTS & everything(lab).keys())
    lab.settle()
    assert generation(lab) == before + 2
    assert variables(lab) == {}
    assert NAME not in str(lab.assistant()["status"]["inventory"])


def test_a_second_pass_writes_nothing(lab: Lab) -> None:
    """The API server adds defaults to Deployment, Service and policy: none of them is drift."""
    lab.apply(hosts("api.corp.example", "*.b.example"))
    lab.pull_succeeds()
    lab.proxy_becomes_ready()
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")
    lab.writes()
    before = lab.fingerprint()
    for _ in range(3):
        lab.running.another_pass(lab.key)

    assert lab.writes() == []
    assert lab.fingerprint() == before


def test_what_others_change_is_put_right(lab: Lab) -> None:
    """Another image, a second container, or no Deployment at all."""
    lab.apply(hosts("api.corp.example"))
    planned = lab.child(DEPLOYMENT, NAME)
    (container,) = planned["spec"]["template"]["spec"]["containers"]
    theirs = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": lab.namespace},
        "spec": {"template": {"spec": {"containers": [{"name": container["name"], "image": "evil"}, {"name": "x", "image": "x"}]}}},
    }
    lab.seen(lab.api.apply(theirs))
    until("it is put right", lambda: lab.child(DEPLOYMENT, NAME)["spec"] == planned["spec"])

    lab.api.delete(DEPLOYMENT, lab.namespace, NAME)
    anew = until("another Deployment", lambda: lab.api.get(DEPLOYMENT, lab.namespace, NAME))
    assert uid_of(anew) != uid_of(planned)
