"""How much a word looks like a secret by itself."""

import pytest

from assistant_gateway.redaction.detection.patterns.looks import MIXED, NUMBERED, SIGNED, grade


@pytest.mark.parametrize("word", [b"Bluebird77", b"hunter2hunter", b"qwerty-1977", b"liverpool92!"])
def test_a_word_with_a_number_needs_the_sentence_to_say_more(word: bytes) -> None:
    """It may be anything's name."""
    assert grade(word) == NUMBERED


@pytest.mark.parametrize("word", [b"Nov-Audit-26", b"Tortuga-lenta1", b"Wint3rIsComing!", b"Chocolat_noir7"])
def test_parts_that_no_name_has_together_say_more(word: bytes) -> None:
    """Words, a digit and a capital."""
    assert grade(word) == MIXED


@pytest.mark.parametrize("word", [b"Gelato!Fragola3", b"Kite&Anchor3", b"P@ssw0rd-Berlin", b"Camembert!Fume"])
def test_a_sign_inside_says_most(word: bytes) -> None:
    """Only passwords have one between letters."""
    assert grade(word) == SIGNED


@pytest.mark.parametrize(
    "word",
    [
        b"Python3.11", b"Llama-3-8B", b"Server-2019", b"report_v2.docx", b"SOCKSv5", b"Bitwarden2", b"idata$4", b"django#2291", b"0x3f2a",
        b"H.264-main", b"B12-complex", b"U+E800", b"Ctrl+Shift+F10", b"Next.js14", b"owner/repo2", b"password%0Aagain", b"E4471a", b"AT&T",
        b"correct", b"2024-01-17", b"v2.3.1-beta", b"sha256sum", b"anna2@example.com", b"a1",
    ],
)  # fmt: skip
def test_names_of_programs_files_and_versions_say_nothing(word: bytes) -> None:
    """They look alike, and are in every second prompt."""
    assert grade(word) == 0
