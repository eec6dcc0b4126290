"""What an assistant's life takes where nothing fails: the calls, age by age, and what it comes to."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tests.cluster.apiserver import ApiServer
from tests.integration.api import Api
from tests.integration.conftest import new_namespace
from tests.integration.faults.life import Lives, Saboteur, Signature, Target, alive
from tests.integration.faults.proxy import Proxy, proxied
from tests.integration.lab import OPERATOR, REGISTRY
from tests.integration.running import Hosts, Running

WORKERS = 64
"""More than calls that hang at one time."""
PATIENCE = 3.0
"""Seconds that a call may take."""
REFERENCE = "s000"
ALIKE = 2
"""Of reads, and of Events, that differ from the first in their number alone: so many are enough."""


@dataclass
class Recorded:
    """What an assistant's life takes where nothing fails."""

    ages: tuple[tuple[Target, ...], ...]
    """The calls of each age."""
    remains: Any

    @property
    def calls(self) -> tuple[Target, ...]:
        return tuple(target for age in self.ages for target in age)

    def targets(self) -> dict[str, tuple[Target, ...]]:
        """Return what is to fail by the assistant to which it does: of each age one call, or none where there are no more of it."""
        together = zip_longest(*self.ages)
        return {f"s{number:03d}": tuple(one for one in chosen if one) for number, chosen in enumerate(together, start=1)}


def operated(proxy: Proxy, namespace: str, *extra: str, patience: float = PATIENCE, **knobs: Any) -> Running:
    """Start an operator behind the proxy, with room for many assistants at once."""
    hosts = Hosts({REGISTRY: ("192.0.2.10",)})
    # A machine that is busy with a hundred lives may not renew a Lease in time, and another test takes that away.
    arguments = (f"--namespace={namespace}", f"--workers={WORKERS}", "--leader-election=false", *extra)
    return Running(proxy.kubeconfig, namespace, hosts, *arguments, patience=patience, **knobs).start()


def record(cluster: ApiServer) -> Recorded:
    """Live once without a fault, and note every call."""
    api = Api(cluster)
    ages: list[dict[Target, None]] = []
    with proxied(cluster, OPERATOR) as proxy:
        namespace = new_namespace(api)
        saboteur = proxy.spoil = Saboteur()
        running = operated(proxy, namespace)
        lives = Lives(api, namespace, proxy)

        def note() -> None:
            running.settle()
            before = {target for age in ages for target in age}
            now = [(what, number + 1) for what, count in saboteur.seen[REFERENCE].items() for number in range(count)]
            ages.append({target: None for target in now if target not in before and is_another(*target)})

        lives.live([REFERENCE], alive(running), note)
        note()
        running.stop()
        assert lives.wrong() == []
        remains = lives.remains()[REFERENCE]
    api.close()
    return Recorded(tuple(tuple(age) for age in ages), remains)


def is_another(what: Signature, number: int) -> bool:
    verb, path = what
    return number <= ALIKE or not (verb == "GET" or "/events" in path)
