"""A text in pieces that the model takes, cut where its content says so: the same words give the same pieces wherever they stand.

Thus a turn that adds a paragraph, or an edit near the beginning, leaves the pieces that follow as they were, and what was found in them is
known already.
"""

import re
from collections.abc import Iterator
from typing import Final

LEAST: Final = 220
MOST: Final = 420

# Where a piece may end, the best first: after a paragraph, a sentence, a line, a word.
_ENDS: Final = (
    re.compile(r"\n\s*\n"),
    re.compile(r"[.!?:;][\"'”»)]?\s+(?=[^\W\d_a-z]|[-*#>\d])|\n(?=[-*#>])"),
    re.compile(r"\n"),
    re.compile(r"\s"),
)


def segments(text: str) -> Iterator[tuple[int, int]]:
    """Yield the pieces (str offsets, half-open); together they are the text, and none is longer than MOST."""
    start = 0
    while len(text) - start > MOST:
        end = _end(text, start + LEAST, start + MOST)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _end(text: str, first: int, last: int) -> int:
    for rule in _ENDS:
        # The first there is: two cuts that began apart choose the same end of a sentence before long, and go on together.
        if (match := rule.search(text, first, last)) is not None:
            return match.end()
    return last
