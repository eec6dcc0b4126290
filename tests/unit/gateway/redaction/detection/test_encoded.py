"""What is encoded inside a text."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.detection.encoded import LEVELS, hidden
from assistant_gateway.redaction.entities import Span


def needle(text: str) -> list[Span]:
    """Find every "needle"."""
    return [Span(*match.span(), "EMAIL") for match in re.finditer("needle", text)]


def parts(text: str) -> list[str]:
    return sorted({text[span.start : span.end] for span in hidden(text, needle)})


@pytest.mark.parametrize(
    "text",
    [
        "a n%65edl%65 b",
        "a \\u006eeedle b",
        "a \\x6eeedle b",
        "a &#110;eedle b",
        "a &#x6E;eedle b",
        "a \\u{6e}eedle b",
    ],
)
def test_an_escaped_value_is_covered_exactly(text: str) -> None:
    """From its first escape to its last, nothing beside it."""
    assert parts(text) == [text.removeprefix("a ").removesuffix(" b")]


def test_an_escape_of_several_bytes_is_covered_whole() -> None:
    """Half of a character cannot be masked."""
    assert hidden("%C3%A9needle", needle) == [Span(6, 12, "EMAIL")]
    assert hidden("x%6E%65edle", needle) == [Span(1, 11, "EMAIL")]


@pytest.mark.parametrize("encode", [lambda raw: base64.b64encode(raw).decode(), lambda raw: raw.hex(), lambda raw: "0x" + raw.hex()])
def test_a_run_is_covered_whole(encode: object) -> None:
    """A part of base64 or hex means nothing."""
    assert callable(encode)
    run = encode(b"here is a needle in hay")

    assert parts(f"see {run}, please") == [run]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("behind", ["", "\n\n--boundary--\n", "\nRegards, Anna"])
@pytest.mark.parametrize("rest", range(0, 60, 7))
def test_a_run_of_several_lines_is_one(end: str, width: int, behind: str, rest: int) -> None:
    """As mail and tools write base64: a value that crosses the end of a line is in neither of them."""
    for before in range(width - 30, width):
        run = base64.b64encode(b"h" * before + b" needle " + b"a" * rest).decode()
        lines = end.join(run[at : at + width] for at in range(0, len(run), width))

        assert parts(f"Body:{end}{lines}{behind}") == [lines], (before, rest)


def test_lines_that_are_no_run_together_are_looked_at_one_by_one() -> None:
    """Two that begin anew, lines of different length, and one behind the padding."""
    one = base64.b64encode(b"here is a needle in hay, and a lot more of that hay.").decode()
    other = base64.b64encode(b"here is another needle, with hay that goes on and on and on").decode()

    assert parts(f"{one}\n{other}") == sorted([one, other])
    assert parts(f"{other}\n{one}\n{other}") == sorted([one, other])
    assert parts("a needle\n" + "x" * 76 + "\nneedle") == []


def test_a_long_run_is_looked_into() -> None:
    """However long it is."""
    run = base64.b64encode(b"hay and " * 100_000 + b"a needle").decode()

    assert parts(f"see {run}, please") == [run]


def test_the_words_around_a_run_count() -> None:
    """It is decoded where it stands."""
    run = base64.b64encode(b"needle, a longer text").decode()
    seen: list[str] = []

    hidden(f"before {run} after", lambda text: seen.append(text) or [])  # type: ignore[func-returns-value]

    assert seen[0] == "before needle, a longer text after"


def test_levels_are_bounded() -> None:
    """Base64 of base64 is looked into, but not for ever."""
    run = "here is a needle in hay"
    for _ in range(LEVELS):
        run = base64.b64encode(run.encode()).decode()
    assert parts(run) == [run]
    assert parts(base64.b64encode(run.encode()).decode()) == []


@pytest.mark.parametrize(
    "text",
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "configuration internationalisation CONFIGURATION_MANAGEMENT",
        "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg",
        "123456789012345678901234567890",
        "100% sure & 5 %zz \\d+ &unknown;",
    ],
)
def test_what_encodes_nothing_costs_no_search(text: str) -> None:
    """Hashes, words, numbers, signs."""
    assert hidden(text, lambda _text: pytest.fail("searched")) == []


@given(st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("%\\u&#;x0123456789abcdefABCDEF=+/")), max_size=120))
def test_any_text_is_taken(text: str) -> None:
    """Half escapes and nonsense: spans stay inside the text."""
    every = hidden(text, lambda decoded: [Span(place, place + 1, "EMAIL") for place in range(len(decoded))])

    assert all(0 <= span.start < span.end <= len(text) for span in every)
