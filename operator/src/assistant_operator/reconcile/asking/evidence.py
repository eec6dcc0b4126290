"""What assistants' pods see of their confinement: each is told what to try, and answers what it observed (assistant_egress).

One question is a round: the targets of the pod (egress_targets.py), each with whether the operator reached it just now (control.py), sent
to the pod's EVIDENCE_PORT; the answer is judged at once, class by class. Asked in the background (polling.py), every ten seconds, and
as often as it can answer while a pod is held back by its gate. What follows for the assistant is in confinement.py.

The operator cannot try the assistant's own Services (its store, its proxy): their policies let nobody in but the assistant. One of them is
alive where a pod behind it is ready, which the kubelet found out from beside the pod.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from assistant_egress.protocol import (
    EVIDENCE_PATHS,
    MAX_BYTES,
    ROUNDS_PATH,
    EvidencePath,
    MalformedError,
    Phase,
    Reason,
    Result,
    Round,
    Target,
    Verdict,
    encode_round,
    judge,
    parse_answer,
)
from assistant_operator.kube.objects import Object, is_being_deleted, is_true, metadata, uid_of
from assistant_operator.naming import EVIDENCE_PORT
from assistant_operator.reconcile.asking.control import Control
from assistant_operator.reconcile.asking.pod_http import PodHttp
from assistant_operator.reconcile.asking.polling import News, Source
from assistant_operator.reconcile.key import Key
from assistant_operator.resources.egress_targets import Endpoint, Goal, Surroundings, goals

INTERVAL = 10.0
GATE_INTERVAL = 0.2
"""A pod has its address a moment before its gate listens, and a gate that listens is busy for half a second with each question."""
PREPARE_INTERVAL = 1.0
"""While there is no address to ask."""
PATIENCE = 45.0
"""Seconds of silence after which nothing is known of a pod any more; and for which a class that was closed and of which nothing can be
told at the moment, because what was tried is gone, still counts as closed."""
TIMEOUT = 4.0
"""More than a pod takes to try everything once, and to say so."""
CONNECT_TIMEOUT = 0.5
"""Where a cluster does not know a new pod yet the first packet is lost, and the kernel sends the next ones a second and three later."""
AT_ONCE = 256
"""A question takes a second, since what is closed does not answer: enough for a thousand pods in INTERVAL, and for some that are gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """All that has to be known of a pod to ask it."""

    address: str
    """Empty while it has none."""
    node_addresses: tuple[str, ...]
    egress: Sequence[Mapping[str, Any]]
    """What it may reach: the egress rules of its NetworkPolicy."""
    is_held: bool = field(default=False, compare=False)
    """It is not ready: its gate may be waiting for a round, or its gateway for what the probe makes of its first one."""
    served: Mapping[Endpoint, bool] = field(default_factory=dict, compare=False)
    """The assistant's own Services, and whether a pod behind each is ready."""


@dataclass(frozen=True, slots=True)
class PathSeen:
    """One class of paths, as one pod saw it."""

    verdict: Verdict
    reason: Reason
    is_satisfied: bool
    at: datetime
    covered_by: str | None = None
    """Nothing was tried, since all of it lies in this, which the assistant may reach."""
    unreached: tuple[str, ...] = ()
    """Of what is allowed: `address:port` of what is alive and was blocked."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one pod has told."""

    phase: Phase
    paths: Mapping[EvidencePath, PathSeen]
    """`allowed` only where something of it was tried."""


class Post(Protocol):
    """Sends a body to a pod and returns the answer's; None where there is none."""

    async def __call__(self, address: str, path: str, body: bytes) -> bytes | None: ...


class EvidenceAsk:
    """Asks one pod."""

    def __init__(
        self,
        around: Callable[[], Awaitable[Surroundings]],
        control: Control,
        of_allowed: Control,
        clock: Callable[[], datetime],
        post: Post,
    ) -> None:
        self._around = around
        self._control = control
        self._of_allowed = of_allowed
        self._clock = clock
        self._post = post

    async def __call__(self, place: Place) -> Evidence | None:
        found = goals(await self._around(), place.node_addresses, place.egress)
        alive = await self._alive(found.tried, place)
        if not place.address:
            return None
        targets = tuple(Target(goal.id, goal.path, goal.protocol, goal.address, goal.port, goal in alive) for goal in found.tried)
        body = await self._post(place.address, ROUNDS_PATH, encode_round(Round(targets)))
        if body is None:
            return None
        try:
            answer = parse_answer(body)
        except MalformedError:
            return None
        now = self._clock()
        paths: dict[EvidencePath, PathSeen] = {}
        for path in EVIDENCE_PATHS:
            verdict = judge(path, targets, answer.results)
            paths[path] = PathSeen(verdict.verdict, verdict.reason, verdict.is_satisfied, now, found.covered.get(path))
        if paths["allowed"].reason == "NoTarget":
            del paths["allowed"]  # no rule of which a server is known: nothing is missing
        else:
            paths["allowed"] = replace(paths["allowed"], unreached=_unreached(targets, answer.results))
        return Evidence(answer.phase, paths)

    async def _alive(self, tried: Sequence[Goal], place: Place) -> frozenset[Goal]:
        """Return what is alive: as the control finds it, and of the assistant's own Services as their pods are.

        What is allowed has a control of its own, which nobody waits for: what is down there must not take the time of all else.
        """
        allowed = {goal: place.served.get(Endpoint(goal.address, goal.port)) for goal in tried if goal.path == "allowed"}
        lately = self._of_allowed.lately([goal for goal, is_ready in allowed.items() if is_ready is None])
        reached = await self._control.alive([goal for goal in tried if goal not in allowed], is_urgent=place.is_held)
        return reached | lately | {goal for goal, is_ready in allowed.items() if is_ready}


def _unreached(targets: Sequence[Target], results: Sequence[Result]) -> tuple[str, ...]:
    blocked = {result.id for result in results if result.observed == "Blocked"}
    found = [one for one in targets if one.path == "allowed" and one.is_alive and one.id in blocked]
    return tuple(f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}" for one in found)


def pod_http() -> PodHttp:
    """Return what carries the questions."""
    return PodHttp(EVIDENCE_PORT, TIMEOUT, MAX_BYTES, AT_ONCE, CONNECT_TIMEOUT)


def interval(place: Place) -> float:
    if not place.is_held:
        return INTERVAL
    return GATE_INTERVAL if place.address else PREPARE_INTERVAL


def blended(before: Evidence | None, now: Evidence) -> Evidence:
    """Return what is known after another answer: a class that was closed is not in doubt at once where its targets are gone."""
    if before is None:
        return now
    paths = {path: _steady(path, before.paths[path], seen) if path in before.paths else seen for path, seen in now.paths.items()}
    return Evidence(now.phase, paths)


def _steady(path: EvidencePath, before: PathSeen, now: PathSeen) -> PathSeen:
    in_doubt = now.reason in ("NotAlive", "NoTarget", "NotTried") and now.covered_by is None
    # A metadata service that was alive a moment ago has not gone: the operator's own try of it was lost.
    in_doubt |= now.reason == "NothingThere" and before.verdict == "Enforced"
    # Of what is allowed one packet may be lost, and nothing is at stake: only what was reached lately counts.
    in_doubt |= path == "allowed" and now.reason == "Blocked"
    recent = abs(now.at - before.at) < timedelta(seconds=PATIENCE)
    return before if in_doubt and before.is_satisfied and recent else now


def essence(told: Evidence) -> dict[str, Any]:
    """Return what the condition and the verdicts in status rest on."""
    return {path: (seen.verdict, seen.reason, seen.covered_by, seen.unreached) for path, seen in told.paths.items()}


def news(now: Callable[[Key], None]) -> News[Evidence]:
    """Return what asks for a pass: at once where a verdict changed, or a pod is heard again or no longer."""

    def tell(key: Key, before: Mapping[str, Evidence], after: Mapping[str, Evidence]) -> None:
        if {pod: essence(told) for pod, told in before.items()} != {pod: essence(told) for pod, told in after.items()}:
            now(key)

    return tell


async def listen(
    source: Source[Place, Evidence],
    key: Key,
    pods: Sequence[Object],
    egress: Sequence[Mapping[str, Any]],
    served: Mapping[Endpoint, bool] | None = None,
) -> Mapping[str, Evidence]:
    """Return what the assistant's pods have told lately, by uid, and see to it that more is heard.

    A pod that is ready and was never asked is asked now, which takes a second: see kept.listen.
    """
    places = {uid_of(pod): place for pod in pods if (place := place_of(pod, egress, served)) is not None}
    if not places:
        source.forget(key)
        return {}
    await source.first(key, places, {uid_of(pod) for pod in pods if is_true(pod, "Ready")})
    return source.latest(key, places)


def place_of(pod: Object, egress: Sequence[Mapping[str, Any]], served: Mapping[Endpoint, bool] | None = None) -> Place | None:
    """Return where the pod can be asked; None where it never can.

    One that has no address yet will have it in a moment: what is alive is found out meanwhile, so that its gate waits for that no more.
    """
    status = pod.get("status") or {}
    phase, address = status.get("phase"), str(status.get("podIP") or "")
    if is_being_deleted(pod) or phase not in ("Pending", "Running"):
        return None
    hosts = [str(one.get("ip") or "") for one in status.get("hostIPs") or ()] or [str(status.get("hostIP") or "")]
    return Place(address, tuple(host for host in hosts if host), egress, not is_true(pod, "Ready"), served or {})


def addresses_served(services: Sequence[Object], pods: Sequence[Object]) -> dict[Endpoint, bool]:
    """Return where the Services listen, and whether one of the pods that each selects is ready; all are of one assistant."""
    ready = [metadata(pod).get("labels") or {} for pod in pods if is_true(pod, "Ready") and not is_being_deleted(pod)]
    found: dict[Endpoint, bool] = {}
    for service in services:
        spec = service.get("spec") or {}
        selector = (spec.get("selector") or {}).items()
        is_alive = bool(selector) and any(selector <= labels.items() for labels in ready)
        for address in spec.get("clusterIPs") or [spec.get("clusterIP")]:
            if address and address != "None":  # as a headless Service has it
                found |= {Endpoint(str(address), int(port["port"])): is_alive for port in spec.get("ports") or ()}
    return found
