"""Rounds to pods and what is made of their answers; when that is news, and for how long it counts."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import astuple, replace
from datetime import timedelta
from typing import Any

import pytest

from assistant_egress.protocol import PATHS, Answer, Phase, Result, encode_answer, parse_round
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.asking import evidence
from assistant_operator.reconcile.asking.control import Control, Thing
from assistant_operator.reconcile.asking.evidence import (
    Evidence,
    EvidenceAsk,
    PathSeen,
    Place,
    addresses_served,
    blended,
    listen,
    news,
    place_of,
)
from assistant_operator.reconcile.key import Key
from assistant_operator.resources.egress_targets import Endpoint, Surroundings
from tests.support.evidence import ENFORCED, NOT_ENFORCED, START, confined, path_seen

KEY = Key("ns", "one")
SECONDS = 10.0
AROUND = Surroundings(
    canaries=(Endpoint("10.244.0.9", 9092),),
    outside=(Endpoint("198.51.100.10", 443),),
    nameservers=("10.96.0.10",),
    api_servers=(Endpoint("10.96.0.1", 443),),
)
PLACE = Place("10.244.0.5", ("203.0.113.2",), ())


class Pod:
    """Observes that everything is blocked, but for what a test sets."""

    def __init__(self) -> None:
        self.reached: set[str] = set()
        """Classes of paths, and addresses."""
        self.left_out: set[str] = set()
        self.phase: Phase = "probe"
        self.body: bytes | None = None
        self.is_silent = False
        self.asked: list[tuple[str, str, bytes]] = []

    async def post(self, address: str, path: str, body: bytes) -> bytes | None:
        self.asked.append((address, path, body))
        if self.is_silent:
            return None
        targets = [target for target in parse_round(body).targets if target.id not in self.left_out]
        results = tuple(
            Result(one.id, "Reached" if {one.path, one.address} & self.reached else "Blocked", "2026-01-01T00:00:00Z") for one in targets
        )
        return self.body or encode_answer(Answer(self.phase, results))


class Around:
    """What is alive, by address."""

    def __init__(self) -> None:
        self.dead: set[str] = {"169.254.169.254", "fd00:ec2::254"}
        self.tried: set[str] = set()
        self.silent: set[str] = set()

    async def reach(self, thing: Thing) -> bool:
        self.tried.add(thing.address)
        if thing.address in self.silent:
            await asyncio.Event().wait()
        return thing.address not in self.dead

    async def now(self) -> Surroundings:
        return AROUND


@pytest.fixture
def pod() -> Pod:
    return Pod()


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
async def ask(pod: Pod, around: Around) -> AsyncIterator[EvidenceAsk]:
    controls = Control(around.reach), Control(around.reach)
    yield EvidenceAsk(around.now, *controls, lambda: START, pod.post)
    for control in controls:
        await control.close()


def verdicts(told: Evidence | None) -> dict[str, str]:
    assert told is not None
    return {path: f"{seen.verdict} {seen.reason}" for path, seen in told.paths.items()}


async def test_a_round_says_what_is_alive(ask: EvidenceAsk, pod: Pod, around: Around) -> None:
    """To the pod's own address, for every target that is to be tried there."""
    around.dead |= {"198.51.100.10"}
    await ask(PLACE)

    ((address, path, body),) = pod.asked
    alive = {target.id: target.is_alive for target in parse_round(body).targets}
    assert (address, path) == ("10.244.0.5", "/rounds")
    assert alive["pods/udp/10.244.0.9/9092"]
    assert alive["ownNode/tcp/203.0.113.2/10250"]
    assert not alive["outside/tcp/198.51.100.10/443"]
    assert not alive["metadata/tcp/169.254.169.254/80"]


async def test_before_a_pod_has_an_address_it_is_found_out_what_is_alive(ask: EvidenceAsk, pod: Pod, around: Around) -> None:
    """Or its gate would wait for that as well."""
    place = place_of(running("Pending", ip="", ready=False), ())

    assert place is not None
    assert await ask(place) is None
    assert (pod.asked, "10.244.0.9" in around.tried) == ([], True)


@pytest.mark.parametrize(("is_held", "alive"), [(True, True), (False, False)], ids=["a gate waits", "nobody waits"])
async def test_a_try_of_the_operators_that_was_lost_is_made_again_while_a_gate_waits(
    ask: EvidenceAsk, pod: Pod, around: Around, is_held: bool, alive: bool
) -> None:
    """The next round, half a second later, has what came of it; where nothing waits for it the next try is as good."""
    around.dead |= {"198.51.100.10"}
    place = replace(PLACE, is_held=is_held)
    await ask(place)
    around.dead.remove("198.51.100.10")
    await asyncio.sleep(0.01)
    await ask(place)
    await asyncio.sleep(0.01)
    await ask(place)

    told = {target.id: target.is_alive for target in parse_round(pod.asked[-1][2]).targets}
    assert told["outside/tcp/198.51.100.10/443"] is alive


async def test_an_answer_is_judged_class_by_class(ask: EvidenceAsk, pod: Pod, around: Around) -> None:
    """By what the operator reached and the pod did not."""
    pod.reached = {"apiServer", "dns"}
    around.dead |= {"198.51.100.10"}

    assert verdicts(await ask(PLACE)) == {
        "outside": "Inconclusive NotAlive",
        "pods": "Enforced Blocked",
        "metadata": "Inconclusive NothingThere",
        "dns": "NotEnforced Reached",
        "apiServer": "NotEnforced Reached",
        "ownNode": "Enforced Blocked",
    }


async def test_a_target_that_an_answer_leaves_out_was_not_tried(ask: EvidenceAsk, pod: Pod) -> None:
    """Silence about a target is no blockade."""
    pod.left_out = {"dns/dns/10.96.0.10/53"}

    assert verdicts(await ask(PLACE))["dns"] == "Inconclusive NotTried"


async def test_what_the_assistant_may_reach_is_not_tried(ask: EvidenceAsk, pod: Pod) -> None:
    """And it is told why there is nothing to try."""
    allowed = [{"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": [{"port": 443, "protocol": "TCP"}]}]
    told = await ask(replace(PLACE, egress=allowed))

    assert not any(target.path == "outside" for target in parse_round(pod.asked[0][2]).targets)
    assert told is not None
    assert told.paths["outside"] == PathSeen("Inconclusive", "NoTarget", False, START, "198.51.100.0/24")


def one_address(address: str, port: int) -> dict[str, Any]:
    return {"to": [{"ipBlock": {"cidr": f"{address}/{128 if ':' in address else 32}"}}], "ports": [{"port": port, "protocol": "TCP"}]}


STORE = Endpoint("10.96.0.77", 5432)
ALLOWED = replace(PLACE, egress=[one_address("10.20.0.5", 443), one_address("fd00::5", 443), one_address(*astuple(STORE))])


async def test_what_is_allowed_ought_to_be_reached(ask: EvidenceAsk, pod: Pod, around: Around) -> None:
    """What is alive and is not reached has its name told; what is down does not count."""
    pod.reached = {"10.20.0.5", "fd00::5"}
    around.dead |= {"10.96.0.77"}
    await ask(ALLOWED)
    told = await ask(ALLOWED)
    assert told is not None
    assert told.paths["allowed"] == PathSeen("Enforced", "Reached", True, START)

    pod.reached = {"10.20.0.5"}
    told = await ask(ALLOWED)
    assert told is not None
    assert told.paths["allowed"] == PathSeen("NotEnforced", "Blocked", False, START, unreached=("[fd00::5]:443",))
    assert {path: told.paths[path].verdict for path in ("outside", "pods", "dns")} == dict.fromkeys(("outside", "pods", "dns"), "Enforced")


async def test_nobody_waits_for_what_is_allowed(ask: EvidenceAsk, pod: Pod, around: Around) -> None:
    """Neither a target nor many that are silent hold up what has to be closed; who answers is known at the next question."""
    around.silent = {"10.20.0.5"}
    async with asyncio.timeout(SECONDS):
        told = await ask(ALLOWED)
    assert told is not None
    assert told.paths["allowed"].reason == "NotAlive"
    assert told.paths["outside"].verdict == "Enforced"
    assert {"10.20.0.5", "fd00::5", "10.96.0.77"} <= around.tried

    told = await ask(ALLOWED)
    assert told is not None
    assert told.paths["allowed"].unreached == ("[fd00::5]:443", "10.96.0.77:5432")


@pytest.mark.parametrize(
    ("ready", "reached", "expected"),
    [
        (True, set(), ("NotEnforced", "Blocked", ("10.96.0.77:5432",))),
        (True, {"10.96.0.77"}, ("Enforced", "Reached", ())),
        (False, set(), ("Inconclusive", "NotAlive", ())),
        (False, {"10.96.0.77"}, ("Enforced", "Reached", ())),
    ],
)
async def test_an_own_service_is_alive_where_its_pods_are_ready(
    ask: EvidenceAsk, pod: Pod, around: Around, ready: bool, reached: set[str], expected: tuple[Any, ...]
) -> None:
    """The operator does not try it: the policy of the store lets the assistant in, and nobody else."""
    pod.reached = reached
    told = await ask(replace(PLACE, egress=[one_address(*astuple(STORE))], served={STORE: ready}))

    assert told is not None
    assert (told.paths["allowed"].verdict, told.paths["allowed"].reason, told.paths["allowed"].unreached) == expected
    assert "10.96.0.77" not in around.tried
    assert "10.244.0.9" in around.tried


async def test_an_own_service_stands_in_for_no_other_path(ask: EvidenceAsk, pod: Pod, around: Around) -> None:
    """Of what has to be closed the control tells, whoever else is at that address."""
    around.dead |= {"198.51.100.10"}
    told = await ask(replace(PLACE, served={Endpoint("198.51.100.10", 443): True}))

    assert told is not None
    assert told.paths["outside"].reason == "NotAlive"


async def test_where_no_rule_is_for_one_address_nothing_is_said_of_it(ask: EvidenceAsk) -> None:
    """Nothing is missing there."""
    told = await ask(replace(PLACE, egress=[{"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}], "ports": [{"port": 443}]}]))

    assert told is not None
    assert "allowed" not in told.paths


def service(cluster_ips: list[str] | None, selector: dict[str, str] | None = None, **spec: Any) -> Object:
    ports = [{"port": 5432, "protocol": "TCP"}, {"port": 443}]
    return {"spec": {"clusterIPs": cluster_ips, "selector": {"app": "pg"} if selector is None else selector, "ports": ports} | spec}


def behind(ready: bool = True, deletion: str | None = None, **labels: str) -> Object:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"metadata": {"labels": labels, "deletionTimestamp": deletion}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([behind(app="pg", more="x")], True),
        ([behind(app="pg", ready=False), behind(app="pg")], True),
        ([behind(app="pg", ready=False)], False),
        ([behind(app="pg", deletion="2026-01-01T00:00:00Z")], False),
        ([behind(app="other")], False),
        ([behind()], False),
        ([], False),
    ],
)
def test_a_service_is_as_alive_as_the_pods_that_it_selects(pods: list[Object], expected: bool) -> None:
    """At each of its addresses and ports."""
    assert addresses_served([service(["10.96.0.77", "fd00::77"])], pods) == {
        Endpoint(address, port): expected for address in ("10.96.0.77", "fd00::77") for port in (5432, 443)
    }


def test_services_without_an_address_or_without_a_selector() -> None:
    """The first are nowhere, and what is behind the others is not known: no pod speaks for it."""
    assert addresses_served([service(["None"]), service(None), service([], clusterIP="None"), {}], [behind(app="pg")]) == {}
    assert set(addresses_served([service(["10.96.0.77"], {})], [behind(app="pg")]).values()) == {False}
    assert addresses_served([service(None, clusterIP="10.96.0.77", ports=[{"port": 5432}])], [behind(app="pg")]) == {STORE: True}


@pytest.mark.parametrize("body", [b"x", b"{}", b'{"phase":"probe","results":[{"id":"a","observed":"Fine","at":"2026-01-01T00:00:00Z"}]}'])
async def test_what_cannot_be_read_is_no_answer(ask: EvidenceAsk, pod: Pod, body: bytes) -> None:
    """Neither an error nor evidence of anything."""
    pod.body = body
    assert await ask(PLACE) is None
    pod.is_silent = True
    assert await ask(PLACE) is None


def later(seconds: float) -> Any:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize("reason", ["NotAlive", "NoTarget", "NotTried", "NothingThere"])
def test_a_target_that_goes_for_a_moment_takes_nothing_back(reason: Any) -> None:
    """As silence for a moment does not: the canary is rolled, a name does not resolve. After that it does."""
    doubt = path_seen("Inconclusive", reason, later(44))
    before = confined()

    assert blended(before, confined(later(44), pods=doubt)).paths["pods"] == ENFORCED
    again = blended(blended(before, confined(later(44), pods=doubt)), confined(later(45), pods=replace(doubt, at=later(45))))
    assert again.paths["pods"].reason == reason


@pytest.mark.parametrize(
    "now",
    [
        NOT_ENFORCED,
        path_seen("Inconclusive", "NoTarget", covered_by="10.0.0.0/8"),
        path_seen("Enforced", "Blocked", later(1)),
    ],
)
def test_everything_else_counts_at_once(now: PathSeen) -> None:
    """What is reached most of all."""
    assert blended(confined(), confined(pods=now)).paths["pods"] == now


def test_what_is_allowed_is_not_out_of_reach_at_once() -> None:
    """One packet may be lost, and nothing is at stake; after a while it is said. Of the other paths "Blocked" is what is wanted."""
    reached, blocked = path_seen("Enforced", "Reached"), path_seen("NotEnforced", "Blocked", later(44))
    before = confined(allowed=reached)

    assert blended(before, confined(later(44), allowed=blocked)).paths["allowed"] == reached
    late = replace(blocked, at=later(45))
    assert blended(before, confined(later(45), allowed=late)).paths["allowed"] == late


def test_only_what_was_closed_stands() -> None:
    """A first answer is what it is, and so is one after an open one."""
    doubt = path_seen("Inconclusive", "NotAlive")

    assert blended(None, confined(pods=doubt)).paths["pods"] == doubt
    assert blended(confined(pods=NOT_ENFORCED), confined(pods=doubt)).paths["pods"] == doubt


def test_a_new_time_alone_is_no_news() -> None:
    """Another verdict is, and so is a pod that is heard again or no longer."""
    asked: list[Key] = []
    tell = news(asked.append)
    same = {"pod": confined()}

    tell(KEY, same, {"pod": confined(later(10))})
    assert asked == []
    tell(KEY, same, {"pod": confined(dns=NOT_ENFORCED)})
    tell(KEY, same, {"pod": confined(dns=path_seen("Inconclusive", "NotAlive"))})
    tell(KEY, same, {})
    tell(KEY, {}, same)
    assert asked == [KEY] * 4
    one, other = (path_seen("NotEnforced", "Blocked", unreached=(text,)) for text in ("10.20.0.5:443", "10.20.0.6:443"))
    tell(KEY, {"pod": confined(allowed=one)}, {"pod": confined(allowed=other)})
    tell(KEY, {"pod": confined(allowed=other)}, same)
    assert asked == [KEY] * 6


def running(phase: str = "Running", ip: str = "10.0.0.1", ready: bool = True, **meta: Any) -> Object:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    status = {"phase": phase, "podIP": ip, "hostIP": "203.0.113.2", "hostIPs": [{"ip": "203.0.113.2"}, {"ip": "fd00::2"}]}
    return {"metadata": {"uid": "pod", **meta}, "status": status | {"conditions": conditions}}


def test_a_pod_is_asked_from_its_gate_on() -> None:
    """More often until it is ready, as something in it may wait; its place is the same, whether what it may reach is alive or not."""
    held, started, ready = place_of(running("Pending", ready=False), ()), place_of(running(ready=False), ()), place_of(running(), ())

    assert held == started == ready == Place("10.0.0.1", ("203.0.113.2", "fd00::2"), ())
    assert held is not None
    assert started is not None
    assert ready is not None
    assert [evidence.interval(place) for place in (held, started, ready)] == [0.2, 0.2, 10]
    assert evidence.interval(replace(held, address="")) == 1
    assert place_of(running(), (), {STORE: True}) == ready


def test_older_kubelets_tell_one_address_of_the_node() -> None:
    pod = running()
    del pod["status"]["hostIPs"]
    found, unknown = place_of(pod, ()), place_of({"metadata": {}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}, ())

    assert found == Place("10.0.0.1", ("203.0.113.2",), ())
    assert unknown == Place("10.0.0.1", (), ())


@pytest.mark.parametrize(
    "pod", [running("Succeeded"), running("Failed"), running(deletionTimestamp="2026-01-01T00:00:00Z"), {"metadata": {}}]
)
def test_pods_that_cannot_tell_are_not_asked(pod: Object) -> None:
    assert place_of(pod, ()) is None


class Recorder:
    """Remembers who was to be asked."""

    def __init__(self) -> None:
        self.first_asked: list[set[str]] = []
        self.watched: list[set[str]] = []
        self.forgotten = 0

    def latest(self, _key: Key, pods: Mapping[str, Place]) -> Mapping[str, Evidence]:
        self.watched.append(set(pods))
        return {"pod": confined()}

    async def first(self, _key: Key, _pods: Mapping[str, Place], ready: Collection[str]) -> None:
        self.first_asked.append(set(ready))

    def forget(self, _key: Key) -> None:
        self.forgotten += 1


async def test_of_an_assistant_without_pods_nothing_is_to_be_heard() -> None:
    """Of others those that are ready are asked at once."""
    recorder = Recorder()

    assert await listen(recorder, KEY, [running("Succeeded")], ()) == {}
    assert (recorder.forgotten, recorder.watched) == (1, [])
    assert await listen(recorder, KEY, [running(), running(ready=False) | {"metadata": {"uid": "new"}}], ()) == {"pod": confined()}
    assert (recorder.first_asked, recorder.watched) == ([{"pod"}], [{"pod", "new"}])


async def test_over_the_wire_it_is_the_probes_protocol(ask: EvidenceAsk, pod: Pod) -> None:
    """One document each way; every class of paths is spoken of."""
    told = await ask(PLACE)

    assert set(json.loads(pod.asked[0][2])) == {"targets"}
    assert told is not None
    assert tuple(told.paths) == PATHS
