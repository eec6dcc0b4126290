"""Keys and tokens that only their name gives away: `api_key = "..."`, `Authorization: Bearer ...`, cookies, private keys in other forms."""

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.literals import (
    ASSIGNED,
    BESIDE,
    GIVEN_TO,
    LABELLED,
    NEXT,
    SAID,
    TYPED,
    UNSPACED,
    by_byte,
    classes,
    digits,
    entropy,
    extent,
    is_blank,
    is_name,
    items,
    mark,
)
from assistant_gateway.redaction.detection.patterns.manifests import secret
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_LONG: Final = 64
_BLANK: Final = ord(" ")
_BARE: Final = 20  # characters of a key that nothing joins to its name
_MIXED: Final = 28
_IN_HEADER: Final = re.compile(rb"(?i)(?:bearer|basic|token) ")
_CLOSING: Final = re.compile(rb"\s{0,24}</[A-Za-z]")
_BY_BYTE: Final = by_byte(TYPED, GIVEN_TO, ASSIGNED, LABELLED, SAID, BESIDE, UNSPACED, NEXT)
_LOCATIONS: Final = (b"http://", b"https://", b"./", b"arn:")


def _key(page: Page, hit: Hit) -> Iterator[Found]:
    view = page.view
    if hit.end < page.done.get("key", 0):
        return
    for separator in _BY_BYTE.get(view[hit.end : hit.end + 1], ()):
        match = separator.match(view, hit.end)
        if match is None or (separator is UNSPACED and view[match.end() : match.end() + 1] == b"\x7f"):
            continue
        start, end = extent(view, match.end(), match[1])
        if match[1] and end > start:
            start, end = start + (view[start] == _BLANK), end - (view[end - 1] == _BLANK)
        if (scheme := _IN_HEADER.match(view, start)) is not None:
            start, end = (scheme.end(), end) if match[1] else extent(view, scheme.end(), None)
        if end - start > _LONG:
            page.done["key"] = end
        sign = mark(match[0]) if separator is ASSIGNED else b":"
        if (sign == b"|" and b"|" in view[start:end]) or (sign == b">" and not _is_tag(view, hit.start, end)):
            return  # the alternatives of an expression, a comparison
        if separator is NEXT and not _stands_out(view[start:end]):
            return
        if is_key(view[start:end], bool(match[1])) and view[end : end + 1] not in (b"(", b"["):
            yield Found(start, end, _entity(view, hit))
            return
    for start, end in items(view, hit.end):
        if is_key(view[start:end], quoted=False):
            yield Found(start, end, _entity(view, hit))


def _is_tag(view: bytes, start: int, end: int) -> bool:
    """Whether a tag is what ends with `>` between the name and the value: one begins with the name, or ends behind the value."""
    return view[start - 1 : start] in (b"<", b":") or _CLOSING.match(view, end) is not None


def _entity(view: bytes, hit: Hit) -> str:
    return "TOKEN" if b"token" in view[hit.start : hit.end].lower() else "API_KEY"


def _stands_out(value: bytes) -> bool:
    """Whether no word is so long and so mixed; of a longer one fewer digits say so."""
    count = digits(value)
    mixed = len(value) >= _MIXED and not value.islower() and not value.isupper() and b"/" not in value and entropy(value) > 4
    return len(value) >= _BARE and (1 if mixed else 3) <= count < len(value)


def is_key(value: bytes, quoted: bool) -> bool:
    """Whether it was drawn by lot: letters and digits mixed, or long for what it says; a quoted literal may be plainer."""
    if len(value) < 8 or b" " in value or is_blank(value) or (not quoted and is_name(value)):
        return False
    if value.startswith(_LOCATIONS) or (value[:1] == b"/" and not value.endswith(b"=")):
        return False
    count = digits(value)
    if count == len(value):
        return len(value) >= (12 if quoted else 16)
    if not count:
        return (quoted and classes(value) >= 3 and len(value) >= 12) or (len(value) >= 24 and entropy(value) > 3.8)
    return entropy(value) >= (2.5 if quoted else 2.7)


# `SENDGRID_KEY=...`, `sendgridKey: "..."`, `?key=...`: of the keys that are no secret the name says so.
_ENVIRONMENT: Final = (r"(?:KEY|[Kk]ey)[0-9]?(?:[\x22']|\x20string)?(?: {0,3}:?= ?|: ?| is )[\x22']?[A-Za-z0-9+/=_.\-]{8}",)
_OPEN: Final = re.compile(
    rb"(?i)(?:public|cache|primary|foreign|sort|partition|object|routing|host|site|publishable|s3|idempotency|lookup)[_\-]?\Z"
)
_PARTS: Final = re.compile(rb"[A-Za-z0-9+/]{16}|[A-Za-z0-9]{7,12}(?:-[A-Za-z0-9]{4,9}){3,4}")  # not all of it words and years
_VALUE: Final = re.compile(rb"(?i)key[0-9]?(?:[\"']| string)?(?: is |[ :=]{1,5})([\"']?)")


# `the Datadog key (...)`, and what Docker keeps: a name and a password in Base64.
_BRACKETED: Final = (r"(?i:\b(?:key|token|secret|schlussel|cle|clave|chiave|chave)) \([A-Za-z0-9_+/=.\-]{24,120}\)",)
# What Jenkins keeps, as it encrypts it: `{AQAAABAAAA...}`.
_JENKINS: Final = (r"\{(?:[A-Za-z0-9_\-]{1,40} )?AQAAAB[^{}\n]{16}[^{}\n]*\}",)
_DOCKER: Final = (r"\x22auth\x22 ?: ?\x22[A-Za-z0-9+/]{12,400}={0,2}\x22",)


def _bracketed(page: Page, start: int, end: int) -> Found | None:
    first = page.view.index(b"(", start, end) + 1
    return (
        Found(first, end - 1, "API_KEY") if is_key(page.view[first : end - 1], quoted=False) and digits(page.view[first:end]) > 2 else None
    )


def _jenkins(page: Page, start: int, end: int) -> Found:
    return Found(start + 1, end - 1, "API_KEY")


def _docker(page: Page, start: int, end: int) -> Found | None:
    first = page.view.index(b":", start, end)
    first = page.view.index(b'"', first, end) + 1
    try:
        return Found(first, end - 1, "PASSWORD") if b":" in b64decode(page.view[first : end - 1], validate=True) else None
    except ValueError:
        return None


def _environment(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    gap = _VALUE.match(view, start)
    if gap is None or start < page.done.get("environment", 0) or _OPEN.search(view, max(0, start - 16), start):
        return None
    first, stop = extent(view, gap.end(), gap[1])
    value = view[first:stop]
    if len(value) > _LONG:
        page.done["environment"] = stop
    if not is_key(value, quoted=False) or not _PARTS.search(value):
        return None
    compound = start > 0 and (view[start - 1 : start].isalnum() or view[start - 1 : start] in (b"_", b"-"))
    named = compound and view[start : start + 3] == b"KEY"
    # Of a `key` in small letters, which maps and caches have as well, the value must say more.
    if not named and not (_stands_out(value) and (compound or gap[0][-1:] not in (b'"', b"'") or classes(value) > 2)):
        return None
    return Found(first, stop, "API_KEY")


_SCHEME: Final = re.compile(
    rb"(?i)\\?[\"']?[ \t]{0,2}[:=,]?[ \t]{0,2}\\?[\"']?(?:(?:bearer|basic|token|digest|apikey|ssws|negotiate|aws4-hmac-sha256)[ \t]{1,2})?"
)
_CREDENTIAL: Final = re.compile(rb"[A-Za-z0-9._~+/=\-:%]{8,4096}")
_BASIC: Final = re.compile(rb"[A-Za-z0-9+/_\-]{8,}={0,2}")


def _authorization(page: Page, hit: Hit) -> Iterator[Found]:
    """A header of that name, or a scheme and what follows it: "a bearer of news" and "basic English" are none."""
    view = page.view
    if hit.end < page.done.get("authorization", 0):
        return
    gap = _SCHEME.match(view, hit.end)
    at = gap.end() if gap else hit.end
    match = _CREDENTIAL.match(view, at)
    if match is None or at == hit.end:
        return
    page.done["authorization"] = match.end() if len(match[0]) > _LONG else 0
    value = match[0].rstrip(b".,:")
    if view[match.end() : match.end() + 1] == b"|":
        return
    word = view[hit.start : hit.end].strip(b"_ ").lower()
    alone = word in (b"bearer", b"basic") and gap is not None and not gap[0].strip()
    if word in (b"bearer", b"basic") and gap is not None and b"," in gap[0]:
        return  # a list of names
    if view[match.end() : match.end() + 1] in (b"(", b"[") or is_name(value) or is_blank(value) or len(value) < (16 if alone else 8):
        return
    if word == b"basic" and not (_BASIC.fullmatch(value) and classes(value) >= 2):
        return
    if digits(value) or (len(value) >= 16 and classes(value) >= 2 and entropy(value) > 3.3):
        yield Found(at, at + len(value), "TOKEN")


_COOKIES: Final = re.compile(rb"(?i)(?:[\"']?[ \t]?[:=][ \t]?|[ \t](?=[\"']))[\"']?([^\r\n\"']{8,4096})")
_PAIR: Final = re.compile(rb"[^=;,\s]{1,80}=([^;,\s\"']{8,4096})|([A-Za-z0-9._~+/%\-]{12,4096}={0,2})")


def _cookies(page: Page, hit: Hit) -> Iterator[Found]:
    if page.done.get("cookies", 0) > hit.end:
        return
    match = _COOKIES.match(page.view, hit.end)
    if match is None:
        return
    page.done["cookies"] = match.end()
    for pair in _PAIR.finditer(page.view, *match.span(1)):
        group = 1 if pair[1] else 2
        if is_key(pair[group], quoted=False):
            yield Found(*pair.span(group), "TOKEN")


_IS: Final = rb"(?i)[\"' ]{0,3}(?:(?:is|:|=|ist|est|es)\s{0,2}[\"' ]{0,3}){0,2}"
# Hex and base64 of 32 bytes, Bitcoin's WIF and extended keys.
_RAW: Final = re.compile(
    _IS + rb"((?:0x)?[0-9a-f]{64}|[5KL][1-9A-HJ-NP-Za-km-z]{50,51}|[A-Za-z0-9+/]{43}=|xprv[A-Za-z0-9]{100,112})(?![A-Za-z0-9])"
)
_FOR: Final = rb"(?: (?:for|of|to|from|fur|pour|de|para|per)(?: [a-z]{2,12}){1,3}?(?= (?:is|ist|est|es)\b|:))?"
_ITEM: Final = rb"(?:[0-9]{1,2}[.)] ?)?[a-z]{3,8}"
_WORDS: Final = re.compile(rb"(?i)" + _FOR + _IS.removeprefix(rb"(?i)") + rb"(" + _ITEM + rb"(?:[ ,]{1,2}" + _ITEM + rb"){11,23})(?![a-z])")


def _private(page: Page, hit: Hit) -> Iterator[Found]:
    """A private key as hex, or the words that stand for one (BIP-39: 12 to 24 words of three to eight letters)."""
    view = page.view
    phrase = view[hit.start : hit.end].lower().endswith((b"phrase", b"words", b"mnemonic"))
    match = _RAW.match(view, hit.end) or (_WORDS.match(view, hit.end) if phrase else None)
    if match:
        yield Found(*match.span(1), "PRIVATE_KEY")


_TOKEN: Final = frozenset({"TOKEN"})
SHAPES: Final = (
    Shape(_ENVIRONMENT, _environment, frozenset({"API_KEY"}), digits=True),
    Shape(_BRACKETED, _bracketed, frozenset({"API_KEY"}), needs=b" (", digits=True),
    Shape(_JENKINS, _jenkins, frozenset({"API_KEY"}), needs=b"AQAAAB"),
    Shape(_DOCKER, _docker, frozenset({"PASSWORD"}), needs=b'"auth"'),
)
CUES: Final = (
    Cue(Kind.KEY, _key, frozenset({"API_KEY", "TOKEN"})),
    Cue(Kind.KEY, secret, frozenset({"API_KEY"})),
    Cue(Kind.AUTH, _authorization, _TOKEN),
    Cue(Kind.COOKIE, _cookies, _TOKEN),
    Cue(Kind.PRIVATE, _private, frozenset({"PRIVATE_KEY"})),
)
