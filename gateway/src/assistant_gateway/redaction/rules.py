"""The rule tier: structured types by shape, checksum and context, and the patterns of spec.redaction.patterns.

What is searched is the folded text (folding.py) as bytes, one alternation for each family (rurex: linear time), and each short candidate is
then confirmed in Python. What is hidden in base64, URL or JSON escapes is looked at by encoded.py, with the same rules.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import rurex

from assistant_gateway.redaction.custom import Custom, PatternError
from assistant_gateway.redaction.encoded import hidden
from assistant_gateway.redaction.entities import STRUCTURED, Span, resolve
from assistant_gateway.redaction.folding import Folded, fold, without_surrogates
from assistant_gateway.redaction.patterns import (
    accounts,
    births,
    cards,
    columns,
    contacts,
    credentials,
    keys,
    networks,
    passwords,
    phones,
    words,
)
from assistant_gateway.redaction.patterns.national import digits, letters, named
from assistant_gateway.redaction.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.patterns.words import Kind

__all__ = ["PatternError", "Rules"]

_DIGIT: Final = re.compile(rb"[0-9]")
_FAMILIES: Final = (
    accounts,
    births,
    cards,
    columns,
    contacts,
    credentials,
    keys,
    networks,
    passwords,
    phones,
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
        self._shapes = tuple((shape, _search(shape.sources)) for shape in SHAPES if shape.entities & wanted)
        self._cues = tuple(cue for cue in CUES if cue.entities & wanted)
        self._by_kinds: dict[int, tuple[Cue, ...]] = {}
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

    def secret_follows(self, text: str) -> int:
        """Return where the last word ends that announces a secret; -1 for none."""
        folded = fold(text)
        announced = [hit for hit in _hits(folded, folded.view()) if hit.kinds & _SECRETS]
        return folded.original(announced[-1].start, announced[-1].end)[1] if announced else -1

    def _in(self, text: str) -> list[Span]:
        folded = fold(text)
        spans = [Span(*folded.original(found.start, found.end), found.entity) for found in self._found(folded)]
        for custom in self._custom:
            spans += custom.find(text, folded)
        return spans

    def _found(self, folded: Folded) -> Iterator[Found]:
        page = Page(folded.view())
        page.see(_hits(folded, page.view))
        numbers = _DIGIT.search(page.view) is not None
        for shape, search in self._shapes:
            if shape.needs in page.view and (numbers or not shape.digits):
                yield from self._confirmed(page, search, shape)
        for hit in page.hits:
            for cue in self._cues_of(hit.kinds):
                if not cue.digits or (numbers and page.digit_near(hit)):
                    yield from (found for found in cue.confirm(page, hit) if found.entity in self._wanted)

    def _cues_of(self, kinds: int) -> tuple[Cue, ...]:
        if kinds not in self._by_kinds:  # as many as there are combinations in the table of words
            self._by_kinds[kinds] = tuple(cue for cue in self._cues if cue.kinds & kinds)
        return self._by_kinds[kinds]

    def _confirmed(self, page: Page, search: Callable[..., Any], shape: Shape) -> Iterator[Found]:
        """Yield the confirmed candidates. After a refused one the search goes on one byte later: a value may begin inside it."""
        at = 0
        while (match := search(page.view, at)) is not None:
            start, end = match.span()
            found = shape.confirm(page, start, end)
            if found is not None and found.entity in self._wanted:
                yield found
                at = max(found.end, start + 1)
            else:
                at = end if shape.whole else start + 1


@cache
def _search(sources: tuple[str, ...]) -> Callable[..., Any]:
    return rurex.compile("|".join(sources).encode()).search  # type: ignore[no-any-return]


@cache
def _words(ascii_only: bool) -> Any:
    source = words.expression(ascii_only)
    return rurex.compile(source.encode() if ascii_only else source)


def _hits(folded: Folded, view: bytes) -> list[Hit]:
    """Return the words of the page, sorted by end."""
    kinds = words.kinds()
    hits = []
    small = view.lower()
    for match in _words(True).finditer(small):
        start, end = match.span()
        if words.begins(view, start, end):
            word = small[start:end].decode()  # rurex 0.2 loses 56 bytes in each call of group()
            hits.append(Hit(start, end, kinds.get(word) or kinds[words.plain(word)]))
    if folded.text.isascii():
        return hits
    lower = folded.text.lower()
    for match in _words(False).finditer(lower):
        start, end = match.span()
        hits.append(Hit(start, end, kinds[words.plain(lower[start:end])]))
    return sorted(hits, key=lambda hit: hit.end)
