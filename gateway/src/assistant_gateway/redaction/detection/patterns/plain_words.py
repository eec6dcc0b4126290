"""Passwords of ordinary words, as people tell them: `My passphrase is violet anchor tumble seven`, `the safeword is pelican`.

Nothing about them is odd, so the word before them must ask for words (a passphrase, a code word), or a colon must; what the words of a
sentence are made of (`is`, `too`, `please`) is in none.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.literals import LABELLED, SAID, extent, is_blank
from assistant_gateway.redaction.detection.patterns.page import Found, Hit, Page
from assistant_gateway.redaction.detection.patterns.words import JOINTS

_SPOKEN: Final = re.compile(rb"[A-Za-z0-9']{2,16}(?:[ \-][A-Za-z0-9']{2,16}){2,11}")
TALK: Final = re.compile(rb"(?i)\b(?:your|please|must|enter|should|pass ?phrase|password|key|see|not|wiki|page|set|ask)\b")


def is_spoken(value: bytes) -> bool:
    """Whether the value in quotes is several words that say nothing about passwords."""
    return _SPOKEN.fullmatch(value) is not None and TALK.search(value) is None


# One small word: `password: swordfish`. Only after a colon, alone on what is left of its sentence; `password: string` is_blank().
_WORD: Final = re.compile(rb"(?: (?:is|ist|lautet|est|es))?[\"'`]?: ([a-z]{6,32})(?=[.\n\r]|\Z)")
_ONE: Final = re.compile(rb"[A-Za-z\x7f]{4,24}")
_ENDS: Final = re.compile(rb"[\"'`*]{0,2}[ \t]?(?:[.,;!?)\n\r]|\Z)")
_IN_A_ROW: Final = re.compile(rb"[a-z]{2,12}(?:[ \-][a-z]{2,12}){2,7}")
# `password? I set it to correct horse battery staple`
_MADE: Final = re.compile(
    rb"(?i)[^\n:=(){}<>|]{0,64}?\b(?:set|changed|made|chang[a-z]{1,3}) (?:it|that) to [\"'`]?(?=[a-z]{2,12} [a-z]{2,12} [a-z]{2,12} [a-z])"
)
# Of a password, not a passphrase, four: `my password is correct horse battery staple`. What is said about one has verbs in it.
_FOUR: Final = re.compile(rb"(?i)(?: (?:is|was|ist|lautet|est|es)|:) ((?-i:[a-z]{3,10}(?:[ \-][a-z]{3,10}){3,7}))(?![a-z])")
_SAYS: Final = re.compile(
    rb"(?:ed|ing|able|ible|ive|ous|ary|ory)\b|\b(?:sent|given|kept|shown|made|chosen|found|told|known|lost|geheim|wirklich)\b"
)
# What is a word, or several, by its name: as words.plain() has it.
_ASKS: Final = dict.fromkeys(
    b"safeword codeword secretword memorableword magicword codewort losungswort motdecode palabraclave parolad'ordine".split(), _ONE
) | dict.fromkeys(
    b"passphrase wpapassphrase secretphrase phrasesecrete phrasedepasse frasesecreta frasesegreta frasedeacceso frasediaccesso passsatz"
    b" wachtwoordzin clavesecreta".split(),
    _IN_A_ROW,
)
# What joins words to a sentence, and what passphrases are said to be.
_JOINING: Final = frozenset(
    b"""
    the an and or but if it its is are was be been to of for from with without by as at on in into out up not no yes too very so very
    that this these those which who what when where how why you your we our they their he she his her my me us them can could will
    would must should may might has have had do does did than then there here also only just still now never always soon often about
    after before because while weak stored encrypted required needed invalid empty enough hidden safe secure minimum maximum via per
    case sensitive characters character letters words word digits least more most less each every any all some der die das ein eine
    ist sind und oder nicht mit von zu zur zum im am an auf aus fur wird muss kann sehr noch schon nur auch bei als wenn lang kurz
    falsch richtig mindestens zeichen le la les un une est et ou ne pas plus de du des en dans sur pour par avec sans que qui trop
    tres bien doit peut incorrecte correcte longue courte moins caracteres mots el los las es son y no en con sin por para que muy mas
    demasiado debe puede larga corta incorrecta correcta menos caracteres palabras il lo gli e non di del della che troppo molto deve
    lunga corta sbagliata het een en niet van voor met te zeer moet kan lang kort fout o os as um uma nao com sem muito mais deve
    longa curta to jest nie i na za bardzo musi
    """.split()
)


def plain(page: Page, hit: Hit) -> Iterator[Found]:
    """The word or the words that a password is, where nothing else was found."""
    view = page.view
    if (match := _WORD.match(view, hit.end)) is not None and not is_blank(match[1]):
        yield Found(*match.span(1), "PASSWORD")
    elif (value := _ASKS.get(view[hit.start : hit.end].lower().translate(None, JOINTS))) is not None:
        yield from _said(page, hit, value)
    elif (match := _FOUR.match(view, hit.end)) is not None:
        if _ENDS.match(view, match.end()) and not _joins(match[1]) and _SAYS.search(match[1]) is None:
            yield Found(*match.span(1), "PASSWORD")
    elif b" it to " in view[hit.end : hit.end + 80]:
        yield from _made(page, hit)


def _said(page: Page, hit: Hit, value: "re.Pattern[bytes]") -> Iterator[Found]:
    view = page.view
    separator = SAID.match(view, hit.end) or LABELLED.match(view, hit.end)
    if separator is None:
        return
    if separator[1]:
        start, end = extent(view, separator.end(), separator[1])
        if is_spoken(view[start:end]) and not _joins(view[start:end]):
            yield Found(start, end, "PASSWORD")
        return
    match = value.match(view, separator.end())
    if match and _ENDS.match(view, match.end()) and not is_blank(match[0]) and not _joins(match[0]):
        yield Found(*match.span(), "PASSWORD")


def _made(page: Page, hit: Hit) -> Iterator[Found]:
    match = _MADE.match(page.view, hit.end)
    words = _IN_A_ROW.match(page.view, match.end()) if match else None
    if words and _ENDS.match(page.view, words.end()) and words[0].count(b" ") >= 3 and not _joins(words[0]):
        yield Found(*words.span(), "PASSWORD")


def _joins(value: bytes) -> bool:
    """Whether a word of it makes it a sentence."""
    return any(word in _JOINING or word.endswith((b"ly", b"ment", b"mente")) for word in re.split(rb"[ \-]", value.lower()))
