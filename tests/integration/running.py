"""An operator that runs beside the tests: in a thread with an event loop of its own, as in its own process.

kopf cancels every task of its loop when it ends, so it gets a loop to itself.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assistant_operator.handlers.operator import Operator
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import STATEFUL_SET, Kind
from assistant_operator.kube.objects import Object
from assistant_operator.naming import Names
from assistant_operator.reconcile.key import Key
from assistant_operator.settings import load
from tests.support.evidence import Probes
from tests.support.gateways import Gateways


class Hosts:
    """DNS of the tests: names that are given, and nothing else."""

    def __init__(self, known: Mapping[str, tuple[str, ...]]) -> None:
        self.known = dict(known)
        self.asked: list[str] = []

    async def resolve(self, host: str) -> tuple[str, ...]:
        from assistant_operator.reconcile.asking.resolver import unresolved

        self.asked.append(host)
        if host not in self.known:
            raise unresolved(host)
        return self.known[host]


async def connections_closed() -> None:
    """Give closed connections the time to say goodbye: TLS takes turns of the loop, which ends with this coroutine."""
    loop = asyncio.get_running_loop()
    for _ in range(300):
        if len(loop._selector.get_map()) <= 1:  # type: ignore[attr-defined]  # the loop's own pipe
            return
        await asyncio.sleep(0.01)


class Running:
    """One operator."""

    asks_gateways = False
    """Over HTTP, as in life: a test that has a gateway's page sets it. The others have gateways that are well."""

    def __init__(self, kubeconfig: Path, namespace: str, hosts: Hosts, *extra: str, identity: str = "one", **knobs: Any) -> None:
        """Knobs are given to the operator as they are."""
        self._anew: Callable[[], Running] = lambda: Running(kubeconfig, namespace, hosts, *extra, identity=identity, **knobs)
        self._knobs = knobs
        self.settings = load(
            [
                "--gateway-image=gateway:test",
                "--ollama-image=ollama/ollama:0.24.0",
                f"--operator-namespace={namespace}",
                "--operator-labels=app=operator",
                f"--kubeconfig={kubeconfig}",
                "--ops-host=127.0.0.1",
                "--ops-port=0",
                f"--identity={identity}",
                *extra,
            ],
            {},
        )
        self.operator = None  # type: Operator | None
        self.error: BaseException | None = None
        self.probes = Probes()
        self.gateways = Gateways(self._stateful_set)
        self._hosts = hosts
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._main, name=f"operator-{identity}", daemon=True)
        self._started = threading.Event()

    def start(self) -> "Running":
        self._thread.start()
        assert self._started.wait(10)
        return self

    def again(self) -> "Running":
        """End it, and start another one like it, to which all pods tell the same."""
        self.stop()
        self.check()
        made = self._anew()
        made.probes.told, made.gateways.told = self.probes.told, self.gateways.told
        return made.start()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self.error = error
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        gateways = None if self.asks_gateways else self.gateways
        self.operator = Operator(self.settings, resolver=self._hosts, evidence=self.probes, gateways=gateways, **self._knobs)
        self._started.set()
        try:
            await self.operator.run()
        finally:
            await connections_closed()

    def _stateful_set(self, key: Key) -> Object | None:
        assert self.operator is not None
        names = Names(*key)
        seen = self.operator.cache.find(Ref.named(STATEFUL_SET, names.namespace, names.stateful_set))
        return None if seen is None else seen.obj

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def check(self) -> None:
        assert self.error is None, f"the operator ended: {self.error!r}"

    def stop(self) -> None:
        """End it in good order."""
        if self._loop is not None and self.operator is not None and self.is_alive:
            self._call(self.operator.stop)
        self._thread.join(30)
        assert not self.is_alive, "the operator does not end"

    def wait_ended(self, seconds: float = 30) -> None:
        self._thread.join(seconds)
        assert not self.is_alive

    def nudge(self, key: Key) -> None:
        """Ask for a pass without any news."""
        assert self.operator is not None
        queue = self.operator.queue
        self._call(lambda: queue.add(key))

    def _call(self, function: Callable[[], None]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(function)

    @property
    def passes(self) -> int:
        """Passes that were finished so far."""
        assert self.operator is not None
        found = self.operator.metrics.registry.get_sample_value("private_assistant_operator_reconcile_seconds_count")
        return int(found or 0)

    def calls(self, verb: str, kind: Kind) -> int:
        """Calls to the API server that have ended so far, whatever they were answered with."""
        assert self.operator is not None
        samples = [sample for family in self.operator.metrics.registry.collect() for sample in family.samples]
        wanted = {"verb": verb, "kind": kind.kind}.items()
        counted = (sample for sample in samples if sample.name == "private_assistant_operator_api_calls_total")
        return int(sum(sample.value for sample in counted if wanted <= sample.labels.items()))

    def settle(self, looks: int = 8, seconds: float = 20) -> None:
        """Wait until nothing is queued or running in so many looks on end, between which the operator's loop has gone round."""
        end = time.monotonic() + seconds
        quiet, seen = 0, -1
        while quiet < looks:
            assert time.monotonic() < end, "the operator does not come to rest"
            self.check()
            assert self.operator is not None
            quiet = quiet + 1 if self.operator.queue.is_quiet and self.passes == seen else 0
            seen = self.passes
            self._turn()
            time.sleep(0.01)

    def _turn(self) -> None:
        """Wait until the operator's loop has gone round: on a busy machine it may not have run at all in a given time."""
        turned = threading.Event()
        self._call(turned.set)
        assert turned.wait(10)

    def another_pass(self, key: Key) -> None:
        """Make one pass more and wait for its end."""
        before = self.passes
        self.nudge(key)
        end = time.monotonic() + 10
        while self.passes == before:
            assert time.monotonic() < end
            time.sleep(0.01)
        self.settle()
