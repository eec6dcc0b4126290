"""From where on a text may still become a value."""

import pytest

from assistant_gateway.redaction.streams.liveness import live_from

REACH = 60


def held(text: str, cue: int = -1, any_word: bool = False) -> str:
    return text[live_from(text, REACH, cue, any_word=any_word) :]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("", ""),
        ("Hello", "Hello"),
        ("Dear Anna, thank you for your message", "your message"),
        ("Dear Anna, thank you for your message ", "your message "),
        ("Ein schöner Tag, wie man “sagt” – oder so", "oder so"),
        ("это просто текст без ничего", "без ничего"),
        ("这是一个，普通的句子", "普通的句子"),
        ("- **bold** and _so_ on", "_so_ on"),
    ],
)
def test_of_prose_the_last_words_are_held(text: str, rest: str) -> None:
    """The last one may not be whole, and the one before it may be the beginning of an address."""
    assert held(text) == rest


@pytest.mark.parametrize(
    "value",
    [
        "030 123", "anna@", "anna.weber", "https://x", "10.0.", "aa-bb-cc-dd", "12. März", "a_b", "sk-abcdefghijklmnopqrstuvwxyz",
        "x=y", "-----BEGIN",
        "４１１１", "an\u200bna", "key:value", "anna at example", "anna at example dot", "anna [at] example", "anna dot weber at",
        "a\u00adb", "DE89",
    ],
)  # fmt: skip
def test_everything_from_the_first_ingredient_on_is_held(value: str) -> None:
    """With the word before it; a digit, a sign, an odd word, an `at` that may be one."""
    assert held(f"Some words before {value} and after") in (f"before {value} and after", f"words before {value} and after")


def test_an_ingredient_is_forgotten_where_it_is_too_far_back() -> None:
    """No value is longer than the reach, with what makes it one."""
    text = "He lives at 7, and that is all that can be said of him without any more words to add here"

    assert held(text) == "add here"


def test_a_long_word_is_held_from_its_beginning() -> None:
    """A key may be longer than the reach."""
    assert held("The key " + "a1" * 200) == "a1" * 200


def test_an_at_is_one_only_with_a_dot() -> None:
    """The word is too common to stop the text for it."""
    assert held("We will be at the office soon, dear Anna, all day") == "all day"
    assert held("mail anna at example dot com please") == "mail anna at example dot com please"


def test_behind_a_word_that_announces_a_secret_everything_is_held() -> None:
    """The secret may look like any word."""
    text = "My password is swordfish and then"

    assert held(text, cue=text.index(" is")) == " is swordfish and then"
    assert held(text + " x" * 100, cue=text.index(" is")) == "x x"


def test_where_any_word_may_be_a_value_the_whole_reach_is_held() -> None:
    """A custom pattern asks for nothing that prose has not."""
    assert held("ab " * 40, any_word=True) == "ab " * (REACH // 3)


def test_a_private_key_is_held_until_its_last_line() -> None:
    """However long it is; a first line that is only talked about is not held forever."""
    begin, line, end = "-----BEGIN RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xf\n", "-----END RSA PRIVATE KEY-----\n"
    words = "and so it goes on and on with words that are nothing but words " * 6

    assert held("Here: " + begin + line * 50).startswith("-----BEGIN")
    assert held("Here: " + begin + line * 50 + end + words) == "but words "
    assert held("A key starts with " + begin + words) == "but words "
    assert held(begin + line * 50 + end + begin + line * 50) == begin + line * 50
