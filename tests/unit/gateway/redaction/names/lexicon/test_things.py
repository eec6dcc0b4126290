"""Tests of the things that are written like names."""

import pytest

from assistant_gateway.redaction.names.lexicon.things import Things


@pytest.mark.parametrize("text", ["a Gaussian mixture", "install Matplotlib", "grated Parmesan", "the Jurassic", "a Nintendo"])
def test_a_word_that_nobody_is_called_by_is_a_thing_in_any_text(text: str) -> None:
    """Whatever stands beside it."""
    assert text.split()[1].lower() in Things(text).sure


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a Margherita pizza with olives", "Margherita"),
        ("we put Kafka, Cassandra and Redis into a namespace", "Cassandra"),
        ("the robin builds its nest", "robin"),
        ("una ensalada César", "César"),
        ("we use Argo for deployments", "Argo"),
        ("Margarita, clavel y jazmín crecen en el jardín", "Margarita"),
        ("Ada, Pascal and Haskell are old", "Ada"),
        ("Olive, Hazel and Amber are shades of the paint", "Hazel"),
        ("le tendon d'Achille", "Achille"),
    ],
)
def test_a_name_is_a_thing_where_its_field_is_spoken_of_and_the_words_beside_it_say_so(text: str, name: str) -> None:
    """A noun of the field, another of its things, an article, or that one uses it."""
    start = text.index(name)

    assert Things(text).is_likely(start, start + len(name))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mary baked a cake", "Mary"),
        ("Cassandra deployed the backend", "Cassandra"),
        ("I asked Rosemary for the recipe", "Rosemary"),
        ("Robin painted the fence in a dark colour", "Robin"),
        ("a letter to Margherita", "Margherita"),
        ("Rose and Iris bought flowers", "Iris"),
    ],
)
def test_somebody_who_has_to_do_with_a_field_stays_somebody(text: str, name: str) -> None:
    """That the text speaks of cakes or programs says nothing of a name by itself."""
    start = text.index(name)

    assert not Things(text).is_likely(start, start + len(name))


def test_a_towns_name_is_a_thing_unless_one_is_there() -> None:
    """ "Dijon mustard" names no town, "mustard from Dijon" does."""
    text = "buy Dijon mustard, the sauce of Dijon, or mustard from Dijon"
    things = Things(text)
    first, last = text.index("Dijon"), text.rindex("Dijon")

    assert not things.is_place(first, first + 5)
    assert things.is_place(last, last + 5)
