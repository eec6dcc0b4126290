"""Rows of SQL."""

import pytest

from tests.unit.gateway.redaction.finding import found


@pytest.mark.parametrize("values", ["VALUES", "values\n  "])
def test_a_list_of_columns_names_the_values(values: str) -> None:
    """Every row, with commas, brackets and quotes inside the strings; other columns stay."""
    rows = "(17, 'O''Hara, (Jo)', '1985-03-12', 'sesame'), (18, 'b', NULL, 'swordfish')"
    text = f"INSERT INTO users (id, name, dob, `password`) {values} {rows};"

    assert found(text) == [("DATE_OF_BIRTH", "1985-03-12"), ("PASSWORD", "sesame"), ("PASSWORD", "swordfish")]


def test_the_rows_of_a_copy_are_read() -> None:
    """To the line that ends them."""
    text = "COPY patients (id, birth_date, ssn) FROM stdin;\n1\t1944-02-11\t531434760\n2\t1967-12-20\t\\N\n\\.\n9\t1999-01-01\tx\n"

    assert found(text) == [("DATE_OF_BIRTH", "1944-02-11"), ("NATIONAL_ID", "531434760"), ("DATE_OF_BIRTH", "1967-12-20")]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE users (id bigint, password varchar(255), dob date)",
        "INSERT INTO t (id, phone_model, password_hint) VALUES (1, 'X200', 'dog')",
        "INSERT INTO t (id, password) VALUES ($1, $2); INSERT INTO t (password) VALUES (:pw), (?), (NULL)",
        "def f(password, values): return values",
    ],
)
def test_other_statements_stay(text: str) -> None:
    """Types, other columns, parameters, code."""
    assert found(text) == []


def test_many_statements_are_read_once_each() -> None:
    """Each row is looked at once, however many columns name it."""
    text = "INSERT INTO t (dob, password, pin) VALUES " + ", ".join(["('1985-03-12', 'sesame', 4821)"] * 500)

    assert len(found(text)) == 1_500
