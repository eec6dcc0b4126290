"""Which spellings are the policy's model."""

import pytest

from assistant_gateway.snapshot import spellings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "gemma3:270m",
            {"gemma3:270m", "library/gemma3:270m", "registry.ollama.ai/library/gemma3:270m"},
        ),
        (
            "gemma3",
            {f"{path}{tag}" for path in ("gemma3", "library/gemma3", "registry.ollama.ai/library/gemma3") for tag in ("", ":latest")},
        ),
        ("me/mine:1", {"me/mine:1", "registry.ollama.ai/me/mine:1"}),
        ("registry.corp:5000/library/m:1", {"registry.corp:5000/library/m:1"}),
    ],
)
def test_default_parts_may_be_left_out(name: str, expected: set[str]) -> None:
    assert spellings(name) == expected


@pytest.mark.parametrize("name", ["", "a b", "gemma3:cloud", "http://x/y"])
def test_what_is_no_reference_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="model"):
        spellings(name)
