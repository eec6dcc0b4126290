"""Tests of organisations."""

import pytest

from assistant_gateway.redaction.names.signs.organisations import organisations


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We paid Quux Widgets Ltd. on Monday.", ["Quux Widgets Ltd."]),
        ("bei der Hinz & Kunz GmbH & Co. KG bestellt", ["Hinz & Kunz GmbH & Co. KG"]),
        ("She studied at the University of Tübingen.", ["University of Tübingen"]),
        ("Arbeitgeber: Nordwolle", ["Nordwolle"]),
        ("bei der QUUX SHINKU CO.LTD. angefragt", ["QUUX SHINKU CO.LTD."]),
        ("Quux Acquisition Corp. II pays", ["Quux Acquisition Corp. II "]),
        ("chez Boulangeries du Wexel SARL hier", ["Boulangeries du Wexel SARL"]),
        ("con Officine Wexel S.r.l. ieri", ["Officine Wexel S.r.l."]),
        ("vom Klinikum Wexelburg gekommen", ["Klinikum Wexelburg"]),
        ("la mairie de Wexelbaix ferme", ["mairie de Wexelbaix"]),
        ("el Colegio Santa Wexela cierra", ["Colegio Santa Wexela"]),
        ("la Fundación Wexel Abierta agradece", ["Fundación Wexel Abierta"]),
        ("chez Menuiserie Wexel hier", ["Menuiserie Wexel"]),
        ("vom Bezirksamt Wexelau geschickt", ["Bezirksamt Wexelau"]),
        ("said the Wexelfield Housing Association today", ["Wexelfield Housing Association"]),
        ("after she joined Wexel Precision Widgets in May", ["Wexel Precision Widgets"]),
        ("then she joined Wexel in May", []),
        ("die Grundschule Am Wexelberg", ["Grundschule Am Wexelberg"]),
        ("Paws and Wexels Clinic called", ["Paws and Wexels Clinic"]),
        ("el Banco Central sube", []),
        ("at the Wexel View Hotel in town", ["Wexel View Hotel"]),
        ("der Neustart des Systems", []),
        ("in the Human Resources Department", []),
        ("das Krankenhaus Rechnung stellt", []),
        ("the company said so", []),
        ("a limited group of people", []),
    ],
)
def test_what_calls_itself_a_company_is_one(text: str, found: list[str]) -> None:
    """By its legal form, or what it says it is."""
    assert [text[span.start : span.end] for span in organisations(text)] == found
