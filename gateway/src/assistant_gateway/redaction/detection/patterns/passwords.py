"""Passwords after a word for them, and stored hashes of passwords. What needs no word is in calls.py."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.answers import answer, told
from assistant_gateway.redaction.detection.patterns.endings import Ending
from assistant_gateway.redaction.detection.patterns.literals import (
    ASSIGNED,
    BESIDE,
    FAR,
    GIVEN_TO,
    HIDDEN,
    LABELLED,
    NEXT,
    SAID,
    TYPED,
    UNSPACED,
    by_byte,
    classes,
    digits,
    extent,
    has_special,
    is_blank,
    is_made_up,
    is_name,
    is_odd,
    is_phrase,
    items,
    mark,
)
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.phrases import before, changed, codes, its, named_for, nearby, was_set
from assistant_gateway.redaction.detection.patterns.plain_words import TALK, is_spoken, plain
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_LONG: Final = 64  # what repeats the word inside so long a value is not looked at again


# What may stand between the word and the value, in the order in which it is tried.
_JOINED: Final = (TYPED, ASSIGNED, LABELLED)
_BY_BYTE: Final = by_byte(GIVEN_TO, ASSIGNED, LABELLED, SAID, BESIDE, UNSPACED, NEXT) | {b":": _JOINED, b"=": _JOINED}


def _password(page: Page, hit: Hit) -> Iterator[Found]:
    if hit.end < page.done.get("password", 0):
        return
    found = _named(page, hit)
    if found is not None:
        yield found
        yield from _far(page, found.end, again=True)
        return
    for turn_of_phrase in _turns_of_phrase(page, hit):
        if several := list(turn_of_phrase(page, hit)):
            yield from several
            return


_Turn = Callable[[Page, Hit], Iterator[Found]]
_CLOSE: Final = 12  # bytes between two words for a password: what stands before and behind them is the nearer one's


def _turns_of_phrase(page: Page, hit: Hit) -> tuple[_Turn, ...]:
    """Return what is tried where the word names nothing by itself. A text may be nothing but such words, and each try has its price."""
    if page.view[hit.end : hit.end + 1] in (b":", b"="):
        return _JOINED_TURNS
    ahead, behind = page.between(hit, Kind.PASSWORD, _CLOSE)
    return (() if behind else _TURNS_BEHIND) + (() if ahead else _TURNS_BEFORE)


def _named(page: Page, hit: Hit) -> Found | None:
    """Return what the word is given, or named beside it."""
    view = page.view
    for separator in _BY_BYTE.get(view[hit.end : hit.end + 1], ()):
        match = separator.match(view, hit.end)
        if match is None or (separator is UNSPACED and view[match.end() : match.end() + 1] == b"\x7f"):
            continue
        sign = mark(match[0]) if separator is ASSIGNED else b""
        called = sign == b"," and match[1] is not None and _CALLED.is_before(view, hit.start, 60)
        if sign and not called and not _opens(view, hit.start, sign):
            continue
        start, end = extent(view, match.end(), match[1])
        if separator is UNSPACED and (script := view.find(b"\x7f", start, end)) >= 0:
            end = script  # it goes on behind the value
        if end - start > _LONG:
            page.done["password"] = end
        if _fits(view, hit, separator, match, start, end, called=called):
            return Found(start, end, "PASSWORD")
    return None


def _fits(view: bytes, hit: Hit, separator: "re.Pattern[bytes]", match: "re.Match[bytes]", start: int, end: int, *, called: bool) -> bool:
    value = view[start:end]
    if len(value) < (4 if separator is NEXT else 3):
        return False
    if (separator is NEXT or view[hit.start - 2 : hit.start] == b"/ ") and _is_paired(view, hit, match, value):
        return True
    if value.isdigit() and view[hit.start : hit.end].lower() == b"pass":
        return False  # how many tests passed
    if separator is NEXT and not (
        is_odd(value)
        or _NUMBERS.fullmatch(value)
        or _is_plainly_numbered(view, hit, value, end)
        or (match[1] and _is_argument(value) and classes(value) > 1)
        or is_phrase(value)
        or (_is_argument(value) and _is_given(view, hit, match))
    ):
        return False
    if (called and not (digits(value) or has_special(value))) or (separator is GIVEN_TO and not digits(value) and classes(value) < 3):
        return False  # what a form shows for it
    if separator is GIVEN_TO and _ASKED.is_before(view, hit.start, 12):
        return False  # getPassword("db1") names it
    if separator is ASSIGNED and _is_plain(view, hit, match, value, end):
        return True
    if match[1] and _PHRASE.match(view, hit.start) and is_spoken(value):
        return True
    return _is_password(value, match, after=view[end : end + 1], said=separator is SAID, called=called or separator is BESIDE)


_SIGN: Final = re.compile(rb"[\-_!.]")
# `user "root", password "..."`, `usuario admin clave ...`
_PAIRED: Final = Ending(
    rb"\b(?:user(?:name)?|login|usuario|usuaria|utente|utilisateur|identifiant|benutzer(?:name)?|nutzer|gebruiker|utilizador|uzytkownik)"
    rb"[ :=]{1,3}[\"'`]?[a-z0-9._@\-]{2,40}[\"'`]?(?:[ ,;/]{1,3}|,? (?:and|und|et|y|e|en|i) )(?:the |das |le |la |het )?"
)


def _is_paired(view: bytes, hit: Hit, match: "re.Match[bytes]", value: bytes) -> bool:
    if len(value) < 6 or not (match[1] or _SIGN.search(value)):
        return False
    return _PAIRED.is_before(view, hit.start, 64) and not is_blank(value)


_LAST_WORD: Final = re.compile(
    rb"(?!base|sha|md5|x509|oauth|pbkdf|utf|i18n|ipv)(?:[a-z]{5,16}[\-_.]?[0-9]{2,4}|[a-z]{1,8}[0-9]{1,3}[a-z]{2,10})"
)
_CLAUSE_ENDS: Final = re.compile(rb"[ \t]{0,2}(?:[,;!?)\r\n]|\.(?:\s|\Z)|\Z|(?:and|und|et|y|e|en|i|on|for|fur|pour|para|per|voor|dla)\b)")


def _is_plainly_numbered(view: bytes, hit: Hit, value: bytes, end: int) -> bool:
    """Whether a word with a number ends what is said: `senha flamengo10, ...`."""
    passed = view[hit.start : hit.end].lower() in (b"pass", b"passwords")
    return not passed and _LAST_WORD.fullmatch(value) is not None and _CLAUSE_ENDS.match(view, end) is not None


# A form: the word alone in its line, and the value in the next one.
_FORM: Final = re.compile(rb"( (?:is|lautet|ist|est|es|e|to|jest))?:?[ \t]{0,4}\r?\n[ \t]{0,8}(?=[^\s]{6,64}[ \t]{0,4}(?:\r?\n|\Z))")


def _below(page: Page, hit: Hit) -> Iterator[Found]:
    view = page.view
    match = _FORM.match(view, hit.end)
    if match is None:
        return
    if match[1] is None and view[view.rfind(b"\n", max(0, hit.start - 24), hit.start) + 1 : hit.start].strip(b" \t*-"):
        return
    start, end = extent(view, match.end(), None)
    if is_made_up(view[start:end]) and b"pass" not in view[start:end].lower():  # the next field's name
        yield Found(start, end, "PASSWORD")


def _hidden(page: Page, hit: Hit) -> Iterator[Found]:
    if match := HIDDEN.match(page.view, hit.end):
        yield Found(*match.span(1 if match[1] else 2), "PASSWORD")


def _items(page: Page, hit: Hit) -> Iterator[Found]:
    for start, end in items(page.view, hit.end):
        value = page.view[start:end]
        if len(value) >= 6 and classes(value) >= 2 and (digits(value) or has_special(value)) and not is_blank(value):
            yield Found(start, end, "PASSWORD")


def _further(page: Page, hit: Hit) -> Iterator[Found]:
    return _far(page, hit.end, again=False)


def _far(page: Page, at: int, *, again: bool) -> Iterator[Found]:
    """`The password that we agreed upon is ...`, `..., and now it's ...`: the value must show what it is by itself."""
    match = FAR.match(page.view, at)
    if match is None:
        return
    start, end = extent(page.view, match.end(), match[1])
    value = page.view[start:end]
    sure = again or match[0].rstrip(b" \t\"'`")[-1:] in (b":", b"=")
    if is_made_up(value, numbered=sure) and not is_blank(value):
        yield Found(start, end, "PASSWORD")


_ALONE: Final = re.compile(rb"[ ,.!?*_\"'`\r]{0,6}(?:\n|\Z|(?<=[,.]) )")


def _replied(page: Page, hit: Hit) -> Iterator[Found]:
    return _said_at(page, answer(page, hit))


def _answered(page: Page, hit: Hit) -> Iterator[Found]:
    at = answer(page, hit)
    return _said_at(page, told(page, hit) if at is None else at)


def _said_at(page: Page, at: int | None) -> Iterator[Found]:
    if at is None:
        return
    start, end = extent(page.view, at, None)
    value = page.view[start:end]
    alone = _ALONE.match(page.view, end) is not None
    if not is_blank(value) and (is_made_up(value) or (alone and len(value) >= 6 and digits(value) and classes(value) >= 2)):
        yield Found(start, end, "PASSWORD")


_ASKED: Final = Ending(rb"(?:get|find|load|read|fetch|has|is|validate|check|assert|generate|reset)_?")
# What these words name has blanks in it.
_IN_TAG: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9.!_\-]{5,63}")
_WORD_OF_ITS_OWN: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_]{4,31}")


def _is_plain(view: bytes, hit: Hit, match: "re.Match[bytes]", value: bytes, end: int) -> bool:
    """Whether it is a word where no name can be: `DB_PASSWORD=swordfish` of a shell, `<password>swordfish</password>`."""
    if value.isupper() or is_blank(value):
        return False
    if _WORD_OF_ITS_OWN.fullmatch(value) is None:
        return _in_tag(view, match, end) and _IN_TAG.fullmatch(value) is not None
    if match[0] == b"=":
        return view[hit.start : hit.end].isupper() and view[end : end + 1] in (b"", b" ", b"\n", b"\r", b'"', b"'")
    return _in_tag(view, match, end)


def _in_tag(view: bytes, match: "re.Match[bytes]", end: int) -> bool:
    return match[0].lstrip(b'"') == b">" and view.startswith(b"</", end)


_PHRASE: Final = re.compile(rb"(?i)pass ?phrase|psk|wpa|pre.?shared|master")

# define('DB_PASSWORD', '...'), props.setProperty("password", "..."): the name is what the call sets.
_CALLED: Final = Ending(rb"(?:define|set|put|add|header|append|property|env|with|secret|config)[a-z_]*\([\"'][a-z0-9_.\-]{0,40}")


def _opens(view: bytes, start: int, separator: bytes) -> bool:
    """Whether the separator may stand between a name and a value here.

    `>` behind a tag's name, `|` and `,` where a cell of a table or a row begins: elsewhere `|` is a pipe, and `,` goes on to another name.
    """
    if separator == b">":
        return view[start - 1 : start] in (b"<", b":") or (
            view[start - 1 : start] in (b".", b'"') and view.find(b'">', start, start + 24) > 0
        )
    if separator not in (b"|", b","):
        return True
    return view[max(0, start - 3) : start].strip(b" *`\"'")[-1:] in (b"|", b",", b"\n", b"")


_NUMBERS: Final = re.compile(rb"[0-9]{4,6}(?:-[0-9]{4,6}){3,7}")  # of a disk, to recover it
_WORDS: Final = re.compile(rb"[a-z]{3,12}(?: [a-z]{3,12}){1,3}")  # in quotes: `the password is "open sesame"`
_SEALED: Final = re.compile(rb"\{[A-Za-z0-9+/]{20,200}={0,2}\}?")  # as Maven and Jenkins keep them


def _is_password(value: bytes, separator: "re.Match[bytes]", after: bytes, said: bool, called: bool) -> bool:
    if _SEALED.fullmatch(value):
        return True
    if len(value) < 3 or is_blank(value) or (b"|" in separator[0] and b"|" in value):
        return False
    listed = b"," in separator[0] and not called  # a row of a table; `"login", "password", "encoding"` are names
    if listed and (separator[0][:1] != b"," or b"=" in value):
        return False
    if separator[1] and not listed:
        return len(value.split()) == 1 or (said and _WORDS.fullmatch(value) is not None and not _says_about(value))
    if _NUMBERS.fullmatch(value):
        return True
    if after in (b"(", b"[") or (
        is_name(value)
        and not (_is_for(separator[0]) and digits(value) > 1)
        and not (said and b"." in value and digits(value) and classes(value) >= 3)
    ):
        return False
    if classes(value) >= 2 and (digits(value) or has_special(value)):
        return len(value) >= 4
    if is_phrase(value):
        return not listed
    if value.isdigit():
        return len(value) >= 4 and not listed and not (said and len(value) > 12)
    return False


def _is_for(separator: bytes) -> bool:
    """Whether it is said what the password is for, as nobody does in code: `contraseña del router: ...`."""
    return separator[:1] == b" " and separator[1:3].isalpha() and b":" in separator


def _says_about(value: bytes) -> bool:
    """Whether words in quotes say something of a password: `the password is 'not valid'`."""
    return any(is_blank(word) for word in value.split()) or TALK.search(value) is not None


# A flag, a statement of SQL, a line of .netrc: the password is what comes next.
_GIVEN: Final = Ending(rb"(?:(?:\A|[ -])-|\bENV [A-Z0-9_]{0,32}|\blogin [^\s]{1,64}\s{1,4})")
_STATED: Final = Ending(rb"\b(?:with|encrypted) ")


_COMMAND: Final = 80  # bytes of it before the word


def _is_given(view: bytes, hit: Hit, match: "re.Match[bytes]") -> bool:
    stated = view[hit.start : hit.end].lower() == b"identified by" or _STATED.is_before(view, hit.start, _COMMAND)
    return (stated and match[1] is not None) or _GIVEN.is_before(view, hit.start, _COMMAND)


def _is_argument(value: bytes) -> bool:
    """Whether it is what a command is given: `--password hunter2`. Its manual says PASSWORD, TEXT or a word."""
    return len(value) >= 4 and value[:1] not in b"-$<[{(" and (bool(digits(value)) or has_special(value))


# Hashes of passwords: as good as the password to who has time.
_STORED: Final = (
    r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}",
    r"\$argon2(?:id|i|d)\$[A-Za-z0-9=,$+/]{30,200}",
    r"\$(?:1|5|6|y|apr1)\$[A-Za-z0-9./$=]{20,160}",
    r"pbkdf2[_:][a-z0-9_]{3,12}\$[0-9]{2,8}\$[A-Za-z0-9+/=.]{4,64}\$[A-Za-z0-9+/=]{20,100}",
    r"\{S?SHA(?:256|512)?\}[A-Za-z0-9+/=]{24,120}",
)


def _stored(page: Page, start: int, end: int) -> Found | None:
    return Found(start, end, "PASSWORD")


_JOINED_TURNS: Final[tuple[_Turn, ...]] = (_items, codes, _replied, plain)
_TURNS_BEHIND: Final[tuple[_Turn, ...]] = (
    _hidden, _items, codes, _below, changed, was_set, named_for, its, _further, _answered, plain, nearby,
)  # fmt: skip
_TURNS_BEFORE: Final[tuple[_Turn, ...]] = (before,)

_PASSWORD: Final = frozenset({"PASSWORD"})
SHAPES: Final = (Shape(_STORED, _stored, _PASSWORD),)
CUES: Final = (Cue(Kind.PASSWORD, _password, _PASSWORD),)
