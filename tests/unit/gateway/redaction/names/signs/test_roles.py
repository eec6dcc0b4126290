"""Tests of the people whom a word for what they are gives away."""

import time

import pytest

from assistant_gateway.redaction.names.signs.roles import roles


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sachbearbeiter Wexel hat abgelehnt", ["Wexel"]),
        ("Vorsitzender Wexel eröffnet", ["Wexel"]),
        ("die Praktikantin Quirina Wexel kommt", ["Quirina Wexel"]),
        ("our witness Tamsin J. Oduya said", ["Tamsin J. Oduya"]),
        ("su hermana Galena ya lo sabe", ["Galena"]),
        ("le témoin de Launay déclare", ["de Launay"]),
        ("Familie Wexel zieht um", ["Wexel"]),
        ("la famille Wexel arrive", ["Wexel"]),
        ("our supervisor Wexel agrees", ["Wexel"]),
        ("la voisine Royale Quirion dort", ["Royale Quirion"]),
    ],
)
def test_who_is_called_by_what_they_are_is_found(text: str, found: list[str]) -> None:
    """In four languages, with the surname."""
    assert [text[span.start : span.end] for span in roles(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "my friend I met",
        "der Kunde Anfang Mai",
        "Kunde Rechnung",
        "the patient Monday morning",
        "the judge said no",
        "your teacher API",
        "a client Firefox opens",
        "the patient's room",
        "co-patient-Wexel",
    ],
)
def test_what_follows_must_look_like_a_name(text: str) -> None:
    """Small words, days, nouns, products and what is all capitals are none."""
    assert list(roles(text)) == []


@pytest.mark.parametrize("text", ["friend Aa " * 3000, "friend " + "Aa " * 10000, "Sohn von der " * 2500])
def test_long_bad_text_costs_its_length(text: str) -> None:
    """30,000 characters made to be slow take less than a second."""
    began = time.process_time()

    list(roles(text))

    assert time.process_time() - began < 1.0
