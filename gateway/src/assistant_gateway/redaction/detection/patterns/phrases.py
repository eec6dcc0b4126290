"""Turns of phrase in which a password is told: what it was set to, what it is for, in the next clause, in front of the word."""

import re
from collections.abc import Iterator
from typing import Any, Final

import rurex

from assistant_gateway.redaction.detection.patterns.endings import Ending
from assistant_gateway.redaction.detection.patterns.literals import classes, digits, extent, has_special, is_blank, is_made_up, is_name
from assistant_gateway.redaction.detection.patterns.looks import MIXED, SIGNED, grade
from assistant_gateway.redaction.detection.patterns.page import Found, Hit, Page

_CHANGED: Final = re.compile(
    rb"(?i)[ \t]{1,2}(?:from|von|de|da|van|fra|fran)[ \t]{1,2}[\"'`]?([^\s\"'`]{4,64})[\"'`]?"
    rb"[ \t]{1,2}(?:to|auf|zu|in|a|en|vers|para|naar|til|till)[ \t]{1,2}[\"'`]?([^\s\"'`]{4,64})"
)


def changed(page: Page, hit: Hit) -> Iterator[Found]:
    """`... from the old one to the new one`."""
    view = page.view
    match = _CHANGED.match(view, hit.end)
    if match is None:
        return
    for group in (1, 2):
        start, end = extent(view, match.start(group), None)
        value = view[start:end]
        if digits(value) and classes(value) >= 2 and not is_blank(value) and not is_name(value):
            yield Found(start, end, "PASSWORD")


# `wurde auf ... geändert`, `a été remplacé par ...`, `has been reset to ...`; `cambié la contraseña a ...`.
_TO: Final = rb"(?:to|as|als|auf|in|zu|como|comme|par|en|pour|por|a|naar|na|para|til|till)"
_SET: Final = re.compile(
    rb"(?i)(?:(?: [a-z\x7f]{1,10}){0,3} (?:changed|set|reset|updated|switched|remplacee?|changee?|modifiee?|cambiad[oa]|actualizad[oa]"
    rb"|cambiat[oa]|modificat[oa]|gewijzigd|veranderd|zmienione|alterad[oa]|mudad[oa]) "
    + _TO
    + rb"|(?: [a-z\x7f]{1,12}){0,3} auf(?=(?: neu)? [^\s]{4,64} (?:um)?(?:ge(?:andert|setzt|stellt)|zuruckgesetzt)))"
    rb" [\"'`]?(?=[^\s\"'`]{4,64})"
)
_SETTING: Final = Ending(
    rb"\b(?:chang|set|reset|cambi|modifi|rempla|zmien|wijzig|verander|alter|mud|ander|setz|stell)[a-z\x7f]{0,6}"
    rb" (?:[a-z\x7f]{1,8} ){0,2}"
)
_INTO: Final = re.compile(rb"(?i)(?: [a-z\x7f]{1,10}){0,2} " + _TO + rb" [\"'`]?(?=[^\s\"'`]{4,64})")


_NUMBERED: Final = re.compile(rb"[A-Z]?[a-z]{1,7}-?[0-9]{1,2}")  # Server01


def was_set(page: Page, hit: Hit) -> Iterator[Found]:
    """What it was made: only what is no word."""
    view = page.view
    match = _SET.match(view, hit.end)
    if match is None and _SETTING.is_before(view, hit.start, 28):
        match = _INTO.match(view, hit.end)
    if match is None:
        return
    start, end = extent(view, match.end(), None)
    value = view[start:end]
    if (
        digits(value)
        and classes(value) >= 2
        and not is_blank(value)
        and not _names(value)
        and (_NUMBERED.fullmatch(value) is None or grade(value))
    ):
        yield Found(start, end, "PASSWORD")


# `hasło do wifi Morze-2026`: what it is for stands between, and nothing that says "is".
_FOR: Final = re.compile(
    rb"(?i)(?: (?:for|fur|furs|vom|zum|pour|du|de|del|della|para|per|do|da|dla|voor|van)(?: [a-z\x7f]{1,12}){1,3}?"
    rb"| (?:wifi|wi-fi|wlan|router|mail|email|vpn|ftp|root|admin)) (?=[^\s]{6,64}(?:\s|\Z))"
)


def named_for(page: Page, hit: Hit) -> Iterator[Found]:
    """The value behind what it is for."""
    match = _FOR.match(page.view, hit.end)
    if match is None:
        return
    start, end = extent(page.view, match.end(), None)
    value = page.view[start:end]
    if is_made_up(value) and (has_special(value) or b"-" in value or b"_" in value) and not is_blank(value) and b"%%" not in value:
        yield Found(start, end, "PASSWORD")


# Backup codes: groups, and as many of them as one was given.
_CODE: Final = re.compile(
    rb"(?i)(?:[ :,;]|and|und|et|y|e|-|\r?\n|[0-9][.)] ){1,8}([0-9a-z]{4,6}(?:-[0-9a-z]{4,6}){1,7}|[0-9]{4,6} [0-9]{4,6})(?![0-9A-Za-z])"
)
_ENDS_OF_CODE: Final = (b"e", b"s", b"E", b"S")
_MOST_CODES: Final = 16


def codes(page: Page, hit: Hit) -> Iterator[Found]:
    """Codes for who has lost a second factor."""
    view = page.view
    if view[hit.end - 1 : hit.end] not in _ENDS_OF_CODE or b"code" not in view[hit.start : hit.end].lower():
        return
    at = hit.end
    for _ in range(_MOST_CODES):
        match = _CODE.match(view, at)
        if match is None or digits(match[1]) < 3:
            return
        yield Found(*match.span(1), "PASSWORD")
        at = match.end()


# `forgot my password again, its ...`: another clause says what it is.
_ITS: Final = re.compile(
    rb"(?i)[^\n:=\"`(){}<>|]{0,40}?[,.!?\-][ \t](?:[a-z]{1,5} ){0,2}"
    rb"(?:it'?s|it is|das ist|es ist|c'est|es|e|het is|to) [\"'`]?(?=[^\s]{6,64})"
)


def its(page: Page, hit: Hit) -> Iterator[Found]:
    """The value of the next clause, a word with a digit or a sign in it."""
    match = _ITS.match(page.view, hit.end)
    if match is None:
        return
    start, end = extent(page.view, match.end(), None)
    value = page.view[start:end]
    if len(value) >= 6 and digits(value) and classes(value) >= 2 and value[:1].isalpha() and not is_blank(value) and not _names(value):
        yield Found(start, end, "PASSWORD")


_METHOD: Final = re.compile(rb"[A-Z]?[a-z]{1,7}-?[0-9]|[A-Z]{2,6}-?[0-9]{1,4}|(?i:sha|md|aes|rsa|utf|base|blake|pbkdf)-?[0-9]{1,4}")


def _names(value: bytes) -> bool:
    """Whether programs or books call something so: `SHA256`, `section4`."""
    return is_name(value) or _METHOD.fullmatch(value) is not None


# `I used "..." as my password`, `... ist mein Passwort`, `... est le nouveau mot de passe`
_AS: Final = Ending(
    rb"(?:(?: (?:as|is|was|als|ist|war|comme|est|como|es|come|e|jako|to|is het)"
    rb"| ?[\-(,] ?(?:that'?s|this is|das ist|c'est)) (?:(?:my|the|our|your|a|mein|das|unser|dein|mon|le|ton|mi|la|tu|mia|minha"
    rb"|a minha|mijn|het|moje|una?)(?: [a-z\-]{2,12}){0,2} )?"
    rb"| (?:an?|ein|una?|une?) (?:good|strong|safe|secure|bad|weak|decent|gutes|starkes|sicheres|bon|bonne|buena|boa) )"
)
_REACH: Final = 92  # bytes that a value may stand before the end of the word: a stream waits no longer (rules.REACH)
_EDGES: Final = (b" ", b"\n", b'"', b"'", b"`", b"(")
# Between the word and a value that shows by itself what it is: words of the same sentence.
_NEARBY: Final = re.compile(rb"(?i)(?:,? [a-z\x7f']{1,14}){0,6}?(,?) [\"'`]?(?=([A-Za-z0-9](?=[^\s]{0,40}[0-9])[^\s\"'`,;]{5,64}))")
_BACK: Final = re.compile(rb"(?:\A|[\s\"'`(])([A-Za-z0-9][^\s\"'`,;()]{5,64})[\"'`]?,?(?: [A-Za-z\x7f']{1,14}){1,6} \Z")
_INSIDE: Final[Any] = rurex.compile(rb"[A-Za-z0-9][!#$%&*@?+][A-Za-z0-9]")
_ODD: Final = re.compile(rb"[0-9!#$%*]")
_FURTHER: Final[Any] = rurex.compile(rb" [\"'`]?[A-Za-z0-9][^\s]*[0-9!#$%*]")
_APART: Final = re.compile(rb" ?[,.;!?)\n\-]|\Z")
_INSTEAD: Final = Ending(
    rb"(?: but| mais| sondern| sino| ma| maar| mas| lecz| ale| be| remains| stays| heisst| hei\x7ft| bleibt| reste| continua"
    rb"| siendo| resta| blijft"
    rb"| pozostaje|, (?:is|ist|est|es|e)) [\"'`]?"
)
_PLACED: Final = Ending(
    rb" (?:for|of|on|in|at|to|from|by|via|with|fur|auf|von|bei|mit|im|am|pour|de|du|sur|dans|para|del|en|con|per|di|su|voor|van"
    rb"|op|do|na|and|or)"
    rb" [\"'`]?"
)


def before(page: Page, hit: Hit) -> Iterator[Found]:
    """The value before the word."""
    view = page.view
    if _ODD.search(view, max(0, hit.start - 96), hit.start) is None:
        return
    end = _AS.start(view, hit.start, 48)
    if end is not None:
        while end and view[end - 1 : end] in (b'"', b"'", b"`", b" "):
            end -= 1
        start = max(view.rfind(edge, max(0, end - 65), end) for edge in _EDGES) + 1
        if hit.end - start <= _REACH and _is_before(view[start:end]):
            yield Found(start, end, "PASSWORD")
            return
    begin = max(0, hit.end - _REACH)
    match = _BACK.search(view, begin, hit.start) if _INSIDE.search(view[begin : hit.start]) else None
    if match is not None and grade(match[1]) == SIGNED:
        yield Found(*match.span(1), "PASSWORD")


def _is_before(value: bytes) -> bool:
    made = 6 <= len(value) <= 64 and digits(value) and classes(value) >= 2 and value[:1].isalnum() and b"/" not in value
    return bool(made) and not is_blank(value) and not _names(value)


def nearby(page: Page, hit: Hit) -> Iterator[Found]:
    """A value further on in the sentence: `the password that everybody gets ...`, `my usual password, ...,`."""
    view = page.view
    match = _NEARBY.match(view, hit.end) if _FURTHER.search(view[hit.end : hit.end + 96]) else None
    if match is None:
        return
    start, end = extent(view, match.start(2), None)
    looks = grade(view[start:end])
    apart = (match[1] or _INSTEAD.is_before(view, match.start(2), match.start(2) - hit.end)) and _APART.match(view, end)
    if looks == SIGNED or (looks and (apart or looks == MIXED) and not _PLACED.is_before(view, match.start(2), match.start(2) - hit.end)):
        yield Found(start, end, "PASSWORD")
