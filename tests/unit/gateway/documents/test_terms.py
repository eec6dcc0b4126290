"""Words become lexemes that say nothing, and only the rare ones are looked for."""

import pytest

from assistant_gateway.documents import terms
from assistant_gateway.documents.terms import Lexemes, words
from assistant_gateway.retrieval.rarity import MATCHES, Rarity
from assistant_gateway.sealing.keys import IndexKey

LEXEMES = Lexemes(IndexKey(b"k" * 32))


def test_words_are_folded_and_said_once() -> None:
    assert words("The café, THE Café! cafe\u0301 ﬁne") == ["the", "café", "fine"]
    assert words("Straße STRASSE") == ["strasse"]
    assert words("a I 7 42 x" + "y" * 64) == ["42"]
    assert words("x_1-y2.z3") == ["x_1", "y2", "z3"]
    assert words("") == words("?! …") == []


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("東京都の文書です。", "東京"),
        ("这是一份关于北京的文件", "北京"),
        ("ประเทศไทย", "ไทย"),
        ("مرحبا بالعالم", "بالعالم"),
        ("שלום עולם", "עולם"),
        ("한국어 문서", "문서"),
    ],
)
def test_a_question_shares_words_with_the_text_in_any_script(text: str, question: str) -> None:
    assert set(words(question)) & set(words(text))


def test_a_lexeme_says_nothing_and_fits_into_a_query() -> None:
    lexemes = LEXEMES.of("wisteria lane wisteria")
    assert len(lexemes) == 2
    assert all(len(lexeme) == 8 and lexeme.isascii() and "'" not in lexeme for lexeme in lexemes)
    assert LEXEMES.of("lane") == lexemes[1:]
    assert Lexemes(IndexKey(b"o" * 32)).of("lane") != lexemes[1:]
    assert LEXEMES.vector("wisteria lane") == f"'{lexemes[0]}' '{lexemes[1]}'"
    assert terms.query(lexemes) == f"'{lexemes[0]}' | '{lexemes[1]}'"


def rarity(pieces: int, **shares: float) -> Rarity:
    known = Rarity()
    known.pieces, known._share = pieces, shares
    return known


def test_common_words_are_left_out_where_there_are_rare_ones() -> None:
    known = rarity(100_000, the=0.9, policy=0.03, intern=0.001)
    found = known.words(["the", "policy", "intern", "unheard"])
    assert found.rank == "'unheard' | 'intern' | 'policy'"
    assert found.match == "'unheard' | 'intern'"


def test_words_that_are_all_common_are_looked_for_together() -> None:
    found = rarity(100_000, the=0.9, to=0.5, be=0.1, sale=0.02).words(["the", "to", "be", "sale"])
    assert found.match == "'sale' & 'be'"
    assert "'sale'" in found.rank
    assert rarity(100_000, the=0.9).words(["the"]).match == "'the'"


def test_of_few_pieces_all_may_match() -> None:
    found = rarity(3, a=1.0, b=1 / 3, c=2 / 3).words(["a", "b", "c"])
    assert found.match == found.rank == "'b' | 'c'"
    assert rarity(0).words(["a"]).match == "'a'"
    assert rarity(5).words([]).match == rarity(5).words([]).rank == ""


def test_a_question_of_many_words_matches_few_pieces() -> None:
    known = rarity(1_000_000, **{f"w{n}": 0.0002 for n in range(100)})
    assert 1 <= known.words([f"w{n}" for n in range(100)]).match.count("'") // 2 <= MATCHES / 200
