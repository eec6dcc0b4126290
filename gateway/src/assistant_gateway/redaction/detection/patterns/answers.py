"""Talks: what one asks for in a line stands in the next one, which is somebody else's."""

import re
from typing import Final

from assistant_gateway.redaction.detection.patterns.page import Hit, Page

_SPEAKER: Final = rb"[ \t>*_]{0,4}(?:\[[0-9:.,\- ]{4,20}\] ?)?[A-Za-z\x7f][A-Za-z0-9\x7f ._\-]{0,24}[*_]{0,2}: ?[*_]{0,2} ?"
_ASKS: Final = re.compile(_SPEAKER)
_ROLE: Final = re.compile(
    rb"(?i)[ \t>*_\[\]0-9:.-]{0,24}(?:agent|operator|rep|support|bot|assistant|advisor|clerk|nurse|customer|caller|client|user|berater"
    rb"|kunde|kundin|conseiller|agente|asesor|cliente|operatore|medewerker|klant|konsultant|klient)\b"
)
_QUESTION: Final = re.compile(
    rb"(?i)[?]|\b(?:what'?s|what is|which|was ist|wie ist|wie lautet|c'est quoi|quel|quelle|cual|qual|jakie|please|bitte|svp|veuillez"
    rb"|por favor|per favore|prosze|alstublieft)\b"
)
_LINE: Final = 160  # bytes of a line that asks
_REST: Final = 72  # and of what it says behind the word
_ANSWER: Final = re.compile(
    rb"(?i)\n{1,2}"
    + _SPEAKER
    + rb"(?:(?:yes|yeah|sure|ok|okay|well|um|uh|hi|it'?s|it is|that'?s|that is|the|my|is|ja|klar|gerne|das ist|die|der|ist|oui|c'est|le|mon"
    rb"|si|es|claro|el|la|mi|certo|e|il|sim|tak|to)\b[,.! ]{1,3}){0,4}[\"'`*]{0,2}"
)


# `What's the PIN? - 4711`: somebody asks and is told in one line, or quotes who asks.
_TOLD: Final = re.compile(
    rb"(?i)[a-z \t\x7f\"']{0,24}\?{1,3}[\"')]{0,2}(?:[ \t]{0,3}\r?\n[ \t>]{0,4}|[ \t]{1,3})(?:[-\x7f\xad>]{1,3}[ \t]?)?"
    rb"(?:[A-Z][a-z]{1,15}: )?(?:i think |i guess |(?:i'?m )?pretty sure |ich glaube,? |je crois que |creo que |credo che )?"
    rb"(?:(?:yes|sure|ok|it'?s|it is|that'?s|that is|the|my|is|ja|das ist|die|der|ist|oui|c'est"
    rb"|le|mon|si|es|el|la|mi|e|il|sim|tak|to)\b[,.! ]{1,3}){0,4}[\"'`*]{0,2}"
)


def told(page: Page, hit: Hit) -> int | None:
    """Return where the answer begins that stands right behind a question that the word is asked in."""
    match = _TOLD.match(page.view, hit.end)
    return match.end() if match else None


def answer(page: Page, hit: Hit) -> int | None:
    """Return where the answer begins if the word stands in a line that somebody says, and somebody else says the next one."""
    view = page.view
    ends = view.find(b"\n", hit.end, hit.end + _REST)
    if ends < 0:
        return None
    begins = view.rfind(b"\n", max(0, hit.start - _LINE), hit.start) + 1
    if not begins and hit.start > _LINE:
        return None
    if _ASKS.match(view, begins, hit.start) is None or (match := _ANSWER.match(view, ends)) is None:
        return None
    # `title: Reset password` and `id: a1b2c3` in the next line are no talk.
    asked = _ROLE.match(view, begins, hit.start) or _QUESTION.search(view, begins, ends)
    return match.end() if asked else None
