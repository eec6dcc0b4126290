"""Codes of doors, safes and devices that nothing calls a code: `the safe opens with 18-42-07`, `punch in 5560`, `Tresor: 44-17-90`.

A sentence that begins with one of these words (sentences.py) is looked at here: what stands between the word and the digits must say that
they open it, and nothing that is counted may stand behind them.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import rurex

from assistant_gateway.redaction.detection.patterns.endings import Ending
from assistant_gateway.redaction.detection.patterns.page import Found, Page

_SIGN: Final = re.compile(
    rb"(?:([0-9]{1,2}(?:-[0-9]{1,2}){2,3})|([0-9]{3} [0-9]{3}|[0-9]{4,8}|[A-Z][0-9]{3,6}[A-Z]?|[0-9]{1,5}[A-Z][0-9]{1,4}"
    rb"|[0-9]{3,5}[A-Z]))(?=[#*]?"
    # What ends it: punctuation, or a word of few letters that goes on with the sentence, and no unit and no thing that is counted.
    rb"[ \t]{0,2}(?:[.,;:!?)(/|\"'`\r\n\x7f](?![0-9])|-(?![0-9A-Za-z])|[ \t]{2}|\Z|(?i:to|and|then|when|if|because|for|twice|from"
    rb"|until|please"
    rb"|on|in|into|at|or|but|while|before|after|so|since|not|now|again|still|instead|statt|puis|et|pour|dans|quand|ou|mais|y|e|ed"
    rb"|para|en|cuando"
    rb"|luego|pero|auf|ein|aus|und|danach"
    rb"|dann|an|aber|ausschalten|abschalten|entscharfen|eingeben|drucken|offnen|aufmachen|i|potem|zeby|ale|dan|om|als|maar|poi|quando"
    rb"|depois"
    rb"|per|ma|mas)\b))"
)
_YEAR: Final = re.compile(rb"(?:1[5-9]|20)[0-9]{2}")
_HOUR: Final = re.compile(rb"(?:[01][0-9]|2[0-3])[0-5][05]")

# What is opened, and by what.
_LOCKS: Final = (
    "safe|padlock|locker|lockbox|keybox|key box|key safe|keysafe|bike lock|combination lock|keypad|strongbox"
    "|fahrradschloss|zahlenschloss|vorhangeschloss|bugelschloss|schlusselkasten|schlusselbox|schlusselsafe|schlusseltresor|spind|tresor"
    "|schliessfach|cadenas|digicode|antivol|coffre|coffre fort|boite a cles|candado|caja fuerte|taquilla|lucchetto|cassaforte"
    "|armadietto|kluis"
    "|hangslot|fietsslot|cijferslot|sleutelkluis|cadeado|cofre|sejf|klodka|skrytka"
)
_DOORS: Final = (
    "door|gate|garage|alarm|building entry|entrance|front door|back door|entry door|laundry room|lock|barrier|alarm system|house alarm"
    "|tur|haustur|kellertur|gartentur|wohnungstur|gartentor|garagentor|hoftor|eingang|alarmanlage|alarm|porte|portail|immeuble|alarme"
    "|entree|puerta|portal|garaje|alarma|cancello|portone|allarme|ingresso|voordeur|deur|poort|portao|garagem|drzwi|brama|furtka"
)
_OPENS: Final = (
    "open|opens|opened|unlock|unlocks|unlocked|disarm|disarms|offnet|offnest|offne|geht|entsperrst|entsperrt|entsperren|entsperre"
    "|ouvre|ouvrez"
    "|ouvrir|deverrouille|deverrouillez|desactive|desactivez|desarme|abre|abres|abrir|desbloquea|desbloqueas|desbloquear|quita|apaga"
    "|desactiva"
    "|apre|apri|aprire|sblocca|sblocchi|disattiva|gaat|opent|ontgrendel|ontgrendelt|otwiera|otworz|otwierasz|odblokuj|desbloqueia|desliga"
)
_KEYS: Final = (
    "type|then|enter|key|punch|tap|dial|press|input|use|hit|tape|tapez|taper|compose|composez|composer|saisir|saisis|saisissez"
    "|faites|fais|faire"
    "|marca|marque|marcar|teclea|pulsa|introduce|digita|digitare|inserisci|componi|premi|gib|tippe|tipp|druck|drucke|toets|typ|wpisz"
    "|wcisnij|digite|tecle|aperte|nimm|benutze|utilise|utilisez|usa|usad|gebruik|uzyj"
)

# What it was and what it is now: `Door code changed. Was 1234, now 7782.`
_NOWS: Final = (
    "now|was|instead|jetzt|nun|statt|neu|bisher|vorher|ahora|antes|maintenant|desormais|avant|adesso|ora|prima|nu|eerst"
    "|agora|teraz|wczesniej"
)
_CODES: Final = "code|combination|kombination|codigo|codice|kod|combinazione|combinaison"

_ARTICLE: Final = (
    rb"(?: (?:the|a|in|it|code|codes|number|le|la|les|el|los|il|lo|o|der|dem|den|die|de|het|pin|codigo|codice|nummer|kod|now|then|just|ein"
    rb"|bitte))"
)
_WORDS: Final = rb"(?:[ \x7f][a-z\x7f'\-]{1,14})"
_IS: Final = (
    rb"(?:'s|,? (?:is|is now|now|was|takes|needs|wants|uses|are|code|combo|ist|lautet|est|es|e|jest|to|c'est|it'?s|opens? with|with"
    rb"|mit|avec|con"
    rb"|com|met))"
)
_LINKED: Final = re.compile(
    rb"(?i)" + _WORDS + rb"{0,3}?(?:" + _IS + rb"(?: ?[:\-])? "
    rb"|\)? ?(?::|->| -|\x7f| \x7f) )" + _ARTICLE + rb"{0,2}[ \"'`#]{0,2}"
)
_NEXT: Final = re.compile(rb" #?")
_WITH: Final = re.compile(
    rb"(?i)"
    + _WORDS
    + rb"{0,4}? (?:with|by|using|mit|avec|con|com|met|kodem|pinem|z|na|marcando|tecleando|introduciendo|digitando|tapant)"
    + _ARTICLE
    + rb"{0,2}[ \"'`#]{1,2}"
)
_TYPED: Final = re.compile(rb"(?i)" + _ARTICLE + rb"{0,3}:?[ \"'`#]{1,2}")

_OURS: Final = Ending(
    rb"(?:\A|[.!?:,\n] ?|[a-z]'s |\b(?:the|my|your|our|his|her|their|der|mein|dein|unser|ihr|den|le|mon|ton|notre|votre|son|el|mi"
    rb"|tu|su|nuestro|il|mio|tuo|de|mijn|o|meu"
    rb"|seu|moj) )(?:(?:new|old|current|right|neue|alte|nouveau|ancien|nuevo|viejo|nuovo|nieuwe|novo|nowy) )?"
)
_CODE_IS: Final = re.compile(
    rb"(?i)(?: (?:to|for|fur|zum|pour|para|per|om) [a-z\x7f ]{2,24}?)?(?:'s|,? (?:is|ist|lautet|est|c'est|es|e|jest|to))"
    rb"(?: (?:still|now|noch|jetzt|immer noch|toujours|siempre|ancora|le|il|el|de))? [\"'`#]{0,2}"
)
_ERROR: Final[Any] = rurex.compile(
    rb"(?i)\b(?:error|status|exit|http|response|returned?|errno|fehler|erreur|statut|postal|zip|dialling|area|country|promo|discount"
    rb"|coupon|voucher|lines|order"
    rb"|product|article|tracking|reduction|descuento|rabatt|gutschein|meaning|means|closed)\b"
)
_NOW: Final = re.compile(rb"(?i)(?: (?:it'?s|it is|is|es|era|ist|war|c'?est|c'etait|est|of|to|e|jest|het is))? [\"'`#]{0,2}")
_CODE: Final = re.compile(rb"(?i)\b(?:code|codes|pin|combination|combo|kod|codigo|codice|kombination|digicode)\b")
_LOCKED: Final[Any] = rurex.compile(
    rb"(?i)\b(?:door|gate|garage|alarm|safe|lock(?:box|er|ed)?|padlock|keypad|panel|bell|building|entrance|intercom|beeps?|star|hash"
    rb"|pound|voicemail"
    rb"|tur|tor|alarmanlage|haustur|tresor|schloss|raute|stern|klingel|eingang|porte|portail|immeuble|entree|coffre|cadenas"
    rb"|alarme|diese|etoile"
    rb"|digicode|sas"
    rb"|puerta|portal|candado|caja fuerte|alarma|asterisco|almohadilla|cancello|cancelletto|portone|allarme|cassaforte|entrare|deur"
    rb"|poort|hekje"
    rb"|sterretje|brama|drzwi|domofon|krzyzyk|portao|predio|cofre)\b"
)
_SECOND: Final = Ending(rb"[0-9][A-Z]?[#*]?(?:[,;]|,? (?:and|und|et|y|e|en|i))(?: [A-Za-z\x7f]{1,8}){0,3} ", any_case=False)
_CODED: Final = re.compile(rb"(?i)code|\bpin\b|codigo|codice|\bkod|combination|entry|safe|lock|\bdoor|gate|tresor|alarm")
_COUNTED: Final[Any] = rurex.compile(
    rb"(?i)\b(?:field|cell|column|row|box|amount|price|year|quantity|total|budget|excel|spreadsheet|width|height|feld|betrag|jahr"
    rb"|zeile|montant|annee"
    rb"|champ|importe|campo|ano|anno|importo|bedrag|jaar|room|zimmer|chambre|habitacion|people|points|steps)\b"
)


def _of_lock(page: Page, start: int, word: int, end: int) -> Found | None:
    """What only opens with digits may have them right behind it."""
    return _sign(page, word, end, (_LINKED,)) or _sign(page, word, end, (_NEXT,), plain=True)


def _of_door(page: Page, start: int, word: int, end: int) -> Found | None:
    """Of two codes the second may stand right behind what it opens: `safe code 40718, alarm 9921`."""
    second = _SECOND.is_before(page.view, start, 40) and _CODED.search(page.view, max(0, start - 80), start)
    return _sign(page, word, end, (_LINKED, _NEXT) if second else (_LINKED,), plain=True)


def _opened(page: Page, start: int, word: int, end: int) -> Found | None:
    locked = _LOCKED.search(page.view[max(0, start - 60) : end]) is not None
    return _sign(page, word, end, (_WITH,), plain=not locked, years=locked)


def _typed(page: Page, start: int, word: int, end: int) -> Found | None:
    view = page.view
    sure = view[start:word].lower() in (b"key", b"punch", b"tap") and view[word : word + 4].lower() == b" in "
    if _COUNTED.search(view[max(0, start - 40) : end + 40]) is not None:
        return None
    if not sure and not (_LOCKED.search(view[max(0, start - 96) : start]) or _LOCKED.search(view[end : end + 56])):
        return None
    return _sign(page, word, end, (_TYPED,), plain=not sure, years=sure)


def _coded(page: Page, start: int, word: int, end: int) -> Found | None:
    """`the code is 4471`, but no error's."""
    view = page.view
    if not _OURS.is_before(view, start, 24) or _ERROR.search(view[max(0, start - 60) : end + 40]) is not None:
        return None
    if view[end : end + 1].isalpha():
        return None
    return _sign(page, word, end, (_CODE_IS,), plain=b"mbin" not in view[start:word].lower())


def _replaced(page: Page, start: int, word: int, end: int) -> Found | None:
    view = page.view
    begin, behind = max(0, start - 80), end + 56
    if not (_CODE.search(view, begin, start) or _CODE.search(view, end, behind)):
        return None
    if _COUNTED.search(view[begin:behind]):
        return None
    if not (_LOCKED.search(view[begin:start]) or _LOCKED.search(view[end:behind])):
        return None
    return _sign(page, word, end, (_NOW,), plain=True)


def _sign(
    page: Page, word: int, end: int, links: "tuple[re.Pattern[bytes], ...]", *, plain: bool = False, years: bool = False
) -> Found | None:
    """Return the code behind the link; `plain`: digits with dashes are a date there."""
    view = page.view
    for link in links:
        match = link.match(view, word)
        code = _SIGN.match(view, match.end()) if match else None
        if code is None or (plain and code[1]):
            continue
        bare = code[0]
        if (_YEAR.fullmatch(bare) and not years) or (
            plain and not years and link is _LINKED and _HOUR.fullmatch(bare) and bare[-1:] == b"0"
        ):
            continue
        return Found(*code.span(), "PASSWORD")
    return None


_Handler = Callable[[Page, int, int, int], Found | None]
# The words that such a sentence begins with, and who looks at it.
HEADS: Final[tuple[tuple[str, _Handler], ...]] = (
    (_LOCKS, _of_lock),
    (_DOORS, _of_door),
    (_OPENS, _opened),
    (_KEYS, _typed),
    (_NOWS, _replaced),
    (_CODES, _coded),
)
