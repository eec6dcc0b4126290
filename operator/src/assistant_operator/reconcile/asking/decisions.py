"""What egress proxies tell of their decisions: how many connections they let through, and refused for which reason (GET /decisions).

Asked in the background (polling.py), on the port for operations. A reason that is new brings a pass at once, since somebody waits for an
answer or tries something; counts that only grow wait, so that status is not written for every connection. Neighbour: egress_proxy.py.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from assistant_egress.proxy.decisions import DECISIONS_PATH, MAX_BYTES, Decisions, MalformedError, parse_decisions
from assistant_operator.api.v1alpha1.status import LARGEST, EgressStatus, RefusedConnections
from assistant_operator.reconcile.asking.polling import News
from assistant_operator.reconcile.key import Key

PATH = DECISIONS_PATH
MAX_ANSWER = MAX_BYTES + 1
"""One more than there may be: what was cut is not understood."""
INTERVAL = 10.0
PATIENCE = 45.0
"""Seconds of silence after which nothing is known of a pod any more."""
AT_ONCE = 64
COUNTS_EVERY = timedelta(minutes=5)
"""Between two writes of status where nothing but counts has changed."""


def parse(text: bytes) -> Decisions | None:
    """Return what a proxy told; None where it told anything else."""
    try:
        return parse_decisions(text)
    except MalformedError:
        return None


def summed(told: Iterable[Decisions], status: EgressStatus) -> EgressStatus:
    """Return the status with the sums over the pods that told something, of which there is one at least."""
    known = tuple(told)
    refused: dict[str, int] = {}
    for one in known:
        for reason, count in one.refused.items():
            refused[reason] = refused.get(reason, 0) + count
    return status.model_copy(
        update={
            "allowed": min(sum(one.allowed for one in known), LARGEST),  # anybody's pod may bear a proxy's labels, and tell what it likes
            "refused": tuple(
                RefusedConnections(reason=reason, count=min(count, LARGEST)) for reason, count in sorted(refused.items()) if count
            ),
            "since": min(one.since for one in known),
        }
    )


def essence(status: EgressStatus) -> tuple[str | None, tuple[str, ...]]:
    """Return what is shown at once: since when is counted, and the reasons that there were."""
    return status.since, tuple(one.reason for one in status.refused or ())


def news(now: Callable[[Key], None], later: Callable[[Key, float], None]) -> News[Decisions]:
    """Return what asks for a pass: at once where a proxy began anew or a reason is new, in a while where only counts moved."""

    def tell(key: Key, before: Mapping[str, Decisions], after: Mapping[str, Decisions]) -> None:
        if _urgent(before) != _urgent(after):
            now(key)
        elif before != after:
            later(key, COUNTS_EVERY.total_seconds())

    return tell


def _urgent(told: Mapping[str, Decisions]) -> dict[str, tuple[str, frozenset[str]]]:
    return {pod: (one.since, frozenset(reason for reason, count in one.refused.items() if count)) for pod, one in told.items()}
