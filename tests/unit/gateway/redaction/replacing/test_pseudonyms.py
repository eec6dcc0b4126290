"""Tokens: stable, different for different values, found nowhere in the text, bounded, and sealed by the caller."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.entities import NAMES, STRUCTURED
from assistant_gateway.redaction.replacing import pseudonyms
from assistant_gateway.redaction.replacing.pseudonyms import FOLD_TO_ASCII, Pseudonyms, PseudonymsFullError, prefix_for, word

CANARY = "canary@example.com"
ENTITIES = st.sampled_from([*STRUCTURED, *NAMES, "CUSTOM:customer-number", "CUSTOM:email", "CUSTOM:42"])


def test_a_token_is_prefix_word_and_number() -> None:
    """The format is the one that small models copied best."""
    known = Pseudonyms("Xk3")

    tokens = [known.token("EMAIL", "a@example.com"), known.token("EMAIL", "b@example.com"), known.token("IP_ADDRESS", "10.0.0.1")]

    assert tokens == ["Xk3-EMAIL-1", "Xk3-EMAIL-2", "Xk3-IP-1"]


@given(ENTITIES)
def test_every_type_has_a_word_of_letters(entity: str) -> None:
    """A digit in the word could be read as part of the number."""
    assert re.fullmatch(r"[A-Z]+(-[A-Z]+)*", word(entity))


@pytest.mark.parametrize(
    ("entity", "one", "other"),
    [
        ("EMAIL", "Alice@Example.com", "alice@example.com"),
        ("EMAIL", "ａlice@example.com", "al\u200bice@example.com"),
        ("PHONE", "+49 (30) 1234-567", "0049 30 1234567"),
        ("CARD", "4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("IBAN", "DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
        ("MAC_ADDRESS", "00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e"),
        ("PERSON", "Alice  Smith", "alice smith"),
    ],
)
def test_spellings_of_one_value_share_a_token(entity: str, one: str, other: str) -> None:
    """What a type does not care about makes no second value."""
    known = Pseudonyms("Xk3")

    assert known.token(entity, one) == known.token(entity, other)
    assert known.value(word(entity), 1) == one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("PASSWORD", "Secret"), ("PASSWORD", "secret")),
        (("EMAIL", "paypal@example.com"), ("EMAIL", "pаypal@example.com")),  # the second has a Cyrillic letter
        (("PHONE", "030 1234567"), ("PHONE", "+30 1234567")),
        (("EMAIL", "x"), ("CUSTOM:email", "x")),
    ],
)
def test_different_values_never_share_a_token(one: tuple[str, str], other: tuple[str, str]) -> None:
    """The same stand-in for two people would put one's data into the other's answer."""
    known = Pseudonyms("Xk3")

    assert known.token(*one) != known.token(*other)


@given(st.lists(st.tuples(ENTITIES, st.text())))
def test_tokens_lead_back_to_what_was_given(values: list[tuple[str, str]]) -> None:
    """Every token has one value, and asking again changes nothing."""
    known = Pseudonyms("Xk3")
    tokens = [known.token(*value) for value in values]

    assert tokens == [known.token(*value) for value in values]
    for token in tokens:
        named, number = re.fullmatch(r"Xk3-(.+)-(\d+)", token).groups()  # type: ignore[union-attr]
        value = known.value(named, int(number))
        assert any(known.token(entity, value or "") == token for entity, _ in values)


def test_a_prefix_stands_in_none_of_the_texts() -> None:
    """Also where a text holds, in whatever case, every short one there is."""
    every = [f"{a}{b}{c}" for a in "jqxz" for b in "ABCDEFGHJKMNPQRSTUVWXYZ" for c in "23456789"]

    short, longer = prefix_for([b"Hello."]), prefix_for([b"Hello.", " ".join(every).encode()])

    assert re.fullmatch(r"[JQXZ][a-z][2-9]", short)
    assert re.fullmatch(r"[JQXZ][a-z]{2}[2-9]", longer)


@pytest.mark.parametrize("written", ["xk3", "XK3", "\u212a and xK3", "X\u212a3"])
def test_a_prefix_is_seen_in_whatever_case(written: str) -> None:
    """The sign for kelvin counts as `k`: a model that writes it in small letters would write a token."""
    drawn = iter("Xk3Xa4")

    assert prefix_for([written.encode()], lambda _: next(drawn)) == "Xa4"


def test_all_letters_are_known_that_fold_to_ascii() -> None:
    """Others need no folding: a prefix is ASCII."""
    letters = map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x110000)))

    assert all(FOLD_TO_ASCII.is_match(letter.encode()) is any(map(str.isascii, letter.casefold())) for letter in letters)


def test_prefixes_differ() -> None:
    """Two conversations cannot read each other's tokens by knowing how they are made."""
    assert len({prefix_for([]) for _ in range(100)}) > 20


def test_a_conversation_that_goes_on_sees_whether_its_prefix_still_fits() -> None:
    """A text that now holds the prefix would be read as a token; the tokens move to another one."""
    known = Pseudonyms("Xk3")
    known.token("EMAIL", CANARY)

    assert known.fits(["Hello."])
    assert not known.fits(["Hello.", "a xK3-EMAIL-1 of mine"])
    assert known.renamed("Zb2").token("EMAIL", CANARY) == "Zb2-EMAIL-1"


@given(st.lists(st.tuples(ENTITIES, st.text() | st.just("\ud800"))))
def test_what_is_dumped_loads(values: list[tuple[str, str]]) -> None:
    """Tokens, numbers and values survive, also a value that is no JSON."""
    known = Pseudonyms("Xk3")
    for value in values:
        known.token(*value)

    loaded = Pseudonyms.load(known.dump())

    assert [loaded.token(*value) for value in values] == [known.token(*value) for value in values]
    assert len(loaded) == len(known)
    assert loaded.token("EMAIL", "new") == known.token("EMAIL", "new")


@pytest.mark.parametrize(
    "dumped",
    [
        b"", b"{}", b"[]", b"[1]", b"[2,\"Xk3\",[]]", b"[1,\"canary@\",[]]", b"[1,7,[]]", b"[1,\"Xk3\",7]", b"[1,\"Xk3\",[[1]]]",
        b'[1,"Xk3",[["EMAIL",0,"EMAIL","61"]]]', b'[1,"Xk3",[["a b",1,"EMAIL","61"]]]', b'[1,"Xk3",[["EMAIL",1,"EMAIL","canary@"]]]',
        b'[1,"Xk3",[["EMAIL",1,"EMAIL","ff"]]]', b'[1,"Xk3",[[7,1,"EMAIL","61"]]]', b'[1,"Xk3",[["EMAIL",1,7,"61"]]]',
    ],
)  # fmt: skip
def test_what_is_no_dump_is_refused_without_its_content(dumped: bytes) -> None:
    """Nothing of a broken dump gets into an exception or what is chained to it."""
    with pytest.raises(ValueError, match="no pseudonyms") as raised:
        Pseudonyms.load(dumped)

    assert raised.value.__suppress_context__
    assert "canary" not in str(raised.value)


def test_there_is_a_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation cannot fill the memory: neither with many values nor with long ones. Known ones are still answered."""
    monkeypatch.setattr(pseudonyms, "MOST", 2)
    monkeypatch.setattr(pseudonyms, "MOST_CHARACTERS", 20)
    many, long = Pseudonyms("Xk3"), Pseudonyms("Xk3")
    many.token("EMAIL", "a")
    many.token("EMAIL", "b")

    with pytest.raises(PseudonymsFullError):
        many.token("EMAIL", "c")
    with pytest.raises(PseudonymsFullError):
        long.token("EMAIL", "c" * 21)
    assert many.token("EMAIL", "a") == "Xk3-EMAIL-1"


def test_no_value_is_in_what_is_printed() -> None:
    """An object that ends up in a log line says how much it holds, not what."""
    known = Pseudonyms("Xk3")
    known.token("EMAIL", CANARY)

    assert repr(known) == str(known) == "Pseudonyms(1 values)"
