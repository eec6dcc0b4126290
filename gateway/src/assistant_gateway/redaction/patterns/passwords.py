"""Passwords and PINs after a word for them, in URLs' manner on a command line, and stored hashes of passwords."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.patterns.literals import ASSIGNED, LABELLED, NEXT, SAID, classes, digits, extent, is_blank, is_name, mark
from assistant_gateway.redaction.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.patterns.words import Kind

_LONG: Final = 64  # what repeats the word inside so long a value is not looked at again
_SPECIAL: Final = frozenset(b"!@#$%^&*+~?|\\/{}=:")


def _password(page: Page, hit: Hit) -> Iterator[Found]:
    view = page.view
    if hit.end < page.done.get("password", 0):
        return
    for separator in (ASSIGNED, LABELLED, SAID, NEXT):
        match = separator.match(view, hit.end)
        if match is None or (separator is ASSIGNED and not _opens(view, hit.start, mark(match[0]))):
            continue
        start, end = extent(view, match.end(), match[1])
        if end - start > _LONG:
            page.done["password"] = end
        value = view[start:end]
        if value.isdigit() and view[hit.start : hit.end].lower() == b"pass":
            return  # how many tests passed
        if separator is NEXT and not _is_odd(value):
            return
        if _is_password(value, match, after=view[end : end + 1], said=separator is SAID):
            yield Found(start, end, "PASSWORD")
            return


def _opens(view: bytes, start: int, separator: bytes) -> bool:
    """Whether the separator may stand between a name and a value here.

    `>` behind a tag's name, `|` and `,` where a cell of a table or a row begins: elsewhere `|` is a pipe, and `,` goes on to another name.
    """
    if separator == b">":
        return view[start - 1 : start] in (b"<", b":")
    if separator not in (b"|", b","):
        return True
    return view[max(0, start - 3) : start].strip(b" *`\"'")[-1:] in (b"|", b",", b"\n", b"")


def _is_password(value: bytes, separator: "re.Match[bytes]", after: bytes, said: bool) -> bool:
    if len(value) < 3 or is_blank(value) or (b"|" in separator[0] and b"|" in value):
        return False
    listed = b"," in separator[0]  # a row of a table; `"login", "password", "encoding"` are names
    if listed and (separator[0][:1] != b"," or b"=" in value):
        return False
    if separator[1] and not listed:
        return len(value.split()) == 1
    if after in (b"(", b"[") or is_name(value):
        return False
    if classes(value) >= 2 and (digits(value) or _has_special(value)):
        return len(value) >= 4
    if value.isdigit():
        return len(value) >= 4 and not listed and not (said and len(value) > 12)
    return False


def _is_odd(value: bytes) -> bool:
    """Whether no word is written so: digits and a sign, or digits, small letters and capitals."""
    return len(value) >= 6 and value[:1].isalnum() and bool(digits(value)) and classes(value) >= 3 - _has_special(value.rstrip(b"!?"))


def _has_special(value: bytes) -> bool:
    return any(character in _SPECIAL for character in value) or (b"-" in value and any(65 <= character < 91 for character in value))


# One small word: `password: swordfish`. Only after a colon, alone on what is left of its sentence; `password: string` is_blank().
_WORD: Final = re.compile(rb"[\"'`]?: ([a-z]{6,32})(?=[.\n\r]|\Z)")


def _one_word(page: Page, hit: Hit) -> Iterator[Found]:
    match = _WORD.match(page.view, hit.end)
    if match and not is_blank(match[1]):
        yield Found(*match.span(1), "PASSWORD")


_PIN: Final = re.compile(
    rb"(?i)(?:[ _]?(?:code|number|no|nr))?[\"'\\ ]{0,5}(?:(?:is|ist|lautet|est|es|e|:|=|#)[\"'\\ ]{0,5}){1,2}"
    rb"([0-9]{4,8})(?![0-9.,\-/][0-9]|[0-9A-Za-z])"
)


def _pin(page: Page, hit: Hit) -> Iterator[Found]:
    if match := _PIN.match(page.view, hit.end):
        yield Found(*match.span(1), "PASSWORD")


_COMMAND: Final = (
    r"(?: -u|--user|--userpass)[ =][\x22']?[^\s:\x22']{1,64}:[^\s\x22'$]{3,128}",
    r"\b(?:sshpass|mysql|mysqldump|mysqladmin) (?:-[A-Za-oq-z][^\s]{0,32} [^\s\-]{0,32} ?){0,4}-p ?[\x22']?[^\s\x22'$\-][^\s\x22']{2,127}",
)
# Hashes of passwords: as good as the password to who has time.
_STORED: Final = (
    r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}",
    r"\$argon2(?:id|i|d)\$[A-Za-z0-9=,$+/]{30,200}",
    r"\$(?:1|5|6|y|apr1)\$[A-Za-z0-9./$=]{20,160}",
    r"pbkdf2[_:][a-z0-9_]{3,12}\$[0-9]{2,8}\$[A-Za-z0-9+/=.]{4,64}\$[A-Za-z0-9+/=]{20,100}",
    r"\{S?SHA(?:256|512)?\}[A-Za-z0-9+/=]{24,120}",
)


def _command(page: Page, start: int, end: int) -> Found | None:
    raw = page.view[start:end]
    first = end - len(raw.rpartition(b"-p")[2].lstrip(b" \"'") if raw[:1].isalpha() else raw.partition(b":")[2])
    value = page.view[first:end]
    return None if is_blank(value) or value.isdigit() else Found(first, end, "PASSWORD")


def _stored(page: Page, start: int, end: int) -> Found | None:
    return Found(start, end, "PASSWORD")


_PASSWORD: Final = frozenset({"PASSWORD"})
SHAPES: Final = (Shape(_COMMAND, _command, _PASSWORD, needs=b" -"), Shape(_STORED, _stored, _PASSWORD))
CUES: Final = (
    Cue(Kind.PASSWORD, _password, _PASSWORD),
    Cue(Kind.PASSWORD, _one_word, _PASSWORD),
    Cue(Kind.PIN, _pin, _PASSWORD, digits=True),
)
