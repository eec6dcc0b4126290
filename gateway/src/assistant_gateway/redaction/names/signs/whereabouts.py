"""Towns that the words beside them give away: where somebody lives, was born, goes, or sends greetings from.

For German above all: there a capital says nothing, and the model was made for English.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.german import is_made
from assistant_gateway.redaction.names.lexicon.languages import SMALL
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES

_C: Final = r"[^\W\d_a-zà-öø-ÿß]"
_WORD: Final = rf"{_C}[^\W\d_]+(?:[-'’][^\W\d_]+)*"
_LINKS: Final = r"(?:an der|am|bei|im|ob der|unter|de|del|de la|de las|de los|la|las|los|du|des|sur|sous|en|upon|on|of)"
_TOWN: Final = rf"(?P<value>{_WORD}(?:[ -](?i:{_LINKS}[ -])?{_WORD}){{0,3}})"
_ONE: Final = rf"(?P<value>{_WORD}(?:[ ](?i:(?:an der|am|bei|im|ob der)[ ]){_WORD}|[ ]{_WORD})?)"
_VERBS_BEHIND: Final = (
    r"geboren|aufgewachsen|gezogen|umgezogen|wohne|wohnt|wohnen|lebe|lebt|leben|komme|kommt|stamme|stammt|gefahren|gereist|kennengelernt|"
    r"geheiratet|gestorben|ansässig|wohnhaft|studiert|gemeldet"
)
_VERBS_BEFORE: Final = (
    r"geboren|aufgewachsen|wohnhaft|ansässig|wohne|wohnst|wohnt|wohnen|wohnte|lebe|lebst|lebt|leben|lebte|ziehe|ziehst|zieht|ziehen|zog|zogen|"
    r"fahre|fährst|fährt|fahren|fuhr|fuhren|reise|reist|reisen|reiste|fliege|fliegt|fliegen|flog|stamme|stammt|komme|kommst|kommt|kam"
)
_THINGS: Final = (
    r"Grüße|Gruß|Karte|Brief|Urlaub|Familie|Freunde|Freund|Freundin|Kunde|Kundin|Bahnhof|Werk|Filiale|Büro|Hotel|Wohnung|Haus|Häuschen|"
    r"Krankenhaus|Klinik|Praxis|Schule|Gymnasium|Universität|Hochschule|Messe|Niederlassung|Standort|Zentrale|Hauptsitz|Unfall|Flughafen|"
    r"Restaurant|Geschäft|Laden|Kanzlei|Amtsgericht|Landgericht|Gericht|Rathaus|Finanzamt|Konferenz|Tagung|Termin|Wochenende|Geburtsort|geschah"
)
_PATTERNS: Final = (
    # "in Kössen geboren", "von Saxen nach Weißenhorn gezogen"
    rf"(?<!\w)(?:in|aus|nach|von|bei)[ ]{_ONE}(?=[ ](?:nach[ ]{_WORD}[ ])?(?:{_VERBS_BEHIND})(?!\w))",
    rf"(?<!\w)(?:{_VERBS_BEFORE})[ ]"
    rf"(?:(?:seit|jetzt|heute|morgen|gestern|nun|wieder|gerne?|immer|noch|\d{{4}}|mit|dem|der|Zug|Bus|Auto)[ ]){{0,4}}"
    rf"(?:in|aus|nach|bei)[ ]{_ONE}",
    rf"(?<!\w)(?:{_THINGS})[ ](?:aus|in)[ ]{_ONE}",
    rf"(?<!\w)(?:Zug|Bus|Fahrt|Reise|Weg|Flug|Umzug|Auto|Ausflug|Rückfahrt)[ ]nach[ ]{_ONE}",
    rf"(?i:(?<!\w)(?:born|grew up|living|lives?|lived|resid(?:es?|ing)|moved|moving|based|stationed|settled)[ ](?:in|to|near|outside)[ ])"
    rf"(?-i:{_TOWN})",
    rf"(?i:(?<!\w)(?:n[ée]e?s?|habit(?:e|es|ons|ez|ent|ait)|v(?:it|is|ivons|ivent|ivait)|résid(?:e|ent|ait)|domiciliée?|déménag\w+)"
    r"[ ](?:à|vers)[ ])"
    rf"(?-i:{_TOWN})",
    r"(?i:(?<!\w)(?:nac(?:í|ió|ida|ido)|viv(?:e|o|en|imos|ía|ían|ió)|resid(?:e|o|en|ía)|criad[oa]|domiciliad[oa]|mud(?:é|ó|amos|aron|a|an|arse)|"
    rf"vecin[oa])[ ](?:en|a|de)[ ])(?-i:{_TOWN})",
    r"(?im:^[ \t>*-]*(?:wohnort|geburtsort|ort|stadt|city|town|place of birth|birthplace|ville|lieu de naissance|ciudad|localidad|"
    rf"población|lugar de nacimiento)[ ]?:[ \t]*)(?-i:{_TOWN})",
)
_RULES: Final = tuple(re.compile(pattern) for pattern in _PATTERNS)


def whereabouts(text: str) -> Iterator[Span]:
    """Yield the towns."""
    for rule in _RULES:
        for match in rule.finditer(text):
            first = match["value"].split()[0].lower()
            if first not in SMALL and first not in NOT_NAMES and not is_made(first):
                yield Span(*match.span("value"), "PLACE")
