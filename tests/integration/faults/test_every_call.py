"""Every call to the API server fails once, in every way in which one can: the end is the same, nothing is lost, nothing is there twice.

Each assistant of a namespace has calls of its own that fail, one in each age of its life, so all of them live, and fail, at the same time.
Which calls there are is recorded first, by an assistant that nothing befalls.
"""

from collections.abc import Callable

import pytest

from assistant_operator.kube.kinds import WATCHED_CHILDREN
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.faults.life import Lives, Saboteur, Signature, alive, signature, subject_of
from tests.integration.faults.proxy import OF_CALLS, Call, Fault, Proxy, proxied
from tests.integration.faults.recording import REFERENCE, Recorded, operated
from tests.integration.history import History
from tests.integration.lab import OPERATOR
from tests.integration.running import Running
from tests.support.statuslint import lint_history

# Transports that the other side has cut off are closed by whoever collects them, maybe after their loop's end.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_every_kind_of_call_is_among_the_recorded(recorded: Recorded) -> None:
    """Made, applied, taken over, removed, read, told, and an Event: or what follows would say less than it seems to."""
    verbs = {verb for (verb, _), _ in recorded.calls}
    paths = " ".join(path for (_, path), _ in recorded.calls)

    assert verbs == {"GET", "POST", "PATCH", "DELETE"}
    assert all(part in paths for part in ("/secrets", "/events", "/status", "/statefulsets", "/networkpolicies", "/jobs"))
    assert len(recorded.calls) > 35
    assert all(recorded.ages)


@pytest.mark.parametrize("fault", OF_CALLS, ids=lambda fault: fault.name)
def test_whichever_call_fails_the_end_is_the_same(
    operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded, fault: Fault
) -> None:
    """Content and status as without the fault, every Secret the one that was made first, no orphan; and no status on the way is wrong."""
    targets = recorded.targets()
    history = History(api, namespace)
    with proxied(operated_cluster, OPERATOR) as proxy:
        saboteur = proxy.spoil = Saboteur(fault, targets)
        running = operated(proxy, namespace)
        lives = Lives(api, namespace, proxy)
        lives.live(targets, alive(running))
        running.settle()
        remains = lives.remains()
        told = lint_history(history.caught_up())
        history.close()
        running.stop()

    assert running.error is None
    assert saboteur.missed() == []
    assert {what for _, (what, _) in saboteur.fired} == {what for what, _ in recorded.calls}
    assert {name: (targets[name], remains[name]) for name in targets if remains[name] != recorded.remains} == {}
    assert lives.lost_secrets() == []
    assert told == []


class First:
    """Spoils the first of each of the calls that the operator makes for itself: listings, discovery, watches and the Lease."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.fired: set[Signature] = set()

    def __call__(self, call: Call) -> Fault | None:
        what = signature(call)
        if subject_of(call) or what in self.fired:
            return None
        self.fired.add(what)
        return self.fault


@pytest.mark.parametrize("fault", [fault for fault in OF_CALLS if fault is not Fault.LATE], ids=lambda fault: fault.name)
def test_whichever_of_its_own_calls_fails_the_operator_comes_to_work(
    operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded, fault: Fault
) -> None:
    """It asks again, or ends and is started again, as its container would be.

    Not LATE: kopf's own patience of half a minute would make it a matter of minutes.
    """
    with proxied(operated_cluster, OPERATOR) as proxy:
        first = proxy.spoil = First(fault)
        lives = Lives(api, namespace, proxy)
        life = Restarting(proxy, namespace)
        lives.live([REFERENCE], life.look)
        remains = lives.remains()
        life.running.stop()

    watched = {path for verb, path in first.fired if verb == "GET watch"}
    assert len(watched) == len(WATCHED_CHILDREN) + 1
    assert {verb for verb, path in first.fired if "/leases" in path} == {"GET", "POST", "PUT"}
    assert remains[REFERENCE] == recorded.remains
    assert lives.lost_secrets() == []


class Restarting:
    """An operator, and another one where that has ended."""

    def __init__(self, proxy: Proxy, namespace: str) -> None:
        self._start: Callable[[], Running] = lambda: operated(proxy, namespace, "--leader-election=true")
        self.running = self._start()

    def look(self) -> None:
        if not self.running.is_alive:
            self.running = self._start()
