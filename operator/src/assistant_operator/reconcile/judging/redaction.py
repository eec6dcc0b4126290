"""Is personal data masked as the spec asks? The checks behind RedactionActive.

They rest on what the gateways tell (gateways.py) of their self-check: each tries made-up values of every type at its start and every
minute, by the policy that it serves, and refuses requests while one of them comes through. What nobody has told lately is Unknown.
"""

from collections.abc import Mapping
from typing import Any

from assistant_gateway.redaction.entities import CUSTOM
from assistant_operator.kube.objects import uid_of
from assistant_operator.naming import ANNOTATION_POLICY_REVISION, OPS_PORT
from assistant_operator.reconcile.judging import pods
from assistant_operator.reconcile.judging.chain import Check, first_verdict, not_shown
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.verdict import Verdict


def nothing_comes_through(seen: Observed) -> Verdict | None:
    """No self-check has failed."""
    if not seen.redaction.is_on:
        return None
    failing = sorted({kind for told in seen.told.values() if told.redaction is not None for kind in told.redaction.failing})
    if not failing:
        return None
    text = (
        f"A gateway has tried made-up values, and they are not masked: {', '.join(map(_shown, failing))}. It refuses requests until they "
        "are; its log says since when."
    )
    return Verdict.false("SelfCheckFailed", text)


def names_can_be_found(seen: Observed) -> Verdict | None:
    """No gateway lacks the process that finds names."""
    faults = (told.redaction.fault for told in seen.told.values() if told.redaction is not None and told.redaction.fault is not None)
    fault = next(faults, None) if seen.redaction.is_on else None
    if fault is None:
        return None
    text = (
        f"A gateway refuses requests, since it cannot look for names: {fault.message} Where that lasts, the process runs out of memory or "
        "the image's model is damaged; the gateway's log has its exit status."
    )
    return Verdict.false(fault.reason, text)


def every_gateway_tells(seen: Observed) -> Verdict | None:
    """Each pod has told of a self-check, a moment ago."""
    told = {uid for uid, status in seen.told.items() if status.redaction is not None and status.redaction.is_recent}
    if not seen.redaction.is_on or all(uid_of(dict(pod)) in told for pod in pods.living(seen.pods)):
        return None
    text = (
        "Not every gateway has told of a self-check of the last three minutes: it has not come so far, or does not answer. The operator "
        f"asks their pods on port {OPS_PORT}."
    )
    return Verdict.unknown("RedactionNotSeen", text)


def by_the_policy_of_now(seen: Observed) -> Verdict | None:
    """What was shown is what the spec asks for, by the very policy that was written for it."""
    wanted, revision = seen.redaction.types, _revision(seen.stateful_set)
    shown = [status.redaction for status in seen.told.values() if status.redaction is not None]
    if not seen.redaction.is_on or all(one.revision == revision and wanted <= one.active for one in shown):
        return None
    text = (
        "A gateway has checked itself by another policy than the one that was written last: it has not read that yet, or its log says why "
        "it cannot."
    )
    return Verdict.unknown("OtherPolicy", text)


def _revision(stateful_set: Mapping[str, Any] | None) -> str | None:
    template: Mapping[str, Any] = (stateful_set or {}).get("spec", {}).get("template") or {}
    found = ((template.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION_POLICY_REVISION)
    return None if found is None else str(found)


def _shown(kind: str) -> str:
    return f"pattern {kind.removeprefix(CUSTOM)}" if kind.startswith(CUSTOM) else kind


FAILING: tuple[Check, ...] = (nothing_comes_through, names_can_be_found)
SHOWN: tuple[Check, ...] = (every_gateway_tells, by_the_policy_of_now)


def judge_redaction(seen: Observed, gateway: Verdict) -> Verdict:
    """Return the verdict on what the model, and the client, get to read."""
    if not seen.redaction.is_on:
        text = "spec.redaction is Off for requests and for answers: the model reads what it is sent, and clients what it says."
        return Verdict.settled("NotRequested", text)
    if (failed := first_verdict(FAILING, seen, gateway)) is not gateway:
        return failed
    if gateway.status != "True":
        return not_shown(seen, "What is masked is known when every replica serves the policy that says so.")
    text = (
        "Every gateway has shown within the last three minutes, on made-up values of each type that spec.redaction asks for, that none of "
        "them comes through."
    )
    return first_verdict(SHOWN, seen, Verdict.true("Active", text))
