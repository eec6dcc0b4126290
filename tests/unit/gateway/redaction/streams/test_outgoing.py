"""Answers masked while they come: the same however they are cut, nothing let out that may become a value, bounded in memory."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_gateway.redaction.replacing.masking import PersonalDataRefusedError
from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
from assistant_gateway.redaction.streams import outgoing
from assistant_gateway.redaction.streams.outgoing import BEFORE, LONGEST, Outgoing, StreamMasker
from assistant_gateway.redaction.streams.streaming import both, restoring
from tests.unit.gateway.redaction.pieces import ADDRESS, CUTS, Fake, cut, restorer, streamed


def masker(detector: Fake | None = None) -> StreamMasker:
    return StreamMasker(Outgoing(detector or Fake()))


KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA0Z3\n" * 20 + "-----END PRIVATE KEY-----"
PARTS = st.sampled_from([
    "anna@example.com", "1234 5678 9012 3456", "1234 5678 ", "password hunter2", "password", "eyJ" + "a1" * 60, KEY, KEY[:200], "anna",
    "@", ".com",
    " ", "\n", "word ", "Some more words. ", "7", "中文字", "eyJ", "\ud83d", "é",
])  # fmt: skip
TEXTS = st.lists(PARTS, max_size=10).map("".join)


@given(TEXTS, CUTS)
def test_every_split_gives_the_same(text: str, cuts: list[int]) -> None:
    """In pieces, letter by letter and at once."""
    expected = streamed(masker(), [text])

    assert streamed(masker(), cut(text, cuts)) == expected
    assert streamed(masker(), text) == expected


@given(TEXTS)
def test_a_stream_is_what_the_whole_text_is(text: str) -> None:
    """What is found in the whole is found in the window."""
    assert streamed(masker(), text) == Outgoing(Fake()).whole("", text)


@settings(max_examples=30)
@given(TEXTS, st.integers(0, 40))
def test_a_text_of_any_length_is_what_the_whole_text_is(text: str, words: int) -> None:
    """The window moves on, and keeps what gives a value its meaning."""
    text = ("Some words of prose, and a number 7. " * words + text) * 3

    assert streamed(masker(), text) == Outgoing(Fake()).whole("", text)


@given(TEXTS, CUTS)
def test_no_beginning_of_a_value_gets_out(text: str, cuts: list[int]) -> None:
    """What went out is at every moment the beginning of what the whole text becomes."""
    expected = Outgoing(Fake()).whole("", text)
    stream = masker()
    shown = ""
    for piece in cut(text, cuts):
        shown += stream.feed(piece)
        assert expected.startswith(shown)


def test_prose_goes_on_word_by_word() -> None:
    """No more is held than two words and the one that is being written."""
    stream = masker()
    text = "It is a fine day and nobody has anything to hide from anybody else here. " * 20

    lags = [
        len(text[: place + 1]) - len(stream._text) + stream._done for place, letter in enumerate(text) if stream.feed(letter) is not None
    ]

    assert max(place + 1 - lag for place, lag in enumerate(lags)) <= 2 * len("anybody") + 10


def test_a_window_is_looked_at_only_where_something_can_go_on() -> None:
    """A long key costs a look now and then, not one for every letter."""
    detector = Fake()

    streamed(masker(detector), KEY * 3)

    assert detector.looked < 40


def test_a_value_too_long_to_hold_is_masked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails closed, and the text behind it goes on: in every split."""
    monkeypatch.setattr(outgoing, "LONGEST", 500)
    long_key = KEY.replace("MII", "MII" * 30)
    for value in (long_key, "a1" * 400, "eyJ" + "a1" * 400, "data:x;base64," + "aGVs" * 400):
        text = f"Before {value} and after it anna@example.com."
        name = "[PRIVATE_KEY]" if value is long_key else "[TOKEN]"
        assert streamed(masker(), text) == streamed(masker(), [text]) == f"Before {name} and after it [EMAIL]."
    assert streamed(masker(), "Before " + long_key[:1500]) == "Before [PRIVATE_KEY]"


def test_memory_does_not_grow_with_the_answer() -> None:
    """The window has what is held and a little before it."""
    detector = Fake()
    stream = masker(detector)
    for _ in range(2000):
        stream.feed("Some words and anna@example.com, and 1234 5678 9012 3456 too. ")
    assert detector.longest < BEFORE + 400
    for _ in range(3000):
        stream.feed("a1b2c3d4e5f6")
    assert len(stream._text) <= LONGEST + BEFORE + LONGEST // 4


def test_the_window_begins_with_a_whole_word_unless_that_is_very_long() -> None:
    """Half a word may look like another one; a text without spaces is not kept for it."""
    behind = " and so much more text that it is certain what stood before it" * 3
    for size, begins in ((400, 400), (outgoing.LONGEST_WORD * 2, 60)):
        stream = masker()
        stream.feed("Words before it " + "z" * size + behind)
        assert not stream.feed("")
        assert stream._text.startswith("z" * begins)
        assert stream._text.count("z") <= max(begins, BEFORE)
        assert stream._done > len(stream._text) - 40


def test_what_stands_before_a_text_gives_it_its_meaning() -> None:
    """A value by its name, in a stream and in a whole text; the name itself is not part of the answer."""
    given_out = Outgoing(Fake())

    assert streamed(StreamMasker(given_out, "password "), "hunter2") == given_out.whole("password ", "hunter2") == "[PASSWORD]"


def test_a_value_that_began_before_the_text_is_masked_from_its_beginning_on() -> None:
    """What went out already is not masked again, and is no part of the value that a token stands for."""
    known = Pseudonyms("Xk3")

    assert Outgoing(Fake(), "Pseudonymize", known).whole("anna", "@example.com!") == "@example.com!".replace("@example.com", "Xk3-EMAIL-1")
    assert known.value("EMAIL", 1) == "@example.com"


def test_what_was_masked_is_counted() -> None:
    """Once for each value, in streams and whole texts."""
    given_out = Outgoing(Fake())
    for text in ("anna@example.com and 1234 5678 9012 3456 and some more words to let it go on.", "anna@example.com"):
        streamed(StreamMasker(given_out), text)
    given_out.whole("", "anna@example.com")

    assert given_out.counts == Counter(EMAIL=3, CARD=1)
    assert "anna" not in repr(given_out)


def test_block_ends_the_answer_at_the_value() -> None:
    """What was certain before it has gone out; the value has not."""
    stream = StreamMasker(Outgoing(Fake(), "Block"))
    shown = ""

    with pytest.raises(PersonalDataRefusedError) as raised:  # noqa: PT012  which piece raises is not the point
        for letter in "Some words. Then anna@example.com, and some more words. " + "And more. " * 10:
            shown += stream.feed(letter)

    assert shown == "Some words. Then "
    assert raised.value.counts == {"EMAIL": 1}


def test_pseudonymize_gives_tokens() -> None:
    """Of the conversation."""
    assert streamed(StreamMasker(Outgoing(Fake(), "Pseudonymize", Pseudonyms("Xk3"))), "anna@example.com!") == "Xk3-EMAIL-1!"


@given(
    st.lists(st.sampled_from(["Xk3-EMAIL-1", "password ", "Xk3-PASSWORD-1", "anna@example.com", " ", "word "]), max_size=8).map("".join),
    CUTS,
)
def test_the_callers_own_values_come_back_and_others_do_not(text: str, cuts: list[int]) -> None:
    """A token is no value, also where one is expected: it is put back behind the mask."""
    known = restorer()
    rewriting = both(Outgoing(Fake(), passes=known.is_token).rewriting(), restoring(known))

    shown = streamed(rewriting.make(""), cut(text, cuts))

    assert shown == rewriting.once("", text)
    assert "anna@" not in shown
    if text.startswith("Xk3-EMAIL-1 "):
        assert shown.startswith(ADDRESS)


def test_a_token_behind_the_name_of_a_secret_is_put_back() -> None:
    """Else the caller's own password would come back as `[PASSWORD]`."""
    known = restorer()
    rewriting = both(Outgoing(Fake(), passes=known.is_token).rewriting(), restoring(known))

    assert rewriting.once("", "password Xk3-EMAIL-1 password other") == f"password {ADDRESS} password [PASSWORD]"
    assert rewriting.hides
