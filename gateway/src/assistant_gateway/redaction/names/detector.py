"""A text's people, places, organisations and addresses: the model and the rules on each piece of it, then the whole once more for those
whom one piece gave away and another did not.
"""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Final

from assistant_gateway.redaction.detection.found import FoundCache
from assistant_gateway.redaction.entities import Span, resolve
from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.lexicon.languages import SMALL, identify
from assistant_gateway.redaction.names.lexicon.things import Things
from assistant_gateway.redaction.names.registers.code import is_code
from assistant_gateway.redaction.names.registers.informal import is_informal
from assistant_gateway.redaction.names.registers.technical import is_technical
from assistant_gateway.redaction.names.segments import segments
from assistant_gateway.redaction.names.signs.addresses import addresses
from assistant_gateway.redaction.names.signs.context import people
from assistant_gateway.redaction.names.signs.organisations import organisations
from assistant_gateway.redaction.names.signs.roles import roles
from assistant_gateway.redaction.names.signs.rows import rows
from assistant_gateway.redaction.names.signs.tables import tables
from assistant_gateway.redaction.names.signs.traces import traces
from assistant_gateway.redaction.names.signs.whereabouts import whereabouts
from assistant_gateway.redaction.names.signs.written import written
from assistant_gateway.redaction.names.tagging.decoding import Decoder
from assistant_gateway.redaction.names.tagging.model import Model
from assistant_gateway.redaction.names.tagging.thresholds import CODE, HIGH_RECALL, HIGH_RECALL_INFORMAL, INFORMAL, STANDARD, TECHNICAL

_CACHED: Final = 20_000
_NEAR: Final = 40
_WORD: Final = re.compile(r"(?<![\w@])[^\W\d_]+(?!\w)")

_LINE_BETWEEN: Final = re.compile(r"\s*\n[\s>?]*(?P<value>[^\W_a-z][^\n.:;!?]{1,60}\.?)\s*\n[\s>?]*")
# What may stand between a street and the code of its town, and between a town and its code: both sides are sure, so is the middle.
_MIDDLE: Final = re.compile(r"[\s,>?]{1,6}(?:[^\W\d_a-z][\w'’.-]*[ ]?){0,3}[\s,>?]{0,6}")


class Detector:
    """Everything that is loaded for one mode. One text at a time; the pieces of one are looked at by several threads."""

    def __init__(self, folder: Path, *, high_recall: bool = False, threads: int = 1) -> None:
        self._known = Gazetteer(folder)
        self._model = Model(folder)
        self._threads = ThreadPoolExecutor(threads)
        self._high_recall = high_recall
        self._prose = Decoder(self._known, HIGH_RECALL if high_recall else STANDARD)
        self._technical = Decoder(self._known, HIGH_RECALL if high_recall else TECHNICAL)
        self._chat = Decoder(self._known, HIGH_RECALL_INFORMAL if high_recall else INFORMAL)
        self._code = Decoder(self._known, CODE)
        self._cache = FoundCache(_CACHED)

    def find(self, text: str) -> list[Span]:
        """Return the spans of a text: sorted, not overlapping."""
        language = identify(text)
        spans: list[Span] = []
        pieces = list(segments(text))
        for (start, _), found in zip(pieces, self._pieces([text[start:end] for start, end in pieces], language), strict=True):
            spans += (Span(start + span.start, start + span.end, span.entity) for span in found)
        closed = _closed(text, resolve([*spans, *tables(text, self._known), *_again(text, spans)]))
        return resolve([*closed, *_between(text, closed)])

    def _pieces(self, texts: list[str], language: str | None) -> Iterator[tuple[Span, ...]]:
        """Yield what is in each piece, from what is remembered or by looking."""
        names = [self._cache.name(text, language) for text in texts]
        known = [self._cache.get(name) for name in names]
        new = [text for text, spans in zip(texts, known, strict=True) if spans is None]
        # One piece needs no other thread.
        looked = iter(
            self._threads.map(self._piece, new, repeat(language)) if len(new) > 1 else [self._piece(text, language) for text in new]
        )
        for name, spans in zip(names, known, strict=True):
            if spans is None:
                spans = next(looked)
                self._cache.put(name, spans)
            yield spans

    def _piece(self, text: str, language: str | None) -> tuple[Span, ...]:
        return tuple(resolve(self._look(text, identify(text) or language)))

    def _look(self, text: str, language: str | None) -> Iterator[Span]:
        tagged = self._model.tag(text)
        if is_code(text):
            yield from self._code.decode(text, tagged, language)
            return
        decoder = self._chat if is_informal(text) else self._technical if is_technical(text) else self._prose
        yield from decoder.decode(text, tagged, language)
        yield from people(text)
        yield from addresses(text)
        yield from organisations(text)
        yield from roles(text)
        yield from rows(text, self._known)
        yield from written(text, self._known)
        yield from whereabouts(text)
        if places := list(self._known.places(text)):
            things = Things(text)
            yield from (place for place in places if things.is_place(place.start, place.end))
        if self._high_recall:
            yield from traces(text)


def _again(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Yield every other place where a name of a person that was found stands, written the same way."""
    words = {word for span in spans if span.entity == "PERSON" for word in _WORD.findall(text, span.start, span.end)}
    names = {word for word in words if len(word) > 3 and word[0].isupper() and not word.isupper() and word.lower() not in SMALL}
    if names:
        yield from (Span(match.start(), match.end(), "PERSON") for match in _WORD.finditer(text) if match[0] in names)


def _closed(text: str, spans: list[Span]) -> list[Span]:
    """Return the spans with addresses made whole whose street and code were found and whose town was not."""
    result: list[Span] = []
    for span in spans:
        if result and _is_one_address(text, result[-1], span):
            result[-1] = Span(result[-1].start, span.end, "ADDRESS")
        else:
            result.append(span)
    return result


def _between(text: str, spans: list[Span]) -> Iterator[Span]:
    """Yield the line between somebody's name and their address: in a signature or on an envelope that is where they work."""
    person = 0
    for span in spans:
        if span.entity == "PERSON":
            person = span.end
        elif span.entity == "ADDRESS" and person and (line := _LINE_BETWEEN.fullmatch(text, person, span.start)):
            yield Span(line.start("value"), line.end("value"), "ORGANISATION")


def _is_one_address(text: str, first: Span, second: Span) -> bool:
    entities = {first.entity, second.entity}
    is_near = second.start - first.end <= _NEAR and "ADDRESS" in entities and entities <= {"ADDRESS", "PLACE"}
    return is_near and _MIDDLE.fullmatch(text, first.end, second.start) is not None
