"""A status that the API server does not take: what stands there meanwhile must not go on saying True."""

import pytest

from assistant_operator import errors
from assistant_operator.api.v1alpha1.status import MOST_EVIDENCE, PrivateAssistantStatus
from assistant_operator.kube.kinds import NETWORK_POLICY, PRIVATE_ASSISTANT
from assistant_operator.reconcile.judging import confinement
from tests.support.evidence import NOT_ENFORCED, confined
from tests.support.fake_client import text_of
from tests.support.fake_world import FakeWorld


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


async def test_what_cannot_be_told_is_unknown(fake: FakeWorld) -> None:
    """Whatever the pass has found out: nobody hears of it. The rest of what was told stands, and the next status that is taken heals."""
    await fake.make_ready()
    before = fake.status()
    fake.probes.told = confined(dns=NOT_ENFORCED)
    refusals = iter([errors.InvalidError("patch", PRIVATE_ASSISTANT.kind, 422, "Invalid", "a secret in it")])
    fake.fail(lambda verb, kind: next(refusals, None) if (verb, kind) == ("patch", PRIVATE_ASSISTANT.kind) else None)
    outcome = await fake.reconcile()

    assert (outcome.label, outcome.is_failure) == ("error", True)
    kinds = [one["type"] for one in before["conditions"]]
    assert {kind: fake.verdict(kind) for kind in kinds} == dict.fromkeys(kinds, ("Unknown", "StatusRefused"))
    assert fake.verdict("Reconciling")[0] == "True"
    assert {**fake.status(), "conditions": []} == {**before, "conditions": []}
    assert "a secret in it" not in text_of(fake.client)
    await fake.settle()
    assert fake.verdict() == ("False", "NotEnforced")
    assert fake.client.find(NETWORK_POLICY, "ns", "one") is not None


async def test_what_the_definition_has_no_room_for_is_unknown_too(fake: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator knows its own bounds, and does not send it."""
    await fake.make_ready()
    rows = [{"path": "dns", "node": str(number), "verdict": "Enforced", "required": True, "lastChecked": "x"} for number in range(701)]
    evidence = tuple(PrivateAssistantStatus.model_validate({"evidence": [row]}).evidence[0] for row in rows)
    assert len(evidence) > MOST_EVIDENCE
    with monkeypatch.context() as patched:
        patched.setattr(confinement, "evidence_status", lambda *_: evidence)
        await fake.settle()
        assert fake.verdict() == ("Unknown", "StatusRefused")

    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_what_fails_again_and_again_and_cannot_be_told_is_unknown(fake: FakeWorld) -> None:
    """Status was to say that nothing is put right; the pass ends with the first failure all the same."""
    await fake.make_ready()
    fake.client.remove(NETWORK_POLICY, "ns", "one")
    refusals = iter([errors.InvalidError("patch", PRIVATE_ASSISTANT.kind, 422, "Invalid")])

    def fault(_verb: str, kind: str) -> errors.ApiError | None:
        if kind == NETWORK_POLICY.kind:
            return errors.UnavailableError("create", kind, 500, "InternalError")
        return next(refusals, None) if kind == PRIVATE_ASSISTANT.kind else None

    fake.fail(fault)
    for _ in range(3):
        with pytest.raises(errors.UnavailableError):
            await fake.reconcile()

    assert fake.verdict() == ("Unknown", "StatusRefused")
