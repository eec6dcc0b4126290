"""Replicas that divide the namespaces among them: on a real API server, with two and with four, which come, go, die and freeze."""

import json
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from assistant_operator.kube.kinds import LEASE, NETWORK_POLICY, PRIVATE_ASSISTANT, SERVICE
from assistant_operator.kube.lease import Timing
from assistant_operator.kube.objects import Object
from assistant_operator.kube.shards import shard_of
from assistant_operator.naming import API_VERSION, KIND
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.conftest import new_operated_cluster
from tests.integration.lab import MODEL, OPERATOR, REGISTRY
from tests.integration.processes import fetch, free_port, process
from tests.integration.running import Hosts, Running
from tests.support.waiting import until

HOME = "operators"
NAME = "private-assistant-operator"
SHARDS = 4
QUICK = Timing(duration=3.0, deadline=2.0, renewal=0.2, retry=0.2, look=0.2)
IN_TIME = Timing().duration + 10
"""Seconds from a replica's death until its shards are looked after: the Lease's, and those of the looks and listings after it."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[ApiServer]:
    """An API server for this module alone: its operators look after every namespace."""
    with new_operated_cluster() as made:
        api = Api(made)
        make_namespace(api, HOME)
        api.close()
        yield made


@pytest.fixture
def api(cluster: ApiServer) -> Iterator[Api]:
    """An administrator, who removes the assistants and the Leases at the end."""
    found = Api(cluster)
    try:
        yield found
        for one in found.list(PRIVATE_ASSISTANT, None):
            found.delete(PRIVATE_ASSISTANT, one["metadata"]["namespace"], one["metadata"]["name"])
        for one in found.list(LEASE, HOME):
            found.delete(LEASE, HOME, one["metadata"]["name"])
    finally:
        found.close()


@pytest.fixture
def teams(api: Api) -> tuple[str, ...]:
    """Fresh namespaces, three of each shard: nobody here removes what an assistant that was deleted leaves behind."""
    found: dict[int, list[str]] = {}
    while sum(map(len, found.values())) < 3 * SHARDS:
        name = f"team-{uuid.uuid4().hex[:8]}"
        if len(there := found.setdefault(shard_of(name, SHARDS), [])) < 3:
            there.append(name)
            make_namespace(api, name)
    return tuple(name for there in found.values() for name in there)


def make_namespace(api: Api, name: str) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, path="/api/v1/namespaces")


def assistant(namespace: str) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {"model": {"name": MODEL}},
    }


def kubeconfig(cluster: ApiServer, replica: str, folder: Path) -> Path:
    """Write a replica's kubeconfig: the operator's user, whose group says in the audit log which replica it was."""
    path = folder / f"{replica}.kubeconfig"
    shutil.copy(cluster.kubeconfig_for(OPERATOR, group=replica), path)
    return path


@contextmanager
def replicas(cluster: ApiServer, folder: Path, *names: str, shards: int = SHARDS) -> Iterator[dict[str, Running]]:
    """Run replicas beside the test, whose Leases run out soon."""
    hosts = Hosts({REGISTRY: ("192.0.2.10",)})
    running = {
        name: Running(kubeconfig(cluster, name, folder), HOME, hosts, f"--shards={shards}", identity=name, timing=QUICK) for name in names
    }
    try:
        for one in running.values():
            one.start()
        yield running
    finally:
        for one in running.values():
            one.stop()
    for one in running.values():
        one.check()


def holders(api: Api, count: int = SHARDS) -> list[str]:
    """Return who holds each shard."""
    return [api.lease_holder(HOME, f"{NAME}-{shard}") for shard in range(count)]


def evenly(api: Api, *names: str, count: int = SHARDS) -> Callable[[], bool]:
    """Tell whether these replicas hold all shards, each as many as the others or one more."""

    def held() -> bool:
        found = holders(api, count)
        each = [found.count(name) for name in names]
        return sum(each) == count and max(each) - min(each) <= 1

    return held


def listed(running: Running) -> set[str]:
    """Return the namespaces of the assistants that a replica has in memory."""
    assert running.operator is not None
    return {key.namespace for key in running.operator.cache.everybody()}


class Audit:
    """Who wrote what to the assistants' namespaces, from now on."""

    def __init__(self, cluster: ApiServer) -> None:
        self._path = cluster.folder / "audit.jsonl"
        self._from = self._path.stat().st_size

    def writers(self) -> dict[str, list[str]]:
        """Return by namespace the replicas that wrote there, in the order of their writes, each as often as another's lie between."""
        found: dict[str, list[str]] = {}
        for record in self._records():
            place = record.get("objectRef") or {}
            if record["verb"] in ("get", "list", "watch") or place.get("namespace") == HOME:
                continue
            (replica,) = [group for group in record["user"]["groups"] if not group.startswith("system:")]
            there = found.setdefault(place["namespace"], [])
            if there[-1:] != [replica]:
                there.append(replica)
        return found

    def _records(self) -> list[Object]:
        with self._path.open() as log:
            log.seek(self._from)
            text = log.read()
        records = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
        records = [record for record in records if record["user"]["username"] == OPERATOR]
        return sorted(records, key=lambda record: str(record["requestReceivedTimestamp"]))


def are_looked_after(api: Api, teams: tuple[str, ...]) -> bool:
    """Tell whether every team's assistant has its objects, and its status."""
    found = [api.get(NETWORK_POLICY, team, "one") and api.assistant(team, "one").get("status", {}).get("conditions") for team in teams]
    return all(found)


@pytest.mark.parametrize("count", [2, 4])
def test_each_assistant_has_one_replica(cluster: ApiServer, api: Api, teams: tuple[str, ...], tmp_path: Path, count: int) -> None:
    """Its shard's: nobody else writes to its namespace, nor keeps its objects in memory; together they count every assistant once."""
    names = tuple(f"r{number}" for number in range(count))
    with replicas(cluster, tmp_path, *names) as running:
        until("the shards are shared", evenly(api, *names), 30)
        audit = Audit(cluster)
        for team in teams:
            api.apply(assistant(team))
        until("all are looked after", partial(are_looked_after, api, teams), 60)
        for one in running.values():
            one.settle()
        api.delete(SERVICE, teams[0], "one")
        until("it repairs", partial(api.get, SERVICE, teams[0], "one"))

        held = holders(api)
        assert audit.writers() == {team: [held[shard_of(team, SHARDS)]] for team in teams}
        for name, one in running.items():
            assert listed(one) == {team for team in teams if held[shard_of(team, SHARDS)] == name}
        assert sum(one.passes > 0 for one in running.values()) == count


def test_a_shard_that_moves_is_written_by_one_after_the_other(cluster: ApiServer, api: Api, teams: tuple[str, ...], tmp_path: Path) -> None:
    """A second replica comes and goes: what is right already is not written, and what is wrong is repaired by who holds the shard."""
    with ExitStack() as ends:
        first = ends.enter_context(replicas(cluster, tmp_path, "r0"))["r0"]
        until("one holds all", evenly(api, "r0"), 30)
        for team in teams:
            api.apply(assistant(team))
        until("all are looked after", partial(are_looked_after, api, teams), 60)
        first.settle()
        audit = Audit(cluster)
        with replicas(cluster, tmp_path, "r1") as running:
            second = running["r1"]
            until("the shards are shared", evenly(api, "r0", "r1"), 30)
            held = holders(api)
            theirs = [team for team in teams if held[shard_of(team, SHARDS)] == "r1"]
            until("it knows its namespaces", lambda: listed(second) == set(theirs))
            until("it has passed over them", lambda: second.passes >= len(theirs))
            second.settle()
            first.settle()
            assert listed(first) == set(teams) - set(theirs)
            assert audit.writers() == {}
            api.delete(SERVICE, theirs[0], "one")
            until("it repairs", partial(api.get, SERVICE, theirs[0], "one"))
        until("one holds all again", evenly(api, "r0"), 30)
        until("it knows all namespaces", lambda: listed(first) == set(teams))
        api.delete(SERVICE, theirs[0], "one")
        until("it repairs", partial(api.get, SERVICE, theirs[0], "one"))
        first.settle()

        assert audit.writers() == {theirs[0]: ["r1", "r0"]}


def test_replicas_that_count_otherwise_do_not_act(cluster: ApiServer, api: Api, teams: tuple[str, ...], tmp_path: Path) -> None:
    """As at a roll-out of another number of shards: the new ones begin when the last of the old has ended, and not before."""
    with ExitStack() as ends:
        news = ends.enter_context(ExitStack())
        with ExitStack() as olds:
            old = olds.enter_context(replicas(cluster, tmp_path, "old0", "old1", shards=2))
            until("the old share", evenly(api, "old0", "old1", count=2), 30)
            new = news.enter_context(replicas(cluster, tmp_path, "new"))["new"]
            sole = news.enter_context(replicas(cluster, tmp_path, "sole", shards=1))["sole"]
            until("the new have looked, and look again", lambda: min(new.calls("get", LEASE), sole.calls("get", LEASE)) > 3)
            audit = Audit(cluster)
            for team in teams:
                api.apply(assistant(team))
            until("all are looked after", partial(are_looked_after, api, teams), 60)
            old["old1"].stop()
            until("one of the old holds all", evenly(api, "old0", count=2), 30)
            for team in teams:
                api.delete(SERVICE, team, "one")
            until("it repairs", lambda: all(api.get(SERVICE, team, "one") for team in teams), 30)
            writers = audit.writers()
            assert {replica for there in writers.values() for replica in there} == {"old0", "old1"}
            assert (new.passes, sole.passes) == (0, 0)
            assert all(there in (["old0"], ["old1", "old0"]) for there in writers.values())
        sole.stop()
        until("the new hold all", evenly(api, "new"), 30)
        api.delete(SERVICE, teams[0], "one")
        until("it repairs", partial(api.get, SERVICE, teams[0], "one"))


def test_the_dead_and_the_frozen_are_replaced(cluster: ApiServer, api: Api, teams: tuple[str, ...], tmp_path: Path) -> None:
    """Within the Lease's time; one that wakes writes nothing any more, and ends badly. The process, with the Lease's real times."""
    names = ("dead", "frozen", "left")
    ports = {name: free_port() for name in names}
    with ExitStack() as ends:
        running = {
            name: ends.enter_context(
                process(kubeconfig(cluster, name, tmp_path), HOME, ports[name], tmp_path / name, f"--shards={SHARDS}", f"--identity={name}")
            )
            for name in names
        }
        until("the shards are shared", evenly(api, *names), 60)
        for team in teams:
            api.apply(assistant(team))
        until("all are looked after", partial(are_looked_after, api, teams), 60)
        held = holders(api)
        assert all(fetch(port, "/readyz")[0] == 200 for port in ports.values())
        for name, port in ports.items():
            shown = fetch(port, "/metrics")[1]
            for shard in range(SHARDS):
                assert f'private_assistant_operator_shard_held{{shard="{shard}"}} {float(held[shard] == name)}' in shown
        audit = Audit(cluster)

        running["dead"].send_signal(signal.SIGKILL)
        running["frozen"].send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        for team in teams:
            api.delete(SERVICE, team, "one")
        until("all is repaired", lambda: all(api.get(SERVICE, team, "one") for team in teams), IN_TIME)
        assert holders(api) == ["left"] * SHARDS
        assert time.monotonic() - begun < IN_TIME

        running["frozen"].send_signal(signal.SIGCONT)
        assert running["frozen"].wait(30) == 1
        assert audit.writers() == {team: ["left"] for team in teams}
    assert "Lease lost" in (tmp_path / "frozen").read_text()
