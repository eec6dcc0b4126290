"""Whether the gateway takes a pattern: by its own code, and without any of the pattern's text in the answer."""

import pytest

from assistant_gateway.redaction.detection import custom
from assistant_operator.api.v1alpha1 import patterns
from assistant_operator.api.v1alpha1.guard import SpecInvalid, guard
from assistant_operator.api.v1alpha1.patterns import refusal
from assistant_operator.api.v1alpha1.redaction import LONGEST_EXPRESSION
from tests.unit.operator.api.cases import body, redaction


@pytest.mark.parametrize("expression", [r"\bEMP-[0-9]{6}\b", "(?i)projekt[- ]adler", r"[\w.]{1,40}@corp\.example", "Prüfziffer [0-9]"])
def test_what_the_gateway_takes(expression: str) -> None:
    custom.Custom("x", expression)

    assert refusal(expression) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("EMP-(", "does not compile: missing )"),
        ("(?<=EMP-)[0-9]", "look-around"),
        ("a|", "can match the empty string"),
        (r"(a{100}){100}", "steps written out"),
        ("a" * (LONGEST_EXPRESSION + 1), "at most 1,000 are allowed"),
    ],
)
def test_what_it_refuses(expression: str, words: str) -> None:
    """With the gateway's own reason."""
    with pytest.raises(custom.PatternError):
        custom.Custom("x", expression)

    assert words in (refusal(expression) or "")


def test_a_reason_holds_nothing_of_the_pattern() -> None:
    """A condition is readable for many, and in one line: names of groups are the author's text."""
    why = refusal("(?P<geheim\u202e>a)(?P<geheim\u202e>b)") or refusal("(?P<geheim>a)(?P<geheim>b)") or ""

    assert "redefinition" in why or "bad character" in why
    assert "geheim" not in why
    assert why.isprintable()


def test_the_bound_is_the_gateways() -> None:
    """Admission and the gateway refuse at the same length."""
    assert LONGEST_EXPRESSION == custom.LONGEST


def test_a_pattern_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass over an assistant costs no more for its patterns."""
    compiled: list[str] = []

    class Counted(custom.Custom):
        def __init__(self, name: str, source: str) -> None:
            compiled.append(source)
            super().__init__(name, source)

    monkeypatch.setattr(patterns, "Custom", Counted)
    for _ in range(3):
        refusal("a[0-9]{3}b once")

    assert compiled == ["a[0-9]{3}b once"]


def test_the_first_of_many_is_named() -> None:
    """The others may take their time to fail, and are named when it is mended."""
    spec = redaction(patterns=[{"name": f"p{number}", "expression": text} for number, text in enumerate(("fine", "a(", "b("))])

    with pytest.raises(SpecInvalid) as refused:
        guard(body(spec))

    assert [fault.field for fault in refused.value.faults] == ["spec.redaction.patterns[1].expression"]
