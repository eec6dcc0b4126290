"""People whom a word for what they are gives away: "Sachbearbeiter Koertig", "su hermana Galena", "the witness Oduya".

In English, French and Spanish the capital behind such a word says it; in German so does the missing article between the two.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.german import is_made
from assistant_gateway.redaction.names.lexicon.languages import SMALL
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES

_ENGLISH: Final = (
    r"witness|patient|neighbou?r|colleague|co-?worker|brother|sister|cousin|aunt|uncle|nephew|niece|friend|nurse|attorney|lawyer|solicitor|"
    r"judge|teacher|tenant|landlord|landlady|son|daughter|wife|husband|boyfriend|girlfriend|fiancée?|boss|minister|mayor|coach|detective|"
    r"inspector|auntie|pastor|supervisor|assignee|reporter|foreman|driver|family|plaintiff|defendant|claimant|classmate|roommate|"
    r"grandmother|grandfather"
)
_GERMAN: Final = (
    r"(?:Sachbearbeiter|Schriftführer|Kassenwart|Kassierer|Wirt|Proband|Hausarzt|Vorstand|Mandant|Zusteller|Dozent|Koch|"
    r"Ausbilder|Nachbar|Patient|Mieter|Vermieter|Geschäftsführer|Richter|Lehrer|Trainer|Praktikant|Student|Schüler|Freund|"
    r"Mitarbeiter|"
    r"Kläger|Bürgermeister|Pfarrer|Hausmeister|Berater|Assistent|Sekretär|Fahrer|Autor|Redakteur|Pfleger|Gutachter|Notar|Direktor|Bewerber|"
    r"Bewohner|Antragsteller|Betreuer|Erzieher|Therapeut|Schwager|Enkel|Partner|Verteidiger|Staatsanwalt|Kommissar|Inspektor|"
    r"(?:Abteilungs|Projekt|Team|Filial|Schul|Amts|Werks)leiter)(?:in)?|Vorsitzende[rn]?|Angeklagte[rn]?|Beschuldigte[rn]?|"
    r"Zeug(?:e|in)|Kolleg(?:e|in)|Kund(?:e|in)|(?:Rechts)?[Aa]nw(?:alt|ältin)|"
    r"Familie|Eheleute|Erbengemeinschaft|Arzt|Ärztin|Chef(?:in)?|Tante|Onkel|Bruder|Schwester|Schwägerin|Cousine?|Oma|Opa|Mama|"
    r"Papa|Neffe|Nichte|Sohn|Tochter|Ehefrau|Ehemann"
)
_FRENCH: Final = (
    r"patiente?|témoin|voisine?|avocate?|collègue|frère|s[œo]eur|cousine?|tante|oncle|neveu|nièce|amie?|cliente?|professeure?|infirmière?|"
    r"famille|directeur|directrice|maire|locataire|fils|fille|épouse|époux|mari|fiancée?|copine?|grand-mère|grand-père"
)
_SPANISH: Final = (
    r"paciente|vecin[oa]|testigo|abogad[oa]|profesora?|compañer[oa]|herman[oa]|prim[oa]|tí[oa]|sobrin[oa]|amig[oa]|clienta?|cliente|"
    r"familia|herederos de|letrad[oa]|demandante|enfermer[oa]|directora?|alcalde|alcaldesa|inquilin[oa]|jef[ea]|hij[oa]|"
    r"espos[oa]|marido|novi[oa]|abuel[oa]|cuñad[oa]"
)
_NAME: Final = (
    r"(?:(?:van|von|de|del|della|di|da|du|la|le|der|den|ter|zu)[ ]){0,2}[^\W\d_a-zà-öø-ÿß][^\W\d_]*[a-zà-öø-ÿß][^\W\d_]*(?:['’-][^\W\d_]+)*"
)
_RULE: Final = re.compile(
    rf"(?<![\w-])(?:{_GERMAN}|(?i:{_ENGLISH}|{_FRENCH}|{_SPANISH}))[ ](?P<name>{_NAME}(?:[ ](?:[A-Z]\.[ ])?{_NAME}){{0,2}})(?![\w(@])"
)
_WORD: Final = re.compile(r"\S+")


def roles(text: str) -> Iterator[Span]:
    """Yield who is called by what they are."""
    for match in _RULE.finditer(text):
        end = match.start("name")
        for word in _WORD.finditer(text, *match.span("name")):
            lowered = word[0].lower()
            if word[0][0].isupper() and (lowered in SMALL or lowered in NOT_NAMES or is_made(lowered)):
                break  # "Kunde Anfang Mai", "my friend I met"
            end = word.end()
        if end > match.start("name"):
            yield Span(match.start("name"), end, "PERSON")
