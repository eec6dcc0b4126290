"""What the probe says of the pod after each try."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_egress.protocol import EVIDENCE_PATHS, PATHS, REQUIRED_BY_DEFAULT, EvidencePath, PathClass, Result, Round, Target
from assistant_egress.standing import Standing

Try = dict[EvidencePath, str]


def after(*tries: Try, required: tuple[PathClass, ...] = REQUIRED_BY_DEFAULT) -> Standing:
    standing = Standing(required)
    for seen in tries:
        asked = Round(tuple(Target(path, path, "tcp", "10.0.0.1", 1, True) for path in seen))
        standing.take(asked, [Result(path, observed, "2026-11-28T22:00:00Z") for path, observed in seen.items()])  # type: ignore[arg-type]
    return standing


BREACH: Try = {"pods": "Reached", "dns": "Blocked"}
HALF: Try = {"pods": "Blocked", "dns": "Failed"}
CLOSED: Try = {"pods": "Blocked", "dns": "Blocked"}


@pytest.mark.parametrize(
    ("tries", "state"),
    [
        ((), "Unknown"),
        ((CLOSED,), "Confined"),
        ((BREACH,), "Breached"),
        ((HALF,), "Unknown"),
        (({},), "Unknown"),
        ((CLOSED, HALF), "Unknown"),
        ((CLOSED, {}), "Unknown"),
        ((CLOSED, BREACH), "Breached"),
        ((BREACH, HALF), "Breached"),
        ((BREACH, {}), "Breached"),
        ((BREACH, HALF, {}, HALF), "Breached"),
        ((BREACH, CLOSED), "Confined"),
        ((BREACH, HALF, CLOSED), "Confined"),
        (({"pods": "Reached", "dns": "Failed"},), "Breached"),
    ],
)
def test_a_breach_lasts_until_a_whole_try_is_blocked(tries: tuple[Try, ...], state: str) -> None:
    """What could not be tried ends no breach, and does not make anything confined."""
    assert after(*tries).state == state


def test_what_is_not_required_is_not_a_breach() -> None:
    """Most clusters leave the API server and the own node open; who requires them is told."""
    seen: Try = CLOSED | {"apiServer": "Reached", "ownNode": "Reached"}

    assert after(seen).state == "Confined"
    assert after(seen, required=(*REQUIRED_BY_DEFAULT, "ownNode")).state == "Breached"
    assert after({"apiServer": "Blocked"}).state == "Unknown"


@pytest.mark.parametrize("observed", ["Reached", "Blocked", "Failed"])
def test_what_is_allowed_is_no_breach_and_confines_nobody(observed: str) -> None:
    """Neither to be reached, nor not to be: whatever is required."""
    for required in (REQUIRED_BY_DEFAULT, PATHS):
        assert after(CLOSED | {"allowed": observed}, required=required).state == "Confined"
        assert after(BREACH | {"allowed": observed}, required=required).state == "Breached"
        assert after({"allowed": observed}, required=required).state == "Unknown"


def test_it_names_what_was_reached_last() -> None:
    """Sorted, each once; after a try in which nothing was, none."""
    standing = after({"pods": "Reached", "outside": "Reached", "apiServer": "Reached"})
    assert standing.reached == ("outside", "pods")

    standing.take(Round(()), ())
    assert standing.state == "Breached"
    assert not standing.reached


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(EVIDENCE_PATHS), st.sampled_from(["Blocked", "Reached", "Failed"])), max_size=6))
def test_confined_is_said_of_a_whole_blocked_try_alone(tries: list[Any]) -> None:
    """Whatever came before."""
    standing = after(*tries)

    newest = [observed for path, observed in (tries[-1] if tries else {}).items() if path in REQUIRED_BY_DEFAULT]
    assert (standing.state == "Confined") == (bool(newest) and set(newest) == {"Blocked"})
    if "Reached" in newest:
        assert standing.state == "Breached"
