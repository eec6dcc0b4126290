"""Spans replaced, counted, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.replacing.masking import Masker, PersonalDataRefusedError, mask
from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
from assistant_gateway.redaction.replacing.restoring import Restorer

CANARY = "canary@example.com"
TEXT = f"Write to {CANARY} or 10.0.0.1."
SPANS = [Span(9, 27, "EMAIL"), Span(31, 39, "IP_ADDRESS")]


def find(text: str) -> list[Span]:
    return SPANS if text == TEXT else []


def test_mask_shows_the_type() -> None:
    """Types in brackets, custom patterns by their name in capitals."""
    assert mask(TEXT, SPANS, "Mask") == "Write to [EMAIL] or [IP_ADDRESS]."
    assert mask("C-4711", [Span(0, 6, "CUSTOM:customer-number")], "Mask") == "[CUSTOMER-NUMBER]"


def test_pseudonymize_gives_tokens() -> None:
    """One token for one value."""
    assert mask(TEXT, SPANS, "Pseudonymize", Pseudonyms("Xk3")) == "Write to Xk3-EMAIL-1 or Xk3-IP-1."


def test_a_digit_behind_a_value_does_not_join_its_token() -> None:
    """`Xk3-EMAIL-1` before a 5 would be the token of another value."""
    assert mask("a@b.cc5", [Span(0, 6, "EMAIL")], "Pseudonymize", Pseudonyms("Xk3")) == "Xk3-EMAIL-1 5"


def test_block_tells_types_and_counts_and_no_value() -> None:
    """The refusal can be shown to anybody."""
    with pytest.raises(PersonalDataRefusedError) as raised:
        mask(TEXT, [*SPANS, Span(39, 40, "EMAIL")], "Block")

    assert raised.value.counts == {"EMAIL": 2, "IP_ADDRESS": 1}
    assert "EMAIL (2), IP_ADDRESS (1)" in str(raised.value)
    assert CANARY not in repr(raised.value)


def test_nothing_found_is_the_same_text() -> None:
    """Whatever the action."""
    assert mask(TEXT, [], "Block") is TEXT


def test_a_refusal_is_about_the_whole_request() -> None:
    """Under Block all texts are read before the refusal, so that its counts are right."""
    masker = Masker(find, "Block")

    assert [masker(TEXT), masker("clean"), masker(TEXT)] == [TEXT, "clean", TEXT]
    with pytest.raises(PersonalDataRefusedError) as raised:
        masker.finish()
    assert raised.value.counts == {"EMAIL": 2, "IP_ADDRESS": 2}


def test_what_is_masked_is_counted() -> None:
    """The audit record and the metrics have the counts from here."""
    masker = Masker(find, "Pseudonymize", Pseudonyms("Xk3"))

    assert masker(TEXT) + masker(TEXT) == "Write to Xk3-EMAIL-1 or Xk3-IP-1." * 2
    masker.finish()
    assert masker.counts == {"EMAIL": 2, "IP_ADDRESS": 2}
    assert CANARY not in repr(masker)


@given(st.data())
def test_what_was_replaced_comes_back(data: st.DataObject) -> None:
    """Masked and restored, a text is the one that it was, but for a space where a digit follows a value."""
    text = data.draw(st.text(st.sampled_from("ab1 -_*`[]@é中\ud800"), max_size=40))
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    kinds = st.sampled_from(["PASSWORD", "API_KEY"])
    spans = [Span(start, end, data.draw(kinds)) for start, end in zip(places[::2], places[1::2], strict=False)]
    known = Pseudonyms("Xk3")

    masked = mask(text, spans, "Pseudonymize", known)

    restored = Restorer(known).restore(masked)
    expected = "".join(_with_spaces(text, spans))
    assert restored == expected


def _with_spaces(text: str, spans: list[Span]) -> list[str]:
    ends = {span.end for span in spans}
    return [f" {letter}" if place in ends and letter.isdecimal() else letter for place, letter in enumerate(text)]
