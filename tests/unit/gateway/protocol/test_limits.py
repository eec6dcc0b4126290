"""Buckets and places, on a clock that the test moves."""

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.protocol.limits import Limiter


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def allowed(limiter: Limiter, key: str, rate: int, most: int = 1000) -> int:
    """Return how many requests pass at once."""
    for count in range(most):
        try:
            limiter.spend(key, rate)
        except RefusalError:
            return count
    return most


def test_a_bucket_holds_a_minute_and_refills_evenly() -> None:
    clock = Clock()
    limiter = Limiter(clock)

    assert allowed(limiter, "a", 60) == 60
    clock.now += 1
    assert allowed(limiter, "a", 60) == 1
    clock.now += 30
    assert allowed(limiter, "a", 60) == 30
    clock.now += 3600
    assert allowed(limiter, "a", 60) == 60


def test_each_key_has_its_own_bucket() -> None:
    limiter = Limiter(Clock())
    allowed(limiter, "a", 5)

    assert allowed(limiter, "b", 5) == 5


@pytest.mark.parametrize(("rate", "wait"), [(1, b"60"), (2, b"30"), (60, b"1"), (1000, b"1")])
def test_the_refusal_says_when_to_come_back(rate: int, wait: bytes) -> None:
    clock = Clock()
    limiter = Limiter(clock)
    allowed(limiter, "a", rate)

    with pytest.raises(RefusalError) as refused:
        limiter.spend("a", rate)

    assert (refused.value.code, refused.value.headers) == ("rate_limited", [(b"retry-after", wait)])
    clock.now += int(wait)
    limiter.spend("a", rate)


def test_a_new_rate_counts_at_once() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    allowed(limiter, "a", 100)
    assert allowed(limiter, "a", 1000) == 0
    clock.now += 60
    assert allowed(limiter, "a", 7) == 7


def test_places_are_capped_and_come_back() -> None:
    limiter = Limiter()
    limiter.enter(2)
    limiter.enter(2)
    with pytest.raises(RefusalError) as refused:
        limiter.enter(2)
    limiter.leave()
    limiter.enter(2)

    assert refused.value.code == "too_many_requests_in_flight"
    assert limiter.in_flight == 2
