"""What says something about a person without naming one, for the mode that would rather mask too much.

Nationalities, ages, dates, handles, hosts.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.ordinary import is_word
from assistant_gateway.redaction.names.lexicon.things import Things

_MONTHS: Final = (
    r"(?:Jan(?:uary|uar)?|Feb(?:ruary|ruar)?|Mar(?:ch)?|März|Apr(?:il)?|May|Mai|Jun[ei]?|Jul[yi]?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|"
    r"O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|"
    r"junio|julio|agosto|septiembre|octubre|noviembre|diciembre)"
)
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th|\.|er)?"
_DATES: Final = re.compile(
    rf"(?<![\w/.-])(?:{_DAY}[ ](?:de[ ])?{_MONTHS}\.?(?:[ ,]+(?:de[ ])?\d{{4}})?|{_MONTHS}\.?[ ]{_DAY}(?:,?[ ]\d{{4}})?|"
    rf"{_MONTHS}[ ]\d{{4}}|"
    r"\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d\d|(?:19|20)\d\d-\d\d-\d\d|(?<=[ (])(?:19|20)\d\d(?=[ ,.;)]))(?![\w/-])"
)
_AGES: Final = re.compile(
    r"(?i)(?<![\w.])\d{1,3}(?=[ -](?:years?|yrs?|jahre?|ans|años)\b|[ -]y/?o\b)|"
    r"(?<=aged )\d{1,3}|(?<=age of )\d{1,3}|(?<=turned )\d{1,3}|(?<=turn )\d{1,3}|(?<=was )\d{2}(?=\.)"
)
_HANDLES: Final = re.compile(r"(?<![\w.@/])@[A-Za-z_]\w{2,30}(?!\w|\.\w)")
# "Norwegian", "Zimbabwean", "Portuguese", "Danish": by their endings, and the short ones by themselves.
_ENDINGS: Final = r"ians?|nese|lish|stanis?|aelis?|raqis?|uayan|malan|cans?|opean|orean|adese|babwean|ghans?"
_SHORT: Final = (
    r"American|African|Asian|European|British|English|Irish|Scottish|Welsh|Spanish|French|German|Dutch|Danish|Swedish|Finnish|Polish|Turkish|Greek|"
    r"Swiss|Czech|Slovak|Thai|Kuwaiti|Omani|Saudi|Qatari|Emirati|Pakistani|Somali|Afghan|Arab|Jewish|Muslim|Christian|Hindu|Buddhist|Frenchman|"
    r"Englishman|Irishman|Dutchman|Filipino|Filipina|Croat|Serb|Turk|Dane|Swede|Finn|Pole|Scot|Spaniard|Briton|Cypriot|Kurdish|Icelandic"
)
_NATIONS: Final = re.compile(rf"(?<!\w)(?:[A-Z][a-z]{{2,20}}(?:{_ENDINGS})|(?:{_SHORT})s?)(?!\w)")
_HOSTS: Final = re.compile(r"(?i)(?<![\w@])(?:https?://|www\.)[^\s/?#<>\"')]{3,100}")
# Where somebody works or buys: a run of capital words after such a word, of which the first is none of the usual ones.
_CAPITAL: Final = r"[A-ZÄÖÜÉ][\w&'’-]{0,40}"
_MORE: Final = rf"(?:[ ](?:&|and|of|de|\d[\w-]{{0,9}}|{_CAPITAL})){{0,5}}"
_FIRST: Final = re.compile(r"[^\W\d_]+")
_WHERE: Final = re.compile(rf"(?<!\w)(?:at|with|for|by|joined|bei|chez|en|from) (?P<value>{_CAPITAL}(?:\.[\w-]{{1,20}})?{_MORE})")
_RULES: Final = ((_HOSTS, "ORGANISATION"), (_DATES, "DATE_OF_BIRTH"), (_AGES, "DATE_OF_BIRTH"), (_HANDLES, "PERSON"), (_NATIONS, "PLACE"))


def traces(text: str) -> Iterator[Span]:
    """Yield them, each under the type that it comes closest to."""
    things = Things(text)
    for rule, entity in _RULES:
        for match in rule.finditer(text):
            if rule is _NATIONS and match[0].lower() in things.sure:
                continue  # "a Gaussian mixture"
            yield Span(match.start(), match.end(), entity)
    for match in _WHERE.finditer(text):
        first = _FIRST.match(match["value"])
        is_name = first is not None and not is_word(first[0]) and first[0].lower() not in things.sure
        if first is not None and is_name and not things.is_likely(match.start("value"), match.start("value") + first.end()):
            yield Span(*match.span("value"), "ORGANISATION")
