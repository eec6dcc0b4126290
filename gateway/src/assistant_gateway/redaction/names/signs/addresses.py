"""Postal addresses as they are written in English, German, French and Spanish."""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span

_C: Final = r"[^\W\d_a-zà-öø-ÿß]"  # a capital letter of any script that has them
_WORD: Final = rf"{_C}[\w'’-]*\.?"
_NUMBER: Final = r"\d{1,5}(?:[ ]?[-/][ ]?\d{1,4})?[ ]?[a-zA-Z]?"

_ENGLISH_ROADS: Final = (
    r"Streets?|St|Roads?|Rd|Avenues?|Ave|Av|Lanes?|Ln|Drive|Dr|Courts?|Ct|Boulevard|Blvd|Place|Pl|Square|Sq|Terrace|Tce|Ter|Way|Close|Crescent|Cres|"
    r"Highway|Hwy|Parkway|Pkwy|Circle|Cir|Trail|Trl|Grove|Gardens|Gdns|Row|Mews|Alley|Plaza|Loop|Parade|Pde|Walk|Hill|Quay|Esplanade|Turnpike|Pike"
)
_GERMAN_ROADS: Final = (
    r"stra(?:ß|ss)e|str\.?|weg|platz|allee|gasse|ring|damm|ufer|steig|chaussee|promenade|brücke|bruecke|wall|markt|graben|stieg|twiete|zeile|berg|hof|"
    r"garten|park|tor|feld|pfad"
)
_FRENCH_ROADS: Final = (
    r"rue|avenue|av\.|boulevard|bd|place|chemin|impasse|allée|quai|route|cours|square|passage|ruelle|sentier|faubourg|cité|résidence"
)
_SPANISH_ROADS: Final = (
    r"Calle|C/|C\.|Avda\.?|Av\.|Avenida|Plaza|Plza\.?|Paseo|Pº|Ctra\.?|Carretera|Camino|Ronda|Travesía|Urb\.|Urbanización|Callej[oó]n|Pasaje|Rúa|Carrer|"
    r"Glorieta|Rambla|Alameda|Cuesta|Bulevar"
)
_LINKS: Final = r"(?:de|du|des|la|le|les|l['’]|d['’]|del|las|los|el|y|et|en|sur|sous|aux?|à|van|von|der|den|dem|am|im|zum|zur)"
_ROOMS: Final = r"Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm|Wohnung|Whg|Stock|App|Appt|Appartement|Étage|Bât|Piso|Puerta|Esc"
_UNIT: Final = rf"(?:{_ROOMS})\.?[ ]?#?[ ]?\d{{1,5}}[A-Za-z]?"

# "An der Mühle 8"
_OLD_WAYS: Final = r"An der|An den|Am|Auf der|Auf dem|In der|In den|Im|Unter den|Unter der|Zum|Zur|Hinter der|Vor dem|Alte|Alter|Neue|Neuer"
_CODES: Final = r"zip(?:[ -]?code)?|post(?:al)?[ ]?code|plz|postleitzahl|code postal|c[oó]digo postal"
_STATES: Final = (
    r"A[CLKRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|"
    r"NSW|NT|ACT|SA|VIC|QLD|TAS"
)
_PROVINCES: Final = r"AB|BC|MB|NB|NL|NS|NT|NU|ON|PE|QC|SK|YT"
_POINTS: Final = r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?[ ])?"
_NUMERO: Final = r"(?:n[ºo°.]{1,2}[ ]?)?"
_FLOOR: Final = r"(?:[ ]?[-,][ ]?\d{1,2}[ºª]?[ ]?[A-D]?)?"

# "Olympiapark 1972": a year, not a house.
_YEAR: Final = r"(?!(?:1[5-9]|20)\d\d(?!\w))"
# "Im Mai 14", "In den Jahren 12 bis 15": no lane.
_TIMES: Final = (
    r"(?!(?:[\w-]+[ ])?(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Frühjahr|Frühling|"
    r"Sommer|Herbst|Winter|Jahren?|Jahre|Saison|Spielzeit|Zeitraum|Quartal|Alter|Schnitt|Durchschnitt|[\w-]*[Nn]ummer|Liga|Minuten?|"
    r"Runde|Spiel)[ ])"
)

# What has a number of its own behind it, and is no street.
_EDGES: Final = (
    r"(?i:Adresse|Anschrift|Address|Dirección|Seite|Zeile|Absatz|Artikel|Kapitel|Nummer|Nr|Tabelle|Abbildung|Version|Band|Heft|Teil|Punkt|Raum|Zimmer|Page|Line|Section|Chapter|Table|"
    r"Figure|Volume|Part|Ligne|Chapitre|Tableau|Página|Línea|Capítulo|Tabla|Figura|Número|Python|Windows|Linux|Debian)(?!\w)"
)
# What is counted, behind a number of five digits: "12000 Euro", not a town with its code.
_COUNTED: Final = (
    r"(?!(?:Euro|Cent|Dollar|Franken|Pfund|Mark|Kronen|Yen|Rubel|Menschen|Personen|Einwohner\w*|Leute|Mitarbeiter\w*|Besucher\w*|Zuschauer\w*|Kunden|"
    r"Mitglieder\w*|Soldaten|Schüler\w*|Studenten|Kinder\w*|Tiere|Arten|Stück|Exemplare\w*|Kilometer\w*|Meter\w*|Tonnen|Liter|Kilo\w*|Gramm|Watt|Volt|"
    r"Seiten|Zeilen|Zeichen|Wörter\w*|Bytes?|Kilobytes?|Megabytes?|Bit|Stimmen|Jahre\w*|Stunden|Tage\w*|Minuten|Sekunden|Punkte\w*|Quadratmeter\w*|Hektar|"
    r"Fälle\w*|Dateien|Pakete|Einträge\w*|Blöcke\w*|Bilder|Bücher|Häuser|Wohnungen|Aktien|Prozent|EUR|USD|CHF|GBP)(?!\w))"
)

_PATTERNS: Final = (
    rf"(?<![\w.,:/-]){_NUMBER}[ ]{_POINTS}(?:{_WORD}[ ]){{1,4}}(?:{_ENGLISH_ROADS})\b\.?",
    rf"(?<!\w)(?:{_WORD}[ ]){{1,3}}(?:{_ENGLISH_ROADS})\b\.?(?=[ ]\d|,[ ]{_C})",
    rf"(?<!\w){_C}[\w.-]*(?:{_GERMAN_ROADS})[ ]{_YEAR}\d{{1,4}}[ ]?[a-z]?(?!\w)",
    rf"(?<!\w)(?!Adresse|Anschrift)(?:{_C}[\w.-]*[ -]){{1,2}}(?i:{_GERMAN_ROADS})[ ]{_YEAR}\d{{1,4}}[ ]?[a-z]?(?!\w)",
    rf"(?<!\w)(?:{_OLD_WAYS})[ ]{_TIMES}(?:{_WORD}[ ])?{_WORD}[ ]\d{{1,3}}[a-z]?(?!\w)",
    rf"(?<![\w.,/-]){_NUMBER}(?:[ ](?:bis|ter|quater))?,?[ ](?i:{_FRENCH_ROADS})(?:[ ]{_LINKS}|[ ][\w.’'-]+){{0,3}}(?:[ ]{_WORD}){{1,3}}",
    rf"(?<!\w)(?i:{_FRENCH_ROADS})(?:[ ]{_LINKS})*(?:[ ]{_WORD}){{1,4}},?[ ]\d{{1,4}}(?!\w)",
    rf"(?<!\w)(?:{_SPANISH_ROADS})(?:[ ]?{_LINKS})*(?:[ ]?{_WORD}(?:[ ]{_LINKS})*){{1,4}},?[ ](?:{_NUMERO}\d{{1,5}}{_FLOOR}|s/n)(?!\w)",
    rf"(?<!\w)(?:{_UNIT})(?!\w)",
    r"(?<=\d, )(?:\d{1,2}\.[ ]?(?:OG|UG|Stock|Etage|Obergeschoss)|EG|DG|HH|Hinterhaus)(?!\w)",
    r"(?<!\w)(?:P\.?[ ]?O\.?[ ]?Box|Postfach|Boîte postale|BP|Apartado(?: de correos)?)[ ]\d{1,7}",
    rf"(?i:(?<!\w)(?:{_CODES})(?: is| ist| est| es)?[ :]{{1,3}})(?P<value>[A-Z0-9][A-Z0-9 -]{{2,8}}[A-Z0-9])",
    # A code with its town: "75002 Paris", "AB41 9FU", "CA 92618", "ON L0L 1L0".
    rf"(?<![\w.,/-])(?:[A-Z]{{1,2}}-\d{{4,5}}|\d{{5}})[ ]{_COUNTED}{_WORD}(?:(?:[ -]{_LINKS})?[ -]{_WORD}){{0,3}}(?=[.,;!?)]*(?:\s|$))",
    # A street that does not say so, by the code and the town behind its number: "La Fontanilla 37, 38640 Arona".
    rf"(?<!\w)(?!{_EDGES}){_WORD}(?:[ ]{_LINKS}){{0,2}}(?:[ ]{_WORD}(?:[ ]{_LINKS}){{0,2}}){{0,3}}[ ]\d{{1,4}}[a-z]?(?:,[ ]|\n)"
    rf"\d{{4,5}}[ ]{_COUNTED}{_WORD}",
    r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]?[ ]\d[ABD-HJLNP-UW-Z]{2}(?!\w)",
    rf"(?<!\w)(?:{_STATES})[ ]\d{{4,5}}(?:-\d{{4}})?(?!\w)",
    rf"(?<!\w)(?:(?:{_PROVINCES})[ ])?[ABCEGHJ-NPRSTVXY]\d[A-Z][ ]\d[A-Z]\d(?!\w)",
)
_RULES: Final = tuple(re.compile(pattern) for pattern in _PATTERNS)


def addresses(text: str) -> Iterator[Span]:
    """Yield streets with numbers, units, boxes and codes."""
    for rule in _RULES:
        for match in rule.finditer(text):
            start, end = match.span("value" if "value" in rule.groupindex else 0)
            yield Span(start, end - (text[end - 1] == "."), "ADDRESS")
