"""The gateway's life: read the files, serve, and on SIGTERM stop taking requests, finish those in flight, and end.

The first task that ends decides: a signal drains, FatalError leaves its reason in the termination log.
"""

import asyncio
import gc
import logging
import signal
from typing import TYPE_CHECKING, Final

import uvloop

from assistant_gateway import logs
from assistant_gateway.app import Gateway
from assistant_gateway.faults import FatalError, Reason, leave_word
from assistant_gateway.metrics import Metrics
from assistant_gateway.neighbours.egress import Egress
from assistant_gateway.neighbours.readiness import Readiness
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.ops import Ops
from assistant_gateway.protocol import server
from assistant_gateway.protocol.certificates import Certificates
from assistant_gateway.record import Records
from assistant_gateway.redaction.proving.selfcheck import SelfCheck
from assistant_gateway.runtime_log import RuntimeLog
from assistant_gateway.settings import Settings
from assistant_gateway.snapshot import Current
from assistant_gateway.watch import Watch, read_snapshot

if TYPE_CHECKING:
    from assistant_gateway.memory import Memory
    from assistant_gateway.redaction.names.client import Mode, Names

LAST_WORDS_SECONDS: Final = 2.0
"""For requests that the drain cut off, to say so to their clients."""
NAMES_THREADS: Final = 2
"""Of the model that finds names: a long text in half the time."""

logger = logging.getLogger(__name__)


class Life:
    """Everything that one process holds."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.names: dict[Mode, Names] = {}
        self.current = Current(read_snapshot(settings, self._names))
        logging_policy = self.current.snapshot.policy.logging
        logs.configure(logging_policy.level, logging_policy.format)
        certificates = Certificates(settings.tls)
        certificates.load()
        self.metrics = Metrics()
        self.upstream = Upstream(settings.upstream)
        self.records = Records()
        self.memory = self._memory()
        self.probe = Upstream(settings.egress_probe)
        store = None if self.memory is None else self.memory.store
        redaction = SelfCheck(self.current)
        egress = Egress(self.current, self.probe)
        self.readiness = Readiness(self.current, self.upstream, egress, self.metrics, store, redaction, self.records)
        self.watch = Watch(settings, self.current, certificates, self.metrics, self._names)
        self.gateway = Gateway(self.current, self.upstream, self.records, self.metrics)
        self.gateway.memory = self.memory
        ops = Ops(self.readiness, self.metrics, self.current, self.memory, redaction)
        self.clients = server.make(self.gateway, settings.host, settings.port, certificates.context, settings.drain_seconds)
        self.ops = server.make(ops, settings.host, settings.ops_port, None, 1)

    def _memory(self) -> "Memory | None":
        """Return what the assistant keeps; what that needs is imported here, where it keeps something."""
        if self.current.snapshot.policy.store is None:
            return None
        from assistant_gateway.memory import Memory

        return Memory.build(self.settings, self.current, self.upstream, self.metrics, self.records)

    def _names(self, mode: "Mode") -> "Names":
        """Return what finds names in that mode; one for all policies, since its process has a model to load and pieces to remember."""
        from assistant_gateway.redaction.names.client import Names, NamesOptions

        if mode not in self.names:
            self.names[mode] = Names(NamesOptions(self.settings.names, mode, threads=NAMES_THREADS))
        return self.names[mode]

    async def run(self) -> None:
        """Serve until a signal comes; raises FatalError."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(logs.loop_exception)
        gc.collect()
        gc.freeze()  # what lives as long as the process need not be looked through again and again
        gc.set_threshold(10_000, 20, 20)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        serving = [asyncio.create_task(self.clients.serve()), asyncio.create_task(self.ops.serve())]
        looking = [
            asyncio.create_task(self.readiness.watch(self.settings.poll_seconds)),
            asyncio.create_task(self.readiness.watch_egress(self.settings.poll_seconds)),
            asyncio.create_task(self.readiness.watch_redaction(self.settings.poll_seconds)),
            asyncio.create_task(self.watch.watch(self.settings.poll_seconds)),
            asyncio.create_task(self.records.watch(self.settings.poll_seconds)),
        ]
        if self.current.snapshot.policy.logging.runtime == "Filtered":
            looking.append(asyncio.create_task(RuntimeLog(self.settings.runtime_log, self.metrics).run()))
        if self.memory is not None:
            looking += [asyncio.create_task(watch) for watch in self.memory.watches(self.settings.poll_seconds)]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*serving, *looking, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # raises what ended it
            await self._drain(serving)
        finally:
            for task in (*serving, *looking, stopping):
                task.cancel()
            await asyncio.gather(*serving, *looking, stopping, return_exceptions=True)
            for names in self.names.values():
                names.close()
            self.upstream.close()
            self.probe.close()
            if self.memory is not None:
                await self.memory.close()
            self.records.flush()

    async def _drain(self, serving: list[asyncio.Task[None]]) -> None:
        logger.info("Draining.", extra={"fields": {"in_flight": self.gateway.limiter.in_flight}})
        self.readiness.drain()
        self.clients.should_exit = True
        await serving[0]
        if cut := set(self.clients.server_state.tasks):
            await asyncio.wait(cut, timeout=LAST_WORDS_SECONDS)
        self.ops.should_exit = True  # it answered until now: probes and the last scrape
        await serving[1]
        logger.info("Drained.")


def run(settings: Settings) -> int:
    """Run the gateway and return the process's exit status."""
    logs.configure("INFO", "JSON")
    try:
        life = Life(settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(life.run())
    except FatalError as fault:
        logger.critical("Cannot go on.", extra={"fields": {"reason": fault.reason.reason, "detail": fault.reason.message}})
        leave_word(settings.termination_log, fault.reason)
        return 1
    except (Exception, SystemExit) as error:
        logger.critical("Cannot go on.", exc_info=error)
        leave_word(settings.termination_log, Reason("InternalError", f"The gateway failed: {type(error).__name__}."))
        return 1
    return 0
