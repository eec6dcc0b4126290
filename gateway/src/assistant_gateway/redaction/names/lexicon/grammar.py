"""What the words around a word say of it: an article behind a sentence's first word makes that a verb, not somebody.

Neighbours: german.py knows nouns; decoding.py weighs both against the model's opinion.
"""

import re
from typing import Final

_AFTER_VERBS: Final = (
    "the a an der die das den dem ein eine einen einem el la los las un una unos unas le les une des il lo gli uno het een"
)
# These do stand behind names ("Juan de Dios"), but seldom behind one that nobody knows.
_BEHIND_NOUNS: Final = """
    de del para por con sin sobre en entre hasta desde acerca este esta estos estas ese esa du pour par avec sans sur dans à cette ce ces of
    for with without from into this that these those für mit ohne auf aus über unter diese dieser dieses
"""
_ARTICLES: Final = frozenset(_AFTER_VERBS.split())
_PREPOSITIONS: Final = frozenset(_BEHIND_NOUNS.split())
# How each language builds its nouns, verbs and adverbs; whoever is called so is in the lists of names.
_MADE: Final = {
    "en": re.compile(
        r".{2,}(?:tion|tions|ment|ments|ness|ity|ities|ings?|able|ible|ize|ise|ized|ically|edly|fully|ously|less|ware|load|word|line)"
    ),
    "fr": re.compile(
        r".{2,}(?:tions?|sions?|ments?|ité|ités|ages?|eurs?|euses?|iques?|ables?|ibles?|issez|ez|er|ures?|ant|ées?|és|oirs?|oires?|ismes?|ichiers?|é)"
    ),
    "es": re.compile(
        r".{2,}(?:ción|ciones|sión|siones|dad|dades|mientos?|mente|ando|iendo|ados?|adas?|idos?|idas?|ables?|ibles?|ería|ura|uras|adora?|adores|"
        r"ar|er|ir|arse|aje|ajes|ismo|[aei]mos|aron|ieron|aría|ales|ivos?|ivas?|icos?|icas?|ó)"
    ),
    "it": re.compile(
        r".{2,}(?:zion[ei]|sion[ei]|ment[oi]|mente|ità|[ae]ndo|[aiu]t[oaie]|ismo|ist[aie]|aggi|are|ere|ire|[aei]v(?:a|ano)|arono|irono|ezza|ebbe|tor[ei]|"
        r"abil[ei]|ibil[ei]|issim[oaie])"
    ),
    "nl": re.compile(r".{2,}(?:ingen|ing|heid|heden|lijke?|ties?|teit|eren|erij|isch|ische|baar|loos)"),
    "pt": re.compile(
        r".{2,}(?:ção|ções|são|sões|mentos?|mente|dades?|[aei]ndo|[ai]d[oa]s?|ismo|istas?|agem|agens|ava|avam|aram|eram|iram|aria|eria|ador|adora|"
        r"ar|er|ir|ável|íveis|ência|ância|ou)"
    ),
}
_AFTER: Final = re.compile(r"[ \t]([^\W\d_]+)")
_BEFORE: Final = re.compile(r"(?<!\w)([^\W\d_]+)[ ]$")
_BEFORE_NOUNS: Final = frozenset(
    ["the", "a", "an", "el", "la", "los", "las", "un", "una", "le", "les", "une", "this", "these", "your", "our"]
)
_OF_A_COUNTRY: Final = re.compile(r"[^\W\d_]+(?:an|ish|ese|[aei]k)(?!\w)")  # "the Grenadian delegation" says something of people
_LONGEST: Final = 8
_WORD: Final = re.compile(r"[^\W\d_]+")


def governs(text: str, end: int, *, is_known: bool) -> bool:
    """Say whether a word is a request's verb or its noun by what follows: "Mark the file", "Lea la descripción", "Tamaño de la tabla".

    `is_known`: somebody is called so; then only an article says so.
    """
    after = _AFTER.match(text, end)
    return after is not None and (after[1] in _ARTICLES or (not is_known and after[1] in _PREPOSITIONS))


def has_article(text: str, start: int) -> bool:
    """Say whether an article stands before a word, as it seldom does before somebody's name: "the Zorblax", "la Zorblax"."""
    before = _BEFORE.search(text, max(0, start - _LONGEST), start)
    if before is None or before[1].lower() not in _BEFORE_NOUNS:
        return False
    return _OF_A_COUNTRY.match(text, start) is None


def is_made(lowered: str, language: str | None) -> bool:
    """Say whether a word, written small, is built like a word of the language rather than like a name."""
    rule = _MADE.get(language or "")
    return rule is not None and rule.fullmatch(lowered) is not None


def small_words(text: str) -> frozenset[str]:
    """Return the words that a text writes small somewhere: names never are, in careful prose."""
    return frozenset(word for word in _WORD.findall(text) if word.islower())
