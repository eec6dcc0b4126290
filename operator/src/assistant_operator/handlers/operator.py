"""The running operator: connection, Lease, watches, workers, resync and the port for operations, started and ended in the right order.

A standby replica has a connection and waits for the Lease; watches and workers start with it. When anything of the active replica
ends, all of it does, and a lost Lease stops the writes first (the client asks the elector before each).
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import kopf

from assistant_operator import errors
from assistant_operator.handlers import watch
from assistant_operator.handlers.watch import Watch
from assistant_operator.kube.aio import HttpClient
from assistant_operator.kube.connection import Credentials, configuration, credentials
from assistant_operator.kube.kinds import NODE, PRIVATE_ASSISTANT, WATCHED_CHILDREN
from assistant_operator.kube.lease import Elector, Timing
from assistant_operator.metrics import Metrics
from assistant_operator.ops import OpsServer
from assistant_operator.reconcile import workers
from assistant_operator.reconcile.admin_tier import AdminTier
from assistant_operator.reconcile.cache import Cache
from assistant_operator.reconcile.evidence import Evidence, Place
from assistant_operator.reconcile.gateways import GatewayStatus
from assistant_operator.reconcile.lookout import LOOK_EVERY, Lookout
from assistant_operator.reconcile.loop import reconcile
from assistant_operator.reconcile.polling import Source
from assistant_operator.reconcile.questions import Questions
from assistant_operator.reconcile.queue import Queue
from assistant_operator.reconcile.resolver import Resolver, SystemResolver
from assistant_operator.reconcile.surroundings import MOST_NODES, Around, nameservers
from assistant_operator.reconcile.world import World
from assistant_operator.settings import Settings

log = logging.getLogger(__name__)

PATIENCE = 20.0
LEASE_TIMING = Timing()
CRD_RETRY = 5.0
LIST_RETRY = 2.0
FIRST_RELIST = 30.0


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
        self.cache = Cache()
        self.queue = Queue()
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
        elector = Elector(
            plain,
            self._settings.installation.operator_namespace,
            self._settings.lease_name,
            self._settings.identity,
            timing=self._timing,
        )
        fence = elector.check if self._settings.leader_election else lambda: None
        client = HttpClient(connection, meter=self.metrics.called, may_write=fence, timeout=self._patience)
        ops = OpsServer(self.metrics, lambda: self._serving and not self._stop.is_set(), self._settings.ops_host, self._settings.ops_port)
        self._watch_metrics(elector)
        try:
            self.ops_port = await ops.start()
            self._serving = True
            # Before the Lease: who holds it renews it, and works.
            if not await self._unless_stopped(self._crd(client)):
                return
            if self._settings.leader_election and not await self._unless_stopped(elector.acquire()):
                return
            await self._lead(client, elector, partial(credentials, connection))
        finally:
            await ops.close()
            await client.close()
            await elector.release()
            await plain.close()

    def _heed_signals(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(name, self.stop)

    def _watch_metrics(self, elector: Elector) -> None:
        self.metrics.watch_queue(lambda: len(self.queue), lambda: self.queue.running)
        self.metrics.watch_assistants(self.cache.assistants)
        self.metrics.watch_leader(lambda: elector.is_leader or not self._settings.leader_election)

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

    async def _lead(self, client: HttpClient, elector: Elector, facts: Callable[[], Awaitable[Credentials]]) -> None:
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
        )
        lookout = self._lookout(client, world)
        stop_kopf, listed = asyncio.Event(), asyncio.Event()
        parts: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._stop.wait(), name="stop"),
            asyncio.create_task(self._work(client, world, lookout, listed), name="workers"),
            asyncio.create_task(self._relist(client), name="relist"),
            asyncio.create_task(self._look_about(lookout, listed), name="lookout"),
        ]
        if self._settings.leader_election:
            parts.append(asyncio.create_task(elector.hold(), name="lease"))
        parts.append(asyncio.create_task(self._kopf(facts, listed, stop_kopf), name="watches"))
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(parts, stop_kopf, elector.release, is_streaming=listed.is_set())
            await questions.close()
        for part in done:
            _result(part)
        log.info("Stopped", extra={"part": ", ".join(sorted(part.get_name() for part in done))})

    def _lookout(self, client: HttpClient, world: World) -> Lookout:
        namespaces = self._settings.namespaces
        admin_tier = AdminTier(client, self._settings.installation.operator_namespace, namespaces)
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

    async def _work(self, client: HttpClient, world: World, lookout: Lookout, listed: asyncio.Event) -> None:
        """Fill the cache, then let the workers run: a pass that knew no children would write what is there already."""
        while not (await self._list(client) and await self._look(lookout)):  # noqa: ASYNC110 - the API server is asked again
            await asyncio.sleep(LIST_RETRY)
        listed.set()
        await workers.run(self.queue, lambda key: reconcile(key, world), self.metrics, self._settings.workers)

    async def _kopf(self, facts: Callable[[], Awaitable[Credentials]], listed: asyncio.Event, stop: asyncio.Event) -> None:
        await listed.wait()
        registry = kopf.OperatorRegistry()
        self.watch = Watch(self.cache, self.queue, facts)
        self.watch.register(registry)
        namespaces = self._settings.namespaces
        started = asyncio.Event()
        signals = asyncio.create_task(self._take_signals_back(started), name="signals")
        try:
            await kopf.operator(
                registry=registry,
                settings=watch.settings(),
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

    async def _take_signals_back(self, started: asyncio.Event) -> None:
        """Be the one who heeds signals: kopf takes them as it starts, and would end the watches first and seconds before all else."""
        await started.wait()
        self._heed_signals()

    async def _crd(self, client: HttpClient) -> None:
        """Return when the CRD is served: kopf looks for it once."""
        namespace = self._settings.namespaces[0] if self._settings.namespaces else None
        while True:
            try:
                await client.list(PRIVATE_ASSISTANT, namespace)
            except errors.ApiError as error:
                log.warning("Waiting for the CRD and for rights to read it", extra={"reason": str(error)})
                await asyncio.sleep(CRD_RETRY)
            else:
                return

    async def _relist(self, client: HttpClient) -> None:
        """Compare the cache with fresh listings now and then: a watch that had to start anew does not tell what vanished meanwhile.

        Soon after the start for the first time, since between the first listing and the watches there is such a gap.
        """
        await asyncio.sleep(min(FIRST_RELIST, self._settings.resync_seconds))
        while True:
            await self._list(client)
            await asyncio.sleep(self._settings.resync_seconds)

    async def _list(self, client: HttpClient) -> bool:
        """List all that is watched, and ask for a pass where that is news to the cache; tell whether everything could be listed."""
        complete = True
        for kind in (*WATCHED_CHILDREN, PRIVATE_ASSISTANT):
            known = self.cache.uids(kind)
            try:
                scopes = self._settings.namespaces or (None,)
                present = [obj for scope in scopes for obj in await client.list(kind, scope, labels=kind.selector)]
            except errors.ApiError as error:
                log.warning("Listing failed", extra={"kind": kind.kind, "reason": str(error)})
                complete = False
                continue
            lost = self.cache.retain(kind, known, present)
            found = [key for obj in present for key in self.cache.put(obj)]
            for key in {*lost, *found}:
                self.queue.add(key)
        return complete


def _result(part: asyncio.Task[Any]) -> None:
    """Raise what ended the part; a lost Lease that several workers met is one lost Lease."""
    try:
        part.result()
    except BaseExceptionGroup as group:
        if (lost := group.subgroup(errors.LeaseLostError)) is not None:
            raise errors.LeaseLostError(str(lost.exceptions[0])) from group
        raise


async def _end(
    parts: Sequence[asyncio.Task[Any]], stop_kopf: asyncio.Event, release: Callable[[], Awaitable[None]], *, is_streaming: bool
) -> None:
    """End the parts: workers first, so that nothing is written any more and the Lease is free; then kopf, which takes seconds."""
    for part in parts:
        if part.get_name() != "watches" or not is_streaming:  # where nothing could be listed yet, kopf was not begun, and heeds no flag
            part.cancel()
    await asyncio.gather(*(part for part in parts if part.get_name() != "watches"), return_exceptions=True)
    await release()
    stop_kopf.set()
    watches = next(part for part in parts if part.get_name() == "watches")
    _, pending = await asyncio.wait((watches,), timeout=10)
    for part in pending:
        part.cancel()
    await asyncio.gather(watches, return_exceptions=True)
