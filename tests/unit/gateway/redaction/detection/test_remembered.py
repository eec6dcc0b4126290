"""Texts that were looked through before."""

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.policy import RedactionPolicy, RequestRedaction
from assistant_gateway.record import Exchange
from assistant_gateway.redaction.detection.found import FoundCache
from assistant_gateway.redaction.detection.remembered import MOST_SPANS, MOST_TEXTS, SHORTEST, Remembered
from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.service import Redaction

CANARY = "canary.remembered@example.com"
RULES = Rules()


class Counting:
    """Finds the canary, or as many values as it is told to, and counts how often it is asked."""

    def __init__(self, many: int = 0) -> None:
        self.asked = 0
        self._many = many

    def find(self, text: str) -> list[Span]:
        self.asked += 1
        at = text.find(CANARY)
        found = [] if at < 0 else [Span(at, at + len(CANARY), "EMAIL")]
        return [Span(place, place + 1, "EMAIL") for place in range(self._many)] or found


def long(text: str) -> str:
    return text + "." * SHORTEST


def test_a_text_is_searched_once() -> None:
    """A later turn costs its new text only."""
    counting = Counting()
    find = Remembered(counting).find

    first, again = find(long(CANARY)), find(long(CANARY))

    assert list(first) == list(again) == [Span(0, len(CANARY), "EMAIL")]
    assert counting.asked == 1


def test_a_text_with_nothing_in_it_is_known_too() -> None:
    """Most are such."""
    counting = Counting()
    find = Remembered(counting).find

    assert (list(find(long("Hello"))), list(find(long("Hello")))) == ([], [])
    assert counting.asked == 1


def test_one_character_makes_another_text() -> None:
    """Nothing is taken for what it only resembles."""
    find = Remembered(Counting()).find

    assert not find(long(CANARY.replace("c", "k", 1)))
    assert find(long(CANARY))


def test_short_texts_are_searched_each_time() -> None:
    """That takes no longer than to know them again."""
    counting = Counting()
    find = Remembered(counting).find

    find(CANARY)
    find(CANARY)

    assert counting.asked == 2


def test_the_oldest_makes_room() -> None:
    """Bounded: a long day does not fill the memory."""
    counting = Counting()
    find = Remembered(counting).find

    for number in range(MOST_TEXTS + 1):
        find(long(f"{number} "))
    find(long(f"{MOST_TEXTS} "))
    assert counting.asked == MOST_TEXTS + 1
    find(long("0 "))

    assert counting.asked == MOST_TEXTS + 2


def test_a_text_full_of_values_is_not_kept() -> None:
    """Bounded in each text as well."""
    counting = Counting(many=MOST_SPANS + 1)
    find = Remembered(counting).find

    find(long("x"))
    find(long("x"))

    assert counting.asked == 2


def test_no_text_is_kept() -> None:
    """Only offsets and types are, under a hash that nobody can make."""
    find = Remembered(Counting()).find
    find(long(CANARY))

    seen: list[object] = [find.__self__]  # type: ignore[attr-defined]
    reached = {id(seen[0])}
    for one in seen:
        for other in gc.get_referents(one):
            if id(other) not in reached and isinstance(other, Remembered | FoundCache | dict | tuple | bytes | str):
                reached.add(id(other))
                seen.append(other)

    assert [one for one in seen if isinstance(one, tuple)]
    assert not [one for one in seen if (isinstance(one, str) and CANARY in one) or (isinstance(one, bytes) and CANARY.encode() in one)]


def test_many_threads_may_ask() -> None:
    """Large texts are looked through in threads while others are looked through beside them."""
    find = Remembered(Counting()).find
    texts = [long(f"{number % 3_000} {CANARY}") for number in range(12_000)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(find, texts))

    assert all(text[span.start : span.end] == CANARY for text, (span,) in zip(texts, found, strict=True))


async def test_a_later_turn_costs_its_new_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the model is told the same of the turns before."""
    searched: list[str] = []
    find = Rules.find

    def noting(self: Rules, text: str) -> list[Span]:
        searched.append(text)
        return find(self, text)

    monkeypatch.setattr(Rules, "find", noting)
    redaction = Redaction(RedactionPolicy(request=RequestRedaction(action="Mask")))
    messages = [{"role": "user", "content": long(CANARY)}]
    first = await redaction.passage("openai", Exchange()).masked({"messages": messages})
    searched.clear()
    messages += [{"role": "user", "content": long("And this?")}]
    second = await redaction.passage("openai", Exchange()).masked({"messages": messages})

    assert [text for text in searched if len(text) >= SHORTEST] == [long("And this?")]
    assert second["messages"][:1] == first["messages"]
    assert CANARY not in str(second)


@given(st.lists(st.sampled_from(["a@example.com", "DE89370400440532013000", "пароль: Zx9!kk2p", "\ud800", "x" * 90, "\n"]), max_size=30))
def test_what_is_remembered_is_what_is_found(parts: list[str]) -> None:
    """Whatever the text, the second time as the first."""
    find = Remembered(RULES).find
    text = " ".join(parts)

    assert list(find(text)) == list(find(text)) == RULES.find(text)
