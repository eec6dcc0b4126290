"""People whom the words beside them give away: a title, a greeting, a signature, "my name is"."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.languages import SMALL
from assistant_gateway.redaction.names.lexicon.words import NOT_NAMES

# A capital word, possibly with a particle before it or an initial between.
_NAME: Final = (
    r"(?:(?:van|von|de|del|della|di|da|dos|du|le|la|der|den|ter|zu|bin|al|el|O|d|St)[ .'’]{1,2}(?:der |den |la |las |los )?)?"
    r"[^\W\d_a-zà-öø-ÿß][^\W\d_]*(?:['’-][^\W\d_]+)*"
)
_NAMES: Final = rf"{_NAME}(?:[ ](?:[A-Z]\.[ ])?{_NAME}){{0,3}}"

_TITLES: Final = (
    r"Mrs?|Ms|Miss|Mx|Dr|Prof|Sir|Dame|Lady|Lord|Rev|Fr|Sgt|Capt|Lt|Col|Judge|Professor|Doctor|Herrn?|Frau|Fräulein|Hr|"
    r"Dipl[.-]Ing|M|MM|Mme|Mmes|Mlle|Me|Pr|Cllr|Councillor|Reverend|Rabbi|Imam|Sheikh|Baroness|Bürgermeister(?:in)?|Pfarrer(?:in)?|Pfr|"
    r"Signora?|Dott|Dottoressa|Mevrouw|Meneer|Senhora?|Pani|Sres|Sras|Monsieur|Madame|Mademoiselle|Maître|Docteur|Docteure|Sra?|Srta|Do[ñn]a?|Señora?|Señorita|Doctora?|Dra"
)
_SMALL_TITLES: Final = r"don|señora?|señorita|doctora?|doña|docteure?|professeure?|maître|monsieur|madame|mademoiselle"
_GREETINGS: Final = (
    r"Dear|Hi|Hello|Hey|Hiya|Thanks|Cheers|Regards|Sincerely|Yours|Love|Liebe[rs]?|Hallo|Moin|Servus|Gr(?:ü|ue)(?:ß|ss)e|Hoi|"
    r"Cher|Chère|Bonjour|Bonsoir|Salut|Coucou|Bises|Cordialement|Amitiés|Querid[oa]|Estimad[oa]|Hola|Saludos|Abrazo|Atentamente|Besos"
)
_PATTERNS: Final = (
    # The title is masked with the name: it says whether it is a man or a woman.
    (rf"(?<![\w.])(?:(?:{_TITLES}|{_SMALL_TITLES})\.?[ \u00a0](?:(?:and|und|et|y|&)[ ](?=(?:{_TITLES})\b))?)+(?P<name>{_NAMES})", "all"),
    (rf"(?<!\w)(?:{_GREETINGS})(?:,\s+|[ ])(?!(?:{_TITLES})\b)(?P<name>{_NAME})(?=\s*(?:[,!.;:–-]|$))", "name"),
    (
        r"(?i:(?<!\w)(?:my (?:full |first |last |maiden )?name is|name's|i am called|call me|called|named|ich heiße|ich heisse|"
        r"mein name ist|heißt|"
        rf"je m['’]appelle|mon nom est|nommée?|me llamo|mi nombre es|llamad[oa]|se llama|s['’]appelle)[ ])(?P<name>{_NAMES})",
        "name",
    ),
    (
        r"(?i:(?<![\w-])(?:full name|first name|last name|surname|name|patient|patientin|tenant|client|customer|contact|attn\.?|attention|"
        r"plaintiff|defendant|applicant|employee|vorname|nachname|kundin|kunde|mieter(?:in)?|ansprechpartner(?:in)?|nom|prénom|client|locataire|"
        rf"nombre|apellidos?|cliente|inquilin[oa]|paciente|de|von|from|to|an|à|para|cc)[ ]?:[ \t]*)(?P<name>{_NAMES})",
        "name",
    ),
)
_RULES: Final = tuple((re.compile(pattern), taken) for pattern, taken in _PATTERNS)


def people(text: str) -> Iterator[Span]:
    """Yield who is addressed, introduced or signs."""
    for rule, taken in _RULES:
        for match in rule.finditer(text):
            words = match["name"].split()
            # "Dear All", "Hello World", "Thanks For": a greeting of nobody.
            if words[0].lower() in _NOBODY or (words[0].lower() in SMALL and words[0][0].isupper()):
                continue
            if words[0].lower() in _OFFICES and len(words) == 1:
                continue  # "Herr Präsident": whoever holds it
            if words[0].isupper() and words[0].lower() in NOT_NAMES:
                continue  # "a file called NAME": what a manual has in place of a name
            start = match.start() if taken == "all" else match.start("name")
            yield Span(start, match.end("name"), "PERSON")


# "Herr Präsident Huber" is somebody.
_OFFICE: Final = """
    präsident präsidentin vizepräsident vizepräsidentin kommissar kommissarin minister ministerin kanzler kanzlerin bundeskanzler
    bundeskanzlerin bürgermeister bürgermeisterin oberbürgermeister oberbürgermeisterin landrat landrätin abgeordnete abgeordneter
    abgeordneten ratsvertreter ratspräsident ratspräsidentin vorsitzende vorsitzender vorsitzenden professor professorin doktor
    direktor direktorin pfarrer pfarrerin botschafter botschafterin staatssekretär staatssekretärin berichterstatter berichterstatterin
    rektor richterin anwalt anwältin hauptmann oberst general major inspektor wachtmeister president chairman chairwoman chair speaker
    mayor justice secretary ambassador chancellor commissioner governor senator minister premier officer doctor président présidente
    maire ministre directeur directrice commissaire procureur rapporteur sénateur préfet juge presidente presidenta alcalde alcaldesa
    ministro ministra director directora juez fiscal comisario secretario senador sindaco onorevole direttore
"""
_OFFICES: Final = frozenset(_OFFICE.split())
_NOBODY: Final = frozenset(
    [
        "all",
        "everyone",
        "everybody",
        "team",
        "sir",
        "madam",
        "sirs",
        "customer",
        "customers",
        "colleague",
        "colleagues",
        "world",
        "friend",
        "friends",
        "folks",
        "guys",
        "people",
        "support",
        "bot",
        "assistant",
        "hiring",
        "editor",
        "neighbour",
        "neighbours",
        "neighbor",
        "neighbors",
        "reader",
        "readers",
        "guest",
        "guests",
        "passenger",
        "passengers",
        "parents",
        "students",
        "applicant",
        "santa",
        "diary",
        "manager",
        "committee",
        "sales",
        "service",
        "office",
        "there",
        "claude",
        "gemini",
        "alexa",
        "siri",
        "damen",
        "herren",
        "herr",
        "frau",
        "kollegen",
        "kolleginnen",
        "kunde",
        "kundin",
        "zusammen",
        "welt",
        "leute",
        "team",
        "alle",
        "freunde",
        "madame",
        "monsieur",
        "messieurs",
        "mesdames",
        "tous",
        "toutes",
        "client",
        "cliente",
        "monde",
        "équipe",
        "collègues",
        "amis",
        "todos",
        "todas",
        "equipo",
        "señor",
        "señora",
        "señores",
        "cliente",
        "amigos",
        "mundo",
        "dios",
        "god",
        "christmas",
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ]
)
