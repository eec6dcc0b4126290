"""The operator ends at every write: killed before it went out or after it took place, or its Lease was taken while it was under way."""

import asyncio
import signal
import time
from collections import Counter
from contextlib import closing

import pytest

from assistant_operator import errors
from assistant_operator.kube.kinds import LEASE
from assistant_operator.kube.lease import Timing
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.faults.killable import Succession
from tests.integration.faults.life import Lives, Signature, signature
from tests.integration.faults.proxy import Call, Fault, Proxy, proxied
from tests.integration.faults.recording import REFERENCE, Recorded
from tests.integration.history import History
from tests.integration.lab import OPERATOR, REGISTRY
from tests.integration.running import Hosts, Running
from tests.support.statuslint import lint_history

MOST = 6
"""Ends at one kind of write: more than a life without them has of any."""
NAME = "private-assistant-operator"


class Ends:
    """Decides at which writes there is an end: at each, but for those that come again because they were prevented."""

    def __init__(self, *, come_again: bool = False) -> None:
        self._come_again = come_again
        self.at: Counter[Signature] = Counter()
        self._seen: Counter[Signature] = Counter()

    def is_due(self, call: Call) -> bool:
        what = signature(call)
        if not call.is_write or "/leases" in call.path or "/events" in call.path or self.at[what] >= MOST:
            return False
        self._seen[what] += 1
        if self._come_again and self._seen[what] % 2 == 0:
            return False
        self.at[what] += 1
        return True


def writes(recorded: Recorded) -> set[Signature]:
    """Return the kinds of writes, but Events: they follow a status, and are not told again by whoever comes after that."""
    return {what for what, _ in recorded.calls if what[0] != "GET" and "/events" not in what[1]}


def same_in_the_end(lives: Lives, history: History) -> None:
    assert lives.wrong() == []
    assert lint_history(history.caught_up()) == []


@pytest.mark.parametrize("when", ["before it went out", "after it took place"])
def test_killed_at_every_write(operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded, when: str) -> None:
    """SIGKILL, and another process in its place: it goes on where the cluster is, whatever the one before it had in its head."""
    ends = Ends(come_again=when == "before it went out")
    last: list[Call] = []
    with closing(History(api, namespace)) as history, proxied(operated_cluster, OPERATOR) as proxy:
        succession = Succession(proxy.kubeconfig, namespace)

        def spoil(call: Call) -> Fault | None:
            if not ends.is_due(call):
                return None
            if when == "before it went out":
                succession.kill()
                return Fault.DROPPED
            last.append(call)
            return Fault.LOST

        async def after(call: Call) -> None:
            if any(call is one for one in last):
                succession.kill()

        proxy.spoil, proxy.after = spoil, after
        lives = Lives(api, namespace, proxy)
        lives.live([REFERENCE], lambda: None)
        lives.come_to([REFERENCE], recorded.remains)
        succession.stop()
        same_in_the_end(lives, history)

    assert set(ends.at) == writes(recorded)
    assert set(succession.ended) == {-signal.SIGKILL}


class Line:
    """Operators that come one after the other, each of which loses its Lease as it writes."""

    def __init__(self, api: Api, namespace: str, proxy: Proxy) -> None:
        self.ends = Ends()
        self.lost = 0
        self._api, self._namespace, self._proxy = api, namespace, proxy
        self.running = self._next()

    def _next(self) -> Running:
        hosts, timing = Hosts({REGISTRY: ("192.0.2.10",)}), Timing(renewal=0.1, retry=0.1, look=0.1)
        arguments = (self._proxy.kubeconfig, self._namespace, hosts, f"--namespace={self._namespace}")
        return Running(*arguments, identity=f"operator-{self.lost}", timing=timing).start()

    async def rob(self, call: Call) -> None:
        """Give the Lease to somebody else, and let the write go on when the operator has seen it."""
        if not self.ends.is_due(call):
            return
        await asyncio.to_thread(self._take, "thief")
        await asyncio.to_thread(self.running.wait_ended)

    def _take(self, holder: str) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
        self._api.edit(LEASE, self._namespace, NAME, {"spec": {"holderIdentity": holder, "renewTime": now}})

    def succeed(self) -> None:
        """Put another one in the place of one that has ended."""
        if self.running.is_alive:
            return
        assert isinstance(self.running.error, errors.LeaseLostError), self.running.error
        self.lost += 1
        self._take("")
        self.running = self._next()


def test_the_lease_is_lost_at_every_write(operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded) -> None:
    """The operator ends of itself, the write that was under way takes place or not, and the next one comes to the same end."""
    with closing(History(api, namespace)) as history, proxied(operated_cluster, OPERATOR) as proxy:
        line = Line(api, namespace, proxy)
        proxy.before = line.rob
        lives = Lives(api, namespace, proxy)
        lives.live([REFERENCE], line.succeed)
        lives.come_to([REFERENCE], recorded.remains)
        line.running.stop()
        same_in_the_end(lives, history)

    assert line.lost >= len(writes(recorded))
    assert set(line.ends.at) == writes(recorded)
