"""Tests of the difference between a letter and chat."""

import pytest

from assistant_gateway.redaction.names.registers.informal import is_informal


@pytest.mark.parametrize("text", ["@some_one lol see u there", "i dont know!!", "RT : so good :)", "haha yeah , ok .", "omg soooo late..."])
def test_chat_is_chat(text: str) -> None:
    """Two of its habits are enough."""
    assert is_informal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dear Anna, are you coming on Sunday? I would be glad...",
        "Please send it to anna@example.org or call me.",
        "Ist das nicht schön!",
        "The ratio is 3 : 4, see chapter 2.",
    ],
)
def test_letters_are_not(text: str) -> None:
    """One habit may be anybody's."""
    assert not is_informal(text)


def test_sentences_without_a_capital_are_chat_where_somebody_speaks() -> None:
    """Programs write small as well, but say neither "my" nor "you"; a few words may be a label."""
    assert is_informal("we are moving to the coast and my sister comes along")
    assert is_informal("ich bin morgen mit torben in der stadt")
    assert not is_informal("cannot open the device, giving up at once")
    assert not is_informal("we cannot open your file, the directory is gone")
    assert not is_informal("my own label")
