"""Two operators live at the same time, and their calls fail: neither undoes what the other does, and the end is the same."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial

from assistant_operator import errors
from assistant_operator.kube.kinds import LEASE
from assistant_operator.kube.lease import Timing
from assistant_operator.reconcile.key import Key
from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.faults.life import Lives, subject_of
from tests.integration.faults.proxy import Call, Fault, Proxy, Spoil, proxied
from tests.integration.faults.recording import Recorded, operated
from tests.integration.history import History
from tests.integration.lab import OPERATOR
from tests.integration.running import Running
from tests.support.statuslint import lint_history

NAMES = ("s001", "s002", "s003", "s004")
LEASE_NAME = "private-assistant-operator"


class Turns:
    """Every seventh call about an assistant fails, in one way after the other, and after so many nothing does any more."""

    EVERY = 7
    MOST = 5
    FAULTS = (Fault.LOST, Fault.CONFLICT, Fault.DROPPED, Fault.THROTTLED, Fault.ERROR)

    def __init__(self) -> None:
        self.fired: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def __call__(self, call: Call) -> Fault | None:
        subject = subject_of(call)
        self._seen[subject] += 1
        if not subject or self._seen[subject] % self.EVERY or self.fired[subject] >= self.MOST:
            return None
        self.fired[subject] += 1
        return self.FAULTS[self.fired[subject] % len(self.FAULTS)]


def all_alive(both: Iterable[Running]) -> None:
    for running in both:
        running.check()


def test_two_that_both_think_that_they_are_alone(operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded) -> None:
    """No Lease at all: both write whatever they find missing, at once. Nothing is there twice, and at rest neither writes."""
    with closing(History(api, namespace)) as history, proxied(operated_cluster, OPERATOR) as proxy:
        turns = proxy.spoil = Turns()
        both = [operated(proxy, namespace, identity=identity) for identity in ("one", "two")]
        lives = Lives(api, namespace, proxy)
        lives.live(NAMES, lambda: all_alive(both))
        lives.come_to(NAMES, recorded.remains)
        for running in both:
            running.settle()
        before = len(proxy.calls)
        for running in both:
            running.another_pass(Key(namespace, NAMES[0]))
        writes = [call for call in proxy.calls[before:] if call.is_write]
        for running in both:
            running.stop()
            running.check()
        versions = history.caught_up()

    assert dict(turns.fired) == dict.fromkeys(NAMES, Turns.MOST)
    assert writes == []
    assert lives.wrong() == []
    assert lint_history(versions) == []


class Replicas:
    """Two that share a Lease, each behind a proxy of its own; the one that works loses its way to the Lease again and again.

    It ends then, as it must, and another one takes its place, as a container's does.
    """

    TIMING = Timing(duration=3.0, deadline=1.5, renewal=0.1, retry=0.1, look=0.1)
    """Between the end of the one and the beginning of the other is time enough for a call that was under way."""
    FEW = 5
    """Writes after which it is another's turn."""
    SLOW = 0.2
    """Seconds that each call of who has lost the way takes: it ends in the midst of its work, not after it."""
    LOSSES = 3

    def __init__(self, proxies: Mapping[str, Proxy], namespace: str) -> None:
        self.writers: list[str] = []
        """Who made each write, in the order in which they arrived."""
        self.losses = 0
        self._proxies, self._namespace = proxies, namespace
        self._names: dict[str, str] = {}
        self._cut: set[str] = set()
        self._streak = 0
        for identity, proxy in proxies.items():
            proxy.spoil, proxy.before = self._spoiling(identity, Turns()), partial(self._delay, identity)
        self._started = 0
        self.running = {identity: self._start(identity) for identity in proxies}

    def _start(self, identity: str) -> Running:
        """Start one under a new name: under the old one it would have the Lease back at once."""
        self._started += 1
        self._names[identity] = f"{identity}-{self._started}"
        arguments = (self._proxies[identity], self._namespace, "--leader-election=true")
        return operated(*arguments, identity=self._names[identity], timing=self.TIMING)

    def _spoiling(self, identity: str, turns: Turns) -> Spoil:
        def spoil(call: Call) -> Fault | None:
            if "/leases" in call.path:
                return Fault.ERROR if identity in self._cut else None
            if call.is_write:
                self._note(identity)
            return turns(call)

        return spoil

    async def _delay(self, identity: str, _call: Call) -> None:
        await asyncio.sleep(self.SLOW if identity in self._cut else 0)

    def _note(self, identity: str) -> None:
        name = self._names[identity]
        self._streak = self._streak + 1 if self.writers[-1:] == [name] else 1
        self.writers.append(name)
        if self._streak == self.FEW and self.losses < self.LOSSES:
            self.losses += 1
            self._cut.add(identity)

    def succeed(self) -> None:
        """Put another one in the place of one that has ended."""
        for identity, running in self.running.items():
            if running.is_alive:
                continue
            assert isinstance(running.error, errors.LeaseLostError), running.error
            self._cut.discard(identity)
            self.running[identity] = self._start(identity)

    def stop(self) -> None:
        for running in self.running.values():
            running.stop()
            running.check()

    @property
    def turns(self) -> int:
        """How often somebody else wrote than before."""
        return sum(before != after for before, after in zip(self.writers, self.writers[1:], strict=False))


@contextmanager
def replicas(cluster: ApiServer, namespace: str) -> Iterator[tuple[Replicas, Proxy]]:
    with ExitStack() as stack:
        proxies = {identity: stack.enter_context(proxied(cluster, OPERATOR)) for identity in ("one", "two")}
        proxies["two"].made = proxies["one"].made  # a Secret that both have made was made twice
        yield Replicas(proxies, namespace), proxies["one"]


def test_two_that_take_the_lease_from_each_other_never_write_at_the_same_time(
    operated_cluster: ApiServer, api: Api, namespace: str, recorded: Recorded
) -> None:
    """Who has lost the Lease writes no more: somebody else writes only after the Lease has changed hands."""
    with closing(History(api, namespace)) as history, replicas(operated_cluster, namespace) as (pair, proxy):
        lives = Lives(api, namespace, proxy)
        lives.live(NAMES, pair.succeed)
        lives.come_to(NAMES, recorded.remains)
        pair.succeed()
        transitions = api.must_get(LEASE, namespace, LEASE_NAME)["spec"]["leaseTransitions"]
        pair.stop()
        versions = history.caught_up()

    assert pair.losses == Replicas.LOSSES
    assert Replicas.LOSSES <= pair.turns <= transitions
    assert lives.wrong() == []
    assert lint_history(versions) == []
