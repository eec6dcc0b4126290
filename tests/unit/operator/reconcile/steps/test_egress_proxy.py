"""Passes over an assistant that may reach hosts: its proxy comes and goes, Ready waits for it, its decisions are shown."""

from typing import Any

import pytest

from assistant_operator.kube.kinds import CONFIG_MAP, DEPLOYMENT, NETWORK_POLICY, POD, SERVICE, STATEFUL_SET, Kind
from assistant_operator.kube.objects import Object, label, name_of, uid_of
from assistant_operator.naming import ANNOTATION_EGRESS_RULES, LABEL_COMPONENT
from tests.support.fake_world import MODEL, FakeWorld
from tests.support.pods import terminated
from tests.unit.operator.reconcile.asking.test_decisions import told
from tests.unit.operator.reconcile.keepers import KEEP

REASON = "EgressProxyNotReady"
KINDS = (DEPLOYMENT, SERVICE, CONFIG_MAP, NETWORK_POLICY)


def hosts(*names: str, **fields: Any) -> dict[str, Any]:
    return {"model": {"name": MODEL}, "egress": {"mode": "Allowlist", "allow": [{"host": name} for name in names]}, **fields}


PLAIN: dict[str, Any] = {"model": {"name": MODEL}}
ONE = hosts("api.corp.example")


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def found(fake: FakeWorld, kind: Kind, name: str = "one-egress") -> Object | None:
    return fake.client.find(kind, "ns", name)


def generation(fake: FakeWorld) -> int:
    """Return how often the StatefulSet was changed: each time its pods are made anew."""
    stateful_set = found(fake, STATEFUL_SET, "one")
    assert stateful_set is not None
    return int(stateful_set["metadata"]["generation"])


def variables(fake: FakeWorld) -> dict[str, str]:
    stateful_set = found(fake, STATEFUL_SET, "one")
    assert stateful_set is not None
    (gateway,) = stateful_set["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in gateway["env"] if "PROXY" in one["name"].upper()}


async def test_an_assistant_with_a_host_becomes_ready_with_its_proxy(fake: FakeWorld) -> None:
    """Whose address its containers know, and its policy allows."""
    await fake.make_ready(ONE)
    service = found(fake, SERVICE)
    assert service is not None
    address = service["spec"]["clusterIP"]
    policy = found(fake, NETWORK_POLICY, "one")
    assert policy is not None

    assert variables(fake)["HTTPS_PROXY"] == f"http://{address}:3128"
    assert {"ipBlock": {"cidr": f"{address}/32"}} in policy["spec"]["egress"][0]["to"]
    assert all(found(fake, kind) is not None for kind in KINDS)
    assert {f"ns_one-egress_{kind.group}_{kind.kind}" for kind in KINDS} <= {entry["id"] for entry in fake.status()["inventory"]}


async def test_a_second_pass_writes_nothing(fake: FakeWorld) -> None:
    await fake.make_ready(ONE)
    fake.client.writes.clear()
    await fake.reconcile()

    assert fake.client.writes == []


async def test_a_host_makes_the_serving_pods_anew_once_and_so_does_its_end(fake: FakeWorld) -> None:
    """The pods wait for the proxy's address, and are not changed before."""
    await fake.make_ready(PLAIN)
    before = generation(fake)
    fake.apply(ONE)
    outcome = await fake.reconcile()
    assert outcome.after == 0.0
    assert generation(fake) == before
    assert found(fake, SERVICE) is not None
    await fake.settle()
    assert generation(fake) == before + 1

    fake.apply(PLAIN)
    await fake.settle()
    assert generation(fake) == before + 2
    assert variables(fake) == {}
    assert not any(found(fake, kind) for kind in KINDS)
    assert "one-egress" not in str(fake.status()["inventory"])


async def test_pods_live_on_while_the_proxys_address_is_not_known(fake: FakeWorld) -> None:
    """An assistant that is given a host goes on without it meanwhile."""
    await fake.make_ready(PLAIN)
    fake.client.allocates = False
    fake.apply(ONE)
    await fake.settle()

    assert found(fake, STATEFUL_SET, "one") is not None
    assert variables(fake) == {}
    assert fake.verdict() == ("Unknown", REASON)


async def test_another_host_makes_the_proxy_anew_and_not_the_assistant(fake: FakeWorld) -> None:
    """The assistant reaches the proxy as before; connections under the old rules end with the old pod."""
    await fake.make_ready(ONE)
    before, deployment = generation(fake), found(fake, DEPLOYMENT)
    fake.apply(hosts("api.corp.example", "b.example"))
    await fake.settle()
    after = found(fake, DEPLOYMENT)
    assert deployment is not None
    assert after is not None

    rules = [one["spec"]["template"]["metadata"]["annotations"][ANNOTATION_EGRESS_RULES] for one in (deployment, after)]
    assert rules[0] != rules[1]
    assert generation(fake) == before
    assert fake.verdict() == ("Unknown", REASON)
    fake.proxy_becomes_ready()
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_what_others_change_is_put_right(fake: FakeWorld) -> None:
    """Also a Service that was deleted: the pods are told its new address."""
    await fake.make_ready(ONE)
    deployment, service = found(fake, DEPLOYMENT), found(fake, SERVICE)
    assert deployment is not None
    assert service is not None
    fake.client.put(deployment | {"spec": deployment["spec"] | {"replicas": 0}})
    await fake.client.delete(SERVICE, "ns", "one-egress", uid=uid_of(service))
    await fake.settle()
    mended, anew = found(fake, DEPLOYMENT), found(fake, SERVICE)
    assert mended is not None
    assert anew is not None

    assert mended["spec"]["replicas"] == 1
    assert anew["spec"]["clusterIP"] != service["spec"]["clusterIP"]
    assert anew["spec"]["clusterIP"] in variables(fake)["HTTPS_PROXY"]


async def test_an_assistant_that_keeps_something_waits_for_its_proxy_too(fake: FakeWorld) -> None:
    await fake.make_ready(KEEP | {"egress": ONE["egress"]})
    fake.client.set_status(DEPLOYMENT, "ns", "one-egress", {"replicas": 1, "updatedReplicas": 1, "observedGeneration": 1})
    await fake.settle()

    assert fake.verdict() == ("False", REASON)
    assert fake.verdict("StoreReady")[0] == "True"
    assert fake.verdict("GatewayReady") == ("True", "Serving")


async def test_a_proxy_that_cannot_start_says_why(fake: FakeWorld) -> None:
    """And for what the hosts are."""
    await fake.make_ready(ONE)
    (pod,) = [pod for pod in fake.cache.of_assistant(fake.key, POD) if label(pod, LABEL_COMPONENT) == "egress-proxy"]
    broken = terminated("egress-proxy", 1, "")
    fake.client.set_status(POD, "ns", name_of(pod), {"phase": "Running", "podIP": "10.1.0.99", "containerStatuses": [broken]})
    await fake.settle()

    assert fake.verdict() == ("False", REASON)
    assert "ContainerCrashed. Container egress-proxy has ended (exit code 1)." in fake.message()
    assert "spec.egress.allow" in fake.message()


async def test_what_it_decided_is_shown(fake: FakeWorld) -> None:
    """Reasons at once; counts alone after five minutes, and then by themselves."""
    fake.proxies.told = told(1)
    await fake.make_ready(ONE)
    assert list(fake.proxies.asked.values()) == ["10.1.0.99"]
    shown = {"mode": "Allowlist", "allowed": 1, "refused": [], "since": "2026-01-01T00:00:00Z"}
    assert fake.status()["egress"] == shown

    fake.proxies.told = told(1, HostNotAllowed=2)
    await fake.settle()
    shown["refused"] = [{"reason": "HostNotAllowed", "count": 2}]
    assert fake.status()["egress"] == shown

    fake.pass_time(60)
    fake.proxies.told = told(5, HostNotAllowed=9)
    outcome = await fake.settle()
    assert fake.status()["egress"] == shown
    assert outcome.after == 240.0

    fake.pass_time(240)
    await fake.settle()
    assert fake.status()["egress"] == shown | {"allowed": 5, "refused": [{"reason": "HostNotAllowed", "count": 9}]}


async def test_what_was_shown_stands_while_the_proxy_is_silent(fake: FakeWorld) -> None:
    """And after a start of the operator, which remembers nothing."""
    fake.proxies.told = told(3, NotTls=1)
    await fake.make_ready(ONE)
    before = fake.status()["egress"]
    fake.proxies.told = None
    await fake.settle()
    assert fake.status()["egress"] == before

    fake.world.counted.clear()
    fake.proxies.told = told(4, NotTls=1)
    fake.client.writes.clear()
    await fake.settle()
    assert fake.client.writes == []


async def test_without_hosts_nothing_is_counted_and_nobody_asked(fake: FakeWorld) -> None:
    fake.proxies.told = told(3)
    await fake.make_ready(ONE)
    fake.apply(PLAIN)
    await fake.settle()

    assert fake.status()["egress"] == {"mode": "Deny"}
    assert fake.proxies.forgotten
    assert fake.world.counted == {}


async def test_who_widens_the_proxy_widens_the_assistant(fake: FakeWorld) -> None:
    """What the proxy refuses by name it could then reach by address, were it ever taken over. The operator's own policy widens nothing."""
    await fake.make_ready(ONE)
    selector = {"matchLabels": fake.names.selector("egress-proxy")}
    fake.client.put(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "theirs", "namespace": "ns"},
            "spec": {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{}]},
        }
    )
    await fake.settle()
    assert fake.verdict() == fake.verdict("EgressConfined") == ("False", "WidenedByPolicy")
    assert "NetworkPolicy theirs (egress)" in fake.message()

    fake.apply(PLAIN)
    await fake.settle()
    assert fake.verdict("EgressConfined") == ("True", "Enforced")


async def test_a_container_that_others_put_beside_the_proxy_is_told_of(fake: FakeWorld) -> None:
    """It would share the proxy's way out."""
    await fake.make_ready(ONE)
    (pod,) = [pod for pod in fake.cache.of_assistant(fake.key, POD) if label(pod, LABEL_COMPONENT) == "egress-proxy"]
    parts = [{"name": name} for name in ("egress-proxy", "istio-proxy")]
    fake.client.put(pod | {"spec": {"nodeName": "node", "containers": parts}})
    await fake.settle()

    assert fake.verdict("EgressConfined") == ("False", "PodNotAsPlanned")
    assert "container istio-proxy" in fake.message("EgressConfined")
    assert "container egress-proxy" not in fake.message("EgressConfined")
