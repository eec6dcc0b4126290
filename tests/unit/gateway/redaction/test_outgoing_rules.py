"""Answers masked while they come, by the real rules: what is found in the whole text is found in the stream, and nothing of it gets out."""

import gc
import tracemalloc
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.streams.outgoing import Outgoing, StreamMasker
from assistant_gateway.redaction.streams.streaming import both, restoring
from tests.unit.gateway.redaction.pieces import CUTS, QUOTED, cut, restorer, streamed

_BODY = "".join(f"MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn{letter}ygWyF8PbnGy0AHB7MhgwMbRvI0MBZhpI\n" for letter in "abcdefghijklmnop")
VALUES = {
    "EMAIL": ["anna.weber@example.com", "anna [at] example [dot] com", "ａnna@example.com"],
    "PHONE": ["+49 30 1234567", "call me at (415) 555-2671", "Telefon: 030 / 123 45 67"],
    "CARD": ["4111 1111 1111 1111", "4111-1111-1111-1111"],
    "IBAN": ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"],
    "NATIONAL_ID": ["SSN 536-90-4399"],
    "IP_ADDRESS": ["10.1.2.3", "2001:db8::8a2e:370:7334"],
    "MAC_ADDRESS": ["00:1a:2b:3c:4d:5e"],
    "URL_CREDENTIALS": ["https://anna:s3cr3tPass@example.com/path"],
    "DATE_OF_BIRTH": [
        "born on 12 March 1985",
        "Geburtsdatum: 12.03.1985",
        "1985-03-12 (date of birth)",
        "born on 9 Sept 2015 and mine is 22 Jan 1985",
    ],
    "API_KEY": ["AKIAIOSFODNN7EXAMPLQ", "ghp_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"],
    "TOKEN": ["eyJhbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0" * 20 + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
    "PRIVATE_KEY": [
        "-----BEGIN RSA PRIVATE KEY-----\n" + _BODY + "-----END RSA PRIVATE KEY-----",
        "seed phrase: legal winner thank year wave sausage worth useful legal winner thank yellow",
    ],
    "PASSWORD": [
        "password: hunter2secret",
        "the password for the old server is Tr0ub4dor&3",
        "Passwort ist Sommer2024!",
        "password: swordfish",
        "The password that we agreed upon for the new box is T0psecret#9",
        "G-738291 is your Google verification code.",
        "\nAgent: What is your PIN?\nUser: 6620",
        "from anna@example.com:Marigold#2024",
        "name: DB_PASSWORD\n  value: sw0rdfish-x",
        "You may use Sommer2024! when it asks you",
        "I changed it to Wint3rIsComing! yesterday",
        "log in as guest.reader with Tortuga-lenta1",
        "I tried Liverpool1892 and liverpool92 and neither lets me in",
        "Rosebud!41 is our old and very secret password",
        "my usual old password, Bluebird77, is on the wall",
        "My passphrase is violet anchor tumble seven",
        "the safeword is gingerbread.",
        "The safe opens with 18-42-07, right-left-right.",
        "enter 4471 on the keypad next to the door",
        "Door code changed. Was 1234, now 7782.",
        "user root, password toor-but-longer",
        "root / Camembert!fume",
    ],
}
PROSE = [
    "Thank you for your message, we will be in touch at the office soon. ",
    "Das ist ein ganz gewöhnlicher Satz ohne irgendetwas darin, und er geht noch weiter. ",
    "Rien de particulier à dire ici, sinon que la réunion est à 14 heures demain. ",
    "Version 2.4.1 was released on 3 May, order 4711 ships in 3 days. ",
    "这是一个普通的句子，没有任何特别的内容。",
    "\n\n* a list\n* of things, `x = 1`\n\n",
    "def f(x):\n    return {'a': x + 1}\n",
]
EVERY = [value for values in VALUES.values() for value in values]


@cache
def rules() -> Rules:
    return Rules()


def masked(pieces: list[str] | str) -> str:
    return streamed(StreamMasker(Outgoing(rules())), pieces)


@pytest.mark.parametrize("value", EVERY)
@pytest.mark.parametrize("before", ["", PROSE[0], PROSE[1] * 8])
@pytest.mark.parametrize("behind", ["", ". " + PROSE[2], "\n" + PROSE[0] * 8])
def test_each_type_is_masked_as_in_the_whole_text(value: str, before: str, behind: str) -> None:
    """Letter by letter, wherever it stands; and it is found at all."""
    text = before + value + behind

    whole = Outgoing(rules()).whole("", text)

    assert masked(text) == whole
    assert whole != text


def test_values_that_stick_together_are_masked_as_in_the_whole_text() -> None:
    """One word of a thousand characters: what it begins with is kept as long as it matters."""
    joined = [VALUES[name][0] for name in ("TOKEN", "IP_ADDRESS", "PASSWORD", "PRIVATE_KEY")]
    text = PROSE[0] + "".join([joined[0], VALUES["IP_ADDRESS"][1], *joined[2:]]) + PROSE[0] * 3

    assert masked([text]) == masked(text) == Outgoing(rules()).whole("", text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*EVERY, *PROSE, " ", ", "]), max_size=8).map("".join), CUTS)
def test_every_split_gives_the_same(text: str, cuts: list[int]) -> None:
    """Pieces, letters, and all at once; whatever stands beside what."""
    expected = masked([text])

    assert masked(cut(text, cuts)) == expected
    assert masked(text) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*EVERY, *PROSE]), max_size=8).map(" ".join))
def test_a_stream_is_what_the_whole_text_is(text: str) -> None:
    """The window sees what the whole text shows."""
    assert masked([text]) == Outgoing(rules()).whole("", text)


@settings(max_examples=30, deadline=None)
@given(st.text(st.sampled_from("0123456789 -.@abcDE:/\n"), max_size=300), CUTS)
def test_odd_text_gives_the_same_in_every_split(text: str, cuts: list[int]) -> None:
    """Digits and signs in any order: what is decided does not depend on the pieces."""
    assert masked(cut(text, cuts)) == masked([text])


@pytest.mark.parametrize("step", [1, 3, 4, 7, 400])
def test_a_token_that_names_a_secret_is_put_back(step: int) -> None:
    """Its own word announces a secret: a part of it may go out before the rest is there, and the rest alone looks like no token."""
    known = restorer()
    rewriting = both(Outgoing(rules(), passes=known.is_token).rewriting(), restoring(known))
    text = f"my password is Xk3-PASSWORD-1\n{PROSE[0] * 3}"

    shown = streamed(rewriting.make(""), cut(text, range(0, len(text), step)))

    assert shown == rewriting.once("", text) == text.replace("Xk3-PASSWORD-1", QUOTED)


def test_custom_patterns_are_held_as_far_as_they_reach() -> None:
    """A value of plain words, found by a pattern of the policy."""
    own = Rules(patterns={"project": "Operation [A-Z][a-z]{2,20}(?: [A-Z][a-z]{2,20}){0,3}"})
    text = PROSE[0] * 3 + "We call it Operation Blue Moon Rising, and " + PROSE[0] * 5

    shown = streamed(StreamMasker(Outgoing(own)), text)

    assert shown == Outgoing(own).whole("", text) == text.replace("Operation Blue Moon Rising", "[PROJECT]")


def test_memory_does_not_grow_with_the_answer() -> None:
    """Neither here nor in the libraries below: a long answer costs what a short one does."""
    stream = StreamMasker(Outgoing(rules()))
    piece = PROSE[0] + EVERY[0] + ", password: " + PROSE[3]

    def bytes_after(pieces: int) -> int:
        for _ in range(pieces):
            stream.feed(piece)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    bytes_after(50)
    tracemalloc.start()
    try:
        grown = -bytes_after(50) + bytes_after(500)
    finally:
        tracemalloc.stop()
    assert grown < 10_000
