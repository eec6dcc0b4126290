"""Tests of what the mode of high recall masks besides."""

import pytest

from assistant_gateway.redaction.names.signs.traces import traces


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("born on 3 May 1974 in", ["3 May 1974"]),
        ("since 2024-02-29 and 12.03.1999", ["2024-02-29", "12.03.1999"]),
        ("a 47-year-old man", ["47"]),
        ("ask @some_one about it", ["@some_one"]),
        ("a Norwegian friend", ["Norwegian"]),
        ("three years at Quux & Sons before", ["Quux & Sons"]),
        ("see https://quux.example/a?b", ["https://quux.example"]),
        ("on Monday, at Christmas, for The", []),
        ("mail a@example.org, ratio 3/4", []),
        ("a Gaussian mixture, compiled with Clang", []),
        ("Machine learning with linear models", []),
    ],
)
def test_traces(text: str, found: list[str]) -> None:
    """Dates, ages, handles, nationalities."""
    assert sorted(text[span.start : span.end] for span in traces(text)) == sorted(found)
