"""The table of known vulnerabilities: what it holds, what is no table, and which versions are affected."""

import json
from typing import Any

import pytest

from assistant_operator.reconcile.judging.advisories import Range, TableError, Version, parse, shipped

ENTRY: dict[str, Any] = {
    "component": "ollama",
    "id": "CVE-2026-7482",
    "severity": "Critical",
    "summary": "it leaks",
    "affected": [{"below": "0.17.1"}],
}


def table(**changes: Any) -> str:
    return json.dumps({"updated": "2026-11-29", "advisories": [ENTRY | changes]})


def test_the_shipped_table_is_a_table() -> None:
    """Each component that runs a program of others has an entry, no advisory stands there twice for one, each range is one."""
    found = shipped()

    assert {advisory.component for advisory in found.advisories} == {"ollama", "postgresql", "pgvector"}
    assert len({(advisory.component, advisory.id) for advisory in found.advisories}) == len(found.advisories)
    for advisory in found.advisories:
        for part in advisory.affected:
            assert part.since is None or Version.of(part.since).is_below(part.below) is not False


def test_a_table_of_ones_own_is_read() -> None:
    found = parse(table(affected=[{"from": "0.5", "below": "0.6"}]))

    assert found.of("ollama")[0].affected[0].since == "0.5"
    assert found.of("pgvector") == ()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "the whole"),
        ("{", "the whole"),
        ("[]", "the whole"),
        ("{}", "updated"),
        ('{"updated": "2026-11-29", "advisories": []}', "advisories"),
        ('{"updated": "2026-11-29"}', "advisories"),
        (table(component="postgres"), "advisories.0.component"),
        (table(id="a b"), "advisories.0.id"),
        (table(severity="high"), "advisories.0.severity"),
        (table(summary="two\nlines"), "advisories.0.summary"),
        (table(affected=[]), "advisories.0.affected"),
        (table(affected=[{"below": "0.17.x"}]), "advisories.0.affected.0.below"),
        (table(affected=[{"from": "0.1"}]), "advisories.0.affected.0.below"),
        (table(more=1), "advisories.0.more"),
    ],
)
def test_what_is_no_table_is_refused(text: str, where: str) -> None:
    """None at all, one without entries and one with an entry that says nothing: none of them is taken for 'nothing is known'."""
    with pytest.raises(TableError, match=rf"^{where}: "):
        parse(text)


@pytest.mark.parametrize(
    ("version", "bound", "below"),
    [
        ("0.17.0", "0.17.1", True),
        ("0.17.1", "0.17.1", False),
        ("0.9.9", "0.17.1", True),
        ("0.24.0", "0.17.1", False),
        ("1", "0.17.1", False),
        ("0.17", "0.17.1", None),
        ("0.17", "0.17.0", False),
        ("0.17.0", "0.17", False),
        ("18", "18.4", None),
        ("17", "18.4", True),
        ("0.17.0.5", "0.17", False),
    ],
)
def test_versions_are_numbers_and_too_few_of_them_say_nothing(version: str, bound: str, below: bool | None) -> None:
    assert Version.of(version).is_below(bound) is below


def test_a_candidate_comes_before_its_release() -> None:
    assert Version.of("0.17.1", is_early=True).is_below("0.17.1") is True
    assert Version.of("0.17.2", is_early=True).is_below("0.17.1") is False


@pytest.mark.parametrize(
    ("version", "holds"), [("0.5.9", False), ("0.6.0", True), ("0.8.1", True), ("0.8.2", False), ("0.8", None), ("0", None), ("1", False)]
)
def test_a_range_has_its_first_and_not_its_last(version: str, holds: bool | None) -> None:
    part = Range.model_validate({"from": "0.6.0", "below": "0.8.2"})

    assert part.holds(Version.of(version)) is holds
