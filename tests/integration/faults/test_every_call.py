"""Every call to the API server fails once, in every way in which one can: the end is the same, nothing is lost, nothing is there twice.

Each assistant of a namespace has calls of its own that fail, one in each age of its life, so all of them live, and fail, at the same time.
Which calls there are is recorded first, by an assistant that nothing befalls.
"""

import time
from contextlib import closing

import pytest

from assistant_operator.kube.kinds import SERVICE, WATCHED_CHILDREN
from assistant_operator.kube.lease import Timing
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.faults.life import BY_HAND, Lives, Saboteur, Signature, alive, signature, subject_of
from tests.integration.faults.proxy import OF_CALLS, RETRY_AFTER, Call, Fault, proxied
from tests.integration.faults.recording import REFERENCE, Recorded, operated
from tests.integration.history import History
from tests.integration.lab import OPERATOR
from tests.support.statuslint import lint_history
from tests.support.waiting import until


def test_every_kind_of_call_is_among_the_recorded(recorded: Recorded) -> None:
    """Made, applied, taken over, removed, read, told, and an Event: or what follows would say less than it seems to."""
    verbs = {verb for (verb, _), _ in recorded.calls}
    paths = " ".join(path for (_, path), _ in recorded.calls)

    assert verbs == {"GET", "POST", "PATCH", "DELETE"}
    assert all(part in paths for part in ("/secrets", "/events", "/status", "/statefulsets", "/networkpolicies", "/jobs"))
    assert len(recorded.calls) > 35
    assert all(recorded.ages)
    assert "Secret *-key-a" in recorded.remains
    assert "Secret *-key-b" not in recorded.remains


@pytest.mark.parametrize("fault", OF_CALLS, ids=lambda fault: fault.name)
def test_whichever_call_fails_the_end_is_the_same(
    operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded, fault: Fault
) -> None:
    """Content and status as without the fault, every Secret the one that was made first, no orphan; and no status on the way is wrong."""
    targets = recorded.targets()
    with closing(History(api, namespace)) as history, proxied(operated_cluster, OPERATOR) as proxy:
        saboteur = proxy.spoil = Saboteur(fault, targets)
        running = operated(proxy, namespace)
        lives = Lives(api, namespace, proxy)
        lives.live(targets, alive(running))
        lives.come_to(targets, recorded.remains, targets.__getitem__)
        running.settle()
        running.stop()
        versions = history.caught_up()

    assert running.error is None
    assert saboteur.missed() == []
    assert {what for _, (what, _) in saboteur.fired} == {what for what, _ in recorded.calls}
    assert lives.wrong() == []
    assert lint_history(versions) == []


def test_a_write_is_not_tried_again_before_the_api_server_wants_it(
    operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded
) -> None:
    """429 with Retry-After: the delay of a first failure, which is shorter here, does not count."""
    tried: list[float] = []
    with proxied(operated_cluster, OPERATOR) as proxy:
        running = operated(proxy, namespace)
        lives = Lives(api, namespace, proxy)
        lives.live([REFERENCE], alive(running))
        running.settle()

        def spoil(call: Call) -> Fault | None:
            if call.verb != "PATCH" or "/services/" not in call.path:
                return None
            tried.append(time.monotonic())
            return Fault.THROTTLED if len(tried) == 1 else None

        proxy.spoil = spoil
        api.edit(SERVICE, namespace, REFERENCE, BY_HAND)
        until("it was tried again", lambda: len(tried) > 1)
        lives.come_to([REFERENCE], recorded.remains)
        running.stop()

    assert tried[1] - tried[0] >= RETRY_AFTER


class First:
    """Spoils the first of each of the calls that the operator makes for itself: listings, discovery, watches and the Lease."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.fired: set[Signature] = set()

    def __call__(self, call: Call) -> Fault | None:
        what = signature(call)
        # A conflict is an answer to writes alone.
        if subject_of(call) or what in self.fired or (self.fault is Fault.CONFLICT and not call.is_write):
            return None
        self.fired.add(what)
        return self.fault


@pytest.mark.parametrize("fault", OF_CALLS, ids=lambda fault: fault.name)
def test_whichever_of_its_own_calls_fails_the_operator_goes_on(
    operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded, fault: Fault
) -> None:
    """It asks again; it neither ends nor works with what it could not read."""
    with proxied(operated_cluster, OPERATOR) as proxy:
        first = proxy.spoil = First(fault)
        running = operated(proxy, namespace, "--leader-election=true", timing=Timing(renewal=0.2, retry=0.2, look=0.2), patience=0.5)
        lives = Lives(api, namespace, proxy)
        lives.live([REFERENCE], alive(running))
        lives.come_to([REFERENCE], recorded.remains)
        running.stop()

    reads = fault is not Fault.CONFLICT
    assert {verb for verb, path in first.fired if "/leases" in path} == {"POST", "PUT"} | ({"GET"} if reads else set())
    assert len({path for verb, path in first.fired if verb == "GET watch"}) == (len(WATCHED_CHILDREN) + 1 if reads else 0)
    assert running.error is None
    assert lives.wrong() == []


def test_what_could_not_be_listed_is_not_taken_for_missing(
    operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded
) -> None:
    """An operator that starts anew, and is refused each listing once, writes nothing: all is there."""
    with proxied(operated_cluster, OPERATOR) as proxy:
        running = operated(proxy, namespace)
        lives = Lives(api, namespace, proxy)
        lives.live([REFERENCE], alive(running))
        lives.come_to([REFERENCE], recorded.remains)
        running.settle()
        running.stop()

        first, listings = First(Fault.ERROR), {kind.path(namespace) for kind in WATCHED_CHILDREN}
        # No other call: one that fails as well would have everything listed again.
        proxy.spoil = lambda call: first(call) if call.path in listings and not call.is_watch else None
        before = len(proxy.calls)
        running = operated(proxy, namespace)
        until("it has passed over the assistant", lambda: running.passes > 0)
        running.settle()
        running.stop()

    assert len(first.fired) == len(WATCHED_CHILDREN)
    assert [call for call in proxy.calls[before:] if call.is_write] == []
