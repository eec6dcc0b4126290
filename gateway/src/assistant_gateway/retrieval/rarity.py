"""Which words of a question are worth looking for: the rare ones.

The words of the store are keyed, so no list of stop words helps; how often each occurs does, in whatever language. It also bounds what a
question costs: "the" is in every piece, and ranking every piece takes seconds.
"""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant_gateway.documents import terms

if TYPE_CHECKING:
    from asyncpg import Connection, Record

REFRESH_SECONDS = 60.0
SMALL: Final = 2000
"""Pieces up to which every word is counted; above, the server's own statistics tell."""
MATCHES: Final = 600
"""Pieces that a question's words may match, as far as is known beforehand: those are ranked, by all words that say something."""
MAX_WORDS: Final = 24
WORTH: Final = 0.25
"""A word says enough if it says this share of what the question's rarest word says (by inverse document frequency)."""

_STATISTICS: Final = """
    SELECT most_common_elems::text::text[] AS words, most_common_elem_freqs AS shares
    FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'chunks' AND attname = 'terms'"""
_SAMPLE: Final = f"SELECT terms FROM chunks LIMIT {SMALL}"  # noqa: S608 - constants alone


@dataclass(frozen=True, slots=True)
class Words:
    """A question's words as two tsqueries; empty where there are none."""

    match: str = ""
    """Which pieces are looked at."""
    rank: str = ""
    """What they are ranked by."""


class Rarity:
    """How often words occur, as of a minute ago."""

    def __init__(self) -> None:
        self._next = 0.0
        self.pieces = 0
        self._share: dict[str, float] = {}
        self._unknown = 0.0
        """Share of the words that the statistics leave out: they are rarer than all that are there."""

    async def refresh(self, connection: "Connection[Record]") -> None:
        """Look again if it is time."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + REFRESH_SECONDS
        pieces = int(await connection.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'chunks'::regclass"))
        row = await connection.fetchrow(_STATISTICS) if pieces > SMALL else None
        if row is not None and row["words"] is not None:
            self.pieces = pieces
            self._share = dict(zip(row["words"], row["shares"], strict=False))  # three more numbers stand at the shares' end
            self._unknown = min(self._share.values(), default=0.0) / 2
            return
        rows = await connection.fetch("SELECT word, ndoc FROM ts_stat($1)", _SAMPLE)
        counted = int(await connection.fetchval(f"SELECT count(*) FROM ({_SAMPLE}) AS counted"))  # noqa: S608 - constants alone
        self.pieces = max(pieces, counted)
        self._share = {row["word"]: row["ndoc"] / counted for row in rows}
        self._unknown = 0.0

    def words(self, lexemes: Iterable[str]) -> Words:
        """Return what to look for, for a question's lexemes."""
        by_share = sorted((self._share.get(lexeme, self._unknown), lexeme) for lexeme in lexemes)
        if not by_share:
            return Words()
        worth = WORTH * self._says(by_share[0][0])
        worthy = [(share, lexeme) for share, lexeme in by_share[:MAX_WORDS] if self._says(share) >= worth]
        rank = terms.query(lexeme for _, lexeme in worthy)
        return Words(self._together(by_share) if by_share[0][0] * self.pieces > MATCHES else self._any(worthy), rank)

    def _any(self, worthy: list[tuple[float, str]]) -> str:
        """Return a query for pieces that hold one of the rarest words: as many words as match few enough pieces."""
        chosen: list[str] = []
        matches = 0.0
        for share, lexeme in worthy:
            matches += share * self.pieces
            if chosen and matches > MATCHES:
                break
            chosen.append(lexeme)
        return terms.query(chosen)

    def _says(self, share: float) -> float:
        return math.log((self.pieces + 1) / (share * self.pieces + 0.5))

    def _together(self, by_share: list[tuple[float, str]]) -> str:
        """Return a query for pieces that hold several words, each of which is in too many."""
        matches = float(self.pieces)
        chosen: list[str] = []
        for share, lexeme in by_share:
            if matches <= MATCHES:
                break
            matches *= share
            chosen.append(f"'{lexeme}'")
        return " & ".join(chosen)
