"""What a gateway's self-check really says is what the operator really reads: one page, from the policy to the condition."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from assistant_gateway import policy as gateway
from assistant_gateway.auth import KeyRing
from assistant_gateway.redaction.proving.selfcheck import SelfCheck
from assistant_gateway.snapshot import Current, Snapshot
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.asking.gateways import GatewayStatus, parse
from assistant_operator.reconcile.judging.readiness import judge
from assistant_operator.resources.plan import plan
from tests.unit.operator.api.cases import body, model, pattern, redaction
from tests.unit.operator.reconcile.judging.test_readiness import seen, stateful_set
from tests.unit.operator.resources.contexts import context, spec_of

SPECS: list[Any] = [
    pytest.param(model(), id="default"),
    pytest.param(redaction({"action": "Mask", "entities": ["EMAIL", "CARD"]}), id="some types"),
    pytest.param(redaction({"action": "Off"}, {"action": "Mask"}), id="answers"),
    pytest.param(redaction({"action": "Block", "entities": ["CARD"]}, {"action": "Block", "entities": ["TOKEN"]}), id="both directions"),
    pytest.param(pattern(), id="a pattern"),
]


async def told(spec: PrivateAssistantSpec) -> tuple[GatewayStatus, Object]:
    """Return what a gateway tells that serves the policy which the operator plans, and the StatefulSet that is planned with it."""
    planned = {(manifest.kind, manifest.name): manifest.to_dict() for manifest in plan(spec, context(spec))}
    policy = gateway.parse(planned["ConfigMap", "minimal-policy"]["data"]["policy.json"])
    check = SelfCheck(Current(Snapshot.of(policy, KeyRing(())), ready=True))
    await check.look()
    page = json.dumps({"store": None, "retention": None, "sources": {}, "index": None, "redaction": check.status()})
    status = parse(page.encode(), lambda: datetime.now(UTC))
    assert status is not None
    return status, planned["StatefulSet", "minimal"]


@pytest.mark.parametrize("resource", SPECS)
async def test_a_gateway_that_masks_as_planned_is_active(resource: dict[str, Any]) -> None:
    """Types, revision and time are in the words of both sides."""
    spec = spec_of(body(resource))
    status, planned = await told(spec)
    live = stateful_set()
    live["spec"]["template"] = planned["spec"]["template"]

    ready, promises = judge(seen(redaction=spec.redaction, told={"pod": status}, stateful_set=live))

    assert (promises["RedactionActive"].status, promises["RedactionActive"].reason) == ("True", "Active")
    assert ready.status == "True"


async def test_another_policy_than_the_planned_one_is_noticed() -> None:
    """The gateway has not read the new file: what it shows is of the old one."""
    status, _ = await told(spec_of(body(model())))
    spec = spec_of(body(redaction({"action": "Mask"})))
    _, planned = await told(spec)
    live = stateful_set()
    live["spec"]["template"] = planned["spec"]["template"]

    _, promises = judge(seen(redaction=spec.redaction, told={"pod": status}, stateful_set=live))

    assert promises["RedactionActive"].reason == "OtherPolicy"
