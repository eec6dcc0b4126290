"""JSON text in pieces: only what is inside its strings changes, and it stays JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.replacing.values import rewritten
from assistant_gateway.redaction.streams.json_text import LONGEST_LITERAL, JsonText, escape
from assistant_gateway.redaction.streams.streaming import StreamRestorer, TextStream, once
from tests.unit.gateway.redaction.pieces import ADDRESS, CUTS, QUOTED, cut, restorer, streamed

WORDS = st.sampled_from(
    ["Xk3-EMAIL-1", "Xk3-PASSWORD-1", "xk3_", "email_1", "X", "k3", '"', "\\", "\n", "é", "😀", "𐐀", "a", " ", "\x00", "\u2028"]
)
STRINGS = st.lists(WORDS, max_size=5).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=8,
)


def json_text() -> JsonText:
    return JsonText(lambda _: StreamRestorer(restorer()), hides=False)


class Hiding:
    """Hides the whole of a text that holds 4711, and says what it was told."""

    def __init__(self, before: str, told: list[str]) -> None:
        told.append(before)
        self.text = ""

    @property
    def holds(self) -> bool:
        return bool(self.text)

    def feed(self, text: str) -> str:
        self.text += text
        return ""

    def end(self) -> str:
        text, self.text = self.text, ""
        return '[A "SECRET"]' if "4711" in text else text


def hiding(told: list[str] | None = None) -> JsonText:
    heard: list[str] = [] if told is None else told

    def make(before: str) -> TextStream:
        return Hiding(before, heard)

    return JsonText(make, hides=True)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]), CUTS)
def test_it_is_the_parsed_value_restored(value: Any, ascii_only: bool, indent: int | None, cuts: list[int]) -> None:
    """In every split, however escapes are written; and the structure is the same whatever the values hold."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    restored = streamed(json_text(), cut(text, cuts))

    expected = rewritten(value, lambda _, one: once(StreamRestorer(restorer()), one), hides=False)
    if _has_twins(value):
        return  # as text a key may be there twice, parsed it may not
    assert json.loads(restored) == expected


def _has_twins(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_twins, value))
    if not isinstance(value, dict):
        return False
    keys = [once(StreamRestorer(restorer()), key) for key in value]
    return len(set(keys)) < len(keys) or bool(set(keys) & set(value) - set(value)) or any(map(_has_twins, value.values()))


@given(st.text(st.sampled_from('{}[]":,\\u0d83e1X k3-EMAIL"'), max_size=60), CUTS)
def test_every_split_of_whatever_it_is_gives_the_same(text: str, cuts: list[int]) -> None:
    """A model's arguments need not be JSON."""
    assert streamed(json_text(), cut(text, cuts)) == streamed(json_text(), text) == once(json_text(), text)
    assert streamed(hiding(), cut(text, cuts)) == streamed(hiding(), text) == once(hiding(), text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"to": "Xk3-EMAIL-1", "n": 1.50}', f'{{"to": "{ADDRESS}", "n": 1.50}}'),
        ('{"a":"Xk3\\u002dEMAIL-1"}', f'{{"a":"{ADDRESS}"}}'),
        ('"\\ud83d\\ude00\\ud83d"', '"😀\\ud83d"'),
        ('"\\ud801\\udc00\\udc00"', '"𐐀\\udc00"'),
        ('"\\/\\q\\u12"', '"/\\\\q\\\\u12"'),
        ("Xk3-EMAIL-1", "Xk3-EMAIL-1"),  # no string of JSON
        ('{"a": "Xk3-EMA', '{"a": "Xk3-EMA'),
        ('{"a": "\\', '{"a": "\\\\'),
    ],
)
def test_what_comes_out(text: str, shown: str) -> None:
    """Escapes in one spelling; what is not inside a string as it came."""
    assert once(json_text(), text) == streamed(json_text(), text) == shown


def test_a_value_adds_no_key() -> None:
    """The attack: a value that ends its string and begins another one."""
    known = restorer()

    shown = once(JsonText(lambda _: StreamRestorer(known), hides=False), '{"to":"Xk3-PASSWORD-1"}')

    assert json.loads(shown) == {"to": QUOTED}


def test_a_number_that_is_hidden_becomes_a_string() -> None:
    """It was JSON, and it stays JSON."""
    shown = once(hiding(), '{"card": 4711 , "n": 12, "t": true, "x": [4711]}')

    assert shown == '{"card": "[A \\"SECRET\\"]" , "n": 12, "t": true, "x": ["[A \\"SECRET\\"]"]}'


def test_what_is_no_json_is_looked_at() -> None:
    """Text in the place of arguments goes through the same sieve, a long one as well."""
    assert "4711" not in once(hiding(), "my number is 4711, you know")
    assert "4711" not in once(hiding(), " x" * LONGEST_LITERAL + "4711" + '{"a": 4711}')
    assert not hiding().holds


def test_what_is_no_json_is_not_kept_until_its_end() -> None:
    """A text of any length is none of our memory's matter."""
    stream = json_text()
    hidden = JsonText(lambda _: StreamRestorer(restorer()), hides=True)
    for _ in range(1000):
        stream.feed("no json at all ")
        hidden.feed("no json at all ")

    assert len(stream._literal) + len(hidden._literal) <= LONGEST_LITERAL


def test_a_string_is_told_the_name_of_its_value() -> None:
    """`hunter2` is a password only behind `password`."""
    told: list[str] = []

    once(hiding(told), '{"password": "a", "b": {"c": 1, "d": [2, "e"]}, "' + "k" * 100 + '": 3}')

    assert told[:2] == ["", "password: "]
    assert "c: " in told
    assert "d: " in told
    assert not any("k" in one for one in told)


def test_what_is_open_at_the_end_goes_out() -> None:
    """An answer that breaks off loses nothing of what was said."""
    stream = json_text()
    assert stream.feed('{"a": "Xk3-E\\ud83d\\') == '{"a": "'
    assert stream.holds
    assert stream.end() == "Xk3-E\\ud83d\\\\"
    assert not stream.holds


@given(st.text())
def test_escaping_is_json(text: str) -> None:
    """For every text that there is, half characters included."""
    assert json.loads(f'"{escape(text)}"') == text
    assert json.loads(f'"{escape(chr(0xD83D))}"') == "\ud83d"


def test_memory_does_not_grow_with_the_text() -> None:
    """A string of any length is open at most."""
    stream = json_text()
    stream.feed('{"a": "')
    for _ in range(10_000):
        stream.feed("Some words and Xk3-EMAIL-1 and x\\n")

    assert len(stream._string_text) < 100
