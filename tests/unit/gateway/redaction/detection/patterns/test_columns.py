"""Tables with a line of names."""

import pytest

from tests.unit.gateway.redaction.finding import found

ROWS = (
    ("name", "dob", "phone", "ssn", "password"),
    ("Anna", "1985-03-12", "5551234", "123456789", "sesame"),
    ("Bo", "3.5.1990", "5559876", "987654321", "n/a"),
)
WANTED = [
    ("DATE_OF_BIRTH", "1985-03-12"),
    ("PHONE", "5551234"),
    ("NATIONAL_ID", "123456789"),
    ("PASSWORD", "sesame"),
    ("DATE_OF_BIRTH", "3.5.1990"),
    ("PHONE", "5559876"),
    ("NATIONAL_ID", "987654321"),
]


@pytest.mark.parametrize("separator", [",", ";", "\t", " | ", ", "])
def test_a_column_names_its_values(separator: str) -> None:
    """However the cells are separated; the word stands once, at the top."""
    text = "\n".join(separator.join(row) for row in ROWS)

    assert [each for each in found(f"See:\n{text}\nThat is all, 1990-01-01.") if each[1] != "n/a"] == WANTED


def test_a_markdown_table_is_read() -> None:
    """With its line of dashes, and bars at both ends."""
    lines = ["| " + " | ".join(row) + " |" for row in ROWS]
    lines.insert(1, "|---|:--|---|---|---|")

    assert [each for each in found("\n".join(lines)) if each[1] != "n/a"] == WANTED


def test_quoted_cells_are_read() -> None:
    """The quotes stay."""
    assert found('"name","dob"\n"Anna","1985-03-12"\n') == [("DATE_OF_BIRTH", "1985-03-12")]


@pytest.mark.parametrize(
    "text",
    [
        "name,date\nAnna,1985-03-12",
        "Ask for phone, email.\nThen wait, 5551234 times",
        "order,phone model\n5551234567,5551234567",
    ],
)
def test_other_columns_stay(text: str) -> None:
    """Another name, a sentence, a longer name."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("name", "entity", "value"),
    [
        ("dob", "DATE_OF_BIRTH", "1985-03-12"),
        ("password", "PASSWORD", "sesame"),
        ("pin", "PASSWORD", "4821"),
        ("cvv", "CARD", "123"),
        ("passport_number", "NATIONAL_ID", "7654321"),
        ("account number", "IBAN", "12345678"),
        ("Phone", "PHONE", "5551234"),
    ],
)
def test_each_kind_of_column_is_read_alone(name: str, entity: str, value: str) -> None:
    """Every kind brings its own cue."""
    assert found(f"user,{name},note\na,,{'none' * 20}\nb,{value},none\n") == [(entity, value)]


def test_a_row_about_a_setting_is_no_line_of_names() -> None:
    """A manual's table: only what stands first names columns."""
    assert found("| Option | Default |\n|---|---|\n| `password` | none |\n| `api_key` | x1 |\n") == []
