"""Values whose column, key or tag says what they are: rows under a header, JSON, XML.

What the model makes of them counts for little: there is no sentence round them, and most of the signs are a program's.
"""

import re
from collections.abc import Iterator
from typing import Final

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer

_PERSON: Final = (
    r"(?:full|first|last|given|middle|family|maiden|customer|client|contact|patient|employee|user|display|author|owner)?"
    r"[ _-]?name|surname|forename|"
    r"vorname|nachname|familienname|kunde|kundin|mieter|ansprechpartner|prénom|prenom|nom|nombre|nombres|apellidos?|cliente|paciente|contacto|"
    r"nome|cognome|sobrenome|voornaam|achternaam|naam|imi[eę]|nazwisko|patient|customer|client|contact|employee|author|owner|recipient|"
    r"sender|empfänger|absender|destinataire|destinatario|remitente|tenant|locataire|inquilino"
)
_PLACE: Final = (
    r"city|town|birth[ _-]?place|place[ _-]of[ _-]birth|ort|wohnort|stadt|geburtsort|ville|commune|lieu[ _-]de[ _-]naissance|ciudad|"
    r"localidad|municipio|poblaci[oó]n|citt[aà]|comune|cidade|plaats|woonplaats|miasto|miejscowość"
)
_ADDRESS: Final = (
    r"(?:(?:home|street|mailing|billing|shipping|postal|delivery)[ _-])?address(?:[ _-]?(?:line)?[ _-]?[12])?|"
    r"shipping|street|stra(?:ß|ss)e|anschrift|adresse|"
    r"rue|direcci[oó]n|domicilio|calle|indirizzo|endere[cç]o|adres|"
    r"zip(?:[ _-]?code)?|post(?:al)?[ _-]?code|plz|code[ _-]postal|"
    r"c[oó]digo[ _-]postal"
)
_KINDS: Final = {
    "PERSON": re.compile(_PERSON, re.IGNORECASE),
    "PLACE": re.compile(_PLACE, re.IGNORECASE),
    "ADDRESS": re.compile(_ADDRESS, re.IGNORECASE),
}
_SURE: Final = re.compile(
    rf"{_PLACE}|{_ADDRESS}|(?:first|last|given|middle|family|maiden|patient|employee)[ _-]?name|surname|"
    r"forename|vorname|nachname|familienname|prénom|prenom|apellidos?|cognome|sobrenome|voornaam|achternaam|imi[eę]|nazwisko|patient|paciente",
    re.IGNORECASE,
)
_LINE: Final = re.compile(r"[^\n]+")
_KEYED: Final = re.compile(r"[\"'](?P<key>[\w -]{2,30})[\"']\s*:\s*\"(?P<value>[^\"\n\\]{2,80})\"")
_TAGGED: Final = re.compile(r"<(?P<key>[\w-]{2,30})>(?P<value>[^<>\n]{2,80})</(?P=key)>")
_SEPARATORS: Final = ";\t|,"
_LEAST_COLUMNS: Final = 3
_IDENTIFIER: Final = re.compile(r"[a-z]+[A-Z_]|[_/\\.$<>{}=@]|^[a-z0-9-]+$|^\d+$")


def tables(text: str, known: Gazetteer) -> Iterator[Span]:
    """Yield the values under a known header, key or tag that have a name's capital."""
    yield from _rows(text)
    for rule in (_KEYED, _TAGGED):
        for match in rule.finditer(text):
            # Products, teams and jobs have a "name" too; a second column beside it would have said more.
            if _SURE.fullmatch(match["key"]) or _is_called(match["value"], known):
                yield from _value(text, match["key"], *match.span("value"))


def _is_called(value: str, known: Gazetteer) -> bool:
    words = value.split()
    return bool(words) and (known.is_given(words[0]) or known.is_surname(words[-1]))


def _rows(text: str) -> Iterator[Span]:
    columns: list[str] = []
    separator = ""
    for line in _LINE.finditer(text):
        cells = line[0].split(separator) if separator else []
        if columns and len(cells) == len(columns):
            start = line.start()
            for column, cell in zip(columns, cells, strict=True):
                yield from _value(text, column, start, start + len(cell))
                start += len(cell) + 1
        else:
            columns, separator = _header(line[0])


def _header(line: str) -> tuple[list[str], str]:
    for separator in _SEPARATORS:
        columns = [cell.strip(" \"'") for cell in line.split(separator)]
        if len(columns) >= _LEAST_COLUMNS and sum(_kind(column) is not None for column in columns) > 1:
            return columns, separator
    return [], ""


def _value(text: str, key: str, start: int, end: int) -> Iterator[Span]:
    kind = _kind(key)
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    # What is no name has no capital ("name": "my-app") or the signs of a path; a street or a code may be a number.
    if kind and start < end and (kind == "ADDRESS" or (text[start].isupper() and _IDENTIFIER.search(text, start, end) is None)):
        yield Span(start, end, kind)


def _kind(key: str) -> str | None:
    return next((kind for kind, rule in _KINDS.items() if rule.fullmatch(key)), None)
