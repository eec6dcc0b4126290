"""A resource at rest: whatever makes the operator look again, nothing changes that need not."""

from tests.integration.conformance.fingerprint import Fingerprint
from tests.integration.conformance.subject import Subject, every_kind

PASSES = 10


def test_the_subject_has_every_kind_of_child(ready: Subject) -> None:
    """Or the suite would speak of less than the operator makes."""
    assert {obj["kind"] for obj in ready.children()} == every_kind()


def test_ten_forced_reconciles_change_nothing(ready: Subject) -> None:
    """No child is another or was written to, and status says the same to the letter; the API server saw no write either."""
    before = Fingerprint.of(ready.children(), ready.resource())
    ready.lab.writes()
    for _ in range(PASSES):
        ready.reconcile()

    assert before.moved(Fingerprint.of(ready.children(), ready.resource())) == []
    assert ready.lab.writes() == []


def test_ten_forced_reconciles_change_nothing_while_something_is_under_way(fresh: Subject) -> None:
    """The same before anything runs: waiting is at rest, too."""
    fresh.make()
    before = Fingerprint.of(fresh.children(), fresh.resource())
    for _ in range(PASSES):
        fresh.reconcile()

    assert before.moved(Fingerprint.of(fresh.children(), fresh.resource())) == []


def test_a_fresh_operator_changes_nothing(fresh: Subject) -> None:
    """Nothing is remembered but what the cluster says: a restart finds it all as it should be."""
    fresh.make()
    fresh.run()
    before = Fingerprint.of(fresh.children(), fresh.resource())
    fresh.lab.writes()
    fresh.lab.restart()
    fresh.reconcile()

    assert before.moved(Fingerprint.of(fresh.children(), fresh.resource())) == []
    assert fresh.lab.writes() == []
