"""Names in the texts of one request: asked of the worker (names/client.py) before the texts are masked.

Masking goes through a request in one go and cannot wait in the middle. So the texts are gathered by going through it once, asked about,
and then masked; a text that the masking itself brings up (values.py tries a value with and without its name) is asked about as well, and
the masking made again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Protocol, TypeVar

from assistant_gateway.redaction.entities import NAMES, Span, resolve
from assistant_gateway.redaction.names.client import NamesUnavailableError
from assistant_gateway.redaction.replacing.masking import Find

Done = TypeVar("Done")
Beside = Callable[[Callable[[], Done]], Awaitable[Done]]

ROUNDS: Final = 5
"""Gathering, masking, and masking again; more are never needed, and nothing may go on for ever."""
SECONDS: Final = 30.0
"""How long a request waits for its turn at the worker and for the answer, beside what its length allows for."""
SECONDS_PER_CHARACTER: Final = 0.0005

# The detector joins a street and its town: whoever asks for one of the two must not lose what was joined to the other.
_JOINED: Final = frozenset({"ADDRESS", "PLACE"})


class NamesFinder(Protocol):
    """What finds names: names/client.py, or none of it in a test."""

    @property
    def is_ready(self) -> bool:
        """Whether it can answer now."""
        ...

    async def start(self) -> None:
        """Become ready; raises NamesUnavailableError."""
        ...

    async def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return each text's spans; raises NamesUnavailableError."""
        ...


def asked_for(entities: Iterable[str]) -> frozenset[str]:
    """Return the types that are taken from the worker's answers: none where no name is among the wanted ones."""
    wanted = frozenset(entities)
    if wanted.isdisjoint(NAMES):
        return frozenset()
    return wanted | _JOINED if wanted & _JOINED else wanted


class Texts:
    """What is in the texts of one request: what the rules find at once, and names as far as they were asked for."""

    __slots__ = ("_known", "_missing", "_rules", "_wanted")

    def __init__(self, rules: Find, wanted: frozenset[str]) -> None:
        self._rules = rules
        self._wanted = wanted
        self._known: dict[str, list[Span]] = {}
        self._missing: dict[str, None] = {}

    @property
    def is_complete(self) -> bool:
        """Whether every text that came up since the last time was known."""
        return not self._missing

    def find(self, text: str) -> Sequence[Span]:
        """Return the spans of a text that was asked about; another one is noted, and what is made of it is worth nothing."""
        names = self._known.get(text)
        if names is None:
            self._missing[text] = None
            return ()
        return resolve([*self._rules(text), *names]) if names else self._rules(text)

    async def ask(self, names: NamesFinder | None) -> None:
        """Ask about what was noted; raises NamesUnavailableError, also where it takes too long."""
        if names is None:
            raise NamesUnavailableError
        texts = list(self._missing)
        try:
            async with asyncio.timeout(SECONDS + SECONDS_PER_CHARACTER * sum(map(len, texts))):
                found = await names.find(texts)
        except TimeoutError:
            raise NamesUnavailableError from None
        for text, spans in zip(texts, found, strict=True):
            self._known[text] = [span for span in spans if span.entity in self._wanted]
        self._missing.clear()


async def masked(texts: Texts, names: NamesFinder | None, work: Callable[[Find], Done], beside: "Beside[Done]") -> Done:
    """Return what the work makes of texts all of which were asked about; raises NamesUnavailableError, and what the work raises."""
    for _ in range(ROUNDS):
        done = await beside(lambda: work(texts.find))
        if texts.is_complete:
            return done
        await texts.ask(names)
    raise NamesUnavailableError
