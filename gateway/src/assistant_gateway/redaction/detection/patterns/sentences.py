"""Secrets that nothing names: a sentence says what opens something, or what somebody types, uses or changed.

One search finds the words that such sentences begin with, up to the next word with a digit; who looks at it is in a table. Codes of digits
are in locks.py; here are passwords, which must look like secrets (looks.py): `use Sommer2024! to get in`, `I changed it to Wint3rIsComing`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import rurex

from assistant_gateway.redaction.detection.patterns import locks, pins
from assistant_gateway.redaction.detection.patterns.endings import Ending
from assistant_gateway.redaction.detection.patterns.literals import extent
from assistant_gateway.redaction.detection.patterns.looks import MIXED, NUMBERED, SIGNED, grade
from assistant_gateway.redaction.detection.patterns.page import Found, Page, Shape

_CHANGES: Final = (
    "change|changed|changing|set|reset|switch|switched|update|updated|made|turned|rotated|habe|hab|hast|haben"
    "|changee|mis|mise|remis|remise|remplace|remplacee|modifie|modifiee|cambie|cambio|cambiamos|cambiado|cambiada|puse|puso|actualice"
    "|cambiato|cambiata|messo|messa|impostato|impostata|modificato|modificata|veranderd|gewijzigd|gezet|aangepast"
    "|mudei|troquei|alterei|mude|troque|zmienilem|zmienilam|zmien|ustawilem|ustawilam|cambiala|cambialo|change-le|changez-le"
)
_ENTERS: Final = (
    "log|logged|logging|sign|signed|signing|get|gets|got|getting|go|let|lets|come|connect|connects|connected|authenticate|login|logon"
    "|anmelden|melde|meldet|einloggen|logg|logge|kommst|komm|komme|kommt|rein|connecte|connecter|connectez|reconnecte|entre|entrer"
    "|entrez|accede"
    "|acceder|accedez|entra|entrar|entro|inicia|conectate|accedi|accedere|entrare|inloggen|aanmelden|meld|unlock|unlocks|unlocked"
    "|decrypt|decrypts|entsperrst|entsperrt|deverrouille|desbloquea|sblocca|acesse|acessar|loguj|zaloguj|zalogowac"
)
_USES: Final = (
    "use|used|uses|using|need|needs|try|tried|trying|type|typed|types|typing|enter|entered|input|put|paste|remember|nimm|nehmt|nehmen"
    "|nutze|benutz|benutze|benutzt"
    "|verwende|verwendet|verwenden|nehme|tippe|tipp|gib|gebe|probier|probiere|probiert|versuch|versuche|versucht|utilise|utiliser|utilisez"
    "|essaye|essayer|essayez|essaie|tape|taper|tapez|saisir|saisis|saisissez|mets|mettez|usa|uso|usar|usamos|prueba|pruebe|probe"
    "|escribe|escriba"
    "|teclea|pon|ponle|introduce|metti|prova|scrivi|inserisci|digita|utilizza|gebruik|probeer|typ|toets|vul|utilize|experimente|tente"
    "|digite"
    "|escreva|coloque|uzyj|uzywam|sprobuj|wpisz|habe|hab|brauchst|necesitas"
)
_PROTECTS: Final = (
    "protected|encrypted|verschlusselt|geschutzt|protege|protegee|chiffre|chiffree|protegido|protegida|cifrado|cifrada|protetto|protetta"
    "|criptato|beveiligd|versleuteld|zabezpieczony|zaszyfrowany"
)
_PAIRS: Final = "creds|credentials|zugangsdaten|identifiants|credenciales|credenziali|inloggegevens"
_NETWORKS: Final = "network|wifi|wi-fi|wlan|ssid|hotspot|netzwerk|reseau|rete|netwerk|siec"
_JOINS: Final = "and|or|und|oder|et|ou|y|o|e"

_TO: Final = rb"(?: (?:back|now|over|again|all|nu|re|weer|je|go|ja))? (?:to|in|en|par|pour|por|a|con|com|como|para|naar|op|met|na|su)"
_QUOTE: Final = rb" [\"'`(]{0,2}\Z"
_INTO: Final = re.compile(rb"(?i)" + _TO + _QUOTE)
_IT_INTO: Final = re.compile(
    rb"(?i) (?:it|this|that|mine|them|ours|everything|(?:the |my |our )?(?:router|wifi|wi-fi|wlan|hotspot|login|account|vpn))"
    + _TO
    + _QUOTE
)
_ON: Final = re.compile(rb"(?i) (?:[a-z]+ ){0,4}(?:auf|zu|in)" + _QUOTE)
_PARTICIPLE: Final = re.compile(rb"(?i) (?:(?:um)?ge(?:andert|setzt|stellt|macht)|(?:zuruck|um)(?:ge)?(?:setzt|stellt))\b")
# What was changed is not said again: it, in front of the verb.
_PRONOUN: Final = Ending(rb"(?:\bl'(?:ai|as|a|avons|ont|ho|hai|ha|abbiamo|hanno)|\b(?:la|lo|las|los|het|hem)(?: (?:he|ha|hemos|han))?) ")
_ENGLISH: Final = frozenset(b"change changed changing set reset switch switched update updated made turned rotated".split())
_GERMAN: Final = frozenset(b"habe hab hast haben".split())
_ALONE: Final = frozenset(
    b"mudei troquei alterei mude troque zmienilem zmienilam zmien ustawilem ustawilam cambiala cambialo change-le changez-le".split()
)
_WITH: Final = re.compile(
    rb"(?i)[ \-].{0,60}?\b(?:with|using|mit|avec|con|com|met|z|przez|uzywajac)(?:(?: [a-z0-9@._\-]+){1,3}(?: (?:and|und|et|y|e|ed|en"
    rb"|i)|,| /)| (?:the|le|la|el|lo|il|de|der|dem))?" + _QUOTE
)
_NO_WAY_IN: Final = re.compile(rb"(?i)(?:in|into|on|onto|to|up|dich|mich|euch)\b")
_MUST_GO_IN: Final = frozenset(b"log logged logging sign signed signing get gets got getting go let lets come inicia".split())
_OBJECT: Final = re.compile(rb"(?i)(?:[ :\-]{1,2}[a-z\x7f']{1,12}){0,4}:?" + _QUOTE)
_ITS: Final = re.compile(
    rb"(?i)[ ,.(:\-]{1,4}(?:[a-z']+ ){0,3}?(?:it'?s|it is|is|with|mit|avec|par|con|com|met|haslem|das ist|c'est|es|e|to)" + _QUOTE
)
_PAIRED: Final = re.compile(
    rb"(?i)[^\n]{0,32}?(?: are| is| sind| sont| son| sono| zijn|:)? [a-z0-9._@\-]{2,40}(?: (?:and|und|et|y|e|en|with)|,| /)" + _QUOTE
)
_JOINED: Final = re.compile(_QUOTE)

# `network Hearth-Guest, key ...`, `WLAN: Gast / ...`
_NETWORK_KEY: Final = re.compile(
    rb"(?i)(?:[^\n:=0-9,;]{1,40}?[,;:\-/] ?(?:key|schlussel|cle|clef|clave|chiave|sleutel|klucz|chave)(?: is| ist| est| es|:)?"
    rb"|:? [\"'`]?[a-z][a-z0-9_\-]{2,24}[\"'`]? /)" + _QUOTE
)
_ACCESS: Final[Any] = rurex.compile(
    rb"(?i)\b(?:log(?:s|ged|ging)?[ -]?(?:in|on)(?:to)?\b|sign(?:s|ed|ing)?[ -]?in\b|gets? (?:me |you |us |them )?in(?:to)?\b|getting in\b"
    rb"|lets? (?:me|you|him|her|us|them) in|unlock|unzip|decrypt|wi-?fi|wlan|router|vpn|hotspot|passwor[dt]|kennwort|passcode|pw\b|pin\b"
    rb"|(?:open|extract|unpack)(?:s|ing)? (?:the |that |this |my |it |up )*(?:pdf|zip|file|archive|attachment|document|door|safe"
    rb"|spreadsheet)"
    rb"|(?:my|your|the|his|her|our|apple|bank|mail|email|google|microsoft|steam)"
    rb" (?:bank|accounts?|apple id|id|mail|e-mail|email|inbox|laptop|vault)\b"
    rb"|(?:for|of|into) (?:the |that |this |my )?(?:zip|pdf|archive|attachment|portal|router|intranet|login|server)\b"
    rb"|(?:fur|in) (?:die|das|den) (?:zip|pdf|archiv|datei|portal|router|anhang)|pour (?:le|la|l') ?(?:zip|pdf|archive|fichier|portail)"
    rb"|para (?:el|la) (?:zip|pdf|archivo|portal)"
    rb"|when(?:ever)? (?:it|you|they|the [a-z]+)(?:'re| are)? (?:ask|prompt|want)|asks? (?:you|me|for)|if (?:it|they) asks?|prompted"
    rb"|at the prompt|authentica|credential|locked out"
    rb"|einlogg|eingelogg|anmeld|angemeldet|entsperr|entpack|entschlussel|konto\b|wenn (?:er|es|sie|du) (?:danach |dich )*(?:frag|gefrag)"
    rb"|abfrage|zugang|aufmach|geht (?:das )?uberall|reinkomm|reinzukomm"
    rb"|connect(?:er|e|ez|ion)\b|demande|ouvrir (?:le|la|l')|ouvre (?:le|la|l')|deverrouill|mon compte|messagerie|mot de passe|mdp\b"
    rb"|acceder|para (?:entrar|acceder|abrir)|iniciar sesion|lo pid[ae]|la pid[ae]|te pid[ae]|te deja|me deja|desbloque|mi cuenta|tu cuenta"
    rb"|contrasena|clave\b|accedere|entrare|chied[ea]|sblocc|aprire|inloggen|in te loggen|aanmelden|vraagt|ontgrendel|wachtwoord"
    rb"|openen|acessar|pedir"
    rb"|senha\b|zalogowa|logowani|zapyta|odblokow|otworzy|haslo)"
)
# What everybody may have, and what else is called by a word and a number.
_PUBLIC: Final[Any] = rurex.compile(
    rb"(?i)\b(?:promo|coupon|discount|voucher|checkout|% off|sale|rabatt|gutschein|reduction|remise|descuento|cupon|sconto|korting"
    rb"|desconto|rabat"
    rb"|item|achievement|level|model|modell|modele|modelo|library|package|version|branch|for example|compiler|font|browser|engine|kernel"
    rb"|firmware"
    rb"|api|sdk|cpu|gpu|plugin|variable|function|class|method|column|table|endpoint)\b"
)
_FAILED: Final[Any] = rurex.compile(
    rb"(?i)\b(?:neither|nothing works|no luck|wrong|fail(?:s|ed)|(?:does|do|did)n'?t work|won'?t|rejected|denied|incorrect|falsch"
    rb"|geht nicht"
    rb"|klappt nicht|beides|marche pas|refuse|incorrecte?|no funciona|no vale|no me deja|incorrect[oa]|sbagliat|non funziona"
    rb"|werkt niet|fout"
    rb"|nao funciona|nie dziala|zle)\b"
)
_BEFORE, _BEHIND = 120, 88  # bytes around the word that may say what it is for; further behind a stream does not wait (rules.REACH)


def _looks(page: Page, first: int) -> tuple[int, int]:
    """Return where the word ends that begins there, and how much it looks like a secret."""
    view = page.view
    quote = view[first - 1 : first]
    if quote in (b'"', b"`"):
        _, last = extent(view, first, quote)
    else:
        _, last = extent(view, first, None)
        if quote == b"(" and b")" in view[first:last]:
            last = view.index(b")", first, last)
    return last, grade(view[first:last])


def _changed(page: Page, start: int, word: int, first: int) -> Found | None:
    view = page.view
    verb = view[start:word].lower()
    if verb in _GERMAN:
        link = _ON
    elif verb in _ALONE or _PRONOUN.is_before(view, start, 16):
        link = _INTO
    else:
        link = _IT_INTO
    if (link is _IT_INTO and verb not in _ENGLISH) or link.fullmatch(view, word, first) is None:
        return None
    last, looks = _looks(page, first)
    if not looks or (link is _ON and _PARTICIPLE.match(view, last) is None):
        return None
    return _told(page, first, last) if looks >= MIXED or _is_access(view, start, first, last) else None


def _entered(page: Page, start: int, word: int, first: int) -> Found | None:
    view = page.view
    if view[start:word].lower() in _MUST_GO_IN and _NO_WAY_IN.search(view, word, first) is None:
        return None
    if view[word : word + 4] == b" en " or _WITH.fullmatch(view, word, first) is None or _is_public(view, start, first, first):
        return None
    last, looks = _looks(page, first)
    return _told(page, first, last) if looks > NUMBERED or (looks and _GOES_ON.match(view, last)) else None


# A word and a number that a thing follows is its name: `the new Summer25 menu`.
_GOES_ON: Final = re.compile(
    rb"[\"'`)]{0,2}(?:[ \t]?[.,;:!?\r\n()-]|\Z| (?i:to|for|when|whenever|if|as|and|or|on|in|at|but|with|it|please|because|again"
    rb"|instead|first"
    rb"|then|until|since|zum|zur|fur|um|wenn|beim|bei|im|am|an|ein|auf|und|oder|quand|pour|et|ou|si|dans|au|para|cuando|y|o|en|a|per|quando"
    rb"|e|se|om|als|voor|of|bij|nicht|ne|no|zeby|aby|gdy|i|lub|rein"
    rb"|probiert|genommen|benutzt|verwendet|eingegeben)\b)"
)
# German says at the end what somebody has done.
_HAVE: Final = (b"habe", b"hab")
_TRIED: Final[Any] = rurex.compile(rb"probiert|versucht|benutzt|genommen|eingegeben|verwendet|getippt")


def _used(page: Page, start: int, word: int, first: int) -> Found | None:
    view = page.view
    if _OBJECT.fullmatch(view, word, first) is None or (
        view[start:word].lower() in _HAVE and _TRIED.search(view[first : first + 80]) is None
    ):
        return None
    last, looks = _looks(page, first)
    if looks == 0 or _is_public(view, start, first, last) or (looks == NUMBERED and _GOES_ON.match(view, last) is None):
        return None
    sure = (
        looks == SIGNED
        or _is_access(view, start, first, last)
        or (looks == MIXED and _FAILED.search(view[last : first + _BEHIND]) is not None)
    )
    return _told(page, first, last) if sure else None


def _protected(page: Page, start: int, word: int, first: int) -> Found | None:
    if _ITS.fullmatch(page.view, word, first) is None:
        return None
    last, looks = _looks(page, first)
    return _told(page, first, last) if looks >= NUMBERED else None


def _of_network(page: Page, start: int, word: int, first: int) -> Found | None:
    if _NETWORK_KEY.fullmatch(page.view, word, first) is None:
        return None
    last, looks = _looks(page, first)
    return _told(page, first, last) if looks else None


def _paired(page: Page, start: int, word: int, first: int) -> Found | None:
    if _PAIRED.fullmatch(page.view, word, first) is None:
        return None
    last, looks = _looks(page, first)
    return _told(page, first, last) if looks else None


def _again(page: Page, word: int, first: int) -> Found | None:
    """The second of two that were tried."""
    if _JOINED.fullmatch(page.view, word, first) is None:
        return None
    last, looks = _looks(page, first)
    return _told(page, first, last) if looks else None


def _told(page: Page, first: int, last: int) -> Found:
    page.done["told"] = last
    return Found(first, last, "PASSWORD")


def _is_access(view: bytes, start: int, first: int, last: int) -> bool:
    """Whether it is told about getting in somewhere, around it."""
    return _ACCESS.search(view[max(0, start - _BEFORE) : first]) is not None or _ACCESS.search(view[last : first + _BEHIND]) is not None


def _is_public(view: bytes, start: int, first: int, last: int) -> bool:
    """Whether the sentence is about vouchers, models or programs."""
    return _PUBLIC.search(view[max(0, start - 40) : first]) is not None or _PUBLIC.search(view[last : last + 40]) is not None


_Handler = Callable[[Page, int, int, int], Found | None]
# The words that such a sentence begins with, and who looks at it.
_HEADS: Final[tuple[tuple[str, _Handler], ...]] = (
    (pins.TYPED_HEADS, pins.typed),
    *locks.HEADS,
    (_CHANGES, _changed),
    (_ENTERS, _entered),
    (_USES, _used),
    (_PROTECTS, _protected),
    (_PAIRS, _paired),
    (_NETWORKS, _of_network),
)


def _table() -> dict[bytes, tuple[_Handler, ...]]:
    """Return who looks at what begins with each word."""
    table: dict[bytes, tuple[_Handler, ...]] = {}
    for words, handler in _HEADS:
        for word in words.split("|"):
            table[word.encode()] = (*table.get(word.encode(), ()), handler)
    return table


_BY_HEAD: Final = _table()
_FIRSTS: Final = frozenset(re.split(rb"[ \-]", word)[0] for word in _BY_HEAD)
_EITHER: Final = "|".join(word.decode() for word in sorted(_BY_HEAD, key=len, reverse=True))
# Counts would make an automaton of thousands of states: how many words may stand between is what the handlers ask.
_CODE: Final = r"(?:[A-Z]?[0-9]{3}|[0-9]{1,2}-[0-9]|[0-9][0-9]?[A-Z][0-9])"
_ODD_WORD: Final = r"[A-Za-z][^\s0-9]*[0-9]"
_SENTENCE: Final = (
    rf"(?i:\b(?:{_EITHER})\b)[^\s0-9.!?]{{0,4}}(?: [^\s0-9]*[^\s0-9.!])*? [^\s0-9A-Za-z]{{0,2}}(?:{_CODE}|{_ODD_WORD})",
    rf"(?i:\b(?:{_JOINS})) [\x22'`]?{_ODD_WORD}",
)
_GAP: Final = re.compile(rb"[\s\"'`(#]+(?=[^\s\"'`(]*\Z)")
_WORD: Final = re.compile(rb"[A-Za-z]+(?:(?=([ \-][A-Za-z]+))(?=[ \-][A-Za-z]+( [A-Za-z]+)?))?")
_REACH: Final = 96  # bytes before the value in which the sentence must begin


def _begun(page: Page, start: int, end: int) -> Found | None:
    """Look at what each word begins that is in the table."""
    view = page.view
    gap = _GAP.search(view, max(start, end - _REACH), end)
    if gap is None:
        return None
    first = gap.end()
    if start == page.done.get("told", -9) + 1:
        return _again(page, view.find(b" ", start), first)
    for word in _WORD.finditer(view, max(start, first - _REACH), first):
        if word[0].lower() in _FIRSTS:
            for group in (2, 1, 0):  # the longest that is in the table
                ends = word.end(group)
                for handler in _BY_HEAD.get(view[word.start() : ends].lower(), ()) if ends > 0 else ():
                    if (found := handler(page, word.start(), ends, first)) is not None:
                        return found
    return None


# After a refused candidate there is none in what was looked at.
SHAPES: Final = (Shape(_SENTENCE, _begun, frozenset({"PASSWORD"}), digits=True, whole=True),)
