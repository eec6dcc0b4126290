"""Tests of what is remembered."""

from assistant_gateway.redaction.detection.found import FoundCache
from assistant_gateway.redaction.entities import Span


def test_the_oldest_makes_room() -> None:
    """Bounded: a long day does not fill the memory."""
    cache = FoundCache(2)
    first, second, third = (cache.name(text, "en") for text in ("one", "two", "three"))

    cache.put(first, (Span(0, 3, "PERSON"),))
    cache.put(second, ())
    assert cache.get(first) == (Span(0, 3, "PERSON"),)
    cache.put(third, ())

    assert len(cache) == 2
    assert cache.get(second) is None
    assert cache.get(first) is not None


def test_names_differ_between_processes_and_languages() -> None:
    """The key is random: what one process remembers says nothing to somebody who guesses texts."""
    cache = FoundCache(2)

    assert cache.name("secret", "en") != FoundCache(2).name("secret", "en")
    assert cache.name("secret", "en") != cache.name("secret", "de")
    assert cache.name("secret", None) == cache.name("secret", None)
    assert b"secret" not in cache.name("secret", "en")
