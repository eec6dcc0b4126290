"""What is sealed opens where it belongs and nowhere else; tokens are equal for equal input and say nothing otherwise."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.sealing.errors import SealBrokenError
from assistant_gateway.sealing.keys import DataKey, IndexKey

LABEL = b"item"


@given(st.binary(max_size=2000), st.binary(max_size=64))
def test_what_was_sealed_opens(plaintext: bytes, label: bytes) -> None:
    key = DataKey.new()
    assert DataKey(key.raw).open(key.seal(plaintext, label), label) == plaintext


@given(st.binary(min_size=1, max_size=200), st.data())
def test_no_changed_bit_opens(plaintext: bytes, data: st.DataObject) -> None:
    key = DataKey.new()
    sealed = bytearray(key.seal(plaintext, LABEL))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBrokenError):
        key.open(bytes(sealed), LABEL)


def test_another_record_key_or_length_does_not_open() -> None:
    key = DataKey.new()
    sealed = key.seal(b"content", LABEL + uuid4().bytes)
    for opener, data, label in (
        (key, sealed, LABEL + uuid4().bytes),
        (DataKey.new(), sealed, LABEL),
        (key, sealed[:11], LABEL),
        (key, b"", LABEL),
    ):
        with pytest.raises(SealBrokenError) as caught:
            opener.open(data, label)
        assert str(caught.value) == ""


def test_the_same_text_never_looks_the_same_twice() -> None:
    """Random nonces: whoever sees the store cannot tell that two items are equal."""
    key = DataKey.new()
    assert len({key.seal(b"yes", LABEL) for _ in range(1000)}) == 1000


def test_tokens_depend_on_key_kind_and_text_alone() -> None:
    raw, other = DataKey.new().raw, IndexKey(DataKey.new().raw)
    index, again = IndexKey(raw), IndexKey(raw)
    tokens = [
        index.token("subject", "Alice"),
        index.token("group", "Alice"),
        index.token("subject", "alice"),
        other.token("subject", "Alice"),
    ]
    assert len(set(tokens)) == 4
    assert index.token("subject", "Alice") == again.token("subject", "Alice")
    assert index.lexeme("word") == again.lexeme("word") != other.lexeme("word")
    assert index.tag(b"data") == again.tag(b"data") != other.tag(b"data")


@given(st.text(max_size=100))
def test_tokens_have_the_shape_that_columns_hold(text: str) -> None:
    index = IndexKey(bytes(32))
    assert -(2**63) <= index.token("everyone", text) < 2**63
    assert len(index.lexeme(text)) == 16
    assert set(index.lexeme(text)) <= set("0123456789abcdef")
    assert len(index.tag(text.encode("utf-8", "surrogatepass"))) == 16


def test_kinds_cannot_be_confused_by_what_the_text_holds() -> None:
    """The kind ends where it ends: no text of one kind gives a token of another."""
    index = IndexKey(bytes(32))
    assert index.token("subject", "x\0y") != index.token("subject", "x") != index.token("group", "subject\0x")
