"""What stands right before a place in the view: an expression that is read from that place back.

Python's `re` tries such an expression at each byte before the place. `rurex` (Rust's regex) sees that it is anchored at its end, and reads
backwards: a twentieth of the time. It knows no look-around, and what `\b` sees begins with the bytes that it is given.
"""

from typing import Any

import rurex


class Ending:
    """An expression for what ends at a place, by default in small letters and capitals alike."""

    __slots__ = ("_pattern",)

    def __init__(self, source: bytes, *, any_case: bool = True) -> None:
        """Take the expression, without an anchor, in the syntax of Rust's regex crate."""
        self._pattern: Any = rurex.compile(rb"(?:" + source + rb")\z", rurex.IGNORECASE if any_case else 0)

    def is_before(self, view: bytes, place: int, reach: int) -> bool:
        """Whether such a thing ends at the place, within so many bytes."""
        return bool(self._pattern.is_match(view[max(0, place - reach) : place]))

    def start(self, view: bytes, place: int, reach: int) -> int | None:
        """Return where the first that ends at the place begins, within so many bytes."""
        begin = max(0, place - reach)
        match = self._pattern.search(view[begin:place])
        return begin + int(match.span()[0]) if match is not None else None
