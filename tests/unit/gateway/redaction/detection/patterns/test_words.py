"""The words that say what comes next."""

import itertools
import re
from collections.abc import Iterator

import pytest
import rurex

from assistant_gateway.redaction.detection.patterns.vocabulary import TABLE, Kind
from assistant_gateway.redaction.detection.patterns.words import _words as every_word
from assistant_gateway.redaction.detection.patterns.words import begins, expression, kinds, plain


def test_every_word_is_found_as_it_is_written() -> None:
    """The table, the expression and the lookup know the same words."""
    known = kinds()
    ascii_words, others = re.compile(expression(True)), re.compile(expression(False))
    for kind, words in TABLE.items():
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
    assert begins(b"AWSToken", 3, 8)
    assert not begins(b"AWSTOKEN", 3, 8)


def test_a_word_of_two_parts_counts_inside_another_where_its_last_part_says_the_same() -> None:
    """`plaid_token` holds no `id token`, but a token; `japan number` holds no number of a PAN."""
    assert begins(b"plaid_token", 3, 11)
    assert begins(b"rapidapiToken", 5, 13)
    assert not begins(b"japan number", 2, 12)


def test_a_number_behind_a_word_changes_nothing() -> None:
    """`password2`, `tel1`, but `sin2` is a sine, and what has more digits is a value."""
    pattern = re.compile(expression(True))

    for written in ("password2", "tel1", "cvv2", "api_key_2", "sha256"):
        match = pattern.match(written)
        assert match is not None
        assert kinds()[plain(match[0])]
    assert pattern.search("password123") is None
    assert not begins(b"sin2 = 1", 0, 4)
    with pytest.raises(KeyError):
        kinds()["nothing2"]


def test_an_acronym_that_is_a_word_needs_capitals_or_a_colon() -> None:
    """`sin` is a word of everyday language in two languages."""
    assert begins(b"my SIN is", 3, 6)
    assert begins(b'"sin": 1', 1, 4)
    assert not begins(b"my sin is", 3, 6)


@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_tree_of_words_finds_what_a_list_of_them_would(ascii_only: bool) -> None:
    """Of words that begin alike, with whatever between their parts, the longest counts: only there could the two differ."""
    spelt = sorted({word for _, word in every_word() if word.isascii() is ascii_only})
    listed = sorted({r"[ _\-.]{0,2}".join(map(re.escape, word.split(" "))) for word in spelt}, key=lambda source: (-len(source), source))
    behind = r"(?:\b|_)" if ascii_only else ""
    by_list, by_tree = rurex.compile(f"(?:{'|'.join(listed)}){behind}"), rurex.compile(expression(ascii_only))

    letters = {word: plain(word) for word in spelt}
    for word in spelt:
        for other in (other for other in spelt if letters[other].startswith(letters[word])):
            for text in written(other, cuts(word) | cuts(other)):
                assert [match.span() for match in by_tree.finditer(text)] == [match.span() for match in by_list.finditer(text)], text


def cuts(word: str) -> set[int]:
    """Return how many letters stand before each joint of a word, and in all of it."""
    return {len(plain(part)) for part in itertools.accumulate(word.split(" "))}


def written(word: str, joints: set[int]) -> Iterator[str]:
    """Yield the word with the same joints in all those places, and with one of them only, in front of what may follow it."""
    letters = plain(word)
    inside = sorted(joints - {len(letters)})
    for joint in (" ", "_", "__"):
        for chosen in (inside, *([one] for one in inside), []):
            places = [0, *(place for place in chosen if place < len(letters)), len(letters)]
            text = joint.join(letters[first:last] for first, last in itertools.pairwise(places))
            yield from (f"{text}{end}" for end in ("", "_", "s", "_x"))
