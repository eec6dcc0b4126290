"""Tests of postal addresses."""

import time

import pytest

from assistant_gateway.redaction.names.signs.addresses import addresses


def _covered(text: str) -> str:
    marks = {place for span in addresses(text) for place in range(span.start, span.end)}
    return "".join(sign if place in marks else " " for place, sign in enumerate(text)).strip()


@pytest.mark.parametrize(
    "address",
    [
        "221 Zeppelin Street",
        "14b Old Mill Ln.",
        "9 North Quarry Hill Road",
        "Suite 4100",
        "Flat 3B",
        "P.O. Box 4711",
        "Birkenstraße 17a",
        "Lange Gasse 4",
        "An der Mühle 8",
        "Unter den Linden 77",
        "12 bis, rue du Faubourg Saint-Honoré",
        "Avenue Louise 480",
        "Calle de Alcalá, 45",
        "C/ Mayor 3",
        "Avda. de la Constitución 12",
        "75002 Paris",
        "AB41 9FU",
        "CA 92618",
        "ON L0L 1L0",
        "NSW 2443",
        "La Fontanilla 37, 38640 Arona",
        "Vordere Zeile 8\n4872 Pfaffing",
    ],
)
def test_addresses_are_covered_whole(address: str) -> None:
    """In the middle of a sentence, to the last letter and digit."""
    found = _covered(f"we sent it to {address}, and then")

    assert [sign for sign in found if sign.isalnum()] == [sign for sign in address if sign.isalnum()]


@pytest.mark.parametrize("text", ["my zip code is 90210 now", "PLZ: 90210", "code postal : 90210"])
def test_a_code_that_is_called_one_is_one(text: str) -> None:
    """Bare digits are an address only where the text says so."""
    assert _covered(text) == "90210"


@pytest.mark.parametrize(
    "text",
    [
        "In 2024 Toyota sold 12000 cars.",
        "Version 3.11 has 12 new features",
        "Seite 12, Kapitel 4",
        "Im Jahre 1966 habilitierte er sich.",
        "Im Mai 14 neue Kunden",
        "Zur Saison 2011 kam er",
        "Unter der Telefonnummer 450 erreichbar",
        "im Olympiapark 1972 gewann sie",
        "chapter 4 of the place where the road ends",
        "Error 50034 occurred",
        "order number 12345",
        "Das kostet 12000 Euro.",
        "Es kamen 50000 Menschen und 10000 Zuschauer.",
        "Siehe Seite 3, 12000 Euro im Jahr",
    ],
)
def test_numbers_and_words_are_not_addresses(text: str) -> None:
    """What is touched in clean text is what makes people turn this off."""
    assert _covered(text) == ""


@pytest.mark.parametrize("text", ["12 A " * 6000, "Aa " * 10000, "rue de la " * 3000, "Calle de " * 4000, "1" * 30000, "A" * 30000])
def test_long_bad_text_costs_its_length(text: str) -> None:
    """30,000 characters made to be slow take less than a second, so that nobody can make a pod busy with a prompt."""
    began = time.process_time()

    list(addresses(text))

    assert time.process_time() - began < 1.0
