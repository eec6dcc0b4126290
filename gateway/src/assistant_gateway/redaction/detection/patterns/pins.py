"""PINs, and codes that are sent or typed at a door: digits after a word for them, before it, or in the answer to who asks for them."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.detection.patterns.answers import answer, told
from assistant_gateway.redaction.detection.patterns.endings import Ending
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_SIGN: Final = (
    rb"[0-9]{3}[ \-][0-9]{3}|[A-Z]-[0-9]{4,8}|[0-9]{4,8}|(?-i:[0-9]{2,5}[A-Z][0-9]{0,4})(?<=[0-9A-Z]{4})|[0-9]{1,2}-[0-9]{1,2}-[0-9]{1,2}"
)
_FOR: Final = (
    rb"for|fur|furs|pour|para|per|voor|van|til|till|dla|do|of|de|du|del|della|dello|da|dos|di|der|des|vom|von|zum|zur|on|na|at|am|im|bei"
    rb"|a|au|al"
)
# `has been set to`, `wurde geandert auf`
_SET: Final = (
    rb"(?: ?(?:(?:has|have|had) been|was|is|wurde|ist|a ete|ha sido|e stat[oa]|foi|is nu)"
    rb"(?: now| jetzt| neu)? (?:set|changed|reset|updated|geandert|gesetzt|change|cambiado|cambiato|alterado|gewijzigd) )?"
)
_NO_MORE: Final = rb"(?![0-9.,\-/][0-9]|-[A-Za-z]|[0-9A-Za-z])"
_PIN: Final = re.compile(
    rb"(?i)(?:[ _]?(?:code|number|no|nr))?[\"'\\ ]{0,5}"
    rb"(?:[ _](?:" + _FOR + rb")(?: (?:ext\.? )?[^\s:=.,;]{1,24}){1,3}?[ ]?| [a-z]{3,12} )?"
    rb"(?:\([^)\n0-9]{1,24}\) ?)?"
    + _SET
    + rb"(?:(?:is|was|ist|war|lautet|est|es|e|ar|er|to|auf|jest|c'?est|still|now|noch|immer|jetzt|toujours|siempre|ancora|nog|steeds"
    rb"|nadal|el|le|il|\x7f{1,2}|'s|:|=|#)[\"'\\* ]{0,5}){1,3}\n?"
    rb"(" + _SIGN + rb")" + _NO_MORE
)
# Nothing between: `PIN 4821, PUK 12345678`, `door code 2580`. Then no year, and no name of something behind it (`the PIN 2040 variant`).
_NO_YEAR: Final = rb"(?!(?:19|20)[0-9]{2}\b)"
_AFTER: Final = (
    rb"(?=[ \t]{0,2}(?:[.,;:!?)(/|#*\"'\r\n\x7f-]|[ \t]{2}|\Z|(?:in|for|at|on|to|if|when|and|or|please|am|an|im|bei|und|oder|bitte|et|ou"
    rb"|pour|y|o|e|per|para|en|i|och|og|enter|but|aber|mais|pero|maar|voor|van|dla|do|als|as|PUK|PUK2|PIN2|TAN|CVV)\b))"
)
_PIN_NEXT: Final = re.compile(rb" ?" + _NO_YEAR + rb"(" + _SIGN + rb")" + _NO_MORE + _AFTER)
_PIN_TOLD: Final = re.compile(rb" ?(" + _SIGN + rb")" + _NO_MORE + _AFTER)
# `my pin 4821.`, `password ..., pin 4821`: it ends what is said.
_OWNED: Final = Ending(
    rb"(?:\b(?:my|your|his|her|old|new|current|alte|neue|alter|neuer|ancien|nouveau|viejo|nuevo|vecchio|nuovo|oude|nieuwe|el|il|o"
    rb"|mi|tu|meu|la|die|le|mon|ton|mein|mijn|de|moj) |[,;&/] ?)"
)
_PIN_LAST: Final = re.compile(rb"[ ]" + _NO_YEAR + rb"([0-9]{4,6})(?=[ \t]{0,2}(?:[,;!?)\r\n]|\.(?![0-9])|\Z))")
# `il pin del bancomat 4096`
_PIN_FOR: Final = re.compile(
    rb"(?i) (?:"
    + _FOR
    + rb")(?: [a-z\x7f'-]{1,16}){1,3}? "
    + _NO_YEAR
    + rb"([0-9]{4,8})"
    + _NO_MORE
    + rb"(?=[ \t]{0,2}(?:[.,;!?)\r\n]|\Z))"
)
# `el codigo de verificacion que te llego es 330 417`
_PIN_FAR: Final = re.compile(
    rb"(?i) (?:that|which|you|i|we|they|que|qui|der|die|das|den|che|dat|ktory)[^\n.;:=0-9]{1,40}? (?:is|was|es|era|ist|war|est|e)(?: le)? "
    + _NO_YEAR
    + rb"("
    + _SIGN
    + rb")"
    + _NO_MORE
    + rb"(?=[ \t]{0,2}(?:[.,;!?)\r\n]|\Z))"
)
_AND_PIN: Final = re.compile(
    rb"(?i)(?<![0-9A-Za-z.,\-/#])"
    + _NO_YEAR
    + rb"([A-Z]-[0-9]{4,8}|[0-9]{3}[ \-]?[0-9]{3}|[0-9]{4,8}) \(?(?:that'?s|this is|it'?s|das ist|c'est|is|ist|est|es|e|as|als|comme|como) "
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
    if match is None:
        match = _PIN_FOR.match(view, hit.end) or _PIN_FAR.match(view, hit.end)
    if match is None and (_OWNED.is_before(view, hit.start, 12) or page.says(Kind.PASSWORD, hit.start, 56)):
        match = _PIN_LAST.match(view, hit.end)
    if match is None and ((at := answer(page, hit)) is not None or (at := told(page, hit)) is not None):
        match = _PIN_TOLD.match(view, at)
    if match:
        yield Found(*match.span(1), "PASSWORD")


_TYPED: Final = tuple(
    map(
        re.compile,
        (
            # Of a code it is said what it opens: `code for the front door: 2580#`, `le code du portail est le 4471`.
            rb"\b(?i:(?:code|codes|codice|codigo|clave|kod|koden|zahlencode|zugangscode|combination|nummer)[ ]"
            rb"(?:(?:for|to|of|on|fur|zu|zum|zur|vom|von|am|der|des|de|du|del|della|dell|do|da|dla|voor|van|pour|para|per|til|till|na)[ ])?"
            rb"(?:(?:the|my|our|die|das|den|dem|der|unsere|la|le|les|l|el|il|lo|o|a|het|de|notre|nuestra|nuestro)[ ']){0,2}"
            rb"(?:(?:front|back|side|main|garden|garage|house|office|cellar|entrance|bike|new|haupt|rear) ?)?"
            rb"(?:door|gate|garage|alarm|safe|shed|locker|mailbox|letterbox|elevator|lift|attic"
            rb"|lockbox|key box|keybox|lock|building|entrance|barrier|haustur|hausture|tur|tor|hoftor|tresor|eingang"
            rb"|schlusseltresor|keller|schranke|porte|portail|immeuble|coffre|alarme|garage|boite a cles|entree|puerta|portal|garaje|alarma"
            rb"|caja fuerte|entrada|cancello|portone|porta|allarme|cassaforte|ingresso|deur|voordeur|poort|kluis|alarm|drzwi|furtki|bramy"
            rb"|domofonu|klatki|garazu|alarmu|sejfu|portao|garagem|predio|cofre|alarme)\b"
            rb"(?: (?:is|now|ist|lautet|est|le|es|el|e|il|to|jest)\b|[ :=,?\x22'(#\x7f\xad\-]|it'?s){0,7})"
            rb"(?:[A-Z][0-9]{3,6}|[0-9]{3,8}[A-Z]?)\b",
            # `use code 550913 to sign in`
            rb"\b(?i:(?:use|enter|type|with|mit|gib|geben sie|saisissez|entrez|utilisez|usa|utilice|introduzca|inserisci|voer"
            rb"|wpisz|digite|insira)"
            rb"(?: (?:the|this|den|le|el|il|de|o|ten))? (?:code|pin|codigo|codice|kod)[ :]{1,2}[0-9]{4,8}"
            rb" (?:to|for|zum|fur|ein|pour|para|per|om|aby|in om) ?(?:sign|log|verify|confirm|access|unlock|continue|reset"
            rb"|complete|finish|your|open"
            rb"|anmeld|bestatig|einlogg|vous|confirmer|valider|acceder|iniciar|confirmar|verificar|acceder|accedere|confermare"
            rb"|verificare|in te|te"
            rb"|zalogowac|potwierdzic|entrar))",
        ),
    )
)
_PORT: Final = Ending(rb"\b(?:porta|poort|puerta) ")  # of a machine: `porta 8080`
_LAST: Final = re.compile(rb"\b[A-Z]?[0-9]{3,8}[A-Z]?")


# The words that such a sentence begins with (sentences.py).
TYPED_HEADS: Final = (
    "code|codes|codice|codigo|clave|kod|koden|zahlencode|zugangscode|combination|nummer|use|enter|type|with|mit|gib|geben|saisissez|entrez"
    "|utilisez|usa|utilice|introduzca|inserisci|voer|wpisz|digite|insira"
)


def typed(page: Page, start: int, _word: int, _first: int) -> Found | None:
    """A code whose sentence says what it opens or what it is for."""
    for pattern in _TYPED:
        if (match := pattern.match(page.view, start)) is not None:
            return _typed(page, start, match.end())
    return None


def _typed(page: Page, start: int, end: int) -> Found | None:
    digits = _LAST.search(page.view, start, end)
    if digits is None:
        return None
    if _PORT.is_before(page.view, digits.start(), digits.start() - start):
        return None
    more = page.view[digits.end() : digits.end() + 2]
    if more[:1] in (b".", b",", b"-", b"/", b"%") and more[1:].isdigit():
        return None
    return Found(digits.start(), digits.end() + (more[:1] in (b"#", b"*")), "PASSWORD")


CUES: Final = (Cue(Kind.PIN, _pin, frozenset({"PASSWORD"}), digits=True),)
