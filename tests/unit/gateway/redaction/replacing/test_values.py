"""Parsed JSON rewritten value by value."""

from typing import Any

import pytest
from hypothesis import given

from assistant_gateway.redaction.replacing.values import rewritten
from tests.unit.gateway.wire.test_fields import JSON


def hide(before: str, text: str) -> str:
    return "[IT]" if "4711" in text or before == "secret: " else text


@given(JSON)
def test_what_is_not_rewritten_is_the_same(value: Any) -> None:
    """Types, order and numbers stay."""
    assert repr(rewritten(value, lambda _, text: text, hides=True)) == repr(value)


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("4711", "[IT]"),
        ({"a": ["4711", {"b": "4711"}]}, {"a": ["[IT]", {"b": "[IT]"}]}),
        ({"secret": "x", "other": "x"}, {"secret": "[IT]", "other": "x"}),
        (
            [{"name": "secret", "value": "x"}, {"Key": "secret", "Value": "x"}],
            [{"name": "secret", "value": "[IT]"}, {"Key": "secret", "Value": "[IT]"}],
        ),
        (
            [{"name": "other", "value": "x"}, {"name": 5, "value": "x"}],
            [{"name": "other", "value": "x"}, {"name": 5, "value": "x"}],
        ),
        ({"secret": ["x", {"a": "y"}]}, {"secret": ["[IT]", {"a": "y"}]}),
        ({"s" * 65: "x"}, {"s" * 65: "x"}),
        ({"4711": 1, "47110": 2, "[IT]": 3}, {"[IT]-2": 1, "[IT]-3": 2, "[IT]": 3}),
        ([4711000, 4711, 4711000.0, 471100.5, True, None], ["[IT]", 4711, "[IT]", 471100.5, True, None]),
        ({"secret": 1234567}, {"secret": "[IT]"}),
        ([float("inf"), float("nan"), -4711000], [float("inf"), pytest.approx(float("nan"), nan_ok=True), "[IT]"]),
    ],
)
def test_what_is_hidden_is_hidden_in_keys_and_numbers_too(value: Any, hidden: Any) -> None:
    """With the name before it; no two values become one."""
    assert rewritten(value, hide, hides=True) == hidden


def test_what_is_put_back_leaves_numbers_and_twins_alone() -> None:
    """A number holds no token, and a key that is there already is not replaced."""
    assert rewritten({"4711": 4711000, "x": 1}, hide, hides=False) == {"[IT]": 4711000, "x": 1}
    assert rewritten({"4711": 1, "[IT]": 2}, hide, hides=False) == {"4711": 1, "[IT]": 2}
