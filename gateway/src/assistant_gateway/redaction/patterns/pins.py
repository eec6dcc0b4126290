"""PINs, and codes that are sent or typed at a door: digits after a word for them, before it, or in the answer to who asks for them."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.patterns.answers import answer
from assistant_gateway.redaction.patterns.page import Cue, Found, Hit, Page
from assistant_gateway.redaction.patterns.words import Kind

_SIGN: Final = rb"[0-9]{3}[ \-][0-9]{3}|[A-Z]-[0-9]{4,8}|[0-9]{4,8}|(?-i:[0-9]{2,5}[A-Z][0-9]{0,4})(?<=[0-9A-Z]{4})"
_NO_MORE: Final = rb"(?![0-9.,\-/][0-9]|[0-9A-Za-z])"
_PIN: Final = re.compile(
    rb"(?i)(?:[ _]?(?:code|number|no|nr))?[\"'\\ ]{0,5}"
    rb"(?:[ _](?:for|fur|pour|para|per|voor|til|till|dla|of|de|di|der|des)(?: [^\s:=.,;0-9]{1,24}){1,3}?[ ]?| [a-z]{3,12} )?"
    rb"(?:\([^)\n0-9]{1,24}\) ?)?(?:(?:is|was|ist|war|lautet|est|es|e|ar|er|to|jest|\x7f{1,2}|'s|:|=|#)[\"'\\* ]{0,5}){1,3}\n?"
    rb"(" + _SIGN + rb")" + _NO_MORE
)
# Nothing between: `PIN 4821, PUK 12345678`, `door code 2580`. Then no year, and no name of something behind it (`the PIN 2040 variant`).
_NO_YEAR: Final = rb"(?!(?:19|20)[0-9]{2}\b)"
_AFTER: Final = (
    rb"(?=[ \t]{0,2}(?:[.,;:!?)(/|#*\"'\r\n\x7f-]|[ \t]{2}|\Z|(?:in|for|at|on|to|if|when|and|or|please|am|an|im|bei|und|oder|bitte|et|ou"
    rb"|pour|y|o|e|per|para|en|i|och|og|enter)\b))"
)
_PIN_NEXT: Final = re.compile(rb" ?" + _NO_YEAR + rb"(" + _SIGN + rb")" + _NO_MORE + _AFTER)
_AND_PIN: Final = re.compile(
    rb"(?i)(?<![0-9A-Za-z.,\-/#])"
    + _NO_YEAR
    + rb"([A-Z]-[0-9]{4,8}|[0-9]{3}[ \-]?[0-9]{3}|[0-9]{4,8}) (?:is|ist|est|es|e|as|als|is je|comme|como) "
    rb"(?:(?:your|the|my|ihr|dein|mein|der|votre|ton|le|su|tu|el|il|tuo|la|uw|je|de|seu|o)(?: [A-Za-z.]{2,16}){0,2} )?\Z"
)
_ENDS: Final = re.compile(rb"[ \t]{0,2}(?:[.,;:!?)(\r\n]|\Z|(?:for|to|on|at|fur|pour|para|per|bei|zu)\b)")
# What is longer than a PIN's word names nothing else: `door code 2580`.
_OWN_WORD: Final = 6


def _pin(page: Page, hit: Hit) -> Iterator[Found]:
    view = page.view
    word = view[hit.start : hit.end]
    match = _PIN.match(view, hit.end)
    if match is None and (word.isupper() or len(word) > _OWN_WORD) and not word.lower().startswith(b"auth"):
        match = _PIN_NEXT.match(view, hit.end)
    if match is None and _ENDS.match(view, hit.end):
        match = _AND_PIN.search(view, max(0, hit.start - 56), hit.start)
    if match is None and (at := answer(page, hit)) is not None:
        match = _PIN_NEXT.match(view, at)
    if match:
        yield Found(*match.span(1), "PASSWORD")


CUES: Final = (Cue(Kind.PIN, _pin, frozenset({"PASSWORD"}), digits=True),)
