"""From where on a text that goes on may still become a value: what is before that place is certain.

Structured values need an ingredient that prose does not have: a digit, a sign, a long or odd word, an "at" that is written out, or a word
that says that a secret follows. Where the last words of a text have none, only these are held back; else everything from the first
ingredient on that is near enough to the end to matter.
"""

import re
from typing import Final

# Scripts without spaces: every character is a word of its own.
_IDEOGRAPHS: Final = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_UNSPACED: Final = _IDEOGRAPHS + r"\u3001\u3002\uff01\uff0c\uff1b\uff1f\u300c-\u300f"
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_LETTERS: Final = r"[^\W\d_]{1,24}"
_PLAIN: Final = re.compile(
    rf"[{_UNSPACED}]|[\"'(“‘«„*_]{{0,3}}{_LETTERS}(?:['’\-–—/]{_LETTERS}){{0,2}}[.,;:!?)”’\"'»*_…]{{0,4}}|[-–—*•]|[.,;:!?…]{{1,3}}"
)
# `anna at example dot com`: each of these words is one only if the other follows soon.
_SPOKEN_AT: Final = frozenset({"at", "arroba", "chez"})
_SPOKEN_DOT: Final = frozenset({"dot", "punkt", "point", "punto"})
_SPOKEN_WORDS: Final = 6
SECRET_REACH: Final = 192
"""Characters behind a word that announces a secret in which it shows whether one follows: twelve words of a seed phrase, numbered."""
# Without spaces nobody sees where the name begins that is an address's first part.
_UNSPACED_NAME: Final = re.compile(rf"[{_IDEOGRAPHS}]{{1,24}}\Z")
# The word before the first ingredient may be the beginning of a value, and what is last may not be whole.
_HELD_WORDS: Final = 2

_KEY_BEGIN: Final = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
# Four dashes may be five where the text goes on.
KEY_END: Final = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?(?:-----|----(?!-|\Z))")
LONGEST_KEY_END: Final = 80
_KEY_BODY: Final = re.compile(r"[A-Za-z0-9+/=]{16}")
_KEY_HEADERS: Final = 300
"""Characters between a key's first line and its body: further on it is only talked about."""


def live_from(text: str, reach: int, cue: int, *, any_word: bool) -> int:
    """Return the offset from which on the text is not certain.

    `reach`: no value is longer, with what makes it one, unless it is one word. `cue`: where the last word ends that says that a secret
    follows, -1 for none. `any_word`: a value needs no ingredient.
    """
    start = max(0, len(text) - reach)
    near = [word for word in _WORD.finditer(text, word_start(text, start)) if word.end() > start]
    first = next((place for place, word in enumerate(near) if any_word or _is_ingredient(word[0])), len(near))
    held = max(0, min(first, _spoken(near)) - _HELD_WORDS)
    live = near[held].start() if held < len(near) else len(text)
    if name := _UNSPACED_NAME.search(text, max(0, live - 24), live):
        live = name.start()
    if cue >= 0 and len(text) - cue <= SECRET_REACH:
        live = min(live, cue)
    return min(live, _open_key(text))


def word_start(text: str, at: int) -> int:
    """Return where the word begins in which `at` is."""
    return max(text.rfind(" ", 0, at), text.rfind("\n", 0, at), text.rfind("\t", 0, at)) + 1


def _is_ingredient(word: str) -> bool:
    return _PLAIN.fullmatch(word) is None


def _spoken(words: list["re.Match[str]"]) -> int:
    """Return the place of the first word that may be part of an address that is spelt out."""
    ats = [place for place, word in enumerate(words) if word[0].lower() in _SPOKEN_AT]
    dots = [place for place, word in enumerate(words) if word[0].lower() in _SPOKEN_DOT]
    if not ats and not dots:
        return len(words)
    if ats and dots:
        return min(ats[0], dots[0])
    return next((place for place in ats or dots if place >= len(words) - _SPOKEN_WORDS), len(words))


def _open_key(text: str) -> int:
    """Return where a private key begins that has no last line yet; the text's length where there is none."""
    if "-----" not in text and "---- BEGIN" not in text:
        return len(text)
    for begin in _KEY_BEGIN.finditer(text):
        if KEY_END.search(text, begin.end()) is not None:
            continue
        if len(text) - begin.end() < _KEY_HEADERS or _KEY_BODY.search(text, begin.end(), begin.end() + _KEY_HEADERS):
            return begin.start()
    return len(text)
