"""Tests of the difference between prose and programs."""

import inspect
import json

import pytest

from assistant_gateway.redaction.names import client
from assistant_gateway.redaction.names.registers import code
from assistant_gateway.redaction.names.registers.code import is_code


def test_programs_are_programs() -> None:
    """This package's own, and a few lines of others."""
    assert is_code(inspect.getsource(client.Names._exchange))
    assert is_code(inspect.getsource(code.is_code))
    assert is_code("for (let i = 0; i < n; i++) {\n  total += prices[i];\n}")
    assert is_code("SELECT id, name\nFROM users\nWHERE age > 30;\nUPDATE users SET name = 'x';")


@pytest.mark.parametrize(
    "text",
    [
        "Dear Anna, thank you for the flowers (they are lovely); we shall meet on Sunday - or later. Love, Ben",
        "Minutes:\n- present: Anna, Ben\n- absent: Carl\n\nThe meeting ended at 12:30.",
        "Anna Berg\n12 Baker Street\nLondon NW1 6XE\nUnited Kingdom",
    ],
)
def test_letters_are_not(text: str) -> None:
    """Nor lists and addresses."""
    assert not is_code(text)


def test_json_counts_as_a_program() -> None:
    """A body inside a prompt: only sure names are taken from it."""
    assert is_code(json.dumps([{"id": number, "state": "open"} for number in range(5)]))


def test_parentheses_alone_make_no_program() -> None:
    """A row of people has as many signs as a program."""
    assert not is_code("shift: Anna (early), Ben (late), Cleo (night)")
    assert is_code("shift(Anna (early), Ben[late], {night: Cleo});")


def test_a_list_is_no_comment() -> None:
    """A comment's stars stand in, a list's at the margin."""
    rows = "* slides of the talk\n* demo of the program\n* minutes of last week\n* snacks and drinks"

    assert not is_code(rows)
    assert is_code(rows.replace("*", " *"))
