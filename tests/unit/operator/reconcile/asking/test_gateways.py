"""What gateways tell: what is understood of it, what is news, and how often status shows it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant_operator.reconcile.asking import gateways
from assistant_operator.reconcile.asking.gateways import (
    Fault,
    Figures,
    GatewayStatus,
    Ledger,
    RedactionTold,
    SourceTold,
    StoreTold,
    essence,
    parse,
    source_status,
)
from assistant_operator.reconcile.key import Key
from tests.support.gateways import masked, masking, sealed, told

KEY = Key("n", "a")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "revision": "r1",
    "store": {"fault": None},
    "retention": {
        "lastPurge": "2026-01-01T00:00:00Z",
        "purged": 7,
        "oldest": "2025-12-31T23:00:00+00:00",
        "isLate": False,
        "kek": "k0001",
        "toRewrap": 3,
    },
    "sources": {
        "handbook": {"startedAt": None, "finishedAt": "2026-01-01T01:00:00Z", "documents": 5, "chunks": 50, "failed": {"Broken": 1}}
    },
    "index": {"state": "Serving", "remaining": 0},
}


def test_what_a_gateway_waits_for_is_news() -> None:
    """A model that never comes up changes no pod: only the gateway knows."""
    waiting = parse(json.dumps({**WHOLE, "waitsFor": {"reason": "ModelLoading", "message": "Not yet."}}).encode(), lambda: NOW)
    well = parse(json.dumps(WHOLE).encode(), lambda: NOW)

    assert waiting is not None
    assert well is not None
    assert waiting.waits_for == Fault(reason="ModelLoading", message="Not yet.")
    assert well.waits_for is None
    assert essence(waiting) != essence(well)


MASKS: dict[str, Any] = {
    "policyGeneration": 7,
    "revision": "0123456789abcdef",
    "active": ["CARD", "CUSTOM:staff-id", "EMAIL"],
    "failing": ["IBAN"],
    "checkedAt": "2026-01-01T00:00:00Z",
}


def parsed(**changes: Any) -> GatewayStatus | None:
    return parse(json.dumps(WHOLE | changes).encode(), lambda: NOW)


def test_the_whole_answer() -> None:
    """As section 7 of the contract has it; the times may come in any zone."""
    found = parsed()

    assert found is not None
    assert found.is_well
    figures = Figures.of(found)
    assert figures.retention is not None
    assert figures.retention.to_dict() == {
        "lastPurge": "2026-01-01T00:00:00Z",
        "purged": 7,
        "oldest": "2025-12-31T23:00:00Z",
        "encryptionKey": "k0001",
        "keysToRewrap": 3,
    }
    assert source_status("handbook", figures.sources["handbook"], None).to_dict() == {
        "name": "handbook",
        "documents": 5,
        "chunks": 50,
        "failed": [{"reason": "Broken", "count": 1}],
        "lastFinished": "2026-01-01T01:00:00Z",
    }


@pytest.mark.parametrize(
    ("everybody", "shown"),
    [
        ([sealed("k0002", 5), sealed("k0002", 5)], ("k0002", 5)),
        ([sealed("k0002"), sealed("k0001")], (None, None)),
        ([sealed("k0002"), None], (None, None)),
        ([sealed("k0002"), GatewayStatus()], (None, None)),
        ([sealed(None, None), sealed(None, None)], (None, None)),
    ],
    ids=["all", "another key", "silence", "no store", "an older gateway"],
)
def test_a_key_is_shown_as_the_newest_when_every_gateway_has_it(
    everybody: list[GatewayStatus | None], shown: tuple[str | None, int | None]
) -> None:
    """Whoever removes the older ones before would lose what a gateway still seals under them."""
    assert everybody[0] is not None
    found = Figures.of(everybody[0], everybody).retention

    assert found is not None
    assert (found.encryption_key, found.keys_to_rewrap) == shown


@pytest.mark.parametrize("key", ["", "a b", "k" * 254, "k\u00e4", 7])
def test_a_key_that_is_no_entry_of_a_secret_is_not_taken_up(key: object) -> None:
    assert parsed(retention=WHOLE["retention"] | {"kek": key}) is None


def test_a_gateway_that_keeps_nothing() -> None:
    found = parse(b'{"revision": "r", "store": null, "retention": null, "sources": {}, "index": null}', lambda: NOW)

    assert found is not None
    assert not found.is_well


def test_a_gateway_that_masks() -> None:
    """Of the check it tells types and a time, and by which policy it was made."""
    found = parsed(redaction=MASKS)

    assert found is not None
    assert found.redaction == RedactionTold(
        revision="0123456789abcdef",
        active=frozenset({"CARD", "CUSTOM:staff-id", "EMAIL"}),
        failing=frozenset({"IBAN"}),
        checked_at=NOW,
        is_recent=True,
    )


@pytest.mark.parametrize(
    ("checked", "is_recent"),
    [
        ("2026-01-01T00:00:00Z", True),
        ("2025-12-31T23:57:00Z", True),
        ("2025-12-31T23:56:59Z", False),
        ("2026-01-01T01:03:00+01:00", True),
        ("2026-01-01T00:03:01Z", False),
        (None, False),
    ],
)
def test_a_check_shows_something_for_three_minutes(checked: str | None, is_recent: bool) -> None:
    """By clocks that may differ a little; one that is far ahead would count for ever. Whatever the gateway thinks of it."""
    found = parsed(redaction=MASKS | {"checkedAt": checked, "isRecent": not is_recent})

    assert found is not None
    assert found.redaction is not None
    assert found.redaction.is_recent is is_recent


def test_a_fault() -> None:
    found = parsed(store={"fault": {"reason": "StoreFull", "message": "The store is full."}}, retention=None)

    assert found is not None
    assert found.store == StoreTold(fault=Fault(reason="StoreFull", message="The store is full."))


def test_a_fault_of_the_redaction_is_news() -> None:
    """The process that finds names is gone: what was shown before stands beside it, and a pass is due at once."""
    fault = {"reason": "NamesUnavailable", "message": "It does not run."}
    before, after = parsed(redaction=MASKS), parsed(redaction=MASKS | {"fault": fault})

    assert before is not None
    assert after is not None
    assert after.redaction is not None
    assert after.redaction.fault == Fault(**fault)
    assert essence(before) != essence(after)


@pytest.mark.parametrize(
    "changes",
    [
        {"store": {"fault": {"reason": "not a word", "message": "x"}}},
        {"store": {"fault": {"reason": "StoreFull", "message": "x" * 513}}},
        {"store": {"fault": {"reason": "StoreFull"}}},
        {"store": []},
        {"retention": {"purged": 1}},
        {"retention": {"isLate": False, "purged": -1}},
        {"retention": {"isLate": False, "purged": 2**63}},
        {"retention": {"isLate": False, "lastPurge": "2026-01-01T00:00:00"}},
        {"retention": {"isLate": False, "lastPurge": "yesterday"}},
        {"sources": {str(number): {} for number in range(300)}},
        {"sources": {"a": {"documents": "many"}}},
        {"index": {"state": "Broken"}},
        {"redaction": {}},
        {"redaction": MASKS | {"revision": ""}},
        {"redaction": MASKS | {"fault": {"reason": "anna@example.com", "message": "x"}}},
        {"redaction": MASKS | {"failing": ["anna@example.com"]}},
        {"redaction": MASKS | {"failing": ["CUSTOM:Anna Weber"]}},
        {"redaction": MASKS | {"failing": ["A" * 33]}},
        {"redaction": MASKS | {"active": [f"CUSTOM:{number}" for number in range(129)]}},
        {"redaction": MASKS | {"checkedAt": "2026-01-01T00:00:00"}},
    ],
)
def test_what_is_not_understood_is_no_answer(changes: dict[str, Any]) -> None:
    assert parsed(**changes) is None


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"[" * 60000, b"\xff", b'{"store": '])
def test_what_is_no_answer_at_all(text: bytes) -> None:
    assert parse(text, lambda: NOW) is None


def test_a_store_that_is_slow_to_answer_is_silence() -> None:
    """And not the news that nothing is known: a moment's slowness makes no promise Unknown."""
    assert parsed(retention=None) is None


def test_parts_that_are_new_are_passed_over() -> None:
    assert parsed(more={"x": 1}) is not None


def test_reasons_that_are_no_words_are_left_out() -> None:
    """A file's name never gets into status by this way."""
    found = source_status("a", SourceTold(failed={"secret plan.pdf": 1, "Broken": 2, "Empty": 0}), "GatewayUnreachable")

    assert [(one.reason, one.count) for one in found.failed] == [("Broken", 2), ("GatewayUnreachable", 0)]


class Asked:
    """What was asked for."""

    def __init__(self) -> None:
        self.now = 0
        self.later: list[float] = []
        self.tell = gateways.news(self._now, lambda _key, seconds: self.later.append(seconds))

    def _now(self, key: Key) -> None:
        assert key == KEY
        self.now += 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"a": told()}),
        ({"a": told()}, {}),
        ({"a": told()}, {"a": told("StoreUnreachable")}),
        ({"a": told("StoreUnreachable")}, {"a": told("StoreFull")}),
        ({"a": told()}, {"a": told(late=True)}),
        ({"a": told()}, {"a": masked(masking())}),
        ({"a": masked(None)}, {"a": masked(masking())}),
        ({"a": masked(masking())}, {"a": masked(masking("EMAIL"))}),
        ({"a": masked(masking())}, {"a": masked(masking(without=["EMAIL"]))}),
        ({"a": masked(masking())}, {"a": masked(masking(revision="other"))}),
        ({"a": masked(masking())}, {"a": masked(masking(recent=False))}),
        ({"a": told()}, {"a": told(), "b": told()}),
        ({"a": told(handbook=SourceTold(documents=1))}, {"a": told(handbook=SourceTold(documents=1, finished_at=NOW))}),
        ({"a": told(handbook=SourceTold(finished_at=NOW))}, {"a": told(handbook=SourceTold(finished_at=NOW + timedelta(hours=1)))}),
    ],
)
def test_what_a_condition_rests_on_is_news_at_once(before: dict[str, GatewayStatus], after: dict[str, GatewayStatus]) -> None:
    asked = Asked()
    asked.tell(KEY, before, after)

    assert (asked.now, asked.later) == (1, [])


@pytest.mark.parametrize("after", [told(purged=1), told(handbook=SourceTold(documents=1))])
def test_numbers_wait(after: GatewayStatus) -> None:
    asked = Asked()
    asked.tell(KEY, {"a": told()}, {"a": after})

    assert (asked.now, asked.later) == (0, [60.0])


def later(one: GatewayStatus, seconds: float) -> GatewayStatus:
    assert one.retention is not None
    return one.model_copy(update={"retention": one.retention.model_copy(update={"last_purge": NOW + timedelta(seconds=seconds)})})


def test_a_purge_that_found_nothing_is_no_news() -> None:
    asked = Asked()
    asked.tell(KEY, {"a": told()}, {"a": later(told(), 15)})

    assert (asked.now, asked.later) == (0, [])


def test_another_check_like_the_last_is_no_news() -> None:
    """Or every assistant would have a pass each minute."""
    asked = Asked()
    again = masking().model_copy(update={"checked_at": NOW + timedelta(seconds=60)})
    asked.tell(KEY, {"a": masked(masking())}, {"a": masked(again)})

    assert (asked.now, asked.later) == (0, [])


@pytest.mark.parametrize(("found", "due"), [(told(purged=1), 60), (later(told(), 15), 300)])
def test_when_the_ledger_shows_what_is_new(found: GatewayStatus, due: int) -> None:
    ledger = Ledger()
    first, second = Figures.of(told()), Figures.of(found)
    assert ledger.show(KEY, None, NOW) is None
    assert ledger.show(KEY, first, NOW) == first

    assert ledger.show(KEY, second, NOW + timedelta(seconds=due - 1)) == first
    assert ledger.show(KEY, None, NOW + timedelta(seconds=due)) == first
    assert ledger.show(KEY, second, NOW + timedelta(seconds=due)) == second
    ledger.forget(KEY)
    assert ledger.show(KEY, None, NOW) is None


def test_counts_that_are_held_back_are_looked_at_again() -> None:
    """A pass for something else takes the one that news of counts asked for: without another they would wait for the next round."""
    ledger = Ledger()
    first, second = Figures.of(told()), Figures.of(told(purged=1))
    ledger.show(KEY, first, NOW)

    assert ledger.due(KEY, first, NOW + timedelta(seconds=20)) is None
    assert ledger.due(KEY, Figures.of(later(told(), 15)), NOW + timedelta(seconds=20)) is None
    assert ledger.due(KEY, None, NOW + timedelta(seconds=20)) is None
    assert ledger.show(KEY, second, NOW + timedelta(seconds=20)) == first
    assert ledger.due(KEY, second, NOW + timedelta(seconds=20)) == 40
    assert ledger.show(KEY, second, NOW + timedelta(seconds=60)) == second
    assert ledger.due(KEY, second, NOW + timedelta(seconds=60)) is None


def test_the_end_of_a_reading_is_shown_at_once() -> None:
    """Whoever has applied a source waits for its documents, and not for the next full minute."""
    ledger = Ledger()
    ledger.show(KEY, Figures.of(told(handbook=SourceTold())), NOW)
    read = Figures.of(told(handbook=SourceTold(documents=2, finished_at=NOW)))

    assert ledger.show(KEY, read, NOW + timedelta(seconds=1)) == read


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    ledger = Ledger()
    ledger.show(KEY, Figures.of(told()), NOW)

    assert ledger.show(KEY, Figures.of(told(purged=1)), NOW - timedelta(days=1)) == Figures.of(told(purged=1))
