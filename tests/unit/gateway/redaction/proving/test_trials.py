"""The CR's own patterns in the self-check: shown to be masked, found to come through, or neither; and never a false alarm."""

import random
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest

from assistant_gateway.policy import NamesPolicy, PatternPolicy, RedactionPolicy, RequestRedaction, ResponseRedaction
from assistant_gateway.redaction.detection.custom import PatternError
from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.entities import NAMES, STRUCTURED, Span
from assistant_gateway.redaction.names.client import NamesUnavailableError
from assistant_gateway.redaction.proving import trials
from assistant_gateway.redaction.service import Redaction
from tests.unit.gateway.redaction.proving.test_matches import MADE
from tests.unit.gateway.redaction.test_asking import Known

WAYS = [("Mask", "Off"), ("Pseudonymize", "Off"), ("Block", "Off"), ("Off", "Mask"), ("Off", "Block"), ("Pseudonymize", "Mask")]
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids="-".join)


def redaction(way: tuple[str, str], name: str, expression: str, **more: Any) -> Redaction:
    request, response = way
    policy = RedactionPolicy(
        request=RequestRedaction.model_validate({"action": request} | more),
        response=ResponseRedaction.model_validate({"action": response} | more),
        patterns=(PatternPolicy(name=name, expression=expression),),
    )
    return Redaction(policy)


async def shown(made: Redaction) -> bool | None:
    """Return what is shown of the only pattern."""
    (one,) = [holds for entity, holds in (await trials.shown(made)).items() if entity.startswith("CUSTOM:")]
    return one


def blinded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the rules miss every pattern, and nothing else."""
    find = Rules.find
    monkeypatch.setattr(Rules, "find", lambda self, text: [span for span in find(self, text) if not span.entity.startswith("CUSTOM:")])


@EACH_WAY
async def test_a_pattern_at_work_is_shown_and_one_that_is_missed_is_found_out(
    monkeypatch: pytest.MonkeyPatch, way: tuple[str, str]
) -> None:
    """Whatever its syntax, in each direction."""
    made = [redaction(way, "zeus", expression) for expression in MADE]
    assert [await shown(one) for one in made] == [True] * len(made)

    blinded(monkeypatch)

    assert [await shown(one) for one in made] == [False] * len(made)


@EACH_WAY
@pytest.mark.parametrize(
    ("name", "expression"),
    [("zeus-project", "ZEUS-PROJECT"), ("see", "(?i)see"), ("x", "X"), ("email", "EMAIL"), ("p", r"\]"), ("k", "-"), ("n", "[0-9]")],
)
async def test_a_match_that_looks_like_what_stands_for_it_is_no_alarm(
    monkeypatch: pytest.MonkeyPatch, way: tuple[str, str], name: str, expression: str
) -> None:
    """`[ZEUS-PROJECT]`, and `Xk3-X-1`."""
    made = redaction(way, name, expression)
    assert await shown(made) is True

    blinded(monkeypatch)

    assert await shown(made) is False


@EACH_WAY
async def test_of_a_pattern_without_a_made_up_match_nothing_is_said(monkeypatch: pytest.MonkeyPatch, way: tuple[str, str]) -> None:
    """Neither that it is at work nor that it is not: what is not known must not close a gateway."""
    made = [redaction(way, "zeus", expression) for expression in (r"[a-c&&[b]]", r"\bword\B", r"\[ZEUS\]")]
    blinded(monkeypatch)

    assert [await shown(one) for one in made] == [None] * len(made)


@EACH_WAY
async def test_what_another_type_masks_shows_nothing_of_the_pattern(monkeypatch: pytest.MonkeyPatch, way: tuple[str, str]) -> None:
    """It does not come through; but the pattern may be missed all the same."""
    expression = r"[a-z]{6}@example\.com"
    made = redaction(way, "email", expression)
    alone = redaction(way, "email", expression, entities=("CARD",))
    assert (await shown(made), await shown(alone)) == (None, True)

    blinded(monkeypatch)

    assert (await shown(made), await shown(alone)) == (None, False)


async def test_a_match_that_is_a_value_of_a_type_now_and_then_is_drawn_again() -> None:
    """Every second one of these is a machine's address; the pattern is shown by the others."""
    made = redaction(("Mask", "Off"), "file", r"(?:192\.168\.1\.[0-9]|FILE-[0-9]{3})")

    assert [await shown(made) for _ in range(20)].count(True) >= 17


@pytest.mark.parametrize(("blind", "way"), [("request_rules", ("Mask", "Block")), ("response_rules", ("Pseudonymize", "Mask"))])
async def test_each_direction_has_to_hold(monkeypatch: pytest.MonkeyPatch, blind: str, way: tuple[str, str]) -> None:
    made = redaction(way, "staff-id", "STAFF-[0-9]{4}")
    assert await shown(made) is True
    nothing: list[Span] = []
    monkeypatch.setattr(getattr(made, blind), "find", lambda text: nothing)

    assert await shown(made) is False


async def test_a_pattern_that_makes_the_rules_fail_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    made = redaction(("Mask", "Off"), "staff-id", "STAFF-[0-9]{4}")

    def crash(text: str) -> list[Span]:
        raise RuntimeError(text)

    monkeypatch.setattr(made.request_rules, "find", crash)

    assert await shown(made) is False


async def test_without_the_worker_for_names_nothing_is_said() -> None:
    """Nothing comes through either: requests are refused."""
    request = RequestRedaction.model_validate({"action": "Mask", "entities": (*STRUCTURED, *NAMES)})
    policy = RedactionPolicy(request=request, names=NamesPolicy(mode="Standard"), patterns=(PatternPolicy(name="a", expression="STAFF"),))
    made = Redaction(policy, Known(away=True))

    with pytest.raises(NamesUnavailableError):
        await trials._pattern_holds(made, policy.patterns[0])


def expressions(chance: random.Random) -> Iterator[str]:
    """Yield expressions of every kind, most of which nobody would write."""
    atoms = [*"abXZ019 -_/:", r"\.", r"\d", r"\w", r"\s", ".", "[a-z]", "[^a]", r"\S", "[[:alpha:]]", r"\p{Lu}", "[A-Z0-9]"]
    turns = ["+", "*", "?", "{2}", "{1,3}", "{3,}", "+?"]
    places = [r"\b", "^", "$", r"\B", "(?m:^)", r"\A", r"\z"]

    def one(depth: int) -> str:
        kind = chance.random()
        if depth > 3 or kind < 0.4:
            return str(chance.choice(atoms))
        if kind < 0.6:
            return one(depth + 1) + one(depth + 1)
        if kind < 0.7:
            return f"(?:{one(depth + 1)}|{one(depth + 1)})"
        if kind < 0.85:
            return f"(?:{one(depth + 1)}){chance.choice(turns)}"
        return chance.choice(places) + one(depth + 1)

    while True:
        yield one(0) + one(0)


async def test_no_pattern_raises_a_false_alarm() -> None:
    """Whatever the author writes: a gateway whose rules are at work goes on serving."""
    chance = random.Random(7)
    ways = cycle(WAYS)
    tried = 0
    for expression in expressions(chance):
        try:
            made = redaction(next(ways), chance.choice(["zeus", "x", "email", "see", "p-1"]), expression)
        except PatternError:
            continue
        assert await trials._pattern_holds(made, made.policy.patterns[0]) is not False, expression
        tried += 1
        if tried == 300:
            return
