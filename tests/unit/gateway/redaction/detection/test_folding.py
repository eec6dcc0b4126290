"""The text that patterns see, and the way back."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.detection.folding import VIEW_FILLER, fold, without_surrogates

ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("aé\u200b\u00ad\u0301ﬁ①Ａа\ud800\U000e0041 -")), max_size=60)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_itself(text: str) -> None:
    """Most of what arrives costs nothing and maps to itself."""
    folded = fold(text)

    assert folded.text == text
    assert not folded.cuts


@given(ANY_TEXT)
def test_every_range_maps_into_the_original_in_order(text: str) -> None:
    """Offsets stay inside the text, never run backwards, and no range is empty."""
    folded = fold(text)
    ranges = [folded.original(place, place + 1) for place in range(len(folded.text))]

    assert all(0 <= start < end <= len(text) for start, end in ranges)
    assert all(left[0] <= right[0] and left[1] <= right[1] for left, right in itertools.pairwise(ranges))


@given(ANY_TEXT)
def test_a_range_of_the_original_folds_to_what_was_matched(text: str) -> None:
    """What a span covers in the original contains the value: folding the covered part gives the matched text again."""
    folded = fold(text)
    for start in range(len(folded.text)):
        first, last = folded.original(start, len(folded.text))
        assert fold(text[first:last]).text.endswith(folded.text[start:])


@given(ANY_TEXT)
def test_the_view_has_a_byte_for_each_character(text: str) -> None:
    """Offsets in the view are offsets in the folded text."""
    folded = fold(text)
    view = folded.view()

    assert len(view) == len(folded.text)
    plain = [
        (byte, character)
        for byte, character in zip(view, folded.text, strict=True)
        if "\\" not in folded.text and character not in "\x1e\x7f"
    ]
    assert all(byte == ord(character) if character.isascii() else byte == VIEW_FILLER for byte, character in plain)


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    """Words are folded when they are written down, texts when they arrive: both end up alike."""
    once = fold(text).text

    assert fold(once).text == once


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("ａｎｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "anna@example.com"),
        ("аnnа@ехаmрlе.соm", "anna@example.com"),
        ("a\u200bn\u2060n\ufeffa", "anna"),
        ("an\u00adna", "anna"),
        ("a\u0301n\u0308na", "anna"),
        ("téléphone", "telephone"),
        ("４１１１ ٤١١١ १२३ 𝟗𝟗", "4111 4111 123 99"),
        ("①②③ ⑴ ⒈", "123 1 1"),
        ("𝐚𝓷𝖓𝙖 🄰🅰🅐", "anna AAA"),
        ("ﬁle", "file"),
        ("\U000e0061\U000e0040\U000e0062", "a@b"),
        ("030\u00a0123\u2011456\u2212789", "030 123-456-789"),
        ("a\u2028b", "a\nb"),
    ],
)
def test_what_looks_alike_is_alike(written: str, seen: str) -> None:
    """Full-width, confusable, invisible, combining, styled and tagged characters."""
    assert fold(written).text == seen


def test_a_span_covers_the_invisible_characters_in_and_behind_it() -> None:
    """A combining mark that stays behind would sit on the mask; what is in front is not the value's."""
    folded = fold("x\u200ba\u0301b\u0301 y")

    assert folded.text == "xab y"
    assert folded.original(1, 3) == (2, 6)


def test_an_expanded_character_is_covered_whole() -> None:
    """Half of a ligature cannot be masked."""
    folded = fold("ﬁx")

    assert folded.original(1, 2) == (0, 1)
    assert folded.original(2, 3) == (1, 2)


def test_lone_surrogates_are_text() -> None:
    """JSON can carry them, and rurex raises on them."""
    assert fold("a\ud800b").text == "a\ufffdb"
    assert without_surrogates("a\udc00\U0001f600") == "a\ufffd\U0001f600"


def test_no_folded_text_grows_in_small_letters() -> None:
    """Words are looked for in the text's small letters, with the same offsets."""
    folded = fold("".join(map(chr, range(0x110000)))).text

    assert len(folded.lower()) == len(folded)


def test_a_question_mark_is_not_a_foreign_letter() -> None:
    """encode() puts one for what is not ASCII; the view tells them apart."""
    assert fold("но?да").view() == b"\x7fo?\x7fa"


def test_escapes_are_no_letters_in_the_view() -> None:
    """JSON inside a text: `\\nAKIA...` does not begin with an n."""
    assert fold("a\\nb\\tc").view() == b"a  b  c"


def test_the_text_is_in_no_repr() -> None:
    """A traceback with its locals gives nothing away."""
    assert "canary" not in repr(fold("canaryé\u200b"))


def test_the_tables_follow_the_standard() -> None:
    """Every decimal digit of Unicode is a digit to us."""
    digits = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Nd"]

    assert len(digits) > 600
    assert fold("".join(digits)).text == "".join(str(unicodedata.decimal(digit)) for digit in digits)
