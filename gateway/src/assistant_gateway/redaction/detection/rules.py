"""The rule tier: structured types by shape, checksum and context, and the patterns of spec.redaction.patterns.

What is searched is the folded text (folding.py) as bytes, one alternation for each family (rurex: linear time), and each short candidate is
then confirmed in Python. What is hidden in base64, URL or JSON escapes is looked at by encoded.py, with the same rules.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

import rurex

from assistant_gateway.redaction.detection.custom import Custom, PatternError
from assistant_gateway.redaction.detection.encoded import hidden
from assistant_gateway.redaction.detection.folding import VIEW_FILLER, Folded, fold, without_surrogates
from assistant_gateway.redaction.detection.patterns import (
    accounts,
    births,
    calls,
    cards,
    columns,
    contacts,
    credentials,
    keys,
    networks,
    passwords,
    phones,
    pins,
    sentences,
    statements,
    words,
)
from assistant_gateway.redaction.detection.patterns.national import digits, letters, named
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind
from assistant_gateway.redaction.entities import STRUCTURED, Span, resolve

__all__ = ["PatternError", "Rules"]

_DIGIT: Final = re.compile(rb"[0-9]")
_FILLER: Final = bytes([VIEW_FILLER])
_LINES: Final = 128  # bytes that are looked at together at least: a line may be one character
_FAMILIES: Final = (
    accounts,
    births,
    calls,
    cards,
    columns,
    contacts,
    credentials,
    keys,
    networks,
    passwords,
    phones,
    pins,
    sentences,
    statements,
    digits,
    letters,
    named,
)
SHAPES: Final[tuple[Shape, ...]] = tuple(shape for family in _FAMILIES for shape in getattr(family, "SHAPES", ()))
CUES: Final[tuple[Cue, ...]] = tuple(cue for family in _FAMILIES for cue in getattr(family, "CUES", ()))

# What a stream holds back for, outgoing.py: no value of several words is longer, with a word behind it that names it; and these words
# announce one that may look like any other text.
REACH: Final = 96
_SECRETS: Final = Kind.PASSWORD | Kind.PIN | Kind.KEY | Kind.PRIVATE | Kind.AUTH | Kind.COOKIE | Kind.ACCOUNT | Kind.ID


class Rules:
    """The detectors of one policy, compiled once; find() may be called from several threads."""

    def __init__(self, entities: Iterable[str] = STRUCTURED, patterns: Mapping[str, str] | None = None) -> None:
        """Take the wanted entities (others than STRUCTURED are somebody else's) and the custom patterns by name.

        Raises PatternError for a custom pattern that is refused.
        """
        wanted = frozenset(entities)
        self._wanted = wanted
        self._takes_all = wanted.issuperset(STRUCTURED)
        self._shapes = tuple((_search(shape.sources), shape.needs, shape.digits, shape) for shape in SHAPES if shape.entities & wanted)
        self._cues = tuple(cue for cue in CUES if cue.entities & wanted)
        self._needs = {cue.needs for cue in self._cues} - {b""}
        self._by_kinds: dict[tuple[bytes, ...], dict[int, tuple[Cue, ...]]] = {}
        self._custom = tuple(Custom(name, source) for name, source in (patterns or {}).items())

    def find(self, text: str) -> list[Span]:
        """Return what is found in the text: sorted, without overlaps, in offsets of the text as it was given."""
        text = without_surrogates(text)
        spans = self._in(text)
        spans += hidden(text, self._in)
        return resolve(spans)

    @property
    def reach(self) -> int:
        """The most characters of a value of several words, with what names it behind it: text in pieces is held back as far as that."""
        return max([REACH, *(pattern.reach for pattern in self._custom)])

    @property
    def finds_words(self) -> bool:
        """Whether ordinary words may be a value without anything that announces it: a custom pattern may say so."""
        return bool(self._custom)

    @property
    def begins(self) -> bool:
        """Whether a value may be one only where it begins the text."""
        return any(pattern.begins for pattern in self._custom)

    def secret_follows(self, text: str) -> int:
        """Return where the last word ends that announces a secret; -1 for none."""
        folded = fold(text)
        announced = [hit for hit in _hits(folded, folded.view()) if hit.kinds & _SECRETS]
        return folded.original(announced[-1].start, announced[-1].end)[1] if announced else -1

    def _in(self, text: str) -> list[Span]:
        folded = fold(text)
        found = self._found(folded)
        if folded.cuts:
            spans = [Span(*folded.original(start, end), entity) for start, end, entity in found]
        else:
            spans = list(map(Span._make, found))
        for custom in self._custom:
            spans += custom.find(text, folded)
        return spans

    def _found(self, folded: Folded) -> list[Found]:
        view = folded.view()
        page = Page(view)
        page.see(_hits(folded, view))
        numbers = _DIGIT.search(view) is not None
        found: list[Found] = []
        for search, needs, has_digits, shape in self._shapes:
            if (numbers or not has_digits) and needs in view and (match := search(view)) is not None:
                found += _confirmed(page, shape, search, match)
        lacks = tuple(needed for needed in self._needs if needed not in view)
        known = self._by_kinds.setdefault(lacks, {})
        for hit in page.hits:
            near: bool | None = None if numbers else False  # asked once for all cues of the word
            cues = known.get(hit.kinds)
            if cues is None:  # as many as there are combinations in the table of words
                cues = known[hit.kinds] = self._cues_of(hit.kinds, lacks)
            for cue in cues:
                if cue.digits and near is None:
                    near = page.digit_near(hit)
                if near or not cue.digits:
                    found += cue.confirm(page, hit)
        return found if self._takes_all else [each for each in found if each.entity in self._wanted]

    def _cues_of(self, kinds: int, lacks: tuple[bytes, ...]) -> tuple[Cue, ...]:
        return tuple(cue for cue in self._cues if cue.kinds & kinds and (cue.weak or not kinds & Kind.WEAK) and cue.needs not in lacks)


def _confirmed(page: Page, shape: Shape, search: Callable[..., Any], match: Any) -> list[Found]:
    """Return the confirmed candidates. After a refused one the search goes on one byte later: a value may begin inside it."""
    confirmed: list[Found] = []
    while match is not None:
        start, end = match.span()
        found = shape.confirm(page, start, end)
        if found is not None:
            confirmed.append(found)
            at = max(found.end, start + 1)
        else:
            at = end if shape.whole else start + 1
        match = search(page.view, at)
    return confirmed


@cache
def _search(sources: tuple[str, ...]) -> Callable[..., Any]:
    return rurex.compile("|".join(sources).encode()).search  # type: ignore[no-any-return]  # rurex has no types


@cache
def _words(ascii_only: bool) -> Any:
    source = words.expression(ascii_only)
    return rurex.compile(source.encode() if ascii_only else source)


def _hits(folded: Folded, view: bytes) -> list[Hit]:
    """Return the words of the page, sorted by end."""
    hits = _ascii_hits(view)
    if folded.text.isascii():
        return hits
    others = _other_hits(folded.text, view)
    return sorted(hits + others, key=lambda hit: hit.end) if others else hits


def _other_hits(text: str, view: bytes) -> list[Hit]:
    """Return the words that are not ASCII. No word goes on in another line, so lines without such characters are left out."""
    hits = []
    kinds = words.kinds()
    finditer = _words(False).finditer
    end = 0
    while (at := view.find(_FILLER, end)) >= 0:
        begin = view.rfind(b"\n", end, at) + 1 or end
        end = view.find(b"\n", at + _LINES)
        end = len(view) if end < 0 else end
        lower = text[begin:end].lower()
        for match in finditer(lower):
            first, last = match.span()
            hits.append(Hit(begin + first, begin + last, kinds[words.plain(lower[first:last])]))
    return hits


def _ascii_hits(view: bytes) -> list[Hit]:
    kinds, spelt = words.kinds(), words.spelt()
    hits = []
    small = view.lower()
    for match in _words(True).finditer(small):
        start, end = match.span()
        clear = end - start > words.LONGEST_ACRONYM and not (start and view[start - 1] in words.ALNUM)  # all but a few
        if clear or words.begins(view, start, end):
            word = small[start:end]  # rurex 0.2 loses 56 bytes in each call of group()
            hits.append(Hit(start, end, spelt.get(word) or kinds[words.plain(word.decode())]))
    return hits
