"""One text while it is being searched: the bytes that patterns see, the words found in it, and the two kinds of detectors."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

# What may stand between a word and the value that it names: "Order number is: #1234".
_TIGHT: Final = 28
_FILLERS: Final = frozenset(
    b"number no nr num id code key value is was are are the my ist war lautet numero num n est es e il la el de for of with".split()
)


_DIGIT: Final = re.compile(rb"[0-9]")
_BACK, _AHEAD = 44, 64


class Hit(NamedTuple):
    """A word that says what comes next: offsets in the view, and the kinds that it stands for."""

    start: int
    end: int
    kinds: int


class Found(NamedTuple):
    """A value: offsets in the view (= in the folded text), half-open, and its entity."""

    start: int
    end: int
    entity: str


@dataclass(slots=True)
class Page:
    """The view (one byte per character, folding.py) and its words, sorted by end."""

    view: bytes = field(repr=False)
    hits: list[Hit] = field(default_factory=list, repr=False)
    ends: list[int] = field(default_factory=list, repr=False)
    # How far a detector has looked in vain or for good, by its name: what keeps repeated words from being paid for twice.
    done: dict[str, int] = field(default_factory=dict, repr=False)

    def see(self, hits: list[Hit]) -> None:
        """Take the words of the page, sorted by end."""
        self.hits = hits
        self.ends = [hit.end for hit in hits]

    def before(self, at: int, reach: int) -> Iterator[Hit]:
        """Yield the words that end at most `reach` bytes before `at`, the nearest first."""
        index = bisect_right(self.ends, at) - 1
        while index >= 0 and at - self.ends[index] <= reach:
            yield self.hits[index]
            index -= 1

    def between(self, hit: Hit, kinds: int, reach: int) -> tuple[bool, bool]:
        """Whether words of the kinds end at most `reach` bytes before the word, and begin at most so far behind it."""
        at = bisect_right(self.ends, hit.end)
        behind = at < len(self.hits) and bool(self.hits[at].kinds & kinds) and self.hits[at].start - hit.end <= reach
        at = bisect_right(self.ends, hit.start) - 1
        ahead = at >= 0 and bool(self.hits[at].kinds & kinds) and hit.start - self.ends[at] <= reach
        return ahead, behind

    def digit_near(self, hit: Hit) -> bool:
        """Whether a digit stands near enough to the word to be what it names."""
        return _DIGIT.search(self.view, max(0, hit.start - _BACK), hit.end + _AHEAD) is not None

    def says(self, kinds: int, at: int, reach: int) -> bool:
        """Whether one of the kinds is named before `at`, and nothing that says otherwise stands nearer."""
        for seen, hit in enumerate(self.before(at, reach)):
            if hit.kinds & kinds:
                return True
            if hit.kinds & Kind.OTHER or seen > 4:  # a bound on the work, and further back says little
                return False
        return False

    def said_otherwise(self, at: int) -> bool:
        """Whether the number at `at` is named as something that is nobody's: an order, a version, a hash."""
        for hit in self.before(at, _TIGHT):
            if hit.kinds & Kind.OTHER:
                return self.tight(hit.end, at)
            if not hit.kinds & Kind.WEAK:
                return False
        return False

    def tight(self, start: int, end: int) -> bool:
        """Whether nothing but punctuation and filler words stands between the two offsets."""
        between = self.view[start:end]
        if not between.strip(b" :=#-_.\"'()[\t"):
            return True
        return all(word in _FILLERS for word in between.lower().translate(_TO_SPACE).split())


_TO_SPACE: Final = bytes.maketrans(b":=#-_.\"'()[],*/", b" " * 15)


class Shape(NamedTuple):
    """Detectors that know a value when they see it."""

    sources: tuple[str, ...]
    confirm: Callable[[Page, int, int], Found | None]
    entities: frozenset[str]
    needs: bytes = b""  # without these bytes in the view there is nothing to search for
    digits: bool = False  # nor without a digit
    # A refused candidate is searched again from its second byte on, unless what is left of it would be taken for a value.
    whole: bool = False


class Cue(NamedTuple):
    """A detector that starts at a word: confirm(page, hit) yields what the word names."""

    kinds: int
    confirm: Callable[[Page, Hit], Iterator[Found]]
    entities: frozenset[str]
    digits: bool = False  # whether the value has a digit, so that none near the word saves the work
    weak: bool = True  # whether words say enough that count only together with a value of the right shape
    needs: bytes = b""  # without these bytes in the view there is nothing to look at
