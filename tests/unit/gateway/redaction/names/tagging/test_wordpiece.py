"""Tests of the tokens."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.names.tagging.wordpiece import WordPiece

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ann", "anna", "##lies", "##e", "lives", "in", "koln", ",", "中", "x", "##x"]


def _pieces(tmp_path: Path) -> WordPiece:
    file = tmp_path / "vocab.txt"
    file.write_text("\n".join(VOCABULARY), encoding="utf-8")
    return WordPiece(file)


def _named(pieces: WordPiece, text: str) -> list[str]:
    return [VOCABULARY[number] for number in pieces.encode(text).ids]


def test_the_longest_beginning_wins_and_what_is_not_known_is_one_token(tmp_path: Path) -> None:
    """As BERT has it: Annaliese is anna + ##lies + ##e; a word with any part unknown is unknown as a whole."""
    pieces = _pieces(tmp_path)

    assert _named(pieces, "Annaliese lives") == ["anna", "##lies", "##e", "lives"]
    assert _named(pieces, "Annaq in") == ["[UNK]", "in"]


def test_accents_case_and_invisible_signs_do_not_count_and_offsets_stay(tmp_path: Path) -> None:
    """Offsets are those of the text as it was written, whatever a word became on its way to the vocabulary."""
    text = "A\u0301nna in Kö\u00adln,中x"
    tokens = _pieces(tmp_path).encode(text)

    assert [VOCABULARY[number] for number in tokens.ids] == ["anna", "in", "koln", ",", "中", "x"]
    assert [text[word.start : word.end] for word in tokens.words] == ["A\u0301nna", "in", "Kö\u00adln", ",", "中", "x"]


def test_a_word_that_is_too_long_is_unknown(tmp_path: Path) -> None:
    """A hundred characters and no more: a text without spaces costs no more than its length."""
    assert _named(_pieces(tmp_path), "x" * 101) == ["[UNK]"]
    assert _named(_pieces(tmp_path), "x" * 100)[:2] == ["x", "##x"]


@given(st.text())
def test_words_are_in_order_and_own_all_tokens(tmp_path_factory, text: str) -> None:  # type: ignore[no-untyped-def]
    """Every token belongs to exactly one word, and words never overlap, for any text, lone surrogates too."""
    tokens = _pieces(tmp_path_factory.getbasetemp()).encode(text)

    place = used = 0
    for word in tokens.words:
        assert place <= word.start < word.end <= len(text)
        assert word.first == used
        place, used = word.end, used + word.count
    assert used == len(tokens.ids)
