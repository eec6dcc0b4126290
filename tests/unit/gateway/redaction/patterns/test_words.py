"""The words that say what comes next."""

import re

from assistant_gateway.redaction.patterns.words import _TABLE, Kind, begins, expression, kinds, plain


def test_every_word_is_found_as_it_is_written() -> None:
    """The table, the expression and the lookup know the same words."""
    known = kinds()
    ascii_words, others = re.compile(expression(True)), re.compile(expression(False))
    for kind, words in _TABLE.items():
        for word in filter(None, (plain(word.strip()) for word in re.split(r"[|\n]", words))):
            if word.isascii():
                assert ascii_words.fullmatch(word), word
                assert known[word] & kind == kind, word
    assert others.fullmatch("电话")


def test_a_word_of_several_parts_is_found_in_every_joint() -> None:
    """Prose, snake case, kebab case, camel case."""
    pattern = re.compile(expression(True))

    for written in ("phone number", "phone_number", "phone-number", "phonenumber", "d.o.b"):
        match = pattern.search(written)
        assert match is not None
        assert kinds()[plain(match[0])] & (Kind.PHONE | Kind.BIRTH)


def test_a_word_begins_where_letters_begin() -> None:
    """`hotel` does not end in `tel`, `homeTel` and `home_tel` do."""
    assert not begins(b"hotel", 2, 5)
    assert begins(b"homeTel", 4, 7)
    assert begins(b"home_tel", 5, 8)
    assert begins(b"tel", 0, 3)
    assert begins(b"dbpassword", 2, 10)


def test_an_acronym_that_is_a_word_needs_capitals_or_a_colon() -> None:
    """`sin` is a word of everyday language in two languages."""
    assert begins(b"my SIN is", 3, 6)
    assert begins(b'"sin": 1', 1, 4)
    assert not begins(b"my sin is", 3, 6)
