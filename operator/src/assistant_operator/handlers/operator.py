"""The running operator: connection, Lease, watches, workers, resync and the port for operations, started and ended in the right order.

A standby replica has a connection and waits for the Lease; watches and workers start with it. When anything of the active replica
ends, all of it does, and a lost Lease stops the writes first (the client asks before each). Where namespaces are divided into shards, a
replica is active when it holds one; sharing.py takes more of them into work, and fewer, while all else goes on.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast

import kopf

from assistant_operator import errors
from assistant_operator.handlers import listing, watch
from assistant_operator.handlers import parts as ends
from assistant_operator.handlers.storage import NoMemories
from assistant_operator.handlers.watch import Watch
from assistant_operator.handlers.wire import Since
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.connection import Credentials, configuration, credentials
from assistant_operator.kube.kinds import NODE, PRIVATE_ASSISTANT
from assistant_operator.kube.lease import Elector, Timing
from assistant_operator.kube.shards import Alone, Shards, Sole, Tenure
from assistant_operator.metrics import Metrics
from assistant_operator.ops import OpsServer
from assistant_operator.reconcile.asking.evidence import Evidence, Place
from assistant_operator.reconcile.asking.gateways import GatewayStatus
from assistant_operator.reconcile.asking.polling import Source
from assistant_operator.reconcile.asking.resolver import Resolver, SystemResolver
from assistant_operator.reconcile.asking.surroundings import MOST_NODES, Around, nameservers
from assistant_operator.reconcile.background.admin_tier import AdminTier
from assistant_operator.reconcile.background.lookout import LOOK_EVERY, Lookout
from assistant_operator.reconcile.background.questions import Questions
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.loop import reconcile
from assistant_operator.reconcile.scheduling import workers
from assistant_operator.reconcile.scheduling.queue import Queue
from assistant_operator.reconcile.scheduling.sharing import Sharing
from assistant_operator.reconcile.scheduling.territory import Territory
from assistant_operator.reconcile.steps import kept
from assistant_operator.reconcile.world import World
from assistant_operator.settings import Settings

log = logging.getLogger(__name__)

PATIENCE = 20.0
LEASE_TIMING = Timing()
CRD_RETRY = 5.0
LIST_RETRY = 2.0


class Operator:
    """One replica."""

    def __init__(
        self,
        settings: Settings,
        *,
        resolver: Resolver | None = None,
        evidence: Source[Place, Evidence] | None = None,
        gateways: Source[str, GatewayStatus] | None = None,
        timing: Timing = LEASE_TIMING,
        patience: float = PATIENCE,
    ) -> None:
        """What stands between the operator and DNS, and the operator and what runs in pods, can be another's: tests have neither.

        Timing is that of the Lease; patience is how long one call to the API server may take, in seconds.
        """
        self._settings = settings
        self._resolver = resolver or SystemResolver()
        self._evidence = evidence
        self._gateways = gateways
        self._timing = timing
        self._patience = patience
        self._stop = asyncio.Event()
        self._serving = False
        self.metrics = Metrics()
        self.territory = Territory(settings.shards)
        self.cache = Cache(self.territory.keeps)
        self.queue = Queue(admits=self.territory.works_on)
        self.watch: Watch | None = None
        self.ops_port = 0
        self.looks = 0
        """For policies of other kinds than NetworkPolicy, since the start."""

    def stop(self) -> None:
        """End in good order."""
        self._stop.set()

    async def run(self) -> None:
        """Run until stopped; LeaseLostError where another replica may have taken over."""
        self._heed_signals()
        connection = await configuration(self._settings.kubeconfig)
        plain = HttpClient(connection, meter=self.metrics.called, timeout=min(5.0, self._patience))
        tenure = self._tenure(plain)
        client = HttpClient(connection, meter=self.metrics.called, may_write=tenure.check, timeout=self._patience)
        ops = OpsServer(self.metrics, lambda: self._serving and not self._stop.is_set(), self._settings.ops_host, self._settings.ops_port)
        self._watch_metrics(tenure)
        try:
            self.ops_port = await ops.start()
            self._serving = True
            # Before the Lease: who holds it renews it, and works.
            if not await self._unless_stopped(self._crd(client)):
                return
            if not await self._unless_stopped(tenure.acquire()):
                return
            await self._lead(client, tenure, partial(credentials, connection))
        finally:
            await ops.close()
            await client.close()
            await tenure.release()
            await plain.close()

    def _tenure(self, client: HttpClient) -> Tenure:
        settings = self._settings
        if not settings.leader_election:
            return Alone()
        place = (client, settings.installation.operator_namespace, settings.lease_name, settings.identity)
        if settings.shards == 1:
            return Sole(Elector(*place, timing=self._timing))
        return Shards(*place, settings.shards, timing=self._timing)

    def _heed_signals(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(name, self.stop)

    def _watch_metrics(self, tenure: Tenure) -> None:
        self.metrics.watch_queue(lambda: len(self.queue), lambda: self.queue.running)
        self.metrics.watch_assistants(self.cache.assistants)
        self.metrics.watch_shards(tenure.count, lambda: tenure.held)

    async def _unless_stopped(self, waiting: Awaitable[None]) -> bool:
        """Wait for something or for the end; tell whether it came to pass."""
        task = asyncio.ensure_future(waiting)
        stop = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            await task
            return True
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return False

    async def _lead(self, client: HttpClient, tenure: Tenure, facts: Callable[[], Awaitable[Credentials]]) -> None:
        """Do the active replica's work until it is stopped or one of its parts ends."""
        nodes = partial(client.some, NODE, MOST_NODES)
        around = Around(self._resolver, client.server_addresses, self._settings.canary, self._settings.outside_targets, nodes)
        questions = Questions(self.queue, around)
        world = World(
            client=client,
            cache=self.cache,
            installation=replace(self._settings.installation, nameservers=nameservers()),
            resolver=self._resolver,
            progress=questions.progress,
            gateways=questions.gateways if self._gateways is None else self._gateways,
            evidence=questions.evidence if self._evidence is None else self._evidence,
            proxies=questions.proxies,
            instance=self._settings.identity,
            resync=self._settings.resync_seconds,
            advisories=self._settings.advisories,
            pace=self._settings.pace,
            wake=self.queue.add,
        )
        lookout = self._lookout(client, world)
        sharing = Sharing(self.territory, self.cache, self.queue, partial(self._fill, client, lookout), partial(kept.forget, world))
        stop_kopf, listed = asyncio.Event(), asyncio.Event()
        parts: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._stop.wait(), name="stop"),
            asyncio.create_task(self._work(world, sharing, tenure, listed), name="workers"),
            asyncio.create_task(self._relist(client), name="relist"),
            asyncio.create_task(self._look_about(lookout, listed), name="lookout"),
            asyncio.create_task(tenure.hold(), name="lease"),
            asyncio.create_task(self._kopf(facts, client.listings.take, listed, stop_kopf), name=ends.WATCHES),
        ]
        if isinstance(tenure, Shards):
            parts.append(asyncio.create_task(self._share(sharing, tenure, listed), name="shards"))
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ends.end(parts, stop_kopf, tenure.release, questions.close, is_streaming=listed.is_set())
        for part in done:
            ends.result(part)
        log.info("Stopped", extra={"part": ", ".join(sorted(part.get_name() for part in done))})

    def _lookout(self, client: HttpClient, world: World) -> Lookout:
        namespaces = self._settings.namespaces
        admin_tier = AdminTier(client, self._settings.installation.operator_namespace, namespaces, self.territory.is_chief)
        return Lookout(client, client.served, self.cache, world.dialects, admin_tier, namespaces)

    async def _look_about(self, lookout: Lookout, listed: asyncio.Event) -> None:
        """Look for policies of other kinds now and then: they are not watched."""
        await listed.wait()
        while True:
            await asyncio.sleep(min(LOOK_EVERY, self._settings.resync_seconds))
            await self._look(lookout)

    async def _look(self, lookout: Lookout) -> bool:
        """Look once and ask for passes; tell whether the API server answered."""
        try:
            news = await lookout.look()
        except errors.ApiError as error:
            log.warning("Looking for policies of other kinds failed", extra={"reason": str(error)})
            return False
        for key in news:
            self.queue.add(key)
        self.looks += 1
        return True

    async def _work(self, world: World, sharing: Sharing, tenure: Tenure, listed: asyncio.Event) -> None:
        """Fill the cache, then let the workers run: a pass that knew no children would write what is there already."""
        await sharing.enter(tenure.held)
        listed.set()
        await workers.run(self.queue, lambda key: reconcile(key, world), self.metrics, self._settings.workers)

    async def _fill(self, client: HttpClient, lookout: Lookout) -> None:
        """Return when all that this replica is to know was listed."""
        while not (await self._list(client) and await self._look(lookout)):  # noqa: ASYNC110 - the API server is asked again
            await asyncio.sleep(LIST_RETRY)

    async def _share(self, sharing: Sharing, shards: Shards, listed: asyncio.Event) -> None:
        await listed.wait()
        await sharing.run(shards, self._timing.look)

    async def _kopf(self, facts: Callable[[], Awaitable[Credentials]], since: Since, listed: asyncio.Event, stop: asyncio.Event) -> None:
        await listed.wait()
        registry = kopf.OperatorRegistry()
        self.watch = Watch(self.cache, self.queue, facts, since)
        self.watch.register(registry)
        namespaces = self._settings.namespaces
        started = asyncio.Event()
        signals = asyncio.create_task(self._take_signals_back(started), name="signals")
        try:
            await kopf.operator(
                registry=registry,
                settings=watch.settings(),
                memories=NoMemories(),
                standalone=True,
                # Without it kopf asks the password database who runs it, and a container's uid stands in none. (Its type is not public.)
                identity=cast(Any, self._settings.identity),
                clusterwide=not namespaces,
                namespaces=namespaces,
                ready_flag=started,
                stop_flag=stop,
            )
        finally:
            signals.cancel()
            await self.watch.close()

    async def _take_signals_back(self, started: asyncio.Event) -> None:
        """Be the one who heeds signals: kopf takes them as it starts, and would end the watches first and seconds before all else."""
        await started.wait()
        self._heed_signals()

    async def _crd(self, client: HttpClient) -> None:
        """Return when the CRD is served: kopf looks for it once."""
        namespace = self._settings.namespaces[0] if self._settings.namespaces else None
        while True:
            try:
                await client.some(PRIVATE_ASSISTANT, 1, namespace)
            except errors.ApiError as error:
                log.warning("Waiting for the CRD and for rights to read it", extra={"reason": str(error)})
                await asyncio.sleep(CRD_RETRY)
            else:
                return

    async def _relist(self, client: HttpClient) -> None:
        """Compare the cache with fresh listings now and then: a watch that had to start anew does not tell what vanished meanwhile."""
        while True:
            await asyncio.sleep(self._settings.resync_seconds)
            await self._list(client)

    async def _list(self, client: HttpClient) -> bool:
        return await listing.list_all(client, self.cache, self.queue, self._settings.namespaces, self.territory.keeps)
