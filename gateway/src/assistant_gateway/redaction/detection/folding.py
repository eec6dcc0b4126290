"""The text that patterns are matched on: look-alikes replaced, invisible characters gone, and the way back to the original's offsets.

A value written with full-width digits, a Cyrillic а, a zero-width space or a combining mark is the same value to a model and to a reader.
ASCII text, most of what arrives, costs one isascii(). Else only the characters that the text really holds are looked up.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Final

# What NFKD does not say. Capital and small letters that look like Latin ones (Unicode's confusables.txt, the ones drawn alike in common
# fonts); both strings are read in parallel.
_LOOK_ALIKE: Final = (
    ("АВЕЅІЈКМНОРСТУХҮԚԜҺаеорсухіјѕԁɡһԛԝѵѡҽ", "ABESIJKMHOPCTYXYQWhaeopcyxijsdghqwvwe"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοινρκυχγ", "ABEZHIKMNOPTYXaoivpkuxy"),
    ("ᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ", "ABCDEGHJKLMPRSTVWZ"),
    ("ՕՍոսօցհ", "OUnuoghi"[:7]),
    ("ıȷɩɑɪʏøØłŁđĐħƀɓƙʟɴʀƚɨℓ", "ijiaiyoOlLdDhbbklnrlil"),
    ("−﹘⁃⸺⸻〰ー∼", "--------"),
    ("∕⁄⧸", "///"),
    ("∶։꞉ː", "::::"),
    ("。｡٫۔⸳‧∙•·・", ".........."),
    ("“”„‟«»″", '"""""""'),
    ("‘’‚‛′ʹʼ", "'''''''"),
    ("٬‚，", ",,,"),
    ("＿‗", "__"),
    ("٪", "%"),
    ("\u2800\u3164", "  "),
)
# Drawn as nothing, and neither a mark (Mn, Me) nor a format character (Cf): Hangul and Khmer fillers.
_UNSEEN: Final = "\u115f\u1160\u17b4\u17b5\uffa0"
# Enclosed letters without a decomposition: white on black circles and squares, and regional indicators.
_ENCLOSED: Final = (0x1F150, 0x1F170, 0x1F1E6)
# "Tag" characters: an invisible copy of ASCII that models read. Dropping them would hide from us what is not hidden from the model.
_TAGS: Final = range(0xE0020, 0xE007F)
_ASCII: Final = bytes(range(0x80))
_FEW: Final = 48  # up to so many different characters a replace() for each is cheaper than one look at every character

# Where such characters can be: the rest of Unicode is CJK, Hangul, private use and unassigned, and would take ten times as long.
_PLANES: Final = (range(0x80, 0x3400), range(0xA000, 0xAC00), range(0xD7B0, 0xE000), range(0xF900, 0x20000), range(0xE0000, 0xE1000))

VIEW_FILLER: Final = 0x7F  # what stands in view() for a character that is not ASCII after folding
_RECORD_SEPARATOR: Final = 0x1E  # lends its place to "?", which is what encode() puts for the others
_AFTER_ENCODE: Final = bytes.maketrans(bytes([ord("?"), _RECORD_SEPARATOR]), bytes([VIEW_FILLER, ord("?")]))

# JSON inside a text: `\nAKIA...` does not begin with an n. Two bytes for two, so that the offsets stay.
_ESCAPES: Final = ((b"\\n", b"  "), (b"\\r", b"  "), (b"\\t", b"  "), (b"\\/", b" /"))


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and, where its length changed, the breaks of the map back.

    `cuts[i]` is an offset in `text` from which on the original offset is `origins[i]` plus the distance; where `flat[i]` it is
    `origins[i]` itself, because one original character became several.
    """

    text: str = field(repr=False)
    cuts: list[int] = field(default_factory=list, repr=False)
    origins: list[int] = field(default_factory=list, repr=False)
    flat: list[bool] = field(default_factory=list, repr=False)

    def view(self) -> bytes:
        """Return the text, one byte per code point, VIEW_FILLER for what is not ASCII: the same offsets, and no transcoding per match."""
        if self.text.isascii():
            view = self.text.encode("ascii")
        else:
            # An error handler of our own would be called for each run of them: 100 times as slow on Russian.
            view = self.text.replace("?", chr(_RECORD_SEPARATOR)).encode("ascii", "replace").translate(_AFTER_ENCODE)
        if b"\\" in view:
            for escape, plain in _ESCAPES:
                view = view.replace(escape, plain)
        return view

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the original half-open range of text[start:end] (not empty), with the invisible characters that follow its last one."""
        if not self.cuts:
            return start, end
        return self._origin(start), max(self._origin(end - 1) + 1, self._origin(end))

    def _origin(self, offset: int) -> int:
        at = bisect_right(self.cuts, offset) - 1
        if at < 0:
            return offset
        return self.origins[at] if self.flat[at] else self.origins[at] + offset - self.cuts[at]


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """Replace lone surrogates one for one: JSON can carry them, rurex raises on them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def fold(text: str) -> Folded:
    """Return the text as patterns see it; any str is taken, lone surrogates (JSON can carry them) included."""
    if text.isascii():
        return Folded(text)
    same, other = _tables()
    found = set(text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass"))
    one_to_one = found & same.keys()
    if len(one_to_one) > _FEW:
        text = "".join(map(same.get, text, text))
    else:
        for character in one_to_one:
            text = text.replace(character, same[character])
    if other.keys().isdisjoint(found):  # the other way round Python goes through the whole table
        return Folded(text)
    return _resized(text, {character: other[character] for character in found & other.keys()})


def _resized(text: str, table: dict[str, str]) -> Folded:
    """Replace what vanishes or expands and note where the offsets jump."""
    pieces: list[str] = []
    cuts: list[int] = []
    origins: list[int] = []
    flat: list[bool] = []
    done = length = 0
    for at in _places(text, table):
        pieces.append(text[done:at])
        length += at - done
        done = at + 1
        put = table[text[at]]
        if put:
            pieces.append(put)
            cuts.append(length)
            origins.append(at)
            flat.append(True)
            length += len(put)
        cuts.append(length)
        origins.append(at + 1)
        flat.append(False)
    pieces.append(text[done:])
    return Folded("".join(pieces), cuts, origins, flat)


def _places(text: str, table: dict[str, str]) -> list[int]:
    """Where the table's characters stand, sorted. One find() loop for each character while there are few; else one pass."""
    if len(table) > _FEW:
        return [at for at, character in enumerate(text) if character in table]
    return sorted(at for character in table for at in _finds(text, character))


def _finds(text: str, character: str) -> Iterator[int]:
    at = text.find(character)
    while at >= 0:
        yield at
        at = text.find(character, at + 1)


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """Return what is replaced one for one, and what vanishes ("") or expands."""
    same: dict[str, str] = {}
    other: dict[str, str] = {}
    for code in chain(*_PLANES):
        character = chr(code)
        put = _ascii(character)
        if put is None or put == character:
            continue
        (same if len(put) == 1 else other)[character] = put
    for alike, latin in _LOOK_ALIKE:
        same |= dict(zip(alike, latin, strict=True))
    for first in _ENCLOSED:
        same |= {chr(first + letter): chr(ord("A") + letter) for letter in range(26)}
    same |= {chr(code): chr(code - _TAGS.start + 0x20) for code in _TAGS}
    for character in same:
        other.pop(character, None)
    other |= dict.fromkeys(_UNSEEN, "")
    return same, other


def _ascii(character: str) -> str | None:
    """Return what one character folds to, None when it stays as it is."""
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return ""
    if category == "Cs":
        return "\ufffd"
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    if category in ("Zl", "Zp") or character == "\x85":
        return "\n"
    if category == "Pd":
        return "-"
    if category in ("Lo", "Cn", "Co"):
        return None  # CJK, Hangul, unassigned: most of Unicode, and none of it decomposes to ASCII
    bare = "".join(part for part in unicodedata.normalize("NFKD", character) if unicodedata.category(part)[0] != "M")
    if category == "No" and (digits := "".join(part for part in bare if part.isdigit())):
        return digits if "⁄" not in bare else None  # ⑴ and ⒈ are 1
    if len(bare) == 1 and not bare.isascii() and bare in _alike():
        return _alike()[bare]  # an accented Cyrillic or Greek look-alike
    return bare if bare.isascii() and bare else None


@cache
def _alike() -> dict[str, str]:
    return {alike: latin for pair in _LOOK_ALIKE for alike, latin in zip(*pair, strict=True)}
