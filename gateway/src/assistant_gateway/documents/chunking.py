"""Cuts a document's text into the pieces that are found and quoted on their own.

Sizes are characters. A piece ends where a reader would pause, if such a place is near enough: after a paragraph, a sentence, a line, a
word; else between two graphemes, so that no accent, flag or emoji is torn apart. Neighbours overlap, so that what stands on a border is
whole in one of them. Nothing of the text but white space is left out.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

MIN_SHARE: Final = 0.5
"""A piece ends early for a better border, but is never shorter than this share of the size."""
LONGEST_GRAPHEME: Final = 64
"""A border inside a run of joined characters that is longer than this one is unavoidable: the run is an attack, not a letter."""

LONGEST_FLAGS: Final = 4096
"""Flags are pairs of letters: how far back is looked for the first of them."""
VIRAMA: Final = 9
"""Unicode's combining class of the signs that join two consonants of an Indian script."""

# Better borders first. Each match's end is where the next piece may begin. None begins inside a run that another one began with: a text of
# dots alone would take time in the square of its length.
_BORDERS: Final = (
    re.compile(r"\n[^\S\n]*\n\s*|\f\s*"),
    re.compile(r"(?<![.!?…۔؟।॥։።])[.!?…۔؟।॥։።]+[\"'”’»)\]]*\s+|[。！？｡]+[」』”’）]*\s*"),
    re.compile(r"\n\s*"),
    re.compile(r"\s+|[，、；：]"),
)
_WORD_START: Final = re.compile(r"(?<=\s)\S")

_INK: Final = re.compile(r"\S")
_JOINER: Final = "\u200d"


def chunks(text: str, size: int, overlap: int) -> Iterator[str]:
    """Yield the text's pieces, none longer than size and none empty."""
    for start, end in spans(text, size, overlap):
        yield text[start:end]


def spans(text: str, size: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Yield where each piece begins and ends."""
    end_of_text = len(text)
    start, covered = _skip_space(text, 0), 0
    while start < end_of_text:
        end = end_of_text if end_of_text - start <= size else _border(text, start, start + size)
        inked = start + len(text[start:end].rstrip())
        if inked > covered:  # else it is no more than the overlap with the one before
            yield start, inked
            covered = inked
        if _skip_space(text, end) == end_of_text:
            return
        start = _skip_space(text, _overlapping(text, start, end, overlap))


def halves(text: str) -> tuple[str, str]:
    """Return the text in two pieces, for a model that cannot take it whole; the second is empty where nothing can be divided."""
    middle = _border(text, 0, (len(text) + 1) // 2) if len(text) > 1 else len(text)
    return text[:middle].strip(), text[middle:].strip()


def _border(text: str, start: int, latest: int) -> int:
    """Return where a piece that begins at start ends, at the latest."""
    earliest = start + max(1, int((latest - start) * MIN_SHARE))
    for border in _BORDERS:
        found = None
        for found in border.finditer(text, earliest, latest):  # noqa: B007  the last one is wanted
            pass
        if found is not None:
            return found.end()
    return between_graphemes(text, latest, earliest)


def _overlapping(text: str, start: int, end: int, overlap: int) -> int:
    """Return where the piece after the one from start to end begins: at a word, no more than overlap before the end."""
    earliest = max(start + 1, end - overlap)
    if overlap == 0 or earliest >= end:
        return end
    word = _WORD_START.search(text, earliest, end)
    if word is not None:
        return word.start()
    return next((place for place in range(earliest, min(end, earliest + LONGEST_GRAPHEME)) if not _joined(text, place)), earliest)


def between_graphemes(text: str, place: int, least: int) -> int:
    """Return the nearest place at or before this one that tears no grapheme apart, but not below least."""
    for nearer in range(place, max(least, place - LONGEST_GRAPHEME) - 1, -1):
        if not _joined(text, nearer):
            return nearer
    return place


def _joined(text: str, place: int) -> bool:
    """Say whether the characters around a place belong together; the parts of Unicode's rules (UAX 29) that text is full of."""
    if place <= 0 or place >= len(text):
        return False
    before, after = text[place - 1], text[place]
    if after < "\u0300":
        return before == "\r" and after == "\n"
    return (
        before == _JOINER
        or after == _JOINER
        or (unicodedata.combining(before) == VIRAMA and unicodedata.category(after) == "Lo")
        or unicodedata.category(after) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags of regional flags
        or ("\u1160" <= after <= "\u11ff")  # vowels and finals of Hangul syllables that are written letter by letter
        or (_is_regional(after) and _regional_before(text, place) % 2 == 1)
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regional_before(text: str, place: int) -> int:
    """Count the flag letters that stand right before a place: they come in pairs."""
    first = place
    while first > 0 and place - first < LONGEST_FLAGS and _is_regional(text[first - 1]):
        first -= 1
    return place - first


def _skip_space(text: str, place: int) -> int:
    found = _INK.search(text, place)
    return found.start() if found else len(text)
