"""What egress proxies tell: read strictly, summed, and shown at once or in a while."""

import json
from typing import Any

import pytest

from assistant_egress.proxy.decisions import Decisions
from assistant_operator.api.v1alpha1.status import EgressStatus
from assistant_operator.reconcile.asking import decisions
from assistant_operator.reconcile.asking.decisions import essence, parse, summed
from assistant_operator.reconcile.key import Key

KEY = Key("ns", "one")
SINCE = "2026-01-01T00:00:00Z"
ALLOWLIST = EgressStatus(mode="Allowlist")


def told(allowed: int = 0, since: str = SINCE, **refused: int) -> Decisions:
    counts: Any = refused
    return Decisions(since, allowed, counts)


def test_an_answer() -> None:
    body = json.dumps({"since": SINCE, "allowed": 3, "refused": {"HostNotAllowed": 2}}).encode()

    assert parse(body) == told(3, HostNotAllowed=2)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"since": "now", "allowed": 1, "refused": {}}', b"[" * 9000])
def test_what_is_not_understood_is_no_answer(body: bytes) -> None:
    assert parse(body) is None


def test_counts_of_all_pods_are_summed_since_the_first_of_them() -> None:
    """Reasons in their order; one that was never given is absent."""
    found = summed([told(3, HostNotAllowed=2, NotTls=0), told(4, "2025-12-31T00:00:00Z", NoServerName=1, HostNotAllowed=1)], ALLOWLIST)

    assert found.to_dict() == {
        "mode": "Allowlist",
        "allowed": 7,
        "refused": [{"reason": "HostNotAllowed", "count": 3}, {"reason": "NoServerName", "count": 1}],
        "since": "2025-12-31T00:00:00Z",
    }


def test_sums_are_no_larger_than_status_can_hold() -> None:
    """Somebody's pod that bears a proxy's labels could have the whole status refused otherwise, and what stands there stay True."""
    found = summed([told(2**63 - 1, NotTls=2**63 - 1), told(1, NotTls=1)], ALLOWLIST)

    assert (found.allowed, [one.count for one in found.refused or ()]) == (2**63 - 1, [2**63 - 1])


def test_what_is_shown_at_once_is_the_start_and_the_reasons() -> None:
    one, more, other, again = (
        summed([one], ALLOWLIST)
        for one in (told(1, NotTls=1), told(9, NotTls=9), told(1, TimedOut=1), told(1, "2026-01-02T00:00:00Z", NotTls=1))
    )

    assert essence(one) == essence(more)
    assert len({essence(one), essence(other), essence(again), essence(ALLOWLIST)}) == 4


class Asked:
    """What was asked for."""

    def __init__(self) -> None:
        self.now = 0
        self.later: list[float] = []
        self.tell = decisions.news(self._now, lambda _key, seconds: self.later.append(seconds))

    def _now(self, key: Key) -> None:
        assert key == KEY
        self.now += 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"a": told()}),
        ({"a": told()}, {}),
        ({"a": told()}, {"a": told(NotTls=1)}),
        ({"a": told(NotTls=7)}, {"a": told(0, "2026-01-02T00:00:00Z")}),
        ({"a": told()}, {"b": told()}),
    ],
)
def test_what_brings_a_pass_at_once(before: dict[str, Decisions], after: dict[str, Decisions]) -> None:
    """A proxy that is heard or silent, a new reason, a proxy that began anew."""
    asked = Asked()
    asked.tell(KEY, before, after)

    assert (asked.now, asked.later) == (1, [])


def test_counts_bring_a_pass_in_a_while() -> None:
    """At most one in five minutes."""
    asked = Asked()
    asked.tell(KEY, {"a": told(1, NotTls=1)}, {"a": told(2, NotTls=2)})

    assert (asked.now, asked.later) == (0, [300.0])


def test_nothing_new_brings_no_pass() -> None:
    asked = Asked()
    asked.tell(KEY, {"a": told(1, NotTls=1)}, {"a": told(1, NotTls=1)})

    assert (asked.now, asked.later) == (0, [])
