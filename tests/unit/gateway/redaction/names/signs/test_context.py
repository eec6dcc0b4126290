"""Tests of the people whom the words beside them give away."""

import pytest

from assistant_gateway.redaction.names.signs.context import people


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dear Ms. Ostrander, thank you.", ["Ms. Ostrander"]),
        ("Sehr geehrte Frau Dr. Kleinschmidt, danke", ["Frau Dr. Kleinschmidt"]),
        ("Monsieur de Villars est parti.", ["Monsieur de Villars"]),
        ("la Sra. Ybarra llegó", ["Sra. Ybarra"]),
        ("Hi Zbigniew,\nsee you.", ["Zbigniew"]),
        ("Cheers, Zbigniew", ["Zbigniew"]),
        ("Viele Grüße, Zbigniew", ["Zbigniew"]),
        ("my name is Quirin Blau and", ["Quirin Blau"]),
        ("Je m'appelle Lothair Quirion.", ["Lothair Quirion"]),
        ("Patient: Quirin Blau; room 4", ["Quirin Blau"]),
        ("Mr. Xu J. O'Brien-Ito left", ["Mr. Xu J. O'Brien-Ito"]),
        ("Herr Präsident Blau sprach", ["Herr Präsident Blau"]),
        ("sold to Dr and Mrs Blau in May", ["Dr and Mrs Blau"]),
        ("Cllr Zbigniew Blau spoke", ["Cllr Zbigniew Blau"]),
        ("Cara Signora Quirina, grazie", ["Signora Quirina"]),
        ("Ayer vi a don Galeno en casa", ["don Galeno"]),
    ],
)
def test_titles_greetings_and_introductions_name_people(text: str, found: list[str]) -> None:
    """In four languages; a title is masked with its name."""
    assert [text[span.start : span.end] for span in people(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "Dear All,",
        "Dear Editor,",
        "Hello neighbours,",
        "Hello World!",
        "Dear Sir or Madam,",
        "Sehr geehrte Damen und Herren,",
        "Thanks for everything.",
        "my name is not important",
        "Hallo zusammen!",
        "The patient: a man of forty.",
        "Dear customers, we moved.",
        "Herr Präsident, ich danke.",
        "Sehr geehrte Frau Abgeordnete,",
        "Mr President, thank you.",
        "a link named FILE",
        "un coproceso llamado NOMBRE",
    ],
)
def test_nobody_is_nobody(text: str) -> None:
    """Greetings of everybody name no one."""
    assert list(people(text)) == []
