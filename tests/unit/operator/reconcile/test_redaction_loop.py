"""Redaction in the loop: whom it asks, what it waits for, and what becomes of a pattern that cannot be used."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from assistant_gateway.policy import Policy, parse
from assistant_operator.kube.kinds import CONFIG_MAP
from tests.support.fake_world import MODEL, FakeWorld
from tests.support.gateways import masked, masking

OFF: dict[str, Any] = {"model": {"name": MODEL}, "redaction": {"request": {"action": "Off"}}}


def patterns(*expressions: str) -> dict[str, Any]:
    named = [{"name": f"p{number}", "expression": expression} for number, expression in enumerate(expressions)]
    return {"model": {"name": MODEL}, "redaction": {"patterns": named}}


@pytest.fixture
def fake() -> FakeWorld:
    made = FakeWorld()
    made.gateways.told = masked(masking())
    return made


def written(fake: FakeWorld) -> Policy:
    found = fake.client.find(CONFIG_MAP, "ns", "one-policy")
    assert found is not None
    return parse(found["data"]["policy.json"])


async def test_gateways_are_asked_though_nothing_is_kept(fake: FakeWorld) -> None:
    """The default masks, so every assistant of the default is asked."""
    await fake.make_ready()

    assert fake.gateways.asked == {"10.1.0.1"}
    assert fake.verdict("RedactionActive") == ("True", "Active")


async def test_gateways_without_redaction_or_a_store_are_left_alone(fake: FakeWorld) -> None:
    await fake.make_ready(OFF)

    assert fake.gateways.asked == set()
    assert fake.verdict("RedactionActive") == ("False", "NotRequested")


async def test_it_is_off_until_it_is_switched_on(fake: FakeWorld) -> None:
    """The policy changes, its pods are replaced, and Ready waits until these have shown it."""
    await fake.make_ready(OFF)
    before = written(fake).revision()
    fake.apply()
    await fake.settle()
    assert fake.verdict("RedactionActive") == ("Unknown", "GatewayNotServing")

    fake.gateways.told = masked(masking(revision=before))
    fake.pods_become_ready()
    await fake.settle()
    assert fake.verdict() == fake.verdict("RedactionActive") == ("Unknown", "OtherPolicy")

    fake.gateways.told = masked(masking())
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")
    assert written(fake).redaction.request.action == "Pseudonymize"


async def test_a_self_check_that_fails_and_passes_again(fake: FakeWorld) -> None:
    await fake.make_ready()
    fake.gateways.told = masked(masking("IBAN"))
    await fake.settle()
    assert fake.verdict() == fake.verdict("RedactionActive") == ("False", "SelfCheckFailed")
    assert "IBAN" in fake.message("RedactionActive")

    fake.gateways.told = None
    await fake.settle()
    assert fake.verdict() == fake.verdict("RedactionActive") == ("Unknown", "RedactionNotSeen")

    fake.gateways.told = masked(masking())
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


@pytest.mark.parametrize(
    ("expression", "words"), [("EMP-([0-9]{6}", "does not compile"), ("[0-9]*", "can match the empty string"), ("(?=x)x", "look-around")]
)
async def test_a_pattern_that_cannot_be_used_stalls_and_what_serves_goes_on(fake: FakeWorld, expression: str, words: str) -> None:
    """Admission cannot tell; the gateway would not start. The pods keep the policy that they have."""
    await fake.make_ready(patterns("EMP-[0-9]{6}"))
    before = written(fake)
    fake.apply(patterns("EMP-[0-9]{6}", expression))
    await fake.settle()

    assert fake.verdict() == ("False", "SpecInvalid")
    assert fake.verdict("Stalled") == ("True", "SpecInvalid")
    assert fake.message().startswith("spec.redaction.patterns[1].expression: is refused:")
    assert words in fake.message()
    assert expression not in fake.message()
    assert written(fake) == before

    fake.apply(patterns("EMP-[0-9]{6}"))
    await fake.settle()
    fake.pods_become_ready()
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_patterns_that_take_long_to_compile_hold_up_nobody_else(fake: FakeWorld) -> None:
    """Half a second, for these. The Lease is renewed on the same loop, and a few such assistants would cost the operator its own."""
    fake.apply(patterns(*(rf"(?i)\w{{110}}{number}" for number in range(16))))
    now = asyncio.get_running_loop().time
    turns = [now()]
    working = asyncio.create_task(fake.reconcile())
    while not working.done():
        await asyncio.sleep(0.005)
        turns.append(now())
    await working

    longest = max(later - earlier for earlier, later in pairwise(turns))
    assert longest < (turns[-1] - turns[0]) / 2
    assert fake.verdict() == ("Unknown", "Pulling")
