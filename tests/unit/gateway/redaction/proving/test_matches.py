"""Made-up matches of the CR's own patterns: what the pattern finds, once, and nothing of which could be taken for what stands for it."""

import re

import pytest
import rurex

from assistant_gateway.redaction.proving.matches import HIDDEN, LONGEST, match_of, stripped

LABELS = ["EMAIL", "ZEUS"]
MADE = [
    r"ZEUS",
    r"STAFF-[0-9]{4}",
    r"\bKD-[0-9]{6}\b",
    r"(?i)\bproject[- ]zeus\b",
    r"^ID[0-9]+$",
    r"(?m)^Akte:\s*\d+/\d{2}$",
    r"\A\d{3,}\z",
    r"[[:upper:]]{3}-[[:digit:]]+",
    r"\p{Lu}\p{Ll}+ \p{L}{2}\p{Nd}",
    r"(?<year>\d{4})-(?P<rest>[A-Z]x*)",
    r"(?:Kunde|Client) (?:no|nr)\.? ?\d{3,8}",
    r"[^,;]+;",
    r'"[^"]*"',
    r".{5}",
    r"\D\W\S\s",
    r"(?x) a b c  # spaced out",
    r"(?i:ab)c|d{3}?",
    r"a\nb",
    r"\[SECRET\]",
    r"Straße [äöü]{3}",
    "[à-ÿ]{4}",
    "e",
    r"\be\b",
    r"(?:ab){500}",
]
# Where Python reads something else or nothing, where no text around it fits, where it is what stands for a value, where it is too long.
NOT_MADE = [
    r"[a-c&&[b]]",
    r"\x{41}{3}",
    r"(?R)a",
    r"\bword\B",
    r"\[EMAIL\]",
    r"(?:ab){1500}",
    r"[^\x00-\x{10FFFF}]",
    "(" * 900,
]


@pytest.mark.parametrize("expression", MADE)
def test_what_is_made_up_is_found_by_the_pattern_and_stands_there_once(expression: str) -> None:
    """Each time anew, whatever is drawn: a minute that shows nothing of a pattern is one too many."""
    pattern = rurex.compile(expression)
    for _ in range(50):
        made = match_of(expression, LABELS)
        assert made is not None
        start = made.text.find(made.secret)
        spans = [found.span() for found in pattern.finditer(made.text)]
        assert any(first <= start and start + len(made.secret) <= last for first, last in spans)
        assert start == made.text.rfind(made.secret)
        assert made.secret in stripped(made.text, LABELS)
        assert repr(made) == "Sample()"


@pytest.mark.parametrize("expression", NOT_MADE)
def test_where_nothing_is_sure_nothing_is_made_up(expression: str) -> None:
    assert match_of(expression, LABELS) is None


def test_it_is_another_one_each_time() -> None:
    """What may be there, alternatives and letters: a rule that finds one of them only would be shown to find all."""
    secrets = {made.secret for _ in range(100) if (made := match_of(r"(?:KD|AB)-[0-9]{6}(?:-X)?", ())) is not None}

    assert len(secrets) > 95
    assert {secret[:2] for secret in secrets} == {"KD", "AB"}
    assert {secret.endswith("-X") for secret in secrets} == {True, False}


def test_a_match_is_as_short_as_it_may_be() -> None:
    """Of what a model says, a longer one than the pattern's shortest could go on before it shows that it is one."""
    made = [match_of(r"a+b{3,}c{2,900}d*", ()) for _ in range(50)]

    assert all(one is not None and re.fullmatch("ab{3}c{2}d?", one.secret) for one in made)
    assert LONGEST < 4_000


def test_what_stands_for_a_value_is_not_taken_for_it() -> None:
    assert stripped("[ZEUS] and ZEUS, [EMAIL], [OTHER]", LABELS) == f"{HIDDEN} and ZEUS, {HIDDEN}, [OTHER]"
