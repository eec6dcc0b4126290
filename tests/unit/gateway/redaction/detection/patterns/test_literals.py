"""Where a value ends and what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.detection.patterns import literals
from assistant_gateway.redaction.detection.patterns.literals import classes, digits, entropy, extent, is_blank, is_name


@pytest.mark.parametrize(
    ("view", "quote", "value"),
    [
        (b"abc, d", None, b"abc"),
        (b"abc.", None, b"abc"),
        (b"(a)b(c)", None, b"(a)b(c)"),
        (b"a1)", None, b"a1"),
        (b"a1&x=2", None, b"a1"),
        (b"a b' c", b"'", b"a b"),
        (b"no end", b"'", b""),
        (b"line\nend'", b"'", b""),
        (b"x" * 2000, None, b"x" * 1024),
    ],
)
def test_a_value_ends_where_it_is_closed(view: bytes, quote: bytes | None, value: bytes) -> None:
    """At its quote, at white space, before the sentence's end; never further than its bound."""
    start, end = extent(view, 0, quote)

    assert view[start:end] == value


@pytest.mark.parametrize(
    "value",
    [
        b"password",
        b"user.password",
        b"getToken(x)",
        b"SecretStr",
        b"DB_PASSWORD",
        b"self->key",
        b"${X}",
        b"newPassword",
        b"*args.ClientKey",
        b"v1.Options{}",
        b"&v1.Secret{",
    ],
)
def test_names_of_programs_are_names(value: bytes) -> None:
    """Identifiers, attributes, calls, types, variables."""
    assert is_name(value)


@pytest.mark.parametrize("value", [b"hunter2", b"Tr0ub4dor&3", b"aB3$xyz", b"9f86d081", b"a-1.b_2!", b"test_9f86d081884c7d65"])
def test_literals_are_no_names(value: bytes) -> None:
    """Digits and signs where a name has none."""
    assert not is_name(value)


@pytest.mark.parametrize(
    "value", [b"required", b"{{ x }}", b"<token>", b"$PASSWORD", b"your_api_key", b"********", b"xxxx", b"/etc/app/key", b"None"]
)
def test_placeholders_are_blank(value: bytes) -> None:
    """They say where a secret goes."""
    assert is_blank(value)


def test_a_secret_that_begins_like_a_variable_is_none() -> None:
    """`$sM6Q_yD5` mixes what names do not."""
    assert not is_blank(b"$sM6Q_yD5")


def test_characters_are_counted() -> None:
    """Classes, digits, and bits by Shannon."""
    assert classes(b"aB3$") == 4
    assert classes(b"a_b-c.d") == 1
    assert digits(b"a1b22") == 3
    assert entropy(b"aaaa") == 0
    assert entropy(b"abcd") == 2


@pytest.mark.parametrize(("separator", "beginnings"), literals.BEGINNINGS.items())
@given(data=st.data())
def test_no_separator_begins_with_another_byte(separator: literals.Separator, beginnings: bytes, data: st.DataObject) -> None:
    """The byte behind a word says which ones are tried."""
    match = separator.match(data.draw(st.from_regex(separator)))

    assert match is None or match[0][:1] in {bytes([byte]) for byte in beginnings}
