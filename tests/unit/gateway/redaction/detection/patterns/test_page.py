"""A text with its words."""

import pytest

from assistant_gateway.redaction.detection.patterns.page import Hit, Page
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind


def page(text: str, *words: tuple[str, int]) -> Page:
    """Return the text with these words, each where it first stands."""
    view = text.encode()
    result = Page(view)
    result.see(
        sorted(
            (Hit(view.index(word.encode()), view.index(word.encode()) + len(word), kind) for word, kind in words), key=lambda hit: hit.end
        )
    )
    return result


def test_the_nearest_word_decides() -> None:
    """A phone word before an order word says nothing about the order's number."""
    both = page("phone or order 12", ("phone", Kind.PHONE), ("order", Kind.OTHER))

    assert not both.says(Kind.PHONE, 15, 40)
    assert page("order or phone 12", ("phone", Kind.PHONE), ("order", Kind.OTHER)).says(Kind.PHONE, 15, 40)
    assert not page("phone 12", ("phone", Kind.PHONE)).says(Kind.PHONE, 6, 0)


@pytest.mark.parametrize("between", [" ", " number: ", " no. #", " id is "])
def test_a_number_that_is_named_an_order_is_one(between: str) -> None:
    """Fillers and punctuation may stand between."""
    text = f"order{between}12"

    assert page(text, ("order", Kind.OTHER)).said_otherwise(len(text) - 2)


def test_an_order_further_off_says_nothing() -> None:
    """Other words between: the number is something else's."""
    assert not page("order paid with 12", ("order", Kind.OTHER)).said_otherwise(16)


def test_nothing_of_the_text_is_in_its_repr() -> None:
    """A traceback with its locals gives nothing away."""
    assert "canary" not in repr(page("canary"))
