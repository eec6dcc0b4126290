"""All that is asked of pods in the background, made together and ended together: how pulls go, what gateways keep and mask, what leaves
pods, and what egress proxies decide."""

from functools import partial

from assistant_egress.proxy.decisions import Decisions
from assistant_operator.reconcile.asking import decisions, evidence, gateways, progress
from assistant_operator.reconcile.asking.control import Control
from assistant_operator.reconcile.asking.evidence import Evidence, EvidenceAsk, Place
from assistant_operator.reconcile.asking.gateways import GatewayStatus
from assistant_operator.reconcile.asking.polling import HttpAsk, Poller
from assistant_operator.reconcile.asking.progress import Progress
from assistant_operator.reconcile.asking.surroundings import Around
from assistant_operator.reconcile.scheduling.queue import Queue
from assistant_operator.reconcile.world import utc_now


class Questions:
    """The sources of World, whose news goes into the queue."""

    def __init__(self, queue: Queue, around: Around) -> None:
        self._pullers = HttpAsk(progress.PATH, progress.parse, progress.MAX_ANSWER)
        told = partial(gateways.parse, clock=utc_now)
        self._serving = HttpAsk(gateways.PATH, told, gateways.MAX_ANSWER, seconds=gateways.TIMEOUT, at_once=gateways.AT_ONCE)
        self._probes = evidence.pod_http()
        self._proxies = HttpAsk(decisions.PATH, decisions.parse, decisions.MAX_ANSWER, at_once=decisions.AT_ONCE)
        self._controls = (Control(), Control())
        self.progress: Poller[str, Progress] = Poller(self._pullers, lambda key, _before, _after: queue.add(key), progress.INTERVAL)
        self.gateways: Poller[str, GatewayStatus] = Poller(
            self._serving,
            gateways.news(queue.add, queue.add_after),
            gateways.INTERVAL,
            gateways.PATIENCE,
            gateways.AT_ONCE,
            when_ready=True,
        )
        self.evidence: Poller[Place, Evidence] = Poller(
            EvidenceAsk(around.now, *self._controls, utc_now, self._probes.post),
            evidence.news(queue.add),
            evidence.interval,
            evidence.PATIENCE,
            evidence.AT_ONCE,
            evidence.blended,
        )
        self.proxies: Poller[str, Decisions] = Poller(
            self._proxies,
            decisions.news(queue.add, queue.add_after),
            decisions.INTERVAL,
            decisions.PATIENCE,
            decisions.AT_ONCE,
            when_ready=True,
        )

    async def close(self) -> None:
        """Ask nothing more of anybody."""
        for poller in (self.progress, self.gateways, self.evidence, self.proxies):
            poller.close()
        for control in self._controls:
            await control.close()
        for connections in (self._pullers, self._serving, self._probes, self._proxies):
            await connections.close()
