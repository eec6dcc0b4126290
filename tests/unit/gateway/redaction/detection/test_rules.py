"""The rule tier as a whole: what is wanted is found, however it is written, at a cost that grows with the text."""

import asyncio
import base64
import concurrent
import http
import itertools
import json
import logging
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.detection import rules as module
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind
from assistant_gateway.redaction.detection.rules import PatternError, Rules
from assistant_gateway.redaction.entities import STRUCTURED, Span, custom
from tests.unit.gateway.redaction.finding import VALUES, covered, found, rules

_CYRILLIC = str.maketrans("aeopcxyABEKMHOPCTX", "аеорсхуАВЕКМНОРСТХ")


def _bold(character: str) -> str:
    for first, last, bold in (("A", "Z", 0x1D400), ("a", "z", 0x1D41A), ("0", "9", 0x1D7CE)):
        if first <= character <= last:
            return chr(bold + ord(character) - ord(first))
    return character


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "full-width": lambda value: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in value),
    "confusables": lambda value: value.translate(_CYRILLIC),
    "zero-width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "word joiners": "\u2060".join,
    "combining marks": lambda value: "".join(each + "\u0301" if each.isalnum() else each for each in value),
    "bold": lambda value: "".join(map(_bold, value)),
    "arabic digits": lambda value: "".join(chr(0x660 + int(each)) if each.isdigit() else each for each in value),
    "circled digits": lambda value: "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(each)] if each.isdigit() else each for each in value),
    "other hyphens": lambda value: value.replace("-", "\u2011"),
    "other blanks": lambda value: value.replace(" ", "\u00a0"),
    "tags": lambda value: "".join(chr(0xE0000 + ord(each)) if " " <= each <= "~" else each for each in value),
    "URL": lambda value: urllib.parse.quote(value, safe=""),
    "URL, every byte": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "URL twice": lambda value: urllib.parse.quote(urllib.parse.quote(value, safe=""), safe=""),
    "JSON": lambda value: "".join(f"\\u{ord(each):04x}" for each in value),
    "JSON twice": lambda value: json.dumps(json.dumps(value))[1:-1],
    "HTML": lambda value: "".join(f"&#{ord(each)};" for each in value),
}
RUNS: dict[str, Callable[[str], str]] = {
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64, URL's alphabet, no padding": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    "base64 twice": lambda value: base64.b64encode(base64.b64encode(value.encode())).decode(),
    "base64 of UTF-16": lambda value: base64.b64encode(value.encode("utf-16-le")).decode(),
    "hex": lambda value: value.encode().hex(),
    "base64 in a URL": lambda value: urllib.parse.quote(base64.b64encode(value.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("disguise", [*DISGUISES, *RUNS])
@pytest.mark.parametrize(("entity", "around", "value"), VALUES, ids=lambda part: part if part in STRUCTURED else "")
def test_every_disguise_of_every_type_is_seen_through(disguise: str, entity: str, around: str, value: str) -> None:
    """Every letter and digit of the value in the ORIGINAL is covered, and the type is right."""
    written = (DISGUISES | RUNS)[disguise](value)
    text = around.format(written)
    start = text.index(written)

    assert covered(text, start, start + len(written)), found(text)
    assert entity in {kind for kind, _ in found(text)}


@pytest.mark.parametrize(("entity", "around", "value"), VALUES, ids=lambda part: part if part in STRUCTURED else "")
def test_what_stands_around_a_value_stays(entity: str, around: str, value: str) -> None:
    """In plain text a span is the value, no more."""
    assert found(around.format(value)) == [(entity, value)]


@pytest.mark.parametrize("entity", STRUCTURED)
def test_only_what_is_wanted_is_found(entity: str) -> None:
    """`entities` in the CR chooses: alone, a type is still found; without it, it is not."""
    texts = [around.format(value) for kind, around, value in VALUES if kind == entity]
    alone = Rules([entity])
    others = Rules([other for other in STRUCTURED if other != entity])
    for text in texts:
        assert {span.entity for span in alone.find(text)} == {entity}
        assert entity not in {span.entity for span in others.find(text)}


def test_every_type_has_a_detector() -> None:
    """A type that nothing finds would be a setting that does nothing."""
    able = frozenset().union(*(shape.entities for shape in module.SHAPES), *(cue.entities for cue in module.CUES))

    assert able == set(STRUCTURED)


def test_a_shape_finds_one_type() -> None:
    """Whether it is wanted is asked of the shape, not of each find."""
    assert all(len(shape.entities) == 1 for shape in module.SHAPES)


def test_words_in_other_scripts_count_where_they_stand() -> None:
    """Lines without such letters are not searched for them; the places are those in the whole text."""
    text = "пароль: Zx9!kk2p\n" + "Nothing is said here.\n" * 20 + "密码: Zx9!kk2q\n" + "é\n" * 300 + "密码: Zx9!kk2r"

    assert [text[span.start : span.end] for span in rules().find(text)] == ["Zx9!kk2p", "Zx9!kk2q", "Zx9!kk2r"]


@given(st.text(st.one_of(st.characters(), st.sampled_from("0123456789@.:-+/= ()%\\&u")), max_size=200))
def test_any_text_is_taken(text: str) -> None:
    """Lone surrogates, nonsense, half escapes: spans are inside, sorted and apart."""
    spans = rules().find(text)

    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(left.end <= right.start for left, right in itertools.pairwise(spans))


@given(st.lists(st.sampled_from(VALUES), min_size=1, max_size=5), st.sampled_from(["\n", " -- ", "\n\n", " • "]))
def test_values_side_by_side_are_all_found(values: list[tuple[str, str, str]], between: str) -> None:
    """One value does not swallow the next one's beginning."""
    text = between.join(around.format(value) for _, around, value in values)
    at = 0
    for _, _, value in values:
        at = text.index(value, at)
        assert covered(text, at, at + len(value)), found(text)
        at += len(value)


def test_source_code_stays() -> None:
    """Python's own: next to nothing is masked, and that are addresses."""
    folders = [Path(package.__file__ or "").parent for package in (asyncio, concurrent, http, json, logging)]
    sources = [path.read_text() for folder in folders for path in sorted(folder.rglob("*.py"))]
    masked = [span for source in sources for span in rules().find(source)]
    size = sum(map(len, sources))

    assert size > 800_000
    assert sum(span.end - span.start for span in masked) < size / 2_000
    assert {span.entity for span in masked} <= {"EMAIL", "IP_ADDRESS", "URL_CREDENTIALS"}


KEPT = """Order number 112-3456789-0123456 was shipped on 2024-03-12. Your order #12345678901 and
invoice INV-2024-000123 total $1,234,567.89
tracking number 1Z999AA10123456784 or 9400111899223197428490, version 10.0.19041.1 and v2.3.4.5, UUID 550e8400-e29b-41d4-a716-446655440000
commit 9fceb02d0ae598e95dc970b74767f19372d61af8 sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
2024-01-01T10:00:00+02:00 1700000000 1700000000000 2024-01-01 10:00:00,123 INFO 12345 4567890123 took 12.345ms
ISBN 978-3-16-148410-0 and 0-306-40615-2, EAN 4006381333931, RFC 2616, ISO 8601-1:2019, CVE-2021-44228
The population was 83,240,525 in 2020 and 1 234 567 890 in total; 12 345 678 people
pi = 3.14159265358979323846264338327950288419716939937510
SELECT * FROM users WHERE id = 123456789 AND ts > 1609459200; 0xdeadbeef 255.255.255.0 127.0.0.1 ::1 18446744073709551615
Meeting on 12.03.2024 14:00-15:30, flight LH1234, room 12-34-56, Highway 101, 24/7, 1990-1995, pp. 1234-1245
npm install react@18.2.0 @angular/core@12.0.0 nginx:1.25.3 std::vector<int> x[1::2] git@github.com:owner/repo.git
Rechnung Nr. 20240012345 vom 12.03.2024, Bestellnummer: 4501234567, EUR 12.345.678,90, 50.000.000 Einwohner""".splitlines()


@pytest.mark.parametrize("line", KEPT)
def test_what_is_nobodys_stays(line: str) -> None:
    """Orders, versions, hashes, times, amounts, code."""
    assert found(line) == []


ADVERSARIAL = [
    "+1 ", "1 ", "4111 ", "tel 1 ", "a@", "a.", "a://b:c", "password: ", "password=", "token=a1 ", "born 1 ", "ssn 1 ", "1:", "DE89 3704 ",
    "-----BEGIN PRIVATE KEY-----", "eyJabcdefgh.eyJabcd", "%41", "QUFBQUFBQUFB ", "\\u0031", "3132333435363738 ", "1\u200b", "(", "01 23 ",
    "cookie: a=b;", "password is ", "123-45-", "-", "a at b dot ", "1.1.1.1.", "ab:", "телефон 1 ",
    "eyJ", "eyJ-", "order 1 ", "dob,x\n1,2\n", "dob,", "123456789012 ", "&#65;", "\u0301",
    "12 März 1985 geboren ", "AB123456C", "basic a", "seed phrase: abc ", "use a1 ", "door is 1 ", "log in with ",
    "changed it to X1y-2 ", "the code is 12345 ", "a" * 70 + "@", "0" * 40 + " ",
]  # fmt: skip


def _work(text: str) -> int:
    """Count the calls, of Python and of C, that a find() makes: a measure that no clock disturbs."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    searching = Rules()
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        searching.find(text)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("piece", ADVERSARIAL, ids=lambda piece: repr(piece[:12]))
def test_the_work_grows_as_the_text_does(piece: str) -> None:
    """Twice the text, twice the calls, whatever it is made of; and never more than ten calls for a character."""
    rules().find(piece * 3)  # what is built once is built
    size = 4096 // len(piece)
    once, twice = _work(piece * size), _work(piece * 2 * size)

    assert twice <= 2.1 * once + 300
    assert twice <= 10 * 2 * 4096


def test_custom_patterns_are_found_beside_the_types() -> None:
    """By their own name, also when the text is disguised."""
    both = Rules(["EMAIL"], {"case": r"C-[0-9]{4}"})

    assert both.find("C-4711 a@example.com") == [Span(0, 6, custom("case")), Span(7, 20, "EMAIL")]
    assert both.find("С-４７１１") == [Span(0, 6, custom("case"))]
    assert both.find("\ud800C-4711") == [Span(1, 7, custom("case"))]


def test_a_refused_pattern_says_which_and_why() -> None:
    """The author of the CR reads it."""
    with pytest.raises(PatternError, match=r"pattern 'all': it can match the empty string"):
        Rules([], {"all": ".*"})


def test_no_value_is_in_a_repr() -> None:
    """Spans are offsets: what was found is in no log."""
    spans = rules().find("password: canary-Canary-77")

    assert spans
    assert "anary" not in repr(spans) + repr(rules())


def test_what_a_text_lacks_is_not_asked_for() -> None:
    """A statement of SQL has a bracket, a table two lines: a word in a text without is looked at by fewer."""
    rules = Rules()

    whole = {cue.confirm.__name__ for cue in rules._cues_of(Kind.PASSWORD, ())}
    bare = {cue.confirm.__name__ for cue in rules._cues_of(Kind.PASSWORD, (b"(", b"\n"))}
    assert whole - bare == {"_statement", "_table"}
