"""The patterns of the CR's author."""

import pytest

from assistant_gateway.redaction.detection.custom import LONGEST, Custom, PatternError
from assistant_gateway.redaction.detection.folding import fold
from assistant_gateway.redaction.entities import Span


def find(pattern: Custom, text: str) -> list[Span]:
    return list(pattern.find(text, fold(text)))


@pytest.mark.parametrize("source", ["", "a*", "a?", "x|", r"\b", "^", "$", "(?m)^", r"\B", "(?:a|b)*", "[0-9]*$", "(a?){3}", r"\d*\b"])
def test_what_can_match_nothing_is_refused(source: str) -> None:
    """It would be found between all characters."""
    with pytest.raises(PatternError, match="empty string"):
        Custom("x", source)


@pytest.mark.parametrize("source", ["(", "[", "a{2,1}", "(?=a)a", r"(a)\1", "(?<!x)y", "*"])
def test_what_does_not_compile_is_refused(source: str) -> None:
    """Also what needs more than linear time: look-around and back-references."""
    with pytest.raises(PatternError, match="does not compile"):
        Custom("x", source)


def test_what_is_too_long_is_refused() -> None:
    """A thousand characters say everything."""
    Custom("x", "a" * LONGEST)
    with pytest.raises(PatternError, match="1,001 characters"):
        Custom("x", "a" * (LONGEST + 1))


@pytest.mark.parametrize(
    "source", ["(?:a{100}){100}", r"\w{2000}", "((a{20}){20}){20}", "(?:[a-z]{50}x){60}", ".{5000}", r"(?i:\pL{40}){30}"]
)
def test_what_costs_too_much_is_refused(source: str) -> None:
    """Matching costs states times text, and repeats multiply states."""
    with pytest.raises(PatternError, match=r"steps written out|does not compile"):
        Custom("x", source)


@pytest.mark.parametrize("source", [r"C-[0-9]{4,12}", r"(?i)\bproject (?:x|y)\b", r"\p{L}{2,4}-\d{6}", "[a-z]{1,64}@intern", "a{1,3}"])
def test_what_people_write_is_taken(source: str) -> None:
    """Classes, flags, bounded repeats."""
    assert Custom("x", source)


def test_accents_are_the_authors() -> None:
    """A pattern is matched on the text as it is, and on the folded one."""
    assert find(Custom("x", "Müller-[0-9]+"), "Müller-77") == [Span(0, 9, "CUSTOM:x")]
    assert find(Custom("x", "Muller-[0-9]+"), "Müller-77") == [Span(0, 9, "CUSTOM:x")]


def test_the_error_has_a_name_and_a_reason() -> None:
    """The condition of the CR shows both."""
    with pytest.raises(PatternError) as caught:
        Custom("case", "(")

    assert caught.value.name == "case"
    assert caught.value.why
